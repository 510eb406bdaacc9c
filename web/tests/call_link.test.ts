/** Call links, the seal of their lobby, and guests: as in Python, and refused with its checks. */

import { describe, expect, test } from "vitest";
import { type Bytes, equal, fromHex, hex } from "../core/bytes.ts";
import { callLinkFromText, callLinkToText, isHostOf, requireFreshLink } from "../core/call_link.ts";
import {
  type Guest,
  guestIdentity,
  guestOf,
  isGuest,
  requirePass,
  signPass,
  withGuests,
} from "../core/guest.ts";
import {
  AccountId,
  CallId,
  DeviceId,
  IdentityKey,
  LinkSecret,
  LobbyKey,
  Signature,
  SignatureKey,
} from "../core/ids.ts";
import {
  guestSeal,
  lobbyPublicKey,
  lobbyRoom,
  lobbyRoomKey,
  openLobbyKnock,
  WORK_BITS,
} from "../core/lobby.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { MemberInfo } from "../core/mls/leaf_node.ts";
import { solve } from "../core/work.ts";
import { loadCore, outcome, plain, rows } from "./core_vectors.ts";
import { type Element, MismatchError } from "./vector_element.ts";

describe("the link", () => {
  const VECTORS = loadCore("link");
  const given = VECTORS.child("link");
  const link = callLinkFromText(given.text("text"));

  test("says what it holds, and comes back", () => {
    expect(plain(link)).toEqual({
      origin: given.text("origin"),
      secret: given.text("secret"),
      lobby: given.text("lobby"),
      host: given.text("host"),
      expires_at: given.number("expires_at"),
    });
    expect(callLinkToText(link)).toBe(given.text("text"));
    expect(`${link.secret}`).toBe("LinkSecret(~)");
  });

  test("CK-900: whole, or mistyped", async () => {
    for (const [text, expected] of rows<readonly [string, string]>(VECTORS, "links")) {
      expect(await outcome(() => callLinkFromText(text)), text).toBe(expected);
    }
  });

  test("CK-901: expires, and pins who made it", async () => {
    for (const [now, expected] of rows<readonly [number, string]>(VECTORS, "fresh")) {
      expect(await outcome(() => requireFreshLink(link, now))).toBe(expected);
    }
    const hosts = rows<readonly [string, boolean]>(VECTORS, "hosts");
    expect(hosts.map(([key]) => isHostOf(link, new IdentityKey(fromHex(key))))).toEqual(
      hosts.map(([, isHost]) => isHost),
    );
  });

  test("every element was read", () => VECTORS.finish());
});

describe("the lobby's seal", () => {
  const VECTORS = loadCore("lobby-seal");
  const named = (key: string) => new Map(rows<readonly [string, string]>(VECTORS, key));
  const [secrets, privates, bodies] = [named("secrets"), named("privates"), named("bodies")];
  const find = (from: ReadonlyMap<string, string>, name: string) =>
    fromHex(from.get(name) ?? "missing");
  const secret = new LinkSecret(find(secrets, "own"));
  const lobby = new LobbyKey(VECTORS.data("lobby"));
  const nonce = VECTORS.data("nonce");
  const fixed = () => nonce;
  const seals = {
    own: guestSeal(secret, lobby, VECTORS.data("visit")),
    other: guestSeal(secret, lobby, VECTORS.data("other_visit")),
  };
  type Row = readonly [content: number, sealed: number, sha256: string];
  const digest = (sealed: Bytes) => hex(SHA256.hash(sealed));

  test("place and keys follow from the link", async () => {
    const own = find(privates, "own");
    expect(hex(await lobbyPublicKey(own))).toBe(hex(lobby));
    expect(hex(lobbyRoom(secret))).toBe(VECTORS.text("room"));
    expect(hex(lobbyRoomKey(own))).toBe(VECTORS.text("room_key"));
    expect(hex((await seals.own).guest)).toBe(VECTORS.text("guest"));
  });

  test("both ways, in steps", async () => {
    const seal = await seals.own;
    const [knocks, answers] = [rows<Row>(VECTORS, "knocks"), rows<Row>(VECTORS, "answers")];
    for (const [length, size, expected] of knocks) {
      const content = new Uint8Array(length);
      const sealed = await seal.knock(content, fixed);
      expect([sealed.length, digest(sealed)]).toEqual([size, expected]);
      const opened = await openLobbyKnock(secret, find(privates, "own"), sealed);
      expect(equal(opened.content, content) && equal(opened.seal.guest, seal.guest)).toBe(true);
    }
    for (const [length, size, expected] of answers) {
      const content = new Uint8Array(length);
      const sealed = await seal.answer(content, fixed);
      expect([sealed.length, digest(sealed)]).toEqual([size, expected]);
      expect(equal(await seal.openAnswer(sealed), content)).toBe(true);
    }
    const beyond = (row: Row | undefined) => new Uint8Array((row?.[0] ?? 0) + 1);
    expect([
      await outcome(() => seal.knock(beyond(knocks.at(-1)), fixed)),
      await outcome(() => seal.answer(beyond(answers.at(-1)), fixed)),
    ]).toEqual(VECTORS.values("largest"));
  });

  test("CK-902: a knock is for this lobby, by somebody with the link", async () => {
    type Opened = readonly [body: string, secret: string, lobbyPrivate: string, outcome: string];
    for (const [body, s, p, expected] of rows<Opened>(VECTORS, "opened")) {
      const with_ = new LinkSecret(find(secrets, s));
      const found = await outcome(() =>
        openLobbyKnock(with_, find(privates, p), find(bodies, body)),
      );
      expect([body, s, p, found]).toEqual([body, s, p, expected]);
    }
    for (const [key, expected] of rows<readonly [string, string]>(VECTORS, "no_keys")) {
      const other = new LobbyKey(fromHex(key));
      expect(await outcome(() => guestSeal(secret, other, VECTORS.data("visit")))).toBe(expected);
    }
  });

  test("CK-903: an answer is for this guest", async () => {
    type Answered = readonly [body: string, own: string, other: string];
    const [own, other] = [await seals.own, await seals.other];
    for (const [body, ...expected] of rows<Answered>(VECTORS, "answered")) {
      const found = [own, other].map((seal) => outcome(() => seal.openAnswer(fromHex(body))));
      expect(await Promise.all(found)).toEqual(expected);
    }
  });

  test("CK-904: asking costs work", async () => {
    const seal = await seals.own;
    const works = rows<readonly [string, string]>(VECTORS, "works");
    for (const [work, expected] of works) {
      expect(await outcome(() => seal.checkWork(fromHex(work)))).toBe(expected);
    }
    expect(hex(solve(seal.work, WORK_BITS))).toBe(works[0]?.[0]);
  });

  test("every element was read", () => VECTORS.finish());
});

describe("guests", () => {
  const VECTORS = loadCore("guest");
  type Leaf = Pick<MemberInfo, "identity" | "signatureKey">;

  const guestFrom = (e: Element): Guest => ({
    key: new SignatureKey(e.data("key")),
    name: e.text("name"),
    account: new AccountId(e.data("account")),
    device: new DeviceId(e.data("device")),
    signature: new Signature(e.data("signature")),
  });
  const guest = guestFrom(VECTORS.child("guest"));
  const call = new CallId(VECTORS.data("call"));

  test("a pass and a credential are made as in Python", async () => {
    const signed = await signPass(call, guest.key, guest.name, VECTORS.data("device_private"));
    expect(hex(signed)).toBe(hex(guest.signature));
    expect(hex(guestIdentity(guest))).toBe(VECTORS.text("identity"));
  });

  test("CK-906: a credential is a guest's, and this leaf's", async () => {
    type Row = readonly [identity: string, isGuest: boolean, outcome: string];
    for (const [data, says, expected] of rows<Row>(VECTORS, "identities")) {
      const leaf: Leaf = { identity: fromHex(data), signatureKey: guest.key };
      expect([isGuest(leaf), await outcome(() => guestOf(leaf))]).toEqual([says, expected]);
    }
    const identity = guestIdentity(guest);
    expect(plain(guestOf({ identity, signatureKey: guest.key }))).toEqual(plain(guest));
    const other = { identity, signatureKey: new Uint8Array(32) };
    expect(await outcome(() => guestOf(other))).toBe(VECTORS.text("other_leaf"));
  });

  test("CK-907: a member let this guest into this call under this name", async () => {
    for (const e of VECTORS.children("passes")) {
      const who = guestFrom(e.child("guest"));
      const into = new CallId(e.data("call"));
      const key = e.maybeData("key") ?? undefined;
      expect(await outcome(() => requirePass(who, into, key))).toBe(e.text("outcome"));
    }
  });

  test("CK-909: no leaf passes to a guest, or to another one", async () => {
    const leaves = VECTORS.children("leaves").map((e): MemberInfo => {
      const [identity, signatureKey] = [e.data("identity"), e.data("signature_key")];
      return { leafIndex: null, identity, signatureKey };
    });
    const leaf = (number: number) => {
      const found = leaves[number];
      if (found === undefined) throw new MismatchError("no such leaf");
      return found;
    };
    const validator = withGuests(() => undefined);
    const coming = leaves.map((one) => outcome(() => validator(one, null)));
    expect(await Promise.all(coming)).toEqual(VECTORS.values("coming"));
    type Row = readonly [fresh: number, old: number, outcome: string];
    for (const [fresh, old, expected] of rows<Row>(VECTORS, "replacing")) {
      const found = await outcome(() => validator(leaf(fresh), leaf(old)));
      expect([fresh, old, found]).toEqual([fresh, old, expected]);
    }
  });

  test("whoever is no guest is judged as a member", async () => {
    const judged: MemberInfo[] = [];
    const validator = withGuests((member) => void judged.push(member));
    const key = new Uint8Array(guest.key);
    const member = { leafIndex: null, identity: new Uint8Array(1), signatureKey: key };
    await validator(member, null);
    const visitor = { leafIndex: null, identity: guestIdentity(guest), signatureKey: key };
    await validator(visitor, null);
    expect(judged).toEqual([member]);
  });

  test("every element was read", () => VECTORS.finish());
});
