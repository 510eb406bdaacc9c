/**
 * A group call on one device: carries out what the machine says, in the order of the room.
 *
 * Everything that happens stands in one line and is done one by one: what the room says, what the
 * person wants, and deadlines. So a commit is applied before whatever was said after it, and our own
 * commit counts at the place that the room gave it. Cryptography takes its time; nothing else is done
 * meanwhile.
 *
 * Who is in the room and who of them is which member is `group_call_presence.ts`'s to know. A
 * stranger there is told to the person: they can open nothing, but they are there (R-25).
 *
 * Not for: ringing, media (`GroupMedia`), or how a joiner reaches the members (`wish` is told of it).
 */

import type { Bytes } from "../core/bytes.ts";
import { encodeInGroupCall } from "../core/content.ts";
import type { GroupCallState, Reaction, Sign, ToOne } from "../core/content_group_call.ts";
import type { AboutReceipt } from "../core/content_receipt.ts";
import type { RecordingSaid } from "../core/content_recording.ts";
import { type FromRoom, RoomCommit, type RoomEntered } from "../core/content_room.ts";
import { PeerError, VisavisError } from "../core/errors.ts";
import { step } from "../core/group_call.ts";
import type { Event, State } from "../core/group_call_types.ts";
import type { Digest, FeedId } from "../core/ids.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import type { GroupMedia } from "../media/group_interfaces.ts";
import { Ears } from "./group_call_ears.ts";
import { Hands } from "./group_call_hands.ts";
import { type Happening, Inbox } from "./group_call_happenings.ts";
import { Joiners, type Reply } from "./group_call_joiners.ts";
import type { Began, GroupCallKeys } from "./group_call_keys.ts";
import { Presence } from "./group_call_presence.ts";
import { Pulling } from "./group_call_pulling.ts";
import { GroupRecording } from "./group_call_recording.ts";
import type { CallRoom, Door, ShellParts, Watcher } from "./group_call_seam.ts";
import { ShellFrames } from "./group_call_shell_frames.ts";
import { Voice } from "./group_call_voice.ts";

/** Seconds between two looks at who is where. */
export const LOOK_S = 1;

/** One device in one group call. */
export class GroupCallShell {
  readonly #keys: GroupCallKeys;
  readonly #room: CallRoom;
  readonly #frames: ShellFrames;
  readonly #watcher: Watcher;
  readonly #hands: Hands;
  readonly #unix: () => number;
  readonly #monotonic: () => number;
  readonly #door: Door | undefined;
  readonly #inbox = new Inbox<Happening>();
  readonly #presence = new Presence();
  readonly #recording: GroupRecording;
  readonly #voice: Voice;
  readonly #ears: Ears;
  readonly #joiners = new Joiners();
  readonly #pulling: Pulling;
  #state: State = { kind: "idle" };
  #strangers = 0;
  /** Whom the person wants out. */
  readonly #unwanted = new Set<number>();
  #wasLast = false;

  constructor(parts: ShellParts) {
    const { keys, room, frames, watcher, unix, monotonic, door } = parts;
    this.#keys = keys;
    this.#room = room;
    // CK-385, as in a call of two: without its frame keys a call does not go on.
    this.#frames = new ShellFrames(frames, keys, () => this.leave());
    this.#watcher = watcher;
    this.#unix = unix;
    this.#monotonic = monotonic;
    this.#door = door;
    this.#pulling = new Pulling(room);
    this.#recording = new GroupRecording(parts.recording, {
      ...{ own: keys.consent, unix, monotonic, frames: this.#frames },
      say: async (said) => this.#say(said),
    });
    this.#voice = new Voice(keys, room, this.#presence, this.#recording);
    this.#ears = new Ears(keys, this.#presence, watcher, this.#recording, unix);
    this.#hands = new Hands({
      ...{ keys, room, watcher, unix, inbox: this.#inbox },
      ...{ frames: this.#frames, presence: this.#presence, voice: this.#voice },
    });
  }

  /** Where the machine is. */
  get state(): State {
    return this.#state;
  }

  /** Whether nobody but guests stayed when we left, as far as we knew. */
  get wasLast(): boolean {
    return this.#wasLast;
  }

  /** Who is in the call, by leaf. */
  get members(): ReadonlyMap<number, MemberInfo> {
    return this.#hands.members;
  }

  /** Have media sent and got; before `run`. */
  attach(media: GroupMedia): void {
    this.#ears.media = media;
  }

  /** Tell all members what we send to the SFU. */
  announce(feed: FeedId | null): void {
    this.#inbox.push({ kind: "announceFeed", feed });
  }

  /**
   * Say something to one member; false if it is not in the room, as far as we know.
   *
   * @throws UsageError The content is one that it would refuse.
   */
  tell(leaf: number, content: ToOne): boolean {
    const isThere = this.#presence.numberOf(leaf) !== undefined;
    if (this.#state.kind !== "inside" || !isThere) return false;
    this.#inbox.push({ kind: "tell", leaf, encoded: encodeInGroupCall(content) });
    return true;
  }

  /** Tell all members what we show of ourselves, now and whoever comes later. */
  show(state: GroupCallState): void {
    this.#voice.state = state;
    this.#say(state);
  }

  /** Show all members a reaction. */
  react(reaction: Reaction): void {
    this.#say({ kind: "groupcall.reaction", reaction });
  }

  #say(content: Sign | RecordingSaid | AboutReceipt): void {
    this.#inbox.push({ kind: "say", encoded: encodeInGroupCall(content) });
  }

  /** Tell of somebody who wants to come in; `reply` is used if our commit lets them in. */
  wish(keyPackage: Bytes, reply: Reply): void {
    this.#inbox.push({ kind: "wish", keyPackage, reply });
  }

  /** Leave the call; `run` ends. */
  leave(): void {
    this.#inbox.push({ kind: "leave" });
  }

  /** The frame keys are gone (CK-385): the call is left, and `run` says why. */
  lostFrameKeys(): void {
    this.#frames.fail();
  }

  /** Have another member removed; everybody sees that it went. */
  remove(leaf: number): void {
    this.#inbox.push({ kind: "remove", leaf });
  }

  /**
   * Take part until the person leaves or we are removed; all keys are wiped then.
   *
   * @throws UnavailableError NOT_ENCRYPTED, the frame keys could not be put in place: the call was
   *   left.
   * @throws The signal's reason.
   */
  async run(signal: AbortSignal = new AbortController().signal): Promise<void> {
    const ended = new AbortController();
    const stop = AbortSignal.any([ended.signal, signal]);
    const listening = this.#listen(stop);
    try {
      await this.#begin(this.#keys.began());
      await this.#feed({ kind: "roomLost", now: this.#monotonic() }); // until it says that we are in
      while (this.#state.kind !== "outside") await this.#one(stop);
    } finally {
      ended.abort();
      await listening;
      await this.#recording.ended();
      await this.#frames.wipe();
      await this.#keys.wipe();
      await this.#room.leave();
    }
    this.#frames.requireWhole();
  }

  async #listen(stop: AbortSignal): Promise<void> {
    try {
      for (;;) this.#inbox.push(await this.#room.next(stop));
    } catch (error) {
      if (!stop.aborted) throw error;
    }
  }

  async #one(stop: AbortSignal): Promise<void> {
    const now = this.#monotonic();
    const due = Math.min(this.#hands.deadline ?? Number.POSITIVE_INFINITY, now + LOOK_S);
    const happened = await this.#inbox.within(due - now, stop);
    try {
      if (happened !== undefined) return await this.#handle(happened);
    } catch (error) {
      // What a member or the room did wrong is dropped: it must not end the call for others.
      if (!(error instanceof VisavisError)) throw error;
      return;
    }
    await this.#lookAround();
    const { deadline } = this.#hands;
    if (deadline !== null && this.#monotonic() >= deadline) {
      await this.#feed({ kind: "deadlineReached", now: this.#monotonic() });
    }
  }

  // ---- What happens

  async #handle(happened: Happening): Promise<void> {
    switch (happened.kind) {
      case "roomLost":
        return await this.#feed({ kind: "roomLost", now: this.#monotonic() });
      case "roomShut":
        return await this.#feed({ kind: "wasRemoved" });
      case "wish":
        return await this.#wished(happened.keyPackage, happened.reply);
      case "leave":
        this.#wasLast = this.#hands.isLast(this.#state);
        return await this.#feed({ kind: "leaveRequested" });
      case "remove":
        if (!this.members.has(happened.leaf)) return;
        this.#unwanted.add(happened.leaf);
        return await this.#isGoing(happened.leaf);
      case "cannotAdd":
        return await this.#cannotAdd(happened.n, happened.joiners);
      case "announceFeed":
        this.#voice.feed = happened.feed;
        if (this.#state.kind === "inside") await this.#voice.ready(this.#state.epoch);
        return;
      case "tell":
        if (this.#state.kind !== "inside") return;
        return await this.#voice.tell(happened.leaf, happened.encoded);
      case "say":
        if (this.#state.kind === "inside") await this.#voice.say(happened.encoded);
        return;
      default:
        return await this.#roomSays(happened);
    }
  }

  async #roomSays(message: FromRoom): Promise<void> {
    switch (message.kind) {
      case "room.entered":
        this.#voice.feed = null; // It was the feed of who we were in the room before.
        await this.#entered(message);
        return this.#ears.media?.roomSays(message);
      case "room.came":
        return await this.#came(message.member);
      case "room.gone":
        for (const leaf of this.#presence.gone(message.member)) await this.#isGoing(leaf);
        return;
      case "room.knocked":
        return await this.#knocked(message.knock, message.body);
      case "room.said":
        return await this.#said(message.member, message.body);
      case "room.ordered":
        return await this.#committed(message.n, message.body);
      case "room.committed":
        return await this.#answered(message.n, message.accepted);
      case "room.pulled":
        return await this.#pulled(message.n);
      case "room.refused":
        if (message.asked === RoomCommit.kind) return await this.#refusedCommit();
        return this.#ears.media?.roomSays(message);
      default:
        return this.#ears.media?.roomSays(message);
    }
  }

  async #entered({ member, members, n }: RoomEntered): Promise<void> {
    const state = this.#state;
    if (state.kind !== "inside") return;
    this.#presence.entered(member, members, this.#monotonic());
    if (this.#pulling.entered(n, state.epoch)) await this.#back();
  }

  async #pulled(n: number): Promise<void> {
    const state = this.#state;
    if (state.kind !== "inside") return;
    const after = this.#pulling.pulled(n, state.epoch);
    if (after === "back") await this.#back();
    else if (after === "removed") await this.#feed({ kind: "wasRemoved" });
  }

  /** We are in the room and lack nothing. */
  async #back(): Promise<void> {
    this.#presence.back(this.#monotonic());
    await this.#feed({ kind: "roomEntered", now: this.#monotonic() });
    await this.#voice.shows(); // Whoever came meanwhile has not heard.
  }

  async #came(number: number): Promise<void> {
    this.#presence.came(number, this.#monotonic());
    // Whatever was said before they were here they have not heard.
    if (this.#state.kind !== "inside") return;
    await this.#voice.ready(this.#state.epoch, number);
    await this.#voice.shows(number);
  }

  async #knocked(knock: number, body: Bytes): Promise<void> {
    const door = this.#door;
    if (door === undefined) return;
    const keyPackage = await door.keyPackage(body);
    const answer = async (welcome: Bytes): Promise<void> => {
      try {
        const sealed = await door.answer(keyPackage, welcome);
        this.#room.send({ kind: "room.let_in", knock, body: sealed });
      } catch (error) {
        // Too large for the door: they are not let in, and the call goes on.
        if (!(error instanceof VisavisError)) throw error;
      }
    };
    await this.#wished(keyPackage, (welcome) => void answer(welcome));
  }

  async #said(number: number, body: Bytes): Promise<void> {
    const now = this.#monotonic();
    for (const event of await this.#ears.hear(number, body, this.members, now)) {
      // Whoever is to go is not spared because its first word comes late.
      if (event.kind === "memberBack" && this.#unwanted.has(event.leaf)) continue;
      if (event.kind === "readyReceived") this.#joiners.isHere(event.leaf);
      await this.#feed(event);
    }
  }

  async #committed(n: number, commit: Bytes): Promise<void> {
    const state = this.#state;
    if (state.kind !== "inside" || n !== state.epoch) return;
    const began = await this.#applied(n, commit);
    if (began === null) await this.#feed({ kind: "wasRemoved" });
    else await this.#begin(began);
  }

  async #applied(n: number, commit: Bytes): Promise<Began | null> {
    try {
      return await this.#keys.apply(commit, { now: this.#unix() });
    } catch (error) {
      if (error instanceof PeerError) this.#pulling.refused(n);
      throw error;
    }
  }

  async #answered(n: number, accepted: boolean): Promise<void> {
    const state = this.#state;
    if (state.kind !== "inside" || state.offered !== n || state.epoch !== n) return;
    if (accepted) return await this.#begin(await this.#keys.won());
    await this.#keys.lost();
    await this.#feed({ kind: "commitLost", now: this.#monotonic(), epoch: n });
  }

  async #refusedCommit(): Promise<void> {
    const state = this.#state;
    if (state.kind !== "inside" || state.offered === null) return;
    await this.#answered(state.offered, false);
  }

  async #wished(keyPackage: Bytes, reply: Reply): Promise<void> {
    if (this.#state.kind !== "inside" || this.#joiners.isIn(keyPackage, reply)) return;
    const joiner = await this.#keys.note(keyPackage, { now: this.#unix() });
    this.#joiners.asks(joiner, reply);
    // A device that comes back is another leaf; the old one goes in the same commit.
    for (const leaf of this.#keys.leavesOf(joiner)) {
      this.#presence.forget(leaf);
      await this.#isGoing(leaf);
    }
    await this.#feed({ kind: "joinWished", now: this.#monotonic(), joiner });
  }

  async #begin(began: Began): Promise<void> {
    const { epoch, own, leaves, came, went } = began;
    const admitted = began.admitted.map(({ joiner }) => joiner);
    // Before any frame of this epoch can be opened: of whoever came nothing is recorded.
    await this.#recording.epoch(this.#keys.members());
    const now = this.#monotonic();
    await this.#feed({ kind: "epochBegan", now, epoch, own, leaves, came, went, admitted });
    this.#hands.members = this.#keys.members();
    for (const leaf of went) this.#unwanted.delete(leaf);
    this.#presence.epoch(this.members.keys(), went, this.#monotonic());
    this.#ears.media?.members(own, new Set([...leaves].filter((leaf) => leaf !== own)));
    this.#joiners.epoch(began);
  }

  /** Find who is in the room and not in the call, and the other way round. */
  async #lookAround(): Promise<void> {
    const state = this.#state;
    const now = this.#monotonic();
    if (state.kind !== "inside" || !state.inRoom) return;
    // Whoever should have had them cut off did not: it may be gone itself.
    for (const number of this.#presence.stillThere(now)) await this.#hands.evict(number);
    const strangers = this.#presence.strangers(now);
    if (strangers !== this.#strangers) {
      this.#strangers = strangers;
      this.#watcher.unlisted(strangers);
    }
    for (const leaf of this.#presence.absent(now)) {
      if (leaf !== state.own && !state.going.has(leaf)) await this.#isGoing(leaf);
    }
  }

  async #isGoing(leaf: number): Promise<void> {
    await this.#feed({ kind: "memberGoing", now: this.#monotonic(), leaf });
  }

  async #feed(event: Event): Promise<void> {
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    for (const effect of effects) await this.#hands.carryOut(effect);
  }

  async #cannotAdd(n: number, joiners: readonly Digest[]): Promise<void> {
    for (const joiner of joiners) {
      this.#keys.forget(joiner);
      this.#joiners.forget(joiner);
      await this.#feed({ kind: "joinWithdrawn", now: this.#monotonic(), joiner });
    }
    await this.#feed({ kind: "commitLost", now: this.#monotonic(), epoch: n });
  }
}
