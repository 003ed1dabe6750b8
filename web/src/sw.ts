// Offline reading: files of the application, and the last answer about each project that was opened. Nothing is written while
// offline, and everything is forgotten at sign-out.
declare const self: ServiceWorkerGlobalScope;
export type {};

const FILES = "gw-files-2";
const ANSWERS = "gw-answers-2";
/** What a person may want to read on a train. */
const KEPT = /^\/api\/v1\/(auth\/me$|workspaces$|projects(\/|$)|artifacts\/)/;
/** Of that: what streams, what is a file, and what is about others. */
const NEVER = /\/(events|ws|budget|preview|search)$|\/uploads\//;
/** Files that the page names by a name that stays. */
const NAMED = /^\/(theme\.js|icon[^/]*|manifest\.webmanifest)$/;
const ANSWERS_MAX = 400;
const FILES_MAX = 300;
/** A file is the same whoever asks for it: a page, a script of it, or this worker ahead of them. */
const FOUND = { ignoreVary: true };
/** Names all scripts and styles of the application (`scripts/budget.ts` writes it): pages that nobody opened yet can be, without a network. */
const LIST = "/files.json";
/** Who asks for these is somebody else now, or it is gone. */
const GONE = new Set([401, 403, 404, 410]);

/** Raised when everything is forgotten: what was under way then is not kept. */
let era = 0;

self.addEventListener("install", (event) => {
  void self.skipWaiting();
  event.waitUntil(keepPage().catch(() => undefined));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== FILES && name !== ANSWERS) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  const said: unknown = event.data;
  if (said === "forget") {
    era += 1;
    event.waitUntil(caches.delete(ANSWERS));
  } else if (Array.isArray(said)) {
    // The first page was loaded before anybody listened: it names its files.
    event.waitUntil(keepFiles(said.filter((one): one is string => typeof one === "string" && one.startsWith("/assets/"))));
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/assets/")) event.respondWith(fromCache(request));
  else if (request.mode === "navigate") event.respondWith(page(event, request));
  else if (NAMED.test(url.pathname)) event.respondWith(latestFile(request));
  else if (KEPT.test(url.pathname) && !NEVER.test(url.pathname)) event.respondWith(latest(event, request));
});

/** The page and what it names, so that even the first visit can be read again. */
async function keepPage(): Promise<void> {
  const response = await fetch("/", { headers: { accept: "text/html" } });
  if (!isPage(response)) return;
  const text = await response.clone().text();
  await (await caches.open(FILES)).put("/", response);
  await keepFiles([...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? "").filter((path) => path.startsWith("/assets/") || NAMED.test(path)));
  await keepAll();
}

/** The rest of the application, one after the other and after what is needed first. */
async function keepAll(): Promise<void> {
  const response = await fetch(LIST).catch(() => null);
  const paths: unknown = response?.ok === true ? await response.json().catch(() => null) : null;
  if (Array.isArray(paths)) await keepFiles(paths.filter((one): one is string => typeof one === "string" && one.startsWith("/assets/")));
}

async function keepFiles(paths: readonly string[]): Promise<void> {
  const cache = await caches.open(FILES);
  for (const path of paths) {
    if ((await cache.match(path, FOUND)) !== undefined) continue;
    const response = await fetch(path).catch(() => null);
    if (response?.ok === true) await cache.put(path, response);
  }
  await trim(cache, FILES_MAX);
}

const isPage = (response: Response): boolean => response.ok && (response.headers.get("content-type") ?? "").startsWith("text/html");

/** Names of files change with their content, so what is kept is right. */
async function fromCache(request: Request): Promise<Response> {
  const cache = await caches.open(FILES);
  const known = await cache.match(request, FOUND);
  if (known !== undefined) return known;
  const response = await fetch(request);
  if (response.ok) {
    await cache.put(request, response.clone());
    await trim(cache, FILES_MAX);
  }
  return response;
}

async function latestFile(request: Request): Promise<Response> {
  const cache = await caches.open(FILES);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, FOUND);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** All addresses are one page. */
async function page(event: FetchEvent, request: Request): Promise<Response> {
  const cache = await caches.open(FILES);
  try {
    const response = await fetch(request);
    if (isPage(response)) {
      await cache.put("/", response.clone());
      // A newer page names newer parts.
      event.waitUntil(keepAll());
    }
    return response;
  } catch (error) {
    const kept = await cache.match("/");
    if (kept === undefined) throw error;
    return kept;
  }
}

async function latest(event: FetchEvent, request: Request): Promise<Response> {
  const begun = era;
  try {
    const response = await fetch(request);
    if (response.ok) event.waitUntil(keep(request, response.clone(), begun));
    else if (GONE.has(response.status)) event.waitUntil(drop(request));
    return response;
  } catch (error) {
    const kept = await (await caches.open(ANSWERS)).match(request);
    if (kept === undefined) throw error;
    return kept;
  }
}

async function keep(request: Request, response: Response, begun: number): Promise<void> {
  if (begun !== era) return;
  const cache = await caches.open(ANSWERS);
  await cache.put(request, response);
  // Somebody signed out while it was written down.
  if (begun !== era) {
    await caches.delete(ANSWERS);
    return;
  }
  await trim(cache, ANSWERS_MAX);
}

async function drop(request: Request): Promise<void> {
  await (await caches.open(ANSWERS)).delete(request);
}

/** The oldest go first. */
async function trim(cache: Cache, most: number): Promise<void> {
  const all = await cache.keys();
  for (const old of all.slice(0, Math.max(0, all.length - most))) await cache.delete(old);
}
