/** What the service worker shows when it is rung: one nameless sentence, or nothing if a page rings. */

import { describe, expect, test } from "vitest";
import * as words from "../../app/ring_words.ts";
import * as worker from "../../app/sw_ring.ts";
import { ANSWER_MS, ASK, changed, open, RENEW, RING_MS, ring, TAG } from "../../app/sw_ring.ts";

type Note = { title: string; options: Record<string, unknown>; close(): void };

/** A page of ours; `answers` says how it answers the worker's question. */
class FakePage {
  focused = 0;
  readonly told: string[] = [];
  readonly visibilityState: DocumentVisibilityState;
  readonly #answers: boolean;

  constructor(visibilityState: DocumentVisibilityState, answers = false) {
    this.visibilityState = visibilityState;
    this.#answers = answers;
  }

  async focus() {
    this.focused += 1;
  }

  postMessage(message: string, [port]: Transferable[] = []) {
    this.told.push(message);
    if (this.#answers && port instanceof MessagePort) port.postMessage(true);
  }
}

/** The worker's world, with a pause that ends when the test says so. */
function world(pages: FakePage[] = [], kept?: unknown) {
  const notes: Note[] = [];
  const opened: string[] = [];
  const pauses: { ms: number; end: () => void }[] = [];
  const scope: worker.RingScope = {
    clients: {
      matchAll: async () => pages,
      openWindow: async (url) => opened.push(url),
    },
    registration: {
      showNotification: async (title, options) => {
        const fresh: Note = {
          title,
          options: options as Record<string, unknown>,
          close: () => notes.splice(notes.indexOf(fresh), 1),
        };
        const place = notes.findIndex((one) => one.options["tag"] === fresh.options["tag"]);
        notes.splice(place < 0 ? notes.length : place, place < 0 ? 0 : 1, fresh);
      },
      getNotifications: async () => notes,
    },
    caches: {
      open: async () =>
        ({
          match: async () => (kept === undefined ? undefined : Response.json(kept)),
        }) as unknown as Cache,
    },
  };
  const pause = (ms: number) => new Promise<void>((end) => void pauses.push({ ms, end }));
  return { scope, pause, notes, opened, pauses };
}

const WORDS = { calling: "Jemand ruft an", called: "Jemand hat angerufen" };
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

test("pages and worker agree on where the words are and what they ask each other", () => {
  const { WORDS_CACHE, WORDS_PLACE } = worker;
  expect(words).toMatchObject({ WORDS_CACHE, WORDS_PLACE, TAG, ASK, RENEW });
  // The worker's tidying of old versions must pass the words by.
  expect(WORDS_CACHE.startsWith("visavis ")).toBe(false);
});

describe("rung", () => {
  test("with nothing open: that somebody is calling, in the person's language", async () => {
    const { scope, pause, notes, pauses } = world([], WORDS);
    const done = ring(scope, pause);
    await settle();
    expect(notes).toMatchObject([{ title: "Visavis", options: { body: WORDS.calling, tag: TAG } }]);
    expect(pauses.map(({ ms }) => ms)).toEqual([RING_MS]);
    pauses[0]?.end();
    await done;
    expect(notes).toMatchObject([{ options: { body: WORDS.called, silent: true } }]);
    expect(notes).toHaveLength(1);
  });

  test("and put away meanwhile: nothing comes back", async () => {
    const { scope, pause, notes, pauses } = world([], WORDS);
    const done = ring(scope, pause);
    await settle();
    notes[0]?.close();
    pauses[0]?.end();
    await done;
    expect(notes).toEqual([]);
  });

  test("twice: one takes the place of the other", async () => {
    const { scope, pause, notes } = world([], WORDS);
    void ring(scope, pause);
    void ring(scope, pause);
    await settle();
    expect(notes).toHaveLength(1);
  });

  test("without words: the app's name, and never a name of anybody", async () => {
    for (const kept of [undefined, null, "text", { calling: 1, called: 2 }, { calling: "x" }]) {
      const { scope, pause, notes } = world([], kept);
      void ring(scope, pause);
      await settle();
      expect(notes.map(({ title, options }) => [title, options["body"]])).toEqual([
        ["Visavis", undefined],
      ]);
    }
  });

  test("while a page that is seen rings itself: nothing", async () => {
    const page = new FakePage("visible", true);
    const { scope, pause, notes } = world([page], WORDS);
    await ring(scope, pause);
    expect([notes, page.told]).toEqual([[], [ASK]]);
  });

  test("while a page is seen that does not ring, locked for example: after a moment", async () => {
    const { scope, pause, notes, pauses } = world([new FakePage("visible")], WORDS);
    void ring(scope, pause);
    await settle();
    expect(notes).toEqual([]);
    expect(pauses.map(({ ms }) => ms)).toEqual([ANSWER_MS]);
    pauses[0]?.end();
    await settle();
    expect(notes).toHaveLength(1);
  });

  test("while a page is there and hidden: at once, without asking it", async () => {
    const page = new FakePage("hidden", true);
    const { scope, pause, notes } = world([page], WORDS);
    void ring(scope, pause);
    await settle();
    expect([notes.length, page.told]).toEqual([1, []]);
  });
});

describe("pressed", () => {
  test("goes to the page there is, else opens one", async () => {
    const note = {
      closed: 0,
      close() {
        this.closed += 1;
      },
    };
    const page = new FakePage("hidden");
    const there = world([page]);
    await open(there.scope, note);
    expect([page.focused, there.opened, note.closed]).toEqual([1, [], 1]);
    const nowhere = world();
    await open(nowhere.scope, note);
    expect(nowhere.opened).toEqual(["/"]);
  });
});

test("another subscription is told to the pages, which can log in", async () => {
  const page = new FakePage("hidden");
  await changed(world([page]).scope);
  expect(page.told).toEqual([RENEW]);
});
