// What the test that started the stack lets us do with it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const control = process.env.GROUNDWORK_E2E_CONTROL;
const mail = process.env.GROUNDWORK_E2E_MAIL;

export const hasControl = control !== undefined;
export const operator = process.env.GROUNDWORK_E2E_OPERATOR;
export const hasMail = mail !== undefined;
/** What the button of another way to sign in says. */
export const provider = process.env.GROUNDWORK_E2E_PROVIDER;

async function ask(path: string, body = ""): Promise<void> {
  const response = await fetch(`${control}${path}`, { method: "POST", body });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

export const killApi = (): Promise<void> => ask("/api/kill");
export const startApi = (): Promise<void> => ask("/api/start");
/** Makes calls to models go wrong, once unless it says otherwise: `refuse,call_key=<project>/spec`. */
export const fault = (rule: string): Promise<void> => ask("/faults", rule.includes("times=") ? rule : `${rule},times=1`);

/** Lines of a mail that were folded, and what quoted-printable wrote, put back. */
function unfold(text: string): string {
  return text.replaceAll(/=\r?\n/g, "").replaceAll(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** The link in the latest mail to an address that has such a path; polls, since mails go out after the answer. */
export async function linkFor(address: string, path: string): Promise<string> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const names = readdirSync(mail ?? ".").filter((name) => name.endsWith(".eml")).sort().reverse();
    for (const name of names) {
      const text = unfold(readFileSync(join(mail ?? ".", name), "utf8"));
      const link = text.match(new RegExp(`https?://\\S*${path}#token=\\S+`))?.[0];
      if (text.includes(address) && link !== undefined) return link.replace(/^https?:\/\/[^/]+/, "");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no mail to ${address} with ${path}`);
}
