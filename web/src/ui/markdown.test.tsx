import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import Rendered from "./markdown-rendered";

afterEach(cleanup);

const html = (text: string) => render(<Rendered text={text} requirementLink={(id) => `#${id}`} />).container.innerHTML;

test("raw HTML and dangerous links do nothing (R-16)", () => {
  const shown = html('<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) ![p](https://elsewhere.example/pixel.png)');
  expect(shown).not.toMatch(/<script|onerror=|javascript:|<img|elsewhere/);
});

test("requirements can be linked to, and are linked", () => {
  const shown = html("### FR-001 Create\nSee FR-002.");
  expect(shown).toContain('id="FR-001"');
  expect(shown).toContain('<a href="#FR-002">FR-002</a>');
});
