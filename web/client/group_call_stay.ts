/**
 * One device in one group call: begun or entered, cut off and back, until it is over here.
 *
 * Not for: what rings, or which call (`group_calls.ts`); media (`StayMedia`).
 */

import { equal } from "../core/bytes.ts";
import { Media } from "../core/content_records.ts";
import { Code, UnavailableError, VisavisError } from "../core/errors.ts";
import { LeftReason } from "../core/group_call_types.ts";
import { isAmongGuests } from "../core/guest.ts";
import type { GroupMediaFactory } from "../media/group_interfaces.ts";
import { CallLobbies } from "./call_lobbies.ts";
import { OwnConsent } from "./consent_key.ts";
import type { GoingOn } from "./group_call_book.ts";
import { CallGoneError, Doorkeeper, enterGroupCall } from "./group_call_entry.ts";
import { GroupCallKeys } from "./group_call_keys.ts";
import { GroupCallNotes } from "./group_call_notes.ts";
import {
  type AtPlace,
  closeGroupEnds,
  GroupCall,
  GroupCallEnd,
  type GroupEnds,
} from "./group_call_objects.ts";
import { recordingOf } from "./group_call_recording.ts";
import { knownToMembers, type Part, Roster, requireThere } from "./group_call_roster.ts";
import type { Devices, Ways } from "./group_call_ways.ts";
import { takePart, type Wired, wire } from "./group_call_wiring.ts";
import type { LeftGroupCall } from "./left_group_call.ts";
import { Lock } from "./lock.ts";
import { isNever, type RecordingMeans } from "./recording_means.ts";
import type { Dial } from "./transport/connection.ts";

/**
 * How often a device that was cut off comes in again within `AGAIN_S`. Higher: worse networks are borne;
 * lower: a device that the others cannot keep in does not knock for ever.
 */
export const AGAIN_TRIES = 3;
export const AGAIN_S = 60;

/** What a stay is made from. */
export type StayParts = Readonly<{
  ways: Ways;
  makeMedia: GroupMediaFactory;
  dial: Dial | undefined;
  going: GoingOn;
  ends: GroupEnds;
  /** What calls are given for recordings. */
  recording: RecordingMeans;
  /** The person wants to be seen, if it is a call with pictures. */
  picture: boolean;
  /**
   * The call to begin, which may be `going`, if that one is over already and nobody could tell us;
   * undefined: then it is over here, too.
   */
  instead: GoingOn | undefined;
  /** What is known of it from before the page was reloaded, if it was: then we come into this one or none. */
  before?: LeftGroupCall;
  /** Called when it is over, before anybody is told. */
  over: () => void;
}>;

/** This device in one group call, however often it has to come in again. */
export class Stay {
  readonly call: GroupCall;
  readonly #parts: StayParts;
  readonly #ways: Ways;
  readonly #roster: Roster;
  readonly #notes: GroupCallNotes;
  /** Of our call links. */
  readonly #lobbies: CallLobbies;
  /** Looks at the group, one after another. */
  readonly #looks = new Lock();
  #part: Part | undefined;
  /** While we knock; aborted when we are wanted elsewhere. */
  #knocking: AbortController | undefined;
  /** The call is ours to begin. */
  #isNew: boolean;
  #hasLeft = false;
  #wasInside = false;
  /** We were the only member; all others were guests. */
  #wasWithGuests = false;
  /** We are out of the group, and not by our own wish. */
  #isOut = false;
  #devices: Devices = new Map();
  #moving: GoingOn | undefined;
  #why: LeftReason = LeftReason.LEFT;

  constructor(parts: StayParts) {
    const { going, instead, ways } = parts;
    this.#parts = parts;
    this.#ways = ways;
    this.#isNew = instead !== undefined && equal(instead.call, going.call);
    this.call = new GroupCall(going, {
      leave: () => this.#leave(),
      remove: (member) => this.#remove(member),
      showOwn: (changes) => this.#roster.showOwn(changes),
      react: (reaction) => this.#roster.react(reaction),
      askToMute: (member) => this.#roster.askToMute(member),
    });
    this.#notes = new GroupCallNotes(ways, parts.before);
    if (parts.before?.recorded) this.call.recording.noteRecorded();
    this.call.met = this.#notes.met;
    this.#roster = new Roster({
      call: this.call,
      known: knownToMembers(ways, going.group),
      spawn: (work) => ways.spawn(work),
      monotonic: () => ways.monotonic(),
      over: (reason) => {
        this.#why = reason;
      },
      shown: (members) => {
        this.#notes.show(members);
        this.call.met = this.#notes.met;
      },
      camera: parts.picture,
    });
    this.#lobbies = new CallLobbies(ways, this.call);
  }

  /**
   * Open what we show and hear with, so that it never rings in vain.
   *
   * @throws UnavailableError NO_DEVICE.
   */
  async open(): Promise<void> {
    const { going, picture } = this.#parts;
    const { local } = this.#parts.ends;
    try {
      this.#devices = await this.#ways.devices(going.group);
      if (!picture || going.media === Media.VOICE) local.closeVideo();
      await local.start();
    } catch (error) {
      this.call.end(GroupCallEnd.LEFT);
      throw error;
    }
  }

  /** Be in the call until it is over here. The signal ends it without a word. */
  async run(signal: AbortSignal): Promise<void> {
    let why: GroupCallEnd = GroupCallEnd.LEFT;
    let code: Code | undefined;
    try {
      why = await this.#stays(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof VisavisError)) throw error;
      why = await this.#failedBy(error);
      ({ code } = error);
    } finally {
      closeGroupEnds(this.#parts.ends);
      await this.#roster.end(async () => {
        try {
          await this.#lobbies.close();
          await this.#notes.over(this.call.going, this.call.recording.wasRecorded);
        } catch (error) {
          if (!(error instanceof VisavisError)) throw error; // The profile is being closed.
        } finally {
          this.#parts.over();
          this.call.end(why, code);
        }
      });
    }
  }

  async #failedBy(error: VisavisError): Promise<GroupCallEnd> {
    const { going } = this.call;
    if (error instanceof CallGoneError) {
      await this.#ways.forget(going);
      return GroupCallEnd.NOBODY;
    }
    if (error.code === Code.NOT_ENCRYPTED) return GroupCallEnd.NOT_ENCRYPTED;
    // Nobody lets us in, or we were thrown out of the group meanwhile.
    const isMember = await this.#ways.isMember(going.group);
    return isMember ? GroupCallEnd.UNREACHED : GroupCallEnd.REMOVED;
  }

  async #stays(signal: AbortSignal): Promise<GroupCallEnd> {
    const ways = this.#ways;
    let cutOff: readonly number[] = [];
    let keys = this.#isNew ? await this.#begun() : await this.#enterOrBegin(signal);
    while (keys !== undefined) {
      const wasLast = await this.#takePart(keys, signal);
      if (this.#moving !== undefined) {
        this.#move();
      } else if (this.#why === LeftReason.LEFT) {
        // Before anything waits for the server: who has left is neither seen nor heard.
        closeGroupEnds(this.#parts.ends);
        if (wasLast) await ways.sayOver(this.call.going);
        return this.#isOut ? GroupCallEnd.REMOVED : GroupCallEnd.LEFT;
      } else {
        // Cut off by the network, and the others went on without us; or they want us out, and then
        // whoever is in the group may come in again all the same.
        const now = ways.monotonic();
        cutOff = [...cutOff.filter((at) => at > now - AGAIN_S), now];
        if (cutOff.length > AGAIN_TRIES || !(await ways.isMember(this.call.group))) {
          return GroupCallEnd.REMOVED;
        }
        if (this.#wasWithGuests) {
          keys = await this.#begunAnew();
          continue;
        }
      }
      keys = await this.#enter(signal);
    }
    return this.#isOut ? GroupCallEnd.REMOVED : GroupCallEnd.LEFT;
  }

  // Coming in

  /** Begin another call in its place: guests can let nobody in, and follow (P15). */
  async #begunAnew(): Promise<GroupCallKeys> {
    const before = this.call.going;
    await this.#ways.forget(before);
    this.call.going = this.#ways.newCall(before.group, before.media);
    this.#isNew = true;
    return await this.#begun();
  }

  async #begun(): Promise<GroupCallKeys> {
    const { call, group } = this.call.going;
    const { rng } = this.#ways;
    const [keys, mayBeIn] = [await this.#ways.keyMaterial(group), this.#ways.mayBeIn(group, call)];
    const consent = await this.#makeConsent();
    return await GroupCallKeys.found(call, { consent, keys, mayBeIn, rng, now: this.#ways.now() });
  }

  async #enterOrBegin(signal: AbortSignal): Promise<GroupCallKeys | undefined> {
    try {
      return await this.#enter(signal);
    } catch (error) {
      const { instead } = this.#parts;
      if (instead === undefined || !(error instanceof CallGoneError)) throw error;
      // The last ones left in the same moment and said nothing: to others it still goes on.
      await this.#ways.sayOver(this.call.going, { live: true });
      this.call.going = instead;
      this.#isNew = true;
      return await this.#begun();
    }
  }

  /** Come in, or into the call that stands in its place; undefined if the person left before. */
  async #enter(signal: AbortSignal): Promise<GroupCallKeys | undefined> {
    while (!this.#hasLeft) {
      const knocking = new AbortController();
      this.#knocking = knocking;
      try {
        return await this.#knock(AbortSignal.any([knocking.signal, signal]));
      } catch (error) {
        signal.throwIfAborted();
        if (!knocking.signal.aborted) {
          // Whoever was in it has gone over to another one, which we were told of meanwhile.
          if (error instanceof UnavailableError) this.#moving = this.#another();
          if (this.#moving === undefined) throw error;
        }
      } finally {
        this.#knocking = undefined;
      }
      this.#move();
    }
    return undefined;
  }

  async #knock(signal: AbortSignal): Promise<GroupCallKeys> {
    const ways = this.#ways;
    const { call, door, group, room } = this.call.going;
    const { origin, rng } = ways;
    const consent = await this.#makeConsent();
    const entering = {
      ...{ call, consent, door, origin, rng, room },
      keys: await ways.keyMaterial(group),
      mayBeIn: ways.mayBeIn(group, call),
      unix: () => ways.now(),
      monotonic: () => ways.monotonic(),
    };
    const bundle = await ways.newKeyPackage(consent);
    try {
      signal.throwIfAborted();
      return await enterGroupCall(entering, bundle, signal);
    } finally {
      bundle.wipe(); // A Welcome is taken once.
    }
  }

  /** Make a consent key for one entry. */
  async #makeConsent(): Promise<OwnConsent> {
    const others = await this.#ways.others(this.call.group);
    const never = isNever(this.#parts.recording, others);
    return await OwnConsent.make({ never }, this.#ways.rng);
  }

  /** Whether a page that was reloaded is on its way in. */
  get isComingBack(): boolean {
    return this.#parts.before !== undefined && !this.#wasInside;
  }

  /** Return the call that stands, if it is not the one that we are in. */
  #another(): GoingOn | undefined {
    // CK-854: nobody sits down in a call that they did not ask for.
    if (this.isComingBack) return undefined;
    const standing = this.#ways.goingOn(this.call.group);
    return standing && !equal(standing.call, this.call.going.call) ? standing : undefined;
  }

  #move(): void {
    if (this.#moving === undefined) return;
    this.call.going = this.#moving;
    this.#moving = undefined;
  }

  // Being in it

  /** Be in it until we are out; say whether we left and nobody stayed. */
  async #takePart(keys: GroupCallKeys, signal: AbortSignal): Promise<boolean> {
    const { going } = this.call;
    const isNew = this.#isNew;
    const wired = await this.#wired(keys);
    const { media, shell } = wired;
    const part = { keys, shell };
    this.#why = LeftReason.LEFT;
    this.#part = part;
    this.#roster.begin(part, { isNewHere: !isNew });
    this.call.follow(media);
    const inside = async () => {
      this.#wasInside = true;
      if (isNew && !this.#hasLeft) {
        this.#isNew = false;
        await this.#ways.sayBegan(going);
        this.anotherBegan();
      }
      if (this.#hasLeft || this.#moving !== undefined) shell.leave();
      this.#lobbies.comeIn(shell);
    };
    try {
      await takePart(wired, inside, signal);
    } finally {
      this.#part = undefined;
      this.#wasWithGuests = isAmongGuests(shell.members.values());
      this.#lobbies.goOut();
      this.call.recording.unbind();
      this.#roster.outside();
    }
    return shell.wasLast;
  }

  /** Make what a member has of a call. */
  async #wired(keys: GroupCallKeys): Promise<Wired> {
    const { dial, ends, makeMedia, picture, recording, ways } = this.#parts;
    const { going } = this.call;
    const { door, media, room } = going;
    const { origin } = ways;
    try {
      const options = { ticket: await ways.ticket(), isNew: this.#isNew };
      return wire({
        ...{ ...ends, dial, keys, makeMedia, media, options, origin, picture, room },
        turn: () => ways.turn(),
        watcher: this.#roster,
        unix: () => ways.now(),
        monotonic: () => ways.monotonic(),
        recording: recordingOf(this.call, going.call, recording, {
          rng: ways.rng,
          spawn: (work) => ways.spawn(work),
          title: () => ways.groupName(going.group),
          where: { contact: null, group: going.group },
          media,
        }),
        door: new Doorkeeper(room, door, ways.rng),
      });
    } catch (error) {
      await keys.wipe();
      throw error;
    }
  }

  // What the person and others want

  #leave(): void {
    this.#hasLeft = true;
    this.#part?.shell.leave();
    this.#knocking?.abort();
  }

  #remove(member: AtPlace): void {
    const part = this.#part;
    if (part === undefined) return;
    this.#lobbies.shutOut(requireThere(part.keys.members(), member));
    part.shell.remove(member.leaf);
  }

  /** Two calls were begun at once: whoever is alone goes over to the one that stands. */
  anotherBegan(): void {
    const standing = this.#another();
    if (standing === undefined) return;
    if (this.#knocking !== undefined) {
      this.#moving = standing;
      this.#knocking.abort();
    } else if (this.#part !== undefined && this.#part.keys.members().size < 2) {
      this.#moving = standing;
      this.#part.shell.leave();
    }
  }

  /** Have removed from the call whoever is in the group no longer (CK-851). */
  groupChanged(): void {
    this.#ways.spawn(() => this.#looks.run(() => this.#look()));
  }

  async #look(): Promise<void> {
    const ways = this.#ways;
    const { group } = this.call;
    if (!(await ways.isMember(group))) {
      this.#isOut = !ways.hasLeft(group);
      this.#leave();
      return;
    }
    const before = this.#devices;
    this.#devices = await ways.devices(group);
    const hasNewcomers = [...this.#devices.keys()].some((device) => !before.has(device));
    // Whoever came into the group was not told; one of us tells them.
    if (hasNewcomers && this.call.members[0]?.own) ways.spawn(() => ways.sayAgain(this.call.going));
    const shell = this.#part?.shell;
    if (shell === undefined) return;
    for (const [leaf, member] of shell.members) {
      if (!(await ways.isIn(group, member))) shell.remove(leaf);
    }
  }
}
