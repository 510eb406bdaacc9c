/** The worker as a whole, with a page and transformers that are fakes; and the page's side of it. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Bytes, copy } from "../../core/bytes.ts";
import { Code, UnavailableError, UsageError } from "../../core/errors.ts";
import { type FrameWorker, WorkerKeys } from "../../media/call_frames.ts";
import type { EncodedFrame } from "../../media/frames_pipe.ts";
import { TURN_S } from "../../media/pictures_sent.ts";
import type { PipeOptions, Reply, Request, Want } from "../../media/worker_protocol.ts";

const KEY: Bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
const OPUS: Bytes = new Uint8Array(80).fill(7);
const DELTA: Bytes = new Uint8Array(60).fill(3);

type Scope = {
  onrtctransform?: (event: { transformer: unknown }) => void;
  onmessage?: (event: { data: Request }) => void;
  postMessage: (message: Reply | Want) => void;
};

/** A worker in this thread: messages are cloned and come later, as real ones do. */
class LocalWorker implements FrameWorker {
  readonly scope: Scope;
  readonly sent: Request[] = [];
  terminated = false;
  readonly #listeners = new Map<string, ((event: MessageEvent<Reply | Want>) => void)[]>();

  constructor() {
    this.scope = {
      postMessage: (data) => {
        const cloned = structuredClone(data);
        queueMicrotask(() => this.emit("message", cloned));
      },
    };
  }

  emit(type: string, data?: Reply | Want): void {
    const event = { data } as MessageEvent<Reply | Want>;
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  postMessage(message: Request, transfer: Transferable[]): void {
    const data = structuredClone(message, { transfer });
    this.sent.push(data);
    queueMicrotask(() => {
      if (!this.terminated) this.scope.onmessage?.({ data });
    });
  }

  addEventListener(type: string, listener: (event: MessageEvent<Reply | Want>) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  terminate(): void {
    this.terminated = true;
  }
}

let worker: LocalWorker;
let keys: WorkerKeys;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearInterval", "performance"] });
  vi.resetModules();
  worker = new LocalWorker();
  vi.stubGlobal("self", worker.scope);
  await import("../../media/worker.ts");
  keys = new WorkerKeys(worker);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Put frames through one end of a pipe, and return what comes out. */
async function through(options: PipeOptions, frames: readonly Bytes[], extra: object = {}) {
  const out: Bytes[] = [];
  const readable = new ReadableStream<EncodedFrame>({
    start(controller) {
      for (const frame of frames) controller.enqueue({ data: copy(frame).buffer });
      controller.close();
    },
  });
  await new Promise<void>((resolve) => {
    const writable = new WritableStream<EncodedFrame>({
      write(frame) {
        out.push(new Uint8Array(frame.data));
      },
      close: resolve,
    });
    worker.scope.onrtctransform?.({ transformer: { readable, writable, options, ...extra } });
  });
  return out;
}

const OUT = { kind: "audio", direction: "send" } as const;
const IN = { kind: "audio", direction: "receive" } as const;

test("without keys nothing comes out, in either direction", async () => {
  expect(await through(OUT, [OPUS, OPUS])).toEqual([]);
  expect(await through(IN, [OPUS, OPUS])).toEqual([]);
  expect(await keys.counts()).toMatchObject({ refused: { audio: 2 }, failed: { audio: 2 } });
});

test("with keys frames are sealed and opened, and the page's own key stays its own", async () => {
  const key = copy(KEY);
  const done = [keys.install(1n, key, new Set([0])), keys.sendIn(1n, key, 0)];
  key.fill(0); // the caller overwrites it before the first wait
  await Promise.all(done);
  const wires = await through(OUT, [OPUS, OPUS]);
  expect(wires.map((wire) => wire.length)).toEqual([104, 104]);
  expect(await through(IN, wires)).toEqual([OPUS, OPUS]);
  // What was posted was the key, and the worker has overwritten it.
  expect(worker.sent.length).toBe(2);
  for (const { order } of worker.sent) {
    expect("baseKey" in order && order.baseKey.every((byte) => byte === 0)).toBe(true);
  }
  await keys.wipe();
  expect(await through(OUT, [OPUS])).toEqual([]);
});

test("while it is held nothing passes, in the order of what was asked, and nobody is blamed", async () => {
  const done = [keys.hold(), keys.install(1n, KEY, new Set([0])), keys.sendIn(1n, KEY, 0)];
  await Promise.all(done);
  expect(await through(OUT, [OPUS])).toEqual([]);
  await expect(keys.sealText(new Uint8Array(128))).rejects.toThrow("nothing passes yet");
  const none = { refused: { audio: 0 }, failed: { audio: 0 }, sealed: { audio: 0 } };
  expect(await keys.counts()).toMatchObject(none);
  await keys.release();
  const wires = await through(OUT, [OPUS, OPUS]);
  expect(await through(IN, wires.slice(0, 1))).toEqual([OPUS]); // the control
  await keys.hold();
  expect(await through(IN, wires.slice(1))).toEqual([]);
  expect(await keys.counts()).toMatchObject({ failed: { audio: 0 }, opened: { audio: 1 } });
});

test("CK-861: a leaf that was removed opens nothing, in the order of what was asked", async () => {
  await Promise.all([keys.install(1n, KEY, new Set([0, 2])), keys.sendIn(1n, KEY, 0)]);
  const [one, two, three] = await through(OUT, [OPUS, OPUS, OPUS]);
  if (!one || !two || !three) throw new Error("nothing was sealed");
  expect(await through(IN, [one])).toEqual([OPUS]); // the control
  // Not waited for: messages to a worker stay in order.
  const done = [keys.removeLeaf(0), keys.install(2n, KEY, new Set([0])), keys.sendIn(2n, KEY, 0)];
  await Promise.all(done);
  expect(await through(IN, [two])).toEqual([]);
  expect(await through(IN, await through(OUT, [OPUS]))).toEqual([OPUS]); // whoever has it next
  await keys.removeLeaf(0);
  expect(await through(IN, await through(OUT, [OPUS]))).toEqual([]);
  await keys.wipe();
  await expect(keys.removeLeaf(0)).resolves.toBeUndefined();
});

test("CK-219: a screen takes the camera's place by the page's word, in the order of what was asked", async () => {
  await Promise.all([keys.install(1n, KEY, new Set([0])), keys.sendIn(1n, KEY, 0)]);
  const [SEND, TAKE] = [
    { kind: "video", direction: "send", way: "way:0" },
    { kind: "video", direction: "receive", place: "1:1" },
  ] as const;
  const picture: Bytes = new Uint8Array(40).fill(2); // a key frame: RFC 6386, 9.1
  const sent = async () => await through(SEND, [picture]);
  expect(await sent()).toEqual([]);
  await keys.setPictures("way:0", "video");
  const [camera, ...more] = [...(await sent()), ...(await sent()), ...(await sent())];
  if (camera === undefined) throw new Error("nothing was sealed");
  await keys.setPictures("way:0", undefined);
  expect(await sent()).toEqual([]);
  await keys.setPictures("way:0", "screen");
  expect(await sent()).toEqual([]);
  const generateKeyFrame = vi.fn(async () => {});
  await through(SEND, [], { generateKeyFrame });
  await vi.advanceTimersByTimeAsync(TURN_S * 1000 + 10);
  expect(generateKeyFrame).toHaveBeenCalledTimes(1); // also if the picture stands still
  const [screen, ...others] = [...(await sent()), ...(await sent())];
  if (screen === undefined) throw new Error("nothing was sealed");
  // Over an SFU each has a place of its own; in a mesh one place has either.
  await keys.setPlaces(new Map([["1:1", [0]]]), new Set());
  expect(await through(TAKE, [camera])).toEqual([picture]);
  expect(await through(TAKE, [screen])).toEqual([]);
  await keys.setPlaces(new Map([["1:1", [0]]]), new Set(["1:1"]));
  expect(await through(TAKE, more.slice(0, 1))).toEqual([]);
  expect(await through(TAKE, others)).toEqual([picture]);
  await keys.setPlaces(new Map([["1:1", [0]]]));
  expect(await through(TAKE, [...more.slice(1), ...(await sent())])).toEqual([picture, picture]);
});

test("blocks of text are sealed and opened in the worker, and nowhere without keys", async () => {
  const block: Bytes = new Uint8Array(128).fill(5);
  await expect(keys.sealText(block)).rejects.toThrow("CK-655");
  await keys.install(1n, KEY, new Set([0]));
  await keys.sendIn(1n, KEY, 0);
  const [one, two] = await Promise.all([keys.sealText(block), keys.sealText(block)]);
  expect([one.length, two.length]).toEqual([152, 152]);
  expect(one).not.toEqual(two);
  // CK-218: moved to a track it opens as nothing.
  expect(await through(IN, [one])).toEqual([]);
  expect(await keys.openText(one)).toEqual(block);
  await expect(keys.openText(one)).rejects.toThrow("CK-210");
  await expect(keys.openText(new Uint8Array(152))).rejects.toThrow();
  await keys.sendIn(2n, KEY, 0);
  await keys.install(2n, KEY, new Set([0]));
  expect(await keys.openText(await keys.sealText(block))).toEqual(block);
  await keys.wipe();
  await expect(keys.sealText(block)).rejects.toThrow("CK-655");
  await expect(keys.openText(two)).rejects.toThrow();
});

test("the worker beats four times a second, from when it is asked to the end", async () => {
  const beats = vi.fn();
  keys.onTextBeat = beats;
  await vi.advanceTimersByTimeAsync(2000);
  expect(beats).not.toHaveBeenCalled();
  await keys.startTextBeat();
  await keys.startTextBeat();
  await vi.advanceTimersByTimeAsync(2010);
  expect(beats).toHaveBeenCalledTimes(8);
  await keys.wipe();
  await vi.advanceTimersByTimeAsync(2000);
  expect(beats).toHaveBeenCalledTimes(8);
});

test("CK-212: old keys die though no frame arrives", async () => {
  await keys.install(1n, KEY, new Set([0]));
  await keys.sendIn(1n, KEY, 0);
  const [early, late] = await through(OUT, [OPUS, OPUS]);
  if (early === undefined || late === undefined) throw new Error("nothing was sealed");
  await keys.install(2n, KEY, new Set([0]));
  await vi.advanceTimersByTimeAsync(1900);
  expect(await through(IN, [early])).toEqual([OPUS]);
  await vi.advanceTimersByTimeAsync(200);
  expect(await through(IN, [late])).toEqual([]);
});

test("refusals of the worker reach the page", async () => {
  await keys.sendIn(3n, KEY, 0);
  await expect(keys.sendIn(3n, KEY, 0)).rejects.toThrow(UsageError);
  await expect(keys.sendIn(3n, KEY, 0)).rejects.toThrow("CK-672");
  await keys.install(3n, KEY, new Set([1]));
  await expect(keys.install(2n, KEY, new Set([1]))).rejects.toThrow("CK-214");
});

test("the encoder is asked for a key frame directly, or by way of the page", async () => {
  const video = { kind: "video", direction: "send" } as const;
  const wanted = vi.fn();
  keys.onKeyFrameWanted = wanted;
  const generateKeyFrame = vi.fn(() => Promise.resolve());
  // The first frame is too short to be sealed, so a key frame is owed.
  const owing = (extra: object) => through(video, [new Uint8Array(), DELTA, DELTA], extra);
  await keys.install(1n, KEY, new Set([1]));
  await keys.sendIn(1n, KEY, 0);
  await owing({ generateKeyFrame });
  expect(generateKeyFrame).toHaveBeenCalledTimes(1);
  expect(wanted).not.toHaveBeenCalled();
  await owing({});
  await keys.counts();
  expect(wanted).toHaveBeenCalledTimes(1);
});

test("a receiver asks its sender for a key frame", async () => {
  const sendKeyFrameRequest = vi.fn(() => Promise.reject(new Error("no picture")));
  const options = { kind: "video", direction: "receive" } as const;
  await through(options, [DELTA, DELTA], { sendKeyFrameRequest });
  expect(sendKeyFrameRequest).toHaveBeenCalledTimes(1);
});

test("CK-369: closed pictures pass no more", async () => {
  await keys.install(1n, KEY, new Set([1]));
  await keys.sendIn(1n, KEY, 0);
  await keys.closeVideo();
  expect(await through({ kind: "video", direction: "send" }, [DELTA])).toEqual([]);
  expect((await through(OUT, [OPUS])).length).toBe(1);
});

describe("the end", () => {
  test("the worker ends when keys are wiped and transports are gone, in any order", async () => {
    await keys.wipe();
    await keys.wipe();
    expect(worker.terminated).toBe(false);
    await keys.dispose();
    expect(worker.terminated).toBe(true);
    await keys.dispose();
    expect(await keys.counts()).toMatchObject({ sealed: { audio: 0 } });

    const other = new LocalWorker();
    other.scope.onmessage = ({ data: { id } }) => {
      other.emit("message", { id, error: { code: Code.USAGE, detail: "any answer" } });
    };
    const others = new WorkerKeys(other);
    await others.dispose();
    expect(other.terminated).toBe(false);
    await others.wipe();
    expect(other.terminated).toBe(true);
  });

  test("after it no key is taken", async () => {
    await keys.wipe();
    await expect(keys.install(9n, KEY, new Set([1]))).rejects.toThrow(UsageError);
    await expect(keys.sendIn(9n, KEY, 0)).rejects.toThrow("CK-216");
  });

  test("a worker that dies fails what waits for it, and what comes after", async () => {
    const death = vi.fn();
    keys.onDeath = death;
    const waiting = keys.install(1n, KEY, new Set([1]));
    worker.emit("error");
    await expect(waiting).rejects.toThrow(UnavailableError);
    await expect(keys.sendIn(1n, KEY, 0)).rejects.toMatchObject({ code: Code.NOT_ENCRYPTED });
    await keys.closeVideo();
    await keys.wipe();
    await keys.dispose();
    worker.emit("error");
    expect(death).toHaveBeenCalledTimes(1);
    expect(worker.terminated).toBe(true);
  });
});
