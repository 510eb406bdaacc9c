/** Logins at a server that lies, or while others change the account too. */

import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Accounts, setPassword } from "../../client/account.ts";
import { systemRng } from "../../client/books.ts";
import { signNext } from "../../client/device_chain.ts";
import { Keystore } from "../../client/keystore.ts";
import { fromHex, hex } from "../../core/bytes.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
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

// A server that lies

type Rewrite = (path: string, body: Record<string, unknown>) => Record<string, unknown> | undefined;

/** Have the answers of the server altered. */
function lying(rewrite: Rewrite): void {
  const honest = globalThis.fetch;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const response = await honest(url, init);
    if (!response.ok) return response;
    const text = await response.text();
    const body: Record<string, unknown> = text === "" ? {} : JSON.parse(text);
    const changed = rewrite(new URL(url).pathname, body) ?? body;
    return new Response(JSON.stringify(changed), { status: response.status });
  });
}

/** Have the server show one keystore, whatever is stored. */
function showing(stored: string): void {
  const keystore = Buffer.from(stored, "hex").toString("base64url");
  lying((path, body) => {
    const isLogin = path === "/v1/login/finish" || path === "/v1/recovery/finish";
    return isLogin || path === "/v1/keystore" ? { ...body, keystore } : undefined;
  });
}

test("CK-561: a swapped or altered keystore opens nothing", async () => {
  const [anna, bob] = [await join("ann"), await join("bo")];
  const { stored } = await opened(anna.handle);
  const others = (await opened(bob.handle)).stored;
  const bytes = fromHex(stored);
  // Within the wrap of the state, and within that of the root.
  const altered = [1500, 100].map((at) =>
    hex(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))),
  );
  for (const shown of [others, ...altered]) {
    showing(shown);
    const refused = await opened(anna.handle).catch((reason: unknown) => reason);
    expect(refused).toHaveProperty("code", expect.stringMatching(/login_failed|malformed/));
    vi.unstubAllGlobals();
  }
  showing(stored);
  await opened(anna.handle); // the control
});

test("CK-562: a server without the record cannot pose", async () => {
  const [anna, bob] = [await join("anke"), await join("bodo")];
  // It answers with the record of somebody who has the same password.
  const honest = globalThis.fetch;
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    const isStart = url.endsWith("/v1/login/start");
    if (!isStart || !(init.body instanceof Uint8Array)) return honest(url, init);
    const asked = JSON.parse(Buffer.from(init.body).toString());
    const body = JSON.stringify({ ...asked, handle: bob.handle });
    return honest(url, { ...init, body });
  });
  const posed = await accounts.login(anna.handle, PASSWORD, async ({ keystore }) =>
    hex(keystore.accountId),
  );
  vi.unstubAllGlobals();
  // Another account of the same password opens: that it is not ours is what CK-594 notices.
  const theirs = await accounts.login(bob.handle, PASSWORD, async (l) => hex(l.keystore.accountId));
  expect(posed).toBe(theirs);
  lying((path, body) =>
    path === "/v1/login/start" ? { ...body, opaque_response: "A".repeat(400) } : undefined,
  );
  await expect(opened(anna.handle)).rejects.toThrow("CK-562");
});

test("CK-682: within one login the keystore never goes back", async () => {
  const { handle } = await join("olga");
  const old = (await opened(handle)).stored;
  await accounts.login(handle, PASSWORD, async (login) => {
    await signNext(login, (head) => [...head.devices, somebody(2)]);
    await login.reread();
    showing(old);
    await expect(login.reread()).rejects.toMatchObject({ code: Code.ROLLED_BACK });
  });
  vi.unstubAllGlobals();
  // The same list, an older revision: an old vault key would be shown that way.
  const before = (await opened(handle)).stored;
  await accounts.login(handle, PASSWORD, async (login) => {
    const vaultKey = systemRng(32);
    await login.amend(() => login.keystore.successor(login.keys, { vaultKey }, systemRng));
    showing(before);
    await expect(login.reread()).rejects.toThrow("CK-682");
  });
});

test("CK-594: who logs in again must come back into the same account", async () => {
  const [anna, bob] = [await join("anouk"), await join("bert")];
  const theirs = await opened(bob.handle);
  await accounts.login(anna.handle, PASSWORD, async (login) => {
    showing(theirs.stored);
    const reread = await login.reread().catch((reason: unknown) => reason);
    // It is sealed under another root.
    expect(reread).toHaveProperty("code", Code.LOGIN_FAILED);
    expect(hex(login.keystore.toBytes())).not.toBe(theirs.stored);
  });
});

// Several at once

test("CK-680: two logins that change the list at once both get into it", async () => {
  const { handle } = await join("clara");
  const before = await opened(handle);
  const both = await accounts.login(handle, PASSWORD, (one) =>
    accounts.login(handle, PASSWORD, async (two) => {
      const made = [
        signNext(one, (head) => [...head.devices, somebody(3)]),
        signNext(two, (head) => [...head.devices, somebody(4)]),
      ];
      return (await Promise.all(made)).map(({ newest }) => newest.version);
    }),
  );
  expect([...both].sort()).toEqual([2, 3]);
  await accounts.login(handle, PASSWORD, async ({ keys }) => {
    expect(keys.head.version).toBe(3);
    expect(keys.head.devices.length).toBe(3);
    expect(keys.revision).toBe(before.revision + 2);
  });
});

test("CK-680: a change of password ends another login, which logs in again and goes on", async () => {
  const { handle, recovery } = await join("dora");
  await accounts.recover(handle, recovery, async (slow) => {
    await accounts.login(handle, PASSWORD, (quick) => setPassword(quick, NEW));
    await signNext(slow, (head) => [...head.devices, somebody(5)]);
  });
  const { list } = await opened(handle, NEW);
  expect(list).toBe((await server.ask<Seen>("keystore", { handle, password: NEW })).list);
  // The password itself was taken away from this one: it does not go on.
  const stopped = accounts.login(handle, NEW, async (slow) => {
    await accounts.recover(handle, recovery, (quick) => setPassword(quick, PASSWORD));
    await signNext(slow, (head) => [...head.devices, somebody(6)]);
  });
  await expect(stopped).rejects.toMatchObject({ code: Code.LOGIN_FAILED });
});

test("CK-687: a password set anew between the halves of a login", async () => {
  const { handle, recovery } = await join("emma");
  const honest = globalThis.fetch;
  let times = 0;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    if (url.endsWith("/v1/login/finish") && times++ === 0) {
      await accounts.recover(handle, recovery, (login) => setPassword(login, PASSWORD));
    }
    return honest(url, init);
  });
  await opened(handle);
  expect(times).toBe(2);
});

test("an answer that is lost: the change was stored, or is made again", async () => {
  const { handle } = await join("fanny");
  const honest = globalThis.fetch;
  for (const isStored of [true, false]) {
    const version = await accounts.login(handle, PASSWORD, async (login) => {
      let lost = 0;
      vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
        if (init.method !== "PUT" || lost > 0) return honest(url, init);
        lost += 1;
        if (isStored) await honest(url, init);
        throw new TypeError("fetch failed");
      });
      const signed = signNext(login, (head) => [...head.devices, somebody(isStored ? 7 : 8)]);
      if (!isStored) await expect(signed).rejects.toThrow(UnavailableError);
      else expect((await signed).newest.devices.length).toBe(2);
      vi.unstubAllGlobals();
      return login.keys.head.version;
    });
    expect(version).toBe(2);
  }
});

test("CK-685: a list that is full is not signed", async () => {
  const { handle } = await join("gina");
  await accounts.login(handle, PASSWORD, async (login) => {
    const many = Array.from({ length: 16 }, (_, i) => somebody(i + 10));
    const full = signNext(login, (head) => [...head.devices, ...many]);
    await expect(full).rejects.toMatchObject({ code: Code.TOO_MANY_DEVICES });
    await signNext(login, (head) => [...head.devices, ...many.slice(1)]);
    expect(login.keys.head.devices.length).toBe(16);
  });
  const seen = await server.ask<Seen>("keystore", { handle, password: PASSWORD });
  expect(Keystore.fromBytes(fromHex(seen.stored)).toBytes().length).toBe(4096);
});
