import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { pipelinesQuery } from "@/api/pipelines";
import { keys } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { may, selectWorkspace, useWorkspace, type Workspace } from "@/app/workspace";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Section } from "@/ui/card";
import { Confirm } from "@/ui/confirm";
import { Input, Select } from "@/ui/field";
import { Failed } from "@/ui/states";
import { tell, tellProblem } from "@/ui/toast";
import { useForm, value } from "../auth/use-form";

const refresh = () => queryClient.invalidateQueries({ queryKey: keys.workspaces });

export function WorkspaceTab() {
  const { current } = useWorkspace();
  return (
    <>
      {current !== undefined && <Edit key={current.id} workspace={current} />}
      {current !== undefined && !current.is_personal && may(current.role, "admin") && <PutAway workspace={current} />}
      <NewWorkspace />
      <Deleted />
    </>
  );
}

function Edit({ workspace }: { workspace: Workspace }) {
  const canEdit = may(workspace.role, "admin") && workspace.lifecycle === "active";
  const pipelines = useQuery(pipelinesQuery(workspace.id)).data ?? [];
  const form = useForm(async (values) => {
    const days = value(values, "days");
    const pipeline = value(values, "pipeline");
    await answer(
      client.PATCH("/api/v1/workspaces/{workspace_id}", {
        params: { path: { workspace_id: workspace.id } },
        body: {
          name: value(values, "name"),
          settings: { archive_idle_days: days === "" ? null : Number(days), default_pipeline: pipeline === "" ? null : pipeline },
        },
      }),
    );
    await refresh();
    tell(t.action.saved);
  });
  return (
    <Section title={workspace.name} hint={t.workspace.facts(t.role[workspace.role] ?? workspace.role, t.tier[workspace.plan_tier] ?? workspace.plan_tier)}>
      <form onSubmit={form.submit}>
        <fieldset disabled={!canEdit} className="max-w-xl space-y-4">
          {form.error !== null && <Failed error={form.error} />}
          <Input label={t.workspace.name} name="name" required maxLength={255} defaultValue={workspace.name} error={form.field("name")} />
          <Select label={t.workspace.pipeline} name="pipeline" defaultValue={workspace.settings.default_pipeline ?? ""}>
            <option value="">{t.workspace.usual(t.pipeline.promptr?.title ?? "")}</option>
            {pipelines.map((pipeline) => (
              <option key={pipeline.id} value={pipeline.id}>
                {t.pipeline[pipeline.id]?.title ?? pipeline.title}
              </option>
            ))}
          </Select>
          <Input label={t.workspace.idle} hint={t.workspace.idleHint} name="days" type="number" min={1} max={3650} defaultValue={workspace.settings.archive_idle_days ?? ""} error={form.field("settings.archive_idle_days")} />
          <Button type="submit" look="primary" busy={form.busy}>
            {t.action.save}
          </Button>
        </fieldset>
      </form>
    </Section>
  );
}

function PutAway({ workspace }: { workspace: Workspace }) {
  const params = { params: { path: { workspace_id: workspace.id } } };
  const archive = useMutation({
    mutationFn: async () => {
      if (workspace.lifecycle === "archived") await answer(client.POST("/api/v1/workspaces/{workspace_id}/restore", params));
      else await answer(client.POST("/api/v1/workspaces/{workspace_id}/archive", params));
    },
    onSuccess: refresh,
    onError: tellProblem,
  });
  return (
    <Section title={t.workspace.away} hint={t.workspace.awayHint}>
      <div className="flex flex-wrap gap-2">
        <Button busy={archive.isPending} onClick={() => archive.mutate()}>
          {workspace.lifecycle === "archived" ? t.action.restore : t.action.archive}
        </Button>
        {may(workspace.role, "owner") && (
          <Confirm
            title={t.workspace.deleteTitle(workspace.name)}
            hint={t.workspace.deleteHint}
            action={t.action.delete}
            onConfirm={async () => {
              await answer(client.DELETE("/api/v1/workspaces/{workspace_id}", params));
              await refresh();
            }}
            trigger={(ask) => (
              <Button look="danger" onClick={ask}>
                {t.action.delete}
              </Button>
            )}
          />
        )}
      </div>
    </Section>
  );
}

function NewWorkspace() {
  const [round, setRound] = useState(0);
  const form = useForm(async (values) => {
    const made: Schemas["Workspace"] = await answer(client.POST("/api/v1/workspaces", { body: { name: value(values, "name") } }));
    await refresh();
    selectWorkspace(made.id);
    setRound(round + 1);
    tell(t.workspace.made(made.name));
  });
  return (
    <Section title={t.workspace.new} hint={t.workspace.newHint}>
      <form key={round} onSubmit={form.submit} className="flex max-w-xl flex-wrap items-end gap-3">
        {form.error !== null && <Failed error={form.error} />}
        <Input label={t.workspace.name} name="name" required maxLength={255} className="grow" error={form.field("name")} />
        <Button type="submit" busy={form.busy}>
          {t.workspace.make}
        </Button>
      </form>
    </Section>
  );
}

/** A deleted workspace can be taken back by its owner for a while. */
function Deleted() {
  const query = useQuery({
    queryKey: [...keys.workspaces, "deleted"],
    queryFn: async () => (await answer(client.GET("/api/v1/workspaces", { params: { query: { lifecycle: "deleted" } } }))).items,
  });
  const restore = useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/workspaces/{workspace_id}/restore", { params: { path: { workspace_id: id } } })),
    onSuccess: refresh,
    onError: tellProblem,
  });
  const rows = (query.data ?? []).filter((one) => one.lifecycle === "deleted");
  if (rows.length === 0) return null;
  return (
    <Section title={t.workspace.deleted}>
      <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
        {rows.map((one) => (
          <li key={one.id} className="flex items-center justify-between gap-4 px-5 py-3.5">
            {one.name}
            <Button size="sm" busy={restore.isPending} onClick={() => restore.mutate(one.id)}>
              {t.action.restore}
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
