/** Envelopes: four sizes, one key, padding (CK-253 to CK-256). */

import { afterEach, describe, expect, test, vi } from "vitest";
import { type Bytes, concat, copy, fromHex, hex, utf8 } from "../core/bytes.ts";
import * as envelope from "../core/envelope.ts";
import { BUCKETS, OVERHEAD, openBytes, openEnvelope, seal, sealBytes } from "../core/envelope.ts";
import { UsageError } from "../core/errors.ts";
import { MailboxId } from "../core/ids.ts";
import { AES256 } from "../core/mls/hpke.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import { Dice, loadCore, outcome, rows } from "./core_vectors.ts";

const VECTORS = loadCore("envelope");
const MAILBOX = new MailboxId(VECTORS.data("mailbox"));
const KEY = VECTORS.data("key");
const OTHER = VECTORS.data("other");
const NAMED: ReadonlyMap<string, Bytes> = new Map([
  ["own", KEY],
  ["other", OTHER],
  ["twin", KEY],
]);

describe("as in Python", () => {
  test("sealed with the same nonce", async () => {
    const sizes = new Set<number>();
    for (const e of VECTORS.children("sealed")) {
      const nonce = e.data("nonce");
      const content = e.maybeData("content") ?? new Uint8Array(e.number("length"));
      expect(content.length).toBe(e.number("length"));
      const sealed = await seal(MAILBOX, KEY, content, () => nonce);
      expect(sealed.length).toBe(e.number("size"));
      expect(sealed.length).toBe(envelope.bucketFor(content.length));
      expect(hex(await SHA256.digest(sealed))).toBe(e.text("sha256"));
      const whole = e.maybeData("envelope");
      if (whole !== null) expect(hex(sealed)).toBe(hex(whole));
      const opened = await openEnvelope(MAILBOX, new Map([["anna", KEY]]), sealed);
      expect(opened.name).toBe("anna");
      expect(hex(opened.content)).toBe(hex(content));
      sizes.add(sealed.length);
    }
    expect([...sizes].sort((a, b) => a - b)).toEqual(BUCKETS);
  });

  test("bound to other data", async () => {
    const rising = (size: number) => Uint8Array.from({ length: size }, (_, i) => i);
    const sealed = await sealBytes(KEY, utf8("epoch 3"), utf8("commit"), rising);
    expect(hex(sealed)).toBe(VECTORS.text("bound"));
    expect(await openBytes(KEY, utf8("epoch 3"), sealed)).toEqual(utf8("commit"));
  });

  test("the largest", async () => {
    const [largest, refused] = VECTORS.values("largest");
    expect(envelope.MAX_CONTENT).toBe(largest);
    expect(envelope.MAX_SEAL_KEYS).toBe(VECTORS.number("most"));
    const beyond = new Uint8Array(envelope.MAX_CONTENT + 1);
    const dice = new Dice(5);
    expect(await outcome(() => seal(MAILBOX, KEY, beyond, (n) => dice.bytes(n)))).toBe(refused);
  });

  test("what opens and what does not", async () => {
    type Row = readonly [string, readonly string[], string | number, string, string];
    for (const [box, names, data, enveloped, bound] of rows<Row>(VECTORS, "opened")) {
      const mailbox = new MailboxId(fromHex(box));
      const sealed = typeof data === "string" ? fromHex(data) : new Uint8Array(data);
      const keys = new Map([...NAMED].filter(([name]) => names.includes(name)));
      expect(await outcome(() => openEnvelope(mailbox, keys, sealed))).toBe(enveloped);
      const key = NAMED.get(names[0] ?? "") ?? OTHER;
      expect(await outcome(() => openBytes(key, mailbox, sealed))).toBe(bound);
    }
  });

  test("CK-256: padding", async () => {
    type Row = readonly [sealed: string, outcome: string, content: string | null];
    for (const [sealed, expected, content] of rows<Row>(VECTORS, "padded")) {
      const opened: Bytes[] = [];
      const found = await outcome(async () =>
        opened.push((await openEnvelope(MAILBOX, new Map([[0, KEY]]), fromHex(sealed))).content),
      );
      expect(found).toBe(expected);
      expect(opened.map(hex)).toEqual(content === null ? [] : [content]);
    }
  });

  test("every element was read", () => VECTORS.finish());
});

describe("keys", () => {
  afterEach(() => vi.restoreAllMocks());

  test("CK-255: equal work for the first key, the last key and none", async () => {
    const dice = new Dice(6);
    const keys = new Map(Array.from({ length: 10 }, (_, i) => [i, dice.bytes(32)] as const));
    const open = vi.spyOn(AES256, "open");
    for (const key of [keys.get(0), keys.get(9), OTHER]) {
      open.mockClear();
      const sealed = await seal(MAILBOX, copy(key ?? OTHER), utf8("x"), (n) => dice.bytes(n));
      await outcome(() => openEnvelope(MAILBOX, keys, sealed));
      expect(open).toHaveBeenCalledTimes(10);
    }
  });

  test("their number is bounded, their length checked", async () => {
    const many = new Map(Array.from({ length: envelope.MAX_SEAL_KEYS + 1 }, (_, i) => [i, KEY]));
    const data = new Uint8Array(1024);
    await expect(openEnvelope(MAILBOX, many, data)).rejects.toThrow(UsageError);
    const short = new Map([[0, KEY.slice(1)]]);
    await expect(openEnvelope(MAILBOX, short, data)).rejects.toThrow(UsageError);
    const sealing = sealBytes(KEY.slice(1), MAILBOX, data, () => new Uint8Array(12));
    await expect(sealing).rejects.toThrow(UsageError);
  });

  test("content that ends like padding comes back", async () => {
    const dice = new Dice(7);
    for (let i = 0; i < 60; i++) {
      const tail = fromHex(dice.pick(["", "80", "00", "8000", "0080", "80808000"]));
      const content = concat(dice.bytes(dice.roll(1024 - OVERHEAD - 4)), tail);
      const sealed = await seal(MAILBOX, KEY, content, (n) => dice.bytes(n));
      expect((await openEnvelope(MAILBOX, new Map([[0, KEY]]), sealed)).content).toEqual(content);
    }
  });
});
