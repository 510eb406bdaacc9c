/** Another handle at a real server: browsers, Python devices and passkeys. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Client, NoticeKind } from "../../client/client.ts";
import { UnavailableError } from "../../core/errors.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { PASSWORD, People, settle } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

const PASSKEY = { passkey: true } as const;
const FRESH = "seven purple otters juggle";

let server: TestServer;
let people: People;
const realFetch = globalThis.fetch;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(async () => {
  globalThis.fetch = realFetch;
  await people.close();
});
afterAll(() => server.stop());

async function rename(client: Client, name: string, proof: Parameters<Client["revoke"]>[1]) {
  return await (await client.yourData()).rename(name, proof);
}

function told(client: Client, kind: NoticeKind = NoticeKind.CONTACT_RENAMED) {
  return client.notices().flatMap((one) => (one.kind === kind ? [one.names] : []));
}

const nameAt = (client: Client) => client.contacts().map(({ name }) => name);

test("a browser and a Python device of one account, and contacts of both kinds", async () => {
  const anna = await people.signUp("anna");
  const bob = await people.signUp("bob");
  await server.signup("carl");
  await people.befriend(anna, bob);
  const link = await anna.createInvite();
  await server.ask("accept", { who: "carl", link });
  await settle(anna);
  const { handle: was } = anna;
  const pair = await server.ask<string>("pair", {
    who: "anna py",
    handle: was,
    password: PASSWORD,
  });
  await anna.approveDevice(pair, () => true);
  await server.ask("paired", { who: "anna py" });
  await settle(anna, bob);
  await bob.setVerified(bob.findContact("anna"), true);

  const handle = await rename(anna, "maria", PASSWORD);
  expect([...(await (await anna.yourData()).local()).kinds.keys()]).not.toContain("other");
  expect([handle.slice(0, 6), anna.handle]).toEqual(["maria.", handle]);
  await settle(anna, bob);
  for (const who of ["carl", "anna py"]) await server.ask("sync", { who });
  expect([nameAt(bob), told(bob)]).toEqual([[handle], [{ was, name: handle }]]);
  expect(bob.findContact("maria")).toMatchObject({ verified: true, state: "contact" });
  expect(await server.ask("renamed", { who: "carl" })).toEqual([[was, handle]]);
  expect(await server.ask("handle", { who: "anna py" })).toBe(handle);
  expect(await server.ask("renamed", { who: "anna py" })).toEqual([[was, handle]]);

  // And back again, by the Python device: what the browser wrote is what it reads.
  const again = await server.ask<string>("rename", {
    who: "anna py",
    name: "anna",
    password: PASSWORD,
  });
  await settle(anna, bob);
  expect([anna.handle, nameAt(bob)]).toEqual([again, [again]]);
  expect(told(anna, NoticeKind.OWN_HANDLE_CHANGED)).toEqual([{ was: handle, name: again }]);
  expect(told(bob).at(-1)).toEqual({ was: handle, name: again });

  // The account opens under this one, and no other.
  const code = anna.recoveryCode ?? "";
  for (const old of [was, handle]) {
    const refused = people.login("nobody", old, { recoveryCode: code });
    await expect(refused).rejects.toMatchObject({ code: "login_failed" });
  }
  const third = await people.login("anna 3", again, { recoveryCode: code });
  expect(third.handle).toBe(again);
  await anna.changePassword(PASSWORD, FRESH);
  await settle(bob);
  await bob.sendMessage(bob.findContact("anna"), "whatever you are called");
});

test("a passkey opens the account under the handle that the keystore names (CK-767)", async () => {
  const phone = new FakeAuthenticator(server.origin);
  const unplug = phone.plugIn();
  try {
    const anna = await people.signUp("ada", { byPasskey: true });
    const bob = await people.signUp("bert");
    await people.befriend(anna, bob);
    const { handle: was } = anna;
    await expect(rename(anna, "maria", PASSWORD)).rejects.toMatchObject({ code: "login_failed" });
    const handle = await rename(anna, "maria", PASSKEY);
    await settle(anna, bob);
    expect(told(bob)).toEqual([{ was, name: handle }]);
    // The passkey wraps the handle of the day on which it was made.
    expect(phone.names).toEqual([was]);
    const second = await people.passkeyLogin("ada 2");
    expect(second.handle).toBe(handle);
    // From the start: had it begun with the old one and heard of another, it would have said so.
    expect(told(second, NoticeKind.OWN_HANDLE_CHANGED)).toEqual([]);
    await settle(anna, bob, second);
    // There is a password from now on, so that a passkey alone cannot register it anew.
    await second.changePassword(PASSKEY, PASSWORD);
    await expect(rename(second, "marie", PASSKEY)).rejects.toMatchObject({ code: "login_failed" });
    const last = await rename(second, "marie", PASSWORD);
    await settle(anna, second, bob);
    expect([anna.handle, nameAt(bob)]).toEqual([last, [last]]);
  } finally {
    unplug();
  }
});

test.each([true, false])("an answer that never came: made %s", async (made) => {
  const name = made ? "dora" : "dana";
  const anna = await people.signUp(name);
  const bob = await people.signUp(`${name}s-friend`);
  await people.befriend(anna, bob);
  const { handle: was } = anna;
  let isCut = false;
  globalThis.fetch = async (url, init) => {
    const isFinish = String(url).endsWith("/v1/handle/finish");
    if (isFinish && made) await realFetch(url, init);
    isCut ||= isFinish;
    if (isCut) throw new TypeError("the line is cut");
    return await realFetch(url, init);
  };
  await expect(rename(anna, "maria", PASSWORD)).rejects.toBeInstanceOf(UnavailableError);
  globalThis.fetch = realFetch;
  expect([isCut, anna.handle]).toEqual([true, was]);
  // The page is closed as well.
  await people.close(anna);
  const again = await people.open(name);
  await again.changePassword(PASSWORD, FRESH);
  expect(again.handle !== was).toBe(made);
  expect(told(again, NoticeKind.OWN_HANDLE_CHANGED)).toEqual([]);
  await settle(again, bob);
  expect(nameAt(bob)).toEqual([again.handle]);
});

test("what is no name is refused before anybody is asked", async () => {
  const anna = await people.signUp("eva");
  for (const name of ["Eva", "e", "eva.12345", "", "a".repeat(25)]) {
    await expect(rename(anna, name, PASSWORD)).rejects.toMatchObject({ code: "mistyped" });
  }
  await expect(rename(anna, "ewa", FRESH)).rejects.toMatchObject({ code: "login_failed" });
  expect(await rename(anna, "ewa", PASSWORD)).toBe(anna.handle);
});

test("a server that hands out another name is not followed (CK-768)", async () => {
  const anna = await people.signUp("fay");
  const { handle: was } = anna;
  globalThis.fetch = async (url, init) => {
    const isStart = String(url).endsWith("/v1/handle/start");
    const body = String(init?.body ?? "").replace('"maria"', '"mallory"');
    return await realFetch(url, isStart ? { ...init, body } : init);
  };
  await expect(rename(anna, "maria", PASSWORD)).rejects.toMatchObject({ code: "malformed" });
  globalThis.fetch = realFetch;
  expect(anna.handle).toBe(was);
  await anna.changePassword(PASSWORD, FRESH);
});
