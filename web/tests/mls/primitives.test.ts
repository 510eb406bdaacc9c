/** Suites, KEMs, HPKE, signatures: runtime and `@noble` agree, and hostile keys are refused. */

import { ed448 } from "@noble/curves/ed448.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Bytes, concat, copy, fromHex, hex, uint, utf8 } from "../../core/bytes.ts";
import { UsageError } from "../../core/errors.ts";
import { P256, P521, Weierstrass, X448, X25519 } from "../../core/mls/curves.ts";
import { SHA256, SHA384 } from "../../core/mls/kdf.ts";
import { DhKem, NOBLE_ML_KEM, XWing } from "../../core/mls/kem.ts";
import {
  generateSignatureKey,
  SUITE_ID,
  SUITES,
  type Suite,
  signaturePublicKey,
  suiteOf,
} from "../../core/mls/suite.ts";
import { refused, stream } from "./refusals.ts";

const ALL_SUITES = [...SUITES.keys()];

/** Return a copy with one bit changed. */
function flipped(data: Uint8Array, at: number): Bytes {
  const changed = copy(data);
  const index = at < 0 ? data.length + at : at;
  changed[index] = (changed[index] ?? 0) ^ 1;
  return changed;
}

const littleEndian = (value: bigint, size: number) => copy(uint(value, size).reverse());

// The encodings of all points of small order on Curve25519 (RFC 7748 inputs with a zero result).
const SMALL_25519 = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  2n ** 255n - 20n,
  2n ** 255n - 19n,
  2n ** 255n - 18n,
];
const P448 = 2n ** 448n - 2n ** 224n - 1n;
const SMALL_448 = [0n, 1n, P448 - 1n, P448, P448 + 1n];

describe.each(ALL_SUITES)("suite %i", (suiteId) => {
  const suite = suiteOf(suiteId);
  const label = "label";
  const context = utf8("context");
  const secret = utf8("secret");

  test("encrypting and exporting reach the holder only", async () => {
    const rng = stream("hpke");
    const [privateKey, publicKey] = await suite.kem.deriveKeyPair(rng(suite.kem.nsk));
    const [other] = await suite.kem.deriveKeyPair(rng(suite.kem.nsk));
    expect(await suite.kem.publicKey(privateKey)).toEqual(publicKey);
    suite.kem.checkPublicKey(publicKey);
    const sealed = await suite.encryptWithLabel(publicKey, label, context, secret, rng);
    expect(await suite.decryptWithLabel(privateKey, label, context, sealed)).toEqual(secret);
    const [kemOutput, ciphertext] = sealed;
    for (const [key, name, about, given] of [
      [other, label, context, sealed],
      [privateKey, "other", context, sealed],
      [privateKey, label, utf8("other"), sealed],
      [privateKey, label, context, [kemOutput, flipped(ciphertext, 0)]],
      [privateKey, label, context, [kemOutput, flipped(ciphertext, -1)]],
      [privateKey, label, context, [kemOutput, ciphertext.slice(0, -1)]],
      [privateKey, label, context, [kemOutput, ciphertext.slice(0, 15)]],
      [privateKey, label, context, [kemOutput, new Uint8Array()]],
    ] as const) {
      await refused("CK-015", () => suite.decryptWithLabel(key, name, about, given));
    }
    const [output, made] = await suite.hpke.sendExport(publicKey, context, "what for", 32, rng);
    const receive = (what: string) =>
      suite.hpke.receiveExport(privateKey, output, context, what, 32);
    expect(await receive("what for")).toEqual(made);
    expect(await receive("other")).not.toEqual(made);
  });

  test("signatures", async () => {
    const privateKey = generateSignatureKey(suiteId, stream("sign"));
    const publicKey = await signaturePublicKey(suiteId, privateKey);
    const otherKey = generateSignatureKey(suiteId, stream("other"));
    const other = await signaturePublicKey(suiteId, otherKey);
    const signature = await suite.signWithLabel(privateKey, label, context);
    await suite.verifyWithLabel(publicKey, label, context, signature);
    for (const [key, name, content, given] of [
      [publicKey, label, context, flipped(signature, -1)],
      [publicKey, label, context, flipped(signature, 5)],
      [publicKey, label, context, signature.slice(0, -1)],
      [publicKey, label, context, concat(signature, Uint8Array.of(0))],
      [publicKey, label, context, new Uint8Array()],
      [publicKey, label, utf8("contexts"), signature],
      [publicKey, "labels", context, signature],
      [other, label, context, signature],
    ] as const) {
      await refused("CK-014", () => suite.verifyWithLabel(key, name, content, given));
    }
    for (const key of [publicKey.slice(0, -1), new Uint8Array()]) {
      await refused("CK-011", () => suite.verifyWithLabel(key, label, context, signature));
    }
    const short = privateKey.slice(0, -1);
    await refused("CK-016", () => suite.signWithLabel(short, label, context));
    await refused("CK-016", () => signaturePublicKey(suiteId, short));
  });

  test("CK-011, CK-016: keys and encapsulations have one length", async () => {
    const { kem } = suite;
    const rng = stream("length");
    const [privateKey, publicKey] = await kem.deriveKeyPair(rng(kem.nsk));
    for (const bad of [
      new Uint8Array(),
      publicKey.slice(0, -1),
      concat(publicKey, Uint8Array.of(0)),
    ]) {
      await refused("CK-011", () => kem.checkPublicKey(bad));
      await refused("CK-011", () => kem.encapsulate(bad, rng));
      await refused("CK-011", () => kem.decapsulate(bad, privateKey));
    }
    await refused("CK-016", () => kem.publicKey(privateKey.slice(0, -1)));
  });

  test("a MAC refuses by the check it stands for", async () => {
    const key = new Uint8Array(suite.nh).fill(1);
    const tag = suite.kdf.mac(key, context);
    suite.verifyMac("CK-052", key, context, tag);
    await refused("CK-052", () => suite.verifyMac("CK-052", key, context, flipped(tag, 0)));
    await refused("CK-106", () => suite.verifyMac("CK-106", key, context, tag.slice(0, -1)));
    await refused("CK-106", () => suite.verifyMac("CK-106", key, context, new Uint8Array()));
  });
});

test("CK-010: unknown suites", async () => {
  for (const suiteId of [0, 8, 83, 0xf00d]) await refused("CK-010", () => suiteOf(suiteId));
});

test("the product's suite", async () => {
  const suite = suiteOf(SUITE_ID);
  expect([suite.suiteId, suite.kem.kemId, suite.nh]).toEqual([0xf04d, 0x647a, 48]);
  expect([suite.kdf, suite.aead.nk, suite.aead.nn]).toEqual([SHA384, 32, 12]);
  const [privateKey, publicKey] = await suite.kem.deriveKeyPair(stream("p")(32));
  expect([privateKey.length, publicKey.length]).toEqual([32, 1216]);
});

describe("Diffie-Hellman", () => {
  test("CK-012: small orders, in every encoding", async () => {
    const privateKey = stream("small")(32);
    for (const u of SMALL_25519) {
      for (const top of u < 2n ** 255n ? [0n, 2n ** 255n] : [0n]) {
        const publicKey = littleEndian(u + top, 32);
        await refused("CK-012", () => X25519.checkPublicKey(publicKey));
        await refused("CK-012", () => X25519.agree(privateKey, publicKey));
      }
    }
    for (const u of SMALL_448) {
      await refused("CK-012", () => X448.checkPublicKey(littleEndian(u, 56)));
    }
    X25519.checkPublicKey(littleEndian(9n, 32));
    X448.checkPublicKey(littleEndian(5n, 56));
  });

  test("the vector of RFC 7748, 6.1", async () => {
    const bob = fromHex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    const alice = fromHex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    expect((await X25519.agree(bob, alice)).map(hex)).toEqual([
      "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
      "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    ]);
  });

  test("Montgomery curves clamp by themselves", async () => {
    const ones = new Uint8Array(32).fill(255);
    expect(X25519.mask(ones)).toEqual(ones);
    const clamped = concat(Uint8Array.of(0xf8), ones.subarray(0, 30), Uint8Array.of(0x7f));
    expect(await X25519.publicKey(ones)).toEqual(await X25519.publicKey(clamped));
  });

  test("CK-016: scalars", async () => {
    const order = P256.ecdsa.Point.Fn.ORDER;
    for (const bad of [0n, order, order + 1n]) {
      await refused("CK-016", () => P256.publicKey(uint(bad, 32)));
    }
    expect((await P256.publicKey(uint(order - 1n, 32))).length).toBe(65);
  });

  test("CK-011: points", async () => {
    const publicKey = await P256.publicKey(uint(7, 32));
    P256.checkPublicKey(publicKey);
    const last = publicKey.at(-1) ?? 0;
    const starting = (first: number, rest: Uint8Array) => concat(Uint8Array.of(first), rest);
    for (const bad of [
      flipped(publicKey, -1), // off the curve
      starting(2 + (last & 1), publicKey.subarray(1, 33)), // compressed
      starting(6 + (last & 1), publicKey.subarray(1)), // hybrid
      starting(4, new Uint8Array(64)),
      Uint8Array.of(0), // infinity
    ]) {
      await refused("CK-011", () => P256.checkPublicKey(bad));
      await refused("CK-011", () => P256.agree(uint(7, 32), bad));
    }
  });

  test("P-521 clears the bits above its order", async () => {
    const candidate = new Uint8Array(66).fill(255);
    expect(P521.mask(candidate)[0]).toBe(1);
    const pair = await new DhKem(0x12, SHA256, P521).deriveKeyPair(utf8("ikm"));
    expect(pair.map((key) => key.length)).toEqual([66, 133]);
  });

  test("deriving a key pair gives up on a broken curve", async () => {
    const never = new (class extends Weierstrass {
      override isScalar(): boolean {
        return false;
      }
    })(P256.ecdsa, 0xff);
    const pair = new DhKem(0x10, SHA256, never).deriveKeyPair(utf8("ikm"));
    await expect(pair).rejects.toThrow(UsageError);
  });
});

describe("signature keys", () => {
  test("CK-014: a key that is no point", () => {
    const noPoint = new Uint8Array(32).fill(255);
    const signature = new Uint8Array(64);
    return refused("CK-014", () =>
      suiteOf(1).verifyWithLabel(noPoint, "label", utf8("content"), signature),
    );
  });

  test.each([
    [1, ed25519, 8],
    [4, ed448, 4],
  ] as const)("CK-014: small orders, as key and in a signature: suite %i", async (id, curve, n) => {
    const { signature: scheme } = suiteOf(id);
    const size = curve.lengths.publicKey ?? 0;
    const points = smallPoints(curve, n);
    expect(points.size).toBe(n);
    if (id === 1) {
      // Those that fit in twice: y + p, and the other sign of x = 0.
      const p = 2n ** 255n - 19n;
      for (const y of [0n, 1n, p - 1n, p, p + 1n]) {
        for (const sign of [0n, 2n ** 255n]) points.add(hex(littleEndian(y + sign, 32)));
      }
      expect(points.size).toBe(14);
    }
    const privateKey = stream("small")(size);
    const good = await scheme.sign(privateKey, utf8("content"));
    const publicKey = await scheme.publicKey(privateKey);
    const verify = vi.spyOn(crypto.subtle, "verify").mockResolvedValue(true); // as Chromium says
    for (const point of [...points].map(fromHex)) {
      await refused("CK-014", () => scheme.verify(point, utf8("content"), good));
      const forged = concat(point, good.subarray(size));
      await refused("CK-014", () => scheme.verify(publicKey, utf8("content"), forged));
    }
    await scheme.verify(publicKey, utf8("content"), good);
    expect(verify).toHaveBeenCalledTimes(1);
    verify.mockRestore();
  });

  test("CK-014: a runtime that throws instead of saying no", async () => {
    const { signature: scheme } = suiteOf(1);
    const privateKey = stream("throws")(32);
    const publicKey = await scheme.publicKey(privateKey);
    const signature = await scheme.sign(privateKey, utf8("content"));
    const verify = vi.spyOn(crypto.subtle, "verify");
    verify.mockRejectedValueOnce(new DOMException("", "DataError"));
    await refused("CK-014", () => scheme.verify(publicKey, utf8("content"), signature));
    await scheme.verify(publicKey, utf8("content"), signature);
    expect(verify).toHaveBeenCalledTimes(2);
    verify.mockRestore();
  });

  test("CK-014: ECDSA signatures that are not DER", async () => {
    const { signature: scheme } = suiteOf(2);
    const privateKey = stream("der")(32);
    const publicKey = await scheme.publicKey(privateKey);
    const good = await scheme.sign(privateKey, utf8("content"));
    await scheme.verify(publicKey, utf8("content"), good);
    const long = concat(Uint8Array.of(0x30, 0x81), good.subarray(1)); // a length in the long form
    const junk = concat(good, new Uint8Array(200));
    for (const bad of [long, junk, new Uint8Array(64), Uint8Array.of(0x30, 0)]) {
      await refused("CK-014", () => scheme.verify(publicKey, utf8("content"), bad));
    }
  });

  test("generating a scalar tries again", () => {
    const answers = [new Uint8Array(32).fill(255), new Uint8Array(32), uint(5, 32)];
    const rng = () => answers.shift() ?? new Uint8Array();
    expect(generateSignatureKey(2, rng)).toEqual(uint(5, 32));
  });
});

/** Return the encodings of the points whose order divides the cofactor. */
function smallPoints(curve: typeof ed25519, cofactor: number): Set<string> {
  const found = new Set<string>();
  for (let y = 0; found.size < cofactor && y < 1000; y++) {
    try {
      const bytes = littleEndian(BigInt(y), curve.lengths.publicKey ?? 0);
      const point = curve.Point.fromBytes(bytes);
      // Times the order of the base point: what remains is the small part.
      const rest = point.multiplyUnsafe(curve.Point.Fn.ORDER - 1n).add(point);
      found.add(hex(rest.toBytes()));
    } catch {
      // no point has this y
    }
  }
  return found;
}

describe("X-Wing", () => {
  const seed = fromHex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");

  test("the draft's first vector", async () => {
    const coins = fromHex(
      "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e2" +
        "35b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
    );
    const kem = new XWing(NOBLE_ML_KEM);
    const publicKey = await kem.publicKey(seed);
    expect(hex(publicKey)).toMatch(/^e2236b35a8c24b39b10aa1323a96a919/);
    const [shared, encapsulation] = await kem.encapsulate(publicKey, () => copy(coins));
    expect(hex(shared)).toBe("d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384");
    expect(await kem.decapsulate(encapsulation, seed)).toEqual(shared);
    expect(await new XWing().decapsulate(encapsulation, seed)).toEqual(shared);
  });

  test("CK-011, CK-012: a malformed half of a key or encapsulation", async () => {
    const kem = new XWing();
    const rng = stream("x-wing");
    const [privateKey, publicKey] = await kem.deriveKeyPair(rng(32));
    const small = concat(publicKey.subarray(0, 1184), new Uint8Array(32));
    await refused("CK-012", () => kem.checkPublicKey(small));
    await refused("CK-012", () => kem.encapsulate(small, rng));
    const [, encapsulation] = await kem.encapsulate(publicKey, rng);
    const smallOutput = concat(encapsulation.subarray(0, 1088), new Uint8Array(32));
    await refused("CK-012", () => kem.decapsulate(smallOutput, privateKey));
    // 3329 as the first, as the second and as the last coefficient; 3328 is the largest there is.
    for (const [at, bytes] of [
      [0, "010d00"],
      [0, "0010d0"],
      [1149, "0010d0"],
    ] as const) {
      const bad = copy(publicKey);
      bad.set(fromHex(bytes), at);
      await refused("CK-011", () => kem.checkPublicKey(bad));
      await refused("CK-011", () => kem.encapsulate(bad, rng));
    }
    const largest = copy(publicKey);
    largest.set(fromHex("000dd0"), 0);
    kem.checkPublicKey(largest);
  });

  test("a changed ciphertext gives another secret", async () => {
    const kem = new XWing();
    const rng = stream("implicit");
    const [privateKey, publicKey] = await kem.deriveKeyPair(rng(32));
    const [shared, encapsulation] = await kem.encapsulate(publicKey, rng);
    expect(await kem.decapsulate(encapsulation, privateKey)).toEqual(shared);
    for (const at of [0, 1087, 1088]) {
      expect(await kem.decapsulate(flipped(encapsulation, at), privateKey)).not.toEqual(shared);
    }
  });
});

describe("HKDF", () => {
  const from = (first: number, size: number) =>
    Uint8Array.from({ length: size }, (_, i) => first + i);

  test("several blocks: RFC 5869, test case 2", () => {
    const prk = SHA256.extract(from(0x60, 80), from(0, 80));
    const okm = hex(SHA256.expand(prk, from(0xb0, 80), 82));
    expect(okm).toMatch(/^b11e398dc80327a1c8e7f78c596a4934/);
    expect(okm).toMatch(/cc30c58179ec3e87c14c01d5c1f3434f1d87$/);
  });

  test("long and short inputs hash alike", async () => {
    for (const size of [0, 2047, 2048, 70_000]) {
      const data = new Uint8Array(size).fill(1);
      expect(await SHA384.digest(data)).toEqual(SHA384.hash(data));
    }
  });
});

describe("runtimes", () => {
  afterEach(() => vi.unstubAllGlobals());

  const OPTIONAL = new Set(["X25519", "X448", "Ed25519", "Ed448", "ML-KEM-768"]);

  /**
   * Load a suite afresh, as it finds itself where calls for the newer algorithms are replaced.
   *
   * The real runtime is back on return; what the suite learnt about the other one remains.
   */
  async function suiteWhere(
    suiteId: number,
    replace: (method: string, real: () => Promise<unknown>) => Promise<unknown>,
    absent?: string,
  ): Promise<Suite> {
    const real = crypto;
    const asked = new Set<string>();
    const subtle = new Proxy(real.subtle, {
      get(target, method: keyof SubtleCrypto) {
        if (method === absent) return undefined;
        const original = target[method] as (...args: readonly unknown[]) => Promise<unknown>;
        return (...args: readonly unknown[]) => {
          const call = () => original.apply(target, [...args]);
          const names = args.flatMap((a) => (typeof a === "object" && a ? Object.values(a) : [a]));
          const name = names.find((a) => typeof a === "string" && OPTIONAL.has(a));
          if (name === undefined) return call();
          asked.add(String(name));
          return replace(method, call);
        };
      },
    });
    vi.resetModules();
    vi.stubGlobal("crypto", { subtle, getRandomValues: real.getRandomValues.bind(real) });
    const suite = (await import("../../core/mls/suite.ts")).suiteOf(suiteId);
    await talk(suite, suite);
    vi.unstubAllGlobals();
    expect(asked.size).toBe(suiteId === SUITE_ID ? 3 : 2);
    return suite;
  }

  const withoutNewer = (suiteId: number) =>
    suiteWhere(suiteId, () => Promise.reject(new DOMException("", "NotSupportedError")));

  /** Seal, open and sign across two implementations of one suite. */
  async function talk(one: Suite, other: Suite): Promise<void> {
    const rng = stream("talk");
    const [privateKey, publicKey] = await one.kem.deriveKeyPair(rng(one.kem.nsk));
    expect(await other.kem.publicKey(privateKey)).toEqual(publicKey);
    const sealed = await other.encryptWithLabel(publicKey, "x", utf8("about"), utf8("text"), rng);
    expect(await one.decryptWithLabel(privateKey, "x", utf8("about"), sealed)).toEqual(
      utf8("text"),
    );
    const signer = one.signature.generate(rng);
    const verifier = await other.signature.publicKey(signer);
    const signature = await one.signWithLabel(signer, "x", utf8("text"));
    await other.verifyWithLabel(verifier, "x", utf8("text"), signature);
    const bad = other.verifyWithLabel(verifier, "x", utf8("text"), flipped(signature, 40));
    await expect(bad).rejects.toThrow("CK-014: "); // of a fresh module, so of another class
  }

  test.each([1, 4, SUITE_ID])("one without the newer algorithms: suite %i", async (suiteId) => {
    const poor = await withoutNewer(suiteId);
    await talk(poor, suiteOf(suiteId));
    await talk(suiteOf(suiteId), poor);
  });

  test.each([1, 4, SUITE_ID])("one whose answers are wrong: suite %i", async (suiteId) => {
    const broken = await suiteWhere(suiteId, async (method, real) => {
      const answer = await real();
      if (method === "verify") return true;
      return answer instanceof ArrayBuffer ? new ArrayBuffer(answer.byteLength) : answer;
    });
    await talk(broken, suiteOf(suiteId));
  });

  test.each([1, SUITE_ID])("one that gives no public keys: suite %i", async (suiteId) => {
    const older = await suiteWhere(suiteId, (_, real) => real(), "getPublicKey");
    await talk(older, suiteOf(suiteId));
  });

  test("randomness is drawn in the order of calls, alike in every runtime", async () => {
    const drawn = async (suite: Suite) => {
      const [, publicKey] = await suite.kem.deriveKeyPair(new Uint8Array(32));
      const sizes: number[] = [];
      const rng = (size: number) => {
        sizes.push(size);
        return new Uint8Array(size).fill(7);
      };
      const promise = suite.encryptWithLabel(publicKey, "x", utf8(""), utf8(""), rng);
      const atOnce = [...sizes];
      await promise;
      expect(sizes).toEqual(atOnce);
      return sizes;
    };
    expect(await drawn(suiteOf(SUITE_ID))).toEqual([64]);
    expect(await drawn(await withoutNewer(SUITE_ID))).toEqual([64]);
    expect(await drawn(suiteOf(1))).toEqual([32]);
  });
});
