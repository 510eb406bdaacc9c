/**
 * Consent to recordings at a real server: groups of browsers, a guest, a Python device, a call of two.
 * Shares of the keys lie at that server.
 */

import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { type Call, CallService, type IncomingCall } from "../../client/calls.ts";
import type { Client } from "../../client/client.ts";
import { joinAsGuest } from "../../client/guest.ts";
import type { ConsentBook, Laid } from "../../client/recording_means.ts";
import type { CallRecording } from "../../client/recording_objects.ts";
import { serverShares } from "../../client/server_shares.ts";
import { hex } from "../../core/bytes.ts";
import { Code } from "../../core/errors.ts";
import { FakeEnds, FakeMedia, FakeRelay } from "./call_fakes.ts";
import { agreedIn, recordedIn } from "./consent_answers.ts";
import { ends, framesOf, testGroupMedia } from "./group_call_ends.ts";
import { begin, type Taking, together } from "./group_call_live.ts";
import { accept as comeIntoGroup, groupOf, all as settleAll, underneath } from "./group_people.ts";
import { People, settle, until } from "./live_people.ts";
import { FakeRecorder, TERMS } from "./recording_fakes.ts";
import { startServer, type TestServer } from "./server.ts";
import type { VirtualClock } from "./virtual_clock.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

/** Notes what was laid at the server. */
class LaidBook implements ConsentBook {
  readonly laid: Laid[] = [];
  gones = 0;

  async laying(_: unknown, laid: Laid): Promise<void> {
    this.laid.push(laid);
  }

  async answered(): Promise<void> {}
  async takeBack(): Promise<readonly unknown[]> {
    return [];
  }
  async leaving(): Promise<void> {}

  async gone(): Promise<void> {
    this.gones += 1;
  }
}

const kinds = (recording: CallRecording) => recording.recorded.flatMap((one) => one.kinds);

/** Wait until somebody is asked, and return the request. */
async function asked(recording: CallRecording): Promise<string> {
  const open = () => recording.requests.find(({ answer }) => answer === null)?.id;
  await until(() => open() !== undefined);
  return open() ?? "";
}

async function allSee(wanted: readonly string[], ...seen: readonly CallRecording[]): Promise<void> {
  await until(() => seen.every((one) => kinds(one).join() === wanted.join()));
}

type Choir = Readonly<{
  recorder: FakeRecorder;
  clients: readonly Client[];
  takings: readonly Taking[];
  seen: readonly [CallRecording, CallRecording, CallRecording];
  books: readonly LaidBook[];
}>;

/** Browsers in a call of the first, who has what records. */
async function choir(...names: readonly string[]): Promise<Choir> {
  const recorder = new FakeRecorder();
  const books = names.map(() => new LaidBook());
  const clients: Client[] = [];
  for (const [place, name] of names.entries()) {
    const records = place === 0 ? { recorder: () => recorder } : {};
    const book = books[place] ?? new LaidBook();
    clients.push(await people.signUp(name, { recording: { book, ...records } }));
  }
  const [founder, ...others] = clients;
  if (founder === undefined) throw new Error("nobody");
  for (const other of others) await people.befriend(founder, other);
  await groupOf("Choir", founder, ...others);
  const takings = [await begin(founder)];
  for (const client of others) {
    await until(() => takings.every(({ call }) => call.isInside));
    await settle(client);
    takings.push(await begin(client));
  }
  await together(names.length, ...takings);
  const [one, two, three = two] = takings.map(({ call }) => call.recording);
  if (one === undefined || two === undefined || three === undefined) throw new Error("nobody");
  return { recorder, clients, takings, seen: [one, two, three], books };
}

async function leave({ takings }: Choir): Promise<void> {
  for (const { call } of takings) await call.leave();
}

test("three: asked, agreed to by all, and taken back by one, whose share is gone", async () => {
  const call = await choir("anna", "bob", "carl");
  const { recorder, clients, seen, books } = call;
  const [anna, bob, carl] = seen;
  const handle = (place: number) => clients[place]?.handle;
  expect([anna.mayNotAsk, bob.mayNotAsk]).toEqual([null, null]);
  const id = await anna.ask({ ...TERMS, purpose: "minutes of the rehearsal" });
  for (const one of [bob, carl]) {
    expect(await asked(one)).toBe(id);
    expect(one.requests).toMatchObject([
      { by: handle(0), purpose: "minutes of the rehearsal", days: 30, clear: false },
    ]);
  }
  await bob.agree(id, ["audio", "video"], false);
  await until(() => anna.own?.answers.some(({ answer }) => answer === "given") ?? false);
  expect([kinds(anna), recorder.kinds.size]).toEqual([[], 0]);
  await carl.agree(id, ["audio"], false);
  await allSee(["audio"], ...seen);
  await until(() => recorder.shares.size === 3);
  // What lies at the server is what was signed; only its owner can make it go.
  const { anonymous } = underneath(clients[0] as Client);
  const shares = serverShares(anonymous, () => {
    throw new Error("nothing is laid here");
  });
  const laid = books[1]?.laid[0];
  if (laid === undefined) throw new Error("he laid nothing");
  expect(await shares.read(laid.slot, laid.read)).toEqual(laid.share);
  const refused = { code: Code.REFUSED };
  await expect(shares.delete(laid.slot, laid.read)).rejects.toMatchObject(refused);
  await bob.withdraw(id);
  await allSee([], ...seen);
  expect(recorder.kinds.size).toBe(0);
  expect(anna.ended).toMatchObject([{ id, own: true, reason: "withdrawn", by: handle(1) }]);
  await until(() => books[1]?.gones === 1);
  await expect(shares.read(laid.slot, laid.read)).rejects.toMatchObject(refused);
  const stays = books[2]?.laid[0];
  if (stays === undefined) throw new Error("he laid nothing");
  await shares.read(stays.slot, stays.read); // The control: Carl did not take his back.
  await leave(call);
}, 90_000);

test("two: refused, and the call goes on; who comes is held until they have answered", async () => {
  const call = await choir("dora", "emil");
  const { recorder, clients, takings, seen } = call;
  const [dora, emil] = seen;
  await dora.ask(TERMS);
  await emil.refuse(await asked(emil));
  await until(() => dora.ended.length === 1);
  expect([dora.own, dora.mayNotAsk, emil.ended.length]).toEqual([null, null, 1]);
  await together(2, ...takings);
  const id = await dora.ask(TERMS);
  await emil.agree(await asked(emil), TERMS.kinds, false);
  await allSee(["audio", "video"], dora, emil);
  const fred = await people.signUp("fred");
  const [founder] = clients;
  if (founder === undefined) throw new Error("nobody");
  await people.befriend(founder, fred);
  await founder.inviteToGroup(await founder.findGroup("Choir"), founder.findContact("fred"));
  await comeIntoGroup(fred);
  await settle(...clients, fred);
  const freds = await begin(fred);
  expect(await freds.call.inside()).toBe(true);
  const { recording } = freds.call;
  expect(await asked(recording)).toBe(id);
  await allSee([], dora, emil, recording);
  expect(recorder.kinds.size).toBe(0);
  expect([recording.held, framesOf(freds.ends).isSending]).toEqual([true, false]);
  await recording.agree(id, ["audio"], false);
  await together(3, ...takings, freds);
  expect(recording.held).toBe(false);
  await emil.agree(await asked(emil), TERMS.kinds, false);
  await allSee(["audio"], dora, emil, recording);
  await dora.stop();
  await allSee([], dora, emil, recording);
  await freds.call.leave();
  await leave(call);
}, 90_000);

test("a guest is asked like everybody, and what they laid goes when they take it back", async () => {
  const recorder = new FakeRecorder();
  const book = new LaidBook();
  const greta = await people.signUp("greta", { recording: { recorder: () => recorder } });
  const made = await greta.createCallLink();
  const hosts = await begin(greta, "voice", made.group.name);
  const own = ends();
  const options = { ...own, makeMedia: testGroupMedia, recording: { book } };
  const guest = await joinAsGuest(made.link, "Dana", options);
  await until(() => hosts.call.waiting.length === 1);
  expect(await hosts.call.waiting[0]?.admit()).toBe(true);
  expect(await guest.inside()).toBe(true);
  await together(2, hosts, { call: guest, ends: own } as unknown as Taking);
  const id = await hosts.call.recording.ask(TERMS);
  await guest.recording.agree(await asked(guest.recording), ["audio"], false);
  await allSee(["audio"], hosts.call.recording, guest.recording);
  expect(hosts.call.recording.own?.answers).toMatchObject([{ name: "Dana", answer: "given" }]);
  await until(() => recorder.shares.size === 2);
  await guest.recording.withdraw(id);
  await allSee([], hosts.call.recording, guest.recording);
  await until(() => book.gones === 1);
  await guest.leave();
  await hosts.call.leave();
}, 60_000);

test("a browser and a Python device ask each other, agree, refuse and take back", async () => {
  const recorder = new FakeRecorder();
  const { handle } = await server.signup("py");
  const python = <T = unknown>(name: string, more: Readonly<Record<string, unknown>> = {}) =>
    server.ask<T>(`recording_${name}`, { who: "py", ...more });
  await server.ask("create_group", { who: "py", name: "Choir" });
  const hanna = await people.signUp("hanna", { recording: { recorder: () => recorder } });
  await hanna.acceptInvite(await server.ask<string>("invite", { who: "py" }), { waitS: 20 });
  await settle(hanna);
  await server.ask("ask_in", { who: "py", name: "Choir", contact: "hanna" });
  await comeIntoGroup(hanna);
  await settleAll(server, [hanna], ["py"]);
  await python("can");
  await server.ask("calls_listen", { who: "py" });
  const hannas = await begin(hanna);
  expect(await hannas.call.inside()).toBe(true);
  await settleAll(server, [hanna], ["py"]);
  await server.ask("calls_begin", { who: "py", name: "Choir" });
  await until(() => hannas.call.members.length === 2);
  const { recording } = hannas.call;
  type State = Readonly<{
    held: boolean;
    requests: readonly (readonly [string, string, string, readonly string[] | null])[];
    recorded: readonly (readonly [string, boolean, readonly string[]])[];
    ended: readonly (readonly [boolean, string, string | null])[];
    kinds: readonly string[];
    shares: number;
  }>;
  const state = () => python<State>("state");
  const sees = async (what: (seen: State) => boolean): Promise<State> => {
    for (let tries = 0; tries < 200; tries++) {
      const seen = await state();
      if (what(seen)) return seen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Python does not see it: ${JSON.stringify(await state())}`);
  };
  await until(() => recording.mayNotAsk === null);
  await sees(({ held }) => !held);
  // The browser asks.
  const ours = await recording.ask({ ...TERMS, purpose: "f\u00fcr das Protokoll \u{1f3b5}" });
  const before = await sees(({ requests }) => requests.length === 1);
  expect(before.requests).toEqual([[ours, hanna.handle, "f\u00fcr das Protokoll \u{1f3b5}", null]]);
  await python("agree", { ask: ours, kinds: ["audio"] });
  await allSee(["audio"], recording);
  expect((await sees(({ recorded }) => recorded.length === 1)).recorded).toEqual([
    [hanna.handle, false, ["audio"]],
  ]);
  await until(() => recorder.shares.size === 2);
  await python("withdraw", { ask: ours });
  await allSee([], recording);
  expect(recording.ended).toMatchObject([{ id: ours, reason: "withdrawn", by: handle }]);
  // Python asks: refused once, then agreed to, and stopped.
  const first = await python<string>("ask", { kinds: ["audio", "screen"], purpose: "minutes" });
  expect(await asked(recording)).toBe(first);
  await recording.refuse(first);
  await sees(({ ended }) => ended.some(([own, why]) => own && why === "refused"));
  const second = await python<string>("ask", { kinds: ["audio", "screen"], purpose: "minutes" });
  await until(() => recording.requests.some(({ id }) => id === second));
  await recording.agree(second, ["screen"], false);
  await allSee(["screen"], recording);
  expect((await sees(({ shares }) => shares === 2)).kinds).toEqual(["screen"]);
  await recording.withdraw(second);
  expect((await sees((seen) => seen.kinds.length === 0)).recorded).toEqual([]);
  await hannas.call.leave();
  await server.ask("calls_leave", { who: "py" });
}, 90_000);

test("a yes taken back after the call reaches who recorded, and its share is gone", async () => {
  const [kim, leo] = [await people.signUp("kim"), await people.signUp("leo")];
  await people.befriend(kim, leo);
  await groupOf("Choir", kim, leo);
  const [kims, leos] = [underneath(kim), underneath(leo)];
  const { books } = leos;
  const { shares } = leos.recording;
  if (shares === undefined) throw new Error("no shares");
  const { group } = await leo.findGroup("Choir");
  const contact = leo.findContact("kim").account;
  for (const where of [
    { contact, group: null },
    { contact: null, group },
  ]) {
    const lay = (laid: Laid) => shares.lay(laid);
    const agreed = await agreedIn(books.consents, { now: books.now(), where, lay });
    await recordedIn(kims.books.recordings, agreed);
    const { laid, which } = agreed;
    const stands = () => kims.books.recordings.get(which.ask)?.said.get(hex(which.key))?.[1];
    expect(await shares.read(laid.slot, laid.read)).toEqual(laid.share);
    expect(stands()).toMatchObject({ stands: true });
    expect(await leo.consents.withdraw(which.ask)).toBe(true);
    await settle(leo, kim);
    await settle(kim);
    expect(stands()).toMatchObject({ stands: false });
    await expect(shares.read(laid.slot, laid.read)).rejects.toMatchObject({ code: Code.REFUSED });
    expect(books.consents.untold()).toEqual([]);
  }
}, 60_000);

/** The clock of this machine, as fake media want one. */
function realClock(): VirtualClock {
  const clock = {
    get now() {
      return performance.now() / 1000;
    },
    wait: (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000)),
    later: (seconds: number, run: () => void) => void setTimeout(run, seconds * 1000),
  };
  return clock as unknown as VirtualClock;
}

test("a call of two: asked, refused, agreed to and taken back over the server", async () => {
  const [ida, jan] = [await people.signUp("ida"), await people.signUp("jan")];
  await people.befriend(ida, jan);
  const relay = new FakeRelay(realClock());
  const recorder = new FakeRecorder();
  const service = async (client: Client): Promise<CallService> => {
    const session = underneath(client);
    vi.spyOn(session, "turn").mockResolvedValue({
      ...{ urls: ["turn:127.0.0.1:3478"], username: "u", credential: "c", ttlS: 600 },
    });
    const shares = serverShares(session.anonymous, () => session.ownTurnAddress());
    const recording = { shares, recorder: () => recorder };
    const made = new CallService(session, {
      makeMedia: (options) => new FakeMedia(relay, options),
      recording,
    });
    await made.start();
    return made;
  };
  const [idas, jans] = [await service(ida), await service(jan)];
  const media = () => ({ local: new FakeEnds(), remote: new FakeEnds() });
  const ringing = jans.incoming().next();
  const call = await idas.call(ida.findContact("jan").account, "voice", media());
  const incoming = (await ringing).value as IncomingCall;
  const theirs: Call = await incoming.accept(media());
  await Promise.all([call.connected(), theirs.connected()]);
  await Promise.all([call.firstFrame(), theirs.firstFrame()]);
  await call.recording.ask(TERMS);
  await theirs.recording.refuse(await asked(theirs.recording));
  await until(() => call.recording.ended.length === 1);
  expect(call.recording.ended).toMatchObject([{ reason: "refused", by: call.contactName }]);
  const id = await call.recording.ask(TERMS);
  await theirs.recording.agree(await asked(theirs.recording), ["audio"], false);
  await allSee(["audio"], call.recording, theirs.recording);
  await until(() => recorder.shares.size === 2);
  await theirs.recording.withdraw(id);
  await allSee([], call.recording, theirs.recording);
  expect([recorder.kinds.size, call.state]).toEqual([0, "in_call"]);
  await call.hangUp();
  await theirs.ended();
}, 60_000);
