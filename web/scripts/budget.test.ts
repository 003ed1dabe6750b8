import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { type Script, weigh } from "./budget";

const HEAVY = { "the diff": ["diff"] };
/** Text that takes about as many kilobytes when gzip has done what it can. */
const noise = (kilobytes: number): string => randomBytes(kilobytes * 1_000).toString("base64");

function script(name: string, more: Partial<Script> = {}): Script {
  return { fileName: `${name}.js`, name, code: "", isEntry: name === "main", isDynamicEntry: false, imports: [], moduleIds: [], ...more };
}

const diff = script("diff-view", { isDynamicEntry: true, moduleIds: ["/web/node_modules/diff/index.mjs"] });

test("a bundle within its budgets has no fault", () => {
  expect(weigh([script("main", { imports: ["shared.js"] }), script("shared"), diff], HEAVY).faults).toEqual([]);
});

test("what the entry imports by way of others is in the first page", () => {
  const heavy = weigh([script("main", { imports: ["shared.js"] }), script("shared", { imports: ["diff-view.js", "main.js"] }), diff], HEAVY);
  expect(heavy.faults).toEqual(["the diff (diff) is loaded with the first page"]);
  const large = weigh([script("main", { imports: ["shared.js"] }), script("shared", { code: noise(300) }), diff], HEAVY);
  expect(large.faults.map((fault) => fault.split(":")[0])).toEqual(["main bundle"]);
});

test("a part that is loaded later has a budget too, without what the first page has loaded already", () => {
  const main = script("main", { imports: ["shared.js"] });
  const shared = script("shared", { code: noise(80) });
  const page = (kilobytes: number): Script => script("page", { isDynamicEntry: true, imports: ["shared.js"], code: noise(kilobytes) });
  expect(weigh([main, shared, page(70), diff], HEAVY).faults).toEqual([]);
  expect(weigh([main, shared, page(100), diff], HEAVY).faults[0]).toMatch(/^lazy part page: /);
});

test("a package that is nowhere is a list that is out of date", () => {
  expect(weigh([script("main")], HEAVY).faults).toEqual(["the diff: nothing of diff is in the bundle; is it still its name?"]);
});
