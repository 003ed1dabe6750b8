// Beginning and end of a session in this browser.
import { answer, client } from "@/api/client";
import { live } from "@/live/live";
import { queryClient } from "./query-client";

const SIGNED_IN = "gw.signed_in";

/** Whether this browser had a session when it was last here: scripts cannot see its cookies. */
export const hadSession = (): boolean => localStorage.getItem(SIGNED_IN) !== null;

/** After a sign-in answered with cookies: what was known of somebody else is forgotten. */
export function enter(): void {
  forget();
  localStorage.setItem(SIGNED_IN, "1");
}

export function forget(): void {
  localStorage.removeItem(SIGNED_IN);
  live.stop();
  queryClient.clear();
  navigator.serviceWorker?.controller?.postMessage("forget");
}

export async function signOut(): Promise<void> {
  await answer(client.POST("/api/v1/auth/logout"));
  forget();
  // A fresh page: nothing of the session stays in memory.
  location.assign("/");
}

/** A path of ours to go to after signing in; anything else is not followed. */
export function safeNext(next: unknown): string {
  return typeof next === "string" && /^\/(?!\/|\\)/.test(next) ? next : "/projects";
}
