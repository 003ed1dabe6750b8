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

const ANY_HEADING = /^(#{1,6})\s+(.+)$/;
const REQUIREMENT = /^((?:N?FR)-\d+)\b/;

/** What a specification says of each requirement, from its heading to the next one that is not inside it. */
export function sectionsOf(specification: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  let open: { id: string; level: number } | null = null;
  for (const line of specification.split("\n")) {
    const [, marks = "", words = ""] = ANY_HEADING.exec(line) ?? [];
    const id = REQUIREMENT.exec(words)?.[1];
    if (marks !== "" && id !== undefined) open = { id, level: marks.length };
    else if (marks !== "" && open !== null && marks.length <= open.level) open = null;
    if (open !== null) sections.set(open.id, `${sections.get(open.id) ?? ""}${line.trimEnd()}\n`);
  }
  return sections;
}

/** A version of the specification, with its text where that is known. */
export interface SpecVersion {
  version: number;
  at: string;
  text: string | undefined;
}

interface Written {
  number: number;
  covers: readonly string[];
  is_stale: boolean;
  created_at: string;
}

/** The version of the specification that was there when a prompt was written. */
export function basisOf(prompt: Pick<Written, "created_at">, specs: readonly SpecVersion[]): SpecVersion | undefined {
  const before = specs.filter((spec) => Date.parse(spec.at) <= Date.parse(prompt.created_at));
  return before.toSorted((a, b) => b.version - a.version)[0];
}

/** Numbers of prompts that are out of date: what they cover reads otherwise now, or is gone. The server says it of refinements; what a person wrote over is compared. */
export function staleOf(prompts: readonly Written[], specs: readonly SpecVersion[]): number[] {
  const now = specs.toSorted((a, b) => b.version - a.version)[0];
  const present = now?.text === undefined ? null : sectionsOf(now.text);
  const isChanged = (prompt: Written): boolean => {
    const basis = basisOf(prompt, specs);
    if (present === null || basis?.text === undefined || basis.version === now?.version) return false;
    const then = sectionsOf(basis.text);
    return prompt.covers.some((id) => (then.get(id) ?? "").trim() !== (present.get(id) ?? "").trim());
  };
  return prompts.filter((prompt) => prompt.is_stale || isChanged(prompt)).map((prompt) => prompt.number);
}
