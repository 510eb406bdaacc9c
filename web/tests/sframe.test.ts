/** SFrame (RFC 9605): the official vectors, header codec, key derivation, ciphers. */

import { describe, expect, test } from "vitest";
import { type Bytes, concat, hex, utf8 } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import * as sframe from "../core/sframe.ts";
import { decodeHeader, encodeHeader, SframeKey } from "../core/sframe.ts";
import { Dice, flipped, outcome } from "./core_vectors.ts";
import { stream } from "./mls/refusals.ts";
import { type Element, must, same } from "./vector_element.ts";
import { describeVectors, officialSframe, type Run } from "./vectors.ts";

const BASE_KEY: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
const META = utf8("meta");
const NOTHING: Bytes = new Uint8Array();

function uint64(e: Element, key: string): bigint {
  return BigInt(`0x${hex(e.secret(key, 8))}`);
}

async function refuses(what: string, attempt: () => unknown): Promise<void> {
  must(`${what} is refused`, (await outcome(attempt)) !== "ok");
}

async function header(e: Element): Promise<void> {
  const [kid, ctr, encoded] = [uint64(e, "kid"), uint64(e, "ctr"), e.data("encoded")];
  same("encoded", encodeHeader(kid, ctr), encoded);
  const decoded = decodeHeader(concat(encoded, utf8("frame")));
  same("kid", decoded.kid, kid);
  same("ctr", decoded.ctr, ctr);
  same("length", decoded.length, encoded.length);
  await refuses("a header cut short", () => decodeHeader(encoded.subarray(0, -1)));
}

async function ctrHmac(e: Element): Promise<void> {
  const suite = e.number("cipher_suite");
  const { keyLength, cipherKeyLength } = sframe.suiteOf(suite);
  const [key, nonce, aad] = [e.secret("key", keyLength), e.data("nonce"), e.data("aad")];
  const [plaintext, sealed] = [e.data("pt"), e.data("ct")];
  same("enc_key", key.subarray(0, cipherKeyLength), e.data("enc_key"));
  same("auth_key", key.subarray(cipherKeyLength), e.data("auth_key"));
  const cipher = await sframe.cipherOf(suite, key);
  same("ct", await cipher.seal(nonce, aad, plaintext), sealed);
  same("pt", await cipher.unseal(nonce, aad, sealed), plaintext);
  await refuses("other aad", () => cipher.unseal(nonce, concat(aad, utf8("x")), sealed));
}

async function frame(e: Element): Promise<void> {
  const suite = e.number("cipher_suite");
  const [kid, ctr] = [uint64(e, "kid"), uint64(e, "ctr")];
  const [baseKey, metadata] = [e.data("base_key"), e.data("metadata")];
  const [plaintext, sealed] = [e.data("pt"), e.data("ct")];
  same("sframe_key_label", sframe.keyLabel(suite, kid), e.data("sframe_key_label"));
  same("sframe_salt_label", sframe.saltLabel(suite, kid), e.data("sframe_salt_label"));
  same("sframe_secret", sframe.deriveSecret(suite, baseKey), e.data("sframe_secret"));
  const derived = sframe.deriveKey(suite, kid, baseKey);
  same("sframe_key", derived.key, e.data("sframe_key"));
  same("sframe_salt", derived.salt, e.data("sframe_salt"));
  const key = await SframeKey.derive(suite, kid, baseKey);
  same("nonce", key.nonce(ctr), e.data("nonce"));
  same("aad", concat(encodeHeader(kid, ctr), metadata), e.data("aad"));
  same("ct", await key.encrypt(ctr, metadata, plaintext), sealed);
  const opened = await key.decrypt(metadata, sealed);
  same("ctr", opened.ctr, ctr);
  same("pt", opened.plaintext, plaintext);
  await refuses("other metadata", () => key.decrypt(concat(metadata, utf8("x")), sealed));
  await refuses("a frame cut short", () => key.decrypt(metadata, sealed.subarray(0, -1)));
}

const KINDS: Readonly<Record<string, readonly [least: number, run: Run]>> = {
  header: [289, header],
  aes_ctr_hmac: [3, ctrHmac],
  aes_256_ctr_hmac: [3, ctrHmac],
  sframe: [5, frame],
};

for (const [name, [least, run]] of Object.entries(KINDS)) {
  describeVectors({ name, least, run, load: (context) => officialSframe(context)[name] ?? [] });
}

test("the official file has no kind that nobody runs", (context) => {
  expect(Object.keys(officialSframe(context)).sort()).toEqual(Object.keys(KINDS).sort());
});

describe("headers", () => {
  test("what parses re-encodes to the same bytes", async () => {
    const dice = new Dice(1);
    let parsed = 0;
    for (let i = 0; i < 3000; i++) {
      const data = dice.bytes(dice.roll(20));
      const found: sframe.Header[] = [];
      const result = await outcome(() => found.push(decodeHeader(data)));
      for (const { kid, ctr, length } of found) {
        expect(encodeHeader(kid, ctr)).toEqual(data.slice(0, length));
        parsed++;
      }
      if (found.length === 0) expect(result).toMatch(/^malformed CK-20[01]$/);
    }
    expect(parsed).toBeGreaterThan(100);
  });

  test.each(["", "80", "08", "8908", "f0ffffffffffffff", "8808"])(
    "CK-200: cut short: %s",
    async (data) => {
      const bytes = Uint8Array.from(data.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
      expect(await outcome(() => decodeHeader(bytes))).toBe("malformed CK-200");
    },
  );

  test.each(["8007", "8000", "900008", "0807", "890001ff", "09000f"])(
    "CK-201: longer than needed: %s",
    async (data) => {
      const bytes = Uint8Array.from(data.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
      expect(await outcome(() => decodeHeader(bytes))).toBe("malformed CK-201");
    },
  );

  test.each([
    [-1n, 0n],
    [0n, -1n],
    [2n ** 64n, 0n],
    [0n, 2n ** 64n],
  ])("fields have 64 bits: %s %s", (kid, ctr) => {
    expect(() => encodeHeader(kid, ctr)).toThrow(UsageError);
  });

  test("KIDs: examples of the RFC, and what is out of range", () => {
    const bits = { epochBits: 4, leafBits: 6 };
    expect(sframe.mlsKid(14n, 3, 0, bits)).toBe(0x3en);
    expect(sframe.mlsKid(16n, 2, 3, bits)).toBe(0xc20n);
    for (const [epoch, leaf, context] of [
      [-1n, 0, 0],
      [0n, -1, 0],
      [0n, 64, 0],
      [0n, 0, -1],
      [0n, 0.5, 0],
    ] as const) {
      expect(() => sframe.mlsKid(epoch, leaf, context, bits)).toThrow(UsageError);
    }
  });
});

describe.each([...sframe.SUITES.keys()])("suite %i", (suite) => {
  test("round trip and length", async () => {
    const key = await SframeKey.derive(suite, 0x123n, BASE_KEY);
    const { tagLength } = sframe.suiteOf(suite);
    for (const length of [0, 1, 15, 16, 17, 1000]) {
      const plaintext = stream(`frame ${length}`)(length);
      const sealed = await key.encrypt(7n, META, plaintext);
      expect(sealed.length).toBe(encodeHeader(0x123n, 7n).length + length + tagLength);
      expect(await key.decrypt(META, sealed)).toEqual({ ctr: 7n, plaintext });
    }
  });

  test("CK-203: a changed byte, a cut or other metadata", async () => {
    const key = await SframeKey.derive(suite, 0x123n, BASE_KEY);
    const sealed = await key.encrypt(0x4567n, META, utf8("frame"));
    for (let at = 0; at < sealed.length; at++) {
      const changed = await outcome(() => key.decrypt(META, flipped(sealed, at)));
      expect(changed).toMatch(/^(decryption|malformed) CK-20[0-3]$/);
      const cut = await outcome(() => key.decrypt(META, sealed.slice(0, at)));
      expect(cut).toMatch(/^(decryption|malformed) CK-20[03]$/);
    }
    for (const metadata of ["", "met", "meta ", "atem"]) {
      const other = await outcome(() => key.decrypt(utf8(metadata), sealed));
      expect(other).toBe("decryption CK-203");
    }
    expect((await key.decrypt(META, sealed)).plaintext).toEqual(utf8("frame"));
  });

  test("KIDs and base keys have keys of their own", async () => {
    const mine = sframe.deriveKey(suite, 1n, BASE_KEY);
    for (const [kid, baseKey] of [
      [2n, BASE_KEY],
      [1n, BASE_KEY.toReversed()],
    ] as const) {
      const other = sframe.deriveKey(suite, kid, baseKey);
      expect(other.key).not.toEqual(mine.key);
      expect(other.salt).not.toEqual(mine.salt);
    }
  });
});

test("CK-202: a frame that names another key", async () => {
  const sealed = await (await SframeKey.derive(5, 1n, BASE_KEY)).encrypt(1n, NOTHING, META);
  const other = await SframeKey.derive(5, 2n, BASE_KEY);
  expect(await outcome(() => other.decrypt(NOTHING, sealed))).toBe("decryption CK-202");
});

test("an unknown suite or KID, or a key of another length, is our own mistake", async () => {
  for (const [suite, kid] of [
    [0, 1n],
    [9, 1n],
    [5, -1n],
    [5, 2n ** 64n],
  ] as const) {
    await expect(SframeKey.derive(suite, kid, BASE_KEY)).rejects.toThrow(UsageError);
  }
  await expect(sframe.cipherOf(5, NOTHING)).rejects.toThrow(UsageError);
});
