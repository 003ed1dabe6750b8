import { useEffect, useRef, useState } from "react";
import { answer, client } from "@/api/client";
import { hadSession } from "@/app/session";
import { t } from "@/text/en";
import { LinkButton } from "@/ui/button";
import { Failed, Loading } from "@/ui/states";
import { AuthHead } from "./auth-frame";
import { useFragment } from "./fragment";
import { useSignedIn } from "./login-page";
import { SecondFactorForm } from "./second-factor-form";

/** Where a provider's sign-in comes back to: `#code=` to be exchanged, `#linked=` a provider's name, or `#error=` a word. */
export function CompletePage() {
  const parameters = useFragment();
  const { challenge, take } = useSignedIn();
  const [error, setError] = useState<unknown>(null);
  const begun = useRef(false);
  const code = parameters.get("code");
  useEffect(() => {
    if (code === null || begun.current) return;
    begun.current = true;
    answer(client.POST("/api/v1/auth/oauth/exchange", { body: { code, cookie: true } })).then(take).catch(setError);
  }, [code, take]);
  if (challenge !== null) return <SecondFactorForm challenge={challenge} onSignedIn={take} />;
  const word = parameters.get("error");
  const linked = parameters.get("linked");
  if (error !== null || word !== null || (code === null && linked === null)) {
    return (
      <>
        <AuthHead title={t.auth.providerFailed} hint={t.auth.providerError[word ?? ""] ?? t.auth.providerErrorOther} />
        {error !== null && <Failed error={error} />}
        <LinkButton to={hadSession() ? "/settings/security" : "/login"} className="mt-4">
          {t.auth.goOn}
        </LinkButton>
      </>
    );
  }
  if (linked !== null) {
    return (
      <>
        <AuthHead title={t.auth.linked(linked)} />
        <LinkButton to="/settings/security">{t.auth.goOn}</LinkButton>
      </>
    );
  }
  return (
    <>
      <AuthHead title={t.auth.signingIn} />
      <Loading lines={1} />
    </>
  );
}
