/**
 * A browser's side of shares of recording keys, at a real server and at hostile ones (P16).
 *
 * Twin: `tests/transport/test_shares.py`, which holds Python to the same requests.
 */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Purpose } from "../../client/addresses.ts";
import { AnonymousApi, type NewShare } from "../../client/transport/anonymous.ts";
import { Http } from "../../client/transport/http.ts";
import * as base64url from "../../core/base64url.ts";
import { AuthorizationError, Code, PeerError } from "../../core/errors.ts";
import {
  Capability,
  MailboxId,
  random,
  SealKey,
  Secret32,
  ShareKey,
  ShareSlot,
} from "../../core/ids.ts";
import { underneath } from "./group_people.ts";
import { People } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

const ORIGIN = "http://127.0.0.1:8420";
const filled = (size: number, value: number) => new Uint8Array(size).fill(value);
const FIXED: NewShare = {
  slot: new ShareSlot(filled(16, 1)),
  share: new Secret32(filled(32, 2)),
  read: new ShareKey(filled(32, 3)),
  delete: new ShareKey(filled(32, 4)),
  expires: 20_030,
};

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

test("laid, read and deleted", async () => {
  const [anna, bob] = [await people.signUp("anna"), await people.signUp("bob")];
  await people.befriend(anna, bob);
  const { books } = underneath(anna);
  const [given] = books.addresses.all(books.store, Purpose.CONTACT);
  if (given === undefined) throw new Error("no address");
  const address = books.addresses.address(given);
  const { anonymous, books: his } = underneath(bob);
  const today = Math.floor(his.now() / 86_400);
  const one = {
    slot: random(ShareSlot, his.rng),
    share: new Secret32(his.rng(32)),
    read: random(ShareKey, his.rng),
    delete: random(ShareKey, his.rng),
    expires: today + 30,
  };
  await anonymous.layShare(address, one);
  await anonymous.layShare(address, one); // an answer that was lost
  expect(await anonymous.readShare(one.slot, one.read)).toEqual(one.share);

  const other = { ...one, share: new Secret32(his.rng(32)) };
  await expect(anonymous.layShare(address, other)).rejects.toMatchObject({ code: Code.CONFLICT });
  const late = { ...one, slot: random(ShareSlot, his.rng), expires: today + 40 };
  await expect(anonymous.layShare(address, late)).rejects.toMatchObject({ code: Code.MALFORMED });
  const strange = { ...address, capability: random(Capability, his.rng) };
  await expect(anonymous.layShare(strange, one)).rejects.toBeInstanceOf(AuthorizationError);

  const refused = { code: Code.REFUSED };
  await expect(anonymous.readShare(one.slot, one.delete)).rejects.toMatchObject(refused);
  await expect(anonymous.deleteShare(one.slot, one.read)).rejects.toMatchObject(refused);
  expect(await anonymous.readShare(one.slot, one.read)).toEqual(one.share); // the control
  await anonymous.deleteShare(one.slot, one.delete);
  await anonymous.deleteShare(one.slot, one.delete);
  await expect(anonymous.readShare(one.slot, one.read)).rejects.toMatchObject(refused);
});

test("what is sent is what the twin sends", async () => {
  const sent: [string, unknown][] = [];
  const api = new AnonymousApi(
    new Http(ORIGIN, undefined, {
      fetch: async (url, { body }) => {
        const text = new TextDecoder().decode(body as Uint8Array<ArrayBuffer>);
        sent.push([new URL(url).pathname, JSON.parse(text)]);
        return new Response(JSON.stringify({ share: base64url.encode(FIXED.share) }));
      },
    }),
  );
  const address = {
    origin: ORIGIN,
    mailbox: new MailboxId(filled(16, 0)),
    capability: new Capability(filled(32, 0)),
    sealKey: new SealKey(filled(32, 0)),
  };
  await api.layShare(address, FIXED);
  expect(await api.readShare(FIXED.slot, FIXED.read)).toEqual(FIXED.share);
  await api.deleteShare(FIXED.slot, FIXED.delete);
  await api.close();
  const slot = "AQEBAQEBAQEBAQEBAQEBAQ";
  expect(sent).toEqual([
    [
      "/v1/shares",
      {
        mailbox: "AAAAAAAAAAAAAAAAAAAAAA",
        capability: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        slot,
        share: "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
        read: "ZIqlxXn7MPOK90TZfW7IQMepEnekmaDXgPPnMU7KCQs",
        delete: "n0-2jz4drIIgL5qlgc4Lvx92XfDprDyMV-IPaFq6uO0",
        expires: 20_030,
      },
    ],
    ["/v1/shares/read", { slot, key: "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM" }],
    ["/v1/shares/delete", { slot, key: "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ" }],
  ]);
});

test.each([
  {},
  [],
  { share: null },
  { share: base64url.encode(filled(31, 0)) },
  { share: base64url.encode(filled(33, 0)) },
  { share: "!".repeat(43) },
])("CK-975: an answer that is no share: %o", async (answer) => {
  const fetch = async () => new Response(JSON.stringify(answer));
  const api = new AnonymousApi(new Http(ORIGIN, undefined, { fetch }));
  const error = await api.readShare(FIXED.slot, FIXED.read).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PeerError);
  expect(error).toMatchObject({ code: Code.MALFORMED });
});

test("keys are not printed", () => {
  expect(`${FIXED.read} ${JSON.stringify(FIXED.delete)}`).toBe('ShareKey(~) "ShareKey(~)"');
  expect(`${FIXED.slot}`).toBe("ShareSlot(010101~)");
});
