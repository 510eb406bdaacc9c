/**
 * What one call on one device keeps secret: nonces, key package, call group; and what becomes of it.
 *
 * Nothing here is written to disk, and `erase` leaves nothing. Its calls take no turns of
 * their own: the shell makes them one after another (`call_shell.ts`).
 *
 * Not for: deciding when (the call machine), or sending (`call_shell.ts`).
 */

import { type Bytes, hex, wipe } from "../core/bytes.ts";
import type { InCall } from "../core/content_call.ts";
import type { CallAccept, CallInvite } from "../core/content_inner.ts";
import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import type { AccountId, CallId, DeviceId, Nonce32 } from "../core/ids.ts";
import type { KeyPackageBundle, MemberInfo } from "../core/mls/index.ts";
import type { FrameKeys } from "../media/interfaces.ts";
import { CallGroup, isFor, type Rekeyed, type Surroundings } from "./call_group.ts";
import { OwnConsent } from "./consent_key.ts";
import { withTimeout } from "./lock.ts";
import type { CallSeam } from "./seam.ts";

/** Messages of the call group that may wait for the Welcome (CK-366). */
export const MAX_EARLY = 16;

/**
 * Transports in one epoch after which the caller moves the call group to fresh keys. Higher: fewer
 * commits; lower: more room for the callee, which may need two transports for our one.
 */
export const REKEY_AFTER = 3;

/** Transports in one epoch: two encoders each, one context for text, and SFrame has 15 (P10). */
export const MAX_TRANSPORTS = 7;

/**
 * How long the worker may take to put keys in place. Higher: a slow machine still gets through; lower:
 * a worker that died is noticed sooner.
 */
export const KEYS_S = 5;

/** The secrets of one call. */
export class CallSecrets {
  /** The caller's own, or the one received. */
  invite: CallInvite | undefined;
  /** Undefined on the caller's side. */
  inviter: DeviceId | undefined;
  /** Ours, or the one that we took. */
  accept: CallAccept | undefined;
  /** The one that `call.reveal` reveals. */
  nonce: Nonce32 | undefined;
  bundle: KeyPackageBundle | undefined;
  /** With which we sign about recording this call; on the callee's side the one in `bundle`. */
  consent: OwnConsent | undefined;
  readonly #seam: CallSeam;
  readonly #contact: AccountId;
  readonly #call: CallId;
  readonly #never: () => boolean;
  readonly #accepts = new Map<string, CallAccept>();
  #group: CallGroup | undefined;
  #welcome: Bytes | undefined;
  #isOpen = false;
  #isErased = false;
  #early: Bytes[] = [];
  /** In this epoch: the one that the call begins with. */
  #transports = 1;

  /** @param never Returns whether the person is never to be recorded. */
  constructor(seam: CallSeam, contact: AccountId, call: CallId, never: () => boolean) {
    this.#seam = seam;
    this.#contact = contact;
    this.#call = call;
    this.#never = never;
  }

  /** Whether there is nothing that a key could be made of. */
  get isEmpty(): boolean {
    const own = [this.nonce, this.bundle, this.consent];
    const made = [this.invite, this.accept, ...own, this.#group, this.#welcome];
    const isNoneMade = made.every((secret) => secret === undefined);
    return isNoneMade && this.#accepts.size === 0 && this.#early.length === 0;
  }

  /** How many messages wait for the Welcome. */
  get waiting(): number {
    return this.#early.length;
  }

  /** The call group's epoch; undefined without one. */
  get epoch(): bigint | undefined {
    return this.#group?.epoch;
  }

  /** The other device, with what its leaf says now; undefined without a group. */
  get otherMember(): MemberInfo | undefined {
    return this.#group?.other;
  }

  /** The device at the other end, once one is agreed on. */
  get other(): DeviceId | undefined {
    return this.inviter ?? this.accept?.device;
  }

  /** Keep a checked accept; a device's first one stands. */
  keepAccept(accept: CallAccept): void {
    const key = hex(accept.device);
    if (!this.#isErased && !this.#accepts.has(key)) this.#accepts.set(key, accept);
  }

  /** Return the Welcome for the device we took; the same when asked again. */
  async makeGroup(device: DeviceId): Promise<Bytes> {
    if (this.#welcome !== undefined) return this.#welcome;
    const accept = this.#accepts.get(hex(device));
    if (accept === undefined) throw new UsageError("nothing was accepted by this device");
    this.accept = accept;
    const accepter = { account: this.#contact, device };
    this.consent ??= await this.makeConsent();
    const around = await this.#around(this.consent);
    const { keyPackage } = accept;
    const { group, welcome } = await CallGroup.create(this.#call, accepter, keyPackage, around);
    this.#group = group;
    this.#welcome = welcome;
    return welcome;
  }

  /**
   * Process a Welcome if it is for the key package of this call.
   *
   * @returns False if it is another's, or there is a group already.
   * @throws VisavisError As `CallGroup.join`; nothing was changed.
   */
  async join(welcome: Bytes): Promise<boolean> {
    const { bundle, consent, invite, inviter } = this;
    if (bundle === undefined || invite === undefined || inviter === undefined) return false;
    if (consent === undefined) throw new UsageError("a key package of a call has a consent key");
    if (this.#group !== undefined || !isFor(welcome, bundle)) return false;
    const caller = { account: this.#contact, device: inviter };
    const around = await this.#around(consent);
    this.#group = await CallGroup.join(welcome, bundle, invite.call, caller, around);
    return true;
  }

  /** Return an MLSMessage for the other device; undefined if there is no group (any more). */
  async encrypt(content: InCall): Promise<Bytes | undefined> {
    return await this.#group?.encrypt(content);
  }

  /**
   * Open a message of the call group; early ones wait for it to be in use (CK-366).
   *
   * @returns What was said; undefined if it waits, or came too late.
   * @throws VisavisError As `CallGroup.decrypt`.
   */
  async open(message: Bytes): Promise<InCall | Rekeyed | undefined> {
    if (!this.#isOpen) {
      if (!this.#isErased && this.#early.length < MAX_EARLY) this.#early.push(message);
      return undefined;
    }
    return await this.#needGroup().decrypt(message, { now: this.#seam.now() });
  }

  /** Be ready to receive, and return the messages that waited for it. */
  async install(keys: FrameKeys): Promise<readonly Bytes[]> {
    await this.receiveInEpoch(keys);
    this.#isOpen = true;
    const early = this.#early;
    this.#early = [];
    return early;
  }

  /**
   * Give the epoch's receive keys to where the frames are.
   *
   * @throws UnavailableError NOT_ENCRYPTED: they were not put in place.
   */
  async receiveInEpoch(keys: FrameKeys): Promise<void> {
    const { epoch, baseKey, otherLeaf } = await this.#needGroup().frameKeys();
    try {
      await inPlace(keys.install(epoch, baseKey, new Set([otherLeaf])));
    } finally {
      wipe(baseKey); // From here on it lives in the worker only.
    }
  }

  /** Open the gate for our own frames. Throws as `receiveInEpoch`. */
  async sendInEpoch(keys: FrameKeys): Promise<void> {
    const { epoch, baseKey, ownLeaf } = await this.#needGroup().frameKeys();
    try {
      await inPlace(keys.sendIn(epoch, baseKey, ownLeaf));
    } finally {
      wipe(baseKey);
    }
  }

  /** Go on under the group's new epoch; old receive keys live for 2 s (P10). */
  async enterEpoch(keys: FrameKeys): Promise<void> {
    await this.receiveInEpoch(keys);
    await this.sendInEpoch(keys);
    this.#transports = 1;
  }

  /** Return a commit to fresh keys if it is for us, the caller, to make one now. */
  async rekeyIfDue(): Promise<Bytes | undefined> {
    const group = this.#needGroup();
    if (this.inviter !== undefined || this.#transports < REKEY_AFTER) return undefined;
    return await group.rekey({ now: this.#seam.now() });
  }

  /**
   * Count one more transport in this epoch (P10).
   *
   * @throws UnavailableError NOT_ENCRYPTED: no SFrame context is left.
   */
  countTransport(): void {
    if (this.#transports >= MAX_TRANSPORTS) {
      const why = "no SFrame context is left in this epoch";
      throw new UnavailableError(Code.NOT_ENCRYPTED, why);
    }
    this.#transports += 1;
  }

  /** Return the words of the call, now that the other side revealed its nonce. */
  words(theirs: Nonce32): string {
    const { accept } = this;
    if (accept === undefined) throw new UsageError("both sides have the accept by now");
    const ours = this.needNonce();
    const [caller, late] = this.inviter === undefined ? [ours, theirs] : [theirs, ours];
    return this.#needGroup().words(caller, [accept.nonce, late]);
  }

  needNonce(): Nonce32 {
    if (this.nonce === undefined) throw new UsageError("there is no nonce yet");
    return this.nonce;
  }

  /** Erase everything; nothing can be made of this call afterwards. */
  async erase(): Promise<void> {
    this.#isErased = true;
    this.#isOpen = false;
    this.bundle?.wipe();
    this.consent?.wipe();
    if (this.nonce !== undefined) wipe(this.nonce);
    const group = this.#group;
    this.#group = this.bundle = this.#welcome = this.nonce = this.consent = undefined;
    this.accept = this.invite = undefined;
    this.#accepts.clear();
    this.#early = [];
    await group?.wipe();
  }

  /** Make a consent key for this call. */
  makeConsent(): Promise<OwnConsent> {
    return OwnConsent.make({ never: this.#never() }, this.#seam.rng);
  }

  async #around(consent: OwnConsent): Promise<Surroundings> {
    const { rng } = this.#seam;
    return { keys: await this.#seam.keyMaterial(), now: this.#seam.now(), rng, consent };
  }

  #needGroup(): CallGroup {
    if (this.#group === undefined) throw new UsageError("there is no call group yet");
    return this.#group;
  }
}

/**
 * Wait until the worker has put keys in place, or lets frames pass, or not.
 *
 * @throws UnavailableError NOT_ENCRYPTED: it did not.
 */
export async function inPlace(keyed: Promise<void>): Promise<void> {
  await withTimeout(KEYS_S, keyed, { code: Code.NOT_ENCRYPTED });
}
