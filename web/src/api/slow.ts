// Requests that the server takes long to answer: whoever waits is told so.
import { useSyncExternalStore } from "react";

/** From then on an answer is late, in milliseconds. */
const LATE_MS = 6_000;

/** What is waited for longer than usual. */
export class Waiting {
  private late = 0;
  private readonly listeners = new Set<() => void>();
  private readonly lateMs: number;

  constructor(lateMs: number) {
    this.lateMs = lateMs;
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly isLate = (): boolean => this.late > 0;

  /** Waits for an answer, however it ends. */
  async watch<T>(answer: Promise<T>): Promise<T> {
    let isLate = false;
    const timer = window.setTimeout(() => {
      isLate = true;
      this.count(1);
    }, this.lateMs);
    try {
      return await answer;
    } finally {
      window.clearTimeout(timer);
      if (isLate) this.count(-1);
    }
  }

  private count(more: number): void {
    this.late += more;
    for (const listener of this.listeners) listener();
  }
}

/** What changes something: nobody knows what became of it until the answer is there. */
export const changes = new Waiting(LATE_MS);

/** Whether something that was sent is not answered for longer than usual. */
export const useIsLate = (): boolean => useSyncExternalStore(changes.subscribe, changes.isLate);
