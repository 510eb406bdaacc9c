/**
 * What outlasts a call that was recorded, as screens see it: our answers to others, and our own
 * recordings. Loaded when somebody looks.
 *
 * Not for: the call itself (`live_recording.ts`).
 */

import type { Client } from "../client/client.ts";
import type { OwnAnswer } from "../client/consent_book.ts";
import type { Heard, Looked } from "../client/recordings.ts";
import type { Kept } from "../client/recordings_book.ts";
import { type Bytes, hex, utf8 } from "../core/bytes.ts";
import { Code, UnavailableError, VisavisError } from "../core/errors.ts";
import { State } from "../core/recording_consent.ts";
import { say } from "./i18n/text.ts";
import type {
  ConsentActions,
  ConsentView,
  Part,
  Playable,
  RecordingRow,
  RecordingsActions,
} from "./model_recording.ts";

const DAY_MS = 86_400_000;
const WEBM = "video/webm";

/**
 * Bytes of a file that are gathered before the browser gets them. Higher: more is in memory; lower: an
 * hour is made of more Blobs, each of which names all before it.
 */
const GATHERED = 8 * 2 ** 20;

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Return our answers, as screens ask for them. */
export function liveConsents(client: () => Client): ConsentActions {
  const find = (id: string): OwnAnswer => {
    const found = client()
      .consents.all()
      .find(({ ask }) => hex(ask) === id);
    if (found === undefined) throw new UnavailableError(Code.CONFLICT, "it is kept no longer");
    return found;
  };
  return {
    list: async () => {
      const found = await Promise.all(client().consents.all().map(consentView));
      return found.toSorted((one, other) => (one.day < other.day ? 1 : -1));
    },
    withdraw: async (id) => void (await client().consents.withdraw(find(id).ask)),
    receipt: async (id) => await client().consents.receipt(find(id).ask),
    kantara: async (id) => utf8(JSON.stringify(await client().consents.kantara(find(id).ask))),
  };
}

async function consentView(answer: OwnAnswer): Promise<ConsentView> {
  const { consentIn } = await import("../client/consent_book.ts");
  const consent = await consentIn(answer);
  const { ask, given, state } = consent;
  const isOver = consent.until * 1000 <= Date.now();
  return {
    id: hex(answer.ask),
    state: state === State.GIVEN && isOver ? "expired" : state,
    by: answer.by,
    where: answer.title,
    day: day(ask.at),
    kinds: [...(given?.kinds ?? ask.kinds)],
    purpose: ask.purpose,
    days: ask.days,
    clear: given?.clear ?? ask.clear,
  };
}

/** Return our recordings, as screens ask for them. */
export function liveRecordings(client: () => Client): RecordingsActions {
  const find = (id: string): Kept => {
    const found = client()
      .recordings.all()
      .find(({ ask }) => hex(ask) === id);
    if (found === undefined) throw new UnavailableError(Code.CONFLICT, "it is kept no longer");
    return found;
  };
  return {
    list: async () => {
      const found = await Promise.all(
        client()
          .recordings.all()
          .map((one) => row(client(), one)),
      );
      return found.toSorted((one, other) => (one.day < other.day ? 1 : -1));
    },
    play: async (id) => {
      const { recordings } = client();
      const parts = await recordings.play(await recordings.look(find(id)));
      return parts.flatMap(({ key, own, name, kind, at, length, open }): Part[] => {
        if (kind === "transcript") return [];
        const blob = async () => new Blob([await open()], { type: WEBM });
        return [
          {
            id: hex(key),
            name: own ? ourselves() : name,
            kind,
            at: at / 1000,
            length: length / 1000,
            open: blob,
          },
        ];
      });
    },
    export: async (id, progress, signal) => {
      return await collected(client().recordings.exported(find(id), percents(progress)), signal);
    },
    file: async (id) => await collected(client().recordings.file(find(id))),
    remove: async (id) => await client().recordings.remove(find(id)),
  };
}

/** Tell each percent once: a page that draws a step for each frame of an hour does little else. */
function percents(progress: (part: number) => void): (done: number, whole: number) => void {
  let told = -1;
  return (done, whole) => {
    const percent = whole === 0 ? 100 : Math.floor((100 * done) / whole);
    if (percent <= told) return; // frames of several tracks come in turn; it never goes back
    told = percent;
    progress(percent / 100);
  };
}

/**
 * Gather a file. Only so many bytes are in the page's own memory: the rest is the browser's, and
 * Chromium keeps a large Blob on disk.
 */
async function collected(pieces: AsyncIterable<Bytes>, signal?: AbortSignal): Promise<Blob> {
  let whole = new Blob([], { type: WEBM });
  let latest: Bytes[] = [];
  let size = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    latest.push(piece);
    size += piece.length;
    if (size < GATHERED) continue;
    whole = new Blob([whole, ...latest], { type: WEBM });
    latest = [];
    size = 0;
  }
  return new Blob([whole, ...latest], { type: WEBM });
}

async function row(client: Client, kept: Kept): Promise<RecordingRow> {
  const [{ askedOf }, { endsAt }] = await Promise.all([
    import("../client/recordings_book.ts"),
    import("../core/recording_statements.ts"),
  ]);
  const asked = await askedOf(kept);
  const looked = await look(client, kept);
  const left = Math.ceil((endsAt(asked) * 1000 - Date.now()) / DAY_MS);
  return {
    id: hex(kept.ask),
    with: kept.title,
    day: day(asked.at),
    length_s: Math.round(kept.length / 1000),
    kinds: [...asked.kinds],
    daysLeft: Math.max(0, left),
    playable: looked?.members.map((one) => playable(one, left > 0)) ?? unreached(kept),
    mayExport: looked?.members.every(({ clear, playable: is }) => clear || !is) ?? false,
  };
}

/** Return what a recording is now; undefined if the server cannot be reached. */
async function look(client: Client, kept: Kept): Promise<Looked | undefined> {
  try {
    return await client.recordings.look(kept);
  } catch (error) {
    if (error instanceof VisavisError && error.code === Code.UNAVAILABLE) return undefined;
    throw error;
  }
}

function playable({ own, name, playable: is }: Heard, goesOn: boolean): Playable {
  return {
    name: own ? ourselves() : name,
    playable: is,
    why: is ? null : goesOn ? "withdrawn" : "expired",
  };
}

/** Return what we are called, in the language of the page. */
function ourselves(): string {
  return say("askRecord.you");
}

function unreached({ members }: Kept): readonly Playable[] {
  return [...members.values()].map(([, { name }]) => {
    return { name: name === "" ? ourselves() : name, playable: false, why: "offline" };
  });
}
