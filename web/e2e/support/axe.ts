import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ONLY = {
  all: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
  /** What differs between light and dark. */
  colours: { type: "rule", values: ["color-contrast", "link-in-text-block"] },
};
const NODES_MAX = 3;
const GRAVE = new Set(["serious", "critical"]);

/** What axe finds that is serious or worse, one line each. */
export async function graveFindings(page: Page, what: keyof typeof ONLY): Promise<string[]> {
  // Through the debugger, which no policy of the page keeps out.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(source);
  const results = await page.evaluate(async (runOnly): Promise<Pick<AxeResults, "violations">> => {
    const { axe } = window as unknown as { axe: { run(node: Document, options: object): Promise<AxeResults> } };
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return { violations };
  }, ONLY[what]);
  return results.violations
    .filter((violation) => GRAVE.has(violation.impact ?? ""))
    .map(({ id, help, nodes }) => {
      const [first] = nodes;
      const why = first?.any[0]?.message ?? first?.all[0]?.message ?? help;
      const places = nodes.slice(0, NODES_MAX).map((node) => node.target.join(" "));
      return `${id} (${why}): ${places.join(", ")}${nodes.length > NODES_MAX ? ` and ${nodes.length - NODES_MAX} more` : ""}`;
    });
}
