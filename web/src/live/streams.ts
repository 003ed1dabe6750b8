// Texts while agents write them. Pieces are not kept by the server's log: the finished artifact is what counts.
import { useSyncExternalStore } from "react";
import type { Delta } from "./connection";

export interface Running {
  stage: string;
  attempt: number;
  text: string;
  /** Bytes before `text` that were never seen. */
  missing: number;
}

/** So much is shown of a running text, in characters. */
const SHOWN_MAX = 16_000;
const encoder = new TextEncoder();

/** A running text with one more piece. Pieces that were seen already are cut off; a gap begins the text anew. */
export function extend(known: Running | undefined, delta: Delta): Running {
  const fresh: Running = { stage: delta.stage, attempt: delta.attempt, text: delta.text, missing: delta.offset };
  if (known === undefined || known.stage !== delta.stage || known.attempt !== delta.attempt) return fresh;
  const end = known.missing + encoder.encode(known.text).length;
  if (delta.offset > end) return fresh;
  if (delta.offset === 0 && end > 0 && delta.text.length >= known.text.length) return fresh;
  const bytes = encoder.encode(delta.text);
  const seen = end - delta.offset;
  if (seen >= bytes.length) return known;
  const text = known.text + new TextDecoder().decode(bytes.slice(seen));
  if (text.length <= SHOWN_MAX) return { ...known, text };
  const cut = text.slice(text.length - SHOWN_MAX);
  return { ...known, text: cut, missing: known.missing + encoder.encode(text.slice(0, text.length - SHOWN_MAX)).length };
}

class Streams {
  private readonly texts = new Map<string, Running>();
  private readonly listeners = new Set<() => void>();
  private frame = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  of(projectId: string): Running | undefined {
    return this.texts.get(projectId);
  }

  add(delta: Delta): void {
    this.texts.set(delta.projectId, extend(this.texts.get(delta.projectId), delta));
    this.tell();
  }

  /** A stage ended, or another began. */
  clear(projectId: string): void {
    if (this.texts.delete(projectId)) this.tell();
  }

  /** At most once a frame, however fast agents write. */
  private tell(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      for (const listener of this.listeners) listener();
    });
  }
}

export const streams = new Streams();

export function useRunningText(projectId: string): Running | undefined {
  return useSyncExternalStore(streams.subscribe, () => streams.of(projectId));
}
