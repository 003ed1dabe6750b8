// Colours for code that is read: comments, texts, numbers and words of the language, found without a grammar. What it takes for
// something else stays readable all the same.

export type Ink = "plain" | "comment" | "text" | "number" | "word";

export interface Token {
  ink: Ink;
  text: string;
}

const WORDS = new Set(
  (
    "as async await bool boolean break case catch class const continue create def default delete do else enum export extends extern false final finally fn for from func function if impl implements import in index insert int interface into is let loop match module mut new nil none not null number on or package pass primary private protected pub public raise references return select self static string struct super switch table this throw trait true try type undefined unique use values var void where while with yield and alter key foreign"
  ).split(" "),
);
const SLASH = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const HASH = String.raw`#[^\n]*`;
const DASH = String.raw`--[^\n]*`;
const COMMENTS: Readonly<Record<string, string>> = { sql: DASH, py: HASH, sh: HASH, toml: HASH, yaml: HASH, yml: HASH, example: HASH, env: HASH, dockerfile: HASH, rb: HASH };
const PLAIN = new Set(["md", "txt", "csv", "lock"]);
/** Longer files are shown as they are: colours would cost more than they help. */
const CHARACTERS_MAX = 200_000;

export function highlight(path: string, code: string): Token[] {
  const ending = (path.split("/").at(-1) ?? "").split(".").at(-1)?.toLowerCase() ?? "";
  if (PLAIN.has(ending) || code.length > CHARACTERS_MAX) return [{ ink: "plain", text: code }];
  const pattern = new RegExp(String.raw`(${COMMENTS[ending] ?? SLASH})|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\`(?:\\.|[^\`\\])*\`)|\b(\d[\d._]*)\b|\b([A-Za-z_]\w*)\b`, "g");
  const tokens: Token[] = [];
  const push = (ink: Ink, text: string) => {
    const last = tokens.at(-1);
    if (text === "") return;
    if (last?.ink === ink) last.text += text;
    else tokens.push({ ink, text });
  };
  let at = 0;
  for (const match of code.matchAll(pattern)) {
    const [text, comment, quoted, number] = match;
    push("plain", code.slice(at, match.index));
    at = match.index + text.length;
    if (comment !== undefined) push("comment", text);
    else if (quoted !== undefined) push("text", text);
    else if (number !== undefined) push("number", text);
    else push(WORDS.has(text.toLowerCase()) ? "word" : "plain", text);
  }
  push("plain", code.slice(at));
  return tokens;
}
