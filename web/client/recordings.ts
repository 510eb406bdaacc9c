/**
 * Our own recordings: which there are, who can still be played, the export in the clear, the end (twin
 * of `sdk/recordings.py`).
 *
 * A part opens with our half of its key and the member's share, which is read from the server for each
 * use and never kept (P16). Whoever took their yes back, or whose days are over, is left out.
 *
 * Not for: writing one (`recorder.ts`), or what others recorded.
 */

import { get } from "../core/byte_sets.ts";
import { type Bytes, equal, hex, wipe } from "../core/bytes.ts";
import {
  AuthorizationError,
  Code,
  FatalError,
  PeerError,
  UnavailableError,
} from "../core/errors.ts";
import type { ConsentKey, Digest, Secret32 } from "../core/ids.ts";
import { type MemberProof, type Proof, prove } from "../core/recording_proof.ts";
import { DAY_S, endsAt, type RecordingAsk } from "../core/recording_statements.ts";
import type { Kind } from "../core/recording_types.ts";
import { openPart, type Part, readPart as partOf, read } from "../core/vvrec.ts";
import { joined, readPart } from "../core/webm.ts";
import type { Frame, Source } from "../core/webm_types.ts";
import { Lock } from "./lock.ts";
import { putBehind } from "./recording_behind.ts";
import type { Shares } from "./recording_means.ts";
import { RecordingFile, type Rows } from "./recording_store.ts";
import { askedOf, type Kept, type RecordingsBook } from "./recordings_book.ts";

/** What our own tracks are called. */
export const OWN = "you";

/** Told how many milliseconds of how many are done. */
export type Progress = (done: number, whole: number) => void;

/** A member of a recording. */
export type Heard = Readonly<{
  /** By which they are known in it. */
  key: ConsentKey;
  /** It is this device. */
  own: boolean;
  /** What they were called. */
  name: string;
  /** How much there is of them, milliseconds. */
  recordedMs: number;
  /** Whether their share is to be had now. */
  playable: boolean;
  /** Whether they agreed to an export in the clear. */
  clear: boolean;
  /** They took their yes back, as far as the file knows. */
  withdrawn: boolean;
}>;

/** A recording as it is now. */
export type Looked = Readonly<{
  kept: Kept;
  asked: RecordingAsk;
  /** What its file proves. */
  proof: Proof;
  /** Of whom there is something. */
  members: readonly Heard[];
}>;

/** Some seconds of one member's track: a WebM file that plays by itself. */
export type PlayPart = Readonly<{
  key: ConsentKey;
  own: boolean;
  name: string;
  kind: Kind;
  /** Milliseconds since the recording began. */
  at: number;
  length: number;
  /**
   * Open it: the member's share is read for that, and not kept.
   *
   * @throws AuthorizationError REFUSED: it was taken back, or its day has come.
   * @throws UnavailableError The server cannot be reached.
   */
  open: () => Promise<Bytes>;
}>;

/** Where in the file a part is. */
type Place = Pick<Part, "key" | "kind" | "at" | "length"> & Readonly<{ row: number }>;

/** The recordings of this device. */
export class Recordings {
  readonly #book: RecordingsBook;
  readonly #rows: Rows;
  readonly #shares: Shares;
  readonly #now: () => number;
  /** Files are added to and deleted one after the other: no row is to lie where no line is. */
  readonly #changing = new Lock();
  #lookAt = 0;

  /**
   * @param book What is known of them.
   * @param rows Where their files lie.
   * @param shares Where members' shares lie.
   * @param now Returns unix seconds.
   */
  constructor(book: RecordingsBook, rows: Rows, shares: Shares, now: () => number) {
    this.#book = book;
    this.#rows = rows;
    this.#shares = shares;
    this.#now = now;
  }

  /** Return those in which something was recorded. */
  all(): readonly Kept[] {
    return this.#book.all().filter(({ wasRecorded }) => wasRecorded);
  }

  /** Return one of them. */
  get(ask: Digest): Kept | undefined {
    return this.#book.get(ask);
  }

  /**
   * Return what a recording proves, and who can be played now.
   *
   * @throws UnavailableError The server cannot be reached: playing needs it.
   * @throws PeerError MALFORMED: the file was altered, or is gone.
   */
  async look(kept: Kept): Promise<Looked> {
    const file = await RecordingFile.of(this.#rows, kept.rows);
    const proof = await whole(prove(file.source()));
    if (!proof.ok) throw new PeerError(Code.MALFORMED, proof.problems.join("; "));
    const asked = await askedOf(kept);
    const members: Heard[] = [];
    for (const member of proof.members) {
      if (member.recordedMs === 0) continue;
      const isOwn = equal(member.key, asked.key);
      const { key, recordedMs, withdrawn } = member;
      members.push({
        ...{ key, own: isOwn, recordedMs },
        withdrawn: withdrawn !== null || !(isOwn || stands(kept, key)),
        name: isOwn ? OWN : (get(kept.members, key)?.name ?? ""),
        playable: await this.#isPlayable(kept, proof, member),
        clear: isOwn ? asked.clear : member.clear,
      });
    }
    return { kept, asked, proof, members };
  }

  async #isPlayable(kept: Kept, proof: Proof, member: MemberProof): Promise<boolean> {
    if (!proof.isPlayable(member, this.#now())) return false;
    const isOwn = proof.ask !== null && equal(member.key, proof.ask.key);
    if (!(isOwn || stands(kept, member.key))) return false;
    try {
      wipe(await this.#share(kept, member.key));
      return true;
    } catch (error) {
      if (!(error instanceof AuthorizationError)) throw error;
      return false; // taken back, or its day has come
    }
  }

  /**
   * Return what can be played, in order of time; nothing is opened yet.
   *
   * @param from Milliseconds since the recording began: what ends before is left out.
   * @throws As `look`.
   */
  async play(looked: Looked, from = 0): Promise<readonly PlayPart[]> {
    const { kept, members } = looked;
    const file = await RecordingFile.of(this.#rows, kept.rows);
    const parts = (await this.#index(file, looked)).filter(({ at, length }) => at + length > from);
    return parts
      .toSorted((one, other) => one.at - other.at)
      .map(({ row, ...part }) => {
        const whose = members.find(({ key }) => equal(key, part.key));
        const opened = async () => {
          const share = await this.#share(kept, part.key);
          try {
            return await open(file, row, kept, share);
          } finally {
            wipe(share);
          }
        };
        return { ...part, own: whose?.own ?? false, name: whose?.name ?? "", open: opened };
      });
  }

  /**
   * Yield all that can be played as one WebM file that anybody can play, for ever.
   *
   * @param progress Told how far it is.
   * @throws AuthorizationError REFUSED: not everybody in it agreed to that.
   * @throws UnavailableError As `look`; or nothing can be played any more.
   * @throws PeerError As `look`.
   */
  async *exported(
    kept: Kept,
    progress: Progress = () => undefined,
  ): AsyncGenerator<Bytes, void, undefined> {
    const looked = await this.look(kept);
    const parts = looked.members.filter(({ playable }) => playable);
    if (parts.length === 0) {
      throw new UnavailableError(Code.UNAVAILABLE, "nothing of it can be played any more");
    }
    if (parts.some(({ clear }) => !clear)) {
      throw new AuthorizationError(Code.REFUSED, "not everybody agreed to an export");
    }
    const shares = new Map<string, Secret32>();
    try {
      for (const { key } of parts) shares.set(hex(key), await this.#share(kept, key));
      yield* this.#joined(looked, shares, progress);
    } finally {
      wipe(...shares.values());
    }
  }

  async *#joined(
    looked: Looked,
    shares: ReadonlyMap<string, Secret32>,
    progress: Progress,
  ): AsyncGenerator<Bytes, void, undefined> {
    const { kept, members } = looked;
    const file = await RecordingFile.of(this.#rows, kept.rows);
    const tracks = new Map<string, Place[]>();
    for (const place of await this.#index(file, looked)) {
      const name = `${hex(place.key)} ${place.kind}`;
      tracks.set(name, [...(tracks.get(name) ?? []), place]);
    }
    const ends = [...tracks.values()].flat().map(({ at, length }) => at + length);
    const length = ends.reduce((last, end) => Math.max(last, end), 0);
    const opened = async ({ row, key }: Place) => {
      const share = shares.get(hex(key));
      if (share === undefined) throw new UnavailableError(Code.UNAVAILABLE, "no share of the key");
      return readPart(await open(file, row, kept, share));
    };
    async function* framesOf(places: readonly Place[]): AsyncGenerator<Frame> {
      for (const place of places) {
        for (const { at, data } of (await opened(place)).frames) {
          progress(place.at + at, length);
          yield { at: place.at + at, data };
        }
      }
    }
    const sources: Source[] = [];
    for (const places of tracks.values()) {
      const [first] = places;
      if (first === undefined) continue;
      const { track } = await opened(first);
      const who = members.find(({ key }) => equal(key, first.key))?.name ?? "";
      sources.push({ track, name: `${who} (${first.kind})`, frames: framesOf(places) });
    }
    yield* joined(sources, length);
    progress(length, length);
  }

  /** Yield the sealed file with its proof, for `visavis verify-recording`. */
  async *file(kept: Kept): AsyncGenerator<Bytes, void, undefined> {
    yield* (await RecordingFile.of(this.#rows, kept.rows)).chunks();
  }

  /** Delete a recording. */
  async remove(kept: Kept): Promise<void> {
    await this.#changing.run(async () => {
      // The line last: a crash in between leaves nothing that nobody knows of.
      await (await RecordingFile.of(this.#rows, kept.rows)).remove();
      await this.#book.forget(kept.ask);
    });
  }

  /**
   * Put behind each file what was taken back after the call, so that it proves that, too.
   *
   * @throws UnavailableError DISK_FULL: it can be tried again.
   */
  async putBehind(): Promise<void> {
    for (const [ask, key] of this.#book.late()) {
      await this.#changing.run(() => this.#putBehind(ask, key));
    }
  }

  async #putBehind(ask: Digest, key: ConsentKey): Promise<void> {
    const kept = this.#book.get(ask);
    const statement = kept && get(kept.said, key)?.late;
    if (kept === undefined || statement == null) return; // It was removed meanwhile.
    const file = await RecordingFile.of(this.#rows, kept.rows);
    try {
      await whole(putBehind(file, statement, key, kept.privateKey));
    } catch (error) {
      // To a file that was altered nothing can be added. That they took it back the book has.
      if (!(error instanceof PeerError)) throw error;
    }
    await this.#book.putBehind(ask, key);
  }

  /**
   * Do so, if something may be due: what a look every minute may cost. Whatever is begun meanwhile has
   * a day at least.
   */
  async expireIfDue(): Promise<void> {
    if (this.#now() >= this.#lookAt) await this.expire();
  }

  /** Delete those whose days are over, also what a crash left before anything was recorded. */
  async expire(): Promise<void> {
    const now = this.#now();
    let lookAt = now + DAY_S;
    for (const kept of this.#book.all()) {
      const until = endsAt(await askedOf(kept));
      if (until <= now) await this.remove(kept);
      else lookAt = Math.min(lookAt, until);
    }
    this.#lookAt = lookAt;
  }

  /** Read a member's share, or ours; whoever gets it overwrites it after use. */
  async #share(kept: Kept, key: ConsentKey): Promise<Secret32> {
    const way = get(kept.members, key);
    if (way === undefined) throw new AuthorizationError(Code.REFUSED, "no share of theirs came");
    return await this.#shares.read(way.slot, way.read);
  }

  /** Return where the parts are that can be played. */
  async #index(file: RecordingFile, { members }: Looked): Promise<readonly Place[]> {
    const playable = new Set(members.flatMap((one) => (one.playable ? [hex(one.key)] : [])));
    const places: Place[] = [];
    let row = 0; // the head is the first; each chunk is one
    try {
      for await (const [chunk] of read(file.source())) {
        row += 1;
        if (chunk.word !== "part" || !playable.has(hex(chunk.key))) continue;
        const { key, kind, at, length } = chunk;
        places.push({ row, key, kind, at, length });
      }
    } catch (error) {
      // A crash: what is whole is what there is.
      if (!(error instanceof PeerError)) throw error;
    }
    return places;
  }
}

/** Whether a member's yes stands, as far as we were told. */
export function stands({ said }: Pick<Kept, "said">, key: ConsentKey): boolean {
  return get(said, key)?.stands ?? false;
}

/** Open the part in a row; there is one chunk in each, behind its length. */
async function open(
  file: RecordingFile,
  row: number,
  { ask, secret }: Kept,
  share: Secret32,
): Promise<Bytes> {
  const data = await whole(file.get(row));
  if (data === undefined) throw gone();
  return await openPart(partOf(data), ask, secret, share);
}

/** A row that was altered, or is gone, is an altered file to whoever plays it. */
async function whole<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof FatalError && error.code === Code.DECRYPTION) throw gone();
    throw error;
  }
}

function gone(): PeerError {
  return new PeerError(Code.MALFORMED, "its file was altered, or is gone");
}
