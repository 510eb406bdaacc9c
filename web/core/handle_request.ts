/**
 * Contact requests by exact handle: sealed to a public key, and paid for (protocol.md P2).
 *
 *     envelope = encapsulation(1120) || HPKE ciphertext            one of the four sizes
 *     sealed   = HPKE (RFC 9180, base mode, single shot), X-Wing, HKDF-SHA-384, AES-256-GCM,
 *                info = label || mailbox id, of the padded paid content
 *     paid     = work(8) || content
 *
 * A look-up answers for every handle alike, so an asker does the same for a person and for a decoy:
 * seals as many bytes and works as long. The work is inside the seal: outside it would show in a
 * stolen mailbox which envelope is a request.
 *
 * Not for: proving whose sealing key it is. The server that answered the look-up could have put its
 * own there; only comparing safety numbers shows it.
 */

import { addressFromCbor, type ContactAddress, checkOrigin } from "./address.ts";
import { type Bytes, concat, copy, type Rng, utf8 } from "./bytes.ts";
import { type CborMap, exactly, isBytes, isMap, type Value } from "./cbor.ts";
import { BUCKETS, pad, TAG_BYTES, unpad } from "./envelope.ts";
import { Code, PeerError } from "./errors.ts";
import { Capability, MailboxId } from "./ids.ts";
import { SHA256 } from "./mls/kdf.ts";
import { SUITE_ID, suiteOf } from "./mls/suite.ts";
import * as work from "./work.ts";

/** Highest level done for a server that asks for it (CK-292): about half a minute. */
export const MAX_WORK_BITS = 24;

export const SEALING_KEY_BYTES = 1216;
export const SEED_BYTES = 32;
export const ENCAPSULATION_BYTES = 1120;

const INFO = utf8("visavis handle request v1\0");
const WORK = utf8("visavis handle work v1\0");

/** Where requests to a handle go, as a look-up gave it; perhaps a decoy. */
export type HandleAddress = Readonly<{
  /** The server's origin. */
  origin: string;
  /** A device's mailbox. */
  mailbox: MailboxId;
  /** One that anybody who knows the handle has. */
  capability: Capability;
  /** X-Wing public key, 1,216 bytes. */
  sealingKey: Bytes;
}>;

/** Tell the two apart by `"sealingKey" in address`. */
export type AnyAddress = ContactAddress | HandleAddress;

/** Return the form for our own store; it never travels. */
export function handleAddressToCbor(address: HandleAddress): CborMap {
  return new Map<string, Value>([
    ["o", address.origin],
    ["m", address.mailbox],
    ["c", address.capability],
    ["x", address.sealingKey],
  ]);
}

/**
 * Read the map of `handleAddressToCbor`, strictly.
 *
 * @throws PeerError `MALFORMED`.
 */
export function handleAddressFromCbor(value: Value): HandleAddress {
  const { o, m, c, x } = exactly(value, "o", "m", "c", "x");
  const isWhole = typeof o === "string" && isBytes(m) && isBytes(c) && isBytes(x);
  if (!isWhole || x.length !== SEALING_KEY_BYTES) {
    throw new PeerError(Code.MALFORMED, "not an address of a handle");
  }
  return {
    origin: checkOrigin(o),
    mailbox: new MailboxId(m),
    capability: new Capability(c),
    sealingKey: x,
  };
}

/**
 * Read the map of either kind of address.
 *
 * @throws PeerError `MALFORMED`.
 */
export function anyAddress(value: Value): AnyAddress {
  return isMap(value) && value.has("x") ? handleAddressFromCbor(value) : addressFromCbor(value);
}

/**
 * Return what a request by handle is signed for (CK-273): mailbox and sealing key.
 *
 * The key too: a server that shows its own key with the right mailbox can open the request, but
 * cannot pass the signed request on to the person who was meant, and read the answer.
 */
export function handleDestination(mailbox: MailboxId, sealingKey: Uint8Array): Bytes {
  return concat(mailbox, SHA256.hash(sealingKey));
}

/** Return the X-Wing public key of a 32-byte seed. */
export async function sealingKeyOf(seed: Bytes): Promise<Bytes> {
  return suiteOf(SUITE_ID).kem.publicKey(seed);
}

/**
 * Do the work for one content and one address; slow, about 2**bits hashes: call it in a worker.
 *
 * @param address Whom it is for.
 * @param content A signed `ContactRequest`, encoded.
 * @param bits What the look-up asked for.
 * @param solve Does the work; one that lets others have their turn may be given.
 * @returns What `sealRequest` takes.
 * @throws UsageError More bits than anyone should work for (CK-292 refuses such an answer).
 */
export async function pay(
  address: HandleAddress,
  content: Uint8Array,
  bits: number,
  solve: (challenge: Bytes, bits: number) => Bytes | Promise<Bytes> = work.solve,
): Promise<Bytes> {
  const challenged = await challenge(address.mailbox, address.sealingKey, content);
  return concat(await solve(challenged, bits), content);
}

/**
 * Seal a paid request afresh.
 *
 * @returns Exactly one of `BUCKETS` bytes.
 * @throws PeerError `TOO_LARGE`; `MALFORMED` for a sealing key that is none (CK-011, CK-012).
 */
export async function sealRequest(
  address: HandleAddress,
  paid: Uint8Array,
  rng: Rng,
): Promise<Bytes> {
  const overhead = ENCAPSULATION_BYTES + TAG_BYTES;
  const size = BUCKETS.find((bucket) => paid.length < bucket - overhead);
  if (size === undefined) {
    throw new PeerError(Code.TOO_LARGE, "a request beyond the largest envelope");
  }
  const { hpke } = suiteOf(SUITE_ID);
  const info = concat(INFO, address.mailbox);
  return concat(...(await hpke.seal(address.sealingKey, info, pad(paid, size - overhead), rng)));
}

/**
 * Open a request that came by our handle, and check that it was paid for.
 *
 * @param mailbox Our mailbox that it was taken from.
 * @param seed The private sealing key.
 * @param envelope As it arrived.
 * @returns The content.
 * @throws PeerError `DECRYPTION`, it is not sealed to this key for this mailbox (CK-290), so that a
 *   request to somebody else cannot be passed on to us; `REFUSED` (CK-288), the work was not done
 *   for this content, mailbox and key. Without it a stranger could fill anybody's queue for nothing,
 *   and one piece of work would open every handle.
 */
export async function openRequest(
  mailbox: MailboxId,
  seed: Bytes,
  envelope: Bytes,
): Promise<Bytes> {
  const paid = unpad(await unseal(mailbox, seed, envelope));
  const [nonce, content] = [paid.subarray(0, work.NONCE_BYTES), paid.subarray(work.NONCE_BYTES)];
  const challenged = await challenge(mailbox, await sealingKeyOf(seed), content);
  if (!work.check(challenged, nonce, work.REQUEST_BITS)) {
    throw new PeerError(Code.REFUSED, "CK-288 a request by handle without its work");
  }
  return copy(content);
}

async function unseal(mailbox: MailboxId, seed: Bytes, envelope: Bytes): Promise<Bytes> {
  const encapsulation = envelope.subarray(0, ENCAPSULATION_BYTES);
  const ciphertext = envelope.subarray(ENCAPSULATION_BYTES);
  try {
    const { hpke } = suiteOf(SUITE_ID);
    return await hpke.open(seed, encapsulation, concat(INFO, mailbox), ciphertext);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new PeerError(Code.DECRYPTION, "CK-290 not sealed to our handle");
  }
}

/** Hashed to one length, so that a try costs the same whatever the request holds. */
function challenge(
  mailbox: MailboxId,
  sealingKey: Uint8Array,
  content: Uint8Array,
): Promise<Bytes> {
  return SHA256.digest(concat(WORK, handleDestination(mailbox, sealingKey), content));
}
