/**
 * One call's resources, and the hands that carry out what the call machine asks for.
 *
 * Two lines, because a network may take seconds and cryptography takes milliseconds:
 *
 *     effects   one after another, each to its end: an envelope never overtakes the one before it
 *     turns     what arrives, and every use of the call's secrets, in the order in which it came:
 *               a message that arrives while a Welcome is being processed waits for that
 *
 * An effect takes a turn for its cryptography and gives it back before it sends; nothing that has a
 * turn ever waits for the network or for an effect. So what arrives is never held up by a slow
 * server, and neither line waits for the other in a circle. What takes seconds beside them
 * (TURN, gathering) comes back as an event (`call_transport.ts`). The machine's state is replaced
 * at once by the service, so an event always meets the newest one.
 *
 * A send that fails is a lost message: the machine's deadlines and repeats are there for that.
 * What the call says first is made in `call_first_word.ts`; its secrets are in `call_secrets.ts`.
 * Nothing here is written to disk, and at the end everything is erased.
 */

import type { Bytes } from "../core/bytes.ts";
import { type Effect, EndReason, Media } from "../core/call_effects.ts";
import type { Event } from "../core/call_events.ts";
import type { State } from "../core/call_types.ts";
import type { InCall } from "../core/content_call.ts";
import {
  AuthorizationError,
  Code,
  PeerError,
  UnavailableError,
  VisavisError,
} from "../core/errors.ts";
import type { AccountId, CallId } from "../core/ids.ts";
import type { Meter } from "../core/meter.ts";
import { assertNever } from "../core/never.ts";
import type { MediaFactory, MediaStats, TextEnd } from "../media/interfaces.ts";
import { CallConsents, isSaid } from "./call_consents.ts";
import type { Face } from "./call_face.ts";
import { FirstWord } from "./call_first_word.ts";
import { eventOf, type Rekeyed } from "./call_group.ts";
import { CallSecrets } from "./call_secrets.ts";
import { ANSWERED, CallSending, HANDED, type How } from "./call_sending.ts";
import { answerOf } from "./call_steps.ts";
import { CallTransport } from "./call_transport.ts";
import { Lock, Signal } from "./lock.ts";
import { isNever, type RecordingMeans } from "./recording_means.ts";
import type { CallSeam } from "./seam.ts";

/** Ends that a breach before them may explain. */
const FAILURES: ReadonlySet<EndReason> = new Set([
  EndReason.NO_ANSWER,
  EndReason.NO_WELCOME,
  EndReason.NOT_CONNECTED,
  EndReason.LOST,
  EndReason.WITHDRAWN,
]);

/** Carries out the effects of one call on this device. */
export class CallShell {
  readonly contact: AccountId;
  readonly call: CallId;
  readonly over = new Signal();
  readonly feed: (event: Event) => void;
  readonly secrets: CallSecrets;
  readonly transport: CallTransport;
  face: Face;
  /** The text of whoever is the face of the call; another one after a glare. */
  readonly textEnd: TextEnd = {
    nextTextBlock: () => this.face.text.nextBlock(),
    takeTextBlock: (block) => void this.face.text.receive(block),
  };
  state: State = { kind: "idle" };
  /** On the caller's side: what the person wants. */
  wanted: Media = Media.VOICE;
  /** Likewise: the call that this one goes on with, after a reload. */
  again: CallId | null = null;
  /** The first breach, to explain a failure with. */
  refusal: Code | undefined;
  readonly #seam: CallSeam;
  readonly #sending: CallSending;
  readonly #first: FirstWord;
  readonly #consents: CallConsents;
  readonly #turns = new Lock();
  #effects: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** No frame passes any more: no keys are put in place, and nothing more is heard (CK-385). */
  #isStopped = false;
  #bug: Readonly<{ error: unknown }> | undefined;

  /**
   * @param seam The session.
   * @param makeMedia Makes the media connection.
   * @param feed Takes what happened to this call.
   * @param contact Whom the call is with.
   * @param call Its id.
   * @param face Who is told.
   * @param recording What it is given for recordings.
   */
  constructor(
    seam: CallSeam,
    makeMedia: MediaFactory,
    feed: (event: Event) => void,
    contact: AccountId,
    call: CallId,
    face: Face,
    recording: RecordingMeans = {},
  ) {
    this.contact = contact;
    this.call = call;
    this.face = face;
    this.feed = feed;
    this.#seam = seam;
    const onLost = (error: unknown) => this.#failed(error);
    this.#sending = new CallSending(seam, contact, call, onLost, () => this.meter);
    this.secrets = new CallSecrets(seam, contact, call, () => isNever(recording, [contact]));
    this.transport = new CallTransport(seam, makeMedia, this);
    this.#first = new FirstWord(seam, this.#sending, this.secrets, this.transport);
    this.#consents = new CallConsents(this, seam, recording);
    seam.spawn((signal) => this.#live(signal));
  }

  /** What counts for this call: the face's, which passes on in a glare. */
  get meter(): Meter {
    return this.face.counted;
  }

  // What the service gives.

  /** Put one effect in line; the one that must not wait is done at once. */
  carryOut(effect: Effect): void {
    if (effect.kind === "stopFrames") {
      this.#isStopped = true;
      if (this.transport.isStarted) void this.transport.media.keys.wipe();
    } else if (effect.kind === "sendWelcome") {
      // While what goes before it is written and sent. The effect asks again, and is told what failed.
      void this.#turns.run(() => this.secrets.makeGroup(effect.device)).catch(() => {});
    }
    this.#effects = this.#effects.then(() => this.#perform(effect));
  }

  /** It rings: make what "accept" will need. */
  prepareAccept(): void {
    this.#first.prepareAccept(this.over);
  }

  /** Do what an arrival calls for, once everything that arrived before it is done. */
  arrive(work: () => void | Promise<void>): Promise<void> {
    return this.#turns.run(work);
  }

  /** Remember the first breach that says something, to explain a failure with. */
  note(code: Code): void {
    const saysNothing = code === Code.UNEXPECTED || code === Code.REPLAYED;
    if (this.refusal === undefined && !saysNothing) this.refusal = code;
  }

  /** Take a message of the call group, in a turn; early ones wait for it to be in use. */
  async receive(message: Bytes): Promise<void> {
    let content: InCall | Rekeyed | undefined;
    if (this.#isStopped) return;
    try {
      content = await this.secrets.open(message);
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      this.note(error.code);
    }
    if (content === undefined) return;
    if (isSaid(content)) return await this.#consents.hear(content);
    if (content.kind !== "rekeyed") return this.feed(eventOf(content, this.#seam.monotonic()));
    try {
      await this.#enterEpoch();
    } catch (error) {
      if (!isUnencrypted(error)) throw error;
      this.feed({ kind: "failed", code: Code.NOT_ENCRYPTED });
    }
  }

  // The line of effects.

  /** Wait for the end; a session that closes before it leaves no camera on and no key behind. */
  async #live(signal: AbortSignal): Promise<void> {
    try {
      await this.over.wait(signal);
    } catch {
      await this.transport.stop();
      await this.#erase();
      this.#end(EndReason.FAILED, Code.UNAVAILABLE);
    }
    if (this.#bug !== undefined) throw this.#bug.error;
  }

  /** Carry out one effect; never rejects. */
  async #perform(effect: Effect): Promise<void> {
    if (this.over.isSet) return;
    try {
      await this.#do(effect);
    } catch (error) {
      this.#failed(error, effect.kind);
    }
  }

  /** @param what The effect; undefined for what an earlier one had put on its way. */
  #failed(error: unknown, what?: Effect["kind"]): void {
    if (this.over.isSet) return;
    if (isUnencrypted(error)) {
      this.feed({ kind: "failed", code: Code.NOT_ENCRYPTED });
    } else if (error instanceof UnavailableError) {
      // A lost message.
    } else if (error instanceof AuthorizationError) {
      // Refused, or their identity changed.
      if (what === "sendInvite") this.feed({ kind: "failed", code: error.code });
    } else if (error instanceof PeerError) {
      this.note(error.code);
      if (what !== "addCandidates") this.feed({ kind: "failed", code: error.code });
    } else {
      // A bug must not leave a call that hangs.
      this.#bug ??= { error };
      this.feed({ kind: "failed", code: Code.USAGE });
    }
  }

  async #do(effect: Effect): Promise<void> {
    const { transport } = this;
    const sending = this.#sending;
    switch (effect.kind) {
      case "sendInvite":
        await sending.say(await this.#first.invite(this.wanted, this.again), ANSWERED);
        this.face.onSaid();
        return transport.prepare();
      case "sendRinging":
        return await sending.say({ kind: "call.ringing", ...sending.head() }, HANDED);
      case "sendAccept":
        await sending.say(await this.#first.accept(effect.media), HANDED);
        return this.face.onSaid();
      case "sendTaken":
        return await sending.say(
          { kind: "call.taken", ...sending.head(), device: effect.device },
          HANDED,
        );
      case "sendCancel":
        return await sending.say({ kind: "call.cancel", ...sending.head() }, ANSWERED);
      case "sendMissed": {
        const media = this.secrets.invite?.media ?? Media.VOICE;
        return await sending.leave({ kind: "call.missed", ...sending.head(), media });
      }
      case "tellSiblings":
        return await sending.tellSiblings({
          kind: "self.call_handled",
          call: this.call,
          how: effect.how,
        });
      case "sendWelcome": {
        const message = await this.#turns.run(() => this.secrets.makeGroup(effect.device));
        return await sending.sendTo(effect.device, { kind: "welcome.call", message }, HANDED);
      }
      case "sendReady":
        return await this.tell({ kind: "call.ready" }, HANDED);
      case "sendReveal":
        return await this.tell({ kind: "call.reveal", nonce: this.secrets.needNonce() }, HANDED);
      case "sendCandidates":
        return await this.tell(
          { kind: "call.candidates", mid: "", candidates: effect.candidates },
          HANDED,
        );
      case "sendPath":
        return await this.tell({ kind: "call.path", path: effect.path }, HANDED);
      case "sendHangup":
        return await this.tell({ kind: "call.hangup", reason: effect.reason });
      case "applyAnswer": {
        const { accept } = this.secrets;
        if (accept === undefined) throw new TypeError("sendWelcome comes first");
        return await transport.applyAnswer(effect.media, accept.answer);
      }
      case "gatherCandidates":
        return transport.gather();
      case "addCandidates":
        return await transport.addCandidates(effect.candidates);
      case "restartIce":
        return transport.restart(effect.path);
      case "answerRestart":
        return transport.answerRestart(effect.sdp, effect.path);
      case "applyRestartAnswer":
        return await transport.acceptRestartAnswer(effect.sdp, effect.offer);
      case "installFrameKeys":
        return await this.#install();
      case "startFrames":
        return await this.#turns.run(() => {
          this.#requireFrames();
          return this.secrets.sendInEpoch(transport.media.keys);
        });
      case "showSas":
        return await this.#turns.run(() => this.face.onWords(this.secrets.words(effect.nonce)));
      case "setDeadline":
        return this.#setTimer(effect.at);
      case "stopMedia":
        return await transport.stop();
      case "eraseKeys":
        return await this.#erase();
      case "reportEnd":
        return this.#end(effect.reason, effect.code ?? undefined);
      case "reject":
        return this.note(effect.code);
      case "showRinging":
        return this.face.onRinging();
      case "stopFrames":
        return; // Done when it was put in line.
      case "startRinging":
      case "stopRinging":
        return; // The service shows and hides `IncomingCall`.
      default:
        return assertNever(effect);
    }
  }

  #end(reason: EndReason, code: Code | undefined): void {
    this.#setTimer(undefined);
    const explained = FAILURES.has(reason) ? this.refusal : undefined;
    this.face.onEnd(reason, code ?? explained);
    this.over.set();
  }

  // What it says.

  /** Say something in the call group; nothing if there is none (any more). */
  async tell(content: InCall, how: How = ANSWERED): Promise<void> {
    const { other } = this.secrets;
    const message = await this.#turns.run(() => this.secrets.encrypt(content));
    if (message !== undefined && other !== undefined) {
      await this.#sending.sendTo(other, { kind: "mls", message }, how);
    }
  }

  // The call group.

  async #install(): Promise<void> {
    await this.#turns.run(async () => {
      this.#requireFrames();
      await this.#consents.begin();
      const early = await this.secrets.install(this.transport.media.keys);
      this.#showEpoch();
      for (const message of early) await this.receive(message);
    });
  }

  #requireFrames(): void {
    if (this.#isStopped) {
      throw new UnavailableError(Code.NOT_ENCRYPTED, "CK-385: this call's frames are stopped");
    }
  }

  async #enterEpoch(): Promise<void> {
    this.#requireFrames();
    await this.#consents.moved();
    await this.secrets.enterEpoch(this.transport.media.keys);
    this.#showEpoch();
  }

  #showEpoch(): void {
    const { epoch } = this.secrets;
    if (epoch !== undefined) this.face.onEpoch(epoch);
  }

  /**
   * Make sure that there are SFrame contexts for one more transport (P10).
   *
   * @throws UnavailableError NOT_ENCRYPTED: there are none, or a new epoch could not be sent.
   */
  async prepareTransport(): Promise<void> {
    const { other } = this.secrets;
    const message = await this.#turns.run(async () => {
      const rekeying = await this.secrets.rekeyIfDue();
      if (rekeying !== undefined) await this.#enterEpoch();
      return rekeying;
    });
    if (message !== undefined && other !== undefined) {
      await this.#sending.sendTo(other, { kind: "mls", message }, ANSWERED);
    }
    this.secrets.countTransport();
  }

  /** Pass fresh figures on. */
  showStats(stats: MediaStats): void {
    this.face.onStats(stats);
  }

  /** Pass on that the first frame was decoded. */
  showFirstFrame(): void {
    this.face.onFirstFrame();
  }

  /** Erase all keys, those in the worker too, once whatever uses them has ended. */
  async #erase(): Promise<void> {
    this.face.text.forget();
    await this.#turns.run(async () => {
      await this.#consents.ended();
      await this.secrets.erase();
    });
    if (!this.transport.isStarted) return;
    await answerOf(this.transport.media.keys.wipe()); // A worker that died has no keys.
  }

  // Time.

  #setTimer(at: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (at === undefined) return;
    const waitS = Math.max(0, at - this.#seam.monotonic());
    this.#timer = setTimeout(() => {
      // A timer may ring a tick early; the machine would wait for a second bell.
      this.feed({ kind: "deadlineReached", now: Math.max(at, this.#seam.monotonic()) });
    }, waitS * 1000);
  }
}

/** Whether keys could not be put in place: then the call would not be encrypted. */
function isUnencrypted(error: unknown): boolean {
  return error instanceof UnavailableError && error.code === Code.NOT_ENCRYPTED;
}
