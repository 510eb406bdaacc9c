/** A call of a group, as screens read it, and what they can ask of it: a part of the border (`model.ts`). */

import type { Code } from "../core/codes.ts";
import type { Media, PersonId } from "./model.ts";

/** In their order on the wire, where each is its index. */
export const REACTIONS = ["thumbsUp", "clap", "heart", "laugh", "surprised", "celebrate"] as const;

export type ReactionKind = (typeof REACTIONS)[number];

/** "connecting": nobody has let us in yet. */
export type GroupCallState = "connecting" | "inCall" | "reconnecting" | "ended";

/** The group whose call it is. Its name is text of a stranger: show it with `<Name>` only. */
export type CallGroup = Readonly<{ id: string; name: string }>;

/** A device that is a member of the call, and so can hear. Ours is one of them. */
export type GroupMember = Readonly<{
  leaf: number;
  /** Who it is, whatever becomes of its place. */
  id: string;
  account: PersonId;
  /** As they call themselves: text of a stranger. */
  name: string;
  /** It is this device. */
  own: boolean;
  /** A contact whose safety number was compared; ourselves. */
  verified: boolean;
  /** Came by a call link, without an account, under a name of their choice: verified by nobody. */
  guest: boolean;
  /** What comes of them is not sealed with the call's keys; nobody hears or sees it. */
  unopened: boolean;
  /** Measured here, from what was decoded. */
  speaking: boolean;
  /** They raise their hand. */
  hand: boolean;
  micOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  /** What is heard of them. */
  sound: MediaStream | undefined;
  /** Their picture, while one comes: nobody sends those that are not looked at. */
  camera: MediaStream | undefined;
  /** Their screen, likewise. */
  screen: MediaStream | undefined;
}>;

/** Of whom something is told; that a guest is one is said by whoever words it. */
export type Called = Pick<GroupMember, "name" | "guest">;

/** A member as it was shown: its place may be another's by the time something is done about it. */
export type MemberAtPlace = Pick<GroupMember, "leaf" | "id">;

/** Who came or went with one change of keys. Whoever tells of it takes it away after some seconds. */
export type Announcement = Readonly<{
  id: string;
  what: "came" | "went";
  who: readonly Called[];
}>;

/** A reaction that is to be seen now; taken away after some seconds. */
export type Reacted = Called & Readonly<{ id: string; kind: ReactionKind; own: boolean }>;

/** Somebody with a call link of ours who asks to be let in, under a name of their choice. */
export type AtTheDoor = Readonly<{ id: string; name: string }>;

/** How far a guest has come: nobody is here yet; a person there is asked; they are let in. */
export type GuestStage = "nobody" | "waiting" | "coming";

export type GroupCallView = Readonly<{
  group: CallGroup;
  media: Media;
  state: GroupCallState;
  /** Everybody who can hear, us among them, in an order that stays. */
  members: readonly GroupMember[];
  /** The leaf of who speaks, or spoke last: whoever is to be shown large; never ours. */
  speaker: number | undefined;
  /** So many are in the room who are no members. They hear nothing: they have no key. */
  unlisted: number;
  /** There are more in it than hear each other: the server has no SFU. */
  lacksSfu: boolean;
  /** Milliseconds since the epoch, once we were in. */
  connectedAt: number | undefined;
  micOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  hand: boolean;
  /** What our camera sees. */
  self: MediaStream | undefined;
  announcements: readonly Announcement[];
  reactions: readonly Reacted[];
  /** Somebody with a link of ours sits in its lobby in our place. */
  lobbyTaken: boolean;
  /** Who asks to be let in. */
  waiting: readonly AtTheDoor[];
  /** We are a guest, and not in it yet. */
  guest: GuestStage | undefined;
  /** We came by a call link: there is no group of ours to come back to. */
  isGuest: boolean;
  /** Somebody asks us to mute ourselves. */
  muteRequest: (Called & Pick<GroupMember, "leaf">) | undefined;
  /** We may have members removed from this call. */
  mayRemove: boolean;
  suite: string;
  epoch: number | undefined;
  path: "mesh" | "sfu" | "none";
  /** How it ended for us, and what failed, if something did. */
  end: GroupCallEnd | undefined;
  endCode: Code | undefined;
  seconds: number;
}>;

/**
 * "removed": by others, from the call or the group; "nobody": there was no such call any more;
 * "unreached": nobody let us in. Of guests: "refused": a person did not let us in; "closed": the link
 * is over; "impostor": who answered did not make it.
 */
export type GroupCallEnd =
  | "left"
  | "removed"
  | "nobody"
  | "unreached"
  | "failed"
  | "refused"
  | "closed"
  | "impostor";

/** A call of a group that rings. */
export type IncomingGroup = Readonly<{
  group: CallGroup;
  /** Who began it. */
  caller: Readonly<{ account: PersonId; name: string; verified: boolean }>;
  media: Media;
  /** How many are in it by now, if that is known. */
  people: number | undefined;
}>;

/** A picture that is on the screen, in CSS pixels. */
export type ShownTile = Readonly<{
  leaf: number;
  role: "camera" | "screen";
  width: number;
  height: number;
  /** False while the page lies behind another one. */
  visible: boolean;
}>;

export interface GroupCallActions {
  /** Come into the call that goes on in a group, or begin one. */
  start(group: string, media: Media): Promise<void>;
  /** Ask to be let into the call of a link, without an account, under this name. */
  visit(link: string, name: string, media: Media): Promise<void>;
  /** Let somebody in who waits; false if they have gone. */
  admit(id: string): Promise<boolean>;
  refuse(id: string): Promise<void>;
  accept(media: Media): Promise<void>;
  decline(): Promise<void>;
  leave(): Promise<void>;
  /** Put an ended call away. */
  dismiss(): void;
  setMic(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  /** Ask the browser for a screen or window; what comes is shown before it is sent. */
  pickScreen(): Promise<MediaStream | undefined>;
  share(stream: MediaStream | undefined): Promise<void>;
  raiseHand(on: boolean): Promise<void>;
  react(kind: ReactionKind): Promise<void>;
  /** Ask a member to mute themselves: nobody can mute another. */
  askToMute(member: MemberAtPlace): Promise<void>;
  /** Do what was asked, or not; whoever asked is not told of a no. */
  answerMuteRequest(mute: boolean): Promise<void>;
  /** Have a member removed from this call; everybody sees it. */
  remove(member: MemberAtPlace): Promise<void>;
  /** Get these pictures, and no others. */
  look(tiles: readonly ShownTile[]): void;
}
