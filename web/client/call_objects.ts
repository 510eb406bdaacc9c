/**
 * A call as a page or a person's code sees it: `Call`, `MissedCall`; `incoming_call.ts` has the third.
 *
 * They show what happened and pass on what the person wants; `CallService` (`calls.ts`) makes them.
 * A page subscribes to a `Call` and reads its properties again each time it is told.
 *
 * Not for: recording without everybody's yes. There is none in the client, on purpose.
 */

import { EndReason, Media } from "../core/call_effects.ts";
import type { Event } from "../core/call_events.ts";
import type { State } from "../core/call_types.ts";
import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import type { AccountId, CallId } from "../core/ids.ts";
import { assertNever } from "../core/never.ts";
import type { MediaPath, MediaStats } from "../media/interfaces.ts";
import type { Face } from "./call_face.ts";
import { CallMeter } from "./call_meter.ts";
import type { CallShell } from "./call_shell.ts";
import { CallText } from "./call_text.ts";
import { Signal } from "./lock.ts";
import { CallRecording } from "./recording_objects.ts";

/** The one suite (design.md section 3), for people. */
export const SUITE_NAME = "X-Wing, AES-256-GCM, SHA-384, Ed25519";

/** The state in one word. */
export type CallState = "calling" | "ringing" | "connecting" | "in_call" | "reconnecting" | "ended";

/** What a call's security rests on, for people who look: the same object until it changes. */
export type Security = Readonly<{
  suite: string;
  /** Of the call group; undefined before there is one. */
  epoch: number | undefined;
  /** The four words to read to each other (P11); undefined before both revealed their nonces. */
  words: string | undefined;
  path: MediaPath;
  roundTripMs?: number;
}>;

/** Somebody called while we were away or in another call. */
export type MissedCall = Readonly<{
  contact: AccountId;
  contactName: string;
  media: Media;
  why: "busy" | "away";
}>;

const CODES: Readonly<Partial<Record<EndReason, Code>>> = {
  [EndReason.NO_ANSWER]: Code.NO_ANSWER,
  [EndReason.LOST]: Code.UNAVAILABLE,
  [EndReason.NOT_CONNECTED]: Code.UNAVAILABLE,
  [EndReason.NO_WELCOME]: Code.UNAVAILABLE,
};

/** What the objects ask of the call service. */
export interface Service {
  /** Return the session's monotonic seconds. */
  monotonic(): number;
  /** Feed an event that this device caused. */
  happenedHere(shell: CallShell, event: Event): void;
}

type End = Readonly<{ reason: EndReason; code: Code | undefined }>;

/** One call: placed by us, or accepted. */
export class Call implements Face {
  /** Whose account it is with. */
  readonly contact: AccountId;
  /** As the person sees it. */
  readonly contactName: string;
  /**
   * Placed as a confidential call, by either side: whoever shows it keeps no note of it, and shares
   * no screen.
   */
  confidential = false;
  /** The person wants nothing of it kept, here or there. */
  traceless = false;
  /** As which call the history has it: the first, if one goes on with another. */
  notedAs: CallId | undefined;
  /** What the two write while they talk; gone when the call ends. */
  readonly text = new CallText(() => this.#tell());
  /** Who asks to record it, and what is recorded. */
  readonly recording = new CallRecording(() => this.#tell());
  /** What others could see of it; another one's after a glare. */
  counted = new CallMeter();
  readonly #service: Service;
  readonly #listeners = new Set<() => void>();
  #shell: CallShell | undefined;
  #state: State = { kind: "idle" };
  #moved = new Signal();
  readonly #said = new Signal();
  #rings = false;
  #wasAnswered = false;
  /** Monotonic seconds. */
  #connectedAt: number | undefined;
  #endedAt: number | undefined;
  #notedMedia: Media = Media.VOICE;
  #hadFirstFrame = false;
  #stats: MediaStats | undefined;
  #security: Security = { suite: SUITE_NAME, epoch: undefined, words: undefined, path: "none" };
  #end: End | undefined;

  constructor(service: Service, contact: AccountId, contactName: string) {
    this.#service = service;
    this.contact = contact;
    this.contactName = contactName;
  }

  /** Its id, which another one takes after a glare or a reload of the other side. */
  get id(): CallId {
    return this.#needShell().call;
  }

  /** The state in one word. */
  get state(): CallState {
    const state = this.#state;
    switch (state.kind) {
      case "idle":
      case "calling":
        return "calling";
      case "accepting":
      case "welcomed":
      case "taken":
        return "connecting";
      case "inCall":
        return "in_call";
      case "ringing":
      case "connecting":
      case "reconnecting":
      case "ended":
        return state.kind;
      default:
        return assertNever(state);
    }
  }

  /** Whether we call and it rings there; known only if they let us see that (CK-383). */
  get rings(): boolean {
    return this.#rings && this.#state.kind === "calling";
  }

  /** What the call carries. */
  get media(): Media {
    const state = this.#state;
    switch (state.kind) {
      case "connecting":
      case "inCall":
      case "reconnecting":
        return state.link.media;
      case "accepting":
      case "welcomed":
      case "taken":
      case "calling":
        return state.media;
      case "ringing":
        return state.invite.media;
      case "idle":
      case "ended":
        return Media.VOICE;
      default:
        return assertNever(state);
    }
  }

  /** How packets travel; "none" while unconnected. */
  get path(): MediaPath {
    return this.#security.path;
  }

  /** The encryption, for people. */
  get suite(): string {
    return SUITE_NAME;
  }

  /** What the security of this call rests on. */
  security(): Security {
    return this.#security;
  }

  /**
   * Return the newest figures, at most half a second old; after the end the last ones.
   *
   * @throws UnavailableError There are none yet: nobody has answered.
   */
  stats(): MediaStats {
    if (this.#stats === undefined) throw new UnavailableError(Code.UNAVAILABLE, "no media yet");
    return this.#stats;
  }

  /** Be told whenever something may have changed; what it returns ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Wait until the other side accepted.
   *
   * @throws UnavailableError It ended first, with the code that says why.
   */
  async answered(): Promise<void> {
    await this.#until(() => this.#wasAnswered);
  }

  /** Wait until both sides hear each other. Throws as `answered`. */
  async connected(): Promise<void> {
    await this.#until(() => this.wasConnected);
  }

  /** Wait until the first frame of the other side was decoded. Throws as `answered`. */
  async firstFrame(): Promise<void> {
    await this.#until(() => this.#hadFirstFrame);
  }

  /** Return the four words to read to each other (P11). Throws as `answered`. */
  async sas(): Promise<string> {
    await this.#until(() => this.#security.words !== undefined);
    return this.#security.words ?? "";
  }

  /** Wait until our first word left (the invite, or the accept), or the call ended. */
  async said(): Promise<void> {
    await this.#said.wait();
  }

  /** Wait for the end and return its reason. */
  async ended(): Promise<EndReason> {
    while (this.#end === undefined) await this.#moved.wait();
    return this.#end.reason;
  }

  /** The reason of the end, once it has come. */
  get endReason(): EndReason | undefined {
    return this.#end?.reason;
  }

  /** What failed, once it has ended and if something did. */
  get endCode(): Code | undefined {
    return this.#end && (this.#end.code ?? CODES[this.#end.reason]);
  }

  /** End it, or stop calling, and wait until its keys are gone. Harmless when repeated. */
  async hangUp(): Promise<void> {
    if (this.#end === undefined) {
      this.#service.happenedHere(this.#needShell(), { kind: "hangUpRequested" });
    }
    await this.ended();
  }

  // For the history, once it is over (`call_notes.ts`).

  /** Whether nothing of it may be kept. */
  get leavesNoTrace(): boolean {
    return this.confidential || this.traceless;
  }

  /** Whether both sides heard each other at any time. */
  get wasConnected(): boolean {
    return this.#connectedAt !== undefined;
  }

  /** How long they did, in whole seconds. */
  get seconds(): number {
    if (this.#connectedAt === undefined || this.#endedAt === undefined) return 0;
    return Math.max(0, Math.round(this.#endedAt - this.#connectedAt));
  }

  /** What it carried last, also after the end. */
  get notedMedia(): Media {
    return this.#notedMedia;
  }

  /** The last measured round trip. */
  get rttMs(): number | undefined {
    return this.#stats?.rttMs;
  }

  // For the service and the shell.

  /** Follow a call; another one after a glare. */
  bind(shell: CallShell): void {
    this.#shell = shell;
  }

  /** Take the machine's newest state. */
  onState(state: State): void {
    if (this.#state.kind === "ended") return;
    this.#state = state;
    const { kind } = state;
    if (kind === "inCall") this.#connectedAt ??= this.#service.monotonic();
    if (kind !== "idle" && kind !== "ended") this.#notedMedia = this.media;
    this.#wasAnswered ||= kind === "connecting" || kind === "inCall" || kind === "reconnecting";
    this.#tell();
  }

  onRinging(): void {
    this.#rings = true;
    this.#tell();
  }

  onEpoch(epoch: bigint): void {
    this.#security = { ...this.#security, epoch: Number(epoch) };
    this.#tell();
  }

  onWords(words: string): void {
    this.#security = { ...this.#security, words };
    this.#tell();
  }

  onStats(stats: MediaStats): void {
    this.#stats = stats;
    const { path, rttMs } = stats;
    const { roundTripMs, ...before } = this.#security;
    if (path !== before.path || rttMs !== roundTripMs) {
      const measured = rttMs === undefined ? {} : { roundTripMs: rttMs };
      this.#security = { ...before, path, ...measured };
    }
    for (const listener of [...this.#listeners]) listener();
  }

  onFirstFrame(): void {
    this.#hadFirstFrame = true;
    this.#tell();
  }

  onSaid(): void {
    this.#said.set();
  }

  onEnd(reason: EndReason, code: Code | undefined): void {
    this.#end = { reason, code };
    this.#endedAt = this.#service.monotonic();
    this.#said.set();
    this.#tell();
  }

  #needShell(): CallShell {
    if (this.#shell === undefined) throw new UsageError("this call was never placed");
    return this.#shell;
  }

  #tell(): void {
    const moved = this.#moved;
    this.#moved = new Signal();
    moved.set();
    for (const listener of [...this.#listeners]) listener();
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      if (this.#end !== undefined) {
        const why = `the call ended: ${this.#end.reason}`;
        throw new UnavailableError(this.endCode ?? Code.NO_ANSWER, why);
      }
      await this.#moved.wait();
    }
  }
}
