import { useQuery } from "@tanstack/react-query";
import { Clock3, Sparkles } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { useCommand } from "@/api/commands";
import { type Project, questionsQuery } from "@/api/queries";
import { answersOf, type Drafts, draftOf } from "@/lib/answers";
import { backToTop } from "@/lib/focus";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Await, Failed } from "@/ui/states";
import { tell, tellProblem } from "@/ui/toast";
import { type Question, QuestionCard } from "./question-card";
import { useCan } from "./use-project";

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
        // In the order that the project asks them in: what was put off comes last.
        const open = project.open_questions.flatMap((id) => questions.find((question) => question.id === id) ?? []);
        return open.length === 0 ? null : <OpenQuestions project={project} questions={open} />;
      }}
    </Await>
  );
}

function OpenQuestions({ project, questions }: { project: Project; questions: readonly Question[] }) {
  const key = `gw.answers.${project.project_id}`;
  const [drafts, setDrafts] = useState<Drafts>(() => readDrafts(key));
  useEffect(() => sessionStorage.setItem(key, JSON.stringify(drafts)), [key, drafts]);
  const command = useCommand(project.project_id);
  const defers = useCommand(project.project_id);
  const can = useCan(project);
  const answers = answersOf(drafts, questions.map((question) => question.id));
  const rest = questions.length - answers.length;
  // What somebody wants to be asked later is answered by nobody else, a recommendation included.
  const answered = new Set(answers.map((answer) => answer.question_id));
  const later = questions.some((question) => !answered.has(question.id) && draftOf(drafts, question.id).later === true);
  const done = () => {
    // What was put off stays so while other questions are open.
    setDrafts((known) => Object.fromEntries(Object.entries(known).flatMap(([id, draft]) => (draft.later === true ? [[id, { options: [], text: "", later: true }]] : []))));
    backToTop();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (answers.length > 0) command.mutate({ command: "answer", answers, recommendations_for_rest: rest > 0 && !later }, { onSuccess: done });
  };
  const take = () => command.mutateAsync({ command: "accept_recommendations" }).then(done);
  const defer = (question_id: string) =>
    defers.mutate(
      { command: "defer", question_id },
      {
        onSuccess: () => {
          setDrafts((known) => ({ ...known, [question_id]: { ...draftOf(known, question_id), later: true } }));
          tell(t.question.deferred);
        },
        onError: tellProblem,
      },
    );
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
            action={
              can("defer") &&
              index < questions.length - 1 && (
                <Button look="quiet" size="sm" disabled={defers.isPending} aria-label={t.question.deferOf(question.text)} onClick={() => defer(question.id)}>
                  <Clock3 className="size-4" aria-hidden />
                  {t.question.defer}
                </Button>
              )
            }
          />
        ))}
        {command.error !== null && <Failed error={command.error} />}
        {can("answer") ? (
          <div className="dock flex flex-wrap items-center gap-x-3 gap-y-2">
            {answers.length > 0 && (
              <Button type="submit" look="primary" busy={command.isPending}>
                {rest === 0 ? t.question.send : later ? t.question.sendOpen(answers.length, rest) : t.question.sendRest(answers.length, rest)}
              </Button>
            )}
            {answers.length === 0 ? (
              <Button look="clay" busy={command.isPending} onClick={() => void take().catch(() => undefined)}>
                <Sparkles className="size-4" aria-hidden />
                {t.question.recommendations}
              </Button>
            ) : (
              // What was answered would be thrown away: that is asked first.
              <Confirm
                {...t.question.instead}
                onConfirm={take}
                trigger={(ask) => (
                  <Button look="quiet" disabled={command.isPending} onClick={ask}>
                    {t.question.insteadButton}
                  </Button>
                )}
              />
            )}
          </div>
        ) : (
          <p className="text-muted">{t.question.viewer}</p>
        )}
      </form>
    </section>
  );
}
