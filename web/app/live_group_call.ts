/** One group call as screens see it: a view made of the client's `GroupCall`, and what they ask for. */

import type { AtDoor, CallOfMany, GroupCallEnd, InCall } from "../client/group_call_objects.ts";
import type { CallRecording } from "../client/recording_objects.ts";
import { hex } from "../core/bytes.ts";
import { Reaction } from "../core/content_group_call.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { LiveDesk } from "./live_desk.ts";
import type { MemberStreams } from "./live_group_streams.ts";
import type { Media } from "./model.ts";
import type {
  Announcement,
  AtTheDoor,
  Called,
  CallGroup,
  GroupCallState,
  GroupCallView,
  GroupMember,
  GuestStage,
  MemberAtPlace,
  Reacted,
  ReactionKind,
} from "./model_group_call.ts";

/** How long who came and went stands on the page. */
const ANNOUNCED_MS = 6000;
/** How long a reaction floats. */
const REACTED_MS = 4000;
/** How often is looked at who speaks. */
const LOOK_MS = 250;
/** What changes at once is drawn together. */
const DRAW_MS = 40;

const ENDS: Readonly<Record<GroupCallEnd, NonNullable<GroupCallView["end"]>>> = {
  left: "left",
  removed: "removed",
  nobody: "nobody",
  unreached: "unreached",
  "not encrypted": "failed",
  refused: "refused",
  closed: "closed",
  impostor: "impostor",
};

const KINDS: Readonly<Record<Reaction, ReactionKind>> = {
  [Reaction.THUMBS_UP]: "thumbsUp",
  [Reaction.CLAP]: "clap",
  [Reaction.HEART]: "heart",
  [Reaction.LAUGH]: "laugh",
  [Reaction.SURPRISED]: "surprised",
  [Reaction.CELEBRATE]: "celebrate",
};
const WIRE = new Map(Object.entries(KINDS).map(([reaction, kind]) => [kind, reaction as Reaction]));

/** What a shown call is made from. */
export type ShownGroupCallParts = Readonly<{
  call: CallOfMany;
  /** Whose it is; of a guest's, nothing but a word. */
  group: CallGroup;
  /** As what this person takes part, now. */
  media: () => Media;
  /** How far a guest has come; undefined once they are in, and of everybody else. */
  guest?: () => GuestStage | undefined;
  /** Who asks to be let in. */
  waiting?: () => readonly AtDoor[];
  /** Whether somebody sits in a lobby of ours. */
  lobbyTaken?: () => boolean;
  /** Has a member removed; without it nobody can be. */
  remove?: (member: InCall) => void;
  /** Since when the person is in it, if this page was reloaded; in unix milliseconds. */
  since?: number;
  /** Told with each drawing since when the person is in it. */
  drawn?: (connectedAt: number | undefined) => void;
  /** Told with each drawing who asks to record it. */
  recording: (recording: CallRecording | undefined) => void;
  desk: LiveDesk;
  streams: MemberStreams;
  show: (view: GroupCallView) => void;
}>;

/** A call that is on the screen. */
export class ShownGroupCall {
  readonly call: CallOfMany;
  readonly #parts: ShownGroupCallParts;
  readonly #stop = new AbortController();
  #drawing: ReturnType<typeof setTimeout> | undefined;
  #connectedAt: number | undefined;
  #endedAt: number | undefined;
  #announcements: readonly Announcement[] = [];
  #reactions: readonly Reacted[] = [];
  #muteRequest: GroupCallView["muteRequest"];
  #unlisted = 0;
  #speaking: readonly number[] = [];
  #unopened: readonly number[] = [];
  #speaker: number | undefined;
  #lacksSfu = false;
  #hand = false;
  /** What the others were told last of what we send. */
  #said = "";
  #count = 0;
  readonly #doors = new WeakMap<AtDoor, string>();

  constructor(parts: ShownGroupCallParts) {
    this.call = parts.call;
    this.#parts = parts;
    // To a person it is the call that it was: they are in it, and it broke off.
    this.#connectedAt = parts.since;
    parts.streams.onChange = () => this.refresh();
    const unsubscribe = this.call.subscribe(() => this.refresh());
    const timer = setInterval(() => this.#look(), LOOK_MS);
    this.#stop.signal.addEventListener("abort", () => {
      unsubscribe();
      clearInterval(timer);
    });
    void this.#follow();
    void this.call.ended().then(() => this.#over());
    this.#draw();
  }

  /** Show it as it is, soon; also after a change of the desk. */
  refresh(): void {
    this.#drawing ??= setTimeout(() => this.#draw(), DRAW_MS);
  }

  /** Follow it no longer. */
  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#drawing);
  }

  raiseHand(on: boolean): void {
    this.#hand = on;
    this.call.showOwn({ hand: on });
    this.refresh();
  }

  react(kind: ReactionKind): void {
    const reaction = WIRE.get(kind);
    const own = this.call.members.find((one) => one.own);
    if (reaction === undefined || own === undefined) return;
    this.call.react(reaction);
    this.#float(kind, own, true);
  }

  /** Return who waits under this id, if they still do. */
  atDoor(id: string): AtDoor | undefined {
    return this.#parts.waiting?.().find((one) => this.#doors.get(one) === id);
  }

  askToMute(member: MemberAtPlace): void {
    this.call.askToMute(this.#meant(member));
  }

  remove(member: MemberAtPlace): void {
    this.#parts.remove?.(this.#meant(member));
  }

  /** Return whom a screen meant, if they are there still. */
  #meant({ leaf, id }: MemberAtPlace): InCall {
    const found = this.call.members.find((one) => one.leaf === leaf && hex(one.key) === id);
    if (found !== undefined) return found;
    throw new UnavailableError(Code.CONFLICT, "CK-876: they are not at this place any more");
  }

  #waiting(): readonly AtTheDoor[] {
    const waiting = this.#parts.waiting?.() ?? [];
    return waiting.map((one) => {
      const id = this.#doors.get(one) ?? this.#next();
      this.#doors.set(one, id);
      return { id, name: one.name };
    });
  }

  /** What somebody asked is answered, one way or the other. */
  answered(): void {
    this.#muteRequest = undefined;
    this.refresh();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const change of this.call.changes(signal)) {
        if (change.came.length > 0) this.#announce("came", change.came);
        if (change.went.length > 0) this.#announce("went", change.went);
        if (change.unlisted !== undefined) this.#unlisted = change.unlisted;
        if (change.asks !== undefined && this.#parts.desk.desk.micOn) {
          this.#muteRequest = change.asks;
        }
        if (change.reaction !== undefined) {
          this.#float(KINDS[change.reaction.reaction], change.reaction, false);
        }
        this.refresh();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #announce(what: Announcement["what"], who: readonly Called[]): void {
    const announcement = { id: this.#next(), what, who };
    this.#announcements = [...this.#announcements, announcement];
    setTimeout(() => {
      this.#announcements = this.#announcements.filter((one) => one !== announcement);
      this.refresh();
    }, ANNOUNCED_MS);
  }

  #float(kind: ReactionKind, { name, guest }: Called, own: boolean): void {
    const reacted = { id: this.#next(), kind, name, guest, own };
    this.#reactions = [...this.#reactions, reacted];
    setTimeout(() => {
      this.#reactions = this.#reactions.filter((one) => one !== reacted);
      this.refresh();
    }, REACTED_MS);
    this.refresh();
  }

  #next(): string {
    this.#count += 1;
    return String(this.#count);
  }

  /** Look who speaks, and what is not told of by itself. */
  #look(): void {
    const speaking = this.call.speaking();
    const unopened = this.call.unopened.map(({ leaf }) => leaf);
    const { lacksSfu } = this.call.stats();
    const isSame =
      lacksSfu === this.#lacksSfu &&
      isEqual(unopened, this.#unopened) &&
      isEqual(speaking, this.#speaking);
    if (isSame) return;
    this.#speaking = speaking;
    this.#unopened = unopened;
    this.#lacksSfu = lacksSfu;
    // Whoever spoke last stays large while nobody does.
    this.#speaker = speaking[0] ?? this.#speaker;
    this.refresh();
  }

  #over(): void {
    this.#endedAt = Date.now();
    this.#muteRequest = undefined;
    this.#draw();
    this.stop();
  }

  #draw(): void {
    clearTimeout(this.#drawing);
    this.#drawing = undefined;
    if (this.#stop.signal.aborted) return;
    if (this.call.isInside) this.#connectedAt ??= Date.now();
    this.#tellOthers();
    this.#parts.show(this.#view());
    this.#parts.recording(this.#endedAt === undefined ? this.call.recording : undefined);
    this.#parts.drawn?.(this.#connectedAt);
  }

  /** Have the others see what we send, when that changed. */
  #tellOthers(): void {
    const { desk } = this.#parts;
    const shows = {
      microphone: desk.desk.micOn,
      camera: desk.desk.cameraOn && this.#parts.media() === "video",
      screen: desk.sharing,
    };
    const said = JSON.stringify(shows);
    if (said === this.#said || !this.call.isInside) return;
    this.#said = said;
    this.call.showOwn(shows);
  }

  #view(): GroupCallView {
    const { call } = this;
    const { desk, group, guest, remove } = this.#parts;
    const { suite, epoch } = call.security;
    const until = this.#endedAt ?? Date.now();
    const seconds =
      this.#connectedAt === undefined ? 0 : Math.round((until - this.#connectedAt) / 1000);
    const leaves = new Set(call.members.map(({ leaf }) => leaf));
    const speaker = this.#speaker;
    // As it is now: a leaf may be somebody else's since the last look.
    const unopened = new Set(call.unopened.map(({ leaf }) => leaf));
    return {
      group,
      media: this.#parts.media(),
      state: this.#state(),
      members: call.members.map((one) => this.#member(one, unopened.has(one.leaf))),
      speaker: speaker !== undefined && leaves.has(speaker) ? speaker : undefined,
      unlisted: this.#unlisted,
      lacksSfu: this.#lacksSfu,
      connectedAt: this.#connectedAt,
      micOn: desk.desk.micOn,
      cameraOn: desk.desk.cameraOn,
      sharing: desk.sharing,
      hand: this.#hand,
      self: desk.selfStream,
      announcements: this.#announcements,
      reactions: this.#reactions,
      muteRequest: this.#muteRequest,
      lobbyTaken: this.#parts.lobbyTaken?.() ?? false,
      waiting: this.#waiting(),
      guest: guest?.(),
      isGuest: guest !== undefined,
      mayRemove: remove !== undefined,
      suite,
      epoch,
      path: call.stats().path,
      end: call.endReason && ENDS[call.endReason],
      endCode: call.endCode as Code | undefined,
      seconds,
    };
  }

  #state(): GroupCallState {
    if (this.call.endReason !== undefined) return "ended";
    if (this.call.isInside) return "inCall";
    return this.#connectedAt === undefined ? "connecting" : "reconnecting";
  }

  #member(one: InCall, unopened: boolean): GroupMember {
    const { leaf, name, own, verified, guest, shows } = one;
    // A guest has no account, and may have taken anybody's name.
    const account = one.account === undefined ? `guest ${leaf}` : hex(one.account);
    const { sound, camera, screen } = this.#parts.streams.of(leaf);
    const sharing = shows?.screen ?? screen !== undefined;
    // Over a mesh a screen goes in the camera's place.
    const isScreen = sharing && screen === undefined;
    return {
      ...{ leaf, id: hex(one.key), account, name, own, verified, guest, unopened },
      ...{ sound, sharing },
      speaking: this.#speaking.includes(leaf),
      hand: shows?.hand ?? false,
      micOn: shows?.microphone ?? true,
      cameraOn: shows?.camera ?? camera !== undefined,
      camera: isScreen ? undefined : camera,
      screen: isScreen ? camera : screen,
    };
  }
}

function isEqual(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((one, at) => one === others[at]);
}
