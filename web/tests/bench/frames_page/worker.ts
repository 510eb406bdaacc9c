/**
 * What a frame costs on its way through the product's pipes, beside WebCrypto's AES-256-GCM on the
 * very bytes that the pipes seal and open, with a ready key, in the same worker.
 */

import { type Bytes, concat } from "../../../core/bytes.ts";
import type { Kind } from "../../../core/frame_keys.ts";
import { CallFrames } from "../../../media/frames_keys.ts";
import { ReceivePipe, SendPipe } from "../../../media/frames_pipe.ts";

export type Task = Readonly<{ kind: Kind; bytes: number; rounds: number; repeat: number }>;

/** Microseconds per frame, one number for each round. */
export type FrameFigures = Readonly<{
  /** Bytes that are sealed, once audio has its one size. */
  sealed: number;
  seal: readonly number[];
  open: readonly number[];
  bareSeal: readonly number[];
  bareOpen: readonly number[];
}>;

const TAG = 16;
const OPUS_TOC = 0xf8; // CELT, 20 ms, one frame (RFC 6716, 3.1)
const VP8_DELTA = 0x31; // RFC 6386, 9.1: not a key frame, shown

function frameOf({ kind, bytes }: Task): Bytes {
  const frame = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536)
    crypto.getRandomValues(frame.subarray(at, at + 65_536));
  frame[0] = kind === "audio" ? OPUS_TOC : VP8_DELTA;
  return frame;
}

async function measure(task: Task): Promise<FrameFigures> {
  const { kind, rounds, repeat } = task;
  const monotonic = () => performance.now() / 1000;
  const baseKey = crypto.getRandomValues(new Uint8Array(32));
  const [sending, receiving] = [new CallFrames(monotonic), new CallFrames(monotonic)];
  sending.sendIn(1n, baseKey.slice(), 0);
  receiving.install(1n, baseKey.slice(), [0]);
  const out = new SendPipe(sending, kind, () => {});
  const into = new ReceivePipe(receiving, kind, () => {});
  const made = frameOf(task);

  const raw = crypto.getRandomValues(new Uint8Array(32));
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  const first = { data: made.slice().buffer };
  if (!(await out.pass(first)) || !(await into.pass(first))) throw new Error("nothing passes");
  const plain = new Uint8Array(first.data);
  const clear = kind === "audio" ? 0 : 1;
  const additionalData = concat(new Uint8Array(8), plain.subarray(0, clear));
  const body = plain.slice(clear);
  let counter = 0;
  const nonce = () => {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, counter++);
    return iv;
  };

  const figures = { seal: [], open: [], bareSeal: [], bareOpen: [] } as Record<string, number[]>;
  const timed = async (name: string, work: (i: number) => Promise<unknown>) => {
    const began = performance.now();
    for (let i = 0; i < repeat; i++) await work(i);
    figures[name]?.push(((performance.now() - began) * 1000) / repeat);
  };
  for (let round = 0; round <= rounds; round++) {
    const frames = Array.from({ length: repeat }, () => ({ data: made.slice().buffer }));
    const boxes: [Bytes, ArrayBuffer][] = [];
    await timed("bareSeal", async () => {
      const iv = nonce();
      boxes.push([
        iv,
        await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, body),
      ]);
    });
    await timed("seal", (i) => out.pass(frames[i] ?? first));
    await timed("bareOpen", async (i) => {
      const [iv = nonce(), box = new ArrayBuffer(TAG)] = boxes[i] ?? [];
      await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, box);
    });
    await timed("open", (i) => into.pass(frames[i] ?? first));
    if (round === 0) for (const times of Object.values(figures)) times.length = 0; // warmed up
  }
  const all = repeat * (rounds + 1) + 1;
  if (sending.sealed[kind] !== all || receiving.opened[kind] !== all) {
    throw new Error("frames were dropped, which is quick");
  }
  return { sealed: plain.length, ...figures } as unknown as FrameFigures;
}

self.onmessage = async ({ data }: MessageEvent<Task>) => {
  self.postMessage(await measure(data));
};
