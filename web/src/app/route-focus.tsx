import { useLocation } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { focusMain } from "@/lib/focus";

/** The page has its title once its content is there. */
const TITLE_MS = 250;

/** What is one page with parts: going from one part to another leaves the focus on the row of parts. */
const frameOf = (path: string): string => /^\/(projects\/[0-9a-f-]{36}|settings)/.exec(path)?.[0] ?? path;

/** After another page came up: the focus goes to its content, and its title is said to who does not see it. */
export function RouteFocus() {
  const { pathname } = useLocation();
  const last = useRef(pathname);
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (last.current === pathname) return;
    const isOther = frameOf(last.current) !== frameOf(pathname);
    last.current = pathname;
    if (isOther) focusMain();
    const timer = window.setTimeout(() => setSaid(document.title.replace(/^\(\d+\) /, "")), TITLE_MS);
    return () => window.clearTimeout(timer);
  }, [pathname]);
  return (
    <p role="status" className="sr-only">
      {said}
    </p>
  );
}
