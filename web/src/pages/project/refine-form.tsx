import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useCommand } from "@/api/commands";
import { artifactQuery, type Project, promptsQuery } from "@/api/queries";
import { requirementsOf } from "@/lib/coverage";
import { useDraft } from "@/lib/draft";
import { backToTop } from "@/lib/focus";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Select, Textarea } from "@/ui/field";
import { Failed } from "@/ui/states";
import { refining } from "@/lib/refinement";
import { tell } from "@/ui/toast";

const HEADING = /^##\s+(.+)$/gm;

/** Rewrites one named part and nothing else. */
export function RefineForm({ project }: { project: Project }) {
  const spec = project.artifacts.find((artifact) => artifact.name === "spec");
  const text = useQuery({ ...artifactQuery(spec?.id ?? "", spec?.version ?? 0), enabled: spec !== undefined }).data?.content ?? "";
  const prompts = useQuery(promptsQuery(project.project_id)).data ?? [];
  const command = useCommand(project.project_id);
  // Whoever comes from a part that wants refining finds it chosen.
  const { hash } = useLocation();
  const wanted = /^refine-(.+)$/.exec(hash)?.[1];
  const [target, setTarget] = useState(wanted ?? "");
  const form = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (wanted === undefined) return;
    form.current?.scrollIntoView();
    form.current?.querySelector("textarea")?.focus({ preventScroll: true });
  }, [wanted]);
  const [request, setRequest] = useDraft(`refine.${project.project_id}`);
  const send = () =>
    command.mutate(
      { command: "refine", target, request: request.trim() },
      {
        onSuccess: () => {
          setRequest("");
          tell(t.refine.begun, { about: refining(project.project_id) });
          backToTop();
        },
      },
    );
  return (
    <div ref={form}>
    <Card as="section" className="p-5 sm:p-6">
      <h2 className="text-xl">{t.refine.title}</h2>
      <p className="mt-1 text-muted">{t.refine.hint(project.refinements_max - project.refinements_used)}</p>
      <form
        className="mt-4 space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Select label={t.refine.target} required value={target} onChange={(event) => setTarget(event.target.value)}>
          <option value="">{t.refine.choose}</option>
          <optgroup label={t.artifact.prompts ?? ""}>
            {prompts.map((prompt) => (
              <option key={prompt.number} value={String(prompt.number).padStart(2, "0")}>
                {t.prompt.number(prompt.number)} · {prompt.title}
              </option>
            ))}
          </optgroup>
          <optgroup label={t.coverage.requirements}>
            {requirementsOf(text).map((requirement) => (
              <option key={requirement.id} value={requirement.id}>
                {requirement.id} {requirement.title}
              </option>
            ))}
          </optgroup>
          <optgroup label={t.artifact.spec ?? ""}>
            {[...text.matchAll(HEADING)].map((match) => (
              <option key={match[1]} value={match[1]}>
                {match[1]}
              </option>
            ))}
          </optgroup>
        </Select>
        <Textarea label={t.refine.request} required rows={3} value={request} onChange={(event) => setRequest(event.target.value)} placeholder={t.refine.placeholder} />
        {command.error !== null && <Failed error={command.error} />}
        <Button type="submit" look="primary" busy={command.isPending} disabled={target === "" || request.trim() === ""}>
          {t.refine.send}
        </Button>
      </form>
    </Card>
    </div>
  );
}
