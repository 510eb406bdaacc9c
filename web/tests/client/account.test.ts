/**
 * Sign-up, login, recovery and change of password at a real server, beside Python.
 *
 * What both sides must agree on byte for byte: OPAQUE with its export key, and the keystore.
 */

import { IDBFactory } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Accounts, setPassword, signupToken } from "../../client/account.ts";
import { systemRng } from "../../client/books.ts";
import { signNext } from "../../client/device_chain.ts";
import type { UnlockedAccount } from "../../client/keystore.ts";
import { beginLogin, beginRegistration } from "../../client/opaque.ts";
import { Profile } from "../../client/profile.ts";
import { signUp } from "../../client/sign_up.ts";
import { Store } from "../../client/store.ts";
import { concat, hex } from "../../core/bytes.ts";
import { AuthorizationError, Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { RecoveryCode } from "../../core/recovery.ts";
import * as account from "./account_world.ts";
import { type Seen, somebody } from "./account_world.ts";
import { PASSWORD, startServer, type TestServer } from "./server.ts";

const NEW = "eleven quiet lamps drift";

let server: TestServer;
let accounts: Accounts;

beforeAll(async () => {
  server = await startServer();
  accounts = new Accounts(server.origin);
}, 60_000);
afterEach(() => {
  vi.unstubAllGlobals();
});
afterAll(() => server.stop(), 30_000);

function join(name: string, password = PASSWORD) {
  return account.join(server, name, password);
}

function opened(handle: string, password = PASSWORD): Promise<Seen> {
  return account.opened(server, handle, password);
}

async function exportKey(handle: string, password: string): Promise<string> {
  return accounts.public(async (api) => {
    const begun = await beginLogin(password);
    const { opaqueResponse } = await api.loginStart(handle, begun.request);
    return hex(begun.finish(opaqueResponse).exportKey);
  });
}

// Beside Python

test("an account made in Python opens here, with the same export key", async () => {
  const { handle, recovery } = await server.signup("paul");
  expect(await exportKey(handle, PASSWORD)).toBe(
    await server.ask("export_key", { handle, password: PASSWORD }),
  );
  const seen = await server.ask<Seen>("keystore", { handle, password: PASSWORD });
  expect(await opened(handle)).toEqual(seen);
  const code = RecoveryCode.fromText(recovery);
  expect(await accounts.recover(handle, code, async (login) => hex(login.keys.root))).toBe(
    seen.root,
  );
});

test("an account made here opens in Python, with the same export key", async () => {
  const { handle, recovery } = await join("tess");
  expect(await server.ask("export_key", { handle, password: PASSWORD })).toBe(
    await exportKey(handle, PASSWORD),
  );
  const seen = await server.ask<Seen>("keystore", { handle, password: PASSWORD });
  expect(seen).toEqual(await opened(handle));
  await server.ask("login", {
    who: "tess2",
    handle,
    password: NEW,
    recovery: recovery.toText(),
  });
  // Python has changed password and list: what it wrote is read here.
  const after = await opened(handle, NEW);
  expect(after).toEqual(await server.ask("keystore", { handle, password: NEW }));
  expect(after.root).toBe(seen.root);
  expect(after.revision).toBeGreaterThan(seen.revision);
});

test("a password in other code points is the same password, on both sides", async () => {
  const composed = "café ﬁve lamps drift Å";
  const decomposed = "cafe\u0301 five lamps drift A\u030a";
  expect(composed).not.toBe(decomposed);
  const { handle } = await join("nora", composed);
  const key = await server.ask("export_key", { handle, password: decomposed });
  expect(key).toBe(await exportKey(handle, composed));
  expect(key).toBe(await exportKey(handle, decomposed));
});

test("what one side changes the other goes on with: passwords and lists by turns", async () => {
  const { handle } = await join("tara");
  await accounts.login(handle, PASSWORD, async (login) => {
    await setPassword(login, NEW);
    await signNext(login, (head) => [...head.devices, somebody(1)]);
  });
  const ours = await opened(handle, NEW);
  expect(await server.ask("keystore", { handle, password: NEW })).toEqual(ours);
  await expect(server.ask("keystore", { handle, password: PASSWORD })).rejects.toMatchObject({
    code: Code.LOGIN_FAILED,
  });
});

// By itself

test("R-40: registration is closed, and a link is good once", async () => {
  const used = await server.link();
  const { origin } = server;
  const databases = new IDBFactory();
  const go = (link: string, profile: string) =>
    signUp({ profile, databases, origin, link, name: "rob", password: PASSWORD });
  const { store } = await go(used, "rob");
  await store.close();
  const bad = [
    used,
    `${used.slice(0, -4)}AAAA`,
    `${origin}/signup#`,
    "http://127.0.0.9:1/signup#a",
  ];
  for (const link of bad) {
    const error: unknown = await go(link, "bob").catch((reason: unknown) => reason);
    expect([Code.SIGNUP_LINK, Code.MALFORMED]).toContainEqual(
      error instanceof PeerError || error instanceof AuthorizationError ? error.code : error,
    );
    expect(await Store.exists("bob", { databases })).toBe(false);
  }
  const again = go(await server.link(), "rob");
  await expect(again).rejects.toHaveProperty("code", Code.STORE_LOCKED);
});

test.each(["short", "passwordpassword", "anna anna anna anna"])(
  "R-91: a weak password is refused before anything is sent: %s",
  async (weak) => {
    vi.stubGlobal("fetch", () => {
      throw new Error("something was sent");
    });
    const asked = signUp({
      profile: "weak",
      databases: new IDBFactory(),
      origin: server.origin,
      link: "abcd",
      name: "anna",
      password: weak,
    });
    await expect(asked).rejects.toHaveProperty("code", Code.WEAK_PASSWORD);
  },
);

test("wrong handle, password and code look alike", async () => {
  const { handle } = await join("alma");
  const code = RecoveryCode.generate(systemRng);
  const nothing = async () => undefined;
  const tries = [
    () => accounts.login(handle, "wrong wrong wrong wrong", nothing),
    () => accounts.login("nobody.12345", PASSWORD, nothing),
    () => accounts.recover(handle, code, nothing),
    () => accounts.recover("nobody.12345", code, nothing),
  ];
  for (const attempt of tries) {
    const error: unknown = await attempt().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AuthorizationError);
    expect(error).toHaveProperty("code", Code.LOGIN_FAILED);
  }
});

test("the server cannot be reached, or is another machine without TLS", async () => {
  const place = { profile: "p", databases: new IDBFactory(), name: "anna", password: PASSWORD };
  const away = signUp({ ...place, origin: "http://127.0.0.1:9", link: "abcd" });
  await expect(away).rejects.toThrow(UnavailableError);
  for (const origin of ["http://198.51.100.7:8420", "http://example.org"]) {
    const open = signUp({ ...place, origin, link: "abcd" });
    await expect(open).rejects.toHaveProperty("code", Code.NOT_ENCRYPTED); // CK-553
  }
  expect(await Store.exists("p", place)).toBe(false);
});

test("sign-up links", () => {
  expect(signupToken("https://a.example/signup#tok", "https://a.example")).toBe("tok");
  expect(signupToken(" tok ", "https://a.example")).toBe("tok");
  const bad = [
    "https://b.example/signup#tok",
    "https://a.example/signup#",
    "https://a.example/i#t",
  ];
  for (const link of bad) {
    expect(() => signupToken(link, "https://a.example")).toThrow(AuthorizationError);
  }
});

test("CK-560: keys are wiped when the login is over, and when it fails", async () => {
  const { handle } = await join("wanda");
  let keys: UnlockedAccount | undefined;
  await accounts.login(handle, PASSWORD, async (login) => {
    keys = login.keys;
    expect(keys.root).not.toEqual(new Uint8Array(32));
  });
  expect([keys?.root, keys?.identityPrivate]).toEqual([new Uint8Array(32), new Uint8Array(32)]);
  const failing = accounts.login(handle, PASSWORD, async (login) => {
    keys = login.keys;
    throw new Error("halfway");
  });
  await expect(failing).rejects.toThrow("halfway");
  expect(keys?.root).toEqual(new Uint8Array(32));
});

test("CK-560: the profile holds neither root nor identity key", async () => {
  const link = await server.link();
  const place = { profile: "ina", databases: new IDBFactory() };
  const made = await signUp({
    ...place,
    origin: server.origin,
    link,
    name: "ina",
    password: PASSWORD,
  });
  const { handle } = Profile.load(made.store);
  const secrets = await accounts.login(handle, PASSWORD, async ({ keys }) => ({
    root: hex(keys.root),
    identity: hex(keys.identityPrivate),
    vault: hex(keys.vaultKey),
  }));
  const kinds = ["profile", "list", "list.previous", "keystore", "pool", "address"];
  const held = kinds.flatMap((kind) => made.store.items(kind).map(([k, v]) => hex(concat(k, v))));
  const all = held.join();
  expect(all).not.toContain(secrets.root);
  expect(all).not.toContain(secrets.identity);
  expect(all).toContain(secrets.vault); // the control
  await made.store.close();
});

test("OPAQUE: what is no answer of a server is refused", async () => {
  const registration = await beginRegistration(PASSWORD);
  expect(() => registration.finish(new Uint8Array(64))).toThrow(PeerError);
  const login = await beginLogin(PASSWORD);
  expect(() => login.finish(new Uint8Array(320))).toThrow("CK-562");
  expect(() => login.finish(new Uint8Array(3))).toThrow(AuthorizationError);
});
