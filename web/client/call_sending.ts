/**
 * How what one call says leaves this device: to the contact, to one device of it, to our own others.
 *
 * Each send has a limit of time. What is over it counts as lost, although it may still arrive: that
 * is what networks do, and the call machine takes late and doubled messages.
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
import { withTimeout } from "./lock.ts";
import type { CallSeam } from "./seam.ts";

/** After this a send counts as lost. Higher: slow networks lose less; lower: an end ends sooner. */
export const SEND_TIMEOUT_S = 5;

/** Sends what one call says. */
export class CallSending {
  readonly #seam: CallSeam;
  readonly #contact: AccountId;
  readonly #call: CallId;

  constructor(seam: CallSeam, contact: AccountId, call: CallId) {
    this.#seam = seam;
    this.#contact = contact;
    this.#call = call;
  }

  /** What every content of this call in the conversation begins with. */
  head(): Readonly<{ id: MessageId; at: number; call: CallId }> {
    const id = random(MessageId, this.#seam.rng);
    return { id, at: this.#seam.now(), call: this.#call };
  }

  /**
   * Say something in the conversation: live, or durable, which is in the outbox when this returns.
   *
   * @throws AuthorizationError As the seam does.
   * @throws UnavailableError It is lost.
   */
  async say(content: Inner, { durable }: Readonly<{ durable: boolean }>): Promise<void> {
    await withTimeout(SEND_TIMEOUT_S, this.#seam.sendInner(this.#contact, content, { durable }));
  }

  /** Say something to our own other devices. Throws as `say`. */
  async tellSiblings(content: Sibling): Promise<void> {
    await withTimeout(SEND_TIMEOUT_S, this.#seam.sendSelf(content, { durable: false }));
  }

  /** Send something to one device of the contact. Throws as `say`. */
  async sendTo(device: DeviceId, content: Outer): Promise<void> {
    await withTimeout(SEND_TIMEOUT_S, this.#sendTo(device, content));
  }

  async #sendTo(device: DeviceId, content: Outer): Promise<void> {
    const devices = await this.#seam.contactDevices(this.#contact);
    const found = devices.find((listed) => equal(listed.device, device));
    if (found === undefined) {
      throw new UnavailableError(Code.REFUSED, "the device has no address any more");
    }
    await this.#seam.sendOuter(found.address, content, { durable: false });
  }
}
