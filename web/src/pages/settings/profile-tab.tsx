import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { meQuery } from "@/api/queries";
import { forget } from "@/app/session";
import { save } from "@/lib/download";
import { dateTime } from "@/lib/format";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { Dialog } from "@/ui/dialog";
import { Input } from "@/ui/field";
import { Await, Failed } from "@/ui/states";
import { tell, tellProblem } from "@/ui/toast";
import { SendAgain } from "../auth/login-page";
import { useForm, value } from "../auth/use-form";

export function ProfileTab() {
  const query = useQuery(meQuery);
  return (
    <Await query={query}>
      {({ user }) => (
        <>
          <Section title={t.settings.profile}>
            <Card className="space-y-3 p-6">
              <p className="text-lg font-medium">{user.name}</p>
              <p className="flex flex-wrap items-center gap-2">
                {user.email}
                {user.email_verified_at == null ? <Badge tone="clay">{t.profile.unverified}</Badge> : <Badge tone="spruce">{t.profile.verified}</Badge>}
                {user.email_verified_at == null && <SendAgain email={user.email} />}
              </p>
              <p className="text-sm text-muted">{t.profile.since(dateTime(user.created_at))}</p>
            </Card>
          </Section>
          <Name user={user} />
          <Mails user={user} />
          <ChangeAddress />
          <PersonalData />
        </>
      )}
    </Await>
  );
}

function Name({ user }: { user: Schemas["Account"] }) {
  const queryClient = useQueryClient();
  const form = useForm(async (values) => {
    const account = await answer(client.PATCH("/api/v1/auth/me", { body: { name: value(values, "name") } }));
    queryClient.setQueryData(meQuery.queryKey, (me) => me && { ...me, user: account });
    tell(t.profile.renamed);
  });
  return (
    <Section title={t.profile.name} hint={t.profile.nameHint}>
      <form onSubmit={form.submit} className="flex max-w-xl flex-wrap items-end gap-3">
        {form.error !== null && <Failed error={form.error} />}
        <div className="grow basis-64">
          <Input label={t.profile.name} name="name" required maxLength={255} autoComplete="name" defaultValue={user.name} error={form.field("name")} />
        </div>
        <Button type="submit" busy={form.busy}>
          {t.profile.rename}
        </Button>
      </form>
    </Section>
  );
}

function Mails({ user }: { user: Schemas["Account"] }) {
  const queryClient = useQueryClient();
  const change = useMutation({
    mutationFn: (mail_notices: boolean) => answer(client.PATCH("/api/v1/auth/me", { body: { mail_notices } })),
    onSuccess: (account) => {
      queryClient.setQueryData(meQuery.queryKey, (me) => me && { ...me, user: account });
      tell(account.mail_notices ? t.profile.mailsOn : t.profile.mailsOff);
    },
    onError: tellProblem,
  });
  return (
    <Section title={t.profile.mails} hint={user.email_verified_at == null ? t.profile.mailsUnverified : t.profile.mailsHint}>
      <label className="flex w-fit items-center gap-2">
        <input type="checkbox" className="size-4 accent-(--spruce)" checked={change.isPending ? change.variables : user.mail_notices} disabled={change.isPending} onChange={(event) => change.mutate(event.target.checked)} />
        {t.profile.mailNotices}
      </label>
    </Section>
  );
}

function ChangeAddress() {
  const [sent, setSent] = useState(false);
  const form = useForm(async (values) => {
    await answer(client.POST("/api/v1/auth/email/change", { body: { email: value(values, "email"), password: value(values, "password") } }));
    setSent(true);
  });
  return (
    <Section title={t.profile.changeEmail} hint={t.profile.changeEmailHint}>
      {sent ? (
        <p role="status">{t.auth.linkSent}</p>
      ) : (
        <form onSubmit={form.submit} className="grid max-w-xl gap-4 sm:grid-cols-2">
          {form.error !== null && <div className="sm:col-span-2"><Failed error={form.error} /></div>}
          <Input label={t.profile.newEmail} name="email" type="email" required autoComplete="off" error={form.field("email")} />
          <Input label={t.auth.password} name="password" type="password" required autoComplete="current-password" error={form.field("password")} />
          <div>
            <Button type="submit" busy={form.busy}>
              {t.profile.sendLink}
            </Button>
          </div>
        </form>
      )}
    </Section>
  );
}

function PersonalData() {
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    try {
      const data = await answer(client.GET("/api/v1/users/me/export"));
      save("groundwork-personal-data.json", new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
      tell(t.profile.dataSaved);
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={t.profile.data} hint={t.profile.dataHint}>
      <div className="flex flex-wrap gap-2">
        <Button busy={busy} onClick={() => void take()}>
          <Download className="size-4" aria-hidden />
          {t.profile.export}
        </Button>
        <Leave />
      </div>
    </Section>
  );
}

function Leave() {
  const [open, setOpen] = useState(false);
  const form = useForm(async (values) => {
    await answer(client.DELETE("/api/v1/users/me", { body: { password: value(values, "password") } }));
    forget();
    location.assign("/");
  });
  return (
    <>
      <Button look="danger" onClick={() => setOpen(true)}>
        {t.profile.leave}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={t.profile.leave} hint={t.profile.leaveHint}>
        <form onSubmit={form.submit} className="space-y-4">
          {form.error !== null && <Failed error={form.error} />}
          <Input label={t.auth.password} name="password" type="password" required autoComplete="current-password" error={form.field("password")} />
          <Button type="submit" look="danger" busy={form.busy}>
            {t.profile.leaveNow}
          </Button>
        </form>
      </Dialog>
    </>
  );
}
