// Handoffs between agents are envelopes: fields for programs, and the same as Markdown for whoever reads it next.
import { field, text as readText } from "@/api/shapes";

/** What a person reads of an artifact in JSON; null where it is no envelope with a text. */
export function bodyOf(content: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return null;
  }
  const body = readText(field(value, "body"));
  return body === null || body.trim() === "" ? null : body;
}
