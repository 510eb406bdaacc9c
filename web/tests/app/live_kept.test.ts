/** The export of a recording as a page gets it: in few pieces, with each percent told once. */

import { afterEach, expect, test, vi } from "vitest";
import { liveRecordings } from "../../app/live_kept.ts";
import type { Client } from "../../client/client.ts";
import type { Progress } from "../../client/recordings.ts";
import { type Bytes, hex } from "../../core/bytes.ts";

const ASK = new Uint8Array(32).fill(7);
const MIB = 2 ** 20;

/** A client with one recording of so many pieces, each of half a mebibyte. */
function clientOf(pieces: number, framesOfPiece = 100): () => Client {
  async function* exported(_: unknown, progress: Progress): AsyncGenerator<Bytes> {
    for (let piece = 0; piece < pieces; piece++) {
      for (let frame = 0; frame < framesOfPiece; frame++) {
        const done = piece * framesOfPiece + frame;
        // Two tracks in turn: the second is a little behind.
        progress(done, pieces * framesOfPiece);
        progress(Math.max(0, done - 3), pieces * framesOfPiece);
      }
      yield new Uint8Array(MIB / 2).fill(piece);
    }
    progress(1, 1);
  }
  const recordings = { all: () => [{ ask: ASK }], exported };
  return () => ({ recordings }) as unknown as Client;
}

afterEach(() => vi.unstubAllGlobals());

test("a long export is whole and in order, and made of few Blobs", async () => {
  let made = 0;
  const Plain = Blob;
  vi.stubGlobal(
    "Blob",
    class extends Plain {
      constructor(parts: BlobPart[], options?: BlobPropertyBag) {
        super(parts, options);
        made += 1;
      }
    },
  );
  const pieces = 100;
  const { export: exporting } = liveRecordings(clientOf(pieces));
  const file = await exporting(hex(ASK), () => undefined, new AbortController().signal);
  expect(file.type).toBe("video/webm");
  expect(file.size).toBe((pieces * MIB) / 2);
  const data = new Uint8Array(await file.arrayBuffer());
  for (let piece = 0; piece < pieces; piece++) expect(data[(piece * MIB) / 2]).toBe(piece);
  expect(made).toBeLessThan(10);
});

test("each percent is told once, and it never goes back", async () => {
  const told: number[] = [];
  const { export: exporting } = liveRecordings(clientOf(20));
  await exporting(hex(ASK), (part) => told.push(part), new AbortController().signal);
  expect(told).toEqual(told.toSorted((one, other) => one - other));
  expect(told).toHaveLength(101);
  expect(told.at(-1)).toBe(1);
});

test("whoever stops it gets nothing", async () => {
  const stop = new AbortController();
  const { export: exporting } = liveRecordings(clientOf(20));
  const tell = (part: number) => {
    if (part > 0.5) stop.abort();
  };
  await expect(exporting(hex(ASK), tell, stop.signal)).rejects.toThrow("abort");
});
