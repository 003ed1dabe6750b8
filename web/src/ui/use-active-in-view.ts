import { useLocation } from "@tanstack/react-router";
import { type RefObject, useEffect, useRef } from "react";

/** Keeps the link to the present page in sight, in a row of links that is wider than the screen. */
export function useActiveInView<T extends HTMLElement>(): RefObject<T | null> {
  const row = useRef<T>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    const element = row.current;
    if (element === null) return;
    const show = () => {
      const active = element.querySelector<HTMLElement>('[aria-current="page"]');
      // By hand: `scrollIntoView` would move the page too.
      if (active !== null) element.scrollLeft = active.offsetLeft - (element.clientWidth - active.clientWidth) / 2;
    };
    // At once, and whenever the row is of another width: a device was turned.
    const watch = new ResizeObserver(show);
    watch.observe(element);
    return () => watch.disconnect();
  }, [pathname]);
  return row;
}
