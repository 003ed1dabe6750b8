import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const GRAVE = new Set(["serious", "critical"]);

/** What axe finds that is serious or worse, one line each. */
export async function graveFindings(page: Page): Promise<string[]> {
  // Through the debugger, which no policy of the page keeps out.
  await page.evaluate(source);
  const results = await page.evaluate(async (tags): Promise<AxeResults> => {
    const { axe } = window as unknown as { axe: { run(node: Document, options: object): Promise<AxeResults> } };
    return axe.run(document, { runOnly: { type: "tag", values: tags } });
  }, TAGS);
  return results.violations
    .filter((violation) => GRAVE.has(violation.impact ?? ""))
    .flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")} (${node.failureSummary ?? ""})`));
}
