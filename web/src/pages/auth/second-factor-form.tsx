import { answer, client, type Schemas } from "@/api/client";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import { Failed } from "@/ui/states";
import { AuthHead } from "./auth-frame";
import { useForm, value } from "./use-form";

interface SecondFactorProps {
  challenge: string;
  onSignedIn: (answer: Schemas["SignInAnswer"]) => Promise<void>;
}

export function SecondFactorForm({ challenge, onSignedIn }: SecondFactorProps) {
  const form = useForm(async (values) => {
    const body = { challenge, code: value(values, "code").trim(), cookie: true };
    const verified = await answer(client.POST("/api/v1/auth/2fa/verify", { body }));
    if (!("recovery_codes" in verified)) await onSignedIn(verified);
  });
  return (
    <>
      <AuthHead title={t.auth.secondFactor} hint={t.auth.secondFactorHint} />
      <form onSubmit={form.submit} className="space-y-4">
        {form.error !== null && <Failed error={form.error} />}
        <Input label={t.auth.code} name="code" autoComplete="one-time-code" autoFocus required hint={t.auth.codeHint} error={form.field("code")} />
        <Button type="submit" look="primary" busy={form.busy} className="w-full">
          {t.auth.signIn}
        </Button>
      </form>
    </>
  );
}
