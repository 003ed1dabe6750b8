import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { queryClient } from "@/app/query-client";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { CopyButton } from "@/ui/copy";
import { Input } from "@/ui/field";
import { Await, Failed, Skeleton } from "@/ui/states";
import { useForm, value } from "../auth/use-form";

const QrCode = lazy(() => import("./qr-code"));
const KEY = ["second-factor"] as const;

type Step = { at: "rest" } | { at: "password" } | { at: "scan"; offered: Schemas["SecretOffered"] } | { at: "codes"; codes: string[] } | { at: "off" } | { at: "again" };

export function SecondFactor() {
  const query = useQuery({ queryKey: KEY, queryFn: () => answer(client.GET("/api/v1/auth/2fa")) });
  const [step, setStep] = useState<Step>({ at: "rest" });
  const settled = (next: Step) => {
    setStep(next);
    void queryClient.invalidateQueries({ queryKey: KEY });
  };
  return (
    <Section title={t.factor.title} hint={t.factor.hint}>
      <Await query={query} lines={1}>
        {(state) => (
          <Card className="space-y-4 p-4 sm:p-5">
            <p className="flex flex-wrap items-center gap-3">
              {state.enabled ? <Badge tone="spruce">{t.factor.on}</Badge> : <Badge>{t.factor.off}</Badge>}
              {state.enabled && <span className="text-sm text-muted">{t.factor.codesLeft(state.recovery_codes_left)}</span>}
            </p>
            {step.at === "rest" && (
              <div className="flex flex-wrap gap-2">
                <Button onClick={() => setStep({ at: state.enabled ? "off" : "password" })}>{state.enabled ? t.factor.disable : t.factor.enable}</Button>
                {state.enabled && <Button onClick={() => setStep({ at: "again" })}>{t.factor.again}</Button>}
              </div>
            )}
            {step.at === "password" && <AskPassword onOffered={(offered) => setStep({ at: "scan", offered })} />}
            {step.at === "scan" && <Scan offered={step.offered} onCodes={(codes) => settled({ at: "codes", codes })} />}
            {step.at === "codes" && <Codes codes={step.codes} onDone={() => setStep({ at: "rest" })} />}
            {step.at === "again" && <NewCodes onCodes={(codes) => settled({ at: "codes", codes })} onCancel={() => setStep({ at: "rest" })} />}
            {step.at === "off" && <Disable onDone={() => settled({ at: "rest" })} />}
          </Card>
        )}
      </Await>
    </Section>
  );
}

function AskPassword({ onOffered }: { onOffered: (offered: Schemas["SecretOffered"]) => void }) {
  const form = useForm(async (values) => onOffered(await answer(client.POST("/api/v1/auth/2fa/enable", { body: { password: value(values, "password") } }))));
  return (
    <form onSubmit={form.submit} className="max-w-sm space-y-4">
      {form.error !== null && <Failed error={form.error} />}
      <Input label={t.auth.password} name="password" type="password" required autoComplete="current-password" error={form.field("password")} />
      <Button type="submit" look="primary" busy={form.busy}>
        {t.action.next}
      </Button>
    </form>
  );
}

function Scan({ offered, onCodes }: { offered: Schemas["SecretOffered"]; onCodes: (codes: string[]) => void }) {
  const form = useForm(async (values) => {
    const verified = await answer(client.POST("/api/v1/auth/2fa/verify", { body: { code: value(values, "code").trim() } }));
    if ("recovery_codes" in verified) onCodes(verified.recovery_codes);
  });
  return (
    <div className="grid gap-6 sm:grid-cols-[auto_1fr]">
      <Suspense fallback={<Skeleton className="size-48" />}>
        <QrCode text={offered.otpauth_uri} />
      </Suspense>
      <form onSubmit={form.submit} className="space-y-4">
        <p>{t.factor.scan}</p>
        <p className="break-all font-mono text-sm">{offered.secret}</p>
        {form.error !== null && <Failed error={form.error} />}
        <Input label={t.auth.code} name="code" inputMode="numeric" autoComplete="one-time-code" required error={form.field("code")} />
        <Button type="submit" look="primary" busy={form.busy}>
          {t.factor.confirm}
        </Button>
      </form>
    </div>
  );
}

function Codes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <div className="space-y-4">
      <p className="font-medium">{t.factor.codes}</p>
      <ul className="grid max-w-md grid-cols-2 gap-2 rounded-md bg-sunken p-4 font-mono text-sm">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="flex gap-2">
        <CopyButton text={codes.join("\n")} label={t.factor.copy} />
        <Button size="sm" look="primary" onClick={onDone}>
          {t.factor.kept}
        </Button>
      </div>
    </div>
  );
}

/** New recovery codes; the old ones are void. */
function NewCodes({ onCodes, onCancel }: { onCodes: (codes: string[]) => void; onCancel: () => void }) {
  const form = useForm(async (values) => {
    const made = await answer(client.POST("/api/v1/auth/2fa/recovery-codes", { body: { password: value(values, "password"), code: value(values, "code").trim() } }));
    onCodes(made.recovery_codes);
  });
  return (
    <form onSubmit={form.submit} className="grid max-w-xl gap-4 sm:grid-cols-2">
      <p className="text-muted sm:col-span-2">{t.factor.againHint}</p>
      {form.error !== null && <div className="sm:col-span-2"><Failed error={form.error} /></div>}
      <Input label={t.auth.password} name="password" type="password" required autoComplete="current-password" error={form.field("password")} />
      <Input label={t.auth.code} name="code" autoComplete="one-time-code" required error={form.field("code")} />
      <div className="flex gap-2">
        <Button type="submit" look="primary" busy={form.busy}>
          {t.factor.again}
        </Button>
        <Button look="quiet" onClick={onCancel}>
          {t.action.cancel}
        </Button>
      </div>
    </form>
  );
}

function Disable({ onDone }: { onDone: () => void }) {
  const form = useForm(async (values) => {
    await answer(client.POST("/api/v1/auth/2fa/disable", { body: { password: value(values, "password"), code: value(values, "code").trim() } }));
    onDone();
  });
  return (
    <form onSubmit={form.submit} className="grid max-w-xl gap-4 sm:grid-cols-2">
      {form.error !== null && <div className="sm:col-span-2"><Failed error={form.error} /></div>}
      <Input label={t.auth.password} name="password" type="password" required autoComplete="current-password" error={form.field("password")} />
      <Input label={t.auth.code} name="code" autoComplete="one-time-code" required error={form.field("code")} />
      <div>
        <Button type="submit" look="danger" busy={form.busy}>
          {t.factor.disable}
        </Button>
      </div>
    </form>
  );
}
