/**
 * A member's two connections to the SFU, kept for as long as there is one: what is sent is published
 * and announced, what members announced is watched.
 *
 *     room.publish --> <-- room.published     room.watch --> <-- room.offer     room.answer -->
 *
 * Whoever has it calls one thing after the other, in the order of the room. Connections are not made
 * anew needlessly: each that sends takes five SFrame contexts of the 15 in an epoch, so a way that was
 * lost is looked for again on the same one first (RFC 8445, 2.4). Not for: whether media goes this way
 * (`group_media.ts`).
 */

import { hex } from "../core/bytes.ts";
import {
  type FromRoom,
  RoomAnswer,
  RoomFeeds,
  RoomLayers,
  RoomOffer,
  RoomPublish,
  RoomPublished,
  RoomRefused,
  RoomSfuBack,
  RoomSfuLost,
  RoomWatch,
  type ToRoom,
} from "../core/content_room.ts";
import type { FeedId } from "../core/ids.ts";
import { Bandwidth } from "./bandwidth.ts";
import type { GroupWatching } from "./group_watching.ts";
import type { Heard } from "./heard_places.ts";
import type { TurnServer } from "./interfaces.ts";
import { LayersAsked } from "./layers_asked.ts";
import type { SentTracks, SfuPublish } from "./sfu_publish.ts";
import type { SfuWatch, Shown } from "./sfu_watch.ts";
import type { Sound } from "./speaking.ts";

/** Seconds until what came to nothing is tried again; doubled each time, up to `LONGEST_S`. */
export const AGAIN_S = 2;
const LONGEST_S = 32;

/**
 * Seconds for the room's answer, and for a way to be found again on a connection that lost it. Higher
 * forgives a slower machine, lower begins anew sooner.
 */
export const PATIENCE_S = 15;

/**
 * Seconds for a connection to come to stand. A relay that has no more room for us is no candidate, and
 * without one a browser waits for ever.
 */
export const STAND_S = 30;

/** Seconds after which an answer of the room is not waited for any more. It answers each request. */
const NO_ANSWER_S = 60;

/** What is used of the connection that sends; `SfuPublish` is one. */
export type Up = Pick<
  SfuPublish,
  "state" | "offer" | "accept" | "use" | "openScreen" | "forceKeyFrame" | "close"
>;

/** What is used of the connection that receives; `SfuWatch` is one. */
export type Down = Pick<SfuWatch, "state" | "announce" | "answer" | "heard" | "measure" | "close">;

/** What it is made from. */
export type SfuParts = Readonly<{
  up: () => Up;
  down: (onShown: (shown: readonly Shown[]) => void) => Down;
  /** Opens devices, if that was not done. */
  start: () => Promise<void>;
  turn: () => Promise<readonly TurnServer[]>;
  send: (message: ToRoom) => void;
  announce: (feed: FeedId) => void;
  /** What is sent now. */
  tracks: () => SentTracks;
  onShown: (shown: readonly Shown[]) => void;
  watching: GroupWatching;
  /** Monotonic seconds. */
  nowS: () => number;
  pixelRatio: () => number;
}>;

/** The connection that sends, and what became of it. */
type Sending = { readonly up: Up; accepted: boolean; askedAtS: number; restarted: boolean };

/** The connection that receives. */
type Getting = {
  readonly down: Down;
  /** What the room was last asked for, in one text; undefined: it has to be asked again. */
  watched: string | undefined;
  sections: RoomOffer["streams"];
  reached: boolean;
  /** When it stood last, or was begun. */
  stoodAtS: number;
  /** What names the SFU's end of it (RFC 8839, 5.4): one for all its offers. */
  ufrag: string | undefined;
  readonly layers: LayersAsked;
};

/** Sends to the SFU and gets from it. */
export class GroupSfu {
  /** Whether there is an SFU now. */
  isThere = false;
  readonly #parts: SfuParts;
  readonly #bandwidth = new Bandwidth();
  #sending: Sending | undefined;
  #getting: Getting | undefined;
  /** Offers that the room has not answered yet: it answers each, in order. */
  #unanswered = 0;
  #askedAtS = 0;
  #failures = 0;
  /** Of the connection before: its offers may still be on their way. */
  #pastUfrag: string | undefined;
  #publishAtS = 0;
  #watchAtS = 0;
  #sounds: ReadonlyMap<number, Sound> = new Map();

  /** @param parts What it is made from. */
  constructor(parts: SfuParts) {
    this.#parts = parts;
  }

  /** How much sound came of each member, as of the last look. */
  get sounds(): ReadonlyMap<number, Sound> {
    return this.#sounds;
  }

  /** We are in the room, anew perhaps: what stood was of whom we were before. */
  entered(isThere: boolean): void {
    this.end();
    this.#unanswered = 0;
    this.isThere = isThere;
  }

  /** Take what the room says of the SFU. */
  async says(message: FromRoom): Promise<void> {
    switch (message.kind) {
      case RoomSfuLost.kind:
        this.end();
        this.isThere = false;
        return;
      case RoomSfuBack.kind:
        this.isThere = true;
        return;
      case RoomPublished.kind:
        return await this.#published(message);
      case RoomFeeds.kind:
        this.#parts.watching.there(message.feeds.map(({ feed }) => feed));
        // A feed may have another section now: asked again, the room takes it up.
        if (this.#getting !== undefined) this.#getting.watched = undefined;
        return;
      case RoomOffer.kind:
        return await this.#offered(message);
      case RoomRefused.kind:
        return this.#refused(message.asked);
      default:
        return;
    }
  }

  /** Publish, watch, ask for layers, and look after what was lost. */
  async keep(others: ReadonlySet<number>): Promise<void> {
    if (this.isThere) await this.#keepSending();
    if (this.isThere) await this.#keepGetting(others);
  }

  /** Tell what members announced, whenever that changed. */
  async announced(): Promise<void> {
    await this.#getting?.down.announce(this.#parts.watching.whose);
  }

  /** Send these from now on; a screen gets its section with the next `keep`. */
  async use(tracks: SentTracks): Promise<void> {
    await this.#sending?.up.use(tracks);
  }

  /** Return who was heard by way of the SFU. */
  heard(heard: ReadonlyMap<string, Heard>): ReadonlySet<number> {
    return this.#getting?.down.heard(heard) ?? new Set();
  }

  /** Have every encoder of pictures make its next one a key frame. */
  async forceKeyFrame(): Promise<void> {
    await this.#sending?.up.forceKeyFrame();
  }

  /** End both connections; nothing is there to be watched. Harmless when repeated. */
  end(): void {
    this.#parts.watching.there([]);
    this.#failures = 0;
    this.#publishAtS = 0;
    this.#endSending();
    this.#endGetting();
  }

  /** End both for good. Harmless when repeated. */
  close(): void {
    this.isThere = false;
    this.end();
  }

  async #keepSending(): Promise<void> {
    const nowS = this.#parts.nowS();
    const sending = this.#sending;
    if (sending === undefined) {
      if (nowS - this.#askedAtS > NO_ANSWER_S) this.#unanswered = 0;
      if (nowS >= this.#publishAtS) await this.#publish();
      return;
    }
    const { up, accepted, askedAtS } = sending;
    const isWaiting = nowS - askedAtS < PATIENCE_S;
    if (up.state === "closed") {
      this.#failed();
    } else if (!accepted || this.#unanswered > 0) {
      if (!isWaiting) this.#failed();
    } else if (up.state === "failed") {
      if (!sending.restarted) await this.#offer(sending, { restart: true });
      else if (!isWaiting) this.#failed();
    } else if (up.state !== "connected" && nowS - askedAtS > STAND_S) {
      this.#failed();
    } else {
      if (up.state === "connected") {
        sending.restarted = false;
        sending.askedAtS = nowS; // should it be lost, from then on
        this.#failures = 0;
      }
      if (this.#parts.tracks().screen !== undefined && up.openScreen()) await this.#offer(sending);
    }
  }

  async #publish(): Promise<void> {
    await this.#careful(async () => {
      await this.#parts.start();
      if (!this.isThere) return; // closed meanwhile
      const up = this.#parts.up();
      const sending = { up, accepted: false, askedAtS: this.#parts.nowS(), restarted: false };
      this.#sending = sending;
      const tracks = this.#parts.tracks();
      await up.use(tracks);
      if (tracks.screen !== undefined) up.openScreen();
    });
    if (this.#sending !== undefined) await this.#offer(this.#sending);
  }

  async #offer(sending: Sending, { restart = false } = {}): Promise<void> {
    await this.#careful(async () => {
      sending.restarted = restart;
      sending.askedAtS = this.#parts.nowS();
      const sdp = await sending.up.offer(await this.#parts.turn(), { restart });
      if (this.#sending !== sending) return;
      this.#unanswered += 1;
      this.#askedAtS = this.#parts.nowS();
      this.#parts.send({ kind: RoomPublish.kind, sdp });
    });
  }

  async #published({ sdp, feed }: RoomPublished): Promise<void> {
    const sending = this.#sending;
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    // An answer to a connection that is no more.
    if (sending === undefined || this.#unanswered > 0) return;
    await this.#careful(async () => {
      await sending.up.accept(sdp);
      sending.accepted = true;
      const { watching } = this.#parts;
      const isNew = watching.own === undefined || hex(watching.own) !== hex(feed);
      watching.own = feed;
      if (isNew) this.#parts.announce(feed);
    });
  }

  async #offered({ sdp, streams }: RoomOffer): Promise<void> {
    const getting = this.#getting;
    const ufrag = /^a=ice-ufrag:(.*?)\r?$/m.exec(sdp)?.[1];
    if (getting === undefined || (ufrag !== undefined && ufrag === this.#pastUfrag)) return;
    getting.ufrag = ufrag;
    getting.sections = streams;
    const sections = streams.map(({ mid, feed, source }) => ({ mid, feed: hex(feed), source }));
    try {
      const servers = getting.reached ? [] : await this.#parts.turn();
      const answer = await getting.down.answer(sdp, sections, servers);
      getting.reached = true;
      this.#parts.send({ kind: RoomAnswer.kind, sdp: answer });
    } catch (error) {
      // Only if it was not ended meanwhile: then there is another one.
      if (this.#getting === getting) this.#watchAnew();
      throw error;
    }
  }

  #refused(asked: string): void {
    // What is refused because the SFU was lost says nothing of the next one.
    if (asked === RoomPublish.type["t"]) {
      this.#unanswered = Math.max(0, this.#unanswered - 1);
      if (this.#unanswered === 0 && this.#sending !== undefined) this.#failed();
    } else if (asked === RoomWatch.type["t"] && this.#getting !== undefined) {
      this.#getting.watched = undefined;
      this.#watchAtS = this.#parts.nowS() + AGAIN_S;
    } else if (asked === RoomAnswer.type["t"] && this.#getting !== undefined) {
      this.#watchAnew();
    }
  }

  async #keepGetting(others: ReadonlySet<number>): Promise<void> {
    const { watching, nowS, send } = this.#parts;
    if (this.#getting !== undefined && this.#isLost(this.#getting)) this.#watchAnew();
    const { bitRate } = this.#bandwidth;
    const feeds = watching.wanted(others, { pixelRatio: this.#parts.pixelRatio(), bitRate });
    if (this.#getting === undefined && feeds.length > 0 && nowS() >= this.#watchAtS) {
      await this.#beginGetting();
    }
    const getting = this.#getting;
    if (getting === undefined) return;
    const asked = JSON.stringify(feeds.map(({ feed, mids }) => [hex(feed), mids]));
    if (asked !== getting.watched && nowS() >= this.#watchAtS) {
      getting.watched = asked;
      send({ kind: RoomWatch.kind, feeds: [...feeds] });
    }
    const { received, lines, sounds } = await getting.down.measure();
    this.#bandwidth.look(received, nowS());
    this.#sounds = sounds;
    const sections = getting.sections.map((one) => ({ ...one, feed: hex(one.feed) }));
    for (const layer of getting.layers.say(watching.layers(sections), lines, nowS())) {
      send({ kind: RoomLayers.kind, ...layer });
    }
  }

  #isLost(getting: Getting): boolean {
    const { state } = getting.down;
    // Before the SFU's first offer there is nothing to stand.
    if (state === "connected" || !getting.reached) getting.stoodAtS = this.#parts.nowS();
    const isLate = this.#parts.nowS() - getting.stoodAtS > STAND_S;
    return state === "failed" || state === "closed" || isLate;
  }

  async #beginGetting(): Promise<void> {
    const down = this.#parts.down((shown) => {
      if (this.#getting?.down === down) this.#parts.onShown(shown);
    });
    const layers = new LayersAsked();
    const asked = { watched: undefined, sections: [], reached: false, ufrag: undefined };
    this.#getting = { down, ...asked, stoodAtS: this.#parts.nowS(), layers };
    await down.announce(this.#parts.watching.whose);
  }

  #watchAnew(): void {
    this.#endGetting();
    // The room's end of it, too: then a new one begins.
    this.#parts.send({ kind: RoomWatch.kind, feeds: [] });
    this.#watchAtS = this.#parts.nowS() + AGAIN_S;
  }

  /** What fails there ends the connection that sends, and another one is made later. */
  async #careful(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  #failed(): void {
    this.#endSending();
    this.#publishAtS = this.#parts.nowS() + Math.min(AGAIN_S * 2 ** this.#failures, LONGEST_S);
    this.#failures += 1;
  }

  #endSending(): void {
    this.#sending?.up.close();
    this.#sending = undefined;
  }

  #endGetting(): void {
    const getting = this.#getting;
    this.#getting = undefined;
    this.#sounds = new Map();
    if (getting === undefined) return;
    this.#pastUfrag = getting.ufrag;
    getting.down.close();
    this.#parts.onShown([]);
  }
}
