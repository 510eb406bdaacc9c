/** A server's word alone erases nothing (CK-750, R-10). */

import { expect, test } from "vitest";
import type { Books } from "../../client/books.ts";
import { explainRefusal } from "../../client/refusal.ts";
import type { DeviceApi } from "../../client/transport/device_api.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { signFarewell } from "../../core/farewell.ts";
import { identityPublicKey } from "../../core/identity.ts";
import { AccountId, DeviceId } from "../../core/ids.ts";

const KEY = new Uint8Array(32).fill(7);
const ACCOUNT = new AccountId(new Uint8Array(16).fill(1));
const DEVICE = new DeviceId(new Uint8Array(16).fill(2));
const REFUSED = new AuthorizationError(Code.REFUSED, "this device is not known to the server");

const identityKey = await identityPublicKey(KEY);
const books = {
  account: ACCOUNT,
  device: DEVICE,
  store: undefined,
  ownList: () => ({ identityKey }),
} as unknown as Books;

function leaving(farewell: Uint8Array | undefined): DeviceApi {
  return { farewell: async () => farewell } as unknown as DeviceApi;
}

test("the account's word for this very device shuts it out", async () => {
  const farewell = await signFarewell(KEY, ACCOUNT, DEVICE);
  const told = await explainRefusal(books, leaving(farewell), REFUSED);
  expect(told.code).toBe(Code.SHUT_OUT);
});

test.each([
  ["nothing", () => undefined],
  ["no signature", () => new Uint8Array(64)],
  ["another key", () => signFarewell(new Uint8Array(32), ACCOUNT, DEVICE)],
  ["another device", () => signFarewell(KEY, ACCOUNT, new DeviceId(new Uint8Array(16)))],
  ["another account", () => signFarewell(KEY, new AccountId(new Uint8Array(16)), DEVICE)],
])("%s does not", async (_, make) => {
  expect(await explainRefusal(books, leaving(await make()), REFUSED)).toBe(REFUSED);
});

test("what is no refusal is not asked about, and who cannot be asked is asked again", async () => {
  const away = {
    farewell: async () => {
      throw new UnavailableError(Code.UNAVAILABLE, "away");
    },
  } as unknown as DeviceApi;
  const copied = new PeerError(Code.UNEXPECTED, "CK-558");
  expect(await explainRefusal(books, away, copied)).toBe(copied);
  await expect(explainRefusal(books, away, REFUSED)).rejects.toMatchObject({ code: "unavailable" });
});
