// A pipeline of a workspace, begun from one that there is, and what is wrong with it.
import { isProblem } from "@/api/problem";

interface From {
  id: string;
  source: string;
  /** Shipped ones cannot be changed: theirs is another id. */
  isShipped: boolean;
  versions: readonly number[];
}

/** The definition to begin with, such that it can be kept: under an id of its own, or as the next version. */
export function ownSource({ id, source, isShipped, versions }: From, taken: readonly string[]): string {
  if (!isShipped) return source.replace(/^version = \d+/m, `version = ${Math.max(0, ...versions) + 1}`);
  const free = (number: number): string => {
    const name = number === 1 ? `our-${id}` : `our-${id}-${number}`;
    return taken.includes(name) ? free(number + 1) : name;
  };
  return source.replace(/^(?:#.*\n)+/, "").replace(/^id = ".*"/m, `id = "${free(1)}"`).replace(/^version = \d+/m, "version = 1");
}

export interface Fault {
  /** 1, 2, …; none: it is about no line. */
  line: number | null;
  message: string;
}

/** What is wrong, each thing once. None where the answer says nothing about the definition. */
export function faultsOf(error: unknown): Fault[] {
  if (!isProblem(error)) return [];
  return [...error.fields].map(([field, message]) => {
    const line = /^source:(\d+)$/.exec(field)?.[1];
    return { line: line === undefined ? null : Number(line), message };
  });
}

/** Where a line begins and ends in a text. */
export function placeOf(text: string, line: number): [number, number] {
  const lines = text.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return [start, start + (lines[line - 1]?.length ?? 0)];
}
