import { type FormEvent, useState } from "react";
import { isProblem } from "@/api/problem";

interface FormState {
  busy: boolean;
  /** What went wrong as a whole; fields say their own. */
  error: unknown;
  field(name: string): string | undefined;
  submit(event: FormEvent<HTMLFormElement>): void;
}

/** One form that asks the API: busy while it does, and what it refused beside the field that it is about. */
export function useForm(send: (values: FormData) => Promise<unknown>): FormState {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (values: FormData) => {
    setBusy(true);
    setError(null);
    try {
      await send(values);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const fields = isProblem(error) ? error.fields : new Map<string, string>();
  return {
    busy,
    error: error !== null && fields.size > 0 ? null : error,
    field: (name) => fields.get(name),
    submit(event) {
      event.preventDefault();
      void run(new FormData(event.currentTarget));
    },
  };
}

export const value = (values: FormData, name: string): string => {
  const entry = values.get(name);
  return typeof entry === "string" ? entry : "";
};
