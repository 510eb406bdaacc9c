/** Requests by handle for tests: handles that are shown, and strangers without an account. */

import { vi } from "vitest";
import { type Given, Purpose } from "../../client/addresses.ts";
import { ByHandle } from "../../client/by_handle.ts";
import type { AccountDataApi } from "../../client/transport/account_data.ts";
import { PublicApi } from "../../client/transport/api.ts";
import type { DeviceApi } from "../../client/transport/device_api.ts";
import { hex } from "../../core/bytes.ts";
import type { ContactRequest } from "../../core/content_outer.ts";
import { UNSIGNED } from "../../core/content_records.ts";
import { signRequest } from "../../core/content_signed.ts";
import { signFirst } from "../../core/device_list.ts";
import { type HandleAddress, handleDestination } from "../../core/handle_request.ts";
import { generateIdentityKey } from "../../core/identity.ts";
import { AccountId, DeviceId, RequestToken, random, SignatureKey } from "../../core/ids.ts";
import { SUITE_ID, signaturePublicKey } from "../../core/mls/index.ts";
import { address, rng } from "./people.ts";
import { ORIGIN, type Party, type World } from "./world.ts";

/** Of work: a test that uses this has the level in `core/work.ts` lowered to it. */
export const BITS = 8;

/** What the server shows for handles, of everybody in a test. */
const handles = new Map<string, HandleAddress>();
/** Handles whose accounts are frozen. */
const frozen = new Set<string>();

/** Freeze the account of a handle; returns what thaws it. */
export function freeze(handle: string): () => void {
  frozen.add(handle);
  return () => frozen.delete(handle);
}

/** What `ByHandle` asks the server; shows and hides one handle. */
export function api(world: World, handle = ""): DeviceApi {
  type Part = Pick<DeviceApi, "putRequestAddress" | "addCapabilities" | "revokeCapabilities">;
  const settings = async () => ({
    ...{ account_days: null, envelope_days: null, restricted: frozen.has(handle) },
    ...{ most_account_days: 730, most_envelope_days: 30 },
  });
  const part: Part & { accountData: Pick<AccountDataApi, "settings"> } = {
    accountData: { settings },
    putRequestAddress: async (found) => {
      if (found !== undefined) handles.set(handle, found);
    },
    addCapabilities: async () => undefined,
    revokeCapabilities: async (hashes) => {
      for (const hash of hashes) world.dead.add(hex(hash));
    },
  };
  return part as Part as DeviceApi;
}

export type Shown = Readonly<{
  byHandle: ByHandle;
  given: Given;
  destination: Uint8Array<ArrayBuffer>;
}>;

/** Show somebody's handle. */
export async function shown(party: Party, handle = party.account.handle): Promise<Shown> {
  vi.spyOn(PublicApi.prototype, "lookUp").mockImplementation(async (name) => {
    const found = handles.get(name);
    if (found === undefined) throw new Error("no decoys here");
    return [found, BITS];
  });
  const byHandle = new ByHandle(party.books, party.outbox, api(party.world, handle));
  party.byHandle = byHandle;
  await byHandle.setFindable(true);
  const [given] = party.books.addresses.all(party.store, Purpose.HANDLE);
  const found = handles.get(handle);
  if (given === undefined || found === undefined) throw new Error("not shown");
  return { byHandle, given, destination: handleDestination(found.mailbox, found.sealingKey) };
}

export type Stranger = Readonly<{ request: ContactRequest; account: AccountId }>;

/** A request by somebody new, good in form and signature. */
export async function stranger(
  destination: Uint8Array<ArrayBuffer>,
  { name = "mallory.12345", account = random(AccountId, rng) } = {},
): Promise<Stranger> {
  const [key, device] = [rng(32), random(DeviceId, rng)];
  const signatureKey = new SignatureKey(await signaturePublicKey(SUITE_ID, key));
  const list = await signFirst(account, generateIdentityKey(rng), [
    { deviceId: device, signatureKey },
  ]);
  const request: ContactRequest = {
    kind: "contact.request",
    token: random(RequestToken, rng),
    list: list.data,
    name,
    devices: [{ device, keyPackage: rng(11), address: { ...address(), origin: ORIGIN } }],
    device,
    signature: UNSIGNED,
  };
  return { request: await signRequest(request, key, destination), account };
}
