// The parts of a document, by their headings: agents that read it find them by these words.

const HEADING = /^(#{1,3})[ \t]+(.+?)[ \t]*$/;
const FENCE = /^\s*(```|~~~)/;
/** `T001`, `FR-001`, `CT-001`: what other documents name. */
const ID = /^(?:T\d{3}|[A-Z]{1,4}-\d{3})\b/;

function parts(text: string): string[] {
  let isCode = false;
  return text.split("\n").flatMap((line) => {
    if (FENCE.test(line)) isCode = !isCode;
    const heading = isCode ? null : HEADING.exec(line);
    if (heading === null) return [];
    const [, marks = "", words = ""] = heading;
    const id = ID.exec(words)?.[0];
    if (id !== undefined) return [id];
    return marks.length === 2 ? [words] : [];
  });
}

/** Parts that a text had and its successor has not, in their order. */
export function missingParts(before: string, after: string): string[] {
  const kept = new Set(parts(after));
  return [...new Set(parts(before))].filter((part) => !kept.has(part));
}
