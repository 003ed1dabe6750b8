import { useState } from "react";
import { answer, client } from "@/api/client";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Input, PasswordInput } from "@/ui/field";
import { Failed } from "@/ui/states";
import { AuthHead, AuthLink } from "./auth-frame";
import { Providers, SendAgain, useSignedIn } from "./login-page";
import { useForm, value } from "./use-form";

export function SignUpPage() {
  const { take } = useSignedIn();
  const [waits, setWaits] = useState<string | null>(null);
  const form = useForm(async (values) => {
    const body = { name: value(values, "name"), email: value(values, "email"), password: value(values, "password"), cookie: true };
    const made = await answer(client.POST("/api/v1/auth/signup", { body }));
    if ("next" in made) setWaits(made.email);
    else await take(made);
  });
  if (waits !== null) {
    return (
      <>
        <AuthHead title={t.auth.lookIntoMail} hint={t.auth.verifySent(waits)} />
        <SendAgain email={waits} />
      </>
    );
  }
  return (
    <>
      <AuthHead title={t.auth.signUpTitle} hint={t.auth.signUpHint} />
      <form onSubmit={form.submit} className="space-y-4">
        {form.error !== null && <Failed error={form.error} />}
        <Input label={t.auth.name} name="name" autoComplete="name" required maxLength={255} error={form.field("name")} />
        <Input label={t.auth.email} name="email" type="email" autoComplete="username" required maxLength={255} error={form.field("email")} />
        <PasswordInput label={t.auth.password} name="password" autoComplete="new-password" required minLength={8} maxLength={128} hint={t.auth.passwordHint} error={form.field("password")} />
        <Button type="submit" look="primary" busy={form.busy} className="w-full">
          {t.auth.signUp}
        </Button>
      </form>
      <Providers />
      <p className="mt-6 text-sm text-muted">
        {t.auth.haveAccount} <AuthLink to="/login">{t.auth.signIn}</AuthLink>
      </p>
    </>
  );
}
