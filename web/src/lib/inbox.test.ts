import { expect, test } from "vitest";
import type { PersonRequest } from "@/api/decisions";
import type { ProjectItem } from "@/api/queries";
import { waitsOf } from "./inbox";

const project = (id: string, phase: string, workspace = "w1"): ProjectItem => ({ project_id: id, phase, workspace_id: workspace }) as ProjectItem;
const request = (id: string, of: string, mine: boolean): PersonRequest => ({ request_id: id, project_id: of, waits_for_me: mine, status: "pending" }) as PersonRequest;
const shown = (waits: ReturnType<typeof waitsOf>) => waits.map((wait) => [wait.project.project_id, wait.request?.request_id ?? null, wait.isMine]);

test("what the reader can do comes first, a failure after what waits, what waits for others last", () => {
  const projects = [project("failed", "failed"), project("read", "awaiting_input", "w2"), project("gate", "awaiting_approval"), project("asks", "awaiting_input")];
  const waits = waitsOf(projects, [request("r1", "gate", false)], (workspace) => workspace === "w1");
  expect(shown(waits)).toEqual([
    ["asks", null, true],
    ["failed", null, true],
    ["read", null, false],
    ["gate", "r1", false],
  ]);
});

test("a project with two gates waits twice", () => {
  const waits = waitsOf([project("p", "awaiting_approval")], [request("r1", "p", true), request("r2", "p", true), request("r3", "other", true)], () => true);
  expect(shown(waits)).toEqual([
    ["p", "r1", true],
    ["p", "r2", true],
  ]);
});
