/**
 * Contents of one place, encoded and decoded there and nowhere else.
 *
 * Not for: which contents there are (`content.ts`, `content_room.ts`), or their fields
 * (`content_fields.ts`).
 */

import type { Bytes } from "./bytes.ts";
import { type CborMap, decodeVersioned, type Encodable, encode } from "./cbor.ts";
import { type AnyContentType, decodeFields, encodeFields, VERSION } from "./content_fields.ts";
import { Code, PeerError, UsageError } from "./errors.ts";

export type Content = Readonly<{ kind: string }>;

export type FamilyBounds = Readonly<{
  /** Bytes of the longest content that is encoded. */
  most: number;
  /** The detail of the error for what is none of the contents; begins with the check's id. */
  unknown: string;
}>;

/** The contents that may stand in one place. */
export class Family<C extends Content> {
  readonly #byKind: ReadonlyMap<string, AnyContentType>;
  readonly #byType: ReadonlyMap<string, AnyContentType>;
  readonly #most: number;
  readonly #unknown: string;

  constructor(types: readonly AnyContentType[], { most, unknown }: FamilyBounds) {
    this.#byKind = new Map(types.map((type) => [type.kind, type]));
    this.#byType = new Map(types.map((type) => [keyOf(Object.entries(type.type)), type]));
    this.#most = most;
    this.#unknown = unknown;
  }

  /**
   * Encode a content.
   *
   * @throws PeerError `TOO_LARGE`.
   * @throws UsageError The content is one that receivers would refuse.
   */
  encode(content: C): Bytes {
    const type = this.#byKind.get(content.kind);
    if (type === undefined) throw new UsageError("this content belongs elsewhere");
    const fields = encodeFields(type, content);
    const data = encode(
      new Map<string, Encodable>([["v", VERSION], ...Object.entries(type.type), ...fields]),
    );
    if (data.length > this.#most) {
      throw new PeerError(Code.TOO_LARGE, `content beyond ${this.#most} bytes`);
    }
    try {
      this.decode(data);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      throw new UsageError(`would send what others refuse: ${error.detail}`);
    }
    return data;
  }

  /**
   * Decode a content.
   *
   * @throws PeerError `MALFORMED` (CK-250, CK-271, `unknown`, or what its content requires).
   */
  decode(data: Uint8Array): C {
    const raw = decodeVersioned(data, VERSION);
    const type = this.#typeOf(raw);
    const fields = new Map([...raw].filter(([name]) => !Object.hasOwn(type.type, name)));
    const decoded = decodeFields(type, fields);
    type.fits?.(decoded);
    return { kind: type.kind, ...decoded } as unknown as C;
  }

  /**
   * The type is looked up among those of this place only: an in-call message that turns up in a
   * conversation, or a request inside a group, is refused and not acted upon.
   */
  #typeOf(raw: CborMap): AnyContentType {
    const names = raw.get("k") === "welcome" ? ["k", "w"] : ["k", "t"];
    const found: [string, string][] = [];
    for (const name of names) {
      const value = raw.get(name);
      if (value === undefined) continue;
      if (typeof value !== "string") throw this.#notHere();
      found.push([name, value]);
    }
    const type = this.#byType.get(keyOf(found));
    if (type === undefined) throw this.#notHere();
    return type;
  }

  #notHere(): PeerError {
    return new PeerError(Code.MALFORMED, this.#unknown);
  }
}

/** JSON, so that no text in a field can pass for two fields. */
function keyOf(fields: readonly (readonly [string, string])[]): string {
  return JSON.stringify(fields);
}
