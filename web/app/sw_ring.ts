/**
 * What the service worker does when it is rung: shows that somebody is calling, and opens the app.
 *
 * A push says nothing but "ring", and the worker knows no more: it has no keys and no messages. The
 * app, once open, connects and finds out who calls. Only `sw.ts` imports this file: a worker that
 * shares code with the pages would have to load it.
 */

/** Where `ring_words.ts` leaves the sentences in the person's language. */
export const WORDS_CACHE = "visavis-ring";
export const WORDS_PLACE = "/ring-words.json";
/** One for all: a call that rings again takes the place of the one before. */
export const TAG = "ring";
/** Milliseconds that a page which is before the person's eyes has to say that it rings itself. */
export const ANSWER_MS = 3000;
/** Milliseconds that a call rings (call.md). */
export const RING_MS = 45_000;
/** What a worker asks a page, and what it tells it. */
export const ASK = "visavis: do you ring?";
export const RENEW = "visavis: the push subscription has changed";

export type RingWords = Readonly<{ calling: string; called: string }>;

type Page = Readonly<{
  visibilityState: DocumentVisibilityState;
  focus(): Promise<unknown>;
  postMessage(message: string, transfer?: Transferable[]): void;
}>;

type Shown = Readonly<{ close(): void }>;

/** The part of ServiceWorkerGlobalScope that is used here. */
export type RingScope = Readonly<{
  clients: Readonly<{
    matchAll(options: object): Promise<readonly Page[]>;
    openWindow(url: string): Promise<unknown>;
  }>;
  registration: Readonly<{
    showNotification(title: string, options: object): Promise<void>;
    getNotifications(filter: object): Promise<readonly Shown[]>;
  }>;
  caches: Pick<CacheStorage, "open">;
}>;

export type Pause = (ms: number) => Promise<void>;

/** Show that somebody is calling, unless a page rings; once it is over, that somebody called. */
export async function ring(scope: RingScope, pause: Pause): Promise<void> {
  if (await aPageRings(scope, pause)) return;
  const words = await ringWords(scope);
  await show(scope, words?.calling, { renotify: true, requireInteraction: true });
  await pause(RING_MS);
  // Whoever opened the app or swept the notification away has seen it.
  const left = await scope.registration.getNotifications({ tag: TAG });
  if (left.length > 0) await show(scope, words?.called, { silent: true });
}

/** Go to the app: it connects, and rings if the call still does. */
export async function open(scope: RingScope, notification: Shown): Promise<void> {
  notification.close();
  const [page] = await pages(scope);
  if (page === undefined) await scope.clients.openWindow("/");
  else await page.focus();
}

/** The browser gave out another subscription. The worker cannot log in; an open page can. */
export async function changed(scope: RingScope): Promise<void> {
  for (const page of await pages(scope)) page.postMessage(RENEW);
}

async function pages(scope: RingScope): Promise<readonly Page[]> {
  return await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
}

async function aPageRings(scope: RingScope, pause: Pause): Promise<boolean> {
  const seen = (await pages(scope)).filter((page) => page.visibilityState === "visible");
  if (seen.length === 0) return false;
  const answers = seen.map(
    (page) =>
      new Promise<true>((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          resolve(true);
        };
        page.postMessage(ASK, [port2]);
      }),
  );
  return await Promise.race([...answers, pause(ANSWER_MS).then(() => false)]);
}

async function ringWords({ caches }: RingScope): Promise<RingWords | undefined> {
  const kept = await (await caches.open(WORDS_CACHE)).match(WORDS_PLACE);
  const words: unknown = await kept?.json();
  if (typeof words !== "object" || words === null) return undefined;
  const { calling, called } = words as Partial<RingWords>;
  return typeof calling === "string" && typeof called === "string"
    ? { calling, called }
    : undefined;
}

/** Without words, which a browser short of space may have cleared, the name alone has to do. */
async function show(scope: RingScope, words: string | undefined, more: object): Promise<void> {
  const options = { tag: TAG, icon: "/icon-192.png", ...(words && { body: words }), ...more };
  await scope.registration.showNotification("Visavis", options);
}
