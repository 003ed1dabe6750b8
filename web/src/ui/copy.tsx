import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { t } from "@/text/en";
import { Button } from "./button";
import { tell } from "./toast";

const SHOWN_MS = 2_000;

export function CopyButton({ text, label, look = "secondary" }: { text: string; label: string; look?: "secondary" | "primary" | "quiet" }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = window.setTimeout(() => setDone(false), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
    } catch {
      tell(t.copy.failed, { bad: true });
    }
  };
  return (
    <Button size="sm" look={look} onClick={() => void copy()}>
      {done ? <Check className="size-4" aria-hidden /> : <Copy className="size-4" aria-hidden />}
      {done ? t.copy.done : label}
      <span className="sr-only" role="status">
        {done ? t.copy.done : ""}
      </span>
    </Button>
  );
}
