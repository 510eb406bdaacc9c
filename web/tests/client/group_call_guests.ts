/** Guests for tests: keys of one visit, and whatever credential they make of them. */

import type { MayBeIn } from "../../client/group_call_keys.ts";
import type { KeyMaterial } from "../../client/seam.ts";
import type { Bytes } from "../../core/bytes.ts";
import {
  type Guest,
  guestIdentity,
  guestOf,
  isGuest,
  requirePass,
  signPass,
  withGuests,
} from "../../core/guest.ts";
import { SignatureKey } from "../../core/ids.ts";
import {
  generateSignatureKey,
  type KeyPackageBundle,
  SUITE_ID,
  signaturePublicKey,
} from "../../core/mls/index.ts";
import { NOW, rng } from "./call_seam.ts";
import { consenting } from "./consents.ts";
import { CALL, type Crew } from "./group_call_crew.ts";

/** Somebody with keys of one visit. */
export class Stranger {
  readonly name: string;
  readonly signaturePrivate: Bytes;
  readonly key: SignatureKey;
  readonly #host: KeyMaterial;

  private constructor(name: string, host: KeyMaterial, signaturePrivate: Bytes, key: SignatureKey) {
    this.name = name;
    this.#host = host;
    this.signaturePrivate = signaturePrivate;
    this.key = key;
  }

  /** Make one who would like to be let in by a host. */
  static async make(name: string, host: KeyMaterial): Promise<Stranger> {
    const signaturePrivate = generateSignatureKey(SUITE_ID, rng);
    const key = new SignatureKey(await signaturePublicKey(SUITE_ID, signaturePrivate));
    return new Stranger(name, host, signaturePrivate, key);
  }

  /** Return its credential's fields, with a pass that somebody signed in the host's name. */
  async guest(signedBy: Bytes = this.#host.signaturePrivate): Promise<Guest> {
    const { account, device } = this.#host;
    const { key, name } = this;
    return { key, name, account, device, signature: await signPass(CALL, key, name, signedBy) };
  }

  /** Make a key package, with the right credential unless another is given. */
  async bundle(guest?: Guest): Promise<KeyPackageBundle> {
    return await consenting({
      identity: guestIdentity(guest ?? (await this.guest())),
      signaturePrivate: this.signaturePrivate,
      notBefore: NOW - 9,
      notAfter: NOW + 9000,
    });
  }
}

/** What a device of the crew judges with where there may be guests. */
export function material(crew: Crew, number: number): KeyMaterial {
  const keys = crew.keys(number);
  return { ...keys, validator: withGuests(keys.validator) };
}

/** The judge of members of a group in which the first two of the crew are. */
export function mayBeInWith(crew: Crew): MayBeIn {
  return async (member) => {
    if (!isGuest(member)) return;
    const guest = guestOf(member);
    const signer = [0, 1]
      .map((number) => crew.keys(number))
      .find(({ account, device }) => `${account}${device}` === `${guest.account}${guest.device}`);
    const key = signer && (await signaturePublicKey(SUITE_ID, signer.signaturePrivate));
    await requirePass(guest, CALL, key);
  };
}
