import { useCallback, useState } from "react";

/** A text that somebody is writing, kept in this tab until it was sent: a reload, or a page that changes live, loses no word. */
export function useDraft(name: string): [string, (text: string) => void] {
  const key = `gw.draft.${name}`;
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? "");
  const write = useCallback(
    (fresh: string) => {
      setText(fresh);
      if (fresh === "") sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, fresh);
    },
    [key],
  );
  return [text, write];
}
