import { type FormEvent, useEffect, useRef, useState } from "react";
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
  const sent = useRef<HTMLFormElement | null>(null);
  // Where something is wrong the writer goes on: by then the field says so, and it is read out with it.
  useEffect(() => {
    if (error !== null && !busy) sent.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error, busy]);
  const run = async (form: HTMLFormElement) => {
    sent.current = form;
    setBusy(true);
    setError(null);
    try {
      await send(new FormData(form));
    } catch (problem) {
      setError(problem);
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
