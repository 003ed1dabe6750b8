import { useSyncExternalStore } from "react";

const narrow = matchMedia("(width < 48rem)");

const subscribe = (listener: () => void) => {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
};

/** Whether there is no room for two columns of text. */
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => narrow.matches);
