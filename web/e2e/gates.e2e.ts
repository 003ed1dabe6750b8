// The pipelines `build` and `handoff` in the browser: a talk, a brief, gates with advice, a request for changes, a decision on a
// version that is no longer the present one, a stage that fails and is tried again, a verdict that has something mended, code.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { t } from "../src/text/en";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import { fault, hasControl } from "./support/control";
import { ready, signUp, start, stranger, WORK_MS } from "./support/people";

let visitor: Visitor;
let page: Page;

beforeEach(async () => {
  visitor = await visit();
  page = visitor.page;
});
afterEach((context) => visitor.leave(context));
afterAll(closeBrowser);

const LONG_MS = 300_000;
const gate = (on: Page, name: string) => on.getByRole("heading", { name: t.gate.title(name) });
const button = (on: Page, name: string) => on.getByRole("button", { name, exact: true });

/** Begins a feature, talks about it and confirms its brief. */
async function toFirstGate(idea: string): Promise<string> {
  const id = await start(page, idea, "build");
  await button(page, t.chat.confirm).waitFor({ timeout: WORK_MS });
  await page.getByLabel(t.chat.say).fill("A reservation can be cancelled until the evening before.");
  await button(page, t.chat.send).click();
  await page.getByText("until the evening before").nth(1).waitFor({ timeout: WORK_MS });
  await visitor.look("drafting");
  await button(page, t.chat.confirm).click();
  // What comes now stands at the top, and so does the reader.
  await button(page, t.chat.confirm).waitFor({ state: "detached" });
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(0);
  await gate(page, "Specification").waitFor({ timeout: WORK_MS });
  return id;
}

/** The same page in another tab that hears nothing of what happens from now on. */
async function deafTab(url: string): Promise<Page> {
  const late = await visitor.context.newPage();
  // Accepted, and never answered: as a connection is that broke without a word.
  await late.routeWebSocket(/\/api\/v1\/ws/, () => undefined);
  // Nor does it hear what other tabs of this browser change.
  await late.addInitScript(() => {
    class Mute extends EventTarget {
      postMessage(): void {
        // To nobody.
      }
    }
    Object.assign(window, { BroadcastChannel: Mute });
  });
  await late.goto(url);
  return late;
}

async function download(on: Page, name: RegExp): Promise<string> {
  const [file] = await Promise.all([on.waitForEvent("download"), on.getByRole("button", { name }).first().click()]);
  expect(readFileSync(await file.path()).subarray(0, 2).toString()).toBe("PK");
  return file.suggestedFilename();
}

test.runIf(hasControl)("a feature passes its gates, is mended, fails, is tried again, and is built", async () => {
  await signUp(page, stranger("Mary Shaw"));
  const id = await toFirstGate("Members of the library can reserve a drill for a weekend and see when it is free.");
  await page.getByText(t.gate.adviceApprove).waitFor({ timeout: WORK_MS });
  await visitor.look("gate", { dark: true });

  // The first tab sends it back; the second one still shows what was.
  const late = await deafTab(page.url());
  await gate(late, "Specification").waitFor();
  await button(late, t.gate.approve).waitFor();
  await page.bringToFront();
  await button(page, t.gate.requestChanges).click();
  await page.getByLabel(t.gate.whatToChange).fill("Name the error for a drill that is taken.");
  await visitor.look("gate-changes-wanted");
  await button(page, t.gate.send.request_changes).click();
  await page.getByText(/Specification v2/).first().waitFor({ timeout: WORK_MS });
  // It is refused only because that tab still shows the first version.
  await button(late, t.gate.approve).click();
  await late.getByRole("alert").first().waitFor();
  await visitor.look("gate-stale", { page: late, alert: true });
  expect(await page.getByText(t.gate.decided.approve).count()).toBe(0);
  await button(late, t.gate.reload).first().click();
  await late.getByText(/Specification v2/).first().waitFor();

  // What changed, and a word about it that the other tab reads too.
  await button(page, t.gate.changes).click();
  await page.getByText(/lines? differs?|Both versions say the same/).waitFor();
  await visitor.look("gate-diff");
  await page.getByLabel(t.comment.new, { exact: true }).fill("Good that the error has a name.");
  await button(page, t.comment.send).click();
  await page.getByText("Good that the error has a name.").waitFor();

  // Talking at a gate: the answer is there, and the gate still waits.
  await page.getByLabel(t.chat.say).fill("Does it say what happens to deposits?");
  await button(page, t.chat.send).click();
  await page.getByText(/You asked: 'Does it say/).waitFor({ timeout: WORK_MS });

  // The advice for the plan will be to revise it; the person approves all the same, from a phone.
  await fault(`object,agent=alignment_reviewer,call_key=${id}/plan`);
  await fault(`refuse,call_key=${id}/implement`);
  await fault(`object,agent=code_reviewer,call_key=${id}/code_review`);
  // Somebody writes while another tab decides: their words are still there, and can be taken along.
  await button(page, t.gate.requestChanges).click();
  await page.getByLabel(t.gate.whatToChange).fill("Half a thought.");
  await button(late, t.gate.approve).click();
  await gate(page, "Plan").waitFor({ timeout: WORK_MS });
  await page.getByRole("blockquote").filter({ hasText: "Half a thought." }).waitFor();
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(0);
  await button(page, t.action.close).first().click();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByText(t.gate.adviceRevise).waitFor({ timeout: WORK_MS });
  await visitor.look("gate-against-advice");
  await button(page, t.gate.approve).click();
  // A notice leaves what is to be done next in sight.
  const notice = page.getByText(t.gate.decided.approve, { exact: true }).first();
  const lowerEdge = async () => {
    const box = await notice.boundingBox();
    return box === null ? Number.POSITIVE_INFINITY : box.y + box.height;
  };
  await expect.poll(lowerEdge).toBeLessThan(844 / 2);

  // The third gate takes the person's own text.
  await gate(page, "Contract tests").waitFor({ timeout: WORK_MS });
  await page.setViewportSize({ width: 1280, height: 900 });
  await button(page, t.gate.amend).click();
  const own = page.getByLabel(t.gate.amendText);
  await expect.poll(() => own.inputValue()).toContain("## ");
  await own.fill(`${await own.inputValue()}\n`.replace("\n\n", "\n\nWritten over by hand.\n\n"));
  await visitor.look("gate-amend");
  await button(page, t.gate.send.amend).click();

  await page.getByRole("heading", { name: t.failure.title("Implementation") }).waitFor({ timeout: WORK_MS });
  await visitor.look("failure", { dark: true });
  await button(page, t.failure.retry).click();

  // The code review fails: nobody passes over the verdict, and trying again has its findings mended.
  await page.getByRole("heading", { name: t.failure.title("Verdict") }).waitFor({ timeout: 2 * WORK_MS });
  await page.getByText(/code review: FAIL\)/).waitFor();
  await page.goto(`/projects/${id}/review`);
  await page.getByRole("heading", { name: t.verdict.title(t.outcome.fail) }).waitFor();
  await page.getByText(/^CR2/).first().waitFor();
  await visitor.look("review-failed");
  // What it found stands once on the page.
  expect(await page.getByText(/^CR2/).count()).toBe(1);
  await page.goto(`/projects/${id}`);
  await button(page, t.failure.retry).click();
  await ready(page);
  await visitor.look("built");
  await page.goto(`/projects/${id}/artifacts/code`);
  await page.getByRole("button", { name: /Download \d+ files?/ }).waitFor();
  await visitor.look("code");
  expect(await download(page, /Download \d+ files?/)).toMatch(/\.zip$/);
  // The decision on what was no longer there.
  visitor.expectNoErrors({ statuses: [409] });
}, LONG_MS);

describe("what is done again", () => {
  test("a stage and a brief, with what that would cost before", async () => {
    await signUp(page, stranger("Beatrice Worsley"));
    await toFirstGate("A choir keeps its scores: members see which voice has which copy, and who did not give theirs back.");
    await button(page, t.project.more).click();
    await page.getByRole("menuitem", { name: t.redo.revise.action }).click();
    await page.getByText(t.redo.would).waitFor();
    await visitor.look("redo", { covered: true, screen: true });
    // It begins with the brief that there is, and keeps what was typed.
    await expect.poll(() => page.getByLabel(t.redo.brief).inputValue()).toContain("choir");
    await page.getByLabel(t.redo.brief).fill("Only for the choir's librarian; members see nothing.");
    await page.keyboard.press("Escape");
    await button(page, t.project.more).click();
    await page.getByRole("menuitem", { name: t.redo.revise.action }).click();
    await expect.poll(() => page.getByLabel(t.redo.brief).inputValue()).toContain("librarian");
    await page.getByRole("dialog").getByRole("button", { name: t.redo.revise.action }).click();
    await page.getByText(/librarian/).first().waitFor({ timeout: WORK_MS });
    visitor.expectNoErrors();
  });

  test("nothing: what was rejected is over", async () => {
    await signUp(page, stranger("Kathleen Booth"));
    await toFirstGate("A village rents out its hall: people see free evenings, book one, and pay a deposit.");
    await button(page, t.gate.reject).click();
    await page.getByLabel(t.gate.comment).fill("Not what we talked about.");
    await button(page, t.gate.send.reject).click();
    // Who rejected it and why; it is no failure, and waits for nobody.
    await page.getByRole("heading", { name: t.rejected.title("Specification") }).waitFor({ timeout: WORK_MS });
    await page.getByText("Not what we talked about.").first().waitFor();
    expect(await page.getByText(t.phase.failed ?? "", { exact: true }).count()).toBe(0);
    await visitor.look("rejected");
    await page.goto("/inbox");
    await page.getByText(t.inbox.empty).waitFor();
    visitor.expectNoErrors();
  });
});

test.runIf(hasControl)("an agent's question is answered from the inbox, and the files are taken", async () => {
  await signUp(page, stranger("Jean Bartik"));
  await fault("ask_person,agent=analyst,idea=pottery kiln");
  const idea = "A pottery kiln is shared by a studio: potters book a firing, pay for the shelf they fill, and are told when it is cool.";
  await start(page, idea, "handoff");
  await page.getByText("Who pays for it").waitFor({ timeout: WORK_MS });
  await visitor.look("agent-question");
  await page.goto("/inbox");
  await page.getByText("Who pays for it").waitFor();
  await page.getByRole("link", { name: /kiln/i }).first().click();
  await page.getByLabel(t.ask.answer).fill("The potter, in euros.");
  await button(page, t.ask.amend).click();
  await ready(page);
  await page.getByText(t.completed.codeText).waitFor();
  const project = page.url();
  // What agents handed to each other is read as a document.
  await page.getByRole("link", { name: t.completed.spec }).click();
  await page.getByRole("heading", { name: /FR-001/ }).waitFor();
  expect(await page.getByText("source_agent").isVisible()).toBe(false);
  await visitor.look("handoff-document");
  await page.goto(`${project}/artifacts/code`);
  expect(await download(page, /Download \d+ files?/)).toMatch(/\.zip$/);
  await page.goto("/inbox");
  await page.getByText(t.inbox.empty).waitFor();
  visitor.expectNoErrors();
});
