/**
 * The connection with one other member of a small group call: as in a call of two, over the relay, but
 * with the call's worker, and a place at which that member alone is heard (CK-890).
 *
 * Not for: who offers, and when again (`group_mesh.ts`). It is made once: what was lost is another one.
 */

import type { GroupCallAnswer, GroupCallOffer } from "../core/content_group_call.ts";
import { Code, PeerError } from "../core/errors.ts";
import type { PictureKind } from "../core/frame_keys.ts";
import type { WorkerKeys } from "./call_frames.ts";
import { MAX_CANDIDATES, parse } from "./candidates.ts";
import type { LocalMedia, TurnServer } from "./interfaces.ts";
import { standing } from "./standing.ts";
import { Transport } from "./transport.ts";

/** What each connection of a mesh is made with. */
export type PairParts = Readonly<{
  /** Runs `worker.ts` for this call. */
  worker: Worker;
  /** What it holds. */
  keys: WorkerKeys;
  /** What is sent. */
  local: LocalMedia;
  /** Whether pictures are sent and shown. */
  video: boolean;
  /** Let loopback relays pass: tests only. */
  allowLoopback: boolean;
}>;

/** Description and candidates, as they travel. */
export type Described = Pick<GroupCallOffer | GroupCallAnswer, "sdp" | "candidates">;

/** A place of its own for each connection. */
let places = 0;

/** One connection with one member. */
export class GroupPair {
  /** Where it is heard. */
  readonly place = `pair:${places++}`;
  /** What comes of it, once both descriptions are in force. */
  tracks: readonly MediaStreamTrack[] = [];
  readonly #keys: WorkerKeys;
  readonly #transport: Transport;
  readonly #allowLoopback: boolean;
  readonly #ended = new AbortController();

  /**
   * @param leaf Who is heard here, and nobody else.
   * @param parts What it is made with.
   * @param onTracks Told when something may be shown.
   * @throws UnavailableError `NOT_ENCRYPTED`: this browser cannot encrypt calls.
   */
  constructor(leaf: number, parts: PairParts, onTracks: () => void) {
    this.#keys = parts.keys;
    this.#allowLoopback = parts.allowLoopback;
    // Before anything can arrive: messages to a worker stay in order.
    void this.#keys.setPlaces(new Map([[this.place, [leaf]]])).catch(() => {});
    const options = {
      worker: parts.worker,
      local: parts.local,
      onText: () => {}, // a group call has no real-time text
      onStream: (stream: MediaStream) => {
        this.tracks = stream.getTracks();
        onTracks();
      },
      steady: false,
      relayOnly: true,
      place: this.place,
      say: (way: string, of: PictureKind | undefined) => this.#keys.setPictures(way, of),
    };
    this.#transport = new Transport(options, parts.video);
  }

  /** Return our offer; see `MediaConnection.createOffer` and `gather`. */
  async offer(turn: () => Promise<readonly TurnServer[]>): Promise<Described> {
    const sdp = await this.#transport.createOffer();
    return { sdp, candidates: await this.#transport.gather(await turn()) };
  }

  /**
   * Return our answer to an offer.
   *
   * @throws PeerError `MALFORMED`.
   * @throws UnavailableError `NO_RELAY`, `NO_DEVICE`.
   */
  async answer(offer: Described, turn: () => Promise<readonly TurnServer[]>): Promise<Described> {
    const theirs = this.#checked(offer.candidates);
    const sdp = await this.#transport.acceptOffer(offer.sdp);
    const candidates = await this.#transport.gather(await turn());
    await this.#transport.addCandidates(theirs);
    return { sdp, candidates };
  }

  /** Take the answer to our offer. @throws PeerError `MALFORMED`. */
  async accept(answer: Described): Promise<void> {
    const theirs = this.#checked(answer.candidates);
    await this.#transport.acceptAnswer(answer.sdp);
    await this.#transport.addCandidates(theirs);
  }

  /**
   * Wait until it was lost or never came to stand.
   *
   * @param patienceS Seconds for it to stand.
   * @param signal Ends the wait.
   */
  async over(patienceS: number, signal: AbortSignal): Promise<void> {
    const impatient = new AbortController();
    const timer = setTimeout(() => impatient.abort(), patienceS * 1000);
    const ends = AbortSignal.any([signal, this.#ended.signal, impatient.signal]);
    await standing(this.#transport, ends, {
      stands: () => clearTimeout(timer),
      looked: async () => {},
    });
    clearTimeout(timer);
  }

  /** How much sound of that member was decoded. Never throws. */
  sound() {
    return this.#transport.sound();
  }

  /** Have the encoder make its next picture a key frame. */
  async forceKeyFrame(): Promise<void> {
    await this.#transport.forceKeyFrame();
  }

  /** End it, and hear nobody there any more. Harmless when repeated. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.tracks = [];
    this.#transport.close();
    void this.#keys.setPlaces(new Map([[this.place, []]])).catch(() => {});
  }

  #checked(lines: readonly string[]) {
    if (lines.length > MAX_CANDIDATES) {
      throw new PeerError(Code.MALFORMED, "CK-671: too many candidates");
    }
    return lines.map((line) => parse(line, { allowLoopback: this.#allowLoopback }));
  }
}
