import { type FormEvent, useRef, useState } from "react";
import { isProblem } from "@/api/problem";

interface FormState {
  busy: boolean;
  /** What went wrong as a whole, or with a field that no input is shown for; other fields say their own. */
  error: unknown;
  field(name: string): string | undefined;
  submit(event: FormEvent<HTMLFormElement>): void;
}

/** One form that asks the API: busy while it does, and what it refused beside the field that it is about. */
export function useForm(send: (values: FormData) => Promise<unknown>): FormState {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  /** Fields that the form shows. */
  const shown = useRef(new Set<string>());
  const run = async (form: HTMLFormElement) => {
    setBusy(true);
    setError(null);
    try {
      await send(new FormData(form));
    } catch (problem) {
      setError(problem);
      window.setTimeout(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
    } finally {
      setBusy(false);
    }
  };
  const fields = isProblem(error) ? error.fields : new Map<string, string>();
  const isBeside = fields.size > 0 && [...fields.keys()].every((name) => shown.current.has(name));
  return {
    busy,
    error: isBeside ? null : error,
    field(name) {
      shown.current.add(name);
      return fields.get(name);
    },
    submit(event) {
      event.preventDefault();
      void run(event.currentTarget);
    },
  };
}

export const value = (values: FormData, name: string): string => {
  const entry = values.get(name);
  return typeof entry === "string" ? entry : "";
};
