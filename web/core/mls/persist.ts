/**
 * Group state as bytes: a version byte, then MLS encoding throughout, the same as in Python.
 *
 * For the encrypted local store only: this holds every secret of the group. It never enters vault,
 * export or backup (protocol.md P5), because restored state reuses keys and forks groups.
 */

import { type Bytes, concat, equal, fromHex, hex } from "../bytes.ts";
import { Code, FatalError, PeerError } from "../errors.ts";
import { ensure } from "./checks.ts";
import * as codec from "./codec.ts";
import { type Read, Reader } from "./codec.ts";
import { encodeSender, readSender } from "./framing.ts";
import { encodeGroupContext, readGroupContext } from "./group_context.ts";
import type { EpochKeys } from "./key_schedule.ts";
import type { MemberInfo } from "./leaf_node.ts";
import type { Proposed } from "./proposal_list.ts";
import { encodeProposal, readProposal } from "./proposals.ts";
import { RatchetTree } from "./ratchet_tree.ts";
import { MessageKey, Ratchet, SecretTree } from "./secret_tree.ts";
import { type GroupState, type PastEpoch, resumptionKey, Status } from "./state.ts";
import { type Suite, suiteOf } from "./suite.ts";

export const VERSION = 1;

type Encode<T> = (value: T) => Bytes;

/** Encode a map in its own order, which is part of the state's encoding. */
function encodeMap<K, V>(values: ReadonlyMap<K, V>, key: Encode<K>, value: Encode<V>): Bytes {
  return codec.vector([...values].map(([k, v]) => concat(key(k), value(v))));
}

function readMap<K, V>(reader: Reader, key: Read<K>, value: Read<V>): ReadonlyMap<K, V> {
  return new Map(reader.items((inner) => [key(inner), value(inner)] as const));
}

/** Byte strings as keys of a map are hex in memory, and bytes when stored. */
function encodeHexKey(key: string): Bytes {
  return codec.opaque(fromHex(key));
}

function readHexKey(reader: Reader): string {
  return hex(reader.opaque());
}

function encodeRatchet(ratchet: Ratchet): Bytes {
  const kept = encodeMap(ratchet.kept, codec.u32, (made) =>
    concat(codec.opaque(made.key), codec.opaque(made.nonce)),
  );
  return concat(codec.opaque(ratchet.secret), codec.u32(ratchet.generation), kept);
}

function readMessageKey(reader: Reader): MessageKey {
  const key = reader.opaque();
  return new MessageKey(key, reader.opaque());
}

function readRatchet(reader: Reader): Ratchet {
  const secret = reader.opaque();
  const generation = reader.uint(4);
  return new Ratchet(secret, generation, readMap(reader, codec.readU32, readMessageKey));
}

function encodeSecretTree(tree: SecretTree): Bytes {
  return concat(
    codec.u32(tree.leafCount),
    encodeMap(tree.secrets, codec.u32, codec.opaque),
    encodeMap(tree.handshake, codec.u32, encodeRatchet),
    encodeMap(tree.application, codec.u32, encodeRatchet),
  );
}

function readSecretTree(reader: Reader, suite: Suite): SecretTree {
  return new SecretTree({
    suite,
    leafCount: reader.uint(4),
    secrets: readMap(reader, codec.readU32, codec.readOpaque),
    handshake: readMap(reader, codec.readU32, readRatchet),
    application: readMap(reader, codec.readU32, readRatchet),
  });
}

function encodeKeys(keys: EpochKeys): Bytes {
  return concat(
    codec.opaque(keys.init),
    codec.opaque(keys.senderData),
    codec.opaque(keys.exporter),
    codec.opaque(keys.external),
    codec.opaque(keys.membership),
    codec.opaque(keys.resumption),
    codec.opaque(keys.epochAuthenticator),
  );
}

function readKeys(reader: Reader): EpochKeys {
  return {
    init: reader.opaque(),
    senderData: reader.opaque(),
    exporter: reader.opaque(),
    external: reader.opaque(),
    membership: reader.opaque(),
    resumption: reader.opaque(),
    epochAuthenticator: reader.opaque(),
  };
}

function encodeMember(member: MemberInfo): Bytes {
  return concat(
    codec.u32(member.leafIndex ?? 0), // members of an epoch have places
    codec.opaque(member.identity),
    codec.opaque(member.signatureKey),
  );
}

function readMember(reader: Reader): MemberInfo {
  return {
    leafIndex: reader.uint(4),
    identity: reader.opaque(),
    signatureKey: reader.opaque(),
  };
}

function encodePast(past: PastEpoch): Bytes {
  return concat(
    codec.u64(past.epoch),
    codec.opaque(past.context),
    codec.vector(past.members.map(encodeMember)),
    codec.opaque(past.senderData),
    encodeSecretTree(past.secretTree),
  );
}

function readPast(reader: Reader, suite: Suite): PastEpoch {
  return {
    epoch: reader.uint64(),
    context: reader.opaque(),
    members: reader.items(readMember),
    senderData: reader.opaque(),
    secretTree: readSecretTree(reader, suite),
  };
}

function encodeProposed({ proposal, sender }: Proposed): Bytes {
  return concat(encodeSender(sender), encodeProposal(proposal));
}

function readProposed(reader: Reader): Proposed {
  const sender = readSender(reader);
  return { sender, proposal: readProposal(reader) };
}

function encodeResumptionKey(key: string): Bytes {
  const [groupId = "", epoch = ""] = key.split(":");
  return concat(encodeHexKey(groupId), codec.u64(BigInt(epoch)));
}

function readResumptionKey(reader: Reader): string {
  const groupId = reader.opaque();
  return resumptionKey(groupId, reader.uint64());
}

/**
 * Serialise a state.
 *
 * @returns Version byte and encoding; equal states give equal bytes.
 */
export function encodeState(state: GroupState): Bytes {
  return concat(
    codec.u8(VERSION),
    codec.u8(state.status),
    encodeGroupContext(state.context),
    codec.opaque(state.tree.encode()),
    encodeKeys(state.keys),
    codec.opaque(state.interim),
    codec.opaque(state.confirmationTag),
    codec.u32(state.ownLeaf),
    codec.opaque(state.signaturePrivate),
    encodeMap(state.privates, codec.u32, codec.opaque),
    encodeSecretTree(state.secretTree),
    encodeMap(state.pending, encodeHexKey, encodeProposed),
    encodeMap(state.pendingUpdates, encodeHexKey, codec.opaque),
    codec.vector(state.past.map(encodePast)),
    encodeMap(state.resumption, encodeResumptionKey, codec.opaque),
    encodeMap(state.psks, encodeHexKey, codec.opaque),
  );
}

/**
 * Restore a state.
 *
 * @param data From `encodeState`.
 * @throws FatalError Another version, or damaged: the group must be rejoined (protocol.md P5).
 */
export function decodeState(data: Bytes): GroupState {
  const reader = new Reader(data);
  try {
    if (reader.uint(1) !== VERSION) {
      throw new FatalError(Code.MALFORMED, "a stored group has an unknown version");
    }
    const state = readState(reader);
    reader.finish();
    return state;
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new FatalError(Code.MALFORMED, "a stored group is damaged");
  }
}

function readState(reader: Reader): GroupState {
  const status = codec.readTag(reader, 1, Status);
  const context = readGroupContext(reader);
  const suite = suiteOf(context.cipherSuite);
  const tree = RatchetTree.decode(suite, reader.opaque());
  const state: GroupState = {
    suite,
    context,
    tree,
    keys: readKeys(reader),
    interim: reader.opaque(),
    confirmationTag: reader.opaque(),
    ownLeaf: reader.uint(4),
    signaturePrivate: reader.opaque(),
    privates: readMap(reader, codec.readU32, codec.readOpaque),
    secretTree: readSecretTree(reader, suite),
    pending: readMap(reader, readHexKey, readProposed),
    pendingUpdates: readMap(reader, readHexKey, codec.readOpaque),
    past: reader.items((inner) => readPast(inner, suite)),
    resumption: readMap(reader, readResumptionKey, codec.readOpaque),
    psks: readMap(reader, readHexKey, codec.readOpaque),
    status,
  };
  // Catches state that was cut together from two copies; the store's own seal catches the rest.
  ensure("CK-042", equal(tree.treeHash(), context.treeHash));
  return state;
}
