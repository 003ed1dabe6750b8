import type { Page } from "playwright-core";
import { expect } from "vitest";

export const PASSWORD = "correct horse battery";
export const IDEA =
  "A neighbourhood tool library: people lend drills and ladders to each other, with bookings, deposits and reminders.";

let people = 0;

/** Somebody nobody knows yet. */
export function stranger(name: string): { name: string; email: string } {
  people += 1;
  return { name, email: `${name.toLowerCase().replaceAll(/\W+/g, "-")}-${process.pid}-${Date.now()}-${people}@example.org` };
}

export async function signUp(page: Page, person: { name: string; email: string }): Promise<void> {
  await page.goto("/signup");
  await page.getByLabel("Name", { exact: true }).fill(person.name);
  await page.getByLabel("Email address").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForURL("**/projects");
}

/** Begins a project from the dashboard and waits until it asks. */
export async function begin(page: Page, idea = IDEA): Promise<string> {
  await page.goto("/projects/new");
  await page.getByLabel("Your idea").fill(idea);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForURL(/\/projects\/[0-9a-f-]{36}$/);
  await page.getByRole("heading", { name: /questions? for you/i }).waitFor({ timeout: 60_000 });
  return page.url().split("/").at(-1) ?? "";
}

export async function takeRecommendations(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Take the recommendations" }).click();
  await page.getByRole("heading", { name: "The plan stands" }).waitFor({ timeout: 90_000 });
}

/** Asks for one part to be rewritten, and waits until it is. */
export async function refine(page: Page, part: RegExp, request: string): Promise<void> {
  const option = page.getByLabel("Which part").locator("option").filter({ hasText: part }).first();
  await option.waitFor({ state: "attached" });
  await page.getByLabel("Which part").selectOption((await option.getAttribute("value")) ?? "");
  await page.getByLabel("What shall change").fill(request);
  await page.getByRole("button", { name: "Refine", exact: true }).click();
  await page.getByText("1 / 3").waitFor({ timeout: 60_000 });
  await page.getByRole("heading", { name: "The plan stands" }).waitFor({ timeout: 60_000 });
}

/** What the page as a whole shows as its main heading. */
export async function expectHeading(page: Page, name: RegExp | string): Promise<void> {
  await page.getByRole("heading", { level: 1, name }).waitFor();
  expect(await page.getByRole("heading", { level: 1, name }).count()).toBe(1);
}
