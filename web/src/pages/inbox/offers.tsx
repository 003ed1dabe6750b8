import { useMutation, useQuery } from "@tanstack/react-query";
import { answer, client, type Schemas } from "@/api/client";
import { keys, meQuery } from "@/api/queries";
import { queryClient } from "@/app/query-client";
import { dateOnly } from "@/lib/format";
import { t } from "@/text/en";
import { Button } from "@/ui/button";
import { Card } from "@/ui/card";
import { tell, tellProblem } from "@/ui/toast";
import { SendAgain } from "../auth/login-page";

/** Invitations go to whom an address belongs to: who has not confirmed it sees none, and is told so. */
export function Unconfirmed() {
  const user = useQuery(meQuery).data?.user;
  if (user === undefined || user.email_verified_at != null) return null;
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-sm text-muted">
      <p>{t.inbox.confirm(user.email)}</p>
      <SendAgain email={user.email} />
    </div>
  );
}

/** Invitations to workspaces that wait for a yes or a no. */
export function Offers() {
  const offers = useQuery({
    queryKey: ["offers"],
    queryFn: async () => (await answer(client.GET("/api/v1/invitations"))).items,
  }).data;
  if (offers === undefined || offers.length === 0) return null;
  return (
    <section aria-label={t.offer.title} className="space-y-3">
      {offers.map((offer) => (
        <Offer key={offer.id} offer={offer} />
      ))}
    </section>
  );
}

function Offer({ offer }: { offer: Schemas["Offer"] }) {
  const decide = useMutation({
    mutationFn: async (accept: boolean) => {
      const params = { params: { path: { invitation_id: offer.id } } };
      if (accept) await answer(client.POST("/api/v1/invitations/{invitation_id}/accept", params));
      else await answer(client.POST("/api/v1/invitations/{invitation_id}/decline", params));
    },
    onSuccess: (_done, accept) => {
      if (accept) tell(t.offer.joined(offer.workspace_name));
      void queryClient.invalidateQueries({ queryKey: ["offers"] });
      void queryClient.invalidateQueries({ queryKey: keys.workspaces });
    },
    onError: tellProblem,
  });
  return (
    <Card tone="person" className="flex flex-wrap items-center justify-between gap-4 p-5">
      <div>
        <p className="font-medium">{t.offer.text(offer.invited_by, offer.workspace_name, t.role[offer.role] ?? offer.role)}</p>
        <p className="text-sm text-muted">{t.offer.until(dateOnly(offer.expires_at))}</p>
      </div>
      <div className="flex gap-2">
        <Button look="primary" busy={decide.isPending} onClick={() => decide.mutate(true)}>
          {t.offer.accept}
        </Button>
        <Button disabled={decide.isPending} onClick={() => decide.mutate(false)}>
          {t.offer.decline}
        </Button>
      </div>
    </Card>
  );
}
