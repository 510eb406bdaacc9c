/** Passkeys from the browser's side, at a real server: an authenticator in software, real checks. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { NoticeKind } from "../../client/client.ts";
import { hex } from "../../core/bytes.ts";
import { FakeAuthenticator } from "./fake_authenticator.ts";
import { PASSWORD, People, settle, thread, until } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

const PASSKEY = { passkey: true } as const;

let server: TestServer;
let people: People;
let phone: FakeAuthenticator;
let unplug: () => void;
/** Everything that was sent to the server. */
let sent: string[];
const realFetch = globalThis.fetch;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
beforeEach(() => {
  phone = new FakeAuthenticator(server.origin);
  unplug = phone.plugIn();
  sent = [];
  globalThis.fetch = (url, init) => {
    sent.push(`${url} ${String(init?.body ?? "")}`);
    return realFetch(url, init);
  };
});
afterEach(async () => {
  globalThis.fetch = realFetch;
  await people.close();
  unplug();
});
afterAll(() => server.stop());

/** The key must have been wiped wherever the page got it, and never have left it. */
function expectNoKeyLeft(prfs: readonly Uint8Array[]): void {
  expect(prfs.length).toBeGreaterThan(0);
  for (const prf of prfs) expect(hex(prf)).toBe("00".repeat(32));
  expect(sent.join()).not.toContain("clientExtensionResults");
}

test("an account that begins with a passkey, and a new browser that signs in with it", async () => {
  const bob = await people.signUp("bob");
  const anna = await people.signUp("anna", { byPasskey: true });
  expect(anna.recoveryCode?.split("-")).toHaveLength(7);
  expect(phone.names).toEqual([anna.handle]);
  expectNoKeyLeft(phone.keys);
  await people.befriend(anna, bob);
  await anna.sendMessage(anna.findContact("bob"), "without a password");
  await bob.sync();
  expect(thread(bob, "anna")).toEqual(["without a password"]);
  expect(await anna.waysIn()).toMatchObject({ password: false, passkeys: [{}] });

  // Another browser, the same passkey: no handle is typed, no other device helps.
  const second = await people.passkeyLogin("anna 2");
  expect(second.handle).toBe(anna.handle);
  expect(second.account).toEqual(anna.account);
  await until(() => anna.notices().some(({ kind }) => kind === NoticeKind.OWN_DEVICE_ADDED));
  await settle(anna, bob, second, anna, bob, second);
  expect(await second.devices()).toHaveLength(2);
  await until(() => second.findContact("bob").state === "contact");
  await second.sendMessage(second.findContact("bob"), "from my new browser");
  await settle(second, bob);
  expect(thread(bob, "anna")).toContain("from my new browser");
  expectNoKeyLeft(phone.keys);
});

test("a passkey in the place of the password: revoke, set a password, pair with it", async () => {
  const anna = await people.signUp("amy", { byPasskey: true });
  const second = await people.passkeyLogin("amy 2");
  await settle(anna, second);
  const other = (await anna.devices()).find((device) => !device.current);
  await expect(anna.revoke(other ?? "", PASSWORD)).rejects.toMatchObject({ code: "login_failed" });
  await anna.revoke(other ?? "", PASSKEY);
  expect(await anna.devices()).toHaveLength(1);

  // The program of the command line has no passkeys: it signs in once there is a password.
  const refused = server.ask("pair", { who: "amy py", handle: anna.handle, password: PASSWORD });
  await expect(refused).rejects.toMatchObject({ code: "login_failed" });
  await anna.changePassword(PASSKEY, PASSWORD);
  expect(await anna.waysIn()).toMatchObject({ password: true, passkeys: [{}] });
  const link = await server.ask<string>("pair", {
    who: "amy py",
    handle: anna.handle,
    password: PASSWORD,
  });
  await anna.approveDevice(link, () => true);
  await server.ask("paired", { who: "amy py" });
  expect(await anna.devices()).toHaveLength(2);
  // And a device of the command line that was let in shuts out with the recovery code.
  const third = await people.passkeyLogin("amy 3");
  const id = (await third.devices()).find((device) => device.current)?.shortId;
  const code = anna.recoveryCode ?? "";
  await server.ask("revoke_by_code", { who: "amy py", device: id, code });
  await until(() => third.connection !== "online");
  await expect(third.sync()).rejects.toMatchObject({ code: "shut_out" });
});

test("a password account adds a passkey, removes it, and keeps the last way in", async () => {
  const anna = await people.signUp("ada");
  await expect(anna.addPasskey("not the password")).rejects.toMatchObject({ code: "login_failed" });
  expect(phone.asked).toBe(0);
  const first = await anna.addPasskey(PASSWORD);
  await expect(anna.addPasskey(PASSWORD)).rejects.toMatchObject({ code: "passkey_exists" });
  const key = new FakeAuthenticator(server.origin);
  const [kept] = phone.passkeys;
  unplug();
  unplug = key.plugIn();
  const second = await anna.addPasskey(PASSWORD);
  const ways = await anna.waysIn();
  expect(ways.passkeys.map((one) => one.shortId).sort()).toEqual([first, second].sort());
  const elsewhere = await people.passkeyLogin("ada 2");
  expect(elsewhere.handle).toBe(anna.handle);

  await anna.removePasskey(first, PASSKEY);
  expect(key.forgotten).toEqual([kept?.id.toString("base64url")]);
  unplug();
  unplug = phone.plugIn();
  await expect(people.passkeyLogin("ada 3")).rejects.toMatchObject({ code: "passkey_refused" });
  await anna.removePasskey(second, PASSWORD);
  expect((await anna.waysIn()).passkeys).toEqual([]);
  await expect(anna.removePasskey(second, PASSWORD)).rejects.toMatchObject({ code: "refused" });
  expectNoKeyLeft([...phone.keys, ...key.keys]);

  const only = await people.signUp("abe", { byPasskey: true });
  const [way] = (await only.waysIn()).passkeys;
  const last = only.removePasskey(way?.shortId ?? "", PASSKEY);
  await expect(last).rejects.toMatchObject({ code: "last_way_in" });
});

test("an authenticator that gives its key only when used is asked twice", async () => {
  phone.gives = "when used";
  const anna = await people.signUp("alma", { byPasskey: true });
  expect(phone.asked).toBe(2);
  const second = await people.passkeyLogin("alma 2");
  expect(second.handle).toBe(anna.handle);
  expectNoKeyLeft(phone.keys);
});

test("no key, no verification, no person: each says so, and nothing was made", async () => {
  phone.gives = "never";
  const noKey = people.signUp("nora", { byPasskey: true });
  await expect(noKey).rejects.toMatchObject({ code: "passkey_no_key" });
  expect(phone.forgotten).toHaveLength(1);
  phone.gives = "always";
  phone.verifies = false;
  const unverified = people.signUp("nora", { byPasskey: true });
  await expect(unverified).rejects.toMatchObject({ code: "passkey_refused" });
  expect(phone.forgotten).toHaveLength(2);
  phone.verifies = true;
  for (const [name, code] of [
    ["NotAllowedError", "passkey_cancelled"],
    ["AbortError", "passkey_cancelled"],
    ["NotSupportedError", "passkey_no_key"],
    ["SecurityError", "usage"],
  ] as const) {
    phone.fails = name;
    await expect(people.signUp("nora", { byPasskey: true })).rejects.toMatchObject({ code });
  }
  expect(await people.state("nora")).toBe("none");
  phone.fails = undefined;
  const nora = await people.signUp("nora", { byPasskey: true });
  phone.fails = "NotAllowedError";
  await expect(nora.addPasskey(PASSKEY)).rejects.toMatchObject({ code: "passkey_cancelled" });
});

test("CK-448: a passkey of another account changes nothing here", async () => {
  const anna = await people.signUp("asha", { byPasskey: true });
  const annas = phone;
  unplug();
  phone = new FakeAuthenticator(server.origin);
  unplug = phone.plugIn();
  await people.signUp("mallory", { byPasskey: true });
  // The browser offers only Asha's own; Mallory's is not among them.
  await expect(anna.addPasskey(PASSKEY)).rejects.toMatchObject({ code: "passkey_cancelled" });
  // And a browser that offers it all the same gains nothing.
  const [theirs] = phone.passkeys;
  const [hers] = annas.passkeys;
  if (theirs && hers) phone.passkeys.splice(0, 1, { ...theirs, id: hers.id });
  await expect(anna.addPasskey(PASSKEY)).rejects.toMatchObject({ code: "passkey_refused" });
  expect((await anna.waysIn()).passkeys).toHaveLength(1);
  const bert = await people.signUp("bela");
  await expect(bert.addPasskey(PASSKEY)).rejects.toMatchObject({ code: "passkey_refused" });
});

test("the recovery code opens a passkey account, and sets its password", async () => {
  const anna = await people.signUp("abby", { byPasskey: true });
  const recoveryCode = anna.recoveryCode ?? "";
  const second = await people.login("abby 2", anna.handle, { recoveryCode });
  expect(await second.waysIn()).toMatchObject({ password: true, passkeys: [{}] });
  // The passkey still opens it: the root is the same.
  const third = await people.passkeyLogin("abby 3");
  expect(third.account).toEqual(anna.account);
});

test("a browser that has a profile keeps it", async () => {
  await people.signUp("cora", { byPasskey: true });
  await expect(people.passkeyLogin("cora")).rejects.toMatchObject({ code: "store_locked" });
});
