/**
 * A guest's way into a call: asking in the lobby, waiting, being added (P15).
 *
 *     ask -> nobody is here yet | waiting ... -> pass -> come -> Welcome -> our membership
 *
 * All keys are made for this visit and are nowhere but in memory. What the host's device says is
 * believed only if it comes from the account that the link names (`guest_admission.ts`). Not for: the
 * call itself (`guest.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import type { CallLink } from "../core/call_link.ts";
import { encode } from "../core/cbor.ts";
import {
  decodeToGuest,
  encodeToHost,
  GUEST_NAME,
  LobbyEnd,
  type ToGuest,
  type ToHost,
} from "../core/content_lobby.ts";
import { Code, PeerError, UnavailableError, UsageError, VisavisError } from "../core/errors.ts";
import { SignatureKey } from "../core/ids.ts";
import { guestSeal, type LobbySeal, lobbyRoom, WORK_BITS } from "../core/lobby.ts";
import {
  generateSignatureKey,
  type KeyPackageBundle,
  newKeyPackage,
  SUITE_ID,
  signaturePublicKey,
} from "../core/mls/index.ts";
import type { Means } from "./books.ts";
import { CallDoor } from "./call_door.ts";
import { LIFETIME_S } from "./call_group.ts";
import { OwnConsent } from "./consent_key.ts";
import type { GroupCallKeys } from "./group_call_keys.ts";
import { type Admission, checkPass, joinCall } from "./guest_admission.ts";
import { sleep } from "./lock.ts";
import { solveInSlices } from "./transport/work.ts";

/**
 * Seconds between two looks whether somebody is there, at first. Lower: a guest is seen sooner; higher:
 * the server hears less of guests who came too early.
 */
export const NOBODY_S = 5;

/**
 * And at most. A knock at a door where nobody is counts as a failure of its address, of which it has
 * sixty a minute with all who share it: higher, and more may wait there; lower, and they are seen sooner.
 */
export const NOBODY_MOST_S = 20;

/**
 * Seconds between two words of who waits: the server lets nobody stand at a door for 60 without.
 */
export const WAIT_S = 20;

export const COME_S = 3;

/** How often a guest that was let in asks to be added before it asks for another pass. */
export const COME_TRIES = 7;

/** Knocks on one connection: the server takes 40 (CK-827). */
export const KNOCKS = 30;

/** How far a visit has come. */
export const GuestState = {
  /** Nobody is here yet: no device of the host is in the call, or the link is over. */
  NOBODY: "nobody",
  /** The host has been asked. */
  WAITING: "waiting",
  /** The host has said yes. */
  COMING: "coming",
  INSIDE: "inside",
  OVER: "over",
} as const;
export type GuestState = (typeof GuestState)[keyof typeof GuestState];

/** The host does not let this guest in; `why` says more. */
export class TurnedAwayError extends VisavisError {
  readonly why: LobbyEnd;

  constructor(why: LobbyEnd) {
    super(Code.REFUSED, "the host lets this guest in no more");
    this.why = why;
  }
}

/** A call that a guest is in. */
export type Entered = Readonly<{ admission: Admission; keys: GroupCallKeys }>;

type Answer = ToGuest | Readonly<{ kind: "notPassedOn" }>;

/** One guest at one lobby, from the first knock to the last. */
export class GuestEntry {
  /** With which our leaf signs. */
  readonly key: SignatureKey;
  readonly name: string;
  /** Told how far we have come. */
  onState: (state: GuestState) => void = () => undefined;
  readonly #link: CallLink;
  readonly #means: Required<Means>;
  readonly #signaturePrivate: Bytes;
  readonly #seal: LobbySeal;
  readonly #never: () => boolean;
  #pause = NOBODY_S;
  #work: Bytes | undefined;

  private constructor(
    link: CallLink,
    name: string,
    means: Required<Means>,
    keys: Readonly<{
      key: SignatureKey;
      signaturePrivate: Bytes;
      seal: LobbySeal;
      never: () => boolean;
    }>,
  ) {
    this.#link = link;
    this.name = name;
    this.#means = means;
    this.key = keys.key;
    this.#signaturePrivate = keys.signaturePrivate;
    this.#seal = keys.seal;
    this.#never = keys.never;
  }

  /**
   * Make the keys of a visit.
   *
   * @param link The link.
   * @param name What the guest wants to be called.
   * @param never Returns whether they are never to be recorded.
   * @throws UsageError The name is empty, too long (64 bytes), or no line of text.
   * @throws PeerError The link's key is none (CK-902).
   */
  static async make(
    link: CallLink,
    name: string,
    means: Required<Means>,
    never: () => boolean = () => false,
  ): Promise<GuestEntry> {
    const called = checkedName(name);
    const signaturePrivate = generateSignatureKey(SUITE_ID, means.rng);
    const key = new SignatureKey(await signaturePublicKey(SUITE_ID, signaturePrivate));
    const seal = await guestSeal(link.secret, link.lobby, means.rng(32));
    return new GuestEntry(link, called, means, { key, signaturePrivate, seal, never });
  }

  /**
   * Ask until we are let in and added.
   *
   * @throws TurnedAwayError We are not let in, or no more.
   * @throws PeerError Who answers is not whom the link names (CK-905).
   * @throws The signal's reason.
   */
  async enter(signal: AbortSignal): Promise<Entered> {
    this.#work ??= await solveInSlices(this.#seal.work, WORK_BITS, signal);
    for (;;) {
      const door = new CallDoor(this.#link.origin, lobbyRoom(this.#link.secret));
      try {
        const admission = await this.#admitted(door, this.#work, signal);
        const keys = admission && (await this.#added(door, admission, signal));
        if (admission !== undefined && keys !== undefined) return { admission, keys };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof UnavailableError)) throw error;
        await this.#nobody(signal);
      } finally {
        door.close();
      }
    }
  }

  /**
   * Ask what members are called now, by their accounts in hex, once we were let in; nothing if nobody
   * answers.
   *
   * @throws The signal's reason.
   */
  async names(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const { key, name } = this;
    const door = new CallDoor(this.#link.origin, lobbyRoom(this.#link.secret));
    try {
      if (this.#work === undefined) throw new UsageError("nobody has let us in");
      await this.#say(door, { kind: "lobby.ask", key, name, work: this.#work }, signal);
      for await (const answer of this.#answers(door, NOBODY_S, signal)) {
        if (answer.kind === "lobby.pass") {
          return (await checkPass(this.#link, this, answer)).names;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UnavailableError || error instanceof PeerError)) throw error;
    } finally {
      door.close();
    }
    return new Map();
  }

  /** Nobody is here: wait, each time a little longer. */
  async #nobody(signal: AbortSignal): Promise<void> {
    this.onState(GuestState.NOBODY);
    await sleep(this.#pause, signal);
    this.#pause = Math.min(this.#pause * 1.5, NOBODY_MOST_S);
  }

  /** Ask until the host has said yes; undefined: on another connection. */
  async #admitted(
    door: CallDoor,
    work: Bytes,
    signal: AbortSignal,
  ): Promise<Admission | undefined> {
    const { key, name } = this;
    for (let knocks = 0; knocks < KNOCKS; knocks++) {
      await this.#say(door, { kind: "lobby.ask", key, name, work }, signal);
      let isHere = true;
      for await (const answer of this.#answers(door, WAIT_S, signal)) {
        if (answer.kind === "lobby.waiting") {
          this.#pause = NOBODY_S;
          this.onState(GuestState.WAITING);
        }
        if (answer.kind === "lobby.pass") {
          this.onState(GuestState.COMING);
          return await checkPass(this.#link, this, answer);
        }
        isHere = !isLater(answer);
        if (!isHere) break;
        if (answer.kind === "lobby.ended") throw new TurnedAwayError(answer.why);
      }
      if (!isHere) {
        await this.#nobody(signal);
      }
    }
    return undefined;
  }

  /** Have us added to the call's group; undefined: it came to nothing, ask again. */
  async #added(
    door: CallDoor,
    admission: Admission,
    signal: AbortSignal,
  ): Promise<GroupCallKeys | undefined> {
    const consent = await OwnConsent.make({ never: this.#never() }, this.#means.rng);
    const bundle = await this.#newKeyPackage(admission, consent);
    try {
      for (let tries = 0; tries < COME_TRIES; tries++) {
        const { keyPackage } = bundle;
        await this.#say(door, { kind: "lobby.come", keyPackage }, signal);
        for await (const answer of this.#answers(door, COME_S, signal)) {
          if (answer.kind === "lobby.ended") throw new TurnedAwayError(answer.why);
          if (answer.kind === "notPassedOn") return undefined;
          if (answer.kind !== "lobby.welcome") continue;
          const keys = await this.#joined(answer.welcome, { bundle, consent }, admission);
          if (keys !== undefined) return keys;
        }
      }
      return undefined;
    } finally {
      bundle.wipe(); // A Welcome is taken once.
    }
  }

  /** Return our membership; undefined if the Welcome is not good: a good one may still come. */
  async #joined(
    welcome: Bytes,
    { bundle, consent }: Readonly<{ bundle: KeyPackageBundle; consent: OwnConsent }>,
    admission: Admission,
  ): Promise<GroupCallKeys | undefined> {
    const { now, rng } = this.#means;
    const around = { consent, now: now(), rng };
    try {
      return await joinCall(this.#link, admission, welcome, bundle, around);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return undefined;
    }
  }

  #newKeyPackage({ identity }: Admission, consent: OwnConsent): Promise<KeyPackageBundle> {
    const now = this.#means.now();
    return newKeyPackage({
      identity,
      signaturePrivate: this.#signaturePrivate,
      notBefore: now - LIFETIME_S,
      notAfter: now + LIFETIME_S,
      rng: this.#means.rng,
      leafExtensions: [consent.extension()],
    });
  }

  async #say(door: CallDoor, said: ToHost, signal: AbortSignal): Promise<void> {
    await door.knock(await this.#seal.knock(encodeToHost(said), this.#means.rng), signal);
  }

  /** Yield what comes within so many seconds; what is not for us is dropped (CK-903). */
  async *#answers(
    door: CallDoor,
    seconds: number,
    signal: AbortSignal,
  ): AsyncGenerator<Answer, void, undefined> {
    const { monotonic } = this.#means;
    const until = monotonic() + seconds;
    for (let left = seconds; left > 0; left = until - monotonic()) {
      const came = await door.within(left, signal);
      signal.throwIfAborted();
      if (came === undefined) continue;
      if (came.kind === "refusal") {
        yield { kind: "notPassedOn" };
        continue;
      }
      const said = await this.#opened(came.body);
      if (said !== undefined) yield said;
    }
  }

  async #opened(body: Bytes): Promise<ToGuest | undefined> {
    try {
      return decodeToGuest(await this.#seal.openAnswer(body));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      return undefined;
    }
  }
}

/** Whether an answer means to try again later. */
function isLater(answer: Answer): boolean {
  if (answer.kind === "lobby.ended") return answer.why === LobbyEnd.FULL;
  return answer.kind === "notPassedOn";
}

/**
 * Return a guest's name as it goes out: NFC, without white space around it.
 *
 * @throws UsageError It is not one line of 1 to 64 bytes.
 */
export function checkedName(name: string): string {
  try {
    const called = name.normalize("NFC").trim();
    encode(called); // No half of a surrogate pair.
    return GUEST_NAME.decode(called);
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
    throw new UsageError("a guest's name is one line of 1 to 64 bytes");
  }
}
