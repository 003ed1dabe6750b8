// Every page at both widths, in light and dark: a screenshot each, and no serious finding of axe.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graveFindings } from "./support/axe";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import { begin, IDEA, refine, signUp, stranger, takeRecommendations } from "./support/people";

const SHOTS = fileURLToPath(new URL("../../docs/screenshots", import.meta.url));
const WIDTHS = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
] as const;

interface Place {
  name: string;
  path: string;
  /** What is there once the page is whole. */
  ready: (page: Page) => Promise<unknown>;
}

const heading = (name: RegExp | string) => (page: Page) => page.getByRole("heading", { name }).first().waitFor();

let visitor: Visitor;
let done = "";
let asking = "";

const OPEN: Place[] = [
  { name: "landing", path: "/", ready: heading(/Lay the ground/) },
  { name: "login", path: "/login", ready: heading("Sign in") },
  { name: "sign-up", path: "/signup", ready: heading("Make an account") },
  { name: "forgot", path: "/auth/forgot", ready: heading(/Back into/) },
  { name: "reset-password", path: "/auth/reset-password#token=none", ready: heading("New password") },
  { name: "not-found", path: "/no/such/page", ready: heading("There is nothing here") },
];

const INSIDE = (): Place[] => [
  { name: "dashboard", path: "/projects", ready: (page) => page.getByText("Completed").first().waitFor() },
  { name: "new-project", path: "/projects/new", ready: heading("What it is about") },
  { name: "questions", path: `/projects/${asking}`, ready: heading(/questions for you/) },
  { name: "project", path: `/projects/${done}`, ready: heading("The plan stands") },
  { name: "specification", path: `/projects/${done}/artifacts/spec`, ready: heading(/FR-001/) },
  { name: "prompts", path: `/projects/${done}/prompts`, ready: heading("Which prompt builds what") },
  { name: "review", path: `/projects/${done}/review`, ready: heading(/review found/i) },
  { name: "diff", path: `/projects/${done}/artifacts/spec?version=2&against=1`, ready: (page) => page.getByText(/lines? differs?/).waitFor() },
  { name: "conversation", path: `/projects/${done}/conversation`, ready: (page) => page.getByText(/specification is written/).waitFor() },
  { name: "timeline", path: `/projects/${done}/timeline`, ready: (page) => page.getByText(/is refined/).first().waitFor() },
  { name: "project-usage", path: `/projects/${done}/usage`, ready: heading("Usage and cost") },
  { name: "inbox", path: "/inbox", ready: (page) => page.getByText("Questions wait for your answers.").waitFor() },
  { name: "pipelines", path: "/pipelines", ready: heading("Prompt package") },
  { name: "pipeline", path: "/pipelines/promptr", ready: (page) => page.locator(".react-flow__node").first().waitFor() },
  { name: "usage", path: "/usage", ready: heading("By project") },
  { name: "settings-profile", path: "/settings/profile", ready: heading("Your data") },
  { name: "settings-security", path: "/settings/security", ready: (page) => page.getByText("This one").waitFor() },
  { name: "settings-tokens", path: "/settings/tokens", ready: heading("New token") },
  { name: "settings-limits", path: "/settings/limits", ready: (page) => page.getByText("Projects now").waitFor() },
  { name: "settings-workspace", path: "/settings/workspace", ready: heading("New workspace") },
  { name: "settings-members", path: "/settings/members", ready: heading("This workspace is yours alone") },
  { name: "settings-audit", path: "/settings/audit", ready: (page) => page.getByText("session.opened").or(page.getByText("project.created")).first().waitFor() },
];

async function look(place: Place, dark: boolean): Promise<string[]> {
  const { page } = visitor;
  const found: string[] = [];
  for (const size of WIDTHS) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await page.goto(place.path);
    await place.ready(page);
    await page.evaluate(() => document.fonts.ready);
    if (!dark || place.name === "project" || place.name === "dashboard") {
      await page.screenshot({ path: `${SHOTS}/${place.name}-${size.width}${dark ? "-dark" : ""}.png` });
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) found.push(`${place.name} at ${size.width}: ${overflow} px too wide`);
    found.push(...(await graveFindings(page)).map((finding) => `${place.name} at ${size.width}${dark ? " dark" : ""}: ${finding}`));
  }
  return found;
}

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true });
  visitor = await visit();
});

afterAll(async () => {
  await visitor.close();
  await closeBrowser();
});

describe.each([
  ["light", false],
  ["dark", true],
] as const)("%s", (_name, dark) => {
  test("pages for everybody", async () => {
    const found: string[] = [];
    await visitor.context.clearCookies();
    await visitor.page.goto("/login");
    await visitor.page.evaluate(() => localStorage.clear());
    for (const place of OPEN) found.push(...(await look(place, dark)));
    expect(found).toEqual([]);
    visitor.expectNoErrors();
  });

  test("pages of somebody who is signed in", async () => {
    await visitor.page.setViewportSize(WIDTHS[0]);
    await signUp(visitor.page, stranger("Ada Lovelace"));
    const first: Place = { name: "first-project", path: "/projects", ready: heading("What do you want to build?") };
    const found = await look(first, dark);
    await visitor.page.setViewportSize(WIDTHS[0]);
    done = await begin(visitor.page);
    await takeRecommendations(visitor.page);
    await refine(visitor.page, /FR-003/, "Withdrawing must be possible until one hour before.");
    asking = await begin(visitor.page, `${IDEA} Lenders see who has their things.`);
    for (const place of INSIDE()) found.push(...(await look(place, dark)));
    expect(found).toEqual([]);
    visitor.expectNoErrors();
  });
});
