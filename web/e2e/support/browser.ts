// A browser whose pages are watched, all of a context: what a console says as an error, what the policy refused, and what a
// server refused fails the test. What `look` finds on a page does too.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect, type TestContext } from "vitest";
import { inspect, type Looking } from "./look";

export const URL_BASE = process.env.GROUNDWORK_E2E_URL ?? "http://127.0.0.1:8080";
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
/** Answers that are no success are counted by their status: tests say which they expect. */
const STATUS = /^Failed to load resource: the server responded with a status of/;
const AWAY = /WebSocket connection to .* failed|net::ERR_|^Failed to load resource: net::/;

interface Allowed {
  /** The test took the server away. */
  outage?: boolean;
  /** Refusals that belong to the test. */
  statuses?: number[];
}

export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** Looks at a page as it is now; what is wrong with it is kept for `expectNoErrors`. */
  look(name: string, options?: Looking & { page?: Page }): Promise<void>;
  expectNoErrors(allowed?: Allowed): void;
  /** Goes; after a test that failed it says first what there was to be seen. */
  leave(context?: TestContext): Promise<void>;
}

let shared: Promise<Browser> | undefined;

export function browser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("no Chromium: deploy/install-chromium.sh");
  shared ??= chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  return shared;
}

export async function closeBrowser(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

interface VisitOptions {
  width?: number;
  height?: number;
}

export async function visit({ width = 1280, height = 900 }: VisitOptions = {}): Promise<Visitor> {
  const context = await (await browser()).newContext({
    baseURL: URL_BASE,
    viewport: { width, height },
    colorScheme: "light",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
    acceptDownloads: true,
  });
  // Thirty seconds otherwise: nobody waits that long for nothing, and a machine that does other things may need them.
  context.setDefaultTimeout(60_000);
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  const errors: string[] = [];
  const refused: { status: number; url: string }[] = [];
  const found: string[] = [];
  context.on("console", (message) => {
    if (message.type() === "error" && !STATUS.test(message.text())) errors.push(message.text());
  });
  context.on("weberror", (error) => errors.push(String(error.error())));
  context.on("response", (response) => {
    if (response.status() >= 400) refused.push({ status: response.status(), url: response.url() });
  });
  const page = await context.newPage();
  return {
    context,
    page,
    async look(name, { page: shown = page, ...options } = {}) {
      found.push(...(await inspect(shown, name, options)));
    },
    expectNoErrors({ outage = false, statuses = [] } = {}) {
      expect(errors.filter((error) => !(outage && AWAY.test(error)))).toEqual([]);
      expect(refused.filter((one) => !statuses.includes(one.status) && !(outage && one.status >= 502))).toEqual([]);
      expect(found).toEqual([]);
    },
    async leave(test) {
      if (test?.task.result?.state === "fail") {
        for (const open of context.pages()) console.log(`${open.url()}\n${await open.locator("body").ariaSnapshot().catch(String)}`);
        console.log([...errors, ...found].join("\n"));
      }
      await context.close();
    },
  };
}
