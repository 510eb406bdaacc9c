/**
 * Group calls of one device: begun, entered, rung for, and carried on until they are over.
 *
 *     begin: a room, a group with us alone in it, "groupcall.began" in the conversation
 *     come in: knock at the door (`group_call_entry.ts`), be let in, take part (`group_call_shell.ts`)
 *     cut off, or two calls begun at once: come in again; the last who leaves says that it is over
 *
 * Members of the conversation may be in its calls, and nobody else: who is removed there is removed here
 * (CK-851). Not for: calls of two (`calls.ts`), or media (`media/group_media.ts`).
 */

import { equal, hex } from "../core/bytes.ts";
import { Media } from "../core/content_records.ts";
import { UnavailableError, UsageError } from "../core/errors.ts";
import type { AccountId, GroupId } from "../core/ids.ts";
import type { GroupMediaFactory } from "../media/group_interfaces.ts";
import { CLOSE_TIMEOUT_S } from "./call_terms.ts";
import type { GoingOn } from "./group_call_book.ts";
import type { IncomingGroupCall } from "./group_call_incoming.ts";
import { closeGroupEnds, type GroupCall, type GroupEnds } from "./group_call_objects.ts";
import { Ringing } from "./group_call_ringing.ts";
import { Stay, type StayParts } from "./group_call_stay.ts";
import { Ways } from "./group_call_ways.ts";
import type { LeftGroupCall } from "./left_group_call.ts";
import { withTimeout } from "./lock.ts";
import type { RecordingMeans } from "./recording_means.ts";
import type { Session } from "./session.ts";
import type { Dial } from "./transport/connection.ts";

export { IncomingGroupCall } from "./group_call_incoming.ts";
export {
  type AtDoor,
  type Change,
  GroupCall,
  GroupCallEnd,
  type GroupEnds,
  type GroupSecurity,
  type InCall,
} from "./group_call_objects.ts";

/** How group calls of a device are made. */
export type GroupCallOptions = Readonly<{
  /** Makes media: `groupMedia` of `media/group_media.ts`, or a test's. */
  makeMedia: GroupMediaFactory;
  /** Makes the WebSockets of call rooms: `dialInThread`; unless given, on this thread. */
  dial?: Dial;
  /** What calls are given for recordings. */
  recording?: RecordingMeans;
  /** Says whether there is a call of two. */
  isBusy: () => boolean;
}>;

/** A call that goes on in a group, for its thread. */
export type OpenCall = Readonly<{
  /** As what it began. */
  media: Media;
  /** Who began it. */
  by: AccountId;
  /** When, unix seconds. */
  at: number;
}>;

/** All group calls of this device; it is in one at a time. */
export class GroupCallService {
  readonly #ways: Ways;
  readonly #options: GroupCallOptions;
  readonly #ringing: Ringing;
  /** What is shown of calls that go on, by the hex of their group. */
  readonly #open = new Map<string, OpenCall>();
  #live: Stay | undefined;

  /** @param session The session. */
  constructor(session: Session, options: GroupCallOptions) {
    this.#ways = new Ways(session);
    this.#options = options;
    const picture = (media: Media) => media === Media.VIDEO;
    this.#ringing = new Ringing(
      this.#ways,
      () => this.isLive,
      (going, media, ends) =>
        this.#stay({ going, ends, picture: picture(media), instead: undefined }),
    );
  }

  /** Begin to listen. */
  start(): void {
    this.#ringing.start();
    this.#ways.onOver((_, call) => this.#ringing.over(call));
    this.#ways.onGroup((group) => this.#stayIn(group)?.groupChanged());
    this.#ways.onBegan((going, live) => this.#heard(going, live));
  }

  /** Whether this device is in a group call. */
  get isInCall(): boolean {
    return this.#live !== undefined;
  }

  /** Whether this device is in a call, of two or of a group. */
  get isLive(): boolean {
    return this.isInCall || this.#options.isBusy();
  }

  /** The call that this device is in. */
  get live(): GroupCall | undefined {
    return this.#live?.call;
  }

  /** Yield each group call that rings here, those that came before too; each is given out once. */
  incoming(signal?: AbortSignal): AsyncGenerator<IncomingGroupCall, void, undefined> {
    return this.#ringing.incoming(signal);
  }

  /** Return the call that can be entered in a group: the same object until topic "groups" is told. */
  goingOn(group: GroupId): OpenCall | undefined {
    const going = this.#ways.goingOn(group);
    const shown = going && this.#shown(going);
    if (shown === undefined) this.#open.delete(hex(group));
    else this.#open.set(hex(group), shown);
    return shown;
  }

  /** Make what is shown of a call, or find it if that is the same as before. */
  #shown({ group, media, by, at }: GoingOn): OpenCall {
    const before = this.#open.get(hex(group));
    const isSame = before?.media === media && before.at === at && equal(before.by, by);
    return before !== undefined && isSame ? before : { media, by, at };
  }

  /** Leave the call that we are in. */
  async close(): Promise<void> {
    const call = this.live;
    if (call === undefined) return;
    try {
      await withTimeout(CLOSE_TIMEOUT_S, call.leave());
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }

  /**
   * Come into the call that goes on in a group, or begin one, which rings at the others.
   *
   * @param group Which group.
   * @param media As what it is begun; of one that goes on, whether we want to be seen and see.
   * @param ends What we show and say, and where the others' goes. They are the call's from now on, and
   *   closed on an error too.
   * @throws UsageError This device is in a call.
   * @throws AuthorizationError REFUSED, we are in no such group.
   * @throws UnavailableError NO_DEVICE.
   */
  async call(group: GroupId, media: Media, ends: GroupEnds): Promise<GroupCall> {
    try {
      await this.#ways.require(group);
      const known = this.#ways.goingOn(group);
      const instead = this.#ways.newCall(group, media);
      const picture = media === Media.VIDEO;
      const call = await this.#stay({ going: known ?? instead, ends, picture, instead });
      if (known !== undefined) this.#ringing.answered(known);
      return call;
    } catch (error) {
      closeGroupEnds(ends);
      throw error;
    }
  }

  /**
   * Come back into the call that a page of ours was in a moment ago.
   *
   * It begins none and goes into no other one (CK-854), and nothing of it is said to our other devices.
   *
   * @param left Which, and what is known of it.
   * @param ends As `call`.
   * @returns undefined if it does not go on, as far as we know, or this device is in a call.
   * @throws UnavailableError NO_DEVICE.
   */
  async comeBack(left: LeftGroupCall, ends: GroupEnds): Promise<GroupCall | undefined> {
    try {
      const going = await this.leftGoingOn(left);
      if (going !== undefined && !this.isLive) {
        const picture = left.media === Media.VIDEO;
        return await this.#stay({ going, ends, picture, instead: undefined, before: left });
      }
    } catch (error) {
      closeGroupEnds(ends);
      throw error;
    }
    closeGroupEnds(ends);
    return undefined;
  }

  /** Return the call that a page of ours was in, if it still goes on and we may be in it. */
  async leftGoingOn({ group, call }: LeftGroupCall): Promise<GoingOn | undefined> {
    const going = this.#ways.goingOn(group);
    if (going === undefined || !equal(going.call, call)) return undefined;
    return (await this.#ways.isMember(group)) ? going : undefined;
  }

  async #stay(
    parts: Omit<StayParts, "ways" | "makeMedia" | "dial" | "recording" | "over">,
  ): Promise<GroupCall> {
    if (this.isLive) throw new UsageError("there is a call already");
    const { dial, makeMedia, recording = {} } = this.#options;
    const over = () => {
      this.#live = undefined;
    };
    const stay = new Stay({ ...parts, ways: this.#ways, makeMedia, dial, recording, over });
    this.#live = stay;
    try {
      await stay.open();
    } catch (error) {
      over();
      throw error;
    }
    this.#ways.spawn((signal) => stay.run(signal));
    return stay.call;
  }

  #heard(going: GoingOn, live: boolean): void {
    const stay = this.#stayIn(going.group);
    if (stay !== undefined && !stay.isComingBack) stay.anotherBegan();
    else if (live) this.#ringing.begins(going);
  }

  #stayIn(group: GroupId): Stay | undefined {
    const stay = this.#live;
    return stay !== undefined && equal(stay.call.group, group) ? stay : undefined;
  }
}
