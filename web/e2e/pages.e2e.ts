// Every page that nothing has to happen for, at both widths, in light and dark. States that something has to happen for are looked
// at where it happens.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, test } from "vitest";
import { t } from "../src/text/en";
import { closeBrowser, visit, type Visitor } from "./support/browser";
import type { Looking } from "./support/look";
import { begin, IDEA, refine, signUp, stranger, takeRecommendations } from "./support/people";

interface Place {
  name: string;
  path: string;
  /** What is there once the page is whole. */
  ready: (page: Page) => Promise<unknown>;
  options?: Looking;
}

const LONG_MS = 300_000;
const heading = (name: RegExp | string) => (page: Page) => page.getByRole("heading", { name }).first().waitFor();
const words = (text: RegExp | string) => (page: Page) => page.getByText(text).first().waitFor();

let visitor: Visitor;

beforeEach(async () => {
  visitor = await visit();
});
afterEach((context) => visitor.leave(context));
afterAll(closeBrowser);

async function lookAt(places: Place[]): Promise<void> {
  for (const place of places) {
    await visitor.page.goto(place.path);
    await place.ready(visitor.page);
    await visitor.look(place.name, place.options);
  }
}

test("pages for everybody", async () => {
  await lookAt([
    { name: "landing", path: "/", ready: heading(t.landing.title), options: { dark: true } },
    { name: "login", path: "/login", ready: heading(t.auth.signIn) },
    { name: "sign-up", path: "/signup", ready: heading(t.auth.signUpTitle) },
    { name: "forgot", path: "/auth/forgot", ready: heading(t.auth.forgotTitle) },
    { name: "reset-password", path: "/auth/reset-password#token=none", ready: heading(t.auth.newPassword) },
    { name: "not-found", path: "/no/such/page", ready: heading(t.notFound.title) },
  ]);
  visitor.expectNoErrors();
});

test(
  "pages of somebody who is signed in",
  async () => {
    const { page } = visitor;
    await signUp(page, stranger("Ada Lovelace"));
    await lookAt([
      { name: "first-project", path: "/projects", ready: heading(t.first.title) },
      { name: "inbox-empty", path: "/inbox", ready: heading(t.inbox.empty) },
      { name: "new-project", path: "/projects/new", ready: (at) => at.getByRole("radio").first().waitFor() },
    ]);
    const done = await begin(page);
    await takeRecommendations(page);
    await refine(page, /FR-003/, "Withdrawing must be possible until one hour before.");
    const asking = await begin(page, `${IDEA} Lenders see who has their things.`);
    const project = `/projects/${done}`;
    await lookAt([
      { name: "dashboard", path: "/projects", ready: words(t.phase.completed ?? ""), options: { dark: true } },
      { name: "questions", path: `/projects/${asking}`, ready: heading(t.question.title(3)), options: { dark: true } },
      { name: "project", path: project, ready: heading(t.completed.title), options: { dark: true } },
      { name: "specification", path: `${project}/artifacts/spec`, ready: heading(/FR-001/) },
      { name: "prompts", path: `${project}/prompts`, ready: heading(t.coverage.title) },
      { name: "review", path: `${project}/review`, ready: heading(t.review.title) },
      { name: "diff", path: `${project}/artifacts/spec?version=2&against=1`, ready: words(/lines? differs?/) },
      { name: "conversation", path: `${project}/conversation`, ready: words(/specification is written/) },
      { name: "timeline", path: `${project}/timeline`, ready: words(/is refined/) },
      { name: "project-usage", path: `${project}/usage`, ready: heading(t.usage.title) },
      { name: "inbox", path: "/inbox", ready: words(t.inbox.wants.awaiting_input ?? "") },
      { name: "pipelines", path: "/pipelines", ready: heading(t.pipeline.build?.title ?? "") },
      { name: "pipeline", path: "/pipelines/build", ready: words(t.stage.verdict ?? "") },
      { name: "usage", path: "/usage", ready: heading(t.usage.byProject) },
      { name: "settings-profile", path: "/settings/profile", ready: heading(t.profile.data) },
      { name: "settings-security", path: "/settings/security", ready: words(t.security.this) },
      { name: "settings-tokens", path: "/settings/tokens", ready: words(t.token.none) },
      { name: "settings-limits", path: "/settings/limits", ready: heading(t.settings.limits) },
      { name: "settings-workspace", path: "/settings/workspace", ready: heading(t.workspace.new) },
      { name: "settings-members", path: "/settings/members", ready: heading(t.member.personal) },
      { name: "settings-audit", path: "/settings/audit", ready: words(/Ada Lovelace/) },
    ]);
    visitor.expectNoErrors();
  },
  LONG_MS,
);
