import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { Input } from "./field";

afterEach(cleanup);

test("what a server says of a field is a sentence beside it, and read with it", () => {
  render(<Input label="Email address" error="is not an email address" />);
  const input = screen.getByLabelText("Email address");
  const words = document.getElementById(input.getAttribute("aria-describedby") ?? "")?.textContent;
  expect([words, input.getAttribute("aria-invalid")]).toEqual(["Email address is not an email address.", "true"]);
  cleanup();
  render(<Input label="Your idea" error="This has 20 kB." />);
  expect(screen.getByText("This has 20 kB.")).toBeDefined();
});
