/**
 * What a new device, a revoked one and a server that shows an old account are kept from.
 *
 * How pairing and revoking go when everybody is honest, beside Python: `live_python.test.ts`.
 */

import { IDBFactory } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Accounts, setPassword } from "../../client/account.ts";
import { enterByLogin, enterBySignup } from "../../client/client_entry.ts";
import { catchUp } from "../../client/device_chain.ts";
import { listDevices, refresh, revoke } from "../../client/devices.ts";
import { registerDevice, takeBack } from "../../client/enrol.ts";
import { enter } from "../../client/entering.ts";
import { NoticeKind } from "../../client/history.ts";
import { approve, NewSide } from "../../client/pairing.ts";
import { Session } from "../../client/session.ts";
import { Store } from "../../client/store.ts";
import { hex } from "../../core/bytes.ts";
import { AuthorizationError, Code, VisavisError } from "../../core/errors.ts";
import { Digest, Nonce32 } from "../../core/ids.ts";
import { pairingFromLink, pairingToLink } from "../../core/invite.ts";
import { PASSWORD, startServer, type TestServer } from "./server.ts";

const NEW = "eleven quiet lamps drift";

let server: TestServer;
let accounts: Accounts;
const open = new Set<Session>();

beforeAll(async () => {
  server = await startServer();
  accounts = new Accounts(server.origin);
}, 60_000);
afterEach(async () => {
  vi.unstubAllGlobals();
  await Promise.all([...open].map((session) => session.close()));
  open.clear();
});
afterAll(() => server.stop(), 30_000);

function kept(session: Session): Session {
  open.add(session);
  return session;
}

function place(profile: string) {
  return { profile, databases: new IDBFactory(), origin: server.origin };
}

async function join(name: string): Promise<Session> {
  const link = await server.link();
  const made = await enterBySignup({ ...place(name), link, name, password: PASSWORD });
  return kept(made.session);
}

/** Everybody who is open reads and answers. */
async function settle(...sessions: Session[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const session of sessions) await session.sync();
  }
}

/** A device that pairs: as `Client.login` does it, and can be stopped. */
function pair(of: Session) {
  const shown = Promise.withResolvers<string>();
  const digits = Promise.withResolvers<string>();
  const stop = new AbortController();
  const { origin, handle } = of.books.profile;
  const done = accounts.login(handle, PASSWORD, async (login) => {
    const joined = await registerDevice(place("tablet"), login, { origin, handle, alone: false });
    const session = kept(await Session.open(joined.device.store));
    try {
      await session.start();
      await enter(session, joined, login);
      const side = await NewSide.open(session, joined.ownList, joined.before);
      shown.resolve(side.link);
      await side.run(digits.resolve, stop.signal);
      await session.store.transaction((unit) => session.books.profile.activate(unit));
      return session;
    } catch (error) {
      await session.close();
      await takeBack(login, joined.device.profile.deviceId, joined.before);
      throw error;
    }
  });
  done.catch(shown.reject);
  // Whoever waits for them hears of its failure; nobody else must.
  shown.promise.catch(() => undefined);
  return { link: shown.promise, digits: digits.promise, done, stop };
}

async function linked(existing: Session): Promise<Session> {
  const tablet = pair(existing);
  await approve(existing, await tablet.link, () => true);
  const session = await tablet.done;
  await settle(existing, session);
  return session;
}

async function refusal(work: Promise<unknown>): Promise<VisavisError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof VisavisError)) throw new Error(`not refused: ${error}`);
  return error;
}

function shortId(session: Session): string {
  return hex(session.books.device).slice(0, 6);
}

function stored(of: Session, password = PASSWORD): Promise<string> {
  const { handle } = of.books.profile;
  return accounts.login(handle, password, async (login) => hex(login.keystore.toBytes()));
}

/** Have the server show one keystore, whatever is stored. */
function showing(old: string): void {
  const keystore = Buffer.from(old, "hex").toString("base64url");
  const honest = globalThis.fetch;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const response = await honest(url, init);
    const isShown = /\/v1\/(login\/finish|recovery\/finish|keystore)$/.test(url);
    if (!response.ok || !isShown || init.method === "PUT") return response;
    const body: Record<string, unknown> = await response.json();
    return new Response(JSON.stringify({ ...body, keystore }), { status: response.status });
  });
}

function kinds(session: Session): string[] {
  const { history, store } = session.books;
  return history.allNotices(store).map(({ kind }) => kind);
}

// Pairing

test("both show the same digits; the person's no gives nothing away", async () => {
  const anna = await join("anna");
  const tablet = pair(anna);
  const link = await tablet.link;
  let seen = "";
  const refused = await refusal(
    approve(anna, link, async (six) => {
      seen = six;
      return false;
    }),
  );
  expect([refused.constructor, refused.code]).toEqual([AuthorizationError, Code.REFUSED]);
  expect(seen).toMatch(/^[0-9]{6}$/);
  expect(await tablet.digits).toBe(seen);
  expect(anna.books.ownList(anna.books.store).devices.length).toBe(1);
  expect(kinds(anna)).not.toContain(NoticeKind.OWN_DEVICE_ADDED);
  tablet.stop.abort(new Error("gave up"));
  // Or it was still saying something as Anna took her address back, and was refused.
  await expect(tablet.done).rejects.toThrow(/gave up|address is not good/);
  // Taken back, on both sides.
  expect((await listDevices(anna)).map(({ listed }) => listed)).toEqual([true]);
  // The control.
  const again = await linked(anna);
  expect((await listDevices(again)).map(({ listed }) => listed)).toEqual([true, true]);
  expect(kinds(anna)).toContain(NoticeKind.OWN_DEVICE_ADDED);
});

test("CK-595: a stranger cannot take a device in", async () => {
  const [anna, mallory] = [await join("annika"), await join("mallory")];
  const tablet = pair(anna);
  const stop = new AbortController();
  const approving = approve(mallory, await tablet.link, () => true, stop.signal);
  const stopped = expect(approving).rejects.toThrow("enough");
  const refused = await refusal(tablet.done);
  expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.BAD_CREDENTIAL, "CK-595"]);
  stop.abort(new Error("enough"));
  await stopped;
});

test("CK-596: pairing goes in order", async () => {
  const anna = await join("anneke");
  const tablet = pair(anna);
  const there = pairingFromLink(await tablet.link).address;
  const nonce = new Nonce32(new Uint8Array(32).fill(1));
  await anna.sendOuter(there, { kind: "pair.reveal", nonce, groups: 1 }, { durable: true });
  const refused = await refusal(tablet.done);
  expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.UNEXPECTED, "CK-596"]);
  expect((await listDevices(anna)).length).toBe(1);
});

test("CK-597: the key must be the one of the link", async () => {
  const anna = await join("anja");
  const tablet = pair(anna);
  const { address } = pairingFromLink(await tablet.link);
  const forged = pairingToLink({ address, deviceKeyHash: new Digest(new Uint8Array(32)) });
  const refused = await refusal(approve(anna, forged, () => true));
  expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.BAD_SIGNATURE, "CK-597"]);
  tablet.stop.abort(new Error("gave up"));
  await expect(tablet.done).rejects.toThrow("gave up");
});

test("a link of another server, or none at all", async () => {
  const anna = await join("antje");
  const tablet = pair(anna);
  const link = await tablet.link;
  const elsewhere = link.replace(server.origin, "https://example.org");
  expect((await refusal(approve(anna, elsewhere, () => true))).code).toBe(Code.REFUSED);
  expect((await refusal(approve(anna, link.slice(0, -9), () => true))).code).toBe(Code.MISTYPED);
  tablet.stop.abort(new Error("gave up"));
  await expect(tablet.done).rejects.toThrow("gave up");
});

// Revoking

test("revoking: who may not, whom not, and what a revoked device cannot do", async () => {
  const anna = await join("alice");
  const tablet = await linked(anna);
  const keyBefore = hex(anna.books.profile.vaultKeys.subarray(0, 32));
  const other = shortId(tablet);
  expect((await refusal(revoke(anna, other, "not the right password"))).code).toBe(
    Code.LOGIN_FAILED,
  );
  for (const nobody of ["ffffff", "", shortId(anna)]) {
    expect((await refusal(revoke(anna, nobody, PASSWORD))).code).toBe(Code.UNKNOWN_DEVICE);
  }
  // Else it would erase itself before it can do anything (`refusal.test.ts`, `live.test.ts`).
  tablet.deviceApi.farewell = async () => undefined;
  await revoke(anna, ` ${other.toUpperCase()} `, PASSWORD);
  expect((await refusal(tablet.sync())).code).toBe(Code.REFUSED);
  expect((await listDevices(anna)).map(({ current }) => current)).toEqual([true]);
  expect(hex(anna.books.profile.vaultKeys.subarray(0, 32))).not.toBe(keyBefore);
  expect(kinds(anna)).toContain(NoticeKind.OWN_DEVICE_REMOVED);
  // CK-684: it does not know yet, and has the password.
  const shutOut = accounts.login(anna.books.profile.handle, PASSWORD, (login) =>
    refresh(tablet, login),
  );
  const refused = await refusal(shutOut);
  expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.REFUSED, "CK-684"]);
  // What is done is done.
  expect((await refusal(revoke(anna, other, PASSWORD))).code).toBe(Code.UNKNOWN_DEVICE);
});

test("a revocation that dies half-way can be repeated", async () => {
  const anna = await join("amalia");
  const tablet = await linked(anna);
  const { handle } = anna.books.profile;
  const other = shortId(tablet);
  // The list and the device are gone; then the server is, before the new key is kept.
  const honest = globalThis.fetch;
  let puts = 0;
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const isKeystore = url.endsWith("/v1/keystore") && init.method === "PUT";
    if (isKeystore && ++puts > 1) return Promise.reject(new TypeError("fetch failed"));
    return honest(url, init);
  });
  expect((await refusal(revoke(anna, other, PASSWORD))).code).toBe(Code.UNAVAILABLE);
  vi.unstubAllGlobals();
  expect((await listDevices(anna)).length).toBe(1);
  await revoke(anna, other, PASSWORD);
  const [newest, kept_] = await accounts.login(handle, PASSWORD, async ({ keys }) => [
    hex(keys.vaultKey),
    hex(anna.books.profile.vaultKeys.subarray(0, 32)),
  ]);
  expect(newest).toBe(kept_);
});

// A server that shows an old account

test("CK-682: an old list in the keystore is noticed by a device", async () => {
  const anna = await join("ada");
  const old = await stored(anna);
  const tablet = await linked(anna);
  const newest = await stored(anna);
  showing(old);
  const { handle } = anna.books.profile;
  for (const work of [
    () => revoke(anna, shortId(tablet), PASSWORD),
    () => accounts.login(handle, PASSWORD, (login) => catchUp(anna.books, login)),
  ]) {
    const refused = await refusal(work());
    expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.ROLLED_BACK, "CK-682"]);
  }
  vi.unstubAllGlobals();
  expect(await stored(anna)).toBe(newest); // nothing was signed
  expect(kinds(anna)).toContain(NoticeKind.KEYS_ROLLED_BACK);
  await revoke(anna, shortId(tablet), PASSWORD); // the control
});

test("CK-682: an old revision is noticed by a device that has seen a newer one", async () => {
  const anna = await join("adele");
  const { handle } = anna.books.profile;
  const old = await stored(anna);
  await accounts.login(handle, PASSWORD, async (login) => {
    await setPassword(login, NEW);
    await setPassword(login, PASSWORD);
    await catchUp(anna.books, login);
  });
  // Its wrap by password is of another record, but a recovery opens it.
  showing(old);
  const again = accounts.login(handle, PASSWORD, (login) => catchUp(anna.books, login));
  expect((await refusal(again)).code).toBe(Code.LOGIN_FAILED);
  vi.unstubAllGlobals();
  await accounts.login(handle, PASSWORD, async (login) => {
    login.keys.revision = 1;
    const refused = await refusal(catchUp(anna.books, login));
    expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.ROLLED_BACK, "CK-682"]);
  });
});

test("CK-683: an old keystore beside a newer vault is noticed by a new device", async () => {
  const anna = await join("agata");
  const old = await stored(anna);
  const tablet = await linked(anna);
  await tablet.vault.write();
  const { handle } = anna.books.profile;
  const where = { ...place("new"), handle, password: PASSWORD };
  showing(old);
  const refused = await refusal(enterByLogin({ ...where, onPairing: () => undefined }));
  expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.ROLLED_BACK, "CK-683"]);
  vi.unstubAllGlobals();
  expect(await Store.exists("new", where)).toBe(false);
  expect((await listDevices(anna)).length).toBe(2);
});

test("CK-594: the keystore of somebody who has the same password", async () => {
  const [anna, bob] = [await join("aline"), await join("bruno")];
  const refused = await refusal(
    accounts.login(bob.books.profile.handle, PASSWORD, (login) => catchUp(anna.books, login)),
  );
  expect([refused.code, refused.detail.slice(0, 6)]).toEqual([Code.IDENTITY_CHANGED, "CK-594"]);
});

test("an altered vault stops a new device, and nothing stays of it", async () => {
  const anna = await join("agnes");
  await anna.vault.write();
  const { handle } = anna.books.profile;
  const where = { ...place("new"), handle, password: PASSWORD };
  const honest = globalThis.fetch;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const response = await honest(url, init);
    if (!url.endsWith("/v1/vault/read")) return response;
    const text = await response.text();
    return new Response(text.replace(/"data": ?"..../, '"data":"AAAA'), { status: 200 });
  });
  const refused = await refusal(enterByLogin({ ...where, onPairing: () => undefined }));
  expect(refused.code).toBe(Code.DECRYPTION);
  vi.unstubAllGlobals();
  expect(await Store.exists("new", where)).toBe(false);
  expect((await listDevices(anna)).length).toBe(1);
  await accounts.login(handle, PASSWORD, async ({ keys }) => {
    expect(keys.head.devices.length).toBe(1);
  });
});
