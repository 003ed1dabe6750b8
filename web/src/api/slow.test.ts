import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Waiting } from "./slow";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("an answer that takes long is told, until it is there or nobody waits for it", async () => {
  const waiting = new Waiting(6_000);
  const heard = vi.fn();
  waiting.subscribe(heard);
  let answer: (text: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const first = waiting.watch(new Promise<string>((resolve) => (answer = resolve)));
  const second = waiting.watch(new Promise<string>((_, reject) => (fail = reject)));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(waiting.isLate()).toBe(false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(waiting.isLate()).toBe(true);
  answer("done");
  expect(await first).toBe("done");
  expect(waiting.isLate()).toBe(true);
  fail(new Error("gone"));
  await expect(second).rejects.toThrow("gone");
  expect([waiting.isLate(), heard.mock.calls.length]).toEqual([false, 4]);
});

test("an answer in time is not told of", async () => {
  const waiting = new Waiting(6_000);
  const heard = vi.fn();
  waiting.subscribe(heard);
  await waiting.watch(Promise.resolve("done"));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).not.toHaveBeenCalled();
});
