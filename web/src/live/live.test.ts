import { expect, test, vi } from "vitest";
import { type EventLog, keys } from "@/api/queries";
import { readEvent } from "@/api/shapes";
import { readDelta, retryDelay } from "./connection";
import { queryClient } from "@/app/query-client";
import { append, takeChange } from "./live";
import { endedBy, extend, Streams } from "./streams";
import { Throttle } from "./throttle";

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

test("texts of stages that run beside each other stay apart, and end one by one", () => {
  const streams = new Streams();
  const delta = (stage: string, text: string, attempt = 1, offset = 0) => ({ projectId: "p", stage, attempt, offset, text });
  streams.add(delta("security_review", "one"));
  streams.add(delta("code_review", "two"));
  streams.add(delta("security_review", " more", 1, 3));
  const shown = () => streams.of("p").map((one) => [one.stage, one.text]);
  expect(shown()).toEqual([["security_review", "one more"], ["code_review", "two"]]);
  streams.add(delta("code_review", "again", 2));
  streams.add(delta("code_review", "late", 1, 3));
  streams.end("p", "code_review", 1);
  expect(shown()).toEqual([["security_review", "one more"], ["code_review", "again"]]);
  streams.end("p", "security_review", 1);
  expect(shown()).toEqual([["code_review", "again"]]);
  expect(streams.of("p")).toBe(streams.of("p"));
});

test("an event says which attempt has ended", () => {
  expect(endedBy("stage:spec-advice:2")).toEqual({ stage: "spec-advice", attempt: 2 });
  expect(endedBy("stage:spec:1.2")).toEqual({ stage: "spec", attempt: 1 });
  expect(endedBy("command:decide:45309b93")).toBeNull();
  expect(endedBy(null)).toBeNull();
});

test("however much happens, a job runs soon and then at most once in its time", () => {
  vi.useFakeTimers();
  const throttle = new Throttle(100);
  let runs = 0;
  const ask = () => throttle.run("list", 2_000, () => (runs += 1));
  ask();
  ask();
  vi.advanceTimersByTime(100);
  expect(runs).toBe(1);
  for (let index = 0; index < 15; index += 1) {
    ask();
    vi.advanceTimersByTime(100);
  }
  expect(runs).toBe(1);
  vi.advanceTimersByTime(2_000);
  expect(runs).toBe(2);
  vi.useRealTimers();
});

test("what another page changed is asked for anew: the project, or what was said of a document", () => {
  vi.useFakeTimers();
  const asked: unknown[] = [];
  const spy = vi.spyOn(queryClient, "invalidateQueries").mockImplementation((filters) => {
    asked.push(filters?.queryKey);
    return Promise.resolve();
  });
  takeChange("/api/v1/projects/0a8a2c8e-0c6f-5f0e-9f3b-0d4e7f3a9b11");
  takeChange("/api/v1/artifacts/4e55d5b6/comments");
  takeChange("/api/v1/settings/api-keys/openai");
  vi.advanceTimersByTime(5_000);
  expect(asked).toEqual([["comments"], keys.project("0a8a2c8e-0c6f-5f0e-9f3b-0d4e7f3a9b11"), keys.projects]);
  spy.mockRestore();
  vi.useRealTimers();
});
