/**
 * How what one call says leaves this device: to the contact, to one device of it, to our own others.
 *
 * Each send has a limit of time. What is over it counts as lost, although it may still arrive: that
 * is what networks do, and the call machine takes late and doubled messages. What a call says while it
 * comes to stand does not wait for the server's answers: a round trip each would add up. It leaves in
 * the order in which it was said.
 *
 * Not for: deciding what to say (the call machine), or encrypting for the call group
 * (`call_secrets.ts`).
 */

import { equal } from "../core/bytes.ts";
import type { Inner } from "../core/content_inner.ts";
import type { Outer } from "../core/content_outer.ts";
import type { Sibling } from "../core/content_self.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import { type AccountId, type CallId, type DeviceId, MessageId, random } from "../core/ids.ts";
import type { Meter } from "../core/meter.ts";
import { withTimeout } from "./lock.ts";
import type { CallSeam, Delivered } from "./seam.ts";

/** After this a send counts as lost. Higher: slow networks lose less; lower: an end ends sooner. */
export const SEND_TIMEOUT_S = 5;

/** Whether to wait for the server's answer, or only until it is on its way. */
export type How = Readonly<{ answered: boolean }>;
export const ANSWERED: How = { answered: true };
export const HANDED: How = { answered: false };

/** Sends what one call says. */
export class CallSending {
  readonly #seam: CallSeam;
  readonly #contact: AccountId;
  readonly #call: CallId;
  readonly #onLost: (error: unknown) => void;
  readonly #meter: () => Meter;

  /**
   * @param seam The session.
   * @param contact Whom the call is with.
   * @param call Its id.
   * @param onLost Takes why something that was on its way did not get there.
   * @param meter Return what counts for this call.
   */
  constructor(
    seam: CallSeam,
    contact: AccountId,
    call: CallId,
    onLost: (error: unknown) => void,
    meter: () => Meter,
  ) {
    this.#seam = seam;
    this.#contact = contact;
    this.#call = call;
    this.#onLost = onLost;
    this.#meter = meter;
  }

  /** What every content of this call in the conversation begins with. */
  head(): Readonly<{ id: MessageId; at: number; call: CallId }> {
    const id = random(MessageId, this.#seam.rng);
    return { id, at: this.#seam.now(), call: this.#call };
  }

  /**
   * Say something in the conversation, live.
   *
   * @throws AuthorizationError As the seam does.
   * @throws UnavailableError It is lost.
   */
  async say(content: Inner, how: How): Promise<void> {
    await this.#limited(how, (onHanded) =>
      this.#seam.sendInner(this.#contact, content, { ...this.#counted(false), onHanded }),
    );
  }

  /** Say something in the conversation, durably: it is in the outbox when this returns. Throws as `say`. */
  async leave(content: Inner): Promise<void> {
    await withTimeout(
      SEND_TIMEOUT_S,
      this.#seam.sendInner(this.#contact, content, this.#counted(true)),
    );
  }

  /** Say something to our own other devices. Throws as `say`. */
  async tellSiblings(content: Sibling): Promise<void> {
    await withTimeout(SEND_TIMEOUT_S, this.#seam.sendSelf(content, this.#counted(false)));
  }

  /** Send something to one device of the contact. Throws as `say`. */
  async sendTo(device: DeviceId, content: Outer, how: How): Promise<void> {
    await this.#limited(how, (onHanded) => this.#sendTo(device, content, onHanded));
  }

  async #sendTo(device: DeviceId, content: Outer, onHanded: () => void): Promise<void> {
    const devices = await this.#seam.contactDevices(this.#contact);
    const found = devices.find((listed) => equal(listed.device, device));
    if (found === undefined) {
      throw new UnavailableError(Code.REFUSED, "the device has no address any more");
    }
    await this.#seam.sendOuter(found.address, content, { ...this.#counted(false), onHanded });
  }

  /** Send so that each envelope that leaves is counted for this call. */
  #counted(durable: boolean): Delivered {
    const meter = this.#meter();
    return { durable, onLeft: (size) => meter.left({ size, durable }) };
  }

  /** Send within the limit; what fails after this returned is told to `onLost`. */
  async #limited({ answered }: How, send: (onHanded: () => void) => Promise<void>): Promise<void> {
    const onItsWay = Promise.withResolvers<void>();
    let hasLeft = false;
    const sending = withTimeout(
      SEND_TIMEOUT_S,
      send(() => {
        hasLeft = !answered;
        if (hasLeft) onItsWay.resolve();
      }),
    );
    sending.catch((error: unknown) => {
      if (hasLeft) this.#onLost(error);
    });
    await Promise.race([onItsWay.promise, sending]);
  }
}
