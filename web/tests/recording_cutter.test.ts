/** A recording's tracks are cut into parts at the same places as in Python, whose tests say which these are. */

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { setOf } from "../core/byte_sets.ts";
import { type Bytes, concat, fromHex } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { ConsentKey, Digest, Secret32 } from "../core/ids.ts";
import { type Cut, PictureCutter, SoundCutter } from "../core/recording_cutter.ts";
import { prove } from "../core/recording_proof.ts";
import { readStatement, type Statement } from "../core/recording_statements.ts";
import { Tape } from "../core/recording_tape.ts";
import type { Kind } from "../core/recording_types.ts";
import { writePart } from "../core/webm.ts";
import { loadCore, rows } from "./core_vectors.ts";
import { MismatchError } from "./vector_element.ts";

/** A frame: when, what it begins with, bytes of `content` behind that. Or when what there is ends. */
type Step = readonly [at: number, head: string, size: number] | number;
type Row = readonly [
  step: number,
  at: number,
  length: number,
  kind: readonly number[],
  frames: number,
  sha256: string,
];

const VECTORS = loadCore("cutter");

/** Bytes that each language makes by itself. */
function content(size: number): Bytes {
  return Uint8Array.from({ length: size }, (_, n) => (31 * n + (n >> 8)) & 0xff);
}

function rowOf(step: number, { at, media }: Cut): Row {
  const { track, length, frames } = media;
  const kind = track.kind === "audio" ? [track.channels] : [track.width, track.height];
  const sha256 = createHash("sha256").update(writePart(media)).digest("hex");
  return [step, at, length, kind, frames.length, sha256];
}

for (const story of VECTORS.children("stories")) {
  test(`${story.text("kind")}: ${story.text("name")}`, () => {
    const cutter = story.text("kind") === "sound" ? new SoundCutter() : new PictureCutter();
    const cuts: Row[] = [];
    const wanted: number[] = [];
    for (const [number, step] of (story.values("steps") as readonly Step[]).entries()) {
      const cut =
        typeof step === "number"
          ? cutter.end(step)
          : cutter.add(step[0], concat(fromHex(step[1]), content(step[2])));
      if (cut !== undefined) cuts.push(rowOf(number, cut));
      if (cutter instanceof PictureCutter && cutter.wantsKeyFrame) wanted.push(number);
    }
    expect(cuts).toEqual(rows<Row>(story, "cuts"));
    expect(wanted).toEqual(story.values("wanted"));
  });
}

type Done =
  | readonly [word: "share", key: string, share: string]
  | readonly [word: "among", keys: readonly string[]]
  | readonly [word: "said", signed: string, at: number]
  | readonly [word: "frame", key: string, kind: Kind, at: number, data: string]
  | readonly [word: "pause", at: number]
  | readonly [word: "mark"];

const keyOf = (text: string) => new ConsentKey(fromHex(text));

/** Do with a tape what was done with Python's; the promise ends when that is written. */
function repeat(tape: Tape, done: Done, said: ReadonlyMap<string, Statement>): Promise<void> {
  switch (done[0]) {
    case "share":
      tape.share(keyOf(done[1]), new Secret32(fromHex(done[2])));
      return Promise.resolve();
    case "among":
      return tape.among(setOf(...done[1].map(keyOf)));
    case "said": {
      const statement = said.get(done[1]);
      if (statement === undefined) throw new MismatchError("nobody said that");
      return tape.said(fromHex(done[1]), statement, done[2]);
    }
    case "frame":
      return tape.frame(keyOf(done[1]), done[2], done[3], fromHex(done[4]));
    case "pause":
      return tape.pause(done[1]);
    case "mark":
      return tape.mark();
  }
}

/** A file in memory. */
class Memory {
  data: Bytes = new Uint8Array();
  readonly sink = async (more: Bytes): Promise<void> => {
    this.data = concat(this.data, more);
  };
}

const TAPE = VECTORS.child("tape");
const OPTIONS = {
  ask: TAPE.data("ask"),
  secret: new Secret32(TAPE.data("secret")),
  privateKey: TAPE.data("private"),
};

test("a recording is the same file, however long each part takes to be sealed", async () => {
  const memory = new Memory();
  const done = TAPE.values("done") as readonly Done[];
  const said = new Map<string, Statement>();
  for (const [word, signed] of done) {
    if (word === "said") said.set(signed, await readStatement(fromHex(signed)));
  }
  const tape = await Tape.begin(memory.sink, OPTIONS);
  // Nothing waits for what came before it: the order is the tape's to keep.
  await Promise.all(done.map((one) => repeat(tape, one, said)));
  expect(memory.data.length).toBe(TAPE.number("size"));
  expect(createHash("sha256").update(memory.data).digest("hex")).toBe(TAPE.text("file"));
  let at = 0;
  const proof = await prove(async (size) => {
    at += size;
    return memory.data.subarray(at - size, at);
  });
  expect(proof.problems).toEqual([]);
  expect(proof.members.map(({ recordedMs }) => recordedMs)).toEqual(TAPE.values("recorded"));
});

test("a recording begins with a request, and holds nothing of another one", async () => {
  const memory = new Memory();
  const done = TAPE.values("done") as readonly Done[];
  const [, signed = ""] = done.find(([word]) => word === "said") ?? [];
  const grant = fromHex(String(signed));
  await expect(Tape.begin(memory.sink, { ...OPTIONS, ask: grant })).rejects.toThrow(UsageError);
  expect(memory.data.length).toBe(0);
  const tape = await Tape.begin(memory.sink, OPTIONS);
  const size = memory.data.length;
  const ask = await readStatement(OPTIONS.ask);
  await expect(tape.said(OPTIONS.ask, ask, 0)).rejects.toThrow(UsageError);
  const other = { ...(await readStatement(grant)), ask: new Digest(new Uint8Array(32)) };
  await expect(tape.said(grant, other as Statement, 0)).rejects.toThrow(UsageError);
  expect(memory.data.length).toBe(size);
});

test("nothing of the vectors was passed over", () => {
  VECTORS.finish();
});
