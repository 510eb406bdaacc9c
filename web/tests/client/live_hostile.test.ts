/**
 * A server that strips, swaps, repeats, reorders and garbles what it carries (twin:
 * `tests/sdk/test_hostile_server.py`): a proxy before a real server alters what that says. Refused, in
 * words for a person; nothing that was there is lost; once the server behaves, all goes on.
 */

import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { en } from "../../app/i18n/en.ts";
import { sentence, sentenceOf } from "../../app/ui/task.ts";
import type { Client } from "../../client/client.ts";
import type { Code } from "../../core/errors.ts";
import { type Answer, type Carried, garbled, HostileProxy } from "../hostile_proxy.ts";
import { PASSWORD, People, settle, thread, until } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

const DROPPED = "Something was not as it must be and was refused. Nothing was changed.";
const MALFORMED = "Something arrived damaged and was dropped. Nothing else changed.";
const LOGIN_FAILED = "Handle and password do not match. Nothing was changed.";
const UNAVAILABLE = "The server cannot be reached. Nothing was lost; try again in a moment.";

let server: TestServer;
let proxy: HostileProxy;
let people: People;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

beforeAll(async () => {
  const port = await freePort();
  proxy = await HostileProxy.start(0, port);
  server = await startServer({ port, origin: `http://127.0.0.1:${proxy.port}` });
  people = new People(server);
});
afterEach(async () => {
  proxy.behave();
  await people.close();
});
afterAll(async () => {
  await server.stop();
  await proxy.close();
});

/** How often each reason stands for a dropped envelope, and what a person reads of it. */
function dropped(client: Client): Record<string, string> {
  const { dropped } = client.diagnostics();
  return Object.fromEntries(
    [...dropped].map(([code]) => [code, String(en[sentenceOf(code as Code)])]),
  );
}

/** The sentence that a person reads when something is refused. */
async function said(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    const key = sentence(error);
    const text = en[key];
    if (typeof text !== "string") throw new Error(`${key} has more than one form`);
    return text;
  }
  return "it worked";
}

function json(change: (body: Record<string, unknown>) => Record<string, unknown>) {
  return ({ status, body }: Answer): Answer => {
    const changed = change(JSON.parse(body.toString()) as Record<string, unknown>);
    return { status, body: Buffer.from(JSON.stringify(changed)) };
  };
}

/** Alter the answers of one path, where they are good. */
function altering(path: string, change: (answer: Answer) => Answer): void {
  proxy.onAnswer = (asked, answer) =>
    asked.startsWith(path) && answer.status === 200 ? change(answer) : answer;
}

let pairs = 0;

/** Two people who know each other, with the names' number. */
async function pair() {
  pairs += 1;
  const [one, other] = [`anna${pairs}`, `bob${pairs}`];
  const [anna, bob] = [await people.signUp(one), await people.signUp(other)];
  const atBob = await people.befriend(anna, bob);
  return { anna, bob, atBob, atAnna: anna.findContact(other) };
}

test("an altered message is dropped, and the next one read", async () => {
  const { anna, bob, atBob } = await pair();
  proxy.onDelivery = (carried) => [carried.durable ? garbled(carried) : carried];
  await bob.sendMessage(atBob, "altered on the way");
  await until(() => dropped(anna)["decryption"] !== undefined);
  proxy.behave();
  await bob.sendMessage(atBob, "not altered");
  await settle(anna);
  expect(thread(anna, "bob")).toEqual(["not altered"]);
  expect(dropped(anna)).toEqual({ decryption: DROPPED });
});

test("a message that comes again is one message", async () => {
  const { anna, bob, atBob } = await pair();
  const twice = (carried: Carried) => [carried, { ...carried, id: randomBytes(16) }];
  proxy.onDelivery = twice;
  await bob.sendMessage(atBob, "once");
  await bob.sendMessage(atBob, "upon a time");
  await until(() => thread(anna, "bob").length === 2 && anna.diagnostics().dropped.size > 0);
  proxy.behave();
  await bob.sendMessage(atBob, "the end");
  await settle(anna);
  expect(thread(anna, "bob")).toEqual(["once", "upon a time", "the end"]);
  expect(Object.values(dropped(anna))).toEqual([DROPPED]);
});

test("messages in another order are all there", async () => {
  const { anna, bob, atBob } = await pair();
  const held: Carried[] = [];
  proxy.onDelivery = (carried) => {
    held.push(carried);
    return held.length === 3 ? held.splice(0).reverse() : [];
  };
  for (const text of ["first", "second", "third"]) await bob.sendMessage(atBob, text);
  await until(() => thread(anna, "bob").length === 3);
  expect(new Set(thread(anna, "bob"))).toEqual(new Set(["first", "second", "third"]));
  expect(dropped(anna)).toEqual({});
});

test("garbage of every size stops nothing", async () => {
  const { anna, bob, atBob } = await pair();
  proxy.onDelivery = (carried) => [
    ...[1, 8, 64, 256].map((kib) => ({
      durable: true,
      id: randomBytes(16),
      envelope: randomBytes(1024 * kib),
    })),
    carried,
  ];
  await bob.sendMessage(atBob, "among rubbish");
  await until(() => thread(anna, "bob").length === 1);
  expect(dropped(anna)).toEqual({ decryption: DROPPED });
});

test("a message that is held back is there when the server gives it", async () => {
  const { anna, bob, atBob, atAnna } = await pair();
  proxy.onDelivery = () => [];
  await bob.sendMessage(atBob, "held back");
  await anna.sendMessage(atAnna, "are you there?");
  proxy.behave();
  await people.close(anna);
  const back = await people.open(`anna${pairs}`);
  await settle(back);
  expect(thread(back, "bob")).toContain("held back");
  expect(thread(back, "bob")).toContain("are you there?");
});

test("keys of another account open nothing (CK-561)", async () => {
  const { anna, bob } = await pair();
  const recovery = anna.recoveryCode ?? "";
  const kept: string[] = [];
  altering("/v1/recovery/finish", (answer) => {
    kept.push(String(JSON.parse(answer.body.toString()).keystore));
    return answer;
  });
  const spare = await people.login(`spare${pairs}`, bob.handle, {
    recoveryCode: bob.recoveryCode ?? "",
  });
  await people.close(spare);
  expect(kept).toHaveLength(1);
  altering(
    "/v1/recovery/finish",
    json((body) => ({ ...body, keystore: kept[0] })),
  );
  const second = () => people.login(`second${pairs}`, anna.handle, { recoveryCode: recovery });
  expect(await said(second())).toBe(LOGIN_FAILED);
  expect(await people.state(`second${pairs}`)).toBe("none");
  expect(await anna.devices()).toHaveLength(1);
  proxy.behave();
  await second(); // The control.
  expect(await anna.devices()).toHaveLength(2);
});

test("a swapped answer to a login is a wrong password, and changes none", async () => {
  const { anna } = await pair();
  const swap = (field: string, bytes: number) =>
    json((body) => ({ ...body, [field]: randomBytes(bytes).toString("base64url") }));
  altering("/v1/login/start", swap("opaque_response", 320));
  const fresh = "eleven calm penguins whistle";
  expect(await said(anna.changePassword(PASSWORD, fresh))).toBe(LOGIN_FAILED);
  altering("/v1/recovery/start", swap("challenge", 32));
  const how = { recoveryCode: anna.recoveryCode ?? "" };
  const third = () => people.login(`third${pairs}`, anna.handle, how);
  expect(await said(third())).toBe(LOGIN_FAILED);
  expect(await people.state(`third${pairs}`)).toBe("none");
  proxy.behave();
  await anna.changePassword(PASSWORD, fresh); // The control: the old one is still good.
  await third();
});

test("an altered vault stops a new device", async () => {
  const { anna } = await pair();
  const how = { recoveryCode: anna.recoveryCode ?? "" };
  const second = () => people.login(`fourth${pairs}`, anna.handle, how);
  altering(
    "/v1/vault",
    json((body) =>
      JSON.parse(
        // Every sealed slot, turned around.
        JSON.stringify(body, (_, value) =>
          typeof value === "string" && value.length > 200 ? [...value].reverse().join("") : value,
        ),
      ),
    ),
  );
  expect([DROPPED, MALFORMED]).toContain(await said(second()));
  expect(await people.state(`fourth${pairs}`)).toBe("none");
  expect(await anna.devices()).toHaveLength(1);
  proxy.behave();
  await second();
  expect(await anna.devices()).toHaveLength(2);
});

test("a key package of somebody else brings nobody in (CK-579)", async () => {
  // What the server swaps in: a key package that it gave out for another account.
  const first = await pair();
  const kept: string[] = [];
  altering("/v1/key-packages/fetch", (answer) => {
    kept.push(String(JSON.parse(answer.body.toString()).key_package));
    return answer;
  });
  const tablet = await people.login(`tablet${pairs}`, first.anna.handle, {
    recoveryCode: first.anna.recoveryCode ?? "",
  });
  await settle(tablet, first.anna, first.bob, tablet, first.anna);
  await until(() => kept.length > 0);
  const mallorys = kept[0];

  const { anna, bob, atBob } = await pair();
  altering(
    "/v1/key-packages/fetch",
    json((body) => ({ ...body, key_package: mallorys })),
  );
  const phone = await people.login(`phone${pairs}`, anna.handle, {
    recoveryCode: anna.recoveryCode ?? "",
  });
  await settle(phone, anna, bob, phone, anna);
  const seen = [anna, bob, phone].map(dropped);
  expect(seen.some((codes) => codes["bad_credential"] === DROPPED)).toBe(true);
  await bob.sendMessage(atBob, "for Anna only");
  await settle(anna);
  expect(thread(anna, "bob")).toEqual(["for Anna only"]);
});

test("a server that answers rubbish is one that cannot be reached", async () => {
  const { anna, bob, atBob } = await pair();
  const rubbish = Buffer.from("<html>502 Bad Gateway</html>");
  proxy.onAnswer = () => ({ status: 200, body: rubbish });
  proxy.onDelivery = () => [];
  const words = await said(anna.createInvite());
  expect([MALFORMED, UNAVAILABLE, DROPPED, "it worked"]).toContain(words);
  expect([MALFORMED, UNAVAILABLE, DROPPED]).toContain(await said(anna.devices()));
  proxy.behave();
  await bob.sendMessage(atBob, "after the rubbish");
  await people.close(anna);
  const back = await people.open(`anna${pairs}`);
  await settle(back);
  expect(thread(back, "bob")).toEqual(["after the rubbish"]);
});
