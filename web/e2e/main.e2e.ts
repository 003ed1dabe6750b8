// From nobody to a package, as a founder goes who never saw Groundwork; what happens when the server goes away; and the whole
// way without a mouse.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import { hasControl, hasMail, killApi, linkFor, operator, startApi } from "./support/control";
import { begin, expectHeading, IDEA, PASSWORD, refine, signUp, stranger, takeRecommendations } from "./support/people";

let visitor: Visitor;
let page: Page;

beforeEach(async () => {
  visitor = await visit();
  page = visitor.page;
});
afterEach(() => visitor.close());
afterAll(closeBrowser);

const standing = (word: string) => page.locator(`[data-standing="${word}"]`).first().waitFor({ timeout: 60_000 });

test("sign-up, idea, questions, specification, prompts, refinement, export", async () => {
  await page.goto("/");
  await page.getByRole("link", { name: "Start with an idea" }).click();
  const person = stranger("Grace Hopper");
  await page.getByLabel("Name", { exact: true }).fill(person.name);
  await page.getByLabel("Email address").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign up" }).click();

  // The empty dashboard begins the first project.
  await page.getByLabel("Your idea").fill(IDEA);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("heading", { name: /3 questions for you/ }).waitFor({ timeout: 60_000 });
  await page.getByText("Simulated").first().waitFor();

  // One answer of one's own, the recommendation for the rest; a reload forgets nothing.
  await page.getByRole("radio").first().check();
  await page.reload();
  expect(await page.getByRole("radio").first().isChecked()).toBe(true);
  await page.getByRole("button", { name: /Send 1 answer, take 2 recommendations/ }).click();
  await page.getByRole("heading", { name: "The plan stands" }).waitFor({ timeout: 90_000 });

  await page.getByRole("link", { name: "Read the specification" }).click();
  await page.getByRole("heading", { name: /FR-001/ }).waitFor();
  await page.getByRole("link", { name: "Prompts", exact: true }).click();
  await page.getByText(/of 8 requirements covered|requirements? covered/).waitFor();
  await page.getByRole("button", { name: "Copy prompt" }).first().click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("# 01");

  // A tick is kept: it is there again in a fresh page.
  const tick = page.getByRole("checkbox").first();
  await tick.check();
  await page.getByText(/Checklist: 1 of/).waitFor();
  await page.waitForLoadState("networkidle");
  await page.reload();
  await page.getByText(/Checklist: 1 of/).waitFor();
  expect(await page.getByRole("checkbox").first().isChecked()).toBe(true);

  await page.getByRole("link", { name: "Overview" }).click();
  await refine(page, /FR-003/, "Withdrawing must be possible until one hour before.");
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: /zip/ }).click()]);
  expect(readFileSync(await download.path()).subarray(0, 2).toString()).toBe("PK");

  await page.getByRole("button", { name: /Account of/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expectHeading(page, /Lay the ground/);
  await page.goto("/projects");
  await expectHeading(page, "Sign in");
  visitor.expectNoErrors();
});

test("what goes wrong is said, and nothing is lost by it", async () => {
  await page.goto("/login");
  await page.getByLabel("Email address").fill("nobody@example.org");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();

  await signUp(page, stranger("Margaret Hamilton"));
  await page.goto("/projects/00000000-0000-4000-8000-000000000000");
  await page.getByRole("heading", { name: "There is no such project" }).waitFor();

  const id = await begin(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("heading", { name: "This project is paused" }).waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("heading", { name: /questions for you/ }).waitFor();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("Title").fill("Tools for all");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: /Tools for all/ }).waitFor();
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Cancel the project" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel the project" }).click();
  await page.getByRole("heading", { name: "This project was cancelled" }).waitFor();
  await page.goto("/projects");
  await page.getByRole("button", { name: "Actions for Tools for all" }).click();
  await page.getByRole("menuitem", { name: "Archive" }).click();
  await page.getByRole("link", { name: "Tools for all" }).waitFor({ state: "detached" });
  await page.goto(`/projects/${id}`);
  await page.getByRole("button", { name: "Restore" }).waitFor();
  // The wrong password, and the project that is not there.
  visitor.expectNoErrors({ statuses: [401, 404] });
});

test.runIf(hasControl)("a stage that failed is explained and tried again", async () => {
  await signUp(page, stranger("Hedy Lamarr"));
  await begin(page, "A forbidden greenhouse: people book beds in a glass house, share the watering, and see what grows.");
  await page.getByRole("button", { name: "Take the recommendations" }).click();
  await page.getByRole("heading", { name: /It stopped at/ }).waitFor({ timeout: 60_000 });
  await page.getByLabel("With which model").selectOption("claude-opus-5-5");
  await page.getByRole("button", { name: "Try with this model" }).click();
  await page.getByRole("heading", { name: "The plan stands" }).waitFor({ timeout: 90_000 });
  visitor.expectNoErrors();
});

test.runIf(hasControl)("the API is killed and comes back: the page says so, and goes on", async () => {
  await signUp(page, stranger("Katherine Johnson"));
  await begin(page);
  await standing("live");
  await killApi();
  await standing("lost");
  await page.getByText("What you see may be old").first().waitFor();
  // What was there can still be read.
  await page.getByRole("heading", { name: /questions for you/ }).waitFor();
  await startApi();
  await standing("live");
  await takeRecommendations(page);
  visitor.expectNoErrors({ allowOutage: true });
});

test("a device without a network reads what it has seen", async () => {
  await signUp(page, stranger("Radia Perlman"));
  const id = await begin(page);
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  // The second visit passes the service worker, which keeps what it sees.
  await page.goto("/projects");
  await page.goto(`/projects/${id}`);
  await page.getByRole("heading", { name: /questions for you/ }).waitFor();
  await page.waitForLoadState("networkidle");
  await visitor.context.setOffline(true);
  await standing("offline");
  await page.reload();
  await page.getByRole("heading", { level: 1, name: /tool library/ }).waitFor();
  await standing("offline");
  await visitor.context.setOffline(false);
  await standing("live");
  visitor.expectNoErrors({ allowOutage: true });
});

/** Goes on with Tab until the focus is on something with that name. */
async function tabTo(name: RegExp): Promise<void> {
  for (let steps = 0; steps < 80; steps += 1) {
    await page.keyboard.press("Tab");
    const label = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null;
      const labels = [...(element?.labels ?? [])].map((one) => one.textContent).join(" ");
      return `${element?.getAttribute("aria-label") ?? ""} ${labels} ${element?.textContent ?? ""}`;
    });
    if (name.test(label)) return;
  }
  throw new Error(`the keyboard does not reach ${name}`);
}

test("the main path without a mouse", async () => {
  const person = stranger("Annie Easley");
  await page.goto("/");
  await tabTo(/Start with an idea/);
  await page.keyboard.press("Enter");
  await expectHeading(page, "Make an account");
  await tabTo(/^\s*Name/);
  await page.keyboard.type(person.name);
  await tabTo(/Email address/);
  await page.keyboard.type(person.email);
  await tabTo(/Password/);
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/projects");
  await page.getByLabel("Your idea").waitFor();
  await tabTo(/Your idea/);
  await page.keyboard.type(IDEA);
  await tabTo(/^\s*Start$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /questions for you/ }).waitFor({ timeout: 60_000 });
  await tabTo(/Only the neighbour|By e-mail|In the browser/);
  await page.keyboard.press("Space");
  await tabTo(/^\s*Send 1 answer/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "The plan stands" }).waitFor({ timeout: 90_000 });
  await tabTo(/Go to the prompts/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Prompts, in order" }).waitFor();
  await tabTo(/Copy prompt/);
  await page.keyboard.press("Enter");
  await page.getByText("Copied").first().waitFor();
  visitor.expectNoErrors();
});

test("two people: a workspace, an invitation, a role", async () => {
  const host = stranger("Barbara Liskov");
  const guest = stranger("Frances Allen");
  await signUp(page, host);
  await page.goto("/settings/workspace");
  await page.locator("form").last().getByLabel("Name").fill("Guild of builders");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.getByText("Guild of builders is there.").first().waitFor();
  await page.goto("/settings/members");
  await page.getByLabel("Email address").fill(guest.email);
  await page.getByLabel("Role", { exact: true }).selectOption("viewer");
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByText(`${guest.email} is invited.`).first().waitFor();
  visitor.expectNoErrors();
  if (!hasMail) return;

  const other = await visit({ width: 390, height: 844 });
  try {
    await signUp(other.page, guest);
    // An invitation is for whom the address belongs to.
    await other.page.goto(await linkFor(guest.email, "/auth/verify-email"));
    await other.page.getByRole("button", { name: "Confirm" }).click();
    await other.page.getByText("Your address is confirmed.").waitFor();
    await other.page.goto("/inbox");
    await other.page.getByRole("button", { name: "Accept" }).click();
    await other.page.getByText(/You are a member of Guild of builders/).first().waitFor();
    other.expectNoErrors();
  } finally {
    await other.close();
  }
});

test.runIf(hasMail && operator !== undefined)("an operator sees the installation, after a link by mail", async () => {
  const email = operator ?? "";
  await signUp(page, { name: "Operator", email });
  await page.goto(await linkFor(email, "/auth/verify-email"));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByText("Your address is confirmed.").waitFor();
  await page.goto("/admin");
  await page.getByRole("heading", { name: "Health" }).waitFor();
  await page.getByText(email).first().waitFor();
  await page.getByRole("button", { name: /Account of/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.goto("/auth/forgot");
  await page.getByLabel("Email address").fill(email);
  await page.getByRole("button", { name: "Send a sign-in link" }).click();
  await page.getByRole("heading", { name: "Look into your mailbox" }).waitFor();
  await page.goto(await linkFor(email, "/auth/magic-link"));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/projects");
  visitor.expectNoErrors();
});
