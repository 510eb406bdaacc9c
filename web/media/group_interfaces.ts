/**
 * The shapes that a group call's media is wired from, in a browser: what is sent, what is shown,
 * what the call around it gives and wants.
 *
 * Nothing here does anything. A device's stay in a call (`client/group_call_stay.ts`) imports these
 * names, `group_media.ts` implements them, tests fake them. Not for: calls of two (`interfaces.ts`).
 */

import type { GroupCallAnswer, GroupCallOffer } from "../core/content_group_call.ts";
import type { FromRoom, ToRoom } from "../core/content_room.ts";
import type { FeedId } from "../core/ids.ts";
import type { FrameKeys, TurnServer } from "./interfaces.ts";
import type { Role } from "./sections.ts";
import type { SentTracks } from "./sfu_publish.ts";
import type { Tile } from "./tiles_wanted.ts";

/** Frame keys: those of a call of two, from which members can be taken as well. */
export interface GroupFrames extends FrameKeys {
  /** Open no frame of a leaf any more, in any epoch so far. */
  removeLeaf(leaf: number): Promise<void>;
}

/** What a group call shows and says. One outlives any number of connections. */
export interface GroupLocal {
  /** What is sent now: a camera and a screen may be sent at once. */
  readonly tracks: SentTracks;
  /**
   * Open devices, if that was not done. Harmless when repeated.
   *
   * @throws UnavailableError `NO_DEVICE`: there is no such camera or microphone, or no permission.
   */
  start(): Promise<void>;
  /** Be told of each change of `tracks`; what it returns ends that. */
  onTracks(listener: (tracks: SentTracks) => void): () => void;
  /** Let the camera go, for good: it is a voice call. Harmless when repeated. */
  closeVideo(): void;
  /** Stop every track and free the devices. Harmless when repeated. */
  close(): void;
}

/** A member's sound or picture that may be shown. */
export type MemberTrack = Readonly<{ leaf: number; role: Role; track: MediaStreamTrack }>;

/** Where the others' pictures and sound go. Calls must return at once. */
export interface GroupRemote {
  /**
   * Take all that may be shown and heard now, each time that changes. What is not in it any more goes
   * off the page at once: its track may be another member's in a moment.
   */
  onTracks(tracks: readonly MemberTrack[]): void;
  /** It is over: show nothing any more. Harmless when repeated. */
  close(): void;
}

/** Figures of one stay in a call. */
export type GroupMediaStats = Readonly<{
  /** How media goes; "none" while nothing stands. */
  path: "mesh" | "sfu" | "none";
  /** Frames opened, by leaf. */
  opened: ReadonlyMap<number, Readonly<{ audio: number; video: number }>>;
  /** Frames that did not open, or were in a place that is not their sender's. */
  refused: number;
  /**
   * Members of whom sound or pictures come that do not open: they send them without the call's keys,
   * whatever they say. Nobody hears or sees it.
   */
  unopened: ReadonlySet<number>;
  /** There are more members than a mesh has, and the server has no SFU. */
  lacksSfu: boolean;
}>;

/** Whoever sends and gets media, as the call's shell sees it. */
export interface GroupMedia {
  /** Take what the room says of the SFU, and that we entered it, anew perhaps. */
  roomSays(message: FromRoom): void;
  /** Take who is in the call now, by leaf; told with each epoch. */
  members(own: number, others: ReadonlySet<number>): void;
  /** A member says what it sends to the SFU. */
  announced(leaf: number, feed: FeedId | null): void;
  /** A member says something to us about the connection between us. */
  told(leaf: number, content: GroupCallOffer | GroupCallAnswer): void;
}

/** The media of one stay in a call. */
export interface StayMedia extends GroupMedia {
  /** The call's frame keys, for the shell. */
  readonly frames: GroupFrames;
  /** Begin. */
  start(): void;
  /** Get pictures of these tiles alone; undefined: of everybody, as at first. */
  look(tiles: readonly Tile[] | undefined): void;
  /** Who speaks, by leaf, the one to be shown large first; never us. */
  speaking(): readonly number[];
  /** Return the figures so far. Never throws. */
  stats(): GroupMediaStats;
  /** End all connections; local and remote are whoever's has them. Harmless when repeated. */
  close(): Promise<void>;
}

/** What the media of one stay is made from. */
export type StayMediaParts = Readonly<{
  local: GroupLocal;
  remote: GroupRemote;
  /** Whether pictures are sent and shown. */
  video: boolean;
  /** Fetches fresh relay credentials. */
  turn: () => Promise<readonly TurnServer[]>;
  /** Says something to the room. */
  send: (message: ToRoom) => void;
  /** Tells all members what we send to the SFU. */
  announce: (feed: FeedId | null) => void;
  /** Says something to one member; false if it is not in the room, as far as we know. */
  tell: (leaf: number, content: GroupCallOffer | GroupCallAnswer) => boolean;
  /** Told that the keys are gone and nothing passes any more: the call has to be left. */
  failed: () => void;
}>;

/** Makes the media of one stay; the product's is `groupMedia` in `group_media.ts`. */
export type GroupMediaFactory = (parts: StayMediaParts) => StayMedia;
