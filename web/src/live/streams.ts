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

/** `stage:spec:1`: the end of that attempt brought an event about. With `.2` behind it had to wait for money before. */
const ENDED = /^stage:(.+):(\d+)(?:\.\d+)?$/;

export function endedBy(cause: string | null): { stage: string; attempt: number } | null {
  const match = cause === null ? null : ENDED.exec(cause);
  return match === null ? null : { stage: match[1] ?? "", attempt: Number(match[2]) };
}

const NONE: readonly Running[] = [];

/** Running texts of projects. Stages run beside each other, and so do their texts: one for each attempt of a stage. */
export class Streams {
  private readonly texts = new Map<string, readonly Running[]>();
  private readonly listeners = new Set<() => void>();
  private frame = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** In the order in which they began; the same array until something changes. */
  of(projectId: string): readonly Running[] {
    return this.texts.get(projectId) ?? NONE;
  }

  add(delta: Delta): void {
    const texts = this.of(delta.projectId);
    const known = texts.find((one) => one.stage === delta.stage);
    // A later attempt takes the place of an earlier one; what comes late of an earlier one is nobody's text any more.
    if (known !== undefined && known.attempt > delta.attempt) return;
    const longer = extend(known, delta);
    if (longer === known) return;
    this.texts.set(delta.projectId, known === undefined ? [...texts, longer] : texts.map((one) => (one === known ? longer : one)));
    this.tell();
  }

  /** An attempt of a stage ended. */
  end(projectId: string, stage: string, attempt: number): void {
    const left = this.of(projectId).filter((one) => one.stage !== stage || one.attempt > attempt);
    if (left.length === this.of(projectId).length) return;
    this.texts.set(projectId, left);
    this.tell();
  }

  /** Nothing is written in the project any more. */
  clear(projectId: string): void {
    if (this.texts.delete(projectId)) this.tell();
  }

  /** After signing out. */
  forget(): void {
    this.texts.clear();
    this.tell();
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

export function useRunningTexts(projectId: string): readonly Running[] {
  return useSyncExternalStore(streams.subscribe, () => streams.of(projectId));
}
