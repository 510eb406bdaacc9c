/**
 * A device's consent key in a call: an extension of its leaf in the call's group (P17; twin of
 * `core/recording_leaf.py`).
 *
 * The leaf is signed by the device, so the members know whose the key is; it is seen by members alone,
 * so nobody else does. Beside the key stands whether this device is never to be recorded.
 *
 *     extension of type 0xF0A2, data = CBOR {"v": 1, "key": 32 bytes, "never": bool}
 *
 * Not for: what is signed with it (`recording_statements.ts`), or what follows (`recording.ts`).
 */

import { setOf } from "./byte_sets.ts";
import type { Bytes } from "./bytes.ts";
import { decodeVersioned, encode } from "./cbor.ts";
import {
  decodeFields,
  encodeFields,
  FLAG,
  fixed,
  type RecordOf,
  record,
  VERSION,
} from "./content_fields.ts";
import { Code, PeerError } from "./errors.ts";
import { ConsentKey } from "./ids.ts";
import type { Extension, MemberInfo } from "./mls/index.ts";

/** Of the private-use range (RFC 9420, 17.3). */
export const CONSENT_EXTENSION = 0xf0a2;

const CONSENT_LEAF = record("ConsentLeaf", {
  /** With which this device signs about recording this call, and no other. */
  key: fixed(ConsentKey),
  /** Its owner is never to be recorded: nobody is asked. */
  never: FLAG,
});

/** What a leaf says about recording its owner. */
export type ConsentLeaf = RecordOf<typeof CONSENT_LEAF>;

/** Return the extension for our own leaf. */
export function consentExtension(consent: ConsentLeaf): Extension {
  const fields = new Map([["v", VERSION], ...encodeFields(CONSENT_LEAF, consent)]);
  return { extensionType: CONSENT_EXTENSION, data: encode(fields) };
}

/**
 * Return what a member's leaf says.
 *
 * @throws PeerError BAD_CREDENTIAL (CK-937), it says nothing of it, or not in this form.
 */
export function consentOf({ extensions = [] }: Pick<MemberInfo, "extensions">): ConsentLeaf {
  // CK-937: of somebody without a key nobody could tell what they agreed to.
  const found = extensions.find(({ extensionType }) => extensionType === CONSENT_EXTENSION);
  if (found === undefined) throw refused("CK-937 a leaf without a consent key");
  return read(found.data);
}

/**
 * Require that no two members have one consent key.
 *
 * @throws PeerError BAD_CREDENTIAL (CK-938), or as `consentOf`.
 */
export function requireOwnKeys(members: readonly Pick<MemberInfo, "extensions">[]): void {
  // CK-938: else the yes of one would be the yes of both.
  const keys = members.map((member) => consentOf(member).key);
  if (setOf(...keys).size < keys.length) throw refused("CK-938 one consent key for two");
}

function read(data: Bytes): ConsentLeaf {
  try {
    return decodeFields(CONSENT_LEAF, decodeVersioned(data, VERSION));
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw refused("CK-937 a consent key of another form");
  }
}

function refused(why: string): PeerError {
  return new PeerError(Code.BAD_CREDENTIAL, why);
}
