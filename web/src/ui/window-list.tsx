import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

interface WindowListProps<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  /** About how high one is, in pixels. */
  height: number;
  label: string;
  children: (item: T) => ReactNode;
}

/** Longer lists keep only what is on the screen in the page. */
const VIRTUAL_FROM = 60;

/** A list that scrolls with the page, however long it is. */
export function WindowList<T>(props: WindowListProps<T>) {
  const { items, keyOf, label, children } = props;
  if (items.length >= VIRTUAL_FROM) return <Virtual {...props} />;
  return (
    <ol aria-label={label}>
      {items.map((item) => (
        <li key={keyOf(item)}>{children(item)}</li>
      ))}
    </ol>
  );
}

function Virtual<T>({ items, keyOf, height, label, children }: WindowListProps<T>) {
  const list = useRef<HTMLOListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY), []);
  const rows = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: top,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
  });
  return (
    <ol ref={list} aria-label={label} className="relative" style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((row) => {
        const item = items[row.index];
        return item === undefined ? null : (
          <li
            key={row.key}
            ref={rows.measureElement}
            data-index={row.index}
            aria-setsize={items.length}
            aria-posinset={row.index + 1}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${row.start - top}px)` }}
          >
            {children(item)}
          </li>
        );
      })}
    </ol>
  );
}
