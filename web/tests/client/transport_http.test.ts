/** HTTP: typed answers, defined errors, anonymous when it says so (twin of tests/transport/test_http.py). */

import { afterEach, expect, test, vi } from "vitest";
import { AnonymousApi } from "../../client/transport/anonymous.ts";
import { PublicApi } from "../../client/transport/api.ts";
import { DeviceApi } from "../../client/transport/device_api.ts";
import { Http, MAX_ANSWER, problem, TokenEndedError } from "../../client/transport/http.ts";
import { requireSecure, websocketUrl } from "../../client/transport/origin.ts";
import { solveInSlices } from "../../client/transport/work.ts";
import * as base64url from "../../core/base64url.ts";
import { utf8 } from "../../core/bytes.ts";
import {
  AuthorizationError,
  Code,
  PeerError,
  UnavailableError,
  UsageError,
  VisavisError,
} from "../../core/errors.ts";
import { Capability, MailboxId, SealKey } from "../../core/ids.ts";
import { check, solve } from "../../core/work.ts";

const ORIGIN = "http://127.0.0.1:8420";
const ADDRESS = {
  origin: ORIGIN,
  mailbox: new MailboxId(new Uint8Array(16).fill(1)),
  capability: new Capability(new Uint8Array(32).fill(2)),
  sealKey: new SealKey(new Uint8Array(32).fill(3)),
};

type Seen = Readonly<{ url: string; init: RequestInit }>;
type Handler = (seen: Seen) => Response | Promise<Response>;

function http(handler: Handler, token?: string): Http {
  return new Http(ORIGIN, token, { fetch: async (url, init) => handler({ url, init }) });
}

function answer(body: unknown, status = 200): Handler {
  return () => new Response(JSON.stringify(body), { status });
}

async function refusal(work: Promise<unknown>): Promise<VisavisError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof VisavisError)) throw new Error(`not refused: ${error}`);
  return error;
}

function headersOf({ init }: Seen): Headers {
  return new Headers(init.headers);
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test.each([
  [403, { code: "refused" }, AuthorizationError, Code.REFUSED],
  [401, { code: "login_failed" }, AuthorizationError, Code.LOGIN_FAILED],
  [401, {}, TokenEndedError, Code.REFUSED],
  [409, { code: "conflict" }, PeerError, Code.CONFLICT],
  [429, { code: "quota" }, UnavailableError, Code.QUOTA],
  [507, { code: "disk_full" }, UnavailableError, Code.DISK_FULL],
  [503, {}, UnavailableError, Code.UNAVAILABLE],
  [502, "not an object", UnavailableError, Code.UNAVAILABLE],
  [404, { code: "no such code" }, AuthorizationError, Code.REFUSED],
  [404, { code: "toString" }, AuthorizationError, Code.REFUSED],
  [413, {}, PeerError, Code.TOO_LARGE],
])("every refusal has a code: %s %o", async (status, body, kind, code) => {
  const error = await refusal(http(answer(body, status)).get("/v1/anything"));
  expect(error).toBeInstanceOf(kind);
  expect(error.code).toBe(code);
});

test("the server's words are not repeated", () => {
  const said = { code: "refused", title: "canary", detail: "canary" };
  const error = problem(403, utf8(JSON.stringify(said)));
  expect(error.code).toBe(Code.REFUSED);
  expect(`${error} ${error.detail} ${error.describe()}`).not.toContain("canary");
});

test("a server that is away", async () => {
  const gone = http(() => Promise.reject(new TypeError("fetch failed")));
  const error = await refusal(gone.get("/v1/server"));
  expect([error.constructor, error.code]).toEqual([UnavailableError, Code.UNAVAILABLE]);
});

test("a server that begins and never ends counts as away", async () => {
  vi.useFakeTimers();
  const silent: Handler = ({ init }) => {
    const body = new ReadableStream<Uint8Array>({
      start(control) {
        control.enqueue(utf8("{"));
        init.signal?.addEventListener("abort", () => control.error(new Error("aborted")));
      },
    });
    return new Response(body);
  };
  const asked = refusal(http(silent).get("/v1/server"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect((await asked).code).toBe(Code.UNAVAILABLE);
});

test("CK-556: an answer without end is cut off", async () => {
  let sent = 0;
  let isCancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(control) {
      sent += 1 << 20;
      control.enqueue(new Uint8Array(1 << 20));
    },
    cancel() {
      isCancelled = true;
    },
  });
  const error = await refusal(http(() => new Response(endless)).get("/v1/server"));
  expect(error.code).toBe(Code.TOO_LARGE);
  expect(sent).toBeLessThan(MAX_ANSWER + (4 << 20));
  expect(isCancelled).toBe(true);
});

test("answers that are not what was asked for", async () => {
  for (const body of [{ api: "one" }, { api: true }, { api: 1.5 }, [], {}, { api: 2 }]) {
    const asked = new PublicApi(http(answer(body))).requireCompatible();
    expect(await refusal(asked)).toBeInstanceOf(PeerError);
  }
  await new PublicApi(http(answer({ api: 1 }))).requireCompatible();
  const page = http(() => new Response("<html>"));
  expect((await refusal(page.get("/v1/server"))).code).toBe(Code.MALFORMED);
  const vault = { counter: 0, manifest: null, slots: ["!!"] };
  expect(await refusal(new DeviceApi(http(answer(vault))).vault())).toBeInstanceOf(PeerError);
});

test("CK-292: a look-up that asks for too much work", async () => {
  const found = (bits: number) => ({
    mailbox_id: base64url.encode(ADDRESS.mailbox),
    capability: base64url.encode(ADDRESS.capability),
    sealing_key: base64url.encode(new Uint8Array(1216)),
    pow_bits: bits,
  });
  const [address, bits] = await new PublicApi(http(answer(found(20)))).lookUp("anna.12345");
  expect([address.origin, bits]).toEqual([ORIGIN, 20]);
  for (const many of [-1, 25, 60]) {
    const asked = new PublicApi(http(answer(found(many)))).lookUp("anna.12345");
    expect((await refusal(asked)).code).toBe(Code.REFUSED);
  }
});

test("CK-554, CK-555: anonymous requests carry no credential, and share no connection", async () => {
  const seen: Seen[] = [];
  const watch: Handler = (request) => {
    seen.push(request);
    return new Response(JSON.stringify({ commits: [], next: 0, key_package: "AAAA" }));
  };
  const anonymous = new AnonymousApi(http(watch));
  await anonymous.pull(ADDRESS, new Uint8Array(32), -1);
  await anonymous.fetchKeyPackage(ADDRESS);
  await anonymous.close();
  for (const request of seen) {
    expect(headersOf(request).has("Authorization")).toBe(false);
    expect(request.init.credentials).toBe("omit");
    expect(request.init.redirect).toBe("error");
    expect(request.init.cache).toBe("no-store");
    expect(request.init.referrerPolicy).toBe("no-referrer");
  }
  // The control: a client with a token sends it, so the search would have found one; and goes out
  // on the other of a browser's two pools.
  const device = http(watch, "token");
  await device.get("/v1/devices");
  const last = seen.at(-1);
  expect(last && headersOf(last).get("Authorization")).toBe("Bearer token");
  expect(last?.init.credentials).toBe("same-origin");
});

test("CK-412: work is done once", async () => {
  const challenge = utf8("challenge");
  const seen: (string | null)[] = [];
  const throttled: Handler = (request) => {
    const proof = headersOf(request).get("Visavis-Work");
    seen.push(proof);
    if (proof === null) {
      const work = { challenge: base64url.encode(challenge), bits: 8 };
      return new Response(JSON.stringify({ code: "quota", work }), { status: 429 });
    }
    const [given = "", nonce = ""] = proof.split(".");
    expect(base64url.decode(given)).toEqual(challenge);
    expect(check(challenge, base64url.decode(nonce), 8)).toBe(true);
    return new Response(JSON.stringify({ api: 1 }));
  };
  await new PublicApi(http(throttled)).requireCompatible();
  expect(seen.length).toBe(2);
});

test.each([
  { challenge: "AAAA", bits: 60 },
  { challenge: "AAAA", bits: -1 },
  { challenge: "!", bits: 3 },
  { bits: 3 },
  "much",
  null,
])("CK-559: work without end is not begun: %o", async (work) => {
  const error = await refusal(http(answer({ code: "quota", work }, 429)).get("/v1/server"));
  expect([error.constructor, error.code]).toEqual([UnavailableError, Code.QUOTA]);
});

test("work in slices finds what the loop finds, and lets others run", async () => {
  const challenge = utf8("the same");
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  expect(await solveInSlices(challenge, 14)).toEqual(solve(challenge, 14));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
  await expect(solveInSlices(challenge, 33)).rejects.toThrow(UsageError);
  const stop = new AbortController();
  const endless = solveInSlices(challenge, 32, stop.signal);
  stop.abort(new Error("enough"));
  await expect(endless).rejects.toThrow("enough");
});

test("closing breaks off what is under way", async () => {
  const waiting = http(({ init }) => {
    const { promise, reject } = Promise.withResolvers<Response>();
    init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
    return promise;
  });
  const asked = refusal(waiting.get("/v1/server"));
  await waiting.close();
  expect((await asked).code).toBe(Code.UNAVAILABLE);
});

test.each([
  ["http://127.0.0.1:8420", true],
  ["http://127.8.9.1:8420", true],
  ["http://localhost:8420", true],
  ["http://a.localhost:8420", true],
  ["http://[::1]:8420", true],
  ["https://example.org", true],
  ["http://192.0.2.1:8420", false],
  ["http://localhost.example.org", false],
  ["http://127.0.0.1.example.org", false],
  ["http://127.example.org", false],
  ["http://notlocalhost", false],
  ["http://10.0.0.1", false],
])("CK-553: plain http is for this machine: %s", (origin, good) => {
  if (good) {
    expect(requireSecure(origin)).toBe(origin);
    return;
  }
  const refused = expect(() => requireSecure(origin));
  refused.toThrow(AuthorizationError);
  refused.toThrow(Code.NOT_ENCRYPTED);
});

test("sockets go where the pages come from", () => {
  expect(websocketUrl("https://example.org", "/v1/send")).toBe("wss://example.org/v1/send");
  expect(websocketUrl("http://localhost:1", "/v1/send")).toBe("ws://localhost:1/v1/send");
});
