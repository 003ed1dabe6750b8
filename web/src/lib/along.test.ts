import { expect, test } from "vitest";
import { base64Of, fitting } from "./along";

const sized = (...sizes: number[]) => sizes.map((size) => ({ file: { size } }));

test("what fits into one request goes along, larger files follow", () => {
  const { along, later } = fitting(sized(2_000_000, 5_000_000, 3_000_000));
  expect([along, later].map((files) => files.map((one) => one.file.size))).toEqual([[2_000_000, 3_000_000], [5_000_000]]);
  expect(fitting(sized(...Array<number>(25).fill(1))).later).toHaveLength(5);
});

test("bytes become Base64", async () => {
  expect(await base64Of(new Blob([new Uint8Array([0, 255, 16])]))).toBe("AP8Q");
});
