import { useQuery } from "@tanstack/react-query";
import { Sparkles } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import type { Schemas } from "@/api/client";
import { useCommand } from "@/api/commands";
import { type Project, questionsQuery } from "@/api/queries";
import { readOptions } from "@/api/shapes";
import { answersOf, choose, type Draft, draftOf, type Drafts, isAnswered } from "@/lib/answers";
import { cx } from "@/lib/cx";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Await, Failed } from "@/ui/states";
import { useCan } from "./use-project";

type Question = Schemas["QuestionItem"];

function readDrafts(key: string): Drafts {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}") as Drafts;
  } catch {
    return {};
  }
}

export function QuestionForm({ project }: { project: Project }) {
  const query = useQuery(questionsQuery(project.project_id));
  return (
    <Await query={query}>
      {(questions) => {
        const open = questions.filter((question) => project.open_questions.includes(question.id));
        return <OpenQuestions project={project} questions={open} />;
      }}
    </Await>
  );
}

function OpenQuestions({ project, questions }: { project: Project; questions: readonly Question[] }) {
  const key = `gw.answers.${project.project_id}`;
  const [drafts, setDrafts] = useState<Drafts>(() => readDrafts(key));
  useEffect(() => sessionStorage.setItem(key, JSON.stringify(drafts)), [key, drafts]);
  const command = useCommand(project.project_id);
  const can = useCan(project);
  const answers = answersOf(drafts, questions.map((question) => question.id));
  const rest = questions.length - answers.length;
  const done = () => sessionStorage.removeItem(key);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    command.mutate({ command: "answer", answers, recommendations_for_rest: rest > 0 }, { onSuccess: done });
  };
  return (
    <section aria-labelledby="questions-title">
      <h2 id="questions-title" className="text-2xl">
        {t.question.title(questions.length)}
      </h2>
      <p className="mt-1 text-muted">{t.question.hint}</p>
      <form onSubmit={submit} className="mt-5 space-y-5">
        {questions.map((question, index) => (
          <QuestionCard
            key={question.id}
            question={question}
            number={index + 1}
            draft={draftOf(drafts, question.id)}
            disabled={!can("answer") || command.isPending}
            onDraft={(draft) => setDrafts((known) => ({ ...known, [question.id]: draft }))}
          />
        ))}
        {command.error !== null && <Failed error={command.error} />}
        {can("answer") ? (
          <div className="flex flex-wrap items-center gap-3">
            {answers.length > 0 && (
              <Button type="submit" look="primary" busy={command.isPending}>
                {rest > 0 ? t.question.sendRest(answers.length, rest) : t.question.send}
              </Button>
            )}
            <Button
              look={answers.length > 0 ? "quiet" : "clay"}
              busy={command.isPending && answers.length === 0}
              onClick={() => command.mutate({ command: "accept_recommendations" }, { onSuccess: done })}
            >
              <Sparkles className="size-4" aria-hidden />
              {t.question.recommendations}
            </Button>
          </div>
        ) : (
          <p className="text-muted">{t.question.viewer}</p>
        )}
      </form>
    </section>
  );
}

interface QuestionCardProps {
  question: Question;
  number: number;
  draft: Draft;
  disabled: boolean;
  onDraft: (draft: Draft) => void;
}

function QuestionCard({ question, number, draft, disabled, onDraft }: QuestionCardProps) {
  const options = readOptions(question.options);
  const many = question.format === "checkbox";
  return (
    <Card tone={isAnswered(draft) ? "good" : "plain"} className="p-5 sm:p-6">
      <fieldset disabled={disabled}>
        <legend className="contents">
          <span className="flex gap-3 font-serif text-lg font-semibold leading-snug">
            <span aria-hidden className="text-muted">
              {number}
            </span>
            <span>{question.text}</span>
          </span>
        </legend>
        <p className="mt-1.5 pl-6 text-sm text-muted">
          {question.why}
          {many && ` ${t.question.many}`}
        </p>
        <div className="mt-4 space-y-2 pl-0 sm:pl-6">
          {options.map((option) => {
            const checked = draft.options.includes(option.key);
            return (
              <label
                key={option.key}
                className={cx(
                  "flex min-h-11 cursor-pointer items-center gap-3 rounded-md border px-3.5 py-2 has-focus-visible:outline-2 has-focus-visible:outline-spruce",
                  checked ? "border-spruce bg-spruce-soft" : "border-line hover:border-edge",
                )}
              >
                <input
                  type={many ? "checkbox" : "radio"}
                  name={question.id}
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
            aria-label={t.question.ownWords(question.text)}
            rows={options.length > 0 ? 1 : 3}
            value={draft.text}
            onChange={(event) => onDraft({ ...draft, text: event.target.value })}
            placeholder={options.length > 0 ? t.question.own : t.question.free}
            className="min-h-11 w-full rounded-md border border-edge/60 bg-surface px-3.5 py-2.5"
          />
        </div>
      </fieldset>
    </Card>
  );
}
