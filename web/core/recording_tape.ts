/**
 * A recording as it is written: what was said, and of each member what may be recorded, in parts (twin
 * of `src/visavis/core/recording_tape.py`, which writes the same bytes).
 *
 *     said(statement) ...      the request first; our own progress says what is recorded of whom
 *     frame(whose, kind, ...)  opened frames; those that may not be recorded are dropped here
 *     mark()                   every few seconds: what is before it survives a crash
 *
 * What stands in the file is in the order that its proof wants (`recording_proof.ts`): a part before
 * the statement that ends what it belongs to. A member of whom we have no share of the key is not
 * recorded: nobody could take it back (P16).
 *
 * What is to be recorded is decided when a call is made, and written in that order; a promise ends when
 * it is written. Times are milliseconds since the recording began. Not for: who may be recorded
 * (`recording.ts` decides, and its `sendProgress` is signed), or where frames come from.
 */

import { has } from "./byte_sets.ts";
import { type Bytes, equal, hex } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import type { ConsentKey, Digest, Secret32 } from "./ids.ts";
import { type Cut, PictureCutter, SoundCutter } from "./recording_cutter.ts";
import {
  askDigest,
  type RecordingProgress,
  readStatement,
  type Statement,
} from "./recording_statements.ts";
import { Kind, type Members } from "./recording_types.ts";
import { type Sink, sealPart, Writer } from "./vvrec.ts";
import { writePart } from "./webm.ts";

/** One member's track, and what cuts it. */
type Track = Readonly<{ key: ConsentKey; kind: Kind; cutter: SoundCutter | PictureCutter }>;

/** What a recording is begun with. Never printed. */
export type TapeOptions = Readonly<{
  /** Our signed request. */
  ask: Bytes;
  /** Our half of its keys; new for this recording. */
  secret: Secret32;
  /** The private half of our consent key: it signs marks. */
  privateKey: Bytes;
}>;

/** Writes one recording. */
export class Tape {
  readonly #writer: Writer;
  readonly #ask: Digest;
  readonly #options: TapeOptions;
  readonly #shares = new Map<string, Secret32>();
  readonly #tracks = new Map<string, Track>();
  #now: RecordingProgress | undefined;
  #parts = 0;
  /** Ends when all that was asked for is written. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  private constructor(writer: Writer, ask: Digest, options: TapeOptions) {
    this.#writer = writer;
    this.#ask = ask;
    this.#options = options;
  }

  /**
   * Begin a recording.
   *
   * @param sink Of an empty file.
   * @throws UsageError It does not begin with a request.
   */
  static async begin(sink: Sink, options: TapeOptions): Promise<Tape> {
    const asked = await readStatement(options.ask);
    if (asked.kind !== "recording.ask") throw new UsageError("a recording begins with a request");
    const writer = await Writer.begin(sink);
    await writer.put({ word: "said", statement: options.ask });
    return new Tape(writer, askDigest(asked), options);
  }

  /** Take a member's share of the key, or our own; before it nothing of them is recorded. */
  share(key: ConsentKey, share: Secret32): void {
    this.#shares.set(hex(key), share);
  }

  /** Note who was there: whom the next yes names by their hash. */
  among(members: Members): Promise<void> {
    return this.#inTurn(() => this.#writer.put({ word: "among", members }));
  }

  /**
   * Write what somebody signed about this request, in the order in which it came.
   *
   * @param statement As it was sent.
   * @param said What `readStatement` made of it.
   * @param at Now.
   * @throws UsageError It is about another request.
   */
  async said(statement: Bytes, said: Statement, at: number): Promise<void> {
    if (said.kind === "recording.ask" || !equal(said.ask, this.#ask)) {
      throw new UsageError("a statement about another request");
    }
    const written: Promise<void>[] = [];
    if (said.kind !== "recording.grant") {
      // What was recorded until now belongs to what was said before.
      written.push(this.pause(at));
      this.#now = said.kind === "recording.progress" ? said : undefined;
    }
    written.push(this.#inTurn(() => this.#writer.put({ word: "said", statement })));
    await Promise.all(written);
  }

  /**
   * Take a frame of a member, opened; dropped unless it may be recorded.
   *
   * @param key Whose.
   * @param kind Of what.
   * @param at When it is to be heard or seen.
   * @param data An Opus packet or a VP8 frame.
   */
  async frame(key: ConsentKey, kind: Kind, at: number, data: Bytes): Promise<void> {
    const name = hex(key);
    const now = this.#now;
    const may = now?.kinds.has(kind) === true && has(now.members, key);
    if (!may || !this.#shares.has(name) || kind === Kind.TRANSCRIPT) return;
    const place = `${name} ${kind}`;
    let track = this.#tracks.get(place);
    if (track === undefined) {
      const cutter = kind === Kind.AUDIO ? new SoundCutter() : new PictureCutter();
      track = { key, kind, cutter };
      this.#tracks.set(place, track);
    }
    await this.#put(track, track.cutter.add(at, data));
  }

  /** Tracks of video that want a key frame. */
  get waitsFor(): readonly Readonly<{ key: ConsentKey; kind: Kind }>[] {
    return [...this.#tracks.values()].filter(
      ({ cutter }) => cutter instanceof PictureCutter && cutter.wantsKeyFrame,
    );
  }

  /** End the parts that grow now; what comes then begins others. */
  async pause(at: number): Promise<void> {
    const tracks = [...this.#tracks.values()];
    await Promise.all(tracks.map((track) => this.#put(track, track.cutter.end(at))));
  }

  /** Sign all that is written so far. */
  mark(): Promise<void> {
    return this.#inTurn(() => this.#writer.mark(this.#options.privateKey));
  }

  async #put({ key, kind }: Track, cut: Cut | undefined): Promise<void> {
    const share = this.#shares.get(hex(key));
    if (cut === undefined || share === undefined) return;
    const { at, media } = cut;
    const number = this.#parts++;
    const plain = { word: "part", number, key, kind, at, length: media.length } as const;
    await this.#inTurn(async () => {
      const sealed = writePart(media);
      const part = await sealPart({ ...plain, sealed }, this.#ask, this.#options.secret, share);
      await this.#writer.put(part);
    });
  }

  /** Sealing takes time: what is asked for is written in this order all the same. */
  async #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(step);
    this.#lastTurn = turn.catch(() => undefined);
    await turn;
  }
}
