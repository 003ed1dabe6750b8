import { useState } from "react";
import { t } from "@/text/en";

interface TitleEditorProps {
  title: string;
  onSave: (title: string) => void;
  onCancel: () => void;
}

/** Enter keeps, Escape leaves as it was. */
export function TitleEditor({ title, onSave, onCancel }: TitleEditorProps) {
  const [draft, setDraft] = useState(title);
  const save = () => (draft.trim() === "" || draft.trim() === title ? onCancel() : onSave(draft.trim()));
  return (
    <input
      aria-label={t.project.title}
      autoFocus
      maxLength={200}
      value={draft}
      onChange={(event) => setDraft(event.target.value)}
      onFocus={(event) => event.target.select()}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === "Enter") save();
        if (event.key === "Escape") onCancel();
      }}
      className="relative z-10 w-full rounded-md border border-edge bg-surface px-2 py-1 font-medium"
    />
  );
}
