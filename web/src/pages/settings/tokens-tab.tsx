import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Schemas } from "@/api/client";
import { queryClient } from "@/app/query-client";
import { dateOnly } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { CopyButton } from "@/ui/copy";
import { Input, Select } from "@/ui/field";
import { Await, Empty, Failed } from "@/ui/states";
import { Ago } from "@/ui/time";
import { tellProblem } from "@/ui/toast";
import { useForm, value } from "../auth/use-form";

const KEY = ["tokens"] as const;
const SCOPES = ["projects:read", "projects:write", "workspaces:read", "workspaces:write"] as const;
const DAYS = [7, 30, 90, 365] as const;
const DAY_MS = 86_400_000;

export function TokensTab() {
  const query = useQuery({ queryKey: KEY, queryFn: async () => (await answer(client.GET("/api/v1/users/me/tokens"))).items });
  const [made, setMade] = useState<Schemas["TokenMade"] | null>(null);
  const refresh = () => queryClient.invalidateQueries({ queryKey: KEY });
  const remove = useMutation({
    mutationFn: (id: string) => answer(client.DELETE("/api/v1/users/me/tokens/{token_id}", { params: { path: { token_id: id } } })),
    onSuccess: refresh,
    onError: tellProblem,
  });
  return (
    <>
      <Section title={t.token.title} hint={t.token.hint}>
        <Await query={query} lines={2}>
          {(tokens) =>
            tokens.length === 0 ? (
              <Empty title={t.token.none} />
            ) : (
              <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
                {tokens.map((token) => (
                  <TokenRow key={token.id} token={token} onRemove={() => remove.mutate(token.id)} />
                ))}
              </ul>
            )
          }
        </Await>
        {made !== null && (
          <Card tone="good" className="space-y-3 p-5">
            <p className="font-medium">{t.token.made(made.name)}</p>
            <p className="break-all font-mono text-sm" data-testid="made-token">
              {made.token}
            </p>
            <CopyButton text={made.token} label={t.token.copy} />
          </Card>
        )}
      </Section>
      <NewToken
        onMade={(token) => {
          setMade(token);
          void refresh();
        }}
      />
    </>
  );
}

function TokenRow({ token, onRemove }: { token: Schemas["TokenRow"]; onRemove: () => void }) {
  return (
    <li className="flex items-center justify-between gap-4 px-5 py-3.5">
      <div className="min-w-0">
        <p className="font-medium">{token.name}</p>
        <p className="text-sm text-muted">
          {token.scopes.join(", ")} · {t.token.until(dateOnly(token.expires_at))} · {token.last_used_at == null ? t.token.unused : <>{t.security.seen} <Ago at={token.last_used_at} /></>}
        </p>
      </div>
      <Button size="sm" look="danger" onClick={onRemove}>
        {t.token.revoke}
      </Button>
    </li>
  );
}

function NewToken({ onMade }: { onMade: (token: Schemas["TokenMade"]) => void }) {
  const [round, setRound] = useState(0);
  const form = useForm(async (values) => {
    const body = {
      name: value(values, "name"),
      scopes: values.getAll("scope").map(String),
      expires_at: new Date(Date.now() + Number(value(values, "days")) * DAY_MS).toISOString(),
    };
    onMade(await answer(client.POST("/api/v1/users/me/tokens", { body })));
    setRound(round + 1);
  });
  return (
    <Section title={t.token.new}>
      <form key={round} onSubmit={form.submit} className="max-w-xl space-y-4">
        {form.error !== null && <Failed error={form.error} />}
        <div className="grid gap-4 sm:grid-cols-2">
          <Input label={t.token.name} name="name" required maxLength={100} error={form.field("name")} />
          <Select label={t.token.lives} name="days" defaultValue="30" error={form.field("expires_at")}>
            {DAYS.map((days) => (
              <option key={days} value={days}>
                {t.token.days(days)}
              </option>
            ))}
          </Select>
        </div>
        <fieldset>
          <legend className="mb-1.5 text-sm font-medium">{t.token.scopes}</legend>
          {SCOPES.map((scope) => (
            <label key={scope} className="flex items-center gap-2.5 py-1">
              <input type="checkbox" name="scope" value={scope} defaultChecked={scope === "projects:read"} className="size-4 accent-(--spruce)" />
              <span>
                {t.token.scope[scope]} <span className="font-mono text-xs text-muted">{scope}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Button type="submit" look="primary" busy={form.busy}>
          {t.token.make}
        </Button>
      </form>
    </Section>
  );
}
