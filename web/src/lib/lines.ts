// Lines like `files: a.ts, b.ts` below each other are fields: Markdown would run them into one paragraph.

const FIELD = /^[a-z][a-z _-]{1,20}: \S/;
const FENCE = /^\s*(```|~~~)/;

/** The text with line breaks after such lines, outside of code. */
export function keepFields(text: string): string {
  let isCode = false;
  const lines = text.split("\n");
  return lines
    .map((line, index) => {
      if (FENCE.test(line)) isCode = !isCode;
      const next = lines[index + 1] ?? "";
      return !isCode && FIELD.test(line) && next.trim() !== "" ? `${line.trimEnd()}  ` : line;
    })
    .join("\n");
}
