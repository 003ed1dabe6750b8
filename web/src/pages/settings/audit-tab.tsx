import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { answer, client } from "@/api/client";
import { useNameOf } from "@/api/people";
import { keys, projectsQuery } from "@/api/queries";
import { may, useWorkspace, type Workspace } from "@/app/workspace";
import { dateTime } from "@/lib/format";
import { t } from "@/text/en";
import { Button, buttonClass } from "@/ui/button";
import { Section } from "@/ui/card";
import { Select } from "@/ui/field";
import { Await, Empty } from "@/ui/states";

export function AuditTab() {
  const { current } = useWorkspace();
  if (current === undefined) return null;
  if (!may(current.role, "admin")) return <Empty title={t.audit.admins} />;
  return <Log workspace={current} />;
}

/** Who did what, and when: for administrators of the workspace. */
function Log({ workspace }: { workspace: Workspace }) {
  const [action, setAction] = useState("");
  const wanted = action;
  const query = useInfiniteQuery({
    queryKey: [...keys.workspace(workspace.id), "audit", wanted],
    queryFn: ({ pageParam }) =>
      answer(
        client.GET("/api/v1/workspaces/{workspace_id}/audit", {
          params: {
            path: { workspace_id: workspace.id },
            query: { limit: 50, ...(wanted === "" ? {} : { action: wanted }), ...(pageParam === null ? {} : { cursor: pageParam }) },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  const nameOf = useNameOf(workspace.id);
  const projects = useInfiniteQuery(projectsQuery(workspace.id, "active")).data?.pages.flatMap((page) => page.items) ?? [];
  const titles = new Map(projects.map((project) => [project.project_id, project.title]));
  return (
    <Section
      title={t.settings.audit}
      hint={workspace.name}
      action={
        <a href={`/api/v1/workspaces/${workspace.id}/audit/export?format=csv`} download className={buttonClass("secondary", "sm")}>
          {t.audit.export}
        </a>
      }
    >
      <Select label={t.audit.action} value={action} onChange={(event) => setAction(event.target.value)} className="max-w-xs">
        <option value="">{t.audit.everything}</option>
        {Object.entries(t.auditAction).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </Select>
      <Await query={query}>
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.items);
          return rows.length === 0 ? (
            <Empty title={t.audit.none} />
          ) : (
            <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
              {rows.map((row) => (
                <li key={row.id} className="flex flex-wrap items-baseline justify-between gap-x-4 px-5 py-3">
                  <span>
                    {t.auditAction[row.action] ?? <span className="font-mono text-sm">{row.action}</span>}
                    {row.resource_type === "project" && <OfProject id={row.resource_id} title={titles.get(row.resource_id)} />}
                  </span>
                  <span className="text-sm text-muted">
                    {nameOf(row.user_id)} · {dateTime(row.at)}
                    {row.ip != null && ` · ${row.ip}`}
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Await>
      {query.hasNextPage && (
        <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t.action.more}
        </Button>
      )}
    </Section>
  );
}

/** To which project it was done: by its title, or by the beginning of its id where it is none of the latest ones. */
function OfProject({ id, title }: { id: string; title: string | undefined }) {
  return (
    <>
      {": "}
      <Link to="/projects/$projectId" params={{ projectId: id }} dir="auto" className="text-spruce underline underline-offset-2 wrap-anywhere">
        {title ?? <span className="font-mono text-sm">{id.slice(0, 8)}</span>}
      </Link>
    </>
  );
}
