/** Links, the signatures on requests, answers and rejoins, and requests by handle. */

import { describe, expect, test } from "vitest";
import { type Bytes, concat, copy, fromHex, hex, utf8 } from "../core/bytes.ts";
import { decode, encode } from "../core/cbor.ts";
import { decodeOuter, encodeOuter } from "../core/content.ts";
import type { ContactAccept, ContactRejoin, ContactRequest } from "../core/content_outer.ts";
import { UNSIGNED } from "../core/content_records.ts";
import * as signed from "../core/content_signed.ts";
import { type DeviceList, UnverifiedDeviceList } from "../core/device_list.ts";
import { BUCKETS } from "../core/envelope.ts";
import { UsageError } from "../core/errors.ts";
import { isHandle } from "../core/handle.ts";
import * as handles from "../core/handle_request.ts";
import { AccountId, IdentityKey, MailboxId, RequestToken } from "../core/ids.ts";
import * as invite from "../core/invite.ts";
import * as work from "../core/work.ts";
import { Dice, flipped, loadCore, outcome, plain, rows } from "./core_vectors.ts";
import { type Element, MismatchError } from "./vector_element.ts";

function address(e: Element): Readonly<Record<string, string>> {
  const names = ["origin", "mailbox", "capability", "seal_key"];
  return Object.fromEntries(names.map((name) => [name, e.text(name)]));
}

describe("links", () => {
  const vectors = loadCore("links");
  const [invited, pairing] = [vectors.child("invite"), vectors.child("pairing")];

  test("an invite", () => {
    const read = invite.inviteFromLink(invited.text("link"));
    expect(plain(read)).toEqual({
      address: address(invited.child("address")),
      inviter: invited.text("inviter"),
      expires_at: invited.number("expires_at"),
    });
    expect(invite.inviteToLink(read)).toBe(invited.text("link"));
  });

  test("a pairing link", () => {
    const read = invite.pairingFromLink(pairing.text("link"));
    expect(plain(read)).toEqual({
      address: address(pairing.child("address")),
      device_key_hash: pairing.text("device_key_hash"),
    });
    expect(invite.pairingToLink(read)).toBe(pairing.text("link"));
  });

  test("CK-268: each read as either, whole and in every way not", async () => {
    type Row = readonly [link: string, asInvite: string, asPairing: string];
    for (const [link, asInvite, asPairing] of rows<Row>(vectors, "links")) {
      expect(await outcome(() => invite.inviteFromLink(link)), link).toBe(asInvite);
      expect(await outcome(() => invite.pairingFromLink(link)), link).toBe(asPairing);
    }
  });

  test("CK-269, CK-270: an invite expires and pins its maker", async () => {
    const read = invite.inviteFromLink(invited.text("link"));
    for (const [now, expected] of rows<readonly [number, string]>(vectors, "fresh")) {
      expect(await outcome(() => invite.requireFresh(read, now))).toBe(expected);
    }
    for (const [key, expected] of rows<readonly [string, string]>(vectors, "inviters")) {
      const identityKey = new IdentityKey(fromHex(key));
      expect(await outcome(() => invite.checkInviter(read, identityKey))).toBe(expected);
    }
  });

  test("every element was read", () => vectors.finish());
});

describe("signed contents", async () => {
  const vectors = loadCore("signed");
  const inviteLink = invite.inviteFromLink(vectors.text("invite"));
  const lists = await Promise.all(
    vectors.datas("lists").map((data) => UnverifiedDeviceList.parse(data).verify()),
  );

  function list(number: number): DeviceList {
    const found = lists[number];
    if (found === undefined) throw new MismatchError("no such list");
    return found;
  }

  /** Read a content, which must encode again; and the key it was signed with, if we are to sign. */
  function read<C extends ContactRequest | ContactAccept | ContactRejoin>(e: Element) {
    const content = decodeOuter(e.data("content")) as C;
    expect(hex(encodeOuter(content))).toBe(e.text("content"));
    return { content, context: e.data("context"), privateKey: e.maybeData("private") };
  }

  test("CK-273, CK-274: requests", async () => {
    let signatures = 0;
    for (const e of vectors.children("requests")) {
      const { content, context, privateKey } = read<ContactRequest>(e);
      const check = () => signed.verifyRequest(content, context);
      expect(await outcome(check)).toBe(e.text("outcome"));
      if (privateKey === null) continue;
      const unsigned = { ...content, signature: UNSIGNED };
      expect(await signed.signRequest(unsigned, privateKey, context)).toEqual(content);
      expect((await check()).data).toEqual(content.list);
      signatures++;
    }
    expect(signatures).toBeGreaterThan(0);
  });

  test("CK-275: answers", async () => {
    let signatures = 0;
    for (const e of vectors.children("accepts")) {
      const { content, context, privateKey } = read<ContactAccept>(e);
      const mailbox = new MailboxId(context);
      const token = new RequestToken(e.data("token"));
      const pinned = e.flag("pinned") ? inviteLink : null;
      const check = () => signed.verifyAccept(content, pinned, token, mailbox);
      expect(await outcome(check)).toBe(e.text("outcome"));
      if (privateKey === null) continue;
      const unsigned = { ...content, signature: UNSIGNED };
      expect(await signed.signAccept(unsigned, privateKey, mailbox)).toEqual(content);
      signatures++;
    }
    expect(signatures).toBeGreaterThan(0);
  });

  test("CK-276, CK-686: rejoins", async () => {
    let signatures = 0;
    for (const e of vectors.children("rejoins")) {
      const { content, context, privateKey } = read<ContactRejoin>(e);
      const [known, own] = [list(e.number("known")), new AccountId(context)];
      const check = () => signed.verifyRejoin(content, known, own);
      expect(await outcome(check)).toBe(e.text("outcome"));
      const late = () => signed.verifyLateRejoin(content, known, own);
      expect(await outcome(late)).toBe(e.text("late"));
      if (privateKey === null) continue;
      const unsigned = { ...content, signature: UNSIGNED };
      expect(await signed.signRejoin(unsigned, privateKey, own)).toEqual(content);
      signatures++;
    }
    expect(signatures).toBeGreaterThan(0);
  });

  test("every element was read", () => vectors.finish());
});

describe("requests by handle", () => {
  const vectors = loadCore("handle");
  const seed = vectors.data("seed");
  const mailbox = new MailboxId(vectors.data("mailbox"));
  const whole = handles.handleAddressFromCbor(decode(vectors.data("address")));
  const content = vectors.data("content");
  const paid = vectors.data("paid");
  const dice = new Dice(9);
  const rng = (size: number) => dice.bytes(size);

  test("work", () => {
    type Row = readonly [challenge: string, bits: number, nonce: string, good: boolean];
    for (const [challenge, bits, nonce, good] of rows<Row>(vectors, "work")) {
      expect(work.check(fromHex(challenge), fromHex(nonce), bits)).toBe(good);
      const solved = work.solve(fromHex(challenge), bits);
      expect(work.check(fromHex(challenge), solved, bits)).toBe(true);
      if (good && bits > 3) expect(hex(solved)).toBe(nonce); // the first that there is
    }
    expect(work.REQUEST_BITS).toBe(vectors.number("bits"));
    for (const bits of [-1, 33, 0.5]) {
      expect(() => work.solve(content, bits)).toThrow(UsageError);
    }
  });

  test("handles", () => {
    for (const [text, good] of rows<readonly [string, boolean]>(vectors, "handles")) {
      expect(isHandle(text), text).toBe(good);
    }
  });

  test("the address, its key and what a request to it is signed for", async () => {
    expect(hex(encode(handles.handleAddressToCbor(whole)))).toBe(vectors.text("address"));
    expect(await handles.sealingKeyOf(seed)).toEqual(whole.sealingKey);
    const destination = handles.handleDestination(whole.mailbox, whole.sealingKey);
    expect(hex(destination)).toBe(vectors.text("destination"));
  });

  test("CK-288, CK-290: what Python sealed opens, and nothing else does", async () => {
    const envelopes = vectors.datas("envelopes");
    type Row = readonly [string, string, number, number | null, number | null, string];
    for (const [box, key, which, at, length, expected] of rows<Row>(vectors, "opened")) {
      const cut = copy(envelopes[which] ?? new Uint8Array()).slice(0, length ?? undefined);
      const data = at === null ? cut : flipped(cut, at);
      const open = () => handles.openRequest(new MailboxId(fromHex(box)), fromHex(key), data);
      expect(await outcome(open)).toBe(expected);
      if (expected === "ok") expect(await open()).toEqual(content);
    }
  });

  test("every element was read", () => vectors.finish());

  test("what we seal opens, has one of four sizes, and is sealed afresh", async () => {
    const [one, two] = [
      await handles.sealRequest(whole, paid, rng),
      await handles.sealRequest(whole, paid, rng),
    ];
    expect(one).not.toEqual(two);
    for (const envelope of [one, two]) {
      expect(envelope.length).toBe(BUCKETS[1]);
      expect(await handles.openRequest(mailbox, seed, envelope)).toEqual(content);
    }
  });

  test("the edges of the sizes", async () => {
    const sealed = async (size: number) =>
      (await handles.sealRequest(whole, new Uint8Array(size), rng)).length;
    const room = 8192 - handles.ENCAPSULATION_BYTES - 16 - 1;
    expect(await sealed(room)).toBe(8192);
    expect(await sealed(room + 1)).toBe(65_536);
    expect(await outcome(() => sealed(262_144))).toBe("too_large");
  });

  test("a sealing key that is none", async () => {
    const small = concat(whole.sealingKey.slice(0, 1184), new Uint8Array(32));
    const tries: readonly (readonly [Bytes, string])[] = [
      [small, "malformed CK-012"],
      [whole.sealingKey.slice(1), "malformed CK-011"],
      [new Uint8Array(1216).fill(255), "malformed CK-011"],
    ];
    for (const [sealingKey, expected] of tries) {
      const seal = () => handles.sealRequest({ ...whole, sealingKey }, paid, rng);
      expect(await outcome(seal)).toBe(expected);
    }
  });

  test("CK-288: work is for one content, mailbox and key", async () => {
    const easy = await handles.pay(whole, utf8("another"), 8);
    for (const wrong of [new Uint8Array(), content, easy, concat(paid, utf8("x"))]) {
      const envelope = await handles.sealRequest(whole, wrong, rng);
      const open = () => handles.openRequest(mailbox, seed, envelope);
      expect(await outcome(open)).toBe("refused CK-288");
    }
    await expect(handles.pay(whole, content, 33)).rejects.toThrow(UsageError);
  });
});
