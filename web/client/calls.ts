/**
 * All calls of one device: the service behind `Call` and `IncomingCall` (`call_objects.ts`).
 *
 * It runs the board (`core/call_board.ts`) on what arrives, and hands effects to one shell per call
 * (`call_shell.ts`, found in `call_table.ts`). It sits on the session through `CallSeam` alone. The
 * board is replaced at once by each event; what must be opened or checked before it is an event waits
 * its turn in its call's shell, in the order in which it arrived.
 *
 * Not for: recording without everybody's yes. There is none in the client, on purpose.
 */

import { type Bytes, equal } from "../core/bytes.ts";
import {
  type BoardEffect,
  type BoardEvent,
  type BoardStep,
  boardStep,
  busyStep,
  emptyBoard,
} from "../core/call_board.ts";
import { EndReason, type Media } from "../core/call_effects.ts";
import type { Event } from "../core/call_events.ts";
import { Trace } from "../core/call_types.ts";
import type { CallAccept, CallInvite } from "../core/content_inner.ts";
import { Code, UsageError, VisavisError } from "../core/errors.ts";
import { type AccountId, CallId, random } from "../core/ids.ts";
import { assertNever } from "../core/never.ts";
import { callOf, checkKeyPackage } from "./call_group.ts";
import { closeEnds } from "./call_media.ts";
import { countArrival, counted } from "./call_meter.ts";
import type { Call, MissedCall, Service } from "./call_objects.ts";
import { CallQueue } from "./call_queue.ts";
import type { CallShell } from "./call_shell.ts";
import { CallTable } from "./call_table.ts";
import type { CallOptions, CallServiceOptions, Expected } from "./call_terms.ts";
import { allowedPath, CLOCKS_DIFFER_S, confine, goodbye, ringsNobody } from "./call_terms.ts";
import { IncomingCall } from "./incoming_call.ts";
import type { CallSeam, InnerReceived, OuterReceived, SelfReceived } from "./seam.ts";

export { Call, type MissedCall, type Security, SUITE_NAME } from "./call_objects.ts";
export type { CallOptions, CallServiceOptions, Expected } from "./call_terms.ts";
export { IncomingCall } from "./incoming_call.ts";

/** All calls of this device. */
export class CallService implements Service {
  /** Says whether this device is in a group call: then nothing rings, and what came was missed. */
  elsewhere: () => boolean = () => false;
  /** How many messages were dropped, by code: for the doctor and tests. */
  readonly dropped = new Map<Code, number>();
  readonly #seam: CallSeam;
  readonly #table: CallTable;
  readonly #incoming = new CallQueue<IncomingCall>();
  readonly #missed = new CallQueue<MissedCall>();
  #board;

  /** @param seam The session. */
  constructor(seam: CallSeam, options: CallServiceOptions) {
    this.#seam = seam;
    const happened = (call: CallId, event: Event) =>
      this.#feed({ kind: "happened", call, contact: null, event });
    this.#table = new CallTable(this, seam, options, happened);
    this.#board = emptyBoard(seam.device);
  }

  /** Begin to listen. */
  async start(): Promise<void> {
    const find = (call: CallId) => this.#table.find(call);
    this.#seam.onInner((inner) => counted(inner, find, () => this.#onInner(inner)));
    this.#seam.onUnknownGroup((received) => this.#onGroup(received));
    this.#seam.onSelf((received) => this.#onSelf(received));
    this.#seam.onConnection((connected) => this.#onConnection(connected));
    this.#seam.onContact((contact) => this.#onContact(contact));
  }

  /**
   * Hang up what is live and wait until its keys are gone.
   *
   * A call that only rings is left alone: closing the program is ignoring the call.
   */
  async close(): Promise<void> {
    this.expectCall(undefined);
    const shell = this.#liveShell();
    if (shell === undefined || shell.state.kind === "ringing") return;
    this.happenedHere(shell, { kind: "hangUpRequested" });
    await goodbye(shell);
  }

  /** End what is under way with a contact, before it is blocked; a ring they never hear of. */
  async leave(contact: AccountId): Promise<void> {
    const shell = this.#liveShell();
    if (shell === undefined || !equal(shell.contact, contact)) return;
    const isRinging = shell.state.kind === "ringing";
    this.happenedHere(shell, { kind: isRinging ? "declineRequested" : "hangUpRequested" });
    await goodbye(shell);
  }

  /** Whether there is a call, or one that rings. */
  get isLive(): boolean {
    return this.#board.live !== null;
  }

  monotonic(): number {
    return this.#seam.monotonic();
  }

  /**
   * A person is about to call: make ready for it, and send nothing. Undefined: they are not any more.
   *
   * What is called for after all may be something else.
   */
  expectCall(wanted: Expected | undefined): void {
    this.#table.expect(wanted);
  }

  /**
   * Call a contact; returns at once, ringing.
   *
   * If the contact is ringing here at this moment, this accepts.
   *
   * @throws AuthorizationError NOT_VERIFIED, a confidential call to somebody whose safety number was
   *   not compared. Nothing was sent.
   * @throws UsageError There is a call already.
   */
  async call(
    contact: AccountId,
    media: Media,
    { local, remote, leaveNoTrace = false, confidential = false, again, noted }: CallOptions,
  ): Promise<Call> {
    const call = random(CallId, this.#seam.rng);
    // A call that goes on, and nobody takes up, was not missed.
    const tells = again === undefined && this.#seam.tellsMissed();
    const trace = tells && !(leaveNoTrace || confidential) ? Trace.KEEP : Trace.LEAVE_NONE;
    const now = this.#seam.monotonic();
    let result: BoardStep;
    try {
      // Throws before anything was made.
      if (this.elsewhere()) throw new UsageError("this device is in a group call");
      if (confidential) confine(this.#seam, contact, local);
      const wanted: BoardEvent = { kind: "callWanted", now, contact, call, media, trace };
      result = boardStep(this.#board, wanted);
    } catch (error) {
      closeEnds({ local, remote });
      throw error;
    }
    const [first] = result.effects;
    const shell =
      first?.kind === "exchange"
        ? this.#table.shellOf(first.standing)
        : this.#table.place(contact, call, noted ?? again ?? null);
    shell.wanted = media;
    shell.again = again ?? null;
    shell.transport.lend({ local, remote });
    this.#table.faceOf(shell.call).traceless ||= leaveNoTrace;
    if (confidential) this.#table.confide(shell); // before the invite says so
    this.#apply(result);
    return this.#table.faceOf(shell.call);
  }

  /** Yield each call that rings here, those that came before too; each is given out once. */
  incoming(signal?: AbortSignal): AsyncGenerator<IncomingCall, void, undefined> {
    return this.#incoming.read(signal);
  }

  /** Yield each call that could not ring here or rang while we were away; each once. */
  missed(signal?: AbortSignal): AsyncGenerator<MissedCall, void, undefined> {
    return this.#missed.read(signal);
  }

  happenedHere(shell: CallShell, event: Event): void {
    this.#feed({ kind: "happened", call: shell.call, contact: null, event });
  }

  // From the session.

  async #onInner(received: InnerReceived): Promise<void> {
    if (received.own) return; // A sibling's words to the contact are none of ours.
    const { content, contact, device } = received;
    switch (content.kind) {
      case "call.invite":
        return await this.#inTurn(content.call, () => this.#onInvite(received, content));
      case "call.accept":
        return await this.#inTurn(content.call, () => this.#onAccept(received, content));
      case "call.ringing":
        // CK-383: a stored one would say so of a telephone that rang once.
        if (!received.live) return this.#drop(Code.REFUSED);
        return await this.#inTurn(content.call, (call) =>
          this.#fromPeer(contact, call, { kind: "ringingReceived" }),
        );
      case "call.taken": {
        const event = { kind: "takenReceived", sender: device, device: content.device } as const;
        return await this.#inTurn(content.call, (call) => this.#fromPeer(contact, call, event));
      }
      case "call.cancel": {
        const event = { kind: "cancelReceived", sender: device } as const;
        return await this.#inTurn(content.call, (call) => this.#fromPeer(contact, call, event));
      }
      case "call.missed": {
        const { call, media } = content;
        const missed: BoardEvent = { kind: "missedArrived", contact, device, call, media };
        return await this.#inTurn(call, () => this.#feed(missed));
      }
      case "message.text":
      case "message.file":
      case "calls.forget":
      case "contact.devices":
      case "contact.name":
      case "group.invite":
      case "group.join":
      case "recording.never":
      case "recording.withdrawn":
        return; // The session's.
      default:
        return assertNever(content);
    }
  }

  #onInvite(received: InnerReceived, content: CallInvite): void {
    const { contact, device } = received;
    const { call, commit, again } = content;
    // CK-368: only what came live may ring; a stored invite would ring days later, and only a
    // contact that we let may ring at all. "Live" is the server's word; when it rang, the caller
    // says under MLS.
    const isHeldBack = Math.abs(this.#seam.now() - content.at) > CLOCKS_DIFFER_S;
    const called = ringsNobody(this.#board, contact, again);
    // CK-370: what the person's rules let ring, or nothing; and nothing is sent either way.
    const media = this.#seam.mayRing(contact, content.media, { called });
    if (!received.live || isHeldBack || media === undefined) {
      this.#drop(Code.REFUSED);
      return;
    }
    const now = this.#seam.monotonic();
    const maySee = this.#seam.granted(contact).sees;
    const facts = { now, contact, device, call, media, commitment: commit, again, maySee };
    const arrived = { kind: "inviteArrived", ...facts } as const;
    const isBusy = this.elsewhere();
    const result = isBusy ? busyStep(this.#board, arrived) : boardStep(this.#board, arrived);
    const { live } = result.board;
    if (live !== null && equal(live.call, call) && this.#table.find(call) === undefined) {
      const shell = this.#table.make(contact, call, { outgoing: false, again });
      shell.secrets.invite = content;
      shell.secrets.inviter = device;
      if (content.confidential) this.#table.confide(shell);
    }
    const isNoted = (effect: BoardEffect) => effect.kind !== "noteMissed" || !content.confidential;
    this.#apply({ board: result.board, effects: result.effects.filter(isNoted) });
  }

  async #onAccept({ contact, device }: InnerReceived, content: CallAccept): Promise<void> {
    const { call, keyPackage, media } = content;
    const shell = this.#table.find(call);
    const isOurs = shell !== undefined && shell.secrets.inviter === undefined;
    if (!isOurs || !equal(shell.contact, contact)) {
      this.#drop(Code.UNEXPECTED);
      return;
    }
    // CK-362: a device speaks for itself only.
    if (!equal(content.device, device)) {
      shell.note(Code.BAD_CREDENTIAL);
      return;
    }
    try {
      const { validator } = await this.#seam.keyMaterial();
      const rules = { now: this.#seam.now(), validator };
      await checkKeyPackage(keyPackage, { account: contact, device }, rules);
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      shell.note(error.code); // CK-365: dropped; a good one may still come.
      return;
    }
    shell.secrets.keepAccept(content);
    const now = this.#seam.monotonic();
    this.#fromPeer(contact, call, { kind: "acceptReceived", now, device, media });
  }

  async #onGroup({ contact, content, envelope }: OuterReceived): Promise<void> {
    try {
      if (content.kind === "welcome.call") {
        countArrival(this.#liveShell(), contact, envelope);
        await this.#onWelcome(contact, content.message);
      } else if (content.kind === "mls") {
        const call = callOf(content.message);
        const shell = call && this.#table.find(call);
        countArrival(shell, contact, envelope);
        // CK-361: who learned the id of somebody else's call has no say in it.
        if (shell === undefined || !equal(shell.contact, contact)) this.#drop(Code.WRONG_GROUP);
        else await shell.arrive(() => shell.receive(content.message));
      }
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      this.#drop(error.code);
    }
  }

  async #onWelcome(contact: AccountId, welcome: Bytes): Promise<void> {
    const shell = this.#liveShell();
    if (shell === undefined || !equal(shell.contact, contact)) {
      this.#drop(Code.UNEXPECTED);
      return;
    }
    await shell.arrive(async () => {
      try {
        if (!(await shell.secrets.join(welcome))) {
          this.#drop(Code.UNEXPECTED);
          return;
        }
      } catch (error) {
        if (!(error instanceof VisavisError)) throw error;
        shell.note(error.code); // CK-365: the deadline judges, not whoever sends rubbish.
        return;
      }
      const now = this.#seam.monotonic();
      this.#fromPeer(contact, shell.call, { kind: "welcomeReceived", now });
    });
  }

  async #onSelf({ content, envelope }: SelfReceived): Promise<void> {
    if (content.kind !== "self.call_handled") return;
    countArrival(this.#table.find(content.call), undefined, envelope);
    const event = { kind: "siblingHandled", how: content.how } as const;
    await this.#inTurn(content.call, (call) =>
      this.#feed({ kind: "happened", call, contact: null, event }),
    );
  }

  #onConnection(connected: boolean): void {
    const { live } = this.#board;
    if (!connected || live === null) return;
    this.#liveShell()?.transport.prepareAnew();
    const event: Event = { kind: "networkRestored", now: this.#seam.monotonic() };
    this.#feed({ kind: "happened", call: live.call, contact: null, event });
  }

  #onContact(contact: AccountId): void {
    const shell = this.#liveShell();
    if (shell === undefined || !equal(shell.contact, contact)) return;
    // CK-385: whoever it is now, the person has not agreed to talk with them.
    if (this.#seam.isChanged(contact)) this.happenedHere(shell, { kind: "keyChanged" });
    else this.#followRules();
  }

  /** Have it said which path the person allows for a connected call, if that is news (CK-384). */
  #followRules(): void {
    const shell = this.#liveShell();
    const state = this.#board.live?.state;
    if (shell === undefined || (state?.kind !== "inCall" && state?.kind !== "reconnecting")) return;
    const path = allowedPath(this.#seam, shell.contact, this.#table.faceOf(shell.call));
    if (path === state.paths.ours) return;
    this.happenedHere(shell, { kind: "pathDecided", now: this.#seam.monotonic(), path });
  }

  /** Do what an arrival calls for after all that arrived for its call before it. */
  async #inTurn(call: CallId, work: (call: CallId) => void | Promise<void>): Promise<void> {
    const shell = this.#table.find(call);
    await (shell === undefined ? work(call) : shell.arrive(() => work(call)));
  }

  #drop(code: Code): void {
    this.dropped.set(code, (this.dropped.get(code) ?? 0) + 1);
  }

  // The board.

  #fromPeer(contact: AccountId, call: CallId, event: Event): void {
    this.#feed({ kind: "happened", call, contact, event });
  }

  #feed(event: BoardEvent): void {
    this.#apply(boardStep(this.#board, event));
  }

  #apply({ board, effects }: BoardStep): void {
    const before = this.#board.live;
    this.#board = board;
    for (const effect of effects) this.#carryOut(effect);
    const { live } = board;
    if (live !== null) this.#table.show(live.call, live.state);
    if (before !== null && (live === null || !equal(live.call, before.call))) {
      this.#table.show(before.call, {
        kind: "ended",
        call: before.call,
        reason: EndReason.HUNG_UP,
      });
    }
    this.#followRules();
  }

  #carryOut(effect: BoardEffect): void {
    switch (effect.kind) {
      case "act": {
        const shell = this.#table.shellOf(effect.call);
        const act = effect.effect;
        if (act.kind !== "startRinging") {
          shell.carryOut(act);
          return;
        }
        const face = this.#table.faceOf(effect.call);
        shell.prepareAccept();
        this.#incoming.push(new IncomingCall(this, face, shell, act.media));
        return;
      }
      case "noteMissed":
        this.#table.noteMissed(effect);
        this.#missed.push({ ...effect, contactName: this.#seam.contactName(effect.contact) });
        return;
      case "exchange":
        this.#table.exchange(effect);
        return;
      case "drop":
        this.#drop(effect.code);
        return;
      default:
        assertNever(effect);
    }
  }

  #liveShell(): CallShell | undefined {
    const { live } = this.#board;
    return live === null ? undefined : this.#table.find(live.call);
  }
}
