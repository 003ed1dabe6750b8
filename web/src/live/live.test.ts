import { expect, test } from "vitest";
import type { EventLog } from "@/api/queries";
import { readEvent } from "@/api/shapes";
import { readDelta, retryDelay } from "./connection";
import { append } from "./live";
import { extend } from "./streams";

const event = (sequence: number) => {
  const read = readEvent({ event: "progress_update", project_id: "p", sequence, timestamp: "2026-11-21T12:00:00Z" });
  if (read === null) throw new Error("unreadable");
  return read;
};
const log = (...sequences: number[]): EventLog => ({
  pages: [{ window: { after: 0, limit: 100 }, events: sequences.map(event) }],
  pageParams: [{ after: 0, limit: 100 }],
});
const shown = (read: EventLog | undefined) => read?.pages[0]?.events.map((one) => one.sequence);

test("an event is shown once, in its place", () => {
  expect(shown(append(log(1, 2), event(3)))).toEqual([1, 2, 3]);
  expect(shown(append(log(1, 3), event(2)))).toEqual([1, 2, 3]);
  expect(shown(append(log(1, 2), event(2)))).toEqual([1, 2]);
  expect(append(undefined, event(1))).toBeUndefined();
});

test("pieces of a text go together by bytes, seen ones are cut off, and a gap begins anew", () => {
  const delta = (offset: number, text: string, attempt = 1) => ({ projectId: "p", stage: "spec", attempt, offset, text });
  const first = extend(undefined, delta(0, "Grüße"));
  expect(extend(first, delta(7, " an alle")).text).toBe("Grüße an alle");
  expect(extend(first, delta(4, "ße an")).text).toBe("Grüße an");
  expect(extend(first, delta(2, "ü"))).toBe(first);
  expect(extend(first, delta(40, "later"))).toMatchObject({ text: "later", missing: 40 });
  expect(extend(first, delta(0, "again", 2)).text).toBe("again");
});

test("tries come slower and slower, and not all at once", () => {
  expect(retryDelay(0, 0.5)).toBe(500);
  expect(retryDelay(2, 0)).toBeLessThan(retryDelay(2, 1));
  expect(retryDelay(100, 1)).toBeLessThanOrEqual(20_000);
});

test("frames that are no pieces of a text are none", () => {
  expect(readDelta({ event: "delta", project_id: "p", stage: "spec", attempt: 1, offset: 0, text: "a" })?.text).toBe("a");
  expect(readDelta({ event: "delta", project_id: "p" })).toBeNull();
  expect(readEvent({ event: "pong", project_id: null })).toBeNull();
});
