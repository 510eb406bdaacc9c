/**
 * The key schedule (RFC 9420, 8): from the last epoch's init secret to this epoch's keys.
 *
 *     init_secret[n-1], commit_secret -> joiner_secret -> + psk_secret -> epoch_secret -> ...
 *
 * Joiner, welcome and epoch secret exist only inside these functions and in their results; a group
 * keeps `EpochKeys`, nothing above it. What a function made and spent, it wipes; its arguments
 * belong to the caller.
 */

import { type Bytes, concat, wipe } from "../bytes.ts";
import * as codec from "./codec.ts";
import type { Suite } from "./suite.ts";

/** The secrets a member holds during an epoch. */
export type EpochKeys = Readonly<{
  init: Bytes;
  senderData: Bytes;
  exporter: Bytes;
  external: Bytes;
  membership: Bytes;
  resumption: Bytes;
  epochAuthenticator: Bytes;
}>;

/** All that the key schedule gives for one epoch; dropped once it is taken apart. */
export type EpochSecrets = Readonly<{ keys: EpochKeys; encryption: Bytes; confirmation: Bytes }>;

/** The joiner secret and what follows from it before the epoch secret. */
export type JoinerSecrets = Readonly<{ joiner: Bytes; member: Bytes; welcome: Bytes }>;

export type KeyAndNonce = readonly [key: Bytes, nonce: Bytes];

/** A pre-shared key after its encoded PreSharedKeyID. */
export type NamedPsk = readonly [encodedId: Bytes, psk: Bytes];

const NOTHING: Bytes = new Uint8Array();

/**
 * Derive the joiner secret of an epoch from the init secret of the last.
 *
 * @param init Init secret of the last epoch, or the external one.
 * @param commit Commit secret; `nh` zeros for a commit without a path.
 * @param context Encoded GroupContext of the new epoch.
 * @returns `nh` bytes.
 */
export function joinerSecret(suite: Suite, init: Bytes, commit: Bytes, context: Bytes): Bytes {
  const extracted = suite.kdf.extract(init, commit);
  const joiner = suite.expandWithLabel(extracted, "joiner", context, suite.nh);
  wipe(extracted);
  return joiner;
}

/** Mix the PSK secret into the joiner secret. */
export function mixPsk(suite: Suite, joiner: Bytes, psk: Bytes): JoinerSecrets {
  const member = suite.kdf.extract(joiner, psk);
  return { joiner, member, welcome: suite.deriveSecret(member, "welcome") };
}

/** Derive an epoch's secrets for its encoded GroupContext. */
export function epochSecrets(suite: Suite, joiner: JoinerSecrets, context: Bytes): EpochSecrets {
  const epoch = suite.expandWithLabel(joiner.member, "epoch", context, suite.nh);
  const secrets = fromEpochSecret(suite, epoch);
  wipe(epoch);
  return secrets;
}

/** Derive everything from an epoch secret; a group's creator draws the first one. */
export function fromEpochSecret(suite: Suite, epoch: Bytes): EpochSecrets {
  const secret = (label: string) => suite.deriveSecret(epoch, label);
  return {
    keys: {
      init: secret("init"),
      senderData: secret("sender data"),
      exporter: secret("exporter"),
      external: secret("external"),
      membership: secret("membership"),
      resumption: secret("resumption"),
      epochAuthenticator: secret("authentication"),
    },
    encryption: secret("encryption"),
    confirmation: secret("confirm"),
  };
}

/** Combine pre-shared keys into one secret (RFC 9420, 8.4); zeros if there are none. */
export function pskSecret(suite: Suite, psks: readonly NamedPsk[]): Bytes {
  let secret: Bytes = new Uint8Array(suite.nh);
  psks.forEach(([encodedId, psk], index) => {
    const extracted = suite.kdf.extract(NOTHING, psk);
    const label = concat(encodedId, codec.u16(index), codec.u16(psks.length));
    const derived = suite.expandWithLabel(extracted, "derived psk", label, suite.nh);
    const next = suite.kdf.extract(derived, secret);
    wipe(extracted, derived, secret);
    secret = next;
  });
  return secret;
}

/** Derive key and nonce for the GroupInfo inside a Welcome (RFC 9420, 12.4.3.1). */
export function welcomeKey(suite: Suite, welcome: Bytes): KeyAndNonce {
  return keyAndNonce(suite, welcome, NOTHING);
}

/** Derive key and nonce for the sender data from the start of a ciphertext (RFC 9420, 6.3.2). */
export function senderDataKey(suite: Suite, senderData: Bytes, ciphertext: Bytes): KeyAndNonce {
  return keyAndNonce(suite, senderData, ciphertext.subarray(0, suite.nh));
}

function keyAndNonce(suite: Suite, secret: Bytes, context: Uint8Array): KeyAndNonce {
  return [
    suite.expandWithLabel(secret, "key", context, suite.aead.nk),
    suite.expandWithLabel(secret, "nonce", context, suite.aead.nn),
  ];
}

/** Return MLS-Exporter(label, context, size) (RFC 9420, 8.5); Python's `export`, a keyword here. */
export function mlsExporter(
  suite: Suite,
  exporter: Bytes,
  label: string,
  context: Uint8Array,
  size: number,
): Bytes {
  const secret = suite.deriveSecret(exporter, label);
  const exported = suite.expandWithLabel(secret, "exported", suite.kdf.hash(context), size);
  wipe(secret);
  return exported;
}

/**
 * Return the confirmed transcript hash (RFC 9420, 8.2).
 *
 * @param interim Interim transcript hash of the epoch before.
 * @param content ConfirmedTranscriptHashInput: wire format, framed content, signature. A commit
 *   with a long path has tens of kilobytes, hence the promise.
 * @returns `nh` bytes.
 */
export function confirmedHash(suite: Suite, interim: Bytes, content: Bytes): Promise<Bytes> {
  return suite.kdf.digest(concat(interim, content));
}

/** Return the interim transcript hash after a commit (RFC 9420, 8.2). */
export function interimHash(suite: Suite, confirmed: Bytes, confirmationTag: Bytes): Bytes {
  return suite.kdf.hash(concat(confirmed, codec.opaque(confirmationTag)));
}
