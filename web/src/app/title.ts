import { useEffect } from "react";
import { t } from "@/text/en";

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title === undefined ? t.product : `${title} · ${t.product}`;
  }, [title]);
}
