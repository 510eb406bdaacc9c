/** A call that rings here, as a page or a person's code sees it. */

import type { EndReason, Media } from "../core/call_effects.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { AccountId } from "../core/ids.ts";
import type { LocalMedia, RemoteMedia } from "../media/interfaces.ts";
import { closeEnds } from "./call_media.ts";
import type { Call, Service } from "./call_objects.ts";
import type { CallShell } from "./call_shell.ts";
import { shareNothing } from "./call_terms.ts";

/** How a call is accepted. */
export type AcceptOptions = Readonly<{
  /** What we show and say. It is the call's from now on, and closed on an error too. */
  local: LocalMedia;
  /** Where the other side's goes. Likewise. */
  remote: RemoteMedia;
  /** "voice" to accept a video call without picture. */
  media?: Media;
}>;

/** A call that rings here. Until `accept`, nothing leaves this device. */
export class IncomingCall {
  /** Who calls. */
  readonly contact: AccountId;
  /** As the person sees it. */
  readonly contactName: string;
  /** What was offered. */
  readonly media: Media;
  /** As in `Call`. */
  readonly confidential: boolean;
  readonly #service: Service;
  readonly #call: Call;
  readonly #shell: CallShell;

  constructor(service: Service, call: Call, shell: CallShell, media: Media) {
    this.contact = call.contact;
    this.contactName = call.contactName;
    this.media = media;
    this.confidential = call.confidential;
    this.#service = service;
    this.#call = call;
    this.#shell = shell;
  }

  /** Whether it still rings. */
  get isRinging(): boolean {
    return this.#call.state === "ringing";
  }

  /**
   * Accept, with the media that was offered or less.
   *
   * @throws UnavailableError NO_ANSWER: it has stopped ringing.
   */
  async accept({ local, remote, media = this.media }: AcceptOptions): Promise<Call> {
    if (!this.isRinging) {
      closeEnds({ local, remote });
      throw new UnavailableError(Code.NO_ANSWER, "it has stopped ringing");
    }
    try {
      if (this.confidential) shareNothing(local);
    } catch (error) {
      closeEnds({ local, remote });
      throw error;
    }
    this.#shell.transport.lend({ local, remote });
    const now = this.#service.monotonic();
    this.#service.happenedHere(this.#shell, { kind: "acceptRequested", now, media });
    return this.#call;
  }

  /** A person wants to accept, and devices open first: do meanwhile what only the server hears of. */
  expectAccept(): void {
    if (this.isRinging) this.#shell.transport.askForRelay();
  }

  /** Stop ringing, on our other devices too. The caller learns nothing. Harmless if late. */
  async decline(): Promise<void> {
    if (this.isRinging) this.#service.happenedHere(this.#shell, { kind: "declineRequested" });
  }

  /** Wait until it is over, answered or not, and return the reason. */
  async ended(): Promise<EndReason> {
    return await this.#call.ended();
  }
}
