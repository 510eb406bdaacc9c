/**
 * Sealed content: everything that travels end to end, encoded and decoded (docs/protocol).
 *
 * Four families, one per place, so that a content decodes only where it belongs:
 *
 *     encodeOuter / decodeOuter      plaintext of an envelope            content_outer
 *     encodeInner / decodeInner      application message, conversation   content_inner
 *     encodeInCall / decodeInCall    application message, call group     content_call
 *     encodeSibling / decodeSibling  application message, self group     content_self
 *
 * The schema for other readers is docs/protocol/sealed-content.cddl.
 */

import type { Bytes } from "./bytes.ts";
import { type CborMap, decodeMap, decodeVersioned, type Encodable, encode } from "./cbor.ts";
import { IN_CALL, type InCall } from "./content_call.ts";
import {
  type AnyContentType,
  decodeFields,
  encodeFields,
  type RecordOf,
  type RecordType,
  type Schema,
  VERSION,
} from "./content_fields.ts";
import { INNER, type Inner } from "./content_inner.ts";
import { OUTER, type Outer } from "./content_outer.ts";
import { SIBLING, type Sibling } from "./content_self.ts";
import { MAX_CONTENT } from "./envelope.ts";
import { Code, PeerError, UsageError } from "./errors.ts";

type Content = Readonly<{ kind: string }>;

/** One place where contents travel. */
class Family<C extends Content> {
  readonly #byKind: ReadonlyMap<string, AnyContentType>;
  readonly #byType: ReadonlyMap<string, AnyContentType>;

  constructor(types: readonly AnyContentType[]) {
    this.#byKind = new Map(types.map((type) => [type.kind, type]));
    this.#byType = new Map(types.map((type) => [keyOf(Object.entries(type.type)), type]));
  }

  encode(content: C): Bytes {
    const type = this.#byKind.get(content.kind);
    if (type === undefined) throw new UsageError("this content belongs elsewhere");
    const fields = encodeFields(type, content);
    const data = encode(
      new Map<string, Encodable>([["v", VERSION], ...Object.entries(type.type), ...fields]),
    );
    if (data.length > MAX_CONTENT) {
      throw new PeerError(Code.TOO_LARGE, "content beyond the largest envelope");
    }
    try {
      this.decode(data);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      throw new UsageError(`would send what others refuse: ${error.detail}`);
    }
    return data;
  }

  decode(data: Uint8Array): C {
    const raw = decodeVersioned(data, VERSION);
    const type = this.#typeOf(raw);
    const fields = new Map([...raw].filter(([name]) => !Object.hasOwn(type.type, name)));
    return { kind: type.kind, ...decodeFields(type, fields) } as unknown as C;
  }

  /**
   * CK-272: the type is looked up among those of this place only: an in-call message that turns up
   * in a conversation, or a request inside a group, is refused and not acted upon.
   */
  #typeOf(raw: CborMap): AnyContentType {
    const names = raw.get("k") === "welcome" ? ["k", "w"] : ["k", "t"];
    const found: [string, string][] = [];
    for (const name of names) {
      const value = raw.get(name);
      if (value === undefined) continue;
      if (typeof value !== "string") throw notHere();
      found.push([name, value]);
    }
    const type = this.#byType.get(keyOf(found));
    if (type === undefined) throw notHere();
    return type;
  }
}

/** JSON, so that no text in a field can pass for two fields. */
function keyOf(fields: readonly (readonly [string, string])[]): string {
  return JSON.stringify(fields);
}

function notHere(): PeerError {
  return new PeerError(Code.MALFORMED, "CK-272 no such content here");
}

const FAMILIES = {
  outer: new Family<Outer>(OUTER),
  inner: new Family<Inner>(INNER),
  inCall: new Family<InCall>(IN_CALL),
  sibling: new Family<Sibling>(SIBLING),
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

/** Encode an application message of the self group; throws as `encodeOuter`. */
export function encodeSibling(content: Sibling): Bytes {
  return FAMILIES.sibling.encode(content);
}

/** Decode an application message of the self group; throws as `decodeOuter`. */
export function decodeSibling(data: Uint8Array): Sibling {
  return FAMILIES.sibling.decode(data);
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
