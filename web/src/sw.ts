// Offline reading: files of the application, and the last answer about each project that was opened. Nothing is written while
// offline, and everything is forgotten at sign-out.
declare const self: ServiceWorkerGlobalScope;
export type {};

const FILES = "gw-files-1";
const ANSWERS = "gw-answers-1";
/** What a person may want to read on a train. */
const KEPT = /^\/api\/v1\/(auth\/me|workspaces|projects|artifacts)(\/|$|\?)/;
const STREAMS = /\/(events|ws)$/;
const ANSWERS_MAX = 400;

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== FILES && name !== ANSWERS) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "forget") event.waitUntil(caches.delete(ANSWERS));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/assets/")) event.respondWith(fromCache(request));
  else if (request.mode === "navigate") event.respondWith(page(request));
  else if (KEPT.test(url.pathname) && !STREAMS.test(url.pathname)) event.respondWith(latest(event, request));
});

async function fromCache(request: Request): Promise<Response> {
  const known = await caches.match(request);
  if (known !== undefined) return known;
  const response = await fetch(request);
  if (response.ok) await (await caches.open(FILES)).put(request, response.clone());
  return response;
}

/** All addresses are one page. */
async function page(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    const isPage = response.ok && (response.headers.get("content-type") ?? "").startsWith("text/html");
    if (isPage) await (await caches.open(FILES)).put("/", response.clone());
    return response;
  } catch (error) {
    const kept = await caches.match("/");
    if (kept === undefined) throw error;
    return kept;
  }
}

async function latest(event: FetchEvent, request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) {
      const copy = response.clone();
      event.waitUntil(keep(request, copy));
    }
    return response;
  } catch (error) {
    const kept = await (await caches.open(ANSWERS)).match(request);
    if (kept === undefined) throw error;
    return kept;
  }
}

async function keep(request: Request, response: Response): Promise<void> {
  const cache = await caches.open(ANSWERS);
  await cache.put(request, response);
  const all = await cache.keys();
  for (const old of all.slice(0, Math.max(0, all.length - ANSWERS_MAX))) await cache.delete(old);
}
