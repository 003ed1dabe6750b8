import { useSyncExternalStore } from "react";
import { ago, fullTime } from "@/lib/format";

const TICK_MS = 30_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The present, to half a minute: one timer for all times that are shown. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

/** How long ago, with the exact time for who wants it. */
export function Ago({ at }: { at: string }) {
  const present = useNow();
  return (
    <time dateTime={at} title={fullTime(at)} className="whitespace-nowrap">
      {ago(at, Math.max(present, Date.now() - TICK_MS))}
    </time>
  );
}
