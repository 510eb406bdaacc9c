/**
 * A guest in a call: somebody without an account who has a call link (P15).
 *
 *     const call = await joinAsGuest(link, "Dana", { local, remote, makeMedia });
 *     for await (const state of call.states()) ...    // nobody, waiting, coming, inside, over
 *
 * Nothing of a guest is stored, here or anywhere: its keys are made for the visit and end with it. It
 * knows that the account which made the link is in the call, and of everybody else what that account's
 * device says. Not for: people with an account (`client.ts`).
 */

import { equal, hex } from "../core/bytes.ts";
import { type CallLink, callLinkFromText, requireFreshLink } from "../core/call_link.ts";
import { LobbyEnd } from "../core/content_lobby.ts";
import { Media } from "../core/content_records.ts";
import { Code, PeerError, UnavailableError, VisavisError } from "../core/errors.ts";
import { guestOf, isGuest } from "../core/guest.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import type { GroupMediaFactory } from "../media/group_interfaces.ts";
import type { TurnServer } from "../media/interfaces.ts";
import { type Means, monotonicNow, systemRng, unixNow } from "./books.ts";
import {
  CallOfMany,
  closeGroupEnds,
  GroupCallEnd,
  type GroupEnds,
  type InCall,
} from "./group_call_objects.ts";
import { recordingOf } from "./group_call_recording.ts";
import { guestInCall, type Known, Roster } from "./group_call_roster.ts";
import type { GroupCallShell } from "./group_call_shell.ts";
import { takePart, type Wired, wire } from "./group_call_wiring.ts";
import { UNNAMED } from "./group_names.ts";
import { deviceOf } from "./groups.ts";
import type { Admission } from "./guest_admission.ts";
import { type Entered, GuestEntry, GuestState, TurnedAwayError } from "./guest_entry.ts";
import { Feed, withTimeout } from "./lock.ts";
import { isNever, type RecordingMeans } from "./recording_means.ts";
import { serverShares } from "./server_shares.ts";
import { Tasks } from "./tasks.ts";
import { AnonymousApi } from "./transport/anonymous.ts";
import type { Dial } from "./transport/connection.ts";
import { Http } from "./transport/http.ts";

export { GuestState } from "./guest_entry.ts";

/** How often a guest that was cut off comes in again within `AGAIN_S`. */
export const AGAIN_TRIES = 3;
export const AGAIN_S = 60;

/**
 * Seconds for which a guest who was in the call looks for its members again. Higher: a host with a bad
 * network is waited for; lower: a call that is over is known to be.
 */
export const BACK_S = 30;

/**
 * Seconds for which all connections use the same relay credentials: a link's guests share sixty
 * requests a day.
 */
export const RELAY_S = 60;

const ENDS: Readonly<Record<LobbyEnd, GroupCallEnd>> = {
  [LobbyEnd.REFUSED]: GroupCallEnd.REFUSED,
  [LobbyEnd.CLOSED]: GroupCallEnd.CLOSED,
  [LobbyEnd.FULL]: GroupCallEnd.UNREACHED,
};

/** A call, as a guest sees it, from the first knock to its end. */
export class GuestCall extends CallOfMany {
  readonly #states = new Feed<GuestState>();
  #state: GuestState = GuestState.NOBODY;
  /** As what the call began; known once we are in it. */
  media: Media = Media.VOICE;

  /** How far we have come. */
  get state(): GuestState {
    return this.#state;
  }

  /**
   * Yield each state that follows, until it is over; to any number of readers.
   *
   * @throws The signal's reason.
   */
  states(signal?: AbortSignal): AsyncGenerator<GuestState, void, undefined> {
    return this.#states.read(signal);
  }

  // For the visit.

  /** Note how far we have come. */
  nowIs(state: GuestState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#states.push(state);
    if (state === GuestState.OVER) this.#states.close();
    this.tell();
  }
}

/** How a guest takes part. */
export type GuestOptions = GroupEnds &
  Readonly<{
    /** Makes media: `groupMedia` of `media/group_media.ts`, or a test's. */
    makeMedia: GroupMediaFactory;
    /** As in `GroupCallOptions`. */
    dial?: Dial;
    /** Show ours, if it is a call with pictures; true unless told otherwise. */
    picture?: boolean;
    /** What the call is given for recordings. */
    recording?: RecordingMeans;
    /** Time and chance, for tests. */
    means?: Means;
  }>;

/**
 * Ask to be let into the call of a link; returns at once, with somebody who waits.
 *
 * @param link As it was given.
 * @param name What we want to be called; everybody sees that nobody has verified it.
 * @param options What we show and say, and where the others' goes: the call's from now on, and closed
 *   on an error too.
 * @throws PeerError MISTYPED, EXPIRED.
 * @throws UsageError The name is none.
 * @throws UnavailableError NO_DEVICE.
 */
export async function joinAsGuest(
  link: string,
  name: string,
  options: GuestOptions,
): Promise<GuestCall> {
  try {
    const means = {
      ...{ now: unixNow, monotonic: monotonicNow, rng: systemRng },
      ...options.means,
    };
    const parsed = requireFreshLink(callLinkFromText(link), means.now());
    const never = () => isNever(options.recording ?? {}, []); // Nobody is a contact of a guest's.
    const entry = await GuestEntry.make(parsed, name, means, never);
    const visit = new Visit(parsed, options, means, entry);
    await visit.open();
    visit.begin();
    return visit.call;
  } catch (error) {
    closeGroupEnds(options);
    throw error;
  }
}

/** One guest's stay, however often it has to come in again. */
class Visit {
  readonly call: GuestCall;
  readonly #link: CallLink;
  readonly #options: GuestOptions;
  readonly #means: Required<Means>;
  readonly #entry: GuestEntry;
  readonly #api: AnonymousApi;
  readonly #roster: Roster;
  readonly #tasks = new Tasks((error) => {
    throw error; // A bug: whoever watches the page sees it.
  });
  readonly #leaving = new AbortController();
  #shell: GroupCallShell | undefined;
  /** What the host calls members, by their accounts in hex. */
  readonly #names = new Map<string, string>();
  /** Whom we asked the host about. */
  readonly #asked = new Set<string>();
  #relay: Readonly<{ until: number; server: TurnServer }> | undefined;

  constructor(link: CallLink, options: GuestOptions, means: Required<Means>, entry: GuestEntry) {
    const { picture = true } = options;
    this.#link = link;
    this.#options = options;
    this.#means = means;
    this.#entry = entry;
    this.#api = new AnonymousApi(new Http(link.origin));
    this.call = new GuestCall({
      leave: () => this.#leave(),
      showOwn: (changes) => this.#roster.showOwn(changes),
      react: (reaction) => this.#roster.react(reaction),
      askToMute: (member) => this.#roster.askToMute(member),
    });
    entry.onState = (state) => this.call.nowIs(state);
    this.#roster = new Roster({
      call: this.call,
      known: this.#known(),
      spawn: (work) => this.#tasks.spawn(work),
      monotonic: () => means.monotonic(),
      over: () => undefined, // Whoever is out asks in the lobby what became of the call.
      shown: (members) => this.#shown(members),
      camera: picture,
    });
  }

  /**
   * Open what we show and hear with.
   *
   * @throws UnavailableError NO_DEVICE.
   */
  async open(): Promise<void> {
    const { local, picture = true } = this.#options;
    if (!picture) local.closeVideo();
    await local.start();
  }

  /** Ask, and go on by itself until it is over. */
  begin(): void {
    this.#tasks.spawn(() => this.#run(this.#leaving.signal));
  }

  /** End it, wherever it is. */
  #leave(): void {
    this.#leaving.abort();
    this.#shell?.leave();
  }

  async #run(leaving: AbortSignal): Promise<void> {
    let why: GroupCallEnd = GroupCallEnd.LEFT;
    let code: Code | undefined;
    try {
      why = await this.#stays(leaving);
    } catch (error) {
      if (!leaving.aborted) {
        if (!(error instanceof VisavisError)) throw error;
        why = endOf(error);
        ({ code } = error);
      }
    } finally {
      closeGroupEnds(this.#options);
      await this.#api.close();
      await this.#roster.end(() => {
        this.call.nowIs(GuestState.OVER);
        this.call.end(why, code);
      });
    }
  }

  async #stays(leaving: AbortSignal): Promise<GroupCallEnd> {
    let cutOff: readonly number[] = [];
    let wasInside = false;
    while (!leaving.aborted) {
      const entered = wasInside
        ? await this.#enterAgain(leaving)
        : await this.#entry.enter(leaving);
      if (entered === undefined) return GroupCallEnd.NOBODY;
      wasInside = true;
      this.#learn(entered.admission.names);
      await this.#takePart(entered, leaving);
      const now = this.#means.monotonic();
      cutOff = [...cutOff.filter((at) => at > now - AGAIN_S), now];
      if (!leaving.aborted && cutOff.length > AGAIN_TRIES) return GroupCallEnd.REMOVED;
    }
    return GroupCallEnd.LEFT;
  }

  /** Come in again; undefined: nobody is there any more. */
  async #enterAgain(leaving: AbortSignal): Promise<Entered | undefined> {
    try {
      return await withTimeout(BACK_S, (stop) => this.#entry.enter(stop), { signal: leaving });
    } catch (error) {
      if (leaving.aborted || !(error instanceof UnavailableError)) throw error;
      return undefined;
    }
  }

  /** Be in it until we are out. */
  async #takePart(entered: Entered, leaving: AbortSignal): Promise<void> {
    const { admission, keys } = entered;
    const wired = await this.#wired(entered);
    const { media, shell } = wired;
    this.call.media = admission.media;
    this.#shell = shell;
    this.#roster.begin({ keys, shell }, { isNewHere: true });
    this.call.follow(media);
    const inside = () => {
      this.call.nowIs(GuestState.INSIDE);
      if (leaving.aborted) shell.leave();
    };
    try {
      await takePart(wired, inside);
    } finally {
      this.#shell = undefined;
      this.call.recording.unbind();
      this.#roster.outside();
    }
  }

  async #wired({ admission, keys }: Entered): Promise<Wired> {
    const { dial, local, remote, makeMedia, picture = true, recording = {} } = this.#options;
    const { call, media, room } = admission;
    const { origin } = this.#link;
    // Not the one that is closed with the visit: what is to be deleted may take longer.
    const shares = serverShares(new AnonymousApi(new Http(origin)), () => admission.relay);
    try {
      return wire({
        ...{ dial, keys, local, makeMedia, media, origin, picture, remote, room },
        turn: () => this.#turn(admission),
        recording: recordingOf(
          this.call,
          call,
          { shares, ...recording },
          {
            rng: this.#means.rng,
            spawn: (work) => this.#tasks.spawn(work),
            title: () => "",
            media,
          },
        ),
        watcher: this.#roster,
        unix: () => this.#means.now(),
        monotonic: () => this.#means.monotonic(),
      });
    } catch (error) {
      await keys.wipe();
      throw error;
    }
  }

  /**
   * Fetch relay credentials (P12).
   *
   * @throws UnavailableError NO_RELAY, UNAVAILABLE, QUOTA.
   */
  async #turn({ relay }: Admission): Promise<readonly TurnServer[]> {
    const now = this.#means.monotonic();
    let kept = this.#relay;
    if (kept === undefined || now >= kept.until) {
      const { ttlS, ...server } = await this.#api.turn(relay);
      kept = { until: now + Math.min(RELAY_S, ttlS / 2), server };
      this.#relay = kept;
    }
    return [kept.server];
  }

  #known(): Known {
    const name = async (member: MemberInfo): Promise<string> => {
      const { account } = await deviceOf(member);
      const said = this.#names.get(hex(account));
      return said ?? `${UNNAMED} ${hex(account.subarray(0, 2))}`;
    };
    return {
      name,
      inCall: async (member) => {
        if (isGuest(member)) {
          return guestInCall(member, equal(guestOf(member).key, this.#entry.key));
        }
        const { account } = await deviceOf(member);
        const none = { own: false, verified: false, guest: false };
        return { account, name: await name(member), ...none };
      },
    };
  }

  /** Guests among themselves are in nobody's call. If the host was cut off, it begins another. */
  #shown(members: readonly InCall[]): void {
    if (members.every(({ guest }) => guest)) this.#shell?.leave();
    const accounts = members.flatMap(({ account }) =>
      account === undefined ? [] : [hex(account)],
    );
    const unnamed = accounts.filter((one) => !this.#names.has(one) && !this.#asked.has(one));
    if (unnamed.length === 0) return;
    // Who came in after us; whom the host does not name is asked about once.
    for (const one of unnamed) this.#asked.add(one);
    this.#tasks.spawn(() => this.#learnNames(this.#leaving.signal));
  }

  async #learnNames(leaving: AbortSignal): Promise<void> {
    try {
      this.#learn(await this.#entry.names(leaving));
    } catch (error) {
      if (!leaving.aborted) throw error;
    }
    this.#roster.again();
  }

  #learn(names: ReadonlyMap<string, string>): void {
    for (const [account, name] of names) this.#names.set(account, name);
  }
}

function endOf(error: VisavisError): GroupCallEnd {
  if (error instanceof TurnedAwayError) return ENDS[error.why];
  if (error instanceof PeerError) return GroupCallEnd.IMPOSTOR;
  if (error.code === Code.NOT_ENCRYPTED) return GroupCallEnd.NOT_ENCRYPTED;
  return GroupCallEnd.UNREACHED;
}
