/** Accounts at a real server, made and opened without a session. */

import { IDBFactory } from "fake-indexeddb";
import { Accounts } from "../../client/account.ts";
import { systemRng } from "../../client/books.ts";
import { Profile } from "../../client/profile.ts";
import { type SignedUp, signUp } from "../../client/sign_up.ts";
import { hex } from "../../core/bytes.ts";
import { DeviceId, random, SignatureKey } from "../../core/ids.ts";
import { PASSWORD, type TestServer } from "./server.ts";

/** What a keystore holds, as hex, as `serve.py` says it too. */
export type Seen = Readonly<{
  root: string;
  vault: string[];
  revision: number;
  list: string;
  stored: string;
}>;

/** Make an account; its profile is closed again. */
export async function join(
  server: TestServer,
  name: string,
  password = PASSWORD,
): Promise<SignedUp & { handle: string }> {
  const link = await server.link();
  const { origin } = server;
  const place = { profile: name, databases: new IDBFactory() };
  const made = await signUp({ ...place, origin, link, name, password });
  const { handle } = Profile.load(made.store);
  await made.store.close();
  return { ...made, handle };
}

/** Log in and say what the keystore holds. */
export function opened(server: TestServer, handle: string, password = PASSWORD): Promise<Seen> {
  return new Accounts(server.origin).login(handle, password, async ({ keys, keystore }) => ({
    root: hex(keys.root),
    vault: keys.vaultKeys.map(hex),
    revision: keys.revision,
    list: hex(keys.head.data),
    stored: hex(keystore.toBytes()),
  }));
}

/** A device for a list, with nothing behind it. */
export function somebody(fill: number) {
  const signatureKey = new SignatureKey(new Uint8Array(32).fill(fill));
  return { deviceId: random(DeviceId, systemRng), signatureKey };
}
