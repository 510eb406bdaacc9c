/**
 * Calls: the part of the facade (`client.ts`) that calls people and groups, and is called.
 *
 * The services behind it are loaded once they are needed. Not for: the history of calls
 * (`client_calls.ts`).
 */

import type { AccountId } from "../core/ids.ts";
import type { GroupMediaFactory } from "../media/group_interfaces.ts";
import type { CallService } from "./calls.ts";
import type { Entered } from "./client_entry.ts";
import { Linking } from "./client_links.ts";
import type { AtDoor } from "./group_call_objects.ts";
import type { GroupCallOptions, GroupCallService } from "./group_calls.ts";
import { keepCall, type LeftCall, takeLeftCall } from "./left_call.ts";
import type { LeftGroupCall } from "./left_group_call.ts";
import type { MyCallReceipts } from "./my_call_receipts.ts";
import type { MyConsents } from "./my_consents.ts";
import type { RecordingMeans } from "./recording_means.ts";
import type { Recordings } from "./recordings.ts";
import type { TurnServer } from "./seam.ts";

const NOBODY: readonly AtDoor[] = [];

/** The part of `Client` that has calls. */
export class Calling extends Linking {
  readonly #allowLoopback: boolean;
  readonly #groupMedia: GroupMediaFactory | undefined;
  readonly #recording: RecordingMeans;
  #calls: Promise<CallService> | undefined;
  #groupCalls: Promise<GroupCallService> | undefined;
  #present: CallService | undefined;
  #presentGroupCalls: GroupCallService | undefined;

  protected constructor({ session, snapshots, allowLoopback, groupMedia, recording }: Entered) {
    super(session, snapshots);
    this.#recording = recording;
    this.#allowLoopback = allowLoopback;
    this.#groupMedia = groupMedia;
  }

  /** What this device recorded. */
  get recordings(): Recordings {
    return this.session.recordings;
  }

  /** What its person agreed to, refused and took back. */
  get consents(): MyConsents {
    return this.session.consents;
  }

  /** The signed receipts of calls that it holds. */
  get callReceipts(): MyCallReceipts {
    return this.session.callReceipts;
  }

  // With one contact

  /** The call service, once it was asked for (topic "calls"). */
  get calls(): CallService | undefined {
    return this.#present;
  }

  /** Return the call service: its code is loaded and it begins to listen with the first of these. */
  callService(): Promise<CallService> {
    this.#calls ??= this.#startCalls();
    return this.#calls;
  }

  async #startCalls(): Promise<CallService> {
    const recording = this.#recordingMeans();
    const [{ CallService }, { relayedMedia }] = await Promise.all([
      import("./calls.ts"),
      import("../media/connection.ts"),
    ]);
    const makeMedia = relayedMedia({ allowLoopback: this.#allowLoopback });
    const calls = new CallService(this.session, { makeMedia, recording });
    await calls.start();
    this.#present = calls;
    this.snapshots.tell("calls");
    return calls;
  }

  /** Keep which call a page is in, sealed; with undefined, none. Never a confidential one. */
  async keepCall(left: LeftCall | LeftGroupCall | undefined): Promise<void> {
    await keepCall(this.session.books, left);
  }

  /**
   * Take out the call that a page was in when it went away; `call` with `again` goes on with it, or
   * `comeBack` of the service of group calls.
   *
   * @param options.isRecent The page went away a moment ago.
   */
  async takeLeftCall(
    options: Readonly<{ isRecent: boolean }> = { isRecent: false },
  ): Promise<LeftCall | LeftGroupCall | undefined> {
    return await takeLeftCall(this.session.books, options);
  }

  // With a group

  /** The service of group calls, once it was asked for (topic "calls"). */
  get groupCalls(): GroupCallService | undefined {
    return this.#presentGroupCalls;
  }

  /** Return the service of group calls, as `callService`. */
  groupCallService(): Promise<GroupCallService> {
    this.#groupCalls ??= this.#startGroupCalls().catch((error) => {
      // Its code could not be fetched: whoever asks next tries again.
      this.#groupCalls = undefined;
      throw error;
    });
    return this.#groupCalls;
  }

  /**
   * Who asks to be let into the call that this device is in, by a call link of ours; the longest first.
   * Whoever subscribes to that call is told when it changes.
   */
  waitingGuests(): readonly AtDoor[] {
    return this.#presentGroupCalls?.live?.waiting ?? NOBODY;
  }

  async #startGroupCalls(): Promise<GroupCallService> {
    const [calls, { GroupCallService }, means] = await Promise.all([
      this.callService(),
      import("./group_calls.ts"),
      this.#groupMedia ? { makeMedia: this.#groupMedia } : this.#loadGroupMeans(),
    ]);
    const isBusy = () => calls.isLive;
    const recording = this.#recordingMeans();
    const groupCalls = new GroupCallService(this.session, { ...means, isBusy, recording });
    calls.elsewhere = () => groupCalls.isInCall;
    groupCalls.start();
    this.#presentGroupCalls = groupCalls;
    this.snapshots.tell("calls");
    return groupCalls;
  }

  /** What calls are given for recordings: shares of their keys lie at our server, all else here. */
  #recordingMeans(): RecordingMeans {
    return { ...this.session.recording, ...this.#recording };
  }

  async #loadGroupMeans(): Promise<Pick<GroupCallOptions, "makeMedia" | "dial">> {
    const [{ makeGroupMedia }, { dialInThread }] = await Promise.all([
      import("../media/group_media.ts"),
      import("./transport/room_thread.ts"),
    ]);
    const allowLoopback = this.#allowLoopback;
    const makeMedia: GroupMediaFactory = (parts) => makeGroupMedia(parts, { allowLoopback });
    return { makeMedia, dial: dialInThread };
  }

  /**
   * Fetch TURN credentials as a call does, to see whether there is a relay.
   *
   * @throws UnavailableError NO_RELAY, UNAVAILABLE, QUOTA.
   */
  async relay(): Promise<TurnServer> {
    return await this.session.turn(await this.session.ownTurnAddress());
  }

  /** Leave what is under way with a contact. */
  protected async leaveCallWith({ account }: Readonly<{ account: AccountId }>): Promise<void> {
    await this.#present?.leave(account);
  }

  /** End whatever call there is. */
  protected async endCalls(): Promise<void> {
    const services = [this.#calls, this.#groupCalls];
    const started = await Promise.all(services.map((one) => one?.catch(() => undefined)));
    await Promise.all(started.map((one) => one?.close()));
  }
}
