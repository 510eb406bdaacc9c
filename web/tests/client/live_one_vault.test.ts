/**
 * One account with a browser and a Python device, at a real server: what the one says yes to, the other
 * has from the vault, with the same receipt, and takes back; who recorded hears of it.
 */

import { IDBKeyRange } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { CallRecording } from "../../client/recording_objects.ts";
import { fromHex } from "../../core/bytes.ts";
import { framesOf, TestMedia } from "./group_call_ends.ts";
import { begin, type Taking } from "./group_call_live.ts";
import { accept as comeIntoGroup, groupOf } from "./group_people.ts";
import { People, until } from "./live_people.ts";
import { LocalTape } from "./local_tape.ts";
import { Browser, type Device, OneVault, PythonDevice } from "./one_vault.ts";
import { TERMS } from "./recording_fakes.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(async () => {
  vi.unstubAllGlobals();
  await server.stop();
});

/** Ask again until it is so; a test waits no longer than this. */
async function sooner<T>(what: () => Promise<T | undefined>, seconds = 30): Promise<T> {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const found = await what();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const openRequest = ({ requests }: CallRecording) =>
  requests.find(({ answer }) => answer === null)?.id;

/** What a Python device sees of recording in its call. */
type PythonCall = Readonly<{
  requests: readonly (readonly [id: string, by: string, purpose: string, agreed: unknown])[];
  recorded: readonly unknown[];
}>;

/** A second of sound of a browser's, sealed; in hex. */
async function soundOf({ ends }: Taking): Promise<readonly string[]> {
  const frames: string[] = [];
  for (let count = 0; count < 50; count++) frames.push(await sealed(ends));
  return frames;
}

async function sealed(ends: Taking["ends"]): Promise<string> {
  return Buffer.from(await framesOf(ends).sealed()).toString("hex");
}

/** A recording of one who said yes, until that is taken back, and after it. */
function recordingOf(name: string) {
  const members = (playable: boolean) => [
    ["you", true],
    [name, playable],
  ];
  const [given, back] = [[], [name]];
  return {
    given: { ok: true, withdrawn: given, members: members(true), file_says: given },
    back: { ok: true, withdrawn: back, members: members(false), file_says: back, lying: [""] },
  };
}

/** The one device said yes; the other takes it back, and each hears of it. */
async function takenBackBeside(
  kim: OneVault,
  said: Device,
  bob: Device,
  by: string,
): Promise<void> {
  const other = kim.beside(said);
  const { given, back } = recordingOf(kim.handle);
  expect(await bob.recordings()).toMatchObject([{ ...given, lying: ["", kim.handle] }]);
  expect(await other.consents()).toEqual([]); // the control: the vault has not been written
  await kim.shares(said);
  const before = await other.consents();
  expect(before).toEqual(await said.consents());
  expect(before).toMatchObject([{ by, state: "given", granted: ["audio"], has_share: true }]);
  const [{ ask, receipt } = { ask: "", receipt: "" }] = before;
  expect(await other.takeBack(ask)).toBe(true);
  await kim.settle(bob);
  expect(await bob.recordings()).toMatchObject([back]);
  expect(await said.consents()).toEqual(before); // it has not heard of it
  await kim.shares(other);
  const after = await said.consents();
  expect(after).toEqual(await other.consents());
  expect(after).toMatchObject([{ ask, by, state: "withdrawn", granted: [], has_share: false }]);
  expect(after[0]?.receipt).not.toBe(receipt);
  await expect(said.takeBack(ask)).rejects.toMatchObject({ code: "refused" });
}

test("a browser said yes to a Python person; the Python device takes it back", async () => {
  const kim = await OneVault.of(server, people, "kim");
  const { handle } = await server.signup("bob");
  const bob = new PythonDevice(server, "bob");
  const { client } = kim.browser;
  await client.acceptInvite(await bob.do<string>("invite"), { waitS: 20 });
  await kim.settle(bob);
  await bob.do("create_group", { name: "Choir" });
  await bob.do("ask_in", { name: "Choir", contact: "kim" });
  await comeIntoGroup(client);
  await kim.settle(bob);
  await bob.do("calls_listen");
  await bob.do("calls_begin", { name: "Choir" });
  const kims = await begin(client);
  await until(() => kims.call.members.length === 2);
  const { recording } = kims.call;
  await until(() => recording.mayNotAsk === null);
  const ask = { kinds: ["audio"], purpose: "f\u00fcr uns" };
  const id = await sooner(() => bob.do<string>("recording_ask", ask).catch(() => undefined));
  await until(() => openRequest(recording) === id);
  await recording.agree(id, ["audio"], false);
  await sooner(async () => {
    const { recorded } = await bob.do<PythonCall>("recording_state");
    return recorded.length === 1 || undefined;
  });
  await bob.do("talk_and_hear", { frames: await soundOf(kims) });
  await bob.do("recording_stop");
  await until(() => recording.ended.length === 1);
  await kims.call.leave();
  await bob.do("calls_leave");
  await takenBackBeside(kim, kim.browser, bob, handle);
}, 90_000);

test("a Python device said yes to a browser; the browser beside it takes it back", async () => {
  const kim = await OneVault.of(server, people, "kurt");
  const tape = new LocalTape();
  const client = await people.signUp("bea", {
    groupMedia: (parts) => {
      const media = new TestMedia(parts);
      media.frames.tape = tape;
      return media;
    },
  });
  const bob = new Browser(client);
  await people.befriend(client, kim.browser.client);
  await groupOf("Choir", client, kim.browser.client);
  await kim.settle(bob);
  await kim.python.do("calls_listen");
  const bobs = await begin(client);
  expect(await bobs.call.inside()).toBe(true);
  await kim.settle(bob);
  await kim.python.do("calls_begin", { name: "Choir" });
  const { recording } = bobs.call;
  await until(() => bobs.call.members.length === 2 && recording.mayNotAsk === null);
  const id = await recording.ask({ ...TERMS, kinds: ["audio"] });
  await sooner(async () => {
    const { requests } = await kim.python.do<PythonCall>("recording_state");
    return requests.some(([one]) => one === id) || undefined;
  });
  await kim.python.do("recording_agree", { ask: id, kinds: ["audio"] });
  await until(() => recording.recorded.length === 1 && tape.tap !== undefined);
  for (const frame of await kim.python.do<string[]>("seal_sound", { count: 50 })) {
    tape.now += 0.02;
    await framesOf(bobs.ends).opens(fromHex(frame));
    await framesOf(bobs.ends).sealed();
  }
  await recording.stop();
  await until(() => recording.ended.length === 1);
  await kim.python.do("calls_leave");
  await bobs.call.leave();
  await takenBackBeside(kim, kim.python, bob, client.handle);
}, 90_000);
