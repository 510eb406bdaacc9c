/** A group call's media with connections that are fakes: what is asked of them, and what they say. */

import { FeedId } from "../../core/ids.ts";
import type { GroupPair } from "../../media/group_pair.ts";
import type { Down, Up } from "../../media/group_sfu.ts";
import type { SentTracks } from "../../media/sfu_publish.ts";
import type { OfferedSection, Shown } from "../../media/sfu_watch.ts";

export const feedOf = (number: number) => new FeedId(new Uint8Array(16).fill(number));

export const track = (id: string, kind = "video") => ({ id, kind }) as MediaStreamTrack;

/** A connection that sends. */
export class FakeUp implements Up {
  state: RTCPeerConnectionState = "new";
  used: SentTracks[] = [];
  offers: { restart: boolean }[] = [];
  accepted: string[] = [];
  closed = false;
  hasScreen = false;
  /** What the next `accept` throws. */
  failing: Error | undefined;

  async offer(_servers: unknown, { restart = false } = {}) {
    this.offers.push({ restart });
    return `offer ${this.offers.length}`;
  }
  async accept(sdp: string) {
    if (this.failing !== undefined) throw this.failing;
    this.accepted.push(sdp);
    this.state = "connected";
  }
  async use(tracks: SentTracks) {
    this.used.push(tracks);
  }
  openScreen() {
    const isNew = !this.hasScreen;
    this.hasScreen = true;
    return isNew;
  }
  async forceKeyFrame() {}
  close() {
    this.closed = true;
    this.state = "closed";
  }
}

/** A connection that receives. */
export class FakeDown implements Down {
  state: RTCPeerConnectionState = "new";
  announced: ReadonlyMap<string, readonly number[]>[] = [];
  answered: string[] = [];
  /** Who is heard by it. */
  hears = new Set<number>();
  lines = new Map<string, number>();
  closed = false;
  failing: Error | undefined;
  readonly onShown: (shown: readonly Shown[]) => void;

  constructor(onShown: (shown: readonly Shown[]) => void) {
    this.onShown = onShown;
  }
  async announce(announced: ReadonlyMap<string, readonly number[]>) {
    this.announced.push(announced);
  }
  async answer(offer: string, sections: readonly OfferedSection[]) {
    if (this.failing !== undefined) throw this.failing;
    this.answered.push(offer);
    const whose = this.announced.at(-1);
    this.onShown(
      sections.flatMap((one) => {
        const leaf = whose?.get(one.feed)?.[0];
        const kind = one.source === "0" ? "audio" : "video";
        const place = `down:${one.mid}`;
        return leaf === undefined ? [] : [{ ...one, leaf, place, track: track(place, kind) }];
      }),
    );
    return `answer to ${offer}`;
  }
  heard() {
    return this.hears;
  }
  async measure() {
    const received = { bytes: 0, packets: 0, lost: 0, available: undefined };
    return { received, lines: this.lines, sounds: new Map() };
  }
  close() {
    this.closed = true;
    this.state = "closed";
  }
}

/** A connection of the mesh. */
export class FakePair implements Pick<GroupPair, keyof GroupPair> {
  readonly place: string;
  tracks: readonly MediaStreamTrack[];
  closed = false;

  constructor(leaf: number, onTracks: () => void) {
    this.place = `pair:${leaf}`;
    this.tracks = [track(`sound ${leaf}`, "audio"), track(`camera ${leaf}`)];
    queueMicrotask(onTracks);
  }
  async offer() {
    return { sdp: "offer", candidates: [] };
  }
  async answer() {
    return { sdp: "answer", candidates: [] };
  }
  async accept() {}
  over(_patienceS: number, signal: AbortSignal) {
    return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  }
  async sound() {
    return undefined;
  }
  async forceKeyFrame() {}
  close() {
    this.closed = true;
    this.tracks = [];
  }
}
