/** A recording on this device, from frames in the worker to what can be played: with a real store. */

import { IDBKeyRange } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { liveRecordings } from "../../app/live_kept.ts";
import type { Client } from "../../client/client.ts";
import { OwnConsent } from "../../client/consent_key.ts";
import { TapeRecorder } from "../../client/recorder.ts";
import type { RecordedCall, SaidStatement } from "../../client/recording_means.ts";
import { RecordingFile } from "../../client/recording_store.ts";
import { Recordings } from "../../client/recordings.ts";
import { type Kept, RecordingsBook } from "../../client/recordings_book.ts";
import type { Store } from "../../client/store.ts";
import { setOf } from "../../core/byte_sets.ts";
import { type Bytes, concat, utf8 } from "../../core/bytes.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { CallId, Digest, random, Secret32, ShareKey, ShareSlot } from "../../core/ids.ts";
import { type Proof, prove } from "../../core/recording_proof.ts";
import { membersHash } from "../../core/recording_rules.ts";
import {
  askDigest,
  callReference,
  type RecordingAsk,
  type RecordingWithdrawal,
  type Statement,
  signStatement,
} from "../../core/recording_statements.ts";
import type { Kind } from "../../core/recording_types.ts";
import { readPart } from "../../core/webm.ts";
import { CallFrames } from "../../media/frames_keys.ts";
import { type EncodedFrame, ReceivePipe, SendPipe } from "../../media/frames_pipe.ts";
import { rng } from "./call_seam.ts";
import { LocalTape } from "./local_tape.ts";
import { FakeShares } from "./recording_fakes.ts";
import { Device } from "./stores.ts";

const NOW = 1_800_000_000;
const DAY_S = 86_400;
/** 20 ms of Opus (RFC 6716, 3.1), whatever it sounds like. */
const SOUND = Uint8Array.of(0xf8, 1, 2, 3, 4, 5, 6, 7);

let store: Store;
let shares: FakeShares;
let book: RecordingsBook;
let recordings: Recordings;
let now: number;
let work: Promise<void>[];
/** Signs that somebody took back what they said yes to. */
let takeBack: (more?: Partial<RecordingWithdrawal>, by?: OwnConsent) => Promise<Bytes>;

beforeEach(async () => {
  vi.stubGlobal("IDBKeyRange", IDBKeyRange);
  store = await new Device().create();
  [shares, book, now, work] = [new FakeShares(), new RecordingsBook(store), NOW, []];
  recordings = new Recordings(book, store, shares, () => now);
});
afterEach(async () => {
  await store.close();
  vi.unstubAllGlobals();
});

/** Sound of both, and what is not to be recorded. */
async function talk(tape: LocalTape): Promise<void> {
  for (let at = 0; at < 12; at += 0.02) {
    tape.now = at;
    tape.tap?.opened(1, "audio", Math.round(at * 48_000), SOUND);
    tape.tap?.opened(9, "audio", Math.round(at * 48_000), SOUND); // a leaf that is nobody's
    tape.tap?.opened(1, "video", Math.round(at * 90_000), SOUND); // a kind that nobody agreed to
    tape.tap?.sent(tape, "audio", Math.round(at * 48_000), SOUND);
  }
}

/** Record twelve seconds of two, of whom one may agree to an export; return what is kept. */
async function recorded({
  clear = true,
  onFailed = () => {},
  kinds = new Set<Kind>(["audio"]) as RecordingAsk["kinds"],
  passes = talk,
} = {}): Promise<Kept | undefined> {
  const tape = new LocalTape();
  const [anna, ben] = await Promise.all([
    OwnConsent.make({ never: false }, rng),
    OwnConsent.make({ never: false }, rng),
  ]);
  const call: RecordedCall = { own: anna, title: "Ben", tape, failed: onFailed };
  const { monotonic, spawn } = {
    monotonic: () => tape.now,
    spawn: (one: () => Promise<void>) => work.push(one()),
  };
  const recorder = new TapeRecorder(call, { book, rows: store, rng, monotonic, spawn });
  const reference = callReference(new CallId(utf8("a call to record")));
  const head = (own: OwnConsent, number: number) => {
    return { call: reference, key: own.key, number, at: NOW };
  };
  const say = async (statement: Statement, own: OwnConsent): Promise<SaidStatement> => {
    return { signed: await signStatement(statement, own.privateKey), statement };
  };
  const ask: RecordingAsk = {
    kind: "recording.ask",
    ...head(anna, 1),
    ...{ kinds, purpose: "to hear it again", place: "device", days: 7 },
    ...{ recipients: "asker", clear: true, named: null, withdraw: "app" },
  };
  const id = askDigest(ask);
  takeBack = async (more = {}, by = ben) => {
    const said = { ...head(by, 2 ** 31), ask: id, ...more };
    return await signStatement({ kind: "recording.withdrawal", ...said }, by.privateKey);
  };
  const lay = async (own: OwnConsent, name: string) => {
    const share = random(Secret32, rng);
    const [slot, key] = [random(ShareSlot, rng), random(ShareKey, rng)];
    await shares.lay({ slot, share, read: key, delete: key, expires: NOW / DAY_S + 7 });
    recorder.share(id, own.key, share, { name, slot, read: key });
    return Digest.sha256(share);
  };
  const members = setOf(anna.key, ben.key);
  tape.leaves(new Map([[1, ben.key]]));
  recorder.said(await say(ask, anna));
  await lay(anna, "");
  recorder.among(id, members);
  const promised = await lay(ben, "Ben");
  const granted = { ask: id, kinds, members: membersHash(members), clear, share: promised };
  recorder.said(await say({ kind: "recording.grant", ...head(ben, 1), ...granted }, ben));
  recorder.record(id, kinds);
  const progress = { ask: id, kinds, members };
  recorder.said(await say({ kind: "recording.progress", ...head(anna, 2), ...progress }, anna));
  await vi.waitFor(() => expect(tape.tap).toBeDefined());
  await passes(tape);
  recorder.said(await say({ kind: "recording.end", ...head(anna, 3), ask: id }, anna));
  recorder.record(id, new Set());
  recorder.over(id);
  await Promise.all(work);
  expect(tape.tap).toBeUndefined();
  return book.get(id);
}

test("what is recorded is kept in rows, proves itself, and can be played", async () => {
  const kept = await recorded();
  if (kept === undefined) throw new Error("nothing was kept");
  expect(kept).toMatchObject({ title: "Ben", wasRecorded: true });
  expect(kept.length).toBeGreaterThan(11_900);
  const looked = await recordings.look(kept);
  expect(looked.proof.problems).toEqual([]);
  expect(looked.members.map(({ name, playable }) => [name, playable])).toEqual([
    ["you", true],
    ["Ben", true],
  ]);
  // By their key, and not by what somebody is called: a guest may call themselves "you".
  expect(looked.members.map(({ own }) => own)).toEqual([true, false]);
  for (const { recordedMs } of looked.members) expect(recordedMs).toBeGreaterThan(11_500);
  const parts = await recordings.play(looked);
  expect(parts).toHaveLength(6);
  expect(new Set(parts.map(({ kind }) => kind))).toEqual(new Set(["audio"]));
  for (const part of parts) expect((await part.open()).length).toBeGreaterThan(100);
  expect(await recordings.play(looked, 10_500)).toHaveLength(2);

  const chunks: Bytes[] = [];
  for await (const chunk of recordings.file(kept)) chunks.push(chunk);
  let left = concat(...chunks);
  const source = async (size: number) => {
    const data = left.slice(0, size);
    left = left.subarray(size);
    return data;
  };
  expect((await prove(source)).ok).toBe(true);
});

test("who took their yes back is left out; the rest is exported", async () => {
  const kept = await recorded();
  if (kept === undefined) throw new Error("nothing was kept");
  const ben = [...kept.members.values()].find(([, { name }]) => name === "Ben")?.[1];
  const size = async () => {
    let bytes = 0;
    for await (const chunk of recordings.exported(kept)) bytes += chunk.length;
    return bytes;
  };
  const both = await size();
  if (ben !== undefined) await shares.delete(ben.slot, ben.read);
  const looked = await recordings.look(kept);
  expect(looked.members.map(({ playable }) => playable)).toEqual([true, false]);
  expect(await recordings.play(looked)).toHaveLength(3);
  expect(await size()).toBeLessThan(both * 0.6);
});

/** VP8 as a camera makes it, or a screen of another size; a key frame each second (RFC 6386, 9.1). */
function picture(isScreen: boolean, isKey: boolean): EncodedFrame {
  const data = new Uint8Array(60).fill(1);
  if (isKey) data.set([0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, isScreen ? 200 : 100, 0, 80, 0]);
  return { data: data.buffer };
}

/** A camera for four seconds, then a screen in its place, then the camera: sealed, sent and opened. */
async function share(tape: LocalTape): Promise<void> {
  const [sends, takes] = [new CallFrames(() => tape.now), new CallFrames(() => tape.now)];
  sends.sendIn(1n, new Uint8Array(32), 1);
  takes.install(1n, new Uint8Array(32), [1]);
  takes.tap = tape.tap;
  const out = new SendPipe(sends, "video", () => {}, { way: "way" });
  const into = new ReceivePipe(takes, "video", () => {});
  let opened = 0;
  for (let number = 0; number < 120; number++) {
    tape.now = number / 10;
    const [turns, isScreen] = [number % 40 === 0, number >= 40 && number < 80];
    if (turns && number > 0) sends.pictures.turn("way");
    if (turns) sends.pictures.begin("way", isScreen ? "screen" : "video");
    const one = picture(isScreen, number % 10 === 0);
    if ((await out.pass(one)) && (await into.pass(one))) opened += 1;
  }
  expect(opened).toBe(100); // each time it turns, the key frame a second later is the first
}

test.each([
  [["video"], { video: 8000 }],
  [["screen"], { screen: 3000 }],
  [["video", "screen"], { video: 8000, screen: 3000 }],
] as const)(
  "CK-219: a screen in the camera's place is recorded by a yes to it alone: %j",
  async (kinds, wanted) => {
    const kept = await recorded({ kinds: new Set<Kind>(kinds), passes: share });
    if (kept === undefined) throw new Error("nothing was kept");
    const looked = await recordings.look(kept);
    expect(looked.proof.problems).toEqual([]);
    const lengths: Partial<Record<Kind, number>> = {};
    for (const part of await recordings.play(looked)) {
      const { track } = readPart(await part.open());
      // What is in it is what it says.
      expect(track).toMatchObject({ width: part.kind === "screen" ? 200 : 100, height: 80 });
      lengths[part.kind] = (lengths[part.kind] ?? 0) + part.length;
    }
    expect(Object.keys(lengths).toSorted()).toEqual(Object.keys(wanted).toSorted());
    for (const [kind, length] of Object.entries(wanted)) {
      expect(lengths[kind as Kind]).toBeGreaterThanOrEqual(length - 1000);
    }
  },
);

test("nothing is exported to which somebody in it did not agree", async () => {
  const kept = await recorded({ clear: false });
  if (kept === undefined) throw new Error("nothing was kept");
  await expect(recordings.exported(kept).next()).rejects.toMatchObject({ code: Code.REFUSED });
});

test("a disk that is full ends the recording; what is there stays playable", async () => {
  let rows = 0;
  const putRow = store.putRow.bind(store);
  vi.spyOn(store, "putRow").mockImplementation(async (row) => {
    rows += 1;
    if (rows > 14) throw new UnavailableError(Code.DISK_FULL, "full");
    await putRow(row);
  });
  const onFailed = vi.fn();
  const kept = await recorded({ onFailed });
  expect(onFailed).toHaveBeenCalledTimes(1);
  if (kept === undefined) throw new Error("nothing was kept");
  const looked = await recordings.look(kept);
  expect((await recordings.play(looked)).length).toBeGreaterThan(0);
});

test("when its days are over it is deleted, rows and all", async () => {
  const kept = await recorded();
  if (kept === undefined) throw new Error("nothing was kept");
  now = NOW + 7 * DAY_S - 1;
  await recordings.expire();
  expect(recordings.all()).toHaveLength(1);
  now += 1;
  await recordings.expire();
  expect(recordings.all()).toHaveLength(0);
  expect(await recordings.file(kept).next()).toMatchObject({ done: true });
});

test("a recording outlives a passphrase that changes", async () => {
  const kept = await recorded();
  if (kept === undefined) throw new Error("nothing was kept");
  await store.setPassphrase(undefined);
  expect((await recordings.look(kept)).proof.ok).toBe(true);
});

describe("a yes that is taken back after the call", () => {
  const tell = (statement: Bytes) => store.transaction((unit) => book.withdrawn(unit, statement));
  const whole = async (kept: Kept) => {
    const chunks: Bytes[] = [];
    for await (const chunk of recordings.file(kept)) chunks.push(chunk);
    return chunks;
  };
  const proofOf = async (kept: Kept) => {
    let left = concat(...(await whole(kept)));
    return await prove(async (size) => {
      const data = left.slice(0, size);
      left = left.subarray(size);
      return data;
    });
  };
  const backIn = (proof: Proof) => proof.members.map(({ withdrawn }) => withdrawn !== null);
  /** What the book says of whoever agreed. */
  const stands = (kept: Kept) => {
    return [...(book.get(kept.ask)?.said.values() ?? [])].map(([, one]) => one.stands);
  };

  test("stands in the book at once, then behind the file, once and marked", async () => {
    const kept = await recorded();
    if (kept === undefined) throw new Error("nothing was kept");
    const before = await whole(kept);
    expect(stands(kept)).toEqual([true]);
    const statement = await takeBack();
    expect(await tell(statement)).toBe(true);
    expect(stands(kept)).toEqual([false]);
    // The server has the share still: who took it back is left out all the same.
    const again = book.get(kept.ask);
    if (again === undefined) throw new Error("it is gone");
    const { members } = await recordings.look(again);
    expect(members.map(({ own, playable, withdrawn }) => [own, playable, withdrawn])).toEqual([
      [true, true, false],
      [false, false, true],
    ]);
    expect(backIn(await proofOf(kept))).toEqual([false, false]);
    await recordings.putBehind();
    const proof = await proofOf(kept);
    expect([proof.ok, proof.unproven, backIn(proof)]).toEqual([true, 0, [false, true]]);
    const after = await whole(kept);
    expect(after).toHaveLength(before.length + 2);
    // The same again changes nothing, nor does another word to the same end.
    expect(await tell(statement)).toBe(false);
    expect(await tell(await takeBack({ at: NOW + 1 }))).toBe(false);
    await recordings.putBehind();
    expect(await whole(kept)).toEqual(after);
    expect((await recordings.look(again)).proof.ok).toBe(true);
  });

  test("shows in the list, which reads no file and asks for no key, until it is opened", async () => {
    const kept = await recorded();
    if (kept === undefined) throw new Error("nothing was kept");
    vi.setSystemTime(NOW * 1000);
    const page = liveRecordings(() => ({ recordings }) as unknown as Client);
    const row = vi.spyOn(store, "row");
    shares.asked.length = 0;
    const listed = async () => (await page.list()).map(({ playable }) => playable);
    const you = { name: "You", playable: true, why: null };
    expect(await listed()).toEqual([[you, { name: "Ben", playable: true, why: null }]]);
    await tell(await takeBack());
    const ben = { name: "Ben", playable: false, why: "withdrawn" };
    expect(await listed()).toEqual([[you, ben]]);
    expect((await page.list())[0]).toMatchObject({ mayExport: true, daysLeft: 7, with: "Ben" });
    expect([row.mock.calls, shares.asked]).toEqual([[], []]);
    const opened = await page.play((await page.list())[0]?.id ?? "");
    expect(opened.row.playable).toEqual([you, ben]);
    expect(new Set(opened.parts.map(({ name }) => name))).toEqual(new Set(["You"]));
    expect(row.mock.calls.length).toBeGreaterThan(10);
    expect(shares.asked.length).toBeGreaterThan(0);
    vi.useRealTimers();
  });

  test("survives a crash between the word and its mark", async () => {
    const kept = await recorded();
    if (kept === undefined) throw new Error("nothing was kept");
    const before = await whole(kept);
    await tell(await takeBack());
    for (const fails of [1, 2]) {
      let rows = 0;
      const putRow = store.putRow.bind(store);
      const spied = vi.spyOn(store, "putRow").mockImplementation(async (row) => {
        rows += 1;
        if (rows === fails) throw new UnavailableError(Code.DISK_FULL, "full");
        await putRow(row);
      });
      await expect(recordings.putBehind()).rejects.toMatchObject({ code: Code.DISK_FULL });
      spied.mockRestore();
    }
    // As after a restart: the word is there, and nobody has signed it.
    expect([(await proofOf(kept)).ok, (await proofOf(kept)).unproven]).toEqual([true, 1]);
    const restarted = new Recordings(new RecordingsBook(store), store, shares, () => now);
    await restarted.putBehind();
    const proof = await proofOf(kept);
    expect([proof.ok, proof.unproven, backIn(proof)]).toEqual([true, 0, [false, true]]);
    expect(await whole(kept)).toHaveLength(before.length + 2);
  });

  test("waits for a file that is being written", async () => {
    const kept = await recorded({
      passes: async (tape) => {
        await talk(tape);
        await vi.waitFor(() => expect(book.all()[0]?.said.size).toBe(1));
        expect(await tell(await takeBack())).toBe(true);
        await recordings.putBehind();
      },
    });
    if (kept === undefined) throw new Error("nothing was kept");
    expect(backIn(await proofOf(kept))).toEqual([false, false]);
    await recordings.putBehind();
    const proof = await proofOf(kept);
    expect([proof.ok, backIn(proof)]).toEqual([true, [false, true]]);
  });

  test("is refused from whoever did not say yes to this (CK-992, CK-993)", async () => {
    const kept = await recorded();
    if (kept === undefined) throw new Error("nothing was kept");
    const before = [await whole(kept), book.get(kept.ask)];
    const stranger = await OwnConsent.make({ never: false }, rng);
    const statement = await takeBack();
    const refusals: readonly (readonly [Bytes, string])[] = [
      [await takeBack({}, stranger), "CK-993"],
      [await takeBack({ call: Digest.sha256(statement) }), "CK-993"],
      [await takeBack({ number: 1 }), "CK-993"],
      [kept.request, "CK-992"],
    ];
    for (const [one, check] of refusals) {
      await expect(tell(one)).rejects.toThrow(check);
    }
    const altered = statement.with(-1, (statement.at(-1) ?? 0) ^ 1);
    await expect(tell(altered)).rejects.toMatchObject({ code: Code.BAD_SIGNATURE });
    // Of what others recorded we know nothing.
    expect(await tell(await takeBack({ ask: Digest.sha256(statement) }))).toBe(false);
    await recordings.putBehind();
    expect([await whole(kept), book.get(kept.ask)]).toEqual(before);
    expect(await tell(statement)).toBe(true); // the control
  });

  test("is known although the file was altered, or is gone", async () => {
    const kept = await recorded();
    if (kept === undefined) throw new Error("nothing was kept");
    await tell(await takeBack());
    await (await RecordingFile.of(store, kept.rows)).remove();
    await recordings.putBehind();
    expect(stands(kept)).toEqual([false]);
    expect(await whole(kept)).toEqual([]);
  });
});
