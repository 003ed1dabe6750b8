// Pages that links from mails open. A link works once, so a person follows it with a button: mail scanners only look at pages.
import { useState } from "react";
import { answer, client } from "@/api/client";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Failed } from "@/ui/states";
import { AuthHead, AuthLink } from "./auth-frame";
import { useFragment } from "./fragment";
import { useSignedIn } from "./login-page";
import { SecondFactorForm } from "./second-factor-form";

interface LinkPageProps {
  title: string;
  hint: string;
  action: string;
  done: string;
  follow: (token: string) => Promise<unknown>;
}

function LinkPage({ title, hint, action, done, follow }: LinkPageProps) {
  const token = useFragment().get("token");
  const [state, setState] = useState<"ready" | "busy" | "done">("ready");
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    if (token === null) return;
    setState("busy");
    setError(null);
    try {
      await follow(token);
      setState("done");
    } catch (problem) {
      setError(problem);
      setState("ready");
    }
  };
  if (token === null) return <AuthHead title={title} hint={t.auth.noToken} />;
  return (
    <>
      <AuthHead title={title} hint={state === "done" ? done : hint} />
      {error !== null && <Failed error={error} />}
      {state === "done" ? (
        <AuthLink to="/login">{t.auth.goOn}</AuthLink>
      ) : (
        <Button look="primary" className="mt-4 w-full" busy={state === "busy"} onClick={() => void run()}>
          {action}
        </Button>
      )}
    </>
  );
}

export function VerifyEmailPage() {
  return <LinkPage {...t.auth.verify} follow={(token) => answer(client.POST("/api/v1/auth/verify-email", { body: { token } }))} />;
}

export function ChangeEmailPage() {
  return <LinkPage {...t.auth.change} follow={(token) => answer(client.POST("/api/v1/auth/email/change/confirm", { body: { token } }))} />;
}

export function MagicLinkPage() {
  const { challenge, take } = useSignedIn();
  if (challenge !== null) return <SecondFactorForm challenge={challenge} onSignedIn={take} />;
  const follow = async (token: string) =>
    take(await answer(client.POST("/api/v1/auth/verify-magic-link", { body: { token, cookie: true } })));
  return <LinkPage {...t.auth.magic} follow={follow} />;
}
