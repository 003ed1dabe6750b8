// Which requirement of a specification is built by which prompt.

export interface Requirement {
  id: string;
  title: string;
}

export interface Coverage extends Requirement {
  prompts: number[];
}

const HEADING = /^#{2,5}\s+((?:N?FR)-\d+)[:.]?\s+(.+)$/gm;

/** Functional requirements in the order in which a specification has them; those of quality stand in lists and are no part of it. */
export function requirementsOf(specification: string): Requirement[] {
  return [...specification.matchAll(HEADING)].map((match) => ({ id: match[1] ?? "", title: (match[2] ?? "").trim() }));
}

export function coverageOf(requirements: readonly Requirement[], prompts: readonly { number: number; covers: readonly string[] }[]): Coverage[] {
  return requirements.map((requirement) => ({
    ...requirement,
    prompts: prompts.filter((prompt) => prompt.covers.includes(requirement.id)).map((prompt) => prompt.number),
  }));
}
