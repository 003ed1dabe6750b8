// @vitest-environment node
import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { entriesOf } from "./unzip";

/** An archive as ours are: local headers, the list of files, the end record. */
function archive(files: readonly [path: string, text: string, packed: boolean][]): ArrayBuffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const [path, text, packed] of files) {
    const name = Buffer.from(path);
    const plain = Buffer.from(text);
    const data = packed ? deflateRawSync(plain) : plain;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    locals.push(local, name, data);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(packed ? 8 : 0, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(plain.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    central.push(entry, name);
    at += 30 + name.length + data.length;
  }
  const list = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(at, 16);
  return Uint8Array.from(Buffer.concat([...locals, list, end])).buffer;
}

test("files come out as they went in, packed or not", async () => {
  const entries = entriesOf(archive([["code/", "", false], ["code/src/a.ts", "const größe = 1;\n".repeat(50), true], ["README.md", "hello", false]]));
  expect(entries.map((entry) => entry.path)).toEqual(["code/src/a.ts", "README.md"]);
  expect(await entries[0]?.text()).toBe("const größe = 1;\n".repeat(50));
  expect(await entries[1]?.text()).toBe("hello");
  expect(entries[1]?.bytes).toBe(5);
});

test("what is no archive is refused", () => {
  expect(() => entriesOf(new ArrayBuffer(10))).toThrow();
  expect(() => entriesOf(Uint8Array.from(Buffer.from("x".repeat(100))).buffer)).toThrow("no archive");
});
