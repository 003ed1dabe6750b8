import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { readOptions } from "@/api/shapes";
import { choose, type Draft, isAnswered } from "@/lib/answers";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";

export type Question = Schemas["QuestionItem"];

interface QuestionCardProps {
  question: Question;
  /** Its place among those that are asked. */
  number?: number;
  draft: Draft;
  disabled: boolean;
  onDraft: (draft: Draft) => void;
  action?: ReactNode;
}

/** One question: options of which one, or several, may be chosen, and always words of one's own. */
export function QuestionCard({ question, number, draft, disabled, onDraft, action }: QuestionCardProps) {
  const options = readOptions(question.options);
  const many = question.format === "checkbox";
  return (
    <Card tone={isAnswered(draft) ? "good" : "plain"} className="p-5 sm:p-6">
      <fieldset disabled={disabled}>
        <legend className="contents">
          <span className="flex gap-3 font-serif text-lg font-semibold leading-snug">
            {number !== undefined && (
              <span aria-hidden className="text-muted">
                {number}
              </span>
            )}
            <span>{question.text}</span>
          </span>
        </legend>
        <p className={cx("mt-1.5 text-sm text-muted", number !== undefined && "pl-6")}>
          {question.why}
          {many && ` ${t.question.many}`}
        </p>
        <div className={cx("mt-4 space-y-2", number !== undefined && "sm:pl-6")}>
          {options.map((option) => {
            const checked = draft.options.includes(option.key);
            return (
              <label
                key={option.key}
                className={cx(
                  "flex min-h-11 cursor-pointer items-center gap-3 rounded-md border px-3.5 py-2 has-focus-visible:outline-2 has-focus-visible:outline-spruce",
                  checked ? "border-spruce bg-spruce-soft" : "border-edge hover:bg-sunken/60",
                )}
              >
                <input
                  type={many ? "checkbox" : "radio"}
                  name={`question-${question.id}`}
                  value={option.key}
                  checked={checked}
                  onChange={() => onDraft(choose(draft, option.key, many))}
                  className="size-4 shrink-0 accent-(--spruce)"
                />
                <span className="grow">{option.label}</span>
                {option.recommended && <Badge tone="spruce">{t.question.recommended}</Badge>}
              </label>
            );
          })}
          <textarea
            dir="auto"
            aria-label={t.question.ownWords(question.text)}
            rows={options.length > 0 ? 1 : 3}
            value={draft.text}
            onChange={(event) => onDraft({ ...draft, text: event.target.value })}
            placeholder={options.length > 0 ? t.question.own : t.question.free}
            className="min-h-11 w-full rounded-md border border-edge bg-surface px-3.5 py-2.5"
          />
        </div>
        <div className="mt-1 flex flex-wrap gap-1 empty:hidden sm:pl-4">
          {!many && draft.options.length > 0 && (
            <Button look="quiet" size="sm" aria-label={t.question.clearOf(question.text)} onClick={() => onDraft({ ...draft, options: [] })}>
              {t.question.clear}
            </Button>
          )}
          {action}
        </div>
      </fieldset>
    </Card>
  );
}
