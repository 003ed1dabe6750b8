import { useLocation } from "@tanstack/react-router";
import { type RefObject, useEffect, useRef } from "react";

/** Keeps the link to the present page in sight, in a row of links that is wider than the screen. */
export function useActiveInView<T extends HTMLElement>(): RefObject<T | null> {
  const row = useRef<T>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    const active = row.current?.querySelector<HTMLElement>('[aria-current="page"]');
    if (row.current === null || active == null) return;
    // By hand: `scrollIntoView` would move the page too.
    row.current.scrollLeft = active.offsetLeft - (row.current.clientWidth - active.clientWidth) / 2;
  }, [pathname]);
  return row;
}
