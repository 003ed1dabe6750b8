import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { isProblem } from "@/api/problem";
import { enter, safeNext } from "@/app/session";
import { t } from "@/text/en";
import { Button, buttonClass } from "@/ui/button";
import { Input, PasswordInput } from "@/ui/field";
import { Failed } from "@/ui/states";
import { tell, tellProblem } from "@/ui/toast";
import { AuthHead, AuthLink } from "./auth-frame";
import { SecondFactorForm } from "./second-factor-form";
import { useForm, value } from "./use-form";

/** Goes on after a sign-in: to a second factor, or to where the person wanted to be. */
export function useSignedIn() {
  const navigate = useNavigate();
  const { next } = useSearch({ strict: false });
  const [challenge, setChallenge] = useState<string | null>(null);
  const take = async (signedIn: Schemas["SignInAnswer"]) => {
    if ("challenge" in signedIn) {
      setChallenge(signedIn.challenge);
      return;
    }
    enter();
    await navigate({ href: safeNext(next) });
  };
  return { challenge, take };
}

export function LoginPage() {
  const { challenge, take } = useSignedIn();
  if (challenge !== null) return <SecondFactorForm challenge={challenge} onSignedIn={take} />;
  return <PasswordForm onSignedIn={take} />;
}

function PasswordForm({ onSignedIn }: { onSignedIn: (answer: Schemas["SignInAnswer"]) => Promise<void> }) {
  const [email, setEmail] = useState("");
  const form = useForm(async (values) => {
    const body = { email: value(values, "email"), password: value(values, "password"), cookie: true };
    await onSignedIn(await answer(client.POST("/api/v1/auth/login", { body })));
  });
  const { ended } = useSearch({ strict: false });
  const unverified = isProblem(form.error, "email_unverified");
  return (
    <>
      <AuthHead title={t.auth.signIn} hint={ended === true ? t.auth.ended : undefined} />
      <form onSubmit={form.submit} className="space-y-4">
        {form.error !== null && <Failed error={form.error} />}
        {unverified && <SendAgain email={email} />}
        <Input label={t.auth.email} name="email" type="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.target.value)} error={form.field("email")} />
        <PasswordInput label={t.auth.password} name="password" autoComplete="current-password" required error={form.field("password")} />
        <Button type="submit" look="primary" busy={form.busy} className="w-full">
          {t.auth.signIn}
        </Button>
      </form>
      <Providers />
      <div className="mt-6 space-y-1.5 text-sm text-muted">
        <p>
          <AuthLink to="/auth/forgot">{t.auth.forgot}</AuthLink>
        </p>
        <p>
          {t.auth.noAccount} <AuthLink to="/signup">{t.auth.signUp}</AuthLink>
        </p>
      </div>
    </>
  );
}

export function SendAgain({ email }: { email: string }) {
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    try {
      await answer(client.POST("/api/v1/auth/verify-email/send", { body: { email } }));
      tell(t.auth.mailSent);
    } catch (error) {
      tellProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button size="sm" busy={busy} onClick={() => void send()}>
      {t.auth.sendAgain}
    </Button>
  );
}

/** Google, GitHub and whoever else the installation offers. */
export function Providers() {
  const offered = useQuery({
    queryKey: ["oauth"],
    queryFn: async () => (await answer(client.GET("/api/v1/auth/oauth"))).items,
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  if (offered === undefined || offered.length === 0) return null;
  return (
    <div className="mt-6 space-y-2 border-t border-line pt-6">
      {offered.map((provider) => (
        <a key={provider.name} href={`/api/v1/auth/oauth/${encodeURIComponent(provider.name)}/start`} className={buttonClass("secondary", "md", "w-full")}>
          {t.auth.with(provider.label)}
        </a>
      ))}
    </div>
  );
}
