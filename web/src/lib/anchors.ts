// Names of places in a document, so that a link can show them.

/** `### FR-001 Create a loan` → `FR-001`; other headings by their words. */
export function anchorOf(heading: string): string {
  const id = /^N?FR-\d+/.exec(heading.trim())?.[0];
  return id ?? heading.trim().toLocaleLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "");
}

export interface Heading {
  level: number;
  text: string;
  anchor: string;
}

const HEADING = /^(#{1,4})\s+(.+?)\s*#*$/;

/** Headings of a Markdown text, without those in code. */
export function headingsOf(markdown: string): Heading[] {
  const found: Heading[] = [];
  let fenced = false;
  for (const line of markdown.split("\n")) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const match = fenced ? null : HEADING.exec(line);
    if (match !== null) {
      const text = (match[2] ?? "").replaceAll(/[*_`]/g, "");
      found.push({ level: (match[1] ?? "").length, text, anchor: anchorOf(text) });
    }
  }
  return found;
}

const REQUIREMENT = /\b(FR-\d+)\b/g;

/** A text in pieces: plain ones and names of functional requirements. */
export function splitRequirements(text: string): { text: string; isRequirement: boolean }[] {
  return text
    .split(REQUIREMENT)
    .map((piece, index) => ({ text: piece, isRequirement: index % 2 === 1 }))
    .filter((piece) => piece.text !== "");
}
