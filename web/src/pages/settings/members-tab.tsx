import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { keys, meQuery } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { may, type Role, ROLES, useWorkspace, type Workspace } from "@/app/workspace";
import { dateOnly } from "@/lib/format";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button, LinkButton } from "@/ui/button";
import { Section } from "@/ui/card";
import { Confirm } from "@/ui/confirm";
import { Input, Select } from "@/ui/field";
import { Initials } from "@/ui/initials";
import { Await, Empty, Failed } from "@/ui/states";
import { tell, tellProblem } from "@/ui/toast";
import { useForm, value } from "../auth/use-form";

export function MembersTab() {
  const { current } = useWorkspace();
  if (current === undefined) return null;
  if (current.is_personal) return <Empty title={t.member.personal} action={<LinkButton to="/settings/workspace">{t.member.create}</LinkButton>}>{t.member.personalHint}</Empty>;
  const canManage = may(current.role, "admin") && current.lifecycle === "active";
  return (
    <>
      <Members workspace={current} canManage={canManage} />
      {canManage && <Invitations workspace={current} />}
      <Roles />
    </>
  );
}

const of = (workspace: Workspace) => ({ workspace_id: workspace.id });
const membersKey = (workspace: Workspace) => [...keys.workspace(workspace.id), "members"] as const;
const invitationsKey = (workspace: Workspace) => [...keys.workspace(workspace.id), "invitations"] as const;

function Members({ workspace, canManage }: { workspace: Workspace; canManage: boolean }) {
  const query = useQuery({
    queryKey: membersKey(workspace),
    queryFn: async () => (await answer(client.GET("/api/v1/workspaces/{workspace_id}/members", { params: { path: of(workspace) } }))).items,
  });
  return (
    <Section title={t.settings.members} hint={workspace.name}>
      <Await query={query}>
        {(members) => (
          <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
            {members.map((member) => (
              <MemberRow key={member.user_id} workspace={workspace} member={member} canManage={canManage} />
            ))}
          </ul>
        )}
      </Await>
    </Section>
  );
}

function MemberRow({ workspace, member, canManage }: { workspace: Workspace; member: Schemas["Member"]; canManage: boolean }) {
  const me = useQuery(meQuery).data?.user.id;
  const isMe = me === member.user_id;
  const path = { ...of(workspace), member_id: member.user_id };
  const refresh = () => {
    void queryClient.invalidateQueries({ queryKey: membersKey(workspace) });
    void queryClient.invalidateQueries({ queryKey: keys.workspaces });
  };
  const change = useMutation({
    mutationFn: (role: string) => answer(client.PATCH("/api/v1/workspaces/{workspace_id}/members/{member_id}", { params: { path }, body: { role } })),
    onSuccess: () => tell(t.action.saved),
    onError: tellProblem,
    onSettled: refresh,
  });
  const remove = async () => {
    await answer(client.DELETE("/api/v1/workspaces/{workspace_id}/members/{member_id}", { params: { path } }));
    refresh();
  };
  const canChange = canManage && may(workspace.role, member.role as Role);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3.5">
      <Initials name={member.name} className="size-9 text-sm" />
      <span className="min-w-0 grow">
        <span className="flex items-center gap-2 font-medium">
          {member.name} {isMe && <Badge>{t.member.you}</Badge>}
        </span>
        <span className="block truncate text-sm text-muted">{member.email}</span>
      </span>
      {canChange ? (
        <Select hideLabel label={t.member.roleOf(member.name)} value={member.role} disabled={change.isPending} onChange={(event) => change.mutate(event.target.value)} className="w-32">
          {ROLES.filter((role) => may(workspace.role, role)).map((role) => (
            <option key={role} value={role}>
              {t.role[role]}
            </option>
          ))}
        </Select>
      ) : (
        <span className="text-muted">{t.role[member.role] ?? member.role}</span>
      )}
      {(canChange || isMe) && (
        <Confirm
          title={isMe ? t.member.leaveTitle(workspace.name) : t.member.removeTitle(member.name)}
          hint={t.member.removeHint}
          action={isMe ? t.member.leave : t.member.remove}
          onConfirm={remove}
          trigger={(ask) => (
            <Button size="sm" look="danger" onClick={ask}>
              {isMe ? t.member.leave : t.member.remove}
            </Button>
          )}
        />
      )}
    </li>
  );
}

function Invitations({ workspace }: { workspace: Workspace }) {
  const [round, setRound] = useState(0);
  const query = useQuery({
    queryKey: invitationsKey(workspace),
    queryFn: async () => (await answer(client.GET("/api/v1/workspaces/{workspace_id}/invitations", { params: { path: of(workspace) } }))).items,
  });
  const refresh = () => queryClient.invalidateQueries({ queryKey: invitationsKey(workspace) });
  const form = useForm(async (values) => {
    const body = { email: value(values, "email"), role: value(values, "role") };
    await answer(client.POST("/api/v1/workspaces/{workspace_id}/members", { params: { path: of(workspace) }, body }));
    setRound(round + 1);
    tell(t.member.invited(body.email));
    await refresh();
  });
  const revoke = useMutation({
    mutationFn: (id: string) => answer(client.DELETE("/api/v1/workspaces/{workspace_id}/invitations/{invitation_id}", { params: { path: { ...of(workspace), invitation_id: id } } })),
    onSuccess: refresh,
    onError: tellProblem,
  });
  return (
    <Section title={t.member.invite} hint={t.member.inviteHint}>
      <form key={round} onSubmit={form.submit} className="flex flex-wrap items-end gap-3">
        {form.error !== null && <div className="w-full"><Failed error={form.error} /></div>}
        <Input label={t.auth.email} name="email" type="email" required className="grow basis-60" error={form.field("email")} />
        <Select label={t.member.role} name="role" defaultValue="editor" className="w-36">
          {ROLES.filter((role) => may(workspace.role, role)).map((role) => (
            <option key={role} value={role}>
              {t.role[role]}
            </option>
          ))}
        </Select>
        <Button type="submit" look="primary" busy={form.busy}>
          {t.member.send}
        </Button>
      </form>
      {(query.data?.length ?? 0) > 0 && (
        <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
          {query.data?.map((invitation) => (
            <li key={invitation.id} className="flex items-center justify-between gap-4 px-5 py-3.5">
              <span className="min-w-0">
                <span className="block truncate font-medium">{invitation.email}</span>
                <span className="text-sm text-muted">
                  {t.role[invitation.role] ?? invitation.role} · {t.offer.until(dateOnly(invitation.expires_at))}
                </span>
              </span>
              <Button size="sm" onClick={() => revoke.mutate(invitation.id)}>
                {t.member.revoke}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function Roles() {
  return (
    <Section title={t.member.roles}>
      <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[6rem_1fr]">
        {ROLES.map((role) => (
          <div key={role} className="contents">
            <dt className="font-medium">{t.role[role]}</dt>
            <dd className="mb-1 text-muted">{t.roleMeans[role]}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}
