// Accounts and workspaces: a second factor, ways back in, another address, tokens, keys, members and roles, a pipeline of one's
// own, and what an operator does.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { t } from "../src/text/en";
import { closeBrowser, URL_BASE, visit, type Visitor } from "./support/browser";
import { fault, hasControl, hasMail, linkFor, operator, provider } from "./support/control";
import { begin, fillSignIn, PASSWORD, signIn, signOut, signUp, start, stranger, WORK_MS } from "./support/people";

let visitor: Visitor;
let page: Page;

beforeEach(async () => {
  visitor = await visit();
  page = visitor.page;
});
afterEach((context) => visitor.leave(context));
afterAll(closeBrowser);

const button = (on: Page, name: string) => on.getByRole("button", { name, exact: true });
const code = () => page.getByRole("textbox", { name: t.auth.code, exact: true });
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_MS = 30_000;

/** What an authenticator shows for a secret (RFC 6238). */
function codeOf(secret: string, at: number): string {
  const bits = [...secret.replaceAll(/[^A-Z2-7]/g, "")].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

test("a second factor: turned on, asked for, a recovery code in its place, turned off", async () => {
  const person = stranger("Karen Spärck Jones");
  await signUp(page, person);
  await page.goto("/settings/security");
  await button(page, t.factor.enable).click();
  await page.locator("form").filter({ has: button(page, t.action.next) }).getByLabel(t.auth.password, { exact: true }).fill(PASSWORD);
  await button(page, t.action.next).click();
  const secret = (await page.getByText(/^[A-Z2-7 ]{16,}$/).innerText()).trim();
  await visitor.look("second-factor-setup");
  const began = Date.now();
  await code().fill(codeOf(secret, began));
  await button(page, t.factor.confirm).click();
  await page.getByText(t.factor.codes).waitFor();
  const [recovery = "", another = ""] = await page.getByText(t.factor.codes).locator("xpath=following::ul[1]/li").allInnerTexts();
  await visitor.look("recovery-codes");
  await button(page, t.factor.kept).click();
  await page.getByText(t.factor.on, { exact: true }).waitFor();

  await signOut(page);
  await signIn(page, person.email);
  await code().waitFor();
  await visitor.look("second-factor");
  await code().fill("000000");
  await button(page, t.auth.signIn).click();
  await page.getByRole("alert").waitFor();
  // The code of the present step was used up when it was turned on.
  await code().fill(codeOf(secret, Math.max(Date.now(), began + STEP_MS)));
  await button(page, t.auth.signIn).click();
  await page.waitForURL("**/projects");

  await signOut(page);
  await signIn(page, person.email);
  await code().fill(recovery);
  await button(page, t.auth.signIn).click();
  await page.waitForURL("**/projects");
  await page.goto("/settings/security");
  await page.getByText(/9 recovery codes left/).waitFor();

  // Off again: not without the password and a code, and then a password is enough.
  await button(page, t.factor.disable).click();
  const off = page.locator("form").filter({ has: page.getByRole("textbox", { name: t.auth.code, exact: true }) });
  await off.getByLabel(t.auth.password, { exact: true }).fill(PASSWORD);
  await code().fill(another);
  await off.getByRole("button", { name: t.factor.disable, exact: true }).click();
  await page.getByText(t.factor.off, { exact: true }).waitFor();
  await signOut(page);
  await signIn(page, person.email);
  await page.waitForURL("**/projects");
  // The wrong code.
  visitor.expectNoErrors({ statuses: [401] });
});

test.runIf(hasMail)("a password that was forgotten, then another address", async () => {
  const person = stranger("Evelyn Boyd Granville");
  await signUp(page, person);
  await page.goto(await linkFor(person.email, "/auth/verify-email"));
  await visitor.look("verify-email");
  await button(page, t.auth.verify.action).click();
  await page.getByText(t.auth.verify.done).waitFor();
  await page.goto("/projects");
  await signOut(page);

  await page.goto("/login");
  await page.getByRole("link", { name: t.auth.forgot }).click();
  await page.getByLabel(t.auth.email).fill(person.email);
  await button(page, t.auth.sendReset).click();
  await page.getByRole("heading", { name: t.auth.lookIntoMail }).waitFor();
  await visitor.look("link-sent");
  await page.goto(await linkFor(person.email, "/auth/reset-password"));
  await page.getByLabel(t.auth.newPassword, { exact: true }).fill("another battery staple");
  await button(page, t.auth.setPassword).click();
  await page.getByText(t.auth.passwordSet).waitFor();
  await signIn(page, person.email);
  await page.getByRole("alert").waitFor();
  await fillSignIn(page, person.email, "another battery staple");
  await page.waitForURL("**/projects");

  const moved = stranger("Evelyn Collins");
  await page.goto("/settings/profile");
  await page.getByLabel(t.profile.newEmail).fill(moved.email);
  await page.locator("form").filter({ has: button(page, t.profile.sendLink) }).getByLabel(t.auth.password, { exact: true }).fill("another battery staple");
  await button(page, t.profile.sendLink).click();
  await page.getByText(t.auth.linkSent).waitFor();
  await page.goto(await linkFor(moved.email, "/auth/change-email"));
  await button(page, t.auth.change.action).click();
  await page.getByText(t.auth.change.done).waitFor();
  await signIn(page, moved.email, "another battery staple");
  await page.waitForURL("**/projects");
  await page.goto("/settings/profile");
  await page.getByText(moved.email).first().waitFor();
  // Mails about projects, off and on; it is still so when the page is opened again.
  await page.getByLabel(t.profile.mailNotices).click();
  await page.getByText(t.profile.mailsOff).first().waitFor();
  await page.reload();
  await expect.poll(() => page.getByLabel(t.profile.mailNotices).isChecked()).toBe(false);
  await page.getByLabel(t.profile.mailNotices).click();
  await page.getByText(t.profile.mailsOn).first().waitFor();
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, t.profile.export).click()]);
  expect(readFileSync(await file.path()).toString()).toContain(moved.email);
  // The old password.
  visitor.expectNoErrors({ statuses: [401] });
});

test.runIf(provider !== undefined)("in by another provider: refused, new, linked to an account, unlinked, and back as the same", async () => {
  const go = () => page.getByRole("link", { name: t.auth.with(provider ?? "") });
  const be = async (who: string) => {
    await page.getByLabel("Person").fill(who);
    await page.getByRole("button", { name: "Go on" }).click();
  };
  await page.goto("/login");
  await visitor.look("login-provider");
  await go().click();
  await be("deny");
  await page.getByRole("heading", { level: 1, name: t.auth.providerFailed }).waitFor();
  await page.getByText(t.auth.providerError.access_denied ?? "").waitFor();
  await visitor.look("provider-refused");
  await page.getByRole("link", { name: t.auth.goOn }).click();

  const person = stranger("Ada Provided");
  const who = `${person.email}|${person.email}|yes|${person.name}`;
  await go().click();
  await be(who);
  await page.waitForURL("**/projects");
  await page.goto("/settings/profile");
  await page.getByText(person.email).first().waitFor();
  await signOut(page);

  // Somebody with a password links the provider, and comes in by it.
  const other = stranger("Grace Linked");
  await visitor.context.clearCookies();
  await signUp(page, other);
  await page.goto("/settings/security");
  await page.getByRole("listitem").filter({ hasText: provider ?? "" }).getByRole("button", { name: t.security.link }).click();
  await be(`${other.email}|${other.email}|yes|${other.name}`);
  await page.getByRole("heading", { level: 1, name: /is linked to your account/ }).waitFor();
  await page.getByRole("link", { name: t.auth.goOn }).click();
  await button(page, t.security.unlink).waitFor();
  await visitor.look("provider-linked");
  await signOut(page);
  await page.goto("/login");
  await go().click();
  // The provider may know the browser still.
  const asked = page.getByLabel("Person");
  await asked.or(page.getByRole("link", { name: t.nav.projects })).first().waitFor();
  if (await asked.isVisible()) await be(`${other.email}|${other.email}|yes|${other.name}`);
  await page.waitForURL("**/projects");
  await page.goto("/settings/security");
  await button(page, t.security.unlink).click();
  await button(page, t.security.unlink).waitFor({ state: "detached" });
  // Without its cookies the page is told that nobody is signed in.
  visitor.expectNoErrors({ statuses: [401] });
});

test("a token works until it is revoked; a provider's key goes in and is not shown again", async () => {
  await signUp(page, stranger("Ida Rhodes"));
  await page.goto("/settings/tokens");
  await page.getByLabel(t.token.name, { exact: true }).fill("Nightly export");
  await button(page, t.token.make).click();
  await page.getByText(t.token.made("Nightly export")).waitFor();
  await visitor.look("token-made");
  const token = await page.getByTestId("made-token").innerText();
  const ask = () => fetch(`${URL_BASE}/api/v1/projects`, { headers: { authorization: `Bearer ${token.trim()}` } });
  expect((await ask()).status).toBe(200);
  await button(page, t.token.revoke).click();
  const sure = page.getByRole("dialog").getByRole("button", { name: t.token.revoke });
  const none = page.getByText(t.token.none);
  await sure.or(none).first().waitFor();
  if (await sure.isVisible()) await sure.click();
  await none.waitFor();
  expect((await ask()).status).toBe(401);

  await page.goto("/settings/keys");
  const secret = "sk-ant-api03-a-key-that-is-nobody's-1234";
  // One's own and those of the workspace are asked for beside each other.
  await expect.poll(() => page.getByLabel(t.key.new("Anthropic")).count()).toBe(2);
  await page.getByLabel(t.key.new("Anthropic")).first().fill(secret);
  await button(page, t.action.save).first().click();
  await page.getByText(t.key.ends("1234")).waitFor();
  await visitor.look("settings-keys");
  expect(await page.content()).not.toContain(secret);
  await button(page, t.key.remove).click();
  await page.getByText(t.key.ends("1234")).waitFor({ state: "detached" });
  visitor.expectNoErrors();
});

test("two people: a workspace, an invitation, what a viewer sees, another role", async () => {
  const host = stranger("Barbara Liskov");
  const guest = stranger("Frances Allen");
  await signUp(page, host);
  await page.goto("/settings/workspace");
  await page.locator("form").last().getByLabel(t.workspace.name).fill("Guild of builders");
  await button(page, t.workspace.make).click();
  await page.getByText(t.workspace.made("Guild of builders")).first().waitFor();
  const id = await begin(page);
  await page.goto("/settings/members");
  await page.getByLabel(t.auth.email).fill(guest.email);
  await page.getByLabel(t.member.role, { exact: true }).selectOption("viewer");
  await button(page, t.member.send).click();
  await page.getByText(t.member.invited(guest.email)).first().waitFor();
  await visitor.look("members");
  visitor.expectNoErrors();
  if (!hasMail) return;

  const other = await visit({ width: 390, height: 844 });
  try {
    await signUp(other.page, guest);
    // An invitation is for whom the address belongs to.
    await other.page.goto(await linkFor(guest.email, "/auth/verify-email"));
    await button(other.page, t.auth.verify.action).click();
    await other.page.getByText(t.auth.verify.done).waitFor();
    await other.page.goto("/inbox");
    await other.look("invited");
    await button(other.page, t.offer.accept).click();
    await other.page.getByText(t.offer.joined("Guild of builders")).first().waitFor();
    await other.page.goto(`/projects/${id}`);
    await other.page.getByText(t.question.viewer).waitFor();
    expect(await other.page.getByRole("button", { name: t.question.recommendations }).count()).toBe(0);
    await other.look("viewer");

    await page.reload();
    await page.getByLabel(t.member.roleOf(guest.name)).selectOption("editor");
    await page.getByText(t.action.saved).first().waitFor();
    await other.page.reload();
    await other.page.getByRole("button", { name: t.question.recommendations }).waitFor();
    other.expectNoErrors();
  } finally {
    await other.leave();
  }
  visitor.expectNoErrors();
});

test("a pipeline of one's own: an error is shown where it is, then it is kept and begun", async () => {
  await signUp(page, stranger("Lynn Conway"));
  await page.goto("/pipelines/new?from=promptr");
  const source = page.getByLabel(t.editor.label);
  await expect.poll(() => source.inputValue()).toContain('id = "our-promptr"');
  const given = await source.inputValue();
  // It begins as something that could be kept.
  await page.getByText(/^Prompt package, version 1/).waitFor();
  const own = given.replace(/^id = "our-promptr"/m, 'id = "quick"').replace(/^title = .*$/m, 'title = "Quick package"');
  await source.fill(own.replace('needs = ["questions"]', 'needs = ["nothing"]'));
  await expect.poll(() => page.locator("#pipeline-verdict").innerText(), { timeout: 20_000 }).toMatch(/nothing/);
  expect(await button(page, t.editor.save).isDisabled()).toBe(true);
  await visitor.look("pipeline-editor-error");
  await source.fill(own);
  await page.getByText(t.editor.valid("Quick package", 1)).waitFor();
  await visitor.look("pipeline-editor");
  await button(page, t.editor.save).click();
  await page.waitForURL("**/pipelines/quick");
  await page.getByRole("heading", { level: 1, name: "Quick package" }).waitFor();
  await page.getByRole("link", { name: t.pipelinePage.start }).click();
  await expect.poll(() => page.getByRole("radio", { name: /Quick package/ }).isChecked()).toBe(true);
  // What is wrong is told with 422.
  visitor.expectNoErrors({ statuses: [422] });
});

test.runIf(hasControl && hasMail && operator !== undefined)("an operator replays what failed, after a link by mail", async () => {
  const email = operator ?? "";
  await signUp(page, { name: "Operator", email });
  await page.goto(await linkFor(email, "/auth/verify-email"));
  await button(page, t.auth.verify.action).click();
  await page.getByText(t.auth.verify.done).waitFor();
  await fault("refuse,agent=elicitor,idea=lighthouse keepers,times=3");
  const begun: string[] = [];
  for (const where of ["the coast", "the island", "the cape"]) {
    begun.push(await start(page, `The lighthouse keepers of ${where} write one log together, and see who has the watch.`));
    await page.getByRole("heading", { name: t.failure.title("Questions") }).waitFor({ timeout: WORK_MS });
  }

  await page.goto("/admin");
  await page.getByRole("heading", { name: t.admin.health }).waitFor();
  await page.getByText(email).first().waitFor();
  await button(page, t.operations.replay).first().waitFor();
  await visitor.look("admin", { dark: true });
  await button(page, t.operations.replay).first().click();
  await page.getByText(t.operations.replayed).first().waitFor();
  await page.goto("/inbox");
  await page.getByRole("main").getByText(t.inbox.wants.awaiting_input ?? "", { exact: true }).waitFor({ timeout: WORK_MS });

  // The other two at once.
  await page.goto("/admin");
  const sure = (name: string) => page.getByRole("dialog").getByRole("button", { name, exact: true }).click();
  await button(page, t.operations.replayAll.action).click();
  await sure(t.operations.replayAll.action);
  await page.getByText(/projects? took it/).first().waitFor({ timeout: WORK_MS });
  for (const id of begun) {
    await page.goto(`/projects/${id}`);
    await page.getByRole("heading", { name: t.question.title(3) }).waitFor({ timeout: WORK_MS });
  }

  // Everything stands still, and goes on.
  await page.goto("/admin");
  await button(page, t.operations.pauseAll.action).click();
  await visitor.look("pause-all", { screen: true, covered: true });
  await sure(t.operations.pauseAll.action);
  await page.getByText(/projects? took it/).first().waitFor({ timeout: WORK_MS });
  await page.goto(`/projects/${begun[0]}`);
  await page.getByRole("heading", { name: t.project.paused }).waitFor();
  await page.goto("/admin");
  await page.getByText(/Everything is paused since/).waitFor();
  expect(await button(page, t.operations.pauseAll.action).count()).toBe(0);
  await button(page, t.operations.resumeAll.action).click();
  await sure(t.operations.resumeAll.action);
  await page.getByText(/projects? took it/).first().waitFor({ timeout: WORK_MS });
  await page.goto(`/projects/${begun[0]}`);
  await page.getByRole("heading", { name: t.project.paused }).waitFor({ state: "detached" });
  await page.getByRole("heading", { name: t.question.title(3) }).waitFor();

  // Another plan.
  await page.goto("/admin");
  const plan = page.getByRole("row").filter({ hasText: email }).getByRole("combobox");
  await plan.selectOption("paid");
  await page.getByText(t.action.saved).first().waitFor();
  await page.reload();
  await expect.poll(() => plan.inputValue()).toBe("paid");

  await signOut(page);
  await page.goto("/auth/forgot");
  await page.getByLabel(t.auth.email).fill(email);
  await button(page, t.auth.sendMagic).click();
  await page.getByRole("heading", { name: t.auth.lookIntoMail }).waitFor();
  await page.goto(await linkFor(email, "/auth/magic-link"));
  await visitor.look("magic-link");
  await button(page, t.auth.magic.action).click();
  await page.waitForURL("**/projects");
  visitor.expectNoErrors();
});
