/**
 * What each side of a call says first: the invite of the caller, the accept of the callee. Each is
 * made once; asked for again, it is the same.
 *
 * Not for: deciding when (the call machine), or sending (`call_shell.ts`).
 */

import type { Media } from "../core/call_effects.ts";
import { type CallAccept, type CallInvite, RING_S } from "../core/content_inner.ts";
import { type CallId, Nonce32, random } from "../core/ids.ts";
import type { KeyPackageBundle } from "../core/mls/index.ts";
import { commit } from "../core/sas.ts";
import type { CallSecrets } from "./call_secrets.ts";
import type { CallSending } from "./call_sending.ts";
import type { CallTransport } from "./call_transport.ts";
import type { OwnConsent } from "./consent_key.ts";
import type { Signal } from "./lock.ts";
import type { CallSeam } from "./seam.ts";

/** Higher: who accepts at once waits for it; lower: it takes from what puts the ring on the screen. */
export const AHEAD_AFTER_S = 0.3;

/** A key package, and the consent key that stands in it. */
type Coming = Readonly<{ bundle: KeyPackageBundle; consent: OwnConsent }>;

/** Makes the first word of one call, and begins its media for it. */
export class FirstWord {
  readonly #seam: CallSeam;
  readonly #sending: Pick<CallSending, "head">;
  readonly #secrets: CallSecrets;
  readonly #transport: CallTransport;
  #coming: Promise<Coming> | undefined;

  constructor(
    seam: CallSeam,
    sending: Pick<CallSending, "head">,
    secrets: CallSecrets,
    transport: CallTransport,
  ) {
    this.#seam = seam;
    this.#sending = sending;
    this.#secrets = secrets;
    this.#transport = transport;
  }

  /**
   * Return the invite.
   *
   * @param wanted What the person wants.
   * @param again The call that this one goes on with, after a reload.
   */
  async invite(wanted: Media, again: CallId | null): Promise<CallInvite> {
    const secrets = this.#secrets;
    if (secrets.invite !== undefined) return secrets.invite;
    const nonce = random(Nonce32, this.#seam.rng);
    secrets.nonce = nonce;
    const offer = await this.#transport.createOffer(wanted);
    const confidential = this.#transport.steady;
    const expiry = { expiresS: RING_S, confidential, again };
    const rest = { media: wanted, offer, commit: commit(nonce), ...expiry };
    secrets.invite = { kind: "call.invite", ...this.#sending.head(), ...rest };
    return secrets.invite;
  }

  /**
   * It rings: once that is on the screen, make the key package that an accept takes, and start the
   * worker. There is no connection before a person has accepted.
   *
   * @param over The end of the call: what was not used is wiped and stopped.
   */
  prepareAccept(over: Signal): void {
    let stop: (() => void) | undefined;
    const timer = setTimeout(() => {
      stop = this.#transport.expectMedia();
      this.#coming ??= this.#makeComing();
      this.#coming.catch(() => {}); // whoever accepts is told
    }, AHEAD_AFTER_S * 1000);
    void over.wait().then(async () => {
      clearTimeout(timer);
      stop?.();
      const coming = await this.#coming?.catch(() => undefined);
      coming?.bundle.wipe();
      coming?.consent.wipe();
    });
  }

  /** Return the accept, with the key package by which the caller lets us into the call group. */
  async accept(media: Media): Promise<CallAccept> {
    const secrets = this.#secrets;
    const { rng, device } = this.#seam;
    if (secrets.accept !== undefined) return secrets.accept;
    if (secrets.invite === undefined) throw new TypeError("what is accepted has rung");
    const connection = this.#transport.start(media);
    const answer = await connection.acceptOffer(secrets.invite.offer);
    this.#transport.prepare({ allocate: true }); // The offer was good, and a person has accepted.
    this.#coming ??= this.#makeComing();
    const { bundle, consent } = await this.#coming;
    secrets.bundle = bundle;
    secrets.consent = consent;
    secrets.nonce = random(Nonce32, rng);
    const { keyPackage } = bundle;
    const rest = { device, media, answer, nonce: random(Nonce32, rng), keyPackage };
    secrets.accept = { kind: "call.accept", ...this.#sending.head(), ...rest };
    return secrets.accept;
  }

  async #makeComing(): Promise<Coming> {
    const consent = await this.#secrets.makeConsent();
    return { bundle: await this.#seam.newKeyPackage(consent), consent };
  }
}
