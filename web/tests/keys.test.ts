/** Wrapped keys, recovery codes, and what people compare: words, digits, safety numbers. */

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { fromHex, hex, utf8 } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { AccountId, Digest, IdentityKey, Nonce32 } from "../core/ids.ts";
import { deriveKey, OVERHEAD, Purpose, unwrap, wrap } from "../core/keywrap.ts";
import { LOGIN_LABEL, RecoveryCode } from "../core/recovery.ts";
import { checkQr, checkText, type Party, safetyNumber } from "../core/safety_number.ts";
import * as sas from "../core/sas.ts";
import { PHRASE_WORDS, SAS_WORDS } from "../core/words.ts";
import { Dice, loadCore, outcome, rows } from "./core_vectors.ts";
import { type Element, MismatchError } from "./vector_element.ts";

function purposeOf(text: string): Purpose {
  const found = Object.values(Purpose).find((purpose) => purpose === text);
  if (found === undefined) throw new MismatchError("no such purpose");
  return found;
}

describe("wrapped keys", () => {
  const vectors = loadCore("keywrap");

  test("as in Python: the same keys and bytes, and they unwrap", async () => {
    const purposes = new Set<Purpose>();
    for (const e of vectors.children("wrapped")) {
      const purpose = purposeOf(e.text("purpose"));
      const [secret, payload, nonce] = [e.data("secret"), e.data("payload"), e.data("nonce")];
      const options = { context: e.data("context") };
      expect(hex(deriveKey(secret, purpose))).toBe(e.text("key"));
      const wrapped = await wrap(purpose, secret, payload, () => nonce, options);
      expect(hex(wrapped)).toBe(e.text("wrapped"));
      expect(wrapped.length).toBe(payload.length + OVERHEAD);
      expect(await unwrap(purpose, secret, wrapped, options)).toEqual(payload);
      purposes.add(purpose);
    }
    expect(purposes).toEqual(new Set(Object.values(Purpose)));
  });

  test("CK-257: only for their purpose and context; one answer for everything wrong", async () => {
    type Row = readonly [
      purpose: string,
      secret: string,
      data: string,
      context: string,
      outcome: string,
    ];
    for (const [purpose, secret, data, context, expected] of rows<Row>(vectors, "unwrapped")) {
      const options = { context: fromHex(context) };
      const attempt = () => unwrap(purposeOf(purpose), fromHex(secret), fromHex(data), options);
      expect(await outcome(attempt)).toBe(expected);
    }
    vectors.finish();
  });
});

describe("recovery codes", () => {
  const vectors = loadCore("recovery");

  test("as in Python: text, keys and signature", async () => {
    for (const e of vectors.children("codes")) {
      const code = new RecoveryCode(e.data("entropy"));
      expect(code.toText()).toBe(e.text("text"));
      expect(RecoveryCode.fromText(code.toText()).toText()).toBe(e.text("text"));
      expect(hex(code.wrapKey())).toBe(e.text("wrap_key"));
      expect(hex(code.loginPrivateKey())).toBe(e.text("login_private_key"));
      expect(hex(await code.loginPublicKey())).toBe(e.text("login_public_key"));
      expect(hex(await code.signChallenge(e.data("challenge")))).toBe(e.text("signature"));
    }
    expect(LOGIN_LABEL).toEqual(utf8("visavis recovery v1"));
  });

  test("as in Python: what people write", async () => {
    for (const [written, text] of rows<readonly [string, string | null]>(vectors, "written")) {
      if (text === null) {
        expect(await outcome(() => RecoveryCode.fromText(written)), written).toBe("mistyped");
      } else {
        expect(RecoveryCode.fromText(written).toText()).toBe(text);
      }
    }
    vectors.finish();
  });

  test("one wrong character passes with odds of 1 in 4,096", async () => {
    const text = new RecoveryCode(utf8("0123456789abcdef")).toText().replaceAll("-", "");
    const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let [tried, passed] = [0, 0];
    for (let at = 0; at < text.length; at++) {
      for (const char of alphabet.replace(text.charAt(at), "")) {
        const typed = text.slice(0, at) + char + text.slice(at + 1);
        const result = await outcome(() => RecoveryCode.fromText(typed));
        if (result === "ok") passed++;
        else expect(result).toBe("mistyped");
        tried++;
      }
    }
    expect(tried).toBe(28 * 31);
    expect(passed).toBeLessThanOrEqual(3);
  });

  test("printing shows nothing; the length is checked", () => {
    const dice = new Dice(8);
    const code = RecoveryCode.generate((size) => dice.bytes(size));
    const shown = `${code} ${JSON.stringify({ code })} ${inspect({ code })}`;
    expect(shown).not.toContain(code.toText().slice(0, 4));
    expect(() => new RecoveryCode(new Uint8Array(15))).toThrow(UsageError);
  });
});

describe("what people compare", () => {
  const vectors = loadCore("compare");

  test("CK-277: commitments", async () => {
    type Row = readonly [nonce: string, commitment: string, outcome: string];
    const commitments = rows<Row>(vectors, "commitments");
    const first = new Digest(fromHex(commitments[0]?.[1] ?? ""));
    for (const [hexed, commitment, expected] of commitments) {
      const nonce = new Nonce32(fromHex(hexed));
      expect(hex(sas.commit(nonce))).toBe(commitment);
      expect(await outcome(() => sas.checkReveal(first, nonce))).toBe(expected);
    }
  });

  test("the words of a call", () => {
    const all = new Set<string>();
    for (const e of vectors.children("words")) {
      const [caller, callee] = [new Nonce32(e.data("caller")), new Nonce32(e.data("callee"))];
      const words = sas.callWords(e.data("authenticator"), caller, callee);
      expect(words).toEqual(e.values("words"));
      for (const word of words) all.add(word);
    }
    expect(all.size).toBeGreaterThan(100);
    const nonce = new Nonce32(new Uint8Array(32));
    expect(() => sas.callWords(utf8("short"), nonce, nonce)).toThrow(UsageError);
  });

  test("the digits of a pairing", () => {
    for (const e of vectors.children("digits")) {
      const [existing, fresh] = e.datas("nonces").map((nonce) => new Nonce32(nonce));
      if (existing === undefined || fresh === undefined) throw new MismatchError("two nonces");
      const transcript = sas.pairingTranscript({
        link: e.data("link"),
        existingDevice: e.data("existing_device"),
        existingKey: e.data("existing_key"),
        newDevice: e.data("new_device"),
        newKey: e.data("new_key"),
      });
      expect(hex(transcript)).toBe(e.text("transcript"));
      expect(sas.pairingDigits(transcript, existing, fresh)).toBe(e.text("digits"));
      expect(sas.pairingDigits(transcript, fresh, existing)).not.toBe(e.text("digits"));
    }
  });

  test("safety numbers and their QR codes", async () => {
    const party = (e: Element): Party => ({
      accountId: new AccountId(e.data("account_id")),
      identityKey: new IdentityKey(e.data("identity_key")),
    });
    const parties: Party[] = [];
    for (const e of vectors.children("safety_numbers")) {
      const [own, contact] = [party(e.child("own")), party(e.child("contact"))];
      const number = safetyNumber(own, contact);
      expect(number.groups).toEqual(e.values("groups"));
      expect(hex(number.qr)).toBe(e.text("qr"));
      expect(number.text).toBe(e.text("text"));
      parties.push(contact); // of the first three: all parties in their order
    }
    const [first, second] = parties;
    if (first === undefined || second === undefined) throw new MismatchError("two parties");
    for (const [scan, expected] of rows<readonly [string, string]>(vectors, "scans")) {
      expect(await outcome(() => checkQr(second, first, fromHex(scan)))).toBe(expected);
    }
    for (const [text, expected] of rows<readonly [string, string]>(vectors, "texts")) {
      expect(await outcome(() => checkText(second, first, text))).toBe(expected);
    }
  });

  test("every element was read", () => vectors.finish());

  test("the words are different ones", () => {
    expect(new Set(SAS_WORDS).size).toBe(256);
    expect(new Set(PHRASE_WORDS).size).toBe(2048);
    for (const word of [...SAS_WORDS, ...PHRASE_WORDS]) expect(word).toMatch(/^[a-z]{3,8}$/);
  });
});
