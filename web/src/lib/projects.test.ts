import { expect, test } from "vitest";
import type { ProjectItem } from "@/api/queries";
import { arrange, standOf, wishOf } from "./projects";

const project = (id: string, phase: string, title = id): ProjectItem =>
  ({ project_id: id, phase, title, lifecycle: "active" }) as ProjectItem;

const ALL = [project("1", "completed"), project("2", "awaiting_input", "Tools"), project("3", "failed"), project("4", "working"), project("5", "awaiting_approval")];
const ids = (projects: ProjectItem[]) => projects.map((one) => one.project_id);

test("what waits for a person comes first, then what failed; otherwise the order stays", () => {
  expect(ids(arrange(ALL, "all", ""))).toEqual(["2", "5", "3", "1", "4"]);
});

test("a project says what it wants where its phase does not", () => {
  expect([wishOf("answers"), wishOf(null), wishOf("gate:spec"), wishOf("gate:own_step"), wishOf("budget")]).toEqual([null, null, "Specification", "Own step", "waits for a higher budget"]);
});

test("a filter and a search leave out the rest", () => {
  expect(ids(arrange(ALL, "waiting", ""))).toEqual(["2", "5"]);
  expect(ids(arrange(ALL, "all", " tOOl "))).toEqual(["2"]);
});

test("a badge says more than the phase where that would mislead", () => {
  const stand = (phase: string, more: object) => standOf({ ...project("1", phase), ...more });
  expect([
    stand("awaiting_approval", { waiting_for: "gate:spec" }),
    stand("awaiting_approval", { waiting_for: "budget" }),
    stand("failed", { failure_code: "rejected" }),
    stand("failed", { failure_code: "provider_refused" }),
    stand("cancelled", { lifecycle: "deleted" }),
  ]).toEqual(["awaiting_approval", "over_budget", "rejected", "failed", "deleted"]);
});
