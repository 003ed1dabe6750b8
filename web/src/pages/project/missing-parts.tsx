import type { ReactNode } from "react";
import { t } from "@/text/en";
import { Confirm } from "@/ui/confirm";

/** Says which parts of a document a text of one's own leaves out. */
export function Missing({ parts }: { parts: readonly string[] }) {
  return (
    <p role="status" className="rounded-md border border-clay/40 bg-clay-soft px-4 py-2.5 text-clay">
      {t.edit.missing(parts)}
    </p>
  );
}

/** Asks before such a text is taken. */
export function Sure({ parts, onSure, children }: { parts: readonly string[]; onSure: () => void; children: (ask: () => void) => ReactNode }) {
  if (parts.length === 0) return children(onSure);
  return <Confirm {...t.edit.sure} hint={t.edit.missing(parts)} onConfirm={async () => onSure()} trigger={children} />;
}
