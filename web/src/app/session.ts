// Beginning and end of a session in this browser.
import { answer, client, onSessionEnded } from "@/api/client";
import { forgetFiles } from "@/lib/kept-files";
import { live, onLiveEnded } from "@/live/live";
import { streams } from "@/live/streams";
import { queryClient } from "./query-client";
import { setTitleCount } from "./title";

const SIGNED_IN = "gw.signed_in";
/** Somebody signed out here, which is more than that a session ended. */
const LEFT = "gw.left";
/** Whose drafts these are: in a tab its texts, on the device its files. */
const OWNER = "gw.owner";

/** Whether this browser had a session when it was last here: scripts cannot see its cookies. */
export const hadSession = (): boolean => localStorage.getItem(SIGNED_IN) !== null;

/** After a sign-in answered with cookies: what was known of somebody else is forgotten. */
export function enter(): void {
  forget();
  localStorage.removeItem(LEFT);
  localStorage.setItem(SIGNED_IN, "1");
}

/** Drafts stay when a session ended while somebody wrote; they are for nobody else, so before a page is shown it is asked whose they are. */
export function claimDrafts(user: string): void {
  if (![null, user].includes(sessionStorage.getItem(OWNER))) forgetDrafts();
  if (![null, user].includes(localStorage.getItem(OWNER))) forgetFiles();
  sessionStorage.setItem(OWNER, user);
  localStorage.setItem(OWNER, user);
}

function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("gw.")) sessionStorage.removeItem(key);
}

export function forget(): void {
  localStorage.removeItem(SIGNED_IN);
  localStorage.removeItem("gw.refresh_key");
  setTitleCount(0);
  live.stop();
  streams.forget();
  queryClient.clear();
  navigator.serviceWorker?.controller?.postMessage("forget");
}

export async function signOut(): Promise<void> {
  await answer(client.POST("/api/v1/auth/logout"));
  localStorage.setItem(LEFT, "1");
  forget();
  forgetDrafts();
  forgetFiles();
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
    if (localStorage.getItem(LEFT) !== null) forgetDrafts();
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
