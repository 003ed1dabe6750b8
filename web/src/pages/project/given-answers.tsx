import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCommand } from "@/api/commands";
import { useNameOf } from "@/api/people";
import { type Project, questionsQuery } from "@/api/queries";
import { readOptions } from "@/api/shapes";
import { answersOf, type Draft } from "@/lib/answers";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Failed } from "@/ui/states";
import { tell } from "@/ui/toast";
import { type Question, QuestionCard } from "./question-card";
import { RedoPreview } from "./redo-preview";
import { useCan } from "./use-project";

/** What was answered, by whom; an answer can be changed, and what rests on it is made again (D-09). */
export function GivenAnswers({ project }: { project: Project }) {
  const questions = useQuery({ ...questionsQuery(project.project_id), enabled: project.pipeline === "promptr" || project.open_questions.length > 0 }).data ?? [];
  const [changing, setChanging] = useState<Question | null>(null);
  const can = useCan(project);
  const nameOf = useNameOf(project.workspace_id);
  const given = questions.filter((question) => question.state === "answered");
  if (given.length === 0) return null;
  return (
    <details className="group rounded-lg border border-line bg-surface">
      <summary className="cursor-pointer px-5 py-4 font-serif text-lg font-semibold">{t.question.given(given.length)}</summary>
      <ul className="divide-y divide-line border-t border-line">
        {given.map((question) => (
          <li key={question.id} className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-5 py-4">
            <div className="min-w-0 grow basis-72">
              <p className="text-muted">{question.text}</p>
              <p className="mt-1 font-medium">{answerOf(question)}</p>
              <p className="mt-1 text-sm text-muted">
                {question.assumption == null ? nameOf(question.answered_by) : <Badge>{t.question.assumed}</Badge>}
              </p>
            </div>
            {can("amend_answer") && (
              <Button size="sm" aria-label={t.question.amendOf(question.text)} onClick={() => setChanging(question)}>
                {t.question.amend}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {changing !== null && <Change project={project} question={changing} onClose={() => setChanging(null)} />}
    </details>
  );
}

function answerOf(question: Question): string {
  const labels = readOptions(question.options)
    .filter((option) => question.answer_options.includes(option.key))
    .map((option) => option.label);
  return [...labels, ...(question.answer_text == null || question.answer_text === "" ? [] : [question.answer_text])].join(" · ");
}

function Change({ project, question, onClose }: { project: Project; question: Question; onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>({ options: [...question.answer_options], text: question.answer_text ?? "" });
  const command = useCommand(project.project_id);
  const [answer] = answersOf({ [question.id]: draft }, [question.id]);
  const send = () => {
    if (answer === undefined) return;
    command.mutate(
      { command: "amend_answer", ...answer },
      {
        onSuccess: () => {
          tell(t.question.amended);
          onClose();
        },
      },
    );
  };
  return (
    <Dialog open wide onOpenChange={(open) => !open && onClose()} title={t.question.amend} hint={t.question.amendHint}>
      <div className="space-y-4">
        <QuestionCard question={question} draft={draft} disabled={command.isPending} onDraft={setDraft} />
        <RedoPreview project={project} command="amend_answer" target={question.id} />
        {command.error !== null && <Failed error={command.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t.action.cancel}</Button>
          <Button look="primary" busy={command.isPending} disabled={answer === undefined} onClick={send}>
            {t.question.amendSend}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
