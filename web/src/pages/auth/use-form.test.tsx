import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { ApiProblem } from "@/api/problem";
import { Input } from "@/ui/field";
import { useForm } from "./use-form";

afterEach(cleanup);

function Form({ error }: { error: ApiProblem }) {
  const form = useForm(() => Promise.reject(error));
  return (
    <form onSubmit={form.submit}>
      {form.error !== null && <p role="alert">as a whole</p>}
      <Input label="Name" name="name" error={form.field("name")} />
      <Input label="Email address" name="email" error={form.field("email")} />
      <button type="submit">Send</button>
    </form>
  );
}

const refused = (field: string) => new ApiProblem({ detail: "These fields are wrong.", errors: [{ field, message: "is not an email address" }] }, 422);

test("the field that was refused has the focus and says why", async () => {
  render(<Form error={refused("email")} />);
  fireEvent.click(screen.getByText("Send"));
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Email address")));
  expect(screen.getByText("Email address is not an email address.")).toBeDefined();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("what no field is there for is said of the whole", async () => {
  render(<Form error={refused("country")} />);
  fireEvent.click(screen.getByText("Send"));
  await screen.findByRole("alert");
});
