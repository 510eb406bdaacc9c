/** Browsers and Python devices at one server: as contacts of each other, and of one account. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { drops, PASSWORD, People, settle, thread } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

type Said = Readonly<{ text: string; outgoing: boolean }>;
type Listed = Readonly<{ id: string; current: boolean; listed: boolean }>;

/** The conversation as a Python device has it. */
async function pythonThread(who: string, contact: string): Promise<string[]> {
  await server.ask("sync", { who });
  return (await server.ask<Said[]>("history", { who, contact })).map(({ text }) => text);
}

const dropped = (who: string) => server.ask<Record<string, number>>("dropped", { who });
const send = (who: string, contact: string, text: string) =>
  server.ask("send", { who, contact, text });

test.each(["the browser", "Python"])("contacts by a link that %s made", async (maker) => {
  const isOurs = maker === "the browser";
  const [ours, theirs] = isOurs ? ["anna", "bob"] : ["ariel", "boris"];
  const anna = await people.signUp(ours);
  const bob = await server.signup(theirs);
  if (isOurs) {
    const link = await anna.createInvite();
    expect(await server.ask("accept", { who: theirs, link })).toBe(anna.handle);
  } else {
    const link = await server.ask<string>("invite", { who: theirs });
    expect(await anna.acceptInvite(link, { waitS: 20 })).toMatchObject({ name: bob.handle });
  }
  await settle(anna);
  await send(theirs, ours, "hello from Python");
  await anna.sync();
  const atAnna = anna.findContact(theirs);
  await anna.sendMessage(atAnna, "hello from the browser");
  expect(await pythonThread(theirs, ours)).toEqual(["hello from Python", "hello from the browser"]);
  expect(thread(anna, theirs)).toEqual(["hello from Python", "hello from the browser"]);
  const { groups } = await anna.safetyNumber(atAnna);
  expect(await server.ask("safety", { who: theirs, contact: ours })).toBe(groups.join(" "));
  expect([drops(anna), await dropped(theirs)]).toEqual([[], {}]);
});

test("requests by handle, both ways", async () => {
  const anna = await people.signUp("aino");
  const bob = await server.signup("bjorn");
  await server.ask("findable", { who: "bjorn" });
  expect(await anna.requestContact(bob.handle)).toBeUndefined();
  expect(await server.ask("approve_requests", { who: "bjorn" })).toEqual([anna.handle]);
  await anna.sync();
  await anna.sendMessage(anna.findContact("bjorn"), "found you");
  expect(await pythonThread("bjorn", "aino")).toEqual(["found you"]);

  const carl = await server.signup("carl");
  await anna.setFindable(true);
  await server.ask("request", { who: "carl", handle: anna.handle, wait_s: 0 });
  await anna.sync();
  const [request] = anna.requests();
  expect(request).toMatchObject({ name: carl.handle, byHandle: true });
  if (request !== undefined) await anna.approveRequest(request);
  await anna.sync();
  await server.ask("sync", { who: "carl" });
  await send("carl", "aino", "found you too");
  await anna.sync();
  expect(thread(anna, "carl")).toEqual(["found you too"]);
});

test("a browser becomes a device of a Python account by pairing", async () => {
  const bob = await people.signUp("balu");
  const anna = await server.signup("agnes");
  const link = await server.ask<string>("invite", { who: "agnes" });
  await bob.acceptInvite(link, { waitS: 20 });
  await settle(bob);
  const shown = Promise.withResolvers<string>();
  let digits = "";
  const joining = people.login("agnes browser", anna.handle, {
    onPairing: shown.resolve,
    onDigits: (six) => {
      digits = six;
    },
  });
  const approved = await server.ask<{ device: string; digits: string }>("approve", {
    who: "agnes",
    link: await shown.promise,
  });
  const second = await joining;
  expect(approved.digits).toBe(digits);
  await server.ask("sync", { who: "agnes" });
  await settle(second, bob);

  await bob.sendMessage(bob.findContact("agnes"), "to both");
  await second.sync();
  expect(thread(second, "balu")).toEqual(["to both"]);
  expect(await pythonThread("agnes", "balu")).toEqual(["to both"]);
  await second.sendMessage(second.findContact("balu"), "by the browser");
  await send("agnes", "balu", "by Python");
  await settle(bob, second);
  expect(thread(bob, "agnes").toSorted()).toEqual(["by Python", "by the browser", "to both"]);
  expect(thread(second, "balu")).toEqual(thread(bob, "agnes"));
  expect(await pythonThread("agnes", "balu")).toEqual(thread(bob, "agnes"));

  // A contact that one of the two makes is the other's too.
  const carol = await people.signUp("cleo");
  await people.befriend(second, carol);
  await server.ask("sync", { who: "agnes" });
  await send("agnes", "cleo", "my browser knows you");
  await settle(carol);
  expect(thread(carol, "agnes")).toEqual(["my browser knows you"]);

  // Python shuts the browser out.
  await server.ask("revoke", { who: "agnes", device: approved.device, password: PASSWORD });
  await expect(second.sync()).rejects.toMatchObject({ code: "shut_out" });
  await settle(bob);
  await bob.sendMessage(bob.findContact("agnes"), "Python alone");
  expect((await pythonThread("agnes", "balu")).at(-1)).toBe("Python alone");
  expect(drops(bob)).toEqual([]);
});

test("a Python device joins a browser's account by pairing, and the browser shuts it out", async () => {
  const [anna, bob] = [await people.signUp("alba"), await people.signUp("bosse")];
  await people.befriend(anna, bob);
  const { handle } = anna;
  const link = await server.ask<string>("pair", { who: "alba py", handle, password: PASSWORD });
  let digits = "";
  const short = await anna.approveDevice(link, (six) => {
    digits = six;
    return true;
  });
  expect(await server.ask("paired", { who: "alba py" })).toBe(digits);
  await settle(anna, bob);
  await bob.sendMessage(bob.findContact("alba"), "to both");
  expect(await pythonThread("alba py", "bosse")).toEqual(["to both"]);
  await send("alba py", "bosse", "by Python");
  await settle(bob, anna);
  expect(thread(bob, "alba")).toEqual(["to both", "by Python"]);
  expect(thread(anna, "bosse")).toEqual(["to both", "by Python"]);
  const listed = await server.ask<Listed[]>("devices", { who: "alba py" });
  expect(listed.filter((device) => device.listed)).toHaveLength(2);

  await anna.revoke(short, PASSWORD);
  await expect(server.ask("sync", { who: "alba py" })).rejects.toMatchObject({ code: "shut_out" });
  await settle(bob, anna);
  await bob.sendMessage(bob.findContact("alba"), "the browser alone");
  await anna.sync();
  expect(thread(anna, "bosse").at(-1)).toBe("the browser alone");
});

test("Python reads the vault that a browser wrote, with the recovery code alone", async () => {
  let ahead = 0;
  const means = { now: () => Math.floor(Date.now() / 1000) + ahead };
  const anna = await people.signUp("ava", { means });
  const bob = await people.signUp("brit");
  await people.befriend(anna, bob);
  ahead = 3_700; // contacts are written within the hour
  await anna.sync();
  const { handle, recoveryCode: recovery } = anna;
  await people.close(anna);
  const password = PASSWORD;
  await server.ask("login", { who: "ava py", handle, password, recovery, lost: true });
  await settle(bob);
  await server.ask("sync", { who: "ava py" });
  await settle(bob);
  await send("ava py", "brit", "from the vault");
  await bob.sync();
  expect(thread(bob, "ava")).toEqual(["from the vault"]);
  expect(bob.findContact("ava").devices).toBe(1);
});

test("a browser joins a Python account by the recovery code, with what Python's vault says", async () => {
  const bob = await people.signUp("benno");
  const anna = await server.signup("asta");
  const link = await server.ask<string>("invite", { who: "asta" });
  await bob.acceptInvite(link, { waitS: 20 });
  await settle(bob);
  await server.ask("write_vault", { who: "asta" });
  const { handle, recovery: recoveryCode } = anna;
  const lost = { recoveryCode, lostDevices: true };
  const second = await people.login("asta browser", handle, lost);
  expect(second.contacts().map((c) => c.name)).toEqual([bob.handle]);
  await settle(bob, second);
  await second.sendMessage(second.findContact("benno"), "from the vault");
  await bob.sync();
  expect(thread(bob, "asta")).toEqual(["from the vault"]);
  await expect(server.ask("sync", { who: "asta" })).rejects.toMatchObject({ code: "shut_out" });

  // And a Python device beside it, by the code, while the browser is there.
  const password = PASSWORD;
  await server.ask("login", { who: "asta py", handle, password, recovery: recoveryCode });
  await settle(second, bob);
  expect(await pythonThread("asta py", "benno")).toEqual([]);
  await bob.sendMessage(bob.findContact("asta"), "to both again");
  await second.sync();
  expect(thread(second, "benno").at(-1)).toBe("to both again");
  expect((await pythonThread("asta py", "benno")).at(-1)).toBe("to both again");
});

test("the password that a browser changed is Python's too, and the other way round", async () => {
  const anna = await people.signUp("anke");
  const { handle } = anna;
  const [fresh, last] = ["seven purple otters juggle", "nine orange badgers yodel"];
  await anna.changePassword(PASSWORD, fresh);
  const who = "anke py";
  const link = await server.ask<string>("pair", { who, handle, password: fresh });
  await anna.approveDevice(link, () => true);
  await server.ask("paired", { who });
  await server.ask("password", { who, old: fresh, new: last });
  await expect(anna.changePassword(fresh, PASSWORD)).rejects.toMatchObject({
    code: "login_failed",
  });
  await anna.changePassword(last, PASSWORD);
  await settle(anna);
  expect((await anna.devices()).filter((d) => d.listed)).toHaveLength(2);
});
