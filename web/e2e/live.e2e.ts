// What a page shows when the server or the network goes away, and when the session ends elsewhere.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { t } from "../src/text/en";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import { hasControl, killApi, startApi } from "./support/control";
import { begin, expectHeading, fillSignIn, IDEA, ready, signIn, signOut, signUp, stranger, takeRecommendations, WORK_MS } from "./support/people";

let visitor: Visitor;
let page: Page;

beforeEach(async () => {
  visitor = await visit();
  page = visitor.page;
});
afterEach((context) => visitor.leave(context));
afterAll(closeBrowser);

const standing = (word: string) => page.locator(`[data-standing="${word}"]`).first().waitFor({ timeout: 60_000 });

test.runIf(hasControl)("the API is killed while work goes on: what happened meanwhile is there afterwards", async () => {
  await signUp(page, stranger("Katherine Johnson"));
  await begin(page);
  await standing("live");
  await page.getByRole("button", { name: t.question.recommendations }).click();
  await page.getByRole("heading", { name: t.activity.title }).waitFor({ timeout: WORK_MS });
  await killApi();
  await standing("lost");
  await page.getByText("What you see may be old").first().waitFor();
  // What was there can still be read, and nobody was signed out.
  await page.getByRole("heading", { level: 1, name: /tool library/i }).waitFor();
  await visitor.look("connection-lost");
  // The workers go on without an API: two stages end meanwhile.
  await page.waitForTimeout(4_000);
  expect(await page.getByRole("heading", { name: t.completed.title }).count()).toBe(0);
  await startApi();
  await standing("live");
  await ready(page);
  await page.getByRole("link", { name: t.tab.timeline, exact: true }).click();
  await page.getByText(/The specification is there/).first().waitFor();
  visitor.expectNoErrors({ outage: true });
});

test("a device without a network reads what it has seen", async () => {
  await signUp(page, stranger("Radia Perlman"));
  const id = await begin(page);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  // The second visit passes the service worker, which keeps what it sees.
  await page.goto("/projects");
  await page.goto(`/projects/${id}`);
  await page.getByRole("heading", { name: t.question.title(3) }).waitFor();
  await page.waitForLoadState("networkidle");
  await expect.poll(missingScripts, { timeout: 30_000 }).toBe(0);
  await visitor.context.setOffline(true);
  await standing("offline");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: /tool library/i }).waitFor();
  await standing("offline");
  // What was never read cannot be shown.
  await visitor.look("offline", { alert: "perhaps" });
  // A word is not sent, and it says so; it stays where it was written.
  await page.getByLabel(/^Own words for/).first().fill("By letter.");
  await page.getByRole("button", { name: t.question.sendRest(1, 2) }).click();
  await page.getByText(t.state.notSent).first().waitFor();
  // A page that was never opened on this device is there all the same.
  await page.goto("/usage");
  await expectHeading(page, t.nav.usage);
  await page.goto(`/projects/${id}`);
  await visitor.context.setOffline(false);
  await standing("live");
  visitor.expectNoErrors({ outage: true });
});

/** How many parts of the application the service worker does not have yet. */
const missingScripts = (): Promise<number> =>
  page.evaluate(async () => {
    const wanted = (await (await fetch("/files.json")).json()) as string[];
    const kept = await Promise.all(wanted.map((path) => caches.match(path)));
    return kept.filter((response) => response === undefined).length;
  });

test("it can be installed: the manifest names icons that are there", async () => {
  await page.goto("/");
  const link = await page.locator("link[rel=manifest]").getAttribute("href");
  const manifest = await (await page.request.get(link ?? "")).json() as { name: string; start_url: string; display: string; icons: { src: string; sizes: string }[] };
  expect(manifest.display).toBe("standalone");
  expect(manifest.icons.map((icon) => icon.sizes)).toEqual(expect.arrayContaining(["192x192", "512x512"]));
  for (const icon of manifest.icons) expect((await page.request.get(new URL(icon.src, new URL(link ?? "", page.url())).href)).status()).toBe(200);
  expect((await page.request.get(manifest.start_url, { headers: { accept: "text/html" } })).status()).toBe(200);
});

test("a session that is ended elsewhere leads to the sign-in, and back to the same page", async () => {
  const person = stranger("Sister Kenny");
  await signUp(page, person);
  const id = await begin(page);
  const words = page.getByLabel(/^Own words for/).first();
  await words.fill("By letter.");
  const other = await visit();
  try {
    await signIn(other.page, person.email);
    await other.page.waitForURL("**/projects");
    await other.page.goto("/settings/security");
    await other.page.getByRole("button", { name: t.security.endOthers }).click();
    await other.page.getByRole("button", { name: t.security.endOthers }).waitFor({ state: "detached" });
    other.expectNoErrors();
  } finally {
    await other.leave();
  }
  await page.getByRole("heading", { level: 1, name: t.auth.signIn }).waitFor({ timeout: WORK_MS });
  await page.getByText(t.auth.ended).waitFor();
  await visitor.look("session-ended");
  await fillSignIn(page, person.email);
  await page.waitForURL(`**/projects/${id}`);
  await page.getByRole("heading", { name: t.question.title(3) }).waitFor();
  await expect.poll(() => words.inputValue()).toBe("By letter.");
  // Somebody else at the same device finds none of it.
  await signOut(page);
  expect(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("gw.answers")))).toEqual([]);
  visitor.expectNoErrors({ statuses: [401] });
});

test("what is changed in one tab is seen in another, also where no event tells of it", async () => {
  await signUp(page, stranger("Evelyn Boyd Granville"));
  const id = await begin(page);
  const other = await visitor.context.newPage();
  await other.goto(`/projects/${id}`);
  await expectHeading(other, /tool library/i);
  await page.bringToFront();
  await page.getByRole("button", { name: t.action.rename }).first().click();
  await page.getByLabel(t.project.title).fill("Drills for all");
  await page.keyboard.press("Enter");
  await expectHeading(other, /Drills for all/);
  visitor.expectNoErrors();
});

test("two people at one project: what one does the other sees at once", async () => {
  const person = stranger("Sophie Wilson");
  await signUp(page, person);
  const id = await begin(page, `${IDEA} Lenders see who has their things.`);
  const other = await visit({ width: 390, height: 844 });
  try {
    await signIn(other.page, person.email);
    await other.page.waitForURL("**/projects");
    await other.page.goto(`/projects/${id}`);
    await other.page.getByRole("heading", { name: t.question.title(3) }).waitFor();
    await takeRecommendations(page);
    await ready(other.page);
    other.expectNoErrors();
  } finally {
    await other.leave();
  }
  visitor.expectNoErrors();
});
