// Figures, times and names as people read them, in the reader's own zone.
import { t } from "@/text/en";

const LOCALE = "en";
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
const moment = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium" });
const clock = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium" });
const whole = new Intl.NumberFormat(LOCALE);
const compact = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function ago(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  if (Math.abs(seconds) > 30 * 86_400) return day.format(Date.parse(at));
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return t.time.now;
}

export const dateTime = (at: string): string => moment.format(Date.parse(at));
export const dateOnly = (at: string): string => day.format(Date.parse(at));
export const timeOnly = (at: string | number): string => clock.format(typeof at === "string" ? Date.parse(at) : at);
export const fullTime = (at: string): string => exact.format(Date.parse(at));
export const integer = (value: number): string => whole.format(value);
export const short = (value: number): string => compact.format(value);

/** `1234` → `1.2 kB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return t.time.bytes(whole.format(bytes));
  const [size, unit] = bytes < 1_000_000 ? [bytes / 1000, "kB"] : [bytes / 1_000_000, "MB"];
  return `${size.toLocaleString(LOCALE, { maximumFractionDigits: size < 10 ? 1 : 0 })} ${unit}`;
}

/** US dollars, which arrive as decimal text: cents, or more places where there are no whole cents. */
export function money(amount: string): string {
  const value = Number(amount);
  if (value === 0) return "$0.00";
  if (value < 0.01) return "< $0.01";
  return `$${value.toLocaleString(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 1) return t.time.underSecond;
  if (seconds < 60) return t.time.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t.time.minutes(minutes, seconds % 60);
  return t.time.hours(Math.floor(minutes / 60), minutes % 60);
}

/** `security_review` → `Security review`. */
export function words(name: string): string {
  const spaced = name.replaceAll(/[_-]+/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function initials(name: string): string {
  const parts = name.trim().split(/\s+/);
  return ((parts[0]?.[0] ?? "?") + (parts.length > 1 ? (parts.at(-1)?.[0] ?? "") : "")).toUpperCase();
}

/** What a browser calls itself, shortly. */
export function browser(agent: string | null | undefined): string {
  if (!agent) return t.time.unknownDevice;
  const name = /Edg|Firefox|Chrome|Safari|curl|groundwork/i.exec(agent)?.[0] ?? agent.split("/")[0] ?? agent;
  const system = /Windows|Android|iPhone|iPad|Mac OS|Linux/.exec(agent)?.[0];
  return system === undefined ? name : `${name} · ${system}`;
}
