// Beginning and end of a session in this browser.
import { answer, client, onSessionEnded } from "@/api/client";
import { forgetFiles } from "@/lib/kept-files";
import { live, onLiveEnded } from "@/live/live";
import { streams } from "@/live/streams";
import { queryClient } from "./query-client";
import { setTitleCount } from "./title";

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
  localStorage.removeItem("gw.refresh_key");
  // Drafts of ideas and of answers are of the person who wrote them.
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("gw.")) sessionStorage.removeItem(key);
  forgetFiles();
  setTitleCount(0);
  live.stop();
  streams.forget();
  queryClient.clear();
  navigator.serviceWorker?.controller?.postMessage("forget");
}

export async function signOut(): Promise<void> {
  await answer(client.POST("/api/v1/auth/logout"));
  forget();
  // A fresh page: nothing of the session stays in memory.
  location.assign("/");
}

/** Pages that need no session. */
const OPEN = /^\/($|login|signup|register|auth\/)/;

/** The session ended elsewhere: to the sign-in, and back here afterwards. */
export function watchSession(): void {
  let isLeaving = false;
  // Another tab may have forgotten the session already, so whether there was one is not asked.
  const leave = () => {
    const next = location.pathname + location.search;
    forget();
    if (isLeaving || OPEN.test(location.pathname)) return;
    isLeaving = true;
    location.assign(`/login?${new URLSearchParams({ next, ended: "1" })}`);
  };
  onSessionEnded(leave);
  onLiveEnded(leave);
}

/** A path of ours to go to after signing in; anything else is not followed. */
export function safeNext(next: unknown): string {
  return typeof next === "string" && /^\/(?!\/|\\)/.test(next) ? next : "/projects";
}
