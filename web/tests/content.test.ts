/** Sealed contents: each decodes to what was encoded, only where it belongs (CK-271, CK-272). */

import { describe, expect, test } from "vitest";
import { type Bytes, hex } from "../core/bytes.ts";
import * as codec from "../core/content.ts";
import type { RecordType, Schema } from "../core/content_fields.ts";
import { GroupTerms } from "../core/content_group.ts";
import { MAX_BODY_BYTES, type MessageText } from "../core/content_inner.ts";
import type { Mls, PairRequest } from "../core/content_outer.ts";
import {
  ContactRecord,
  DeviceAddress,
  MAX_MLS_BYTES,
  Rules,
  Settings,
} from "../core/content_records.ts";
import type { SelfDeviceAdded } from "../core/content_self.ts";
import { MAX_CONTENT } from "../core/envelope.ts";
import { UsageError } from "../core/errors.ts";
import { DeviceId, MessageId } from "../core/ids.ts";
import {
  disagreements,
  expectAsInPython,
  expectEveryContent,
  fieldsOf,
  SEALED,
} from "./content_vectors.ts";
import { loadCore, outcome, plain } from "./core_vectors.ts";
import { MismatchError } from "./vector_element.ts";

const RECORDS: readonly RecordType<Schema>[] = [
  ContactRecord,
  DeviceAddress,
  GroupTerms,
  Rules,
  Settings,
];

const VECTORS = loadCore("content");
const CONTENTS = VECTORS.children("contents");

describe("as in Python", () => {
  test("there is an example of every content, in the places where Python has it", () => {
    expectEveryContent(CONTENTS, SEALED);
  });

  test.each(CONTENTS.map((e, i) => [`${i} ${e.text("kind")}`, e] as const))("content %s", (_, e) =>
    expectAsInPython(e, SEALED),
  );

  test.each(VECTORS.children("records").map((e) => [e.text("record"), e] as const))(
    "record %s",
    async (name, e) => {
      const of = RECORDS.find((each) => each.name === name);
      if (of === undefined) throw new MismatchError("no such record");
      const encoded = e.data("encoded");
      const record = codec.decodeRecord(of, encoded);
      expect(plain(record)).toEqual(fieldsOf(e));
      const again = (data: Bytes) => codec.encodeRecord(of, codec.decodeRecord(of, data));
      expect(hex(again(encoded))).toBe(hex(encoded));
      expect(await disagreements(e, again)).toEqual([]);
      e.finish();
    },
  );

  test("every element was read", () => VECTORS.finish());
});

const ID = new MessageId(new Uint8Array(16));
const DEVICE = new DeviceId(new Uint8Array(16));

function message(body: string): MessageText {
  return { kind: "message.text", id: ID, at: 1_800_000_000, body };
}

describe("what we send", () => {
  test("belongs where it goes", () => {
    // A text is said to one person or to a group.
    const elsewhere = SEALED.filter(({ name }) => name !== "inner" && name !== "in-group");
    for (const family of elsewhere) {
      expect(() => family.encode(message("x") as never)).toThrow(UsageError);
    }
  });

  test("text goes out in NFC, within its bound in bytes", async () => {
    const decoded = codec.decodeInner(codec.encodeInner(message("e\u0301")));
    expect(decoded).toEqual(message("\u00e9"));
    codec.encodeInner(message("x".repeat(MAX_BODY_BYTES)));
    for (const body of ["x".repeat(MAX_BODY_BYTES + 1), "é".repeat(MAX_BODY_BYTES / 2 + 1)]) {
      expect(await outcome(() => codec.encodeInner(message(body)))).toBe("too_large");
    }
    for (const body of ["", "\ud800"]) {
      expect(() => codec.encodeInner(message(body))).toThrow(UsageError);
    }
  });

  test.each(["\n", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2067", "\u200f", "\u061c"])(
    "names cannot hide or turn text: %j",
    (char) => {
      const added = (name: string): SelfDeviceAdded => ({
        kind: "self.device_added",
        device: DEVICE,
        name,
      });
      const good = added("Ann\u200da's 📱 \u05d0");
      expect(codec.decodeSibling(codec.encodeSibling(good))).toEqual(good);
      expect(() => codec.encodeSibling(added(`Ann${char}a`))).toThrow(UsageError);
    },
  );

  test("is not larger than an envelope", async () => {
    const mls = (size: number): Mls => ({ kind: "mls", message: new Uint8Array(size) });
    expect(codec.encodeOuter(mls(MAX_MLS_BYTES)).length).toBeLessThanOrEqual(MAX_CONTENT);
    expect(await outcome(() => codec.encodeOuter(mls(MAX_MLS_BYTES + 1)))).toBe("too_large");
    const [address] = CONTENTS.filter((e) => e.text("kind") === "pair.request").map(
      (e) => (codec.decodeOuter(e.data("encoded")) as PairRequest).address,
    );
    if (address === undefined) throw new MismatchError("no example of a pair request");
    const request: PairRequest = {
      kind: "pair.request",
      list: new Uint8Array(1),
      address,
      keyPackages: Array.from({ length: 20 }, () => new Uint8Array(16_000)),
    };
    expect(await outcome(() => codec.encodeOuter(request))).toBe("too_large");
  });

  test("a mistake of ours is not a fault of a peer's", () => {
    const bad = { ...message("x"), at: "soon" as unknown as number };
    expect(() => codec.encodeInner(bad)).toThrow(UsageError);
  });
});
