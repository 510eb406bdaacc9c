/** Leaves the sentences of the worker's notification where it finds them: it has no catalogue. */

import { say } from "./i18n/text.ts";

// As in sw_ring.ts; a test compares them. Sharing code would make the worker a module.
export const WORDS_CACHE = "visavis-ring";
export const WORDS_PLACE = "/ring-words.json";
export const TAG = "ring";
export const ASK = "visavis: do you ring?";
export const RENEW = "visavis: the push subscription has changed";

/** Keep the sentences in the language that is spoken now. */
export async function keepRingWords(): Promise<void> {
  const words = { calling: say("push.calling"), called: say("push.called") };
  const cache = await caches.open(WORDS_CACHE);
  await cache.put(WORDS_PLACE, Response.json(words));
}

export async function dropRingWords(): Promise<void> {
  await caches.delete(WORDS_CACHE);
}
