import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { queryClient } from "@/app/query-client";
import { browser, dateTime } from "@/lib/format";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Section } from "@/ui/card";
import { PasswordInput } from "@/ui/field";
import { Await, Failed } from "@/ui/states";
import { Ago } from "@/ui/time";
import { tell, tellProblem } from "@/ui/toast";
import { useForm, value } from "../auth/use-form";
import { Identities } from "./identities";
import { SecondFactor } from "./second-factor";

export function SecurityTab() {
  return (
    <>
      <Password />
      <SecondFactor />
      <Identities />
      <Sessions />
    </>
  );
}

function Password() {
  const [round, setRound] = useState(0);
  const form = useForm(async (values) => {
    const body = { old_password: value(values, "old_password"), new_password: value(values, "new_password") };
    const { ended } = await answer(client.POST("/api/v1/auth/password/change", { body }));
    tell(t.security.changed(ended));
    setRound(round + 1);
  });
  return (
    <Section title={t.security.password}>
      <form key={round} onSubmit={form.submit} className="grid max-w-xl gap-4 sm:grid-cols-2">
        {form.error !== null && <div className="sm:col-span-2"><Failed error={form.error} /></div>}
        <PasswordInput label={t.security.old} name="old_password" required autoComplete="current-password" error={form.field("old_password")} />
        <PasswordInput label={t.auth.newPassword} name="new_password" required minLength={8} maxLength={128} autoComplete="new-password" error={form.field("new_password")} />
        <div>
          <Button type="submit" busy={form.busy}>
            {t.security.change}
          </Button>
        </div>
      </form>
    </Section>
  );
}

const SESSIONS = ["sessions"] as const;

function Sessions() {
  const query = useQuery({ queryKey: SESSIONS, queryFn: async () => (await answer(client.GET("/api/v1/auth/sessions"))).items });
  const refresh = () => queryClient.invalidateQueries({ queryKey: SESSIONS });
  const end = useMutation({
    mutationFn: (id: string) => answer(client.DELETE("/api/v1/auth/sessions/{session_id}", { params: { path: { session_id: id } } })),
    onSuccess: refresh,
    onError: tellProblem,
  });
  const endOthers = useMutation({ mutationFn: () => answer(client.DELETE("/api/v1/auth/sessions")), onSuccess: refresh, onError: tellProblem });
  return (
    <Section
      title={t.security.sessions}
      hint={t.security.sessionsHint}
      action={
        (query.data?.length ?? 0) > 1 && (
          <Button size="sm" busy={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {t.security.endOthers}
          </Button>
        )
      }
    >
      <Await query={query} lines={2}>
        {(sessions) => (
          <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
            {sessions.map((session) => (
              <SessionRow key={session.id} session={session} onEnd={() => end.mutate(session.id)} />
            ))}
          </ul>
        )}
      </Await>
    </Section>
  );
}

function SessionRow({ session, onEnd }: { session: Schemas["SessionRow"]; onEnd: () => void }) {
  return (
    <li className="flex items-center justify-between gap-4 px-5 py-3.5">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {browser(session.user_agent)}
          {session.is_current && <Badge tone="spruce">{t.security.this}</Badge>}
        </p>
        <p className="text-sm text-muted" title={session.user_agent ?? ""}>
          {session.ip} · {t.security.seen} <Ago at={session.last_seen_at} /> · {t.security.until(dateTime(session.expires_at))}
        </p>
      </div>
      {!session.is_current && (
        <Button size="sm" onClick={onEnd}>
          {t.security.end}
        </Button>
      )}
    </li>
  );
}
