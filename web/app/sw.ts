/**
 * The service worker: keeps the pages of one version, so that they open without a network and an
 * open tab finds the files it was built with after an upgrade.
 *
 * It never sees a message or a key: it answers for the page itself and for hashed files of ours, and
 * passes everything else by. A newer page comes from the server whenever that answers. When it is
 * rung while no page is open, `sw_ring.ts` says what is shown.
 */

import { changed, open, type RingScope, ring } from "./sw_ring.ts";

/** What the build writes in: a name for this set of files, and the files. */
const VERSION = "visavis __VERSION__";
const FILES = "__FILES__".split(" ");
/** Files that are large and that few want: kept from when they are asked for first. */
const LATER: ReadonlySet<string> = new Set("__LATER__".split(" "));
/** By its name: the server gives it under other paths to navigations only. */
const PAGE = "/index.html";
const NETWORK_MS = 4000;

type Waiting = Event & { waitUntil(work: Promise<unknown>): void };
type Clicked = Waiting & { notification: Notification };
type Fetching = Event & { request: Request; respondWith(answer: Promise<Response>): void };

/** The part of ServiceWorkerGlobalScope that is used here; pages and workers share one tsconfig. */
type Scope = RingScope & {
  addEventListener(
    kind: "install" | "activate" | "push" | "pushsubscriptionchange",
    listener: (event: Waiting) => void,
  ): void;
  addEventListener(kind: "notificationclick", listener: (event: Clicked) => void): void;
  addEventListener(kind: "fetch", listener: (event: Fetching) => void): void;
  clients: { claim(): Promise<void> };
};

const scope = globalThis as unknown as Scope;

scope.addEventListener("install", (event) => event.waitUntil(keep()));
scope.addEventListener("activate", (event) => event.waitUntil(tidy()));
scope.addEventListener("push", (event) => event.waitUntil(ring(scope, pause)));
scope.addEventListener("notificationclick", (event) =>
  event.waitUntil(open(scope, event.notification)),
);
scope.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(changed(scope)));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (url.pathname.startsWith("/assets/")) event.respondWith(asset(request));
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function keep(): Promise<void> {
  const cache = await caches.open(VERSION);
  await cache.addAll([PAGE, ...FILES]);
  // Who had them with the version before has them with this one, if they are the same.
  for (const path of LATER) {
    const had = await caches.match(path);
    if (had !== undefined) await cache.put(path, had);
  }
}

async function tidy(): Promise<void> {
  // The version before stays: a tab that began with it may still want its files.
  const names = (await caches.keys()).filter((name) => name.startsWith("visavis "));
  const old = names.filter((name) => name !== VERSION).slice(0, -1);
  await Promise.all(old.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(NETWORK_MS) });
  } catch {
    return (await caches.match(PAGE)) ?? Response.error();
  }
}

async function asset(request: Request): Promise<Response> {
  const kept = await caches.match(request);
  if (kept !== undefined) return kept;
  const answer = await fetch(request);
  if (answer.ok && LATER.has(new URL(request.url).pathname)) {
    const copy = answer.clone();
    // A full disk costs the copy, not the file.
    const cache = await caches.open(VERSION);
    await cache.put(request, copy).catch(() => undefined);
  }
  return answer;
}
