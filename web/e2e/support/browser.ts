// A browser whose pages are watched: what a console says as an error, and what the policy refused, fails the test.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

export const URL_BASE = process.env.GROUNDWORK_E2E_URL ?? "http://127.0.0.1:8080";
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
/** Answers that are no success are counted by their status: tests say which they expect. */
const STATUS = /^Failed to load resource: the server responded with a status of/;
const AWAY = /WebSocket connection to .* failed|net::ERR_|^Failed to load resource: net::/;

export interface Visitor {
  context: BrowserContext;
  page: Page;
  /** Errors of pages so far. `allowOutage`: the test took the server away. `statuses`: refusals that belong to the test. */
  expectNoErrors(options?: { allowOutage?: boolean; statuses?: number[] }): void;
  close(): Promise<void>;
}

let shared: Promise<Browser> | undefined;

export function browser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error("no Chromium: apt-get install chromium");
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
  dark?: boolean;
}

export async function visit({ width = 1280, height = 900, dark = false }: VisitOptions = {}): Promise<Visitor> {
  const context = await (await browser()).newContext({
    baseURL: URL_BASE,
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
    acceptDownloads: true,
  });
  const errors: string[] = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" && !STATUS.test(message.text())) errors.push(message.text());
  });
  const refused: { status: number; url: string }[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400) refused.push({ status: response.status(), url: response.url() });
  });
  page.on("pageerror", (error) => errors.push(`${error.name}: ${error.message}`));
  return {
    context,
    page,
    expectNoErrors({ allowOutage = false, statuses = [] } = {}) {
      expect(errors.filter((error) => !(allowOutage && AWAY.test(error)))).toEqual([]);
      expect(refused.filter((one) => !statuses.includes(one.status) && !(allowOutage && one.status >= 502))).toEqual([]);
    },
    close: () => context.close(),
  };
}
