// What an analyst says, out of what it writes: `## Reply`, what is said, `## Brief`, the brief. While it is written only the
// first is for people; the second appears as the brief once it is whole.

const REPLY = /^## Reply[ \t]*$/m;
const NEXT = /^## /m;
/** The beginning of a heading that is not there yet. */
const BEGUN = /(?:^|\n)#[^\n]*$/;

/** The reply as far as it is written. Where its beginning was missed there is none to be shown. */
export function replyOf(written: string): string {
  const start = REPLY.exec(written);
  if (start === null) return "";
  const rest = written.slice(start.index + start[0].length);
  const end = NEXT.exec(rest);
  return (end === null ? rest.replace(BEGUN, "") : rest.slice(0, end.index)).trim();
}
