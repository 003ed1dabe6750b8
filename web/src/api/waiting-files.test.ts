import { expect, test, vi } from "vitest";
import type { KeptFile, Shelf } from "@/lib/kept-files";
import { draftOwner, WaitingFiles } from "./waiting-files";

const file = (name: string) => new File(["x"], name);
const DRAFT = draftOwner("d1");

function memory(kept: KeptFile[] = []): Shelf & { kept: Map<string, KeptFile> } {
  const map = new Map(kept.map((one) => [one.key, one]));
  return {
    kept: map,
    all: async () => [...map.values()],
    put: async (one) => void map.set(one.key, one),
    remove: async (key) => void map.delete(key),
    clear: async () => map.clear(),
  };
}

/** Sends to nobody; a file called `bad` is refused until it is mended. */
function course() {
  const sent: [string, string, string][] = [];
  const refused = new Set(["bad"]);
  return {
    sent,
    mend: () => refused.clear(),
    onSent: vi.fn(),
    onFailed: vi.fn(),
    send: async (project: string, one: File, key: string) => {
      if (refused.has(one.name)) throw new Error("no");
      sent.push([project, one.name, key]);
    },
  };
}

test("files wait for their project, then go to it in the order in which they were chosen", async () => {
  const shelf = memory();
  const to = course();
  const files = new WaitingFiles(shelf, to);
  files.add(DRAFT, [file("a"), file("b")]);
  expect(shelf.kept.size).toBe(2);
  expect(to.sent).toEqual([]);
  await files.hand(DRAFT, "p1");
  expect(files.of(DRAFT)).toEqual([]);
  await vi.waitFor(() => expect(to.sent.map(([project, name]) => [project, name])).toEqual([["p1", "a"], ["p1", "b"]]));
  await vi.waitFor(() => expect(shelf.kept.size).toBe(0));
  expect(to.onSent).toHaveBeenCalledTimes(2);
});

test("one that fails stays and is told, the others go on; again means with the same key", async () => {
  const shelf = memory();
  const to = course();
  const files = new WaitingFiles(shelf, to);
  files.add("p1", [file("bad"), file("good")]);
  const [bad] = files.of("p1");
  await files.send("p1");
  expect(to.sent.map(([, name]) => name)).toEqual(["good"]);
  expect(files.of("p1").map(({ file: { name }, state }) => [name, state])).toEqual([["bad", "failed"]]);
  expect(to.onFailed).toHaveBeenCalledOnce();
  expect([...shelf.kept.keys()]).toEqual([bad?.key]);
  to.mend();
  for (const failed of files.of("p1")) files.retry(failed);
  await vi.waitFor(() => expect(to.sent.at(-1)).toEqual(["p1", "bad", bad?.key]));
});

test("a page that is loaded again finds what was left, but for drafts of days ago", async () => {
  const now = 10 * 24 * 60 * 60_000;
  const shelf = memory([
    { key: "2", owner: "p1", file: file("b"), at: now - 1 },
    { key: "1", owner: "p1", file: file("a"), at: 0 },
    { key: "3", owner: draftOwner("old"), file: file("c"), at: 0 },
  ]);
  const to = course();
  const files = new WaitingFiles(shelf, to);
  await files.load(now);
  expect(files.of("p1").map(({ key }) => key)).toEqual(["1", "2"]);
  expect([...shelf.kept.keys()].sort()).toEqual(["1", "2"]);
  await files.send("p1");
  expect(to.sent.map(([, , key]) => key)).toEqual(["1", "2"]);
});

test("after signing out nothing is left, and nothing is sent any more", async () => {
  const shelf = memory();
  const to = course();
  const files = new WaitingFiles(shelf, to);
  files.add("p1", [file("a")]);
  files.forget();
  await files.send("p1");
  expect([to.sent, shelf.kept.size, files.of("p1").length]).toEqual([[], 0, 0]);
});
