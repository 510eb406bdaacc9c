/**
 * What outlasts a call that was recorded, as screens see it: our answers to others, and our own
 * recordings. Loaded when somebody looks.
 *
 * Not for: the call itself (`live_recording.ts`).
 */

import type { Client } from "../client/client.ts";
import type { Looked } from "../client/recordings.ts";
import type { Kept } from "../client/recordings_book.ts";
import { type Bytes, equal, hex, utf8 } from "../core/bytes.ts";
import type { ConsentRecord } from "../core/consent_record.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import { State } from "../core/recording_consent.ts";
import type { RecordingAsk } from "../core/recording_statements.ts";
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
  const find = (id: string): ConsentRecord => {
    const found = client()
      .consents.all()
      .find((one) => idOf(one) === id);
    if (found === undefined) throw new UnavailableError(Code.CONFLICT, "it is kept no longer");
    return found;
  };
  return {
    list: async () => {
      const found = await Promise.all(client().consents.all().map(consentView));
      return found.toSorted((one, other) => (one.day < other.day ? 1 : -1));
    },
    withdraw: async (id) => {
      try {
        await client().consents.withdraw(find(id).ask);
      } catch (error) {
        // Another device of ours may have taken it back meanwhile: it is done then, and listed so.
        if (!(error instanceof UnavailableError) || error.code !== Code.NO_YES) throw error;
      }
    },
    receipt: async (id) => await client().consents.receipt(find(id)),
    kantara: async (id) => utf8(JSON.stringify(await client().consents.kantara(find(id)))),
  };
}

/** Who came into a call again answered by another key. */
function idOf({ ask, key }: ConsentRecord): string {
  return hex(ask) + hex(key);
}

async function consentView(answer: ConsentRecord): Promise<ConsentView> {
  const { consentIn } = await import("../core/consent_record.ts");
  const consent = await consentIn(answer);
  const { ask, given, state } = consent;
  const isOver = consent.until * 1000 <= Date.now();
  return {
    id: idOf(answer),
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
      // From the book alone: files are read, and keys asked for, when one is opened.
      const found = await Promise.all(
        client()
          .recordings.all()
          .map((one) => rowOf(one)),
      );
      return found.toSorted((one, other) => (one.day < other.day ? 1 : -1));
    },
    play: async (id) => {
      const { recordings } = client();
      const looked = await recordings.look(find(id));
      const found = await recordings.play(looked);
      const parts = found.flatMap(({ key, own, name, kind, at, length, open }): Part[] => {
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
      return { row: await rowOf(looked.kept, looked), parts };
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

/**
 * Return a recording as a screen shows it.
 *
 * @param looked What its file proves and the server has, if it was opened.
 */
async function rowOf(kept: Kept, looked?: Looked): Promise<RecordingRow> {
  const [{ askedOf }, { endsAt }] = await Promise.all([
    import("../client/recordings_book.ts"),
    import("../core/recording_statements.ts"),
  ]);
  const asked = await askedOf(kept);
  const left = Math.ceil((endsAt(asked) * 1000 - Date.now()) / DAY_MS);
  const members = looked?.members ?? toldOf(kept, asked, left > 0);
  return {
    id: hex(kept.ask),
    with: kept.title,
    day: day(asked.at),
    length_s: Math.round(kept.length / 1000),
    kinds: [...asked.kinds],
    daysLeft: Math.max(0, left),
    playable: members.map((one) => playable(one, left > 0)),
    mayExport: members.every(({ clear, playable: is }) => clear || !is),
  };
}

type Shown = Readonly<{ own: boolean; name: string; playable: boolean; clear: boolean }>;

/** Return whose parts there may be, and whether they play, as far as this device was told. */
function toldOf(kept: Kept, asked: RecordingAsk, goesOn: boolean): readonly Shown[] {
  return [...kept.members.values()].map(([key, { name }]) => {
    const own = equal(key, asked.key);
    const said = kept.said.get(hex(key))?.[1];
    const stands = own || (said?.stands ?? false);
    return { own, name, playable: goesOn && stands, clear: own ? asked.clear : !!said?.clear };
  });
}

function playable({ own, name, playable: is }: Shown, goesOn: boolean): Playable {
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
