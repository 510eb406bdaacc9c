/**
 * Records one call on this device: `Recorder` of `recording_means.ts` with the call's frames, a clock
 * and a database (twin of `sdk/recorder.py`).
 *
 *     said, share, among, record, over    what the call's consents say, and decide
 *     FrameTape                           passes that on to where frames are opened; sealed chunks come
 *     RecordingFile                       keeps them
 *
 * Which frames are kept, the tape decides by what was said (`core/recording_tape.ts`). The file is
 * marked every few seconds, so a crash leaves all before that. A disk that is full, or a worker that
 * died, ends the recording, and what is there stays playable.
 *
 * Not for: who may be recorded, or what a person sees of their recordings (`recordings.ts`).
 */

import { mapOf } from "../core/byte_sets.ts";
import { type Bytes, copy, hex, type Rng } from "../core/bytes.ts";
import { UsageError, VisavisError } from "../core/errors.ts";
import { type ConsentKey, type Digest, random, Secret32 } from "../core/ids.ts";
import { askDigest } from "../core/recording_statements.ts";
import type { Kinds, Members } from "../core/recording_types.ts";
import type { FrameTape, Reel } from "../media/interfaces.ts";
import type { RecordedCall, Recorder, SaidStatement } from "./recording_means.ts";
import { RecordingFile, type Rows } from "./recording_store.ts";
import type { Kept, RecordingsBook, Way } from "./recordings_book.ts";

/** Seconds between two marks. Lower: a crash loses less; higher: the file has fewer of them. */
export const MARK_S = 5;

/** What recordings of a device are kept with. */
export type RecorderMeans = Readonly<{
  book: RecordingsBook;
  rows: Rows;
  rng: Rng;
  /** Returns seconds that never go backwards. */
  monotonic: () => number;
  /** Runs what goes on beside the call, and may outlast it. */
  spawn: (work: () => Promise<void>) => unknown;
  /** Told that a file is written: what was taken back meanwhile can be put behind. */
  after?: () => void;
}>;

/** One request and its file. */
type Running = {
  readonly reel: Reel;
  readonly began: number;
  /** Ends when what was asked for so far is kept. */
  line: Promise<void>;
  chunks: number;
  wasRecorded: boolean;
  /** Nothing more is kept: what is there stays. */
  isBroken: boolean;
};

/** Records one entry into a call. */
export class TapeRecorder implements Recorder {
  readonly #call: RecordedCall;
  readonly #tape: FrameTape;
  readonly #means: RecorderMeans;
  readonly #running = new Map<string, Running>();
  #marking: ReturnType<typeof setInterval> | undefined;

  /** @throws UsageError Its frames are nowhere that they could be recorded. */
  constructor(call: RecordedCall, means: RecorderMeans) {
    if (call.tape === undefined) throw new UsageError("nothing can be recorded here");
    this.#call = call;
    this.#tape = call.tape;
    this.#means = means;
  }

  said(said: SaidStatement): void {
    const { statement } = said;
    if (statement.kind === "recording.ask") {
      this.#begin(askDigest(statement), said);
      return;
    }
    const running = this.#find(statement.ask);
    if (running === undefined) return;
    running.reel.said(said);
    if (statement.kind !== "recording.grant") running.reel.mark();
    this.#inLine(running, () => this.#means.book.said(statement.ask, statement));
  }

  share(ask: Digest, key: ConsentKey, share: Secret32, way: Way): void {
    const running = this.#find(ask);
    if (running === undefined) return;
    running.reel.share(key, share);
    this.#inLine(running, () => this.#means.book.member(ask, key, way));
  }

  among(ask: Digest, members: Members): void {
    this.#find(ask)?.reel.among(members);
  }

  record(ask: Digest, kinds: Kinds): void {
    const running = this.#find(ask);
    if (running === undefined) return;
    if (kinds.size === 0) {
      running.reel.pause();
      running.reel.mark();
      return;
    }
    // What, the statement that follows says to the tape.
    if (!running.wasRecorded) this.#inLine(running, () => this.#means.book.recorded(ask));
    running.wasRecorded = true;
    this.#marking ??= setInterval(() => this.#mark(), MARK_S * 1000);
  }

  over(ask: Digest): void {
    const running = this.#find(ask);
    if (running === undefined) return;
    this.#running.delete(hex(ask));
    if (this.#running.size === 0) {
      clearInterval(this.#marking);
      this.#marking = undefined;
    }
    const length = Math.round((this.#means.monotonic() - running.began) * 1000);
    const written = running.reel.end();
    this.#means.spawn(async () => {
      const { book } = this.#means;
      try {
        await written; // All chunks have come, and stand in line.
        await running.line;
        if (running.wasRecorded) await book.ended(ask, length);
        else await this.#forget(ask);
      } catch (error) {
        // A full disk: it has no length then, as after a crash.
        if (!(error instanceof VisavisError)) throw error;
      } finally {
        book.closed(ask);
        this.#means.after?.();
      }
    });
  }

  #begin(ask: Digest, { signed }: SaidStatement): void {
    const { book, monotonic, rng, rows } = this.#means;
    const { own, title } = this.#call;
    const kept: Kept = {
      ...{ ask, title, request: signed, length: 0, wasRecorded: false },
      ...{ members: mapOf(), said: mapOf() },
      // A copy, at once: it is overwritten with the end of the call.
      privateKey: new Secret32(copy(own.privateKey)),
      secret: random(Secret32, rng),
      rows: random(Secret32, rng),
    };
    const parts = { request: signed, secret: kept.secret, own: own.key };
    const reel = this.#tape.begin(hex(ask), { ...parts, privateKey: kept.privateKey }, (chunk) =>
      this.#took(running, file, chunk),
    );
    const running: Running = {
      ...{ reel, began: monotonic(), line: Promise.resolve() },
      ...{ chunks: 0, wasRecorded: false, isBroken: false },
    };
    const file = RecordingFile.of(rows, kept.rows);
    this.#running.set(hex(ask), running);
    // First: no row is to lie there of which nobody knows.
    this.#inLine(running, () => book.begun(kept));
  }

  #took(running: Running, file: Promise<RecordingFile>, chunk: Bytes | undefined): void {
    if (chunk === undefined) {
      this.#fail(running);
      return;
    }
    const number = running.chunks++;
    this.#inLine(running, async () => (await file).put(number, chunk));
  }

  #mark(): void {
    for (const { reel } of this.#running.values()) reel.mark();
  }

  /** Keep things one after the other: behind one that is missing nothing is of use. */
  #inLine(running: Running, work: () => Promise<void>): void {
    running.line = running.line.then(async () => {
      if (running.isBroken) return;
      try {
        await work();
      } catch (error) {
        if (!(error instanceof VisavisError)) throw error;
        this.#fail(running);
      }
    });
  }

  #fail(running: Running): void {
    if (running.isBroken) return;
    running.isBroken = true;
    this.#call.failed();
  }

  async #forget(ask: Digest): Promise<void> {
    const { book, rows } = this.#means;
    const kept = book.get(ask);
    if (kept === undefined) return;
    await (await RecordingFile.of(rows, kept.rows)).remove();
    await book.forget(ask);
  }

  #find(ask: Digest): Running | undefined {
    return this.#running.get(hex(ask));
  }
}
