import { type RefObject, useEffect, useRef } from "react";

/** Says so each time the element comes near the screen. */
export function useSeen<T extends HTMLElement>(onSeen: () => void, enabled: boolean): RefObject<T | null> {
  const element = useRef<T>(null);
  const latest = useRef(onSeen);
  useEffect(() => {
    latest.current = onSeen;
  });
  useEffect(() => {
    if (!enabled || element.current === null) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && latest.current(), { rootMargin: "600px" });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [enabled]);
  return element;
}
