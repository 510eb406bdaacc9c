/** Two browsers at a real server: everything but calls. Beside Python: `live_python.test.ts`. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Topic } from "../../client/client.ts";
import { drops, People, settle, thread, until } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

test("two people meet by a link and write to each other", async () => {
  const [anna, bob] = [await people.signUp("anna"), await people.signUp("bob")];
  expect(anna.recoveryCode?.split("-")).toHaveLength(7);
  const topics: Topic[] = [];
  anna.subscribe((topic) => topics.push(topic));
  const before = anna.contacts();
  const atBob = await people.befriend(anna, bob);
  expect(atBob).toMatchObject({ name: anna.handle, state: "contact", devices: 1, verified: false });
  expect(topics).toEqual(expect.arrayContaining(["contacts", "notices"]));
  expect(anna.contacts()).not.toBe(before);
  expect(anna.contacts()).toBe(anna.contacts());

  const atAnna = anna.findContact("bob");
  expect(atAnna.name).toBe(bob.handle);
  await bob.sendMessage(atBob, "hello Anna");
  await anna.sync();
  await anna.sendMessage(atAnna, "hello Bob");
  await bob.sync();
  expect(thread(anna, "bob")).toEqual(["hello Anna", "hello Bob"]);
  expect(thread(bob, "anna")).toEqual(["hello Anna", "hello Bob"]);
  expect(bob.history(atBob).map((m) => m.outgoing)).toEqual([true, false]);
  expect(topics).toContain("messages");
  const number = await anna.safetyNumber(atAnna);
  expect(number.groups).toHaveLength(12);
  expect((await bob.safetyNumber(atBob)).groups).toEqual(number.groups);
  expect([drops(anna), drops(bob)]).toEqual([[], []]);
  expect([anna.connection, bob.connection]).toEqual(["online", "online"]);

  await expect(anna.relay()).rejects.toMatchObject({ code: "no_relay" });

  expect(anna.calls).toBeUndefined();
  const calls = await anna.callService();
  expect([anna.calls, await anna.callService()]).toEqual([calls, calls]);
  expect(topics).toContain("calls");
  await anna.setVerified(atAnna, true);
  expect(anna.findContact("bob").verified).toBe(true);
});

test("what is sent while somebody is away is there when they are back", async () => {
  const [anna, bob] = [await people.signUp("ada"), await people.signUp("ben")];
  const atBob = await people.befriend(anna, bob);
  await people.close(anna);
  for (const text of ["one", "two", "three"]) await bob.sendMessage(atBob, text);
  await people.close(bob);
  const again = await people.open("ada");
  await again.sync();
  expect(thread(again, "ben")).toEqual(["one", "two", "three"]);
  await again.sendMessage(again.findContact("ben"), "read them all");
  await people.close(again);
  const back = await people.open("ben");
  await back.sync();
  expect(thread(back, "ada").at(-1)).toBe("read them all");
});

test("a single-use link is good once, one for many waits for a tap", async () => {
  const [anna, bob, carol] = [
    await people.signUp("amy"),
    await people.signUp("bill"),
    await people.signUp("cora"),
  ];
  const link = await anna.createInvite();
  expect(await bob.acceptInvite(link, { waitS: 20 })).toBeDefined();
  await settle(anna, bob);
  await expect(carol.acceptInvite(link, { waitS: 1 })).rejects.toMatchObject({ code: "refused" });

  const many = await anna.createInvite({ singleUse: false });
  expect(await carol.acceptInvite(many)).toBeUndefined();
  await anna.sync();
  const [request] = anna.requests();
  expect(request?.name).toBe(carol.handle);
  expect(carol.contacts()).toEqual([]);
  if (request !== undefined) await anna.approveRequest(request);
  await settle(anna, carol);
  expect(anna.requests()).toEqual([]);
  expect(carol.contacts().map((c) => c.name)).toEqual([anna.handle]);

  await anna.forgetContact(anna.findContact("bill"));
  await anna.sync();
  const refused = bob.sendMessage(bob.findContact("amy"), "are you there?");
  await expect(refused).rejects.toMatchObject({ code: "refused" });
});

test("both follow each other's link", async () => {
  const [anna, bob] = [await people.signUp("abby"), await people.signUp("bert")];
  const [fromAnna, fromBob] = [await anna.createInvite(), await bob.createInvite()];
  await anna.acceptInvite(fromBob);
  await bob.acceptInvite(fromAnna);
  await settle(anna, bob);
  await anna.sendMessage(anna.findContact("bert"), "crossed");
  await bob.sendMessage(bob.findContact("abby"), "indeed");
  await settle(anna, bob);
  expect(thread(bob, "abby")).toContain("crossed");
  expect(thread(anna, "bert")).toContain("indeed");
});

test("a request by handle is answered by a tap", async () => {
  const [anna, bob] = [await people.signUp("asha"), await people.signUp("bela")];
  expect(await anna.findable()).toBe(false);
  await anna.setFindable(true);
  expect(await anna.findable()).toBe(true);
  expect(await bob.requestContact(anna.handle)).toBeUndefined();
  await anna.sync();
  const [request] = anna.requests();
  expect(request).toMatchObject({ name: bob.handle, byHandle: true });
  if (request !== undefined) await anna.approveRequest(request);
  await settle(anna, bob);
  await bob.sendMessage(bob.findContact("asha"), "found you");
  await anna.sync();
  expect(thread(anna, "bela")).toEqual(["found you"]);
  await anna.setFindable(false);
  expect(await anna.findable()).toBe(false);
});

test("a second device by pairing, and its revocation", async () => {
  const [anna, bob] = [await people.signUp("alma"), await people.signUp("bina")];
  await people.befriend(anna, bob);
  let shown = "";
  let seen = "";
  const link = Promise.withResolvers<string>();
  const joining = people.login("alma 2", anna.handle, {
    onPairing: link.resolve,
    onDigits: (digits) => {
      shown = digits;
    },
  });
  const short = await anna.approveDevice(await link.promise, (digits) => {
    seen = digits;
    return true;
  });
  const second = await joining;
  expect(shown).toMatch(/^\d{6}$/);
  expect(shown).toBe(seen);
  await settle(anna, second, bob);
  await bob.sendMessage(bob.findContact("alma"), "to both of you");
  await settle(anna, second);
  expect(thread(anna, "bina")).toEqual(["to both of you"]);
  expect(thread(second, "bina")).toEqual(["to both of you"]);
  await second.sendMessage(second.findContact("bina"), "from the second");
  await settle(bob, anna);
  expect(thread(bob, "alma")).toEqual(["to both of you", "from the second"]);
  expect(thread(anna, "bina")).toEqual(["to both of you", "from the second"]);
  expect((await anna.devices()).filter((d) => d.listed)).toHaveLength(2);
  expect(bob.findContact("alma").devices).toBe(2);

  await anna.revoke(short, "correct horse battery staple");
  await settle(anna, bob);
  await expect(second.sync()).rejects.toMatchObject({ code: "shut_out" });
  expect(second.connection).toEqual({ stopped: "shut_out" });
  // it has erased what it held.
  await second.close();
  await expect(people.open("alma 2")).rejects.toMatchObject({ code: "store_locked" });
  expect(bob.findContact("alma").devices).toBe(1);
  await bob.sendMessage(bob.findContact("alma"), "only the first");
  await anna.sync();
  expect(thread(anna, "bina").at(-1)).toBe("only the first");
  expect(thread(second, "bina")).not.toContain("only the first");
});

test("a pairing that is refused, or given up, leaves nothing behind", async () => {
  const anna = await people.signUp("aya");
  const link = Promise.withResolvers<string>();
  const giveUp = new AbortController();
  const joining = people.login("aya 2", anna.handle, {
    onPairing: link.resolve,
    signal: giveUp.signal,
  });
  const refused = anna.approveDevice(await link.promise, () => false);
  await expect(refused).rejects.toMatchObject({ code: "refused" });
  giveUp.abort(new Error("no more"));
  await expect(joining).rejects.toThrow("no more");
  expect(await people.state("aya 2")).toBe("none");
  await anna.sync();
  expect(await anna.devices()).toHaveLength(1);
  const recoveryCode = anna.recoveryCode ?? "";
  await people.login("aya 2", anna.handle, { recoveryCode }); // the control
});

test("a sign-up that is refused leaves nothing behind", async () => {
  const link = `${(await server.link()).slice(0, -8)}AAAAAAAA`;
  for (const [bad, code] of [
    [{ link }, "signup_link"],
    [{ link: "https://other.test/signup#AAAA" }, "signup_link"],
    [{ password: "password" }, "weak_password"],
  ] as const) {
    await expect(people.signUp("adam", bad)).rejects.toMatchObject({ code });
    expect(await people.state("adam")).toBe("none");
  }
  await people.signUp("adam"); // the control
  await expect(people.signUp("adam")).rejects.toMatchObject({ code: "store_locked" });
});

test("another device by the recovery code, and the loss of all others", async () => {
  const [anna, bob] = [await people.signUp("anja"), await people.signUp("bodo")];
  const recoveryCode = anna.recoveryCode ?? "";
  await people.befriend(anna, bob);
  const second = await people.login("anja 2", anna.handle, { recoveryCode });
  await settle(second, anna, bob, second);
  // The contact was not in the vault yet (it is written within the hour): our other device tells.
  expect(second.contacts().map((c) => [c.name, c.state])).toEqual([[bob.handle, "contact"]]);
  await bob.sendMessage(bob.findContact("anja"), "both");
  await settle(anna, second);
  expect(thread(second, "bodo")).toEqual(["both"]);

  const third = await people.login("anja 3", anna.handle, { recoveryCode, lostDevices: true });
  await settle(third, bob, third);
  await bob.sendMessage(bob.findContact("anja"), "the third alone");
  await third.sync();
  expect(thread(third, "bodo")).toEqual(["the third alone"]);
  await expect(anna.sync()).rejects.toMatchObject({ code: "shut_out" });
  expect(bob.findContact("anja").devices).toBe(1);
});

test("the server goes away and comes back", async () => {
  let [anna, bob] = [await people.signUp("aron"), await people.signUp("bibi")];
  const atBob = await people.befriend(anna, bob);
  await server.ask("stop_server");
  await until(() => anna.connection !== "online" && bob.connection !== "online");
  await bob.sendMessage(atBob, "while it was away");
  expect(bob.diagnostics().waiting).toBe(1);
  await people.close(bob, anna);
  [anna, bob] = [await people.open("aron"), await people.open("bibi")];
  expect(thread(bob, "aron")).toEqual(["while it was away"]);
  await expect(bob.sync(1)).rejects.toMatchObject({ code: "unavailable" });
  await server.ask("start_server");
  await until(() => thread(anna, "bibi").includes("while it was away"), 60);
  await until(() => bob.diagnostics().waiting === 0);
  await until(() => anna.connection === "online" && bob.connection === "online");
});

test("one page at a time has a profile, and another may take it over", async () => {
  const [anna, bob] = [await people.signUp("arno"), await people.signUp("beat")];
  const atBob = await people.befriend(anna, bob);
  await expect(people.open("arno")).rejects.toMatchObject({ code: "store_busy" });
  const other = await people.open("arno", { steal: true });
  await until(() => typeof anna.connection === "object");
  expect([anna.notices(), other.notices().length]).toEqual([[], 1]);
  expect(anna.connection).toEqual({ stopped: "store_busy" });
  await bob.sendMessage(atBob, "to whoever has it");
  await other.sync();
  expect(thread(other, "beat")).toEqual(["to whoever has it"]);
  const refused = anna.sendMessage(other.findContact("beat"), "am I still here?");
  await expect(refused).rejects.toMatchObject({ code: "store_busy" });
});

test("a profile with a passphrase", async () => {
  const anna = await people.signUp("anouk");
  expect(await people.state("anouk")).toBe("open");
  await anna.setPassphrase("only I know this");
  await people.close(anna);
  expect([await people.state("anouk"), await people.state("nobody")]).toEqual(["locked", "none"]);
  await expect(people.open("anouk")).rejects.toMatchObject({ code: "store_locked" });
  const again = await people.open("anouk", { passphrase: "only I know this" });
  await again.sync();
  await people.close(again);
  await people.remove("anouk");
  expect(await people.state("anouk")).toBe("none");
});

test("a change of password", async () => {
  const anna = await people.signUp("aila");
  const [old, fresh] = ["correct horse battery staple", "seven purple otters juggle"];
  await expect(anna.changePassword("not the one at all", fresh)).rejects.toMatchObject({
    code: "login_failed",
  });
  await anna.changePassword(old, fresh);
  const wrong = people.login("aila 2", anna.handle, { onPairing: () => undefined });
  await expect(wrong).rejects.toMatchObject({ code: "login_failed" });
  const recoveryCode = anna.recoveryCode ?? "";
  const second = await people.login("aila 3", anna.handle, { recoveryCode }, fresh);
  await settle(anna, second);
  expect((await second.devices()).filter((d) => d.listed)).toHaveLength(2);
});
