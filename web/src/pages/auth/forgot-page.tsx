import { useState } from "react";
import { answer, client } from "@/api/client";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import { Failed } from "@/ui/states";
import { AuthHead, AuthLink } from "./auth-frame";
import { useForm, value } from "./use-form";

type Wish = "magic-link" | "password";

/** Two ways back in: a link that signs in, or a new password. Whether there is such an account is never told. */
export function ForgotPage() {
  const [sent, setSent] = useState(false);
  const [wish, setWish] = useState<Wish>("magic-link");
  const form = useForm(async (values) => {
    const body = { email: value(values, "email") };
    await (wish === "magic-link"
      ? answer(client.POST("/api/v1/auth/magic-link", { body }))
      : answer(client.POST("/api/v1/auth/password/reset", { body })));
    setSent(true);
  });
  if (sent) return <AuthHead title={t.auth.lookIntoMail} hint={t.auth.linkSent} />;
  return (
    <>
      <AuthHead title={t.auth.forgotTitle} hint={t.auth.forgotHint} />
      <form onSubmit={form.submit} className="space-y-4">
        {form.error !== null && <Failed error={form.error} />}
        <Input label={t.auth.email} name="email" type="email" autoComplete="username" required error={form.field("email")} />
        <div className="grid gap-2 sm:grid-cols-2">
          <Button type="submit" look="primary" busy={form.busy && wish === "magic-link"} onClick={() => setWish("magic-link")}>
            {t.auth.sendMagic}
          </Button>
          <Button type="submit" busy={form.busy && wish === "password"} onClick={() => setWish("password")}>
            {t.auth.sendReset}
          </Button>
        </div>
      </form>
      <p className="mt-6 text-sm">
        <AuthLink to="/login">{t.auth.backToSignIn}</AuthLink>
      </p>
    </>
  );
}
