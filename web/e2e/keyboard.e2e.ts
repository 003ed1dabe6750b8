// Without a mouse: the main path, a decision at a gate, a refinement, menus and dialogs that give the focus back.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { t } from "../src/text/en";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import { expectHeading, IDEA, PASSWORD, ready, signUp, start, stranger, WORK_MS } from "./support/people";

let visitor: Visitor;
let page: Page;

beforeEach(async () => {
  visitor = await visit();
  page = visitor.page;
});
afterEach((context) => visitor.leave(context));
afterAll(closeBrowser);

const STEPS_MAX = 150;
/** What is not there yet is looked for again: the focus goes round. */
const LOOK_MS = 20_000;

/** What has the focus, as it is named to people: `radio: By e-mail`. */
async function focused(): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return "";
    const { labels, type } = element as HTMLInputElement;
    const label = element.getAttribute("aria-label") ?? [...(labels ?? [])].map((one) => one.textContent).join(" ");
    const name = label.trim() === "" ? (element.textContent ?? "") : label;
    const kind = element.getAttribute("role") ?? (element instanceof HTMLInputElement ? type : element.tagName.toLowerCase());
    return `${kind}: ${name.trim()}`;
  });
}

/** Goes on with Tab until the focus is on something with that name. */
async function tabTo(name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  const deadline = Date.now() + LOOK_MS;
  for (let steps = 0; steps < STEPS_MAX || Date.now() < deadline; steps += 1) {
    await page.keyboard.press("Tab");
    const now = await focused();
    if (typeof name === "string" ? now.endsWith(`: ${name}`) : name.test(now)) return;
    seen.push(now.slice(0, 60));
  }
  throw new Error(`the keyboard does not reach ${name}, only: ${[...new Set(seen)].join(" | ")}`);
}

async function press(name: string | RegExp): Promise<void> {
  await tabTo(name);
  await page.keyboard.press("Enter");
}

test("the main path, from nobody to a refined package", async () => {
  const person = stranger("Annie Easley");
  await page.goto("/");
  await expectHeading(page, t.landing.title);
  await press(t.landing.start);
  await expectHeading(page, t.auth.signUpTitle);
  await tabTo(t.auth.name);
  await page.keyboard.type(person.name);
  await tabTo(t.auth.email);
  await page.keyboard.type(person.email);
  await tabTo(t.auth.password);
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/projects");
  await page.getByLabel(t.idea.label).waitFor();
  await tabTo(t.idea.label);
  await page.keyboard.type(IDEA);
  await press(t.idea.start);
  await page.getByRole("heading", { name: t.question.title(3) }).waitFor({ timeout: WORK_MS });
  await tabTo(/^radio: /);
  await page.keyboard.press("Space");
  await press(t.question.sendRest(1, 2));
  await ready(page);

  const target = page.getByLabel(t.refine.target);
  await target.locator("optgroup option").first().waitFor({ state: "attached" });
  await tabTo(t.refine.target);
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => target.inputValue()).not.toBe("");
  await tabTo(t.refine.request);
  await page.keyboard.type("Say what happens when two people want the same drill.");
  await press(t.refine.send);
  await page.getByText("1 / 3").waitFor({ timeout: WORK_MS });
  await ready(page);

  await press(t.completed.prompts);
  await page.getByRole("heading", { name: t.prompt.title }).waitFor();
  await press(t.prompt.copy);
  await page.getByText(t.copy.done).first().waitFor();
  visitor.expectNoErrors();
});

test("a gate, a menu and a dialog", async () => {
  await signUp(page, stranger("Rosalind Franklin"));
  await start(page, "Neighbours lend each other cargo bikes: who wants one sees when it is free and asks its owner.", "build");
  await page.getByRole("button", { name: t.chat.confirm }).waitFor({ timeout: WORK_MS });
  await press(t.chat.confirm);
  await page.getByRole("heading", { name: t.gate.title("Specification") }).waitFor({ timeout: WORK_MS });

  // A menu opens, and Escape gives the focus back; so does a dialog that it opened.
  await press(t.project.more);
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(focused).toContain(t.project.more);
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: t.project.cancel }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  const isInDialog = () => page.evaluate(() => (document.activeElement?.closest("[role=dialog]") ?? null) !== null);
  await expect.poll(isInDialog).toBe(true);
  for (let steps = 0; steps < 5; steps += 1) {
    await page.keyboard.press("Tab");
    expect(await isInDialog()).toBe(true);
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(focused).toContain(t.project.more);

  await press(t.gate.requestChanges);
  await tabTo(t.gate.whatToChange);
  await page.keyboard.type("Name who pays for damage.");
  await press(t.gate.send.request_changes);
  await page.getByText(/Specification v2/).first().waitFor({ timeout: WORK_MS });
  await press(t.gate.approve);
  await page.getByRole("heading", { name: t.gate.title("Plan") }).waitFor({ timeout: WORK_MS });
  visitor.expectNoErrors();
});
