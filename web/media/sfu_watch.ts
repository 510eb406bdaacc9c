/**
 * What this device gets of the others, by way of the SFU.
 *
 *     room.offer -->  answer  -- room.answer -->      any number of times
 *
 * The room says which feed is in which section; the call group says whose feed it is. Only the second
 * is believed: a section whose feed nobody announced hears nobody, and elsewhere the worker drops what
 * another member sealed (CK-890). Not for: which feeds (`tiles_wanted.ts`), showing them.
 */

import { measuredOf, type Received } from "./bandwidth.ts";
import type { WorkerKeys } from "./call_frames.ts";
import type { Heard } from "./heard_places.ts";
import type { TurnServer } from "./interfaces.ts";
import { roleOf } from "./sections.ts";
import { SfuPeer } from "./sfu_peer.ts";
import { type Sound, soundOf } from "./speaking.ts";

/** What a section of an offer carries, as the room says. */
export type OfferedSection = Readonly<{
  mid: string;
  /** The feed, as a key of maps. */
  feed: string;
  /** The section's name where it is sent. */
  source: string;
}>;

/** A member's sound or picture that may be shown, and the place at which it is heard. */
export type Shown = OfferedSection &
  Readonly<{ leaf: number; place: string; track: MediaStreamTrack }>;

/** What came of one connection, and how large each picture is. */
export type Measured = Readonly<{
  received: Received;
  /** Section -> lines of its picture; none before the first. */
  lines: ReadonlyMap<string, number>;
  /** How much sound each member's decoder has made. */
  sounds: ReadonlyMap<number, Sound>;
}>;

/** One connection that receives. */
export class SfuWatch {
  readonly #peer: SfuPeer;
  readonly #keys: WorkerKeys;
  readonly #onShown: (shown: readonly Shown[]) => void;
  #announced: ReadonlyMap<string, readonly number[]> = new Map();
  #sections: readonly OfferedSection[] = [];
  /** Who may be heard in each section, as the worker knows it. */
  #claims: ReadonlyMap<string, readonly number[]> = new Map();
  /** Whose frames opened in a section that more than one says is theirs. */
  #takers: ReadonlyMap<string, number> = new Map();
  #reached = false;
  /** One step after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param worker Runs `worker.ts` for this call.
   * @param keys What it holds.
   * @param onShown Told all that may be shown, whenever that changes; what is not in it any more is
   *   to be taken off the page at once, its track may be another member's in a moment.
   * @throws UnavailableError `NOT_ENCRYPTED`: this browser cannot encrypt calls.
   */
  constructor(worker: Worker, keys: WorkerKeys, onShown: (shown: readonly Shown[]) => void) {
    this.#peer = new SfuPeer(worker);
    this.#keys = keys;
    this.#onShown = onShown;
  }

  get state(): RTCPeerConnectionState {
    return this.#peer.pc.connectionState;
  }

  /**
   * Say who announced each feed in the call group: all that are known, each time.
   *
   * @param announced Feed -> leaves; more than one if somebody lies.
   */
  announce(announced: ReadonlyMap<string, readonly number[]>): Promise<void> {
    return this.#next(async () => {
      this.#announced = new Map(announced);
      await this.#place(this.#sections);
      this.#tell(this.#sections);
    });
  }

  /**
   * Answer the SFU's offer.
   *
   * @param offer As the room passes it on.
   * @param sections What is in it, as the room says.
   * @param servers Relays, for the first one.
   * @returns For `room.answer`; without candidates.
   * @throws PeerError `MALFORMED`: CK-892.
   * @throws UnavailableError `NO_RELAY`; `NOT_ENCRYPTED`: it is closed.
   */
  answer(
    offer: string,
    sections: readonly OfferedSection[],
    servers: readonly TurnServer[],
  ): Promise<string> {
    return this.#next(async () => {
      if (!this.#reached) await this.#peer.reach(servers);
      this.#reached = true;
      // What is used again for somebody else goes off the page, and is deaf to whoever was there,
      // before the first packet of the next feed.
      const same = sections.filter((one) =>
        this.#sections.some(({ mid, feed }) => mid === one.mid && feed === one.feed),
      );
      this.#tell(same);
      await this.#place(sections);
      this.#sections = sections;
      await this.#peer.setRemote("offer", offer);
      const { pc } = this.#peer;
      const text = await this.#peer.setLocal(await this.#peer.answered(pc.createAnswer()));
      this.#tell(sections);
      return text;
    });
  }

  /**
   * Take who was heard at each place so far: whose it is that two say is theirs.
   *
   * @returns Who was heard on this connection.
   */
  heard(heard: ReadonlyMap<string, Heard>): ReadonlySet<number> {
    const found = [...this.#claims.keys()].flatMap((mid): [string, number][] => {
      const leaf = heard.get(this.#peer.placeOf(mid))?.leaf;
      // It was counted a moment ago: what is there now may be others'.
      return leaf !== undefined && this.#claims.get(mid)?.includes(leaf) ? [[mid, leaf]] : [];
    });
    const takers = new Map(found.filter(([mid]) => (this.#claims.get(mid)?.length ?? 0) > 1));
    const isNew = [...takers].some(([mid, leaf]) => this.#takers.get(mid) !== leaf);
    this.#takers = takers;
    if (isNew) this.#tell(this.#sections);
    return new Set(found.map(([, leaf]) => leaf));
  }

  /** What came so far, for `bandwidth.ts`, `layers_asked.ts` and `speaking.ts`. Never throws. */
  async measure(): Promise<Measured> {
    const report = await this.#peer.answered(this.#peer.pc.getStats()).catch(() => undefined);
    const lines = new Map<string, number>();
    const sounds = new Map<number, Sound>();
    report?.forEach((entry) => {
      if (entry.type !== "inbound-rtp" || entry.mid === undefined) return;
      const { mid, kind, frameWidth, frameHeight } = entry;
      if (frameHeight > 0) lines.set(mid, Math.min(frameWidth, frameHeight));
      const leaf = kind === "audio" ? this.#leafOf(mid) : undefined;
      if (leaf !== undefined) sounds.set(leaf, soundOf(entry));
    });
    return { received: measuredOf(report), lines, sounds };
  }

  /** Get nothing any more, and show nothing. Harmless when repeated. */
  close(): void {
    this.#peer.close();
    const nobody = [...this.#claims.keys()].map((mid): [string, readonly number[]] => {
      return [this.#peer.placeOf(mid), []];
    });
    this.#claims = new Map();
    this.#takers = new Map();
    this.#sections = [];
    void this.#keys.setPlaces(new Map(nobody)).catch(() => {});
    this.#onShown([]);
  }

  /** Tell the worker who may be heard in these sections; in all others nobody is. */
  async #place(sections: readonly OfferedSection[]): Promise<void> {
    const claims = new Map<string, readonly number[]>();
    for (const { mid, feed } of sections) {
      const leaves = this.#announced.get(feed) ?? [];
      if (leaves.length > 0) claims.set(mid, leaves);
    }
    const mids = [...new Set([...this.#claims.keys(), ...claims.keys()])];
    const places = (of: (mid: string) => readonly number[]) =>
      new Map(mids.map((mid) => [this.#peer.placeOf(mid), of(mid)]));
    // Who took a section by its frames has taken nothing of the next feed in it: deaf in between.
    const feeds = (mid: string, list = this.#sections) => list.find((one) => one.mid === mid)?.feed;
    const stays = (mid: string) => feeds(mid) === feeds(mid, sections);
    // By its name, as on the page; the worker drops what was sealed as something else (CK-894).
    const shared = sections.filter(({ source }) => roleOf(source) === "screen");
    const screens = new Set(shared.map(({ mid }) => this.#peer.placeOf(mid)));
    const before = this.#claims;
    this.#takers = new Map(
      [...this.#takers].filter(([mid, leaf]) => stays(mid) && claims.get(mid)?.includes(leaf)),
    );
    this.#claims = claims;
    await Promise.all([
      this.#keys.setPlaces(
        places((mid) => (stays(mid) ? (before.get(mid) ?? []) : [])),
        screens,
      ),
      this.#keys.setPlaces(
        places((mid) => claims.get(mid) ?? []),
        screens,
      ),
    ]);
    this.#peer.checkAlive();
  }

  /** Whose a section is; undefined while that is not known. */
  #leafOf(mid: string): number | undefined {
    const [only, ...more] = this.#claims.get(mid) ?? [];
    return more.length === 0 ? only : this.#takers.get(mid);
  }

  #tell(sections: readonly OfferedSection[]): void {
    const tracks = new Map<string, MediaStreamTrack>();
    for (const transceiver of this.#peer.pc.getTransceivers()) {
      const { mid, currentDirection, receiver } = transceiver;
      const flows = currentDirection === "recvonly" || currentDirection === "sendrecv";
      if (mid !== null && flows) tracks.set(mid, receiver.track);
    }
    const shown: Shown[] = [];
    for (const section of sections) {
      const [leaf, track] = [this.#leafOf(section.mid), tracks.get(section.mid)];
      if (leaf === undefined || track === undefined) continue;
      shown.push({ ...section, leaf, place: this.#peer.placeOf(section.mid), track });
    }
    this.#onShown(shown);
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => {});
    return done;
  }
}
