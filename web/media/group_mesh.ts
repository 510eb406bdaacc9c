/**
 * The mesh of a small group call: one connection with each other member, over the relay (twin:
 * `src/visavis/sdk/group_call_mesh.py`).
 *
 *     lower leaf:  offer + candidates --groupcall.offer-->   higher leaf
 *                  <--groupcall.answer-- answer + candidates
 *
 * Sealed by the call's group, said to one member. What is lost is offered again after a while. A
 * connection has one picture: while a screen is shared it goes in the camera's place. Not for: calls of
 * more than three, which go over the SFU (`group_media.ts`).
 */

import { GroupCallAnswer, GroupCallOffer } from "../core/content_group_call.ts";
import { VisavisError } from "../core/errors.ts";
import { AGAIN_S, Offers } from "./group_offers.ts";
import type { Described, GroupPair } from "./group_pair.ts";
import type { TurnServer } from "./interfaces.ts";
import type { Sound } from "./speaking.ts";

/**
 * Seconds until an offer that came to nothing is made again: the other one asks a relay, over UDP, TCP
 * and TLS in turn, and then both find each other.
 */
export const STAND_S = 20;

const ATTEMPTS = 2 ** 16;

/** What is used of a connection; `GroupPair` is one. */
export type Pair = Pick<
  GroupPair,
  "place" | "tracks" | "offer" | "answer" | "accept" | "over" | "sound" | "forceKeyFrame" | "close"
>;

/** What comes of one member. */
export type MeshTrack = Readonly<{ leaf: number; place: string; track: MediaStreamTrack }>;

/** What a mesh is made from. */
export type MeshParts = Readonly<{
  /** Makes a connection at which one leaf is heard; told when something may be shown. */
  connect: (leaf: number, onTracks: () => void) => Pair;
  /** Fetches fresh relay credentials. */
  turn: () => Promise<readonly TurnServer[]>;
  /** Says something to one member; false if it is not there. */
  tell: (leaf: number, content: GroupCallOffer | GroupCallAnswer) => boolean;
  /** Told when what may be shown changed. */
  onTracks: () => void;
}>;

/** The place of one other member: what is under way with it, and the connection now. */
type Seat = {
  readonly leaf: number;
  attempt: number;
  /** What it offered lately. */
  readonly offers: Offers;
  pair: Pair | undefined;
  /** Ends what is under way: all of it, or one answer. */
  readonly gone: AbortController;
  answering: AbortController;
};

/** Connections with the others in a small call. */
export class GroupMesh {
  readonly #parts: MeshParts;
  readonly #seats = new Map<number, Seat>();
  readonly #attempts = new Map<number, number>();
  #own = 0;

  /** @param parts What it is made from. */
  constructor(parts: MeshParts) {
    this.#parts = parts;
  }

  /** With whom there is a connection, or one on the way. */
  get leaves(): ReadonlySet<number> {
    return new Set(this.#seats.keys());
  }

  /** What may be shown. */
  get tracks(): readonly MeshTrack[] {
    return [...this.#seats.values()].flatMap(({ leaf, pair }) =>
      pair === undefined ? [] : pair.tracks.map((track) => ({ leaf, place: pair.place, track })),
    );
  }

  /** Connect with these, and with nobody else. */
  members(own: number, others: ReadonlySet<number>): void {
    this.#own = own;
    for (const leaf of this.leaves) if (!others.has(leaf)) this.drop(leaf);
    for (const leaf of others) {
      if (this.#seats.has(leaf)) continue;
      const seat: Seat = {
        leaf,
        attempt: 0,
        offers: new Offers(),
        pair: undefined,
        gone: new AbortController(),
        answering: new AbortController(),
      };
      this.#seats.set(leaf, seat);
      if (own < leaf) void this.#offer(seat);
    }
  }

  /** Take what another member says of the connection with it. */
  told(leaf: number, content: GroupCallOffer | GroupCallAnswer): void {
    const seat = this.#seats.get(leaf);
    if (seat === undefined) return;
    // CK-872: the lower leaf offers, and nobody else. CK-874: and not without end.
    if (content.kind === GroupCallOffer.kind) {
      if (this.#own > leaf && seat.offers.takes(performance.now() / 1000)) {
        void this.#answer(seat, content);
      }
    } else if (content.attempt === seat.attempt && this.#own < leaf && seat.pair !== undefined) {
      void quietly(seat.pair.accept(content));
    }
  }

  /** How much sound of each member was decoded. Never throws. */
  async sounds(): Promise<ReadonlyMap<number, Sound>> {
    const found = new Map<number, Sound>();
    for (const { leaf, pair } of this.#seats.values()) {
      const sound = await pair?.sound();
      if (sound !== undefined) found.set(leaf, sound);
    }
    return found;
  }

  /** Have every encoder of pictures make its next one a key frame. */
  async forceKeyFrame(): Promise<void> {
    await Promise.all([...this.#seats.values()].map(({ pair }) => pair?.forceKeyFrame()));
  }

  /** End the connection with one member. Harmless when there is none. */
  drop(leaf: number): void {
    const seat = this.#seats.get(leaf);
    if (seat === undefined) return;
    this.#seats.delete(leaf);
    seat.gone.abort();
    seat.answering.abort();
    this.#end(seat);
  }

  /** End all connections. Harmless when repeated. */
  close(): void {
    for (const leaf of this.leaves) this.drop(leaf);
  }

  #end(seat: Seat): void {
    const { pair } = seat;
    seat.pair = undefined;
    pair?.close();
    if (pair !== undefined) this.#parts.onTracks();
  }

  #connect(seat: Seat): Pair {
    this.#end(seat);
    const pair = this.#parts.connect(seat.leaf, () => {
      if (seat.pair === pair) this.#parts.onTracks();
    });
    seat.pair = pair;
    return pair;
  }

  /** Offer until a connection stands; and again when it is lost. */
  async #offer(seat: Seat): Promise<void> {
    const { signal } = seat.gone;
    while (!signal.aborted) {
      seat.attempt = ((this.#attempts.get(seat.leaf) ?? 0) + 1) % ATTEMPTS;
      this.#attempts.set(seat.leaf, seat.attempt);
      await quietly(this.#offerOnce(seat, signal));
      await elapsed(AGAIN_S, signal);
    }
  }

  async #offerOnce(seat: Seat, signal: AbortSignal): Promise<void> {
    const pair = this.#connect(seat);
    const described = await pair.offer(this.#parts.turn);
    if (signal.aborted) return;
    const { leaf, attempt } = seat;
    const offer: GroupCallOffer = { kind: GroupCallOffer.kind, attempt, ...described };
    if (this.#parts.tell(leaf, offer)) await pair.over(STAND_S, signal);
  }

  async #answer(seat: Seat, offer: GroupCallOffer): Promise<void> {
    seat.answering.abort();
    seat.answering = new AbortController();
    const { signal } = seat.answering;
    // One that cannot be answered is offered again.
    await quietly(
      (async () => {
        const pair = this.#connect(seat);
        const described: Described = await pair.answer(offer, this.#parts.turn);
        if (signal.aborted) return;
        const { attempt } = offer;
        this.#parts.tell(seat.leaf, { kind: GroupCallAnswer.kind, attempt, ...described });
      })(),
    );
  }
}

/** Let go whatever the network, the browser or the other side did wrong: it is tried again. */
async function quietly(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof VisavisError || error instanceof DOMException)) throw error;
  }
}

function elapsed(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
