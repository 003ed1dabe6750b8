import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { answer, client } from "@/api/client";
import { isProblem } from "@/api/problem";
import { queryClient } from "@/app/query-client";
import { may, useWorkspace } from "@/app/workspace";
import { dateOnly } from "@/lib/format";
import { t } from "@/text/en";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, Section } from "@/ui/card";
import { Input, sentence } from "@/ui/field";
import { Await, Failed } from "@/ui/states";
import { tell, tellProblem } from "@/ui/toast";

/** A key that is kept, known by its last characters. */
interface KeyState {
  provider: string;
  last_four: string;
  updated_at: string;
}

const PROVIDERS = ["anthropic", "openai"] as const;

interface Store {
  key: readonly unknown[];
  list: () => Promise<KeyState[]>;
  put: (provider: string, secret: string) => Promise<unknown>;
  remove: (provider: string) => Promise<unknown>;
}

/** Keys of model providers: of the person, then of the workspace. They go in and are never shown again. */
export function KeysTab() {
  const { current } = useWorkspace();
  const mine: Store = {
    key: ["keys", "mine"],
    list: async () => (await answer(client.GET("/api/v1/settings/api-keys"))).items,
    put: (provider, key) => answer(client.PUT("/api/v1/settings/api-keys/{provider}", { params: { path: { provider } }, body: { key } })),
    remove: (provider) => answer(client.DELETE("/api/v1/settings/api-keys/{provider}", { params: { path: { provider } } })),
  };
  const workspace_id = current?.id ?? "";
  const ours: Store = {
    key: ["keys", workspace_id],
    list: async () => (await answer(client.GET("/api/v1/workspaces/{workspace_id}/api-keys", { params: { path: { workspace_id } } }))).items,
    put: (model_provider, key) =>
      answer(client.PUT("/api/v1/workspaces/{workspace_id}/api-keys/{model_provider}", { params: { path: { workspace_id, model_provider } }, body: { key } })),
    remove: (model_provider) =>
      answer(client.DELETE("/api/v1/workspaces/{workspace_id}/api-keys/{model_provider}", { params: { path: { workspace_id, model_provider } } })),
  };
  return (
    <>
      <Section title={t.key.mine} hint={t.key.mineHint}>
        <Keys store={mine} canChange />
      </Section>
      {current !== undefined && may(current.role, "admin") && (
        <Section title={t.key.ours(current.name)} hint={t.key.oursHint}>
          <Keys store={ours} canChange={current.lifecycle === "active"} />
        </Section>
      )}
    </>
  );
}

function Keys({ store, canChange }: { store: Store; canChange: boolean }) {
  const query = useQuery({ queryKey: store.key, queryFn: store.list });
  return (
    <Await query={query} lines={1}>
      {(keys) => (
        <ul className="space-y-3">
          {PROVIDERS.map((provider) => (
            <KeyRow key={provider} provider={provider} state={keys.find((one) => one.provider === provider)} store={store} canChange={canChange} />
          ))}
        </ul>
      )}
    </Await>
  );
}

interface KeyRowProps {
  provider: string;
  state: KeyState | undefined;
  store: Store;
  canChange: boolean;
}

function KeyRow({ provider, state, store, canChange }: KeyRowProps) {
  const [secret, setSecret] = useState("");
  const refresh = () => queryClient.invalidateQueries({ queryKey: store.key });
  const put = useMutation({
    mutationFn: () => store.put(provider, secret.trim()),
    onSuccess: async () => {
      setSecret("");
      tell(t.key.kept);
      await refresh();
    },
  });
  const why = isProblem(put.error) ? put.error.fields.get("key") : undefined;
  const wrong = why === undefined ? undefined : sentence(t.key.it, why);
  const remove = useMutation({ mutationFn: () => store.remove(provider), onSuccess: refresh, onError: tellProblem });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    put.mutate();
  };
  return (
    <Card as="li" className="space-y-3 p-5">
      <p className="flex flex-wrap items-center gap-3">
        <span className="font-medium">{t.key.provider[provider] ?? provider}</span>
        {state !== undefined ? <Badge tone="spruce">{t.key.ends(state.last_four)}</Badge> : <Badge>{t.key.none}</Badge>}
        {state !== undefined && <span className="text-sm text-muted">{dateOnly(state.updated_at)}</span>}
      </p>
      {put.error !== null && wrong === undefined && <Failed error={put.error} />}
      {canChange && (
        <form onSubmit={submit} className="flex flex-wrap items-end gap-2">
          <Input label={t.key.new(t.key.provider[provider] ?? provider)} type="password" autoComplete="off" required value={secret} error={wrong} onChange={(event) => setSecret(event.target.value)} className="grow basis-60" />
          <Button type="submit" busy={put.isPending} disabled={secret.trim() === ""}>
            {t.action.save}
          </Button>
          {state !== undefined && (
            <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
              {t.key.remove}
            </Button>
          )}
        </form>
      )}
    </Card>
  );
}
