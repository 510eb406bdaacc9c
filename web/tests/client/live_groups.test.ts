/** Groups of people with browsers and Python devices in them, at one server. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client } from "../../client/client.ts";
import { accept, type Seen, said, seen, all as settleAll, told } from "./group_people.ts";
import { drops, People, settle } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

const all = (browsers: readonly Client[], pythons: readonly string[]) =>
  settleAll(server, browsers, pythons);

/** Make a Python device and a browser contacts. */
async function befriend(who: string, browser: Client): Promise<void> {
  const link = await server.ask<string>("invite", { who });
  await browser.acceptInvite(link, { waitS: 20 });
  await settle(browser);
}

/** A picture of one row of grey. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAQAAAABCAAAAADcV1ARAAAADUlEQVR4nGNIL0qtBAAEOgG4rUkH4gAAAABJRU5ErkJggg==",
  "base64",
);

const python = {
  groups: async (who: string) => (await server.ask<Seen[]>("groups", { who }))[0],
  said: (who: string, name: string) => server.ask<string[][]>("said", { who, name }),
};

test("a browser is asked in by Python; all talk; either renames; it is removed", async () => {
  const carol = await server.signup("carol");
  const [anna, bob] = [await people.signUp("anna"), await people.signUp("bob")];
  await befriend("carol", anna);
  await befriend("carol", bob);
  await server.ask("create_group", { who: "carol", name: "Choir" });
  for (const contact of ["anna", "bob"]) {
    await server.ask("ask_in", { who: "carol", name: "Choir", contact });
  }
  await accept(anna);
  await accept(bob);
  await all([anna, bob], ["carol"]);
  const members = [anna.handle, bob.handle, carol.handle].sort();
  const choir = { name: "Choir", state: "member", members, keepers: [carol.handle], picture: null };
  expect(await seen(anna, "Choir")).toEqual(choir);
  expect(await seen(bob, "Choir")).toEqual(choir);
  expect(await python.groups("carol")).toEqual(choir);

  await anna.sendGroupMessage(await anna.findGroup("Choir"), "At nine?");
  await all([anna, bob], ["carol"]);
  await server.ask("say", { who: "carol", name: "Choir", text: "Ten." });
  await all([anna, bob], ["carol"]);
  await bob.sendGroupMessage(await bob.findGroup("Choir"), "Fine.");
  await all([anna, bob], ["carol"]);
  const talk = [
    [anna.handle, "At nine?"],
    [carol.handle, "Ten."],
    [bob.handle, "Fine."],
  ];
  expect(await said(anna, "Choir")).toEqual(talk);
  expect(await said(bob, "Choir")).toEqual(talk);
  expect(await python.said("carol", "Choir")).toEqual(talk);
  // What is said in a group is in no conversation of two.
  expect(anna.history(anna.findContact("carol"))).toEqual([]);

  await server.ask("rename_group", { who: "carol", name: "Choir", to: "Chor" });
  await all([anna, bob], ["carol"]);
  expect((await seen(bob, "Chor")).members).toEqual(members);
  await anna.renameGroup(await anna.findGroup("Chor"), "Coro");
  await all([anna, bob], ["carol"]);
  expect((await python.groups("carol"))?.name).toBe("Coro");
  expect(told(bob).filter(([kind]) => kind === "group renamed")).toEqual([
    ["group renamed", carol.handle, "Chor"],
    ["group renamed", anna.handle, "Coro"],
  ]);

  const asAnna = await anna.findGroup("Coro");
  const bobs = asAnna.members.find(({ name }) => name === bob.handle);
  if (bobs === undefined) throw new Error("no Bob");
  await expect(anna.removeFromGroup(asAnna, bobs)).rejects.toMatchObject({ code: "refused" });
  await server.ask("put_out", { who: "carol", name: "Coro", member: bob.handle });
  await all([anna, bob], ["carol"]);
  expect(await seen(bob, "Coro")).toMatchObject({ state: "removed", members: [] });
  expect(told(bob)).toContainEqual(["group removed us", carol.handle, "Coro"]);
  await anna.sendGroupMessage(await anna.findGroup("Coro"), "Without Bob");
  await all([anna, bob], ["carol"]);
  expect((await python.said("carol", "Coro")).at(-1)).toEqual([anna.handle, "Without Bob"]);
  expect((await said(bob, "Coro")).length).toBe(3);
  const gone = await bob.findGroup("Coro");
  await expect(bob.sendGroupMessage(gone, "Hello?")).rejects.toMatchObject({ code: "refused" });
  expect(drops(anna)).toEqual([]);
  expect(await server.ask("dropped", { who: "carol" })).toEqual({});
});

test("Python is asked in by a browser; keepers; files; who leaves; who comes again", async () => {
  const dora = await server.signup("dora");
  const [emma, finn] = [await people.signUp("emma"), await people.signUp("finn")];
  await befriend("dora", emma);
  await people.befriend(emma, finn);
  const group = await emma.createGroup("Hikes");
  await emma.inviteToGroup(group, emma.findContact("dora"));
  await emma.inviteToGroup(group, emma.findContact("finn"));
  expect((await emma.findGroup("Hikes")).invited).toEqual([dora.handle, finn.handle].sort());
  expect(await server.ask("accept_group", { who: "dora" })).toEqual(["Hikes"]);
  await accept(finn);
  await all([emma, finn], ["dora"]);
  const members = [dora.handle, emma.handle, finn.handle].sort();
  const hikes = { name: "Hikes", state: "member", members, keepers: [emma.handle], picture: null };
  expect(await python.groups("dora")).toEqual(hikes);
  expect(await seen(finn, "Hikes")).toEqual(hikes);
  expect((await emma.findGroup("Hikes")).invited).toEqual([]);

  const text = Buffer.from("over the hills");
  await finn.sendGroupFile(await finn.findGroup("Hikes"), new Blob([text]), "way.txt");
  await all([emma, finn], ["dora"]);
  const fetched = { name: "way.txt", data: text.toString("hex") };
  expect(await server.ask("open_from_group", { who: "dora", name: "Hikes" })).toEqual(fetched);
  const back = { file: "back.txt", data: text.toString("hex") };
  await server.ask("send_to_group", { who: "dora", name: "Hikes", ...back });
  await all([emma, finn], ["dora"]);
  const [newest] = emma.groupHistory(await emma.findGroup("Hikes")).slice(-1);
  if (newest === undefined) throw new Error("no file");
  expect(await (await emma.openFile(newest)).text()).toBe("over the hills");

  const doras = (await emma.findGroup("Hikes")).members.find(({ name }) => name === dora.handle);
  if (doras === undefined) throw new Error("no Dora");
  await emma.nameKeeper(group, doras);
  await all([emma, finn], ["dora"]);
  expect((await seen(finn, "Hikes")).keepers).toEqual([dora.handle, emma.handle].sort());

  await emma.setGroupPicture(group, new Blob([PNG]));
  await all([emma, finn], ["dora"]);
  const { picture } = await seen(emma, "Hikes");
  expect(picture).toMatch(/^89504e47/);
  expect((await seen(finn, "Hikes")).picture).toBe(picture);
  expect((await python.groups("dora"))?.picture).toBe(picture);
  const words = new Blob(["no picture"]);
  await expect(emma.setGroupPicture(group, words)).rejects.toMatchObject({ code: "unsafe_file" });

  await emma.leaveGroup(group);
  expect(await seen(emma, "Hikes")).toMatchObject({ state: "left", members: [] });
  await all([emma, finn], ["dora"]);
  expect((await seen(finn, "Hikes")).members).toEqual([dora.handle, finn.handle].sort());
  expect((await python.groups("dora"))?.keepers).toEqual([dora.handle]);
  expect(told(finn).filter(([kind]) => kind === "group member left")).toEqual([
    ["group member left", emma.handle, "Hikes"],
  ]);
  await server.ask("say", { who: "dora", name: "Hikes", text: "Emma is gone" });
  await all([emma, finn], ["dora"]);
  expect((await said(finn, "Hikes")).at(-1)).toEqual([dora.handle, "Emma is gone"]);
  expect((await said(emma, "Hikes")).flat()).not.toContain("Emma is gone");

  await server.ask("ask_in", { who: "dora", name: "Hikes", contact: "emma" });
  await accept(emma);
  await all([emma, finn], ["dora"]);
  expect(await seen(emma, "Hikes")).toMatchObject({ state: "member", members });
  await emma.sendGroupMessage(await emma.findGroup("Hikes"), "Here again");
  await all([emma, finn], ["dora"]);
  expect((await python.said("dora", "Hikes")).at(-1)).toEqual([emma.handle, "Here again"]);
  await server.ask("leave_group", { who: "dora", name: "Hikes" });
  await all([emma, finn], ["dora"]);
  expect((await seen(finn, "Hikes")).members).toEqual([emma.handle, finn.handle].sort());
  expect([drops(emma), drops(finn)]).toEqual([[], []]);
});
