import { useState } from "react";
import { answer, client } from "@/api/client";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { PasswordInput } from "@/ui/field";
import { Failed } from "@/ui/states";
import { AuthHead, AuthLink } from "./auth-frame";
import { useFragment } from "./fragment";
import { useForm, value } from "./use-form";

export function ResetPasswordPage() {
  const token = useFragment().get("token");
  const [done, setDone] = useState(false);
  const form = useForm(async (values) => {
    if (token === null) return;
    await answer(client.POST("/api/v1/auth/password/reset/confirm", { body: { token, password: value(values, "password") } }));
    setDone(true);
  });
  if (token === null) return <AuthHead title={t.auth.newPassword} hint={t.auth.noToken} />;
  if (done) {
    return (
      <>
        <AuthHead title={t.auth.newPassword} hint={t.auth.passwordSet} />
        <AuthLink to="/login">{t.auth.signIn}</AuthLink>
      </>
    );
  }
  return (
    <>
      <AuthHead title={t.auth.newPassword} hint={t.auth.newPasswordHint} />
      <form onSubmit={form.submit} className="space-y-4">
        {form.error !== null && <Failed error={form.error} />}
        <PasswordInput label={t.auth.newPassword} name="password" autoComplete="new-password" required minLength={8} maxLength={128} hint={t.auth.passwordHint} error={form.field("password")} />
        <Button type="submit" look="primary" busy={form.busy} className="w-full">
          {t.auth.setPassword}
        </Button>
      </form>
    </>
  );
}
