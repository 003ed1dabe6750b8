// The pipeline `build` in the browser: a talk, a brief, three gates, a request for changes, a decision on a version that is no
// longer the present one, and code at the end.
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import { signUp, stranger } from "./support/people";

let visitor: Visitor;
let page: Page;

beforeEach(async () => {
  visitor = await visit();
  page = visitor.page;
});
afterEach(() => visitor.close());
afterAll(closeBrowser);

const WORK_MS = 90_000;
const gate = (on: Page, name: string) => on.getByRole("heading", { name: `${name}: your decision` });

/** Begins a feature and confirms its brief: afterwards the specification waits at its gate. */
async function toFirstGate(): Promise<void> {
  await page.goto("/projects/new?pipeline=build");
  await page.getByRole("radio", { name: /Feature, built/ }).waitFor();
  await page.getByLabel("Your idea").fill("Members of the library can reserve a drill for a weekend and see when it is free.");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("heading", { name: "Talk it over" }).waitFor({ timeout: WORK_MS });
  await page.getByRole("button", { name: "This is what I want" }).waitFor({ timeout: WORK_MS });
  await page.getByLabel("Say something to the analyst").fill("A reservation can be cancelled until the evening before.");
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("until the evening before").first().waitFor();
  await page.getByRole("button", { name: "This is what I want" }).click();
  await gate(page, "Specification").waitFor({ timeout: WORK_MS });
}

test("a feature passes its gates: changes asked for, a stale decision refused, approved, built", async () => {
  await signUp(page, stranger("Mary Shaw"));
  await toFirstGate();
  await page.getByText(/The reviewer advises to/).waitFor({ timeout: WORK_MS });
  const url = page.url();

  // The same gate in a second tab, which stays behind.
  const late = await visitor.context.newPage();
  await late.goto(url);
  await gate(late, "Specification").waitFor();
  await late.getByRole("button", { name: "Approve" }).waitFor();
  await visitor.context.setOffline(false);

  await page.getByRole("button", { name: "Request changes" }).click();
  await page.getByLabel("What shall change").fill("Name the error for a drill that is taken.");
  await page.getByRole("button", { name: "Send it back" }).click();
  await page.getByText("It goes back with your words.").first().waitFor();
  await page.getByText(/Specification v2/).first().waitFor({ timeout: WORK_MS });
  await page.getByRole("button", { name: "What changed" }).click();
  await page.getByText(/lines? differs?|Both versions say the same/).waitFor();

  await page.getByLabel("Say something", { exact: true }).fill("Good that the error has a name.");
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await page.getByText("Good that the error has a name.").waitFor();

  await page.getByRole("button", { name: "Approve" }).click();
  await gate(page, "Plan").waitFor({ timeout: WORK_MS });
  await page.getByRole("button", { name: "Approve" }).click();
  await gate(page, "Contract tests").waitFor({ timeout: WORK_MS });
  await page.getByRole("button", { name: "Approve" }).click();
  await page.getByRole("heading", { name: /The plan stands|It stopped at/ }).waitFor({ timeout: 2 * WORK_MS });
  await page.getByRole("heading", { name: "The plan stands" }).waitFor();
  await page.getByRole("link", { name: /^Code/ }).first().click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: /Download \d+ files?/ }).click()]);
  expect(download.suggestedFilename()).toBe("code.zip");
  visitor.expectNoErrors();
});
