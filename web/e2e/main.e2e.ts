// From nobody to a package, as a founder goes who never saw Groundwork, and what goes wrong on the way.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { t } from "../src/text/en";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import { fault, hasControl } from "./support/control";
import { begin, expectHeading, IDEA, PASSWORD, ready, refine, signOut, signUp, stranger, WORK_MS } from "./support/people";

let visitor: Visitor;
let page: Page;

beforeEach(async () => {
  visitor = await visit();
  page = visitor.page;
});
afterEach((context) => visitor.leave(context));
afterAll(closeBrowser);

test("sign-up, idea, questions, specification, prompts, refinement, export", async () => {
  await page.goto("/");
  await page.getByRole("link", { name: t.landing.start }).first().click();
  const person = stranger("Grace Hopper");
  await page.getByLabel(t.auth.name, { exact: true }).fill(person.name);
  await page.getByLabel(t.auth.email).fill(person.email);
  await page.getByLabel(t.auth.password, { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: t.auth.signUp }).click();

  // The empty dashboard begins the first project.
  await page.getByLabel(t.idea.label).fill(IDEA);
  await page.getByRole("button", { name: t.idea.start, exact: true }).click();
  await page.getByRole("heading", { name: t.question.title(3) }).waitFor({ timeout: WORK_MS });
  await page.getByText(t.simulated.badge).first().waitFor();

  // One answer of one's own, the recommendation for the rest; a reload forgets nothing.
  await page.getByRole("radio").first().check();
  await page.reload();
  await expect.poll(() => page.getByRole("radio").first().isChecked()).toBe(true);
  await page.getByRole("button", { name: t.question.sendRest(1, 2) }).click();
  await ready(page);

  await page.getByRole("link", { name: t.completed.spec }).click();
  await page.getByRole("heading", { name: /FR-001/ }).waitFor();
  await page.getByRole("link", { name: t.tab.prompts, exact: true }).click();
  await page.getByText(/requirements? covered/).waitFor();
  await page.getByRole("button", { name: t.prompt.copy }).first().click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain("# 01");

  // A tick is kept: it is there again in a fresh page.
  const tick = page.getByRole("checkbox").first();
  // Shown as soon as it is on its way: a moment after the click.
  const kept = page.waitForResponse((answer) => answer.request().method() === "PATCH");
  await tick.click();
  await expect.poll(() => tick.isChecked()).toBe(true);
  await page.getByText(/Checklist: 1 of/).waitFor();
  expect((await kept).status()).toBeLessThan(300);
  await page.reload();
  await page.getByText(/Checklist: 1 of/).waitFor();
  await expect.poll(() => tick.isChecked()).toBe(true);

  await page.getByRole("link", { name: t.tab.overview, exact: true }).click();
  await refine(page, /FR-003/, "Withdrawing must be possible until one hour before.");
  // What became of it is said, with what was there before beside it.
  await page.getByRole("link", { name: t.refine.compare }).click();
  await page.getByText(/lines? differs?/).waitFor();
  await page.getByRole("link", { name: t.tab.overview, exact: true }).click();
  // Prompts that cover it are out of date: that is said before they leave the house.
  await page.getByText(/out of date/).first().waitFor();
  await page.getByRole("button", { name: t.export.button }).click();
  await page.getByRole("menuitem", { name: t.export.zip }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(t.exportStale.title).waitFor();
  await visitor.look("export-stale", { screen: true, covered: true });
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: t.exportStale.action }).click()]);
  expect(readFileSync(await download.path()).subarray(0, 2).toString()).toBe("PK");

  await signOut(page);
  await expectHeading(page, t.landing.title);
  await page.goto("/projects");
  await expectHeading(page, t.auth.signIn);
  visitor.expectNoErrors();
});

test("what goes wrong is said, and nothing is lost by it", async () => {
  await page.goto("/login");
  await page.getByLabel(t.auth.email).fill("nobody@example.org");
  await page.getByLabel(t.auth.password, { exact: true }).fill("not the password");
  await page.getByRole("button", { name: t.auth.signIn, exact: true }).click();
  await page.getByRole("alert").waitFor();
  await visitor.look("login-refused", { alert: true });

  await signUp(page, stranger("Margaret Hamilton"));
  await page.goto("/projects/00000000-0000-4000-8000-000000000000");
  await page.getByRole("heading", { name: t.project.gone }).waitFor();
  await visitor.look("project-gone");

  const id = await begin(page);
  await page.getByRole("button", { name: t.action.pause }).click();
  await page.getByRole("heading", { name: t.project.paused }).waitFor();
  await visitor.look("paused");
  await page.getByRole("button", { name: t.action.resume }).click();
  await page.getByRole("heading", { name: t.question.title(3) }).waitFor();
  await page.getByRole("button", { name: t.action.rename }).first().click();
  await page.getByLabel(t.project.title).fill("Tools for all");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: /Tools for all/ }).waitFor();
  await page.getByRole("button", { name: t.project.more }).click();
  await visitor.look("menu", { screen: true, covered: true });
  await page.getByRole("menuitem", { name: t.project.cancel }).click();
  await visitor.look("dialog", { screen: true, covered: true, dark: true });
  await page.getByRole("dialog").getByRole("button", { name: t.project.cancelDialog.action }).click();
  await page.getByRole("heading", { name: t.project.cancelled }).waitFor();

  // Archived in the list, and taken back there.
  await page.goto("/projects");
  await page.getByRole("button", { name: t.project.actions("Tools for all") }).click();
  await page.getByRole("menuitem", { name: t.action.archive }).click();
  await page.getByRole("link", { name: "Tools for all" }).waitFor({ state: "detached" });
  await page.goto(`/projects/${id}`);
  await page.getByRole("button", { name: t.action.restore }).waitFor();
  await visitor.look("archived");
  await page.goto("/projects");
  await page.getByLabel(t.lifecycle.label).selectOption("archived");
  await page.getByRole("button", { name: t.project.actions("Tools for all") }).click();
  await page.getByRole("menuitem", { name: t.action.restore }).click();
  await page.getByRole("link", { name: "Tools for all" }).waitFor({ state: "detached" });
  await page.getByLabel(t.lifecycle.label).selectOption("active");
  await page.getByRole("link", { name: "Tools for all" }).waitFor();

  // Deleted: there is no page of it to go to, and it is taken back from the list.
  await page.getByRole("button", { name: t.project.actions("Tools for all") }).click();
  await page.getByRole("menuitem", { name: t.action.delete }).click();
  await page.getByRole("dialog").getByRole("button", { name: t.project.deleteDialog.action }).click();
  await page.getByRole("link", { name: "Tools for all" }).waitFor({ state: "detached" });
  await page.getByLabel(t.lifecycle.label).selectOption("deleted");
  await page.getByText("Tools for all").waitFor();
  expect(await page.getByRole("link", { name: "Tools for all" }).count()).toBe(0);
  await visitor.look("deleted");
  await page.getByRole("button", { name: t.project.restore("Tools for all") }).click();
  await page.getByText("Tools for all").waitFor({ state: "detached" });
  await page.getByLabel(t.lifecycle.label).selectOption("active");
  await page.getByRole("link", { name: "Tools for all" }).waitFor();
  // The wrong password, and the project that is not there.
  visitor.expectNoErrors({ statuses: [401, 404] });
});

test.runIf(hasControl)("work is shown while it is done; a stage that failed is tried again with another model", async () => {
  await fault("refuse,agent=architect,idea=forbidden greenhouse");
  await signUp(page, stranger("Hedy Lamarr"));
  const id = await begin(page, "A forbidden greenhouse: people book beds in a glass house, share the watering, and see what grows.");
  await page.getByRole("button", { name: t.question.recommendations }).click();
  await page.getByRole("heading", { name: t.failure.title("Specification") }).waitFor({ timeout: WORK_MS });
  // Half of the text is there, and the other half takes its time.
  await fault(`stall,call_key=${id}/spec,stall_ms=12000`);
  await page.getByLabel(t.failure.model).selectOption("claude-opus-5-5");
  await page.getByRole("button", { name: t.failure.retryWith }).click();
  await page.getByRole("heading", { name: t.activity.title }).waitFor();
  await page.getByText(/(Simulated|Overview|FR-001)/).first().waitFor();
  await visitor.look("working");
  await ready(page);
  visitor.expectNoErrors();
});

test("a question is put off and asked again, and an answer that was given is changed", async () => {
  await signUp(page, stranger("Margaret Masterman"));
  const id = await begin(page);
  const later = page.getByRole("button", { name: /^Ask me later: / }).first();
  const question = ((await later.getAttribute("aria-label")) ?? "").replace("Ask me later: ", "");
  await later.click();
  const cards = page.locator("fieldset");
  await expect.poll(() => cards.last().innerText()).toContain(question);
  await cards.first().getByLabel(/^Own words for/).fill("As they like.");
  // What was put off is not answered by a recommendation.
  await page.getByRole("button", { name: t.question.sendOpen(1, 2) }).click();
  await page.getByRole("heading", { name: t.question.title(2) }).waitFor();
  await cards.first().getByLabel(/^Own words for/).fill("Everybody.");
  await page.getByRole("button", { name: t.question.sendOpen(1, 1) }).click();
  await page.getByRole("heading", { name: t.question.title(1) }).waitFor();
  await page.getByText(question).first().waitFor();
  await cards.first().getByLabel(/^Own words for/).fill("By letter only.");
  await page.getByRole("button", { name: t.question.send, exact: true }).click();
  await ready(page);

  await page.getByText(t.question.given(3)).click();
  await page.getByRole("button", { name: t.question.amendOf(question) }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Own words for/).fill("By telephone.");
  await visitor.look("amend-answer", { screen: true, covered: true });
  await dialog.getByRole("button", { name: t.question.amendSend }).click();
  await page.getByText(t.question.amended).first().waitFor();
  await ready(page);
  await page.reload();
  await page.getByText(t.question.given(3)).click();
  await page.getByText("By telephone.", { exact: true }).waitFor();
  await page.goto(`/projects/${id}/conversation`);
  await page.getByRole("listitem").filter({ hasText: "By telephone." }).getByText(question).waitFor();
  visitor.expectNoErrors();
});

test("files go along with an idea: the wrong kind is refused at once, and what did not arrive is there to be sent again", async () => {
  await signUp(page, stranger("Mary Allen Wilkes"));
  await page.goto("/projects/new");
  await page.getByRole("radio").first().waitFor();
  const chooser = page.waitForEvent("filechooser");
  await page.getByText(t.idea.attach, { exact: true }).click();
  const file = (name: string, text: string) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from(text) });
  await (await chooser).setFiles([file("notes.yml", "tools: [drill]\n"), file("setup.exe", "MZ"), file("broken.png", "no picture"), file("large.txt", "All that was ever lent.\n".repeat(275_000))]);
  await page.getByRole("alert").filter({ hasText: "setup.exe" }).waitFor();
  await visitor.look("files-chosen", { alert: true });
  // A text from a file comes after what was typed.
  await page.getByLabel(t.idea.label).fill("Typed before.");
  const other = page.waitForEvent("filechooser");
  await page.getByText(t.idea.fromFile, { exact: true }).click();
  await (await other).setFiles(file("idea.md", "From the file."));
  await expect.poll(() => page.getByLabel(t.idea.label).inputValue()).toBe("Typed before.\n\nFrom the file.");
  await page.getByLabel(t.idea.label).fill(IDEA);
  await page.reload();
  await page.getByRole("listitem").filter({ hasText: "notes.yml" }).waitFor();
  await expect.poll(() => page.getByLabel(t.idea.label).inputValue()).toBe(IDEA);

  // What the server refuses is told with its name before anything begins, and can be taken away.
  await page.getByRole("button", { name: t.idea.start, exact: true }).click();
  await page.getByRole("alert").filter({ hasText: /broken\.png is called/ }).waitFor();
  await page.getByRole("button", { name: t.upload.detach("broken.png") }).click();
  // The rest goes along but for what is too large, which does not get through; a reload tries again, and it is kept all the same.
  await page.route("**/uploads", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
  await page.getByRole("button", { name: t.idea.start, exact: true }).click();
  await page.waitForURL(/\/projects\/[0-9a-f-]{36}$/);
  const waiting = page.getByRole("list", { name: t.upload.onTheWay });
  await waiting.getByText(t.upload.away("large.txt")).waitFor();
  await page.reload();
  await waiting.getByText(t.upload.away("large.txt")).waitFor();
  await visitor.look("files-failed");
  await page.unroute("**/uploads");
  await page.getByRole("link", { name: "notes.yml" }).waitFor();
  await page.getByRole("button", { name: `${t.upload.again}: large.txt` }).click();
  await page.getByRole("link", { name: "large.txt" }).waitFor();
  await waiting.waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("link", { name: "large.txt" }).waitFor();
  expect(await waiting.count()).toBe(0);
  visitor.expectNoErrors({ outage: true, statuses: [422] });
});

test.runIf(hasControl)("the budget is used up and raised, and the work goes on", async () => {
  await signUp(page, stranger("Joan Clarke"));
  const id = await begin(page);
  await page.goto(`/projects/${id}/usage`);
  await page.getByLabel(t.budget.usdMax).fill("0.01");
  await page.getByRole("button", { name: t.budget.save }).click();
  await page.getByText(t.action.saved).first().waitFor();
  await page.goto(`/projects/${id}`);
  await page.getByRole("button", { name: t.question.recommendations }).click();
  await page.getByRole("heading", { name: t.budget.over }).waitFor({ timeout: WORK_MS });
  // Nobody can answer anything: it waits for money.
  await page.getByText(t.phase.over_budget ?? "", { exact: true }).first().waitFor();
  expect(await page.getByText(t.step.you, { exact: true }).count()).toBe(0);
  await visitor.look("over-budget");
  await page.getByLabel(t.budget.usdMax).fill("20");
  await page.getByRole("button", { name: t.budget.save }).click();
  await ready(page);
  visitor.expectNoErrors();
});

test("a document is edited, talked about, and a file is added", async () => {
  await signUp(page, stranger("Adele Goldberg"));
  const id = await begin(page);
  await page.getByRole("button", { name: t.question.recommendations }).click();
  await ready(page);
  const chooser = page.waitForEvent("filechooser");
  await page.getByText(t.upload.add, { exact: true }).click();
  await (await chooser).setFiles({ name: "prices.csv", mimeType: "text/csv", buffer: Buffer.from("tool,price\ndrill,3\n") });
  await page.getByRole("link", { name: "prices.csv" }).waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "prices.csv" }).click()]);
  expect(readFileSync(await file.path()).toString()).toContain("drill");

  await page.goto(`/projects/${id}/artifacts/spec`);
  await page.getByRole("button", { name: t.edit.action, exact: true }).click();
  const text = page.getByRole("dialog").getByLabel(t.edit.text);
  await expect.poll(() => text.inputValue()).toContain("## Overview");
  const whole = await text.inputValue();
  // What is left out is named, and asked about; what was typed is there again after Escape and after a reload.
  await text.fill("nonsense");
  await page.getByRole("dialog").getByText(/^Left out: /).waitFor();
  await page.getByRole("button", { name: t.edit.save }).click();
  await page.getByRole("dialog", { name: t.edit.sure.title }).getByRole("button", { name: t.action.cancel }).click();
  await text.fill(whole.replace("## Overview\n", "## Overview\nWritten by a person. ").replace(/^(### FR-001.*)$/m, "$1, by hand"));
  await page.keyboard.press("Escape");
  await text.waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("button", { name: t.edit.action, exact: true }).click();
  await expect.poll(() => text.inputValue()).toContain("Written by a person.");
  await visitor.look("edit", { screen: true, covered: true });
  await page.getByRole("button", { name: t.edit.save }).click();
  await page.getByText("Written by a person.").first().waitFor({ timeout: WORK_MS });
  await page.getByLabel(t.comment.new, { exact: true }).fill("Is that so?");
  await page.getByLabel(t.comment.as, { exact: true }).selectOption("question");
  await page.getByRole("button", { name: t.comment.send }).click();
  await page.getByRole("button", { name: t.comment.reply }).click();
  await page.getByLabel(t.comment.reply, { exact: true }).fill("It is.");
  await page.getByRole("button", { name: t.comment.send }).first().click();
  await page.getByText("It is.", { exact: true }).waitFor();
  await page.getByRole("button", { name: t.comment.resolve }).click();
  await page.getByText(t.comment.resolved).first().waitFor();
  await visitor.look("comments");
  // Prompts that cover what was written over by hand are out of date, and say so.
  await page.goto(`/projects/${id}/prompts`);
  await page.getByText(t.prompt.stale, { exact: true }).first().waitFor();
  visitor.expectNoErrors();
});
