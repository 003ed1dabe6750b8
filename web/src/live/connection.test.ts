import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveConnection } from "./connection";

class FakeSocket {
  static readonly OPEN = 1;
  static last: FakeSocket | undefined;
  /** Whether there is a server that answers pings. */
  static answers = true;
  readonly readyState = 1;
  readonly sent: { type: string; project_id?: string; after?: number }[] = [];
  onmessage: ((message: { data: string }) => void) | undefined;
  onclose: ((closing: { code: number }) => void) | undefined;
  constructor() {
    FakeSocket.last = this;
  }
  send(text: string): void {
    const said = JSON.parse(text) as { type: string };
    this.sent.push(said);
    if (said.type === "ping" && FakeSocket.answers) this.says({ event: "pong" });
  }
  close(): void {
    // Nothing to end.
  }
  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const hearers = { event: vi.fn(), delta: vi.fn(), refused: vi.fn(), ended: vi.fn(), resumed: vi.fn() };
let connection: LiveConnection;

/** What the server answers to a request, by the end of its path. */
function answers(statuses: Readonly<Record<string, number>>): void {
  vi.stubGlobal("fetch", (input: string | Request) => {
    const path = new URL(typeof input === "string" ? input : input.url, location.origin).pathname.split("/").at(-1) ?? "";
    return Promise.resolve(new Response("{}", { status: statuses[path] ?? 200 }));
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request: (_name: string, run: () => unknown) => run() } });
  connection = new LiveConnection(hearers);
});
afterEach(() => {
  connection.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.clearAllMocks();
  FakeSocket.last = undefined;
  FakeSocket.answers = true;
});

const socket = (): FakeSocket => {
  if (FakeSocket.last === undefined) throw new Error("no connection");
  return FakeSocket.last;
};

test("more projects than the server tells of: what is shown is not called live, and they are asked for again", () => {
  connection.follow("p", 3);
  socket().says({ event: "authenticated" });
  expect(connection.standing()).toBe("live");
  socket().says({ event: "subscription_refused", project_id: "p", code: "limit_reached" });
  expect(connection.standing()).toBe("partly");
  const asked = () => socket().sent.filter((one) => one.type === "subscribe").length;
  expect(asked()).toBe(1);
  vi.advanceTimersByTime(31_000);
  expect(asked()).toBe(2);
  socket().says({ event: "subscribed", project_id: "p" });
  expect(connection.standing()).toBe("live");
});

test("what came in before is not asked for again", () => {
  const leave = connection.follow("p", 0);
  socket().says({ event: "authenticated" });
  socket().says({ event: "progress_update", project_id: "p", sequence: 7, timestamp: "2026-11-21T12:00:00Z" });
  leave();
  connection.follow("p", 0);
  expect(socket().sent.at(-1)).toEqual({ type: "subscribe", project_id: "p", after: 7 });
});

test("a session that ended elsewhere is told, and nothing is tried any more", async () => {
  answers({ me: 401, refresh: 401 });
  connection.start();
  socket().says({ event: "authenticated" });
  socket().onclose?.({ code: 4401 });
  FakeSocket.last = undefined;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(hearers.ended).toHaveBeenCalledOnce();
  expect(FakeSocket.last).toBeUndefined();
});

test("a server that restarts ends no session: it is tried again until it is back", async () => {
  answers({ me: 401, refresh: 503 });
  connection.start();
  socket().says({ event: "authenticated" });
  socket().onclose?.({ code: 1012 });
  FakeSocket.last = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(hearers.ended).not.toHaveBeenCalled();
  expect(connection.standing()).toBe("lost");
  answers({});
  await vi.advanceTimersByTimeAsync(20_000);
  socket().says({ event: "authenticated" });
  expect(connection.standing()).toBe("live");
  expect(hearers.resumed).toHaveBeenCalledOnce();
});

test("a server that hangs is not called live: a ping wants an answer", async () => {
  answers({});
  connection.start();
  socket().says({ event: "authenticated" });
  const pings = () => socket().sent.filter((one) => one.type === "ping").length;
  await vi.advanceTimersByTimeAsync(15_500);
  expect(pings()).toBe(1);
  FakeSocket.answers = false;
  await vi.advanceTimersByTimeAsync(9_000);
  expect(connection.standing()).toBe("live");
  // The next one is not answered.
  await vi.advanceTimersByTimeAsync(6_000);
  expect([pings(), connection.standing()]).toEqual([2, "live"]);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(connection.standing()).toBe("lost");
});

test("a late answer to something else has the connection asked at once", async () => {
  answers({});
  connection.start();
  socket().says({ event: "authenticated" });
  await vi.advanceTimersByTimeAsync(10_000);
  FakeSocket.answers = false;
  connection.probe();
  // The usual ping comes meanwhile, and gives it no more time.
  await vi.advanceTimersByTimeAsync(8_500);
  expect(connection.standing()).toBe("lost");
});

test("after the sign-out nothing that was under way connects again", async () => {
  let answer: (response: Response) => void = () => undefined;
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => (answer = resolve)));
  connection.start();
  socket().onclose?.({ code: 1006 });
  await vi.advanceTimersByTimeAsync(1_000);
  FakeSocket.last = undefined;
  connection.stop();
  answer(new Response("{}"));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(FakeSocket.last).toBeUndefined();
  expect(connection.standing()).toBe("off");
});
