import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { queryClient } from "@/app/query-client";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Section } from "@/ui/card";
import { Ago } from "@/ui/time";
import { tellProblem } from "@/ui/toast";

const KEY = ["identities"] as const;

/** Other ways to sign in, where the installation offers any. */
export function Identities() {
  const offered = useQuery({ queryKey: ["oauth"], queryFn: async () => (await answer(client.GET("/api/v1/auth/oauth"))).items }).data ?? [];
  const mine = useQuery({ queryKey: KEY, queryFn: async () => (await answer(client.GET("/api/v1/users/me/identities"))).items }).data ?? [];
  const link = useMutation({
    mutationFn: (provider: string) => answer(client.POST("/api/v1/auth/oauth/{provider}/link", { params: { path: { provider } } })),
    onSuccess: ({ url }) => location.assign(url),
    onError: tellProblem,
  });
  const unlink = useMutation({
    mutationFn: (provider: string) => answer(client.DELETE("/api/v1/users/me/identities/{provider}", { params: { path: { provider } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: KEY }),
    onError: tellProblem,
  });
  if (offered.length === 0 && mine.length === 0) return null;
  const free = offered.filter((provider) => !mine.some((identity) => identity.provider === provider.name));
  return (
    <Section title={t.security.identities}>
      <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
        {mine.map((identity) => (
          <li key={identity.provider} className="flex items-center justify-between gap-4 px-5 py-3.5">
            <span>
              <span className="font-medium">{identity.provider}</span> <span className="text-muted">{identity.email}</span>
              <span className="block text-sm text-muted">
                {t.security.seen} <Ago at={identity.last_used_at} />
              </span>
            </span>
            <Button size="sm" onClick={() => unlink.mutate(identity.provider)}>
              {t.security.unlink}
            </Button>
          </li>
        ))}
        {free.map((provider) => (
          <li key={provider.name} className="flex items-center justify-between gap-4 px-5 py-3.5">
            {provider.label}
            <Button size="sm" onClick={() => link.mutate(provider.name)}>
              {t.security.link}
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
