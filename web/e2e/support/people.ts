import type { Page } from "playwright-core";
import { expect } from "vitest";

export const PASSWORD = "correct horse battery";
export const IDEA =
  "A tool library for our neighbourhood: people lend drills and ladders to each other, book them for a few days, leave a deposit, and get a reminder before they have to be back.";

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

/** What the page as a whole shows as its main heading. */
export async function expectHeading(page: Page, name: RegExp | string): Promise<void> {
  await page.getByRole("heading", { level: 1, name }).waitFor();
  expect(await page.getByRole("heading", { level: 1, name }).count()).toBe(1);
}
