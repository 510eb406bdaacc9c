/**
 * Coming into a group call that goes on: knocking at its room's door until a member lets us in.
 *
 *     key package -> knock -> a member's commit -> Welcome -> our membership (`GroupCallKeys`)
 *
 * When to knock again and when to give up the machine says (`core/group_call.ts`, `asking`).
 */

import type { Bytes, Rng } from "../core/bytes.ts";
import { Refusal } from "../core/content_room_fields.ts";
import { Code, PeerError, UnavailableError } from "../core/errors.ts";
import { step } from "../core/group_call.ts";
import type { Event, State } from "../core/group_call_types.ts";
import type { CallId, DoorKey, RoomId } from "../core/ids.ts";
import type { KeyPackageBundle } from "../core/mls/index.ts";
import { openKnock, openWelcome, sealKnock, sealWelcome } from "../core/room_door.ts";
import { CallDoor } from "./call_door.ts";
import { GroupCallKeys, type GroupSurroundings, joinerOf } from "./group_call_keys.ts";
import type { Door } from "./group_call_seam.ts";
import { sleep } from "./lock.ts";

/**
 * Seconds for which we knock. Members answer within one; higher waits for members who are all looking
 * for the server themselves.
 */
export const ENTER_S = 20;

/**
 * How often we hear that there is no such room until we believe it: whoever is in the call makes it
 * anew after the server was.
 */
export const GONE_TRIES = 3;

/** Seconds between two of these. */
export const GONE_PAUSE_S = 0.7;

/** What the server says where there is no such room, or nobody in it; all else passes. */
const GONE: ReadonlySet<Refusal> = new Set([Refusal.REFUSED, Refusal.UNAVAILABLE]);

/** There is no such call any more, as the server says: no room, or nobody in it. */
export class CallGoneError extends UnavailableError {}

/** Reads knocks at the door of a room that we are in, and seals answers. */
export class Doorkeeper implements Door {
  readonly #room: RoomId;
  readonly #key: DoorKey;
  readonly #rng: Rng;

  /**
   * @param room The room.
   * @param key Its door key.
   */
  constructor(room: RoomId, key: DoorKey, rng: Rng) {
    this.#room = room;
    this.#key = key;
    this.#rng = rng;
  }

  /** Throws DECRYPTION (CK-850). */
  keyPackage(knock: Bytes): Promise<Bytes> {
    return openKnock(this.#key, this.#room, knock);
  }

  answer(keyPackage: Bytes, welcome: Bytes): Promise<Bytes> {
    return sealWelcome(this.#key, this.#room, keyPackage, welcome, this.#rng);
  }
}

/** What coming in takes. Never printed. */
export type Entering = Omit<GroupSurroundings, "now"> &
  Readonly<{
    /** The server. */
    origin: string;
    call: CallId;
    /** The call's room. */
    room: RoomId;
    /** The room's door key. */
    door: DoorKey;
    /** Returns unix seconds. */
    unix: () => number;
    /** Returns seconds that never go backwards. */
    monotonic: () => number;
  }>;

/**
 * Knock until we are let in.
 *
 * @param bundle A fresh key package with `around.consent`; used for nothing else.
 * @throws CallGoneError NO_ANSWER, there is no such call any more.
 * @throws UnavailableError NO_ANSWER, nobody let us in: it may go on all the same.
 * @throws The signal's reason.
 */
export async function enterGroupCall(
  around: Entering,
  bundle: KeyPackageBundle,
  signal: AbortSignal = new AbortController().signal,
): Promise<GroupCallKeys> {
  const { origin, room, monotonic } = around;
  const body = await sealKnock(around.door, room, bundle.keyPackage, around.rng);
  const door = new CallDoor(origin, room);
  const now = monotonic();
  const joiner = joinerOf(bundle.keyPackage);
  let event: Event = { kind: "joinRequested", now, joiner, expiresAt: now + ENTER_S };
  let state: State = { kind: "idle" };
  let due: number | null = null;
  try {
    for (let gone = 0; ; ) {
      const next = step(state, event);
      state = next.state;
      for (const effect of next.effects) {
        if (effect.kind === "askToJoin") await knockOnce(door, body, signal);
        if (effect.kind === "setDeadline") due = effect.at;
      }
      if (state.kind === "outside") {
        throw new UnavailableError(Code.NO_ANSWER, "nobody lets us into the call");
      }
      const heard = await door.within((due ?? monotonic()) - monotonic(), signal);
      if (heard?.kind === "answer") {
        const joined = await join(around, heard.body, bundle);
        if (joined !== undefined) return joined;
      } else if (heard?.kind === "refusal") {
        if (GONE.has(heard.code)) gone += 1;
        if (gone > GONE_TRIES) {
          throw new CallGoneError(Code.NO_ANSWER, "there is no such call any more");
        }
        await sleep(GONE_PAUSE_S, signal);
        event = { kind: "roomEntered", now: monotonic() };
        continue;
      }
      event = { kind: "deadlineReached", now: monotonic() };
    }
  } finally {
    door.close();
  }
}

async function knockOnce(door: CallDoor, body: Bytes, signal: AbortSignal): Promise<void> {
  try {
    await door.knock(body, signal);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error; // It is asked again.
  }
}

/** Return our membership; undefined if the answer is not good: a good one may still come. */
async function join(
  around: Entering,
  answer: Bytes,
  bundle: KeyPackageBundle,
): Promise<GroupCallKeys | undefined> {
  const { consent, door, room, call, keys, mayBeIn, rng, unix } = around;
  try {
    const welcome = await openWelcome(door, room, bundle.keyPackage, answer);
    const ours = { consent, keys, mayBeIn, rng, now: unix() };
    return await GroupCallKeys.join(welcome, bundle, call, ours);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return undefined;
  }
}
