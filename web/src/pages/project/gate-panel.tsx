import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { PersonRequest } from "@/api/decisions";
import { artifactQuery, keys, type Project } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { cx } from "@/lib/cx";
import { dateTime, words } from "@/lib/format";
import { bodyOf } from "@/lib/handoff";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { Choice } from "@/ui/choice";
import { Markdown } from "@/ui/markdown";
import { Await, Loading } from "@/ui/states";
import { Advice } from "./advice";
import { CodeFiles } from "./code-files";
import { Comments } from "./comments";
import { DecisionForm } from "./decision-form";
import { HeadingNotes, NotesContext } from "./inline-notes";

const SIDES = [["text", t.gate.text], ["changes", t.gate.changes]] as const;
const DiffView = lazy(() => import("./diff-view"));

/**
 * A gate: what is to be decided, what is advised, and the decision, bound to the digest of the version that is on the screen. A newer
 * version does not take the place of the one that is being read: the reader asks for it.
 */
export function GatePanel({ project, request: latest }: { project: Project; request: PersonRequest }) {
  const [request, setRequest] = useState(latest);
  // Advice and approvals of the same version come in while it is read.
  const shownRequest = latest.request_id === request.request_id ? latest : request;
  const isOld = latest.request_id !== request.request_id;
  const name = request.artifact_name ?? request.gate;
  const version = request.artifact_version ?? 1;
  const [side, setSide] = useState<"text" | "changes">("text");
  const artifact = useQuery({ ...artifactQuery(request.artifact_id ?? "", version), enabled: request.artifact_id != null });
  const title = t.artifact[name] ?? words(name);
  const toLatest = () => {
    setRequest(latest);
    void queryClient.invalidateQueries({ queryKey: keys.project(project.project_id) });
  };
  return (
    <section aria-labelledby={`gate-${request.gate}`} className="space-y-5">
      <div>
        <h2 id={`gate-${request.gate}`} className="text-2xl">
          {t.gate.title(title)}
        </h2>
        <Terms request={shownRequest} />
      </div>
      {isOld && (
        <Card tone="person" className="flex flex-wrap items-center justify-between gap-3 px-5 py-3.5">
          <p role="status">{t.gate.newer}</p>
          <Button size="sm" look="primary" onClick={toLatest}>
            {t.gate.reload}
          </Button>
        </Card>
      )}
      <Advice recommendation={shownRequest.recommendation} reason={shownRequest.reason} />
      <Await query={artifact}>
        {(shown) => (
          <>
            <Card className="overflow-clip">
              <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-2 border-b border-line bg-sunken/60 px-4 py-2.5 sm:px-5">
                <p className="text-sm">
                  {title} {t.project.version(shown.version)}
                </p>
                {version > 1 && <Choice label={t.gate.view} value={side} options={SIDES} onChange={setSide} />}
              </div>
              <div className={cx("overflow-y-auto sm:max-h-[75dvh]", side === "text" ? "px-4 py-5 sm:px-8 sm:py-6" : "p-3")} tabIndex={0} role="group" aria-label={title}>
                {side === "changes" ? (
                  <Changes artifactId={shown.id} version={version} after={shown.content} />
                ) : shown.format === "json" && bodyOf(shown.content) === null ? (
                  <CodeFiles project={project} text={shown.content} />
                ) : (
                  <NotesContext value={{ artifactId: shown.id, version: shown.version, project }}>
                    <Markdown text={bodyOf(shown.content) ?? shown.content} below={HeadingNotes} requirementLink={requirementLink(project, name)} />
                  </NotesContext>
                )}
              </div>
            </Card>
            <DecisionForm
              key={shown.digest}
              project={project}
              request={shownRequest}
              artifactId={shown.id}
              version={shown.version}
              digest={shown.digest}
              content={shown.content}
              canAmend={shown.format === "markdown"}
              onLatest={isOld ? null : toLatest}
            />
            <Comments artifactId={shown.id} version={shown.version} project={project} />
          </>
        )}
      </Await>
    </section>
  );
}

/** Where a requirement that a document names stands: in the document itself if it is the specification. */
function requirementLink(project: Project, name: string): ((id: string) => string) | undefined {
  const spec = project.artifacts.find((artifact) => artifact.name === "spec" || artifact.name === "software_specification");
  if (spec === undefined) return undefined;
  return spec.name === name ? (id) => `#${id}` : (id) => `/projects/${project.project_id}/artifacts/${spec.name}#${id}`;
}

/** Who may decide, how many must, until when. */
function Terms({ request }: { request: PersonRequest }) {
  return (
    <p className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-muted">
      <Badge tone="clay">{request.waits_for_me ? t.gate.forYou : t.gate.forOthers}</Badge>
      <span>{t.gate.least(t.role[request.role_least] ?? request.role_least)}</span>
      {request.approvals_needed > 1 && <span>{t.gate.approvals(request.approvals.length, request.approvals_needed)}</span>}
      {request.four_eyes && <span>{t.gate.fourEyes}</span>}
      {request.deadline_at != null && <span>{t.gate.until(dateTime(request.deadline_at))}</span>}
    </p>
  );
}

function Changes({ artifactId, version, after }: { artifactId: string; version: number; after: string }) {
  const before = useQuery(artifactQuery(artifactId, version - 1));
  return (
    <Await query={before}>
      {(older) => (
        <Suspense fallback={<Loading />}>
          <DiffView before={older.content} after={after} beforeLabel={t.project.version(version - 1)} afterLabel={t.project.version(version)} />
        </Suspense>
      )}
    </Await>
  );
}
