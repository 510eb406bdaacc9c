/**
 * Sealed content: everything that travels end to end, encoded and decoded (docs/protocol).
 *
 * Seven families, one per place, so that a content decodes only where it belongs:
 *
 *     encodeOuter, decode...           plaintext of an envelope             content_outer
 *     encodeInner, decode...           application message, conversation    content_inner
 *     encodeInCall, decode...          application message, call group      content_call
 *     encodeInGroupCall, decode...     application message, group of a call content_group_call
 *     encodeSibling, decode...         application message, self group      content_self
 *     encodeInGroup, decode...         application message, group of people content_group
 *     encodeChange, decode...          beside a commit of such a group      content_group
 *
 * The schema for other readers is docs/protocol/sealed-content.cddl.
 */

import type { Bytes } from "./bytes.ts";
import { decodeMap, encode } from "./cbor.ts";
import { IN_CALL, type InCall } from "./content_call.ts";
import { type Content, Family } from "./content_family.ts";
import {
  type AnyContentType,
  decodeFields,
  encodeFields,
  type RecordOf,
  type RecordType,
  type Schema,
} from "./content_fields.ts";
import { GroupChange, IN_GROUP, type InGroup } from "./content_group.ts";
import { IN_GROUP_CALL, type InGroupCall } from "./content_group_call.ts";
import { INNER, type Inner } from "./content_inner.ts";
import { OUTER, type Outer } from "./content_outer.ts";
import { SIBLING, type Sibling } from "./content_self.ts";
import { MAX_CONTENT } from "./envelope.ts";

/** Contents of one of the places below. */
function family<C extends Content>(types: readonly AnyContentType[]): Family<C> {
  // CK-272: a content is looked up among those of its place only.
  return new Family<C>(types, { most: MAX_CONTENT, unknown: "CK-272 no such content here" });
}

const FAMILIES = {
  outer: family<Outer>(OUTER),
  inner: family<Inner>(INNER),
  inCall: family<InCall>(IN_CALL),
  inGroupCall: family<InGroupCall>(IN_GROUP_CALL),
  sibling: family<Sibling>(SIBLING),
  inGroup: family<InGroup>(IN_GROUP),
  change: family<GroupChange>([GroupChange]),
};

/**
 * Encode the plaintext of an envelope.
 *
 * @throws PeerError `TOO_LARGE`.
 * @throws UsageError The content is one that receivers would refuse.
 */
export function encodeOuter(content: Outer): Bytes {
  return FAMILIES.outer.encode(content);
}

/**
 * Decode the plaintext of an envelope.
 *
 * @throws PeerError `MALFORMED` (CK-250, CK-271, CK-272).
 */
export function decodeOuter(data: Uint8Array): Outer {
  return FAMILIES.outer.decode(data);
}

/** Encode an application message of a conversation group; throws as `encodeOuter`. */
export function encodeInner(content: Inner): Bytes {
  return FAMILIES.inner.encode(content);
}

/** Decode an application message of a conversation group; throws as `decodeOuter`. */
export function decodeInner(data: Uint8Array): Inner {
  return FAMILIES.inner.decode(data);
}

/** Encode an application message of a call group; throws as `encodeOuter`. */
export function encodeInCall(content: InCall): Bytes {
  return FAMILIES.inCall.encode(content);
}

/** Decode an application message of a call group; throws as `decodeOuter`. */
export function decodeInCall(data: Uint8Array): InCall {
  return FAMILIES.inCall.decode(data);
}

/** Encode an application message of a group call's group; throws as `encodeOuter`. */
export function encodeInGroupCall(content: InGroupCall): Bytes {
  return FAMILIES.inGroupCall.encode(content);
}

/** Decode an application message of a group call's group; throws as `decodeOuter`. */
export function decodeInGroupCall(data: Uint8Array): InGroupCall {
  return FAMILIES.inGroupCall.decode(data);
}

/** Encode an application message of the self group; throws as `encodeOuter`. */
export function encodeSibling(content: Sibling): Bytes {
  return FAMILIES.sibling.encode(content);
}

/** Decode an application message of the self group; throws as `decodeOuter`. */
export function decodeSibling(data: Uint8Array): Sibling {
  return FAMILIES.sibling.decode(data);
}

/** Encode an application message of a group of people; throws as `encodeOuter`. */
export function encodeInGroup(content: InGroup): Bytes {
  return FAMILIES.inGroup.encode(content);
}

/** Decode an application message of a group of people; throws as `decodeOuter`. */
export function decodeInGroup(data: Uint8Array): InGroup {
  return FAMILIES.inGroup.decode(data);
}

/** Encode what a commit of a group of people says beside it; throws as `encodeOuter`. */
export function encodeChange(content: GroupChange): Bytes {
  return FAMILIES.change.encode(content);
}

/** Decode what a commit of a group of people says beside it; throws as `decodeOuter`. */
export function decodeChange(data: Uint8Array): GroupChange {
  return FAMILIES.change.decode(data);
}

/**
 * Encode a record that stands alone, such as a `ContactRecord` in a vault item.
 *
 * @throws PeerError `TOO_LARGE`.
 */
export function encodeRecord<R extends RecordType<Schema>>(of: R, value: RecordOf<R>): Bytes {
  return encode(encodeFields(of, value));
}

/**
 * Decode what `encodeRecord` made.
 *
 * @throws PeerError `MALFORMED` (CK-250, CK-271).
 */
export function decodeRecord<R extends RecordType<Schema>>(of: R, data: Uint8Array): RecordOf<R> {
  return decodeFields(of, decodeMap(data));
}
