// Looks at a page at both widths, in light and dark: no serious finding of axe, one main heading, nothing wider than the screen,
// no alert that nobody expects. Where GROUNDWORK_SCREENSHOTS is set it takes the pictures in docs/screenshots/ too.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { t } from "../../src/text/en";
import { graveFindings } from "./axe";
import { small } from "./png";

const SHOTS = fileURLToPath(new URL("../../../docs/screenshots", import.meta.url));
const isTaking = (process.env.GROUNDWORK_SCREENSHOTS ?? "") !== "";
/** What is below is more of the same. */
const HEIGHT_MAX = 2_400;
const WIDE = 1280;
const SIZES = [
  { width: WIDE, height: 900 },
  { width: 390, height: 844 },
];

export interface Looking {
  /** The page shows an error, on purpose. */
  alert?: boolean;
  /** A picture in dark too. */
  dark?: boolean;
  /** Something covers the main heading: a dialog. */
  covered?: boolean;
  /** Only what is on the screen: a dialog, a menu. */
  screen?: boolean;
}

if (isTaking) mkdirSync(SHOTS, { recursive: true });

export async function inspect(page: Page, name: string, options: Looking = {}): Promise<string[]> {
  const before = page.viewportSize();
  const found: string[] = [];
  for (const size of SIZES) {
    const place = `${name} at ${size.width}`;
    await page.setViewportSize(size);
    await settle(page);
    found.push(...(await plainFaults(page, options)).map((fault) => `${place}: ${fault}`));
    await take(page, `${name}-${size.width}`, options);
    found.push(...(await graveFindings(page, "all")).map((fault) => `${place}: ${fault}`));
    // Colours are the same on a phone.
    if (options.dark !== true && size.width < WIDE) continue;
    await paint(page, "dark");
    if (options.dark === true) await take(page, `${name}-${size.width}-dark`, options);
    found.push(...(await graveFindings(page, "colours")).map((fault) => `${place}, dark: ${fault}`));
    await paint(page, "light");
  }
  if (before !== null) await page.setViewportSize(before);
  return found;
}

/** Until what the page asked for is there. */
async function settle(page: Page): Promise<void> {
  await page.getByRole("status").filter({ hasText: new RegExp(`^${t.state.loading}$`) }).first().waitFor({ state: "detached" });
  await page.evaluate(() => document.fonts.ready);
}

/** Colours change over some frames; half-way they are no colours of ours. */
async function paint(page: Page, colorScheme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.evaluate(async () => {
    // One that ends may begin another one, further inside.
    for (let rounds = 0; rounds < 4; rounds += 1) {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
    }
  });
}

async function plainFaults(page: Page, { alert = false, covered = false }: Looking): Promise<string[]> {
  const found: string[] = [];
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) found.push(`${wide} px too wide`);
  const alerts = (await page.getByRole("alert").allInnerTexts()).filter((text) => text.trim() !== "");
  if (!alert && alerts.length > 0) found.push(`an alert: ${alerts.join(" | ")}`);
  if (alert && alerts.length === 0) found.push("no alert");
  const headings = await page.getByRole("heading", { level: 1 }).count();
  if (!covered && headings !== 1) found.push(`${headings} main headings`);
  return found;
}

async function take(page: Page, name: string, { screen = false }: Looking): Promise<void> {
  if (!isTaking) return;
  const size = page.viewportSize() ?? { width: WIDE, height: 900 };
  if (!screen) {
    // A screen as high as the page: what sticks to its lower edge is there, and not in the middle.
    const whole = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ ...size, height: Math.min(Math.max(whole, size.height), HEIGHT_MAX) });
    await page.evaluate(() => scrollTo(0, 0));
  }
  writeFileSync(`${SHOTS}/${name}.png`, small(await page.screenshot()));
  await page.setViewportSize(size);
}
