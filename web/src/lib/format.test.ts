import { expect, test } from "vitest";
import { ago, byteSize, duration, initials, money, words } from "./format";

test("money is never rounded to nothing", () => {
  expect(money("0")).toBe("$0.00");
  expect(money("0.000345025")).toBe("< $0.01");
  expect(money("1234.5")).toBe("$1,234.50");
});

test("times are told in the unit that people use", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  expect(ago("2026-11-21T11:59:50Z", now)).toBe("just now");
  expect(ago("2026-11-21T11:15:00Z", now)).toBe("45 minutes ago");
  expect(ago("2026-11-20T12:00:00Z", now)).toBe("yesterday");
  expect(ago("2026-09-01T12:00:00Z", now)).toBe("Sep 1, 2026");
});

test("sizes have one unit", () => {
  expect([byteSize(64), byteSize(1200), byteSize(65_536), byteSize(2_500_000)]).toEqual(["64 bytes", "1.2 kB", "66 kB", "2.5 MB"]);
});

test("durations, names and initials", () => {
  expect([duration(40), duration(61_000), duration(3_660_000)]).toEqual(["under a second", "1 min 1 s", "1 h 1 min"]);
  expect(words("security_review")).toBe("Security review");
  expect([initials("Ada Lovelace"), initials("ada"), initials(" ")]).toEqual(["AL", "A", "?"]);
});
