import type { Page } from "playwright-core";
import { expect } from "vitest";
import { t } from "../../src/text/en";

export const PASSWORD = "correct horse battery";
export const IDEA =
  "A neighbourhood tool library: people lend drills and ladders to each other, with bookings, deposits and reminders.";
/** A stage of simulated agents takes a second or two; a machine that does other things takes longer. */
export const WORK_MS = 90_000;
/** Above what came out, whatever it is. */
export const READY = new RegExp(`^(${t.completed.title}|${t.completed.codeTitle}|${t.completed.doneTitle})`);

let people = 0;

export interface Person {
  name: string;
  email: string;
}

/** Somebody nobody knows yet. */
export function stranger(name: string): Person {
  people += 1;
  return { name, email: `${name.toLowerCase().replaceAll(/\W+/g, "-")}-${process.pid}-${Date.now()}-${people}@example.org` };
}

export async function signUp(page: Page, person: Person): Promise<void> {
  await page.goto("/signup");
  await page.getByLabel(t.auth.name, { exact: true }).fill(person.name);
  await page.getByLabel(t.auth.email).fill(person.email);
  await page.getByLabel(t.auth.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: t.auth.signUp }).click();
  await page.waitForURL("**/projects");
}

export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.goto("/login");
  await fillSignIn(page, email, password);
}

/** On the page that is there, which may know where the person was. */
export async function fillSignIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel(t.auth.email).fill(email);
  await page.getByLabel(t.auth.password, { exact: true }).fill(password);
  await page.getByRole("button", { name: t.auth.signIn, exact: true }).click();
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: /Account of/ }).click();
  await page.getByRole("menuitem", { name: t.action.signOut }).click();
  await page.getByRole("heading", { level: 1, name: t.landing.title }).waitFor();
}

/** Begins a project of a pipeline; what is to be seen first is for the caller to wait for. */
export async function start(page: Page, idea: string, pipeline?: string): Promise<string> {
  await page.goto(`/projects/new${pipeline === undefined ? "" : `?pipeline=${pipeline}`}`);
  await page.getByRole("radio").first().waitFor();
  await page.getByLabel(t.idea.label).fill(idea);
  await page.getByRole("button", { name: t.idea.start, exact: true }).click();
  await page.waitForURL(/\/projects\/[0-9a-f-]{36}$/);
  return page.url().split("/").at(-1) ?? "";
}

/** Begins a project from an idea and waits until it asks. */
export async function begin(page: Page, idea = IDEA): Promise<string> {
  const id = await start(page, idea);
  await page.getByRole("heading", { name: /questions? for you/i }).waitFor({ timeout: WORK_MS });
  return id;
}

export const ready = (page: Page): Promise<void> => page.getByRole("heading", { name: READY }).waitFor({ timeout: 2 * WORK_MS });

export async function takeRecommendations(page: Page): Promise<void> {
  await page.getByRole("button", { name: t.question.recommendations, exact: true }).click();
  await ready(page);
}

/** Asks for one part to be rewritten, and waits until it is. */
export async function refine(page: Page, part: RegExp, request: string): Promise<void> {
  const option = page.getByLabel(t.refine.target).locator("option").filter({ hasText: part }).first();
  await option.waitFor({ state: "attached" });
  await page.getByLabel(t.refine.target).selectOption((await option.getAttribute("value")) ?? "");
  await page.getByLabel(t.refine.request).fill(request);
  await page.getByRole("button", { name: t.refine.send, exact: true }).click();
  await page.getByText("1 / 3").waitFor({ timeout: WORK_MS });
  await ready(page);
}

/** What the page as a whole shows as its main heading. */
export async function expectHeading(page: Page, name: RegExp | string): Promise<void> {
  await page.getByRole("heading", { level: 1, name }).waitFor();
  expect(await page.getByRole("heading", { level: 1, name }).count()).toBe(1);
}
