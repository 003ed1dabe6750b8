import { expect, test } from "vitest";
import { bodyOf } from "./handoff";

test("the text of an envelope is read, not its fields", () => {
  expect(bodyOf(JSON.stringify({ handoff_type: "software_specification", content: {}, body: "## Core idea\nA kiln." }))).toBe("## Core idea\nA kiln.");
  for (const other of ['{"files": []}', '{"body": " "}', "no JSON", "[]", "null"]) expect(bodyOf(other)).toBeNull();
});
