import { useEffect } from "react";
import { t } from "@/text/en";

let title = t.product as string;
let count = 0;

function write(): void {
  document.title = count === 0 ? title : `(${count}) ${title}`;
}

export function useTitle(of: string | undefined): void {
  useEffect(() => {
    title = of === undefined ? t.product : `${of} · ${t.product}`;
    write();
  }, [of]);
}

/** How much waits for the reader, before the title of whatever page is shown. */
export function setTitleCount(waiting: number): void {
  count = waiting;
  write();
}
