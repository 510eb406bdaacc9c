/**
 * Our consent key of one entry into a call (P17; twin of `sdk/consent_key.py`).
 *
 * Made anew each time this device comes into a call's group, and kept in memory alone: so nothing that
 * is signed with it can be tied to what was signed in another call. Its public half stands in our leaf
 * (`core/recording_leaf.ts`).
 *
 * Not for: what is signed (`core/recording_statements.ts`), or when (`recording_shell.ts`).
 */

import { type Rng, wipe } from "../core/bytes.ts";
import { generateIdentityKey, identityPublicKey } from "../core/identity.ts";
import { ConsentKey, Secret32 } from "../core/ids.ts";
import type { Extension } from "../core/mls/index.ts";
import { consentExtension } from "../core/recording_leaf.ts";

/** What we sign about recording with, in one call; and whether we are never to be recorded. */
export class OwnConsent {
  /** The private half (Ed25519, RFC 8032). It never leaves the device. */
  readonly privateKey: Secret32;
  /** The public half. */
  readonly key: ConsentKey;
  /** We are never to be recorded, and are not asked. */
  readonly never: boolean;

  private constructor(privateKey: Secret32, key: ConsentKey, never: boolean) {
    this.privateKey = privateKey;
    this.key = key;
    this.never = never;
  }

  /** Make a key pair. */
  static async make({ never }: Readonly<{ never: boolean }>, rng: Rng): Promise<OwnConsent> {
    const privateKey = new Secret32(generateIdentityKey(rng));
    const key = new ConsentKey(new Uint8Array(await identityPublicKey(privateKey)));
    return new OwnConsent(privateKey, key, never);
  }

  /** Return what our leaf says. */
  extension(): Extension {
    return consentExtension({ key: this.key, never: this.never });
  }

  /** Overwrite the private half: nothing is signed any more. */
  wipe(): void {
    wipe(this.privateKey);
  }
}
