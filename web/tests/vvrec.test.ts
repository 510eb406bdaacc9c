/**
 * The file of a recording (P16, P17): written byte for byte as in Python, refused for the same
 * reasons, and telling the same story of who agreed to what.
 */

import { describe, expect, test } from "vitest";
import { setOf } from "../core/byte_sets.ts";
import { type Bytes, concat, fromHex, hex, uint } from "../core/bytes.ts";
import { ConsentKey, Digest, Secret32 } from "../core/ids.ts";
import { type Proof, prove } from "../core/recording_proof.ts";
import {
  askDigest,
  type RecordingAsk,
  readStatement,
  signStatement,
} from "../core/recording_statements.ts";
import type { Kind } from "../core/recording_types.ts";
import {
  type Among,
  type Chunk,
  HEAD,
  MAX_CHUNK,
  MAX_PART,
  openPart,
  type Part,
  read,
  type Said,
  type Sink,
  type Source,
  sealPart,
  Writer,
} from "../core/vvrec.ts";
import { flipped, loadCore, outcome, plain, rows } from "./core_vectors.ts";

type Person = readonly [key: string, privateKey: string, share: string];
type Told = Readonly<{ ok: boolean; altered: boolean; truncated: boolean; problems: string[] }>;
type File = readonly [name: string, data: string, outcome: string, told: Told];
type PartFields = Readonly<{
  number: number;
  key: string;
  kind: Kind;
  at: number;
  length: number;
  sealed: string;
}>;
type Opened = readonly [
  part: PartFields,
  ask: string,
  secret: string,
  share: string,
  outcome: string,
  webm: string | null,
];
type Tried = readonly [data: string, outcome: string];

const VECTORS = loadCore("vvrec");
const SECRET = new Secret32(fromHex(VECTORS.text("secret")));
const PEOPLE = rows<Person>(VECTORS, "people");
const TIMES = rows<never>(VECTORS, "times") as readonly number[];
const FILES = rows<File>(VECTORS, "files");
const OPENED = rows<Opened>(VECTORS, "opened");
const CHUNKS = rows<Tried>(VECTORS, "chunks");
const PARTS = rows<readonly [Partial<PartFields>, string]>(VECTORS, "parts");
const SAID = rows<readonly [size: number, outcome: string]>(VECTORS, "said");
const AMONG = rows<readonly [keys: readonly string[], outcome: string]>(VECTORS, "among");

/** Return where these bytes come from. */
function from(data: Bytes): Source {
  let at = 0;
  return async (size) => {
    const found = data.subarray(at, at + size); // a view, as a buffer of a reader may be
    at += found.length;
    return found;
  };
}

/** Where bytes go to, and which they were. */
class Memory {
  readonly #written: Bytes[] = [];

  readonly sink: Sink = async (data) => {
    await Promise.resolve(); // a disk does not answer at once either
    this.#written.push(data);
  };

  get data(): Bytes {
    return concat(...this.#written);
  }
}

async function all(data: Bytes): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const [chunk] of read(from(data))) chunks.push(chunk);
  return chunks;
}

function file(name: string): Bytes {
  const found = FILES.find(([called]) => called === name);
  if (found === undefined) throw new Error(`no file called ${name}`);
  return fromHex(found[1]);
}

function person(key: Uint8Array): Readonly<{ privateKey: Bytes; share: Secret32 }> {
  const found = PEOPLE.find(([known]) => known === hex(key));
  if (found === undefined) throw new Error("nobody's key");
  return { privateKey: fromHex(found[1]), share: new Secret32(fromHex(found[2])) };
}

function partOf(fields: PartFields): Part {
  const { key, sealed, ...rest } = fields;
  return { word: "part", ...rest, key: new ConsentKey(fromHex(key)), sealed: fromHex(sealed) };
}

function asPython(proof: Proof) {
  return {
    ask: proof.ask === null ? null : hex(askDigest(proof.ask)),
    ok: proof.ok,
    altered: proof.altered,
    problems: proof.problems,
    truncated: proof.truncated,
    unproven: proof.unproven,
    ended: proof.ended,
    members: proof.members.map((member) => ({
      ...(plain(member) as object),
      playable: TIMES.map((now) => proof.isPlayable(member, now)),
    })),
  };
}

describe("what a recording proves", () => {
  test("is what Python says, of each file", async () => {
    for (const [name, data, , told] of FILES) {
      expect(asPython(await prove(from(fromHex(data)))), name).toEqual(told);
    }
  });

  test("files of every sort are among them", () => {
    const told = FILES.map(([, , , one]) => one);
    expect(told.filter(({ ok }) => ok).length).toBeGreaterThan(10);
    expect(told.filter(({ ok, truncated }) => ok && truncated).length).toBeGreaterThan(1);
    expect(told.filter(({ altered }) => altered).length).toBeGreaterThan(30);
    expect(told.filter(({ ok, altered }) => !ok && !altered).length).toBeGreaterThan(10);
    const problems = new Set(told.flatMap((one) => one.problems.map((what) => what.slice(0, 30))));
    expect(problems.size).toBeGreaterThanOrEqual(14);
  });

  test("every changed byte is seen", async () => {
    const data = file("still running");
    expect((await prove(from(data))).ok, "the control").toBe(true);
    for (const at of data.keys()) {
      expect((await prove(from(flipped(data, at)))).ok, `byte ${at}`).toBe(false);
    }
  });

  test("wherever it is cut, nothing is called altered, and nothing true is lost", async () => {
    const [marked, data] = [file("still running"), file("taken back, and agreed again")];
    expect(hex(data.subarray(0, marked.length))).toBe(hex(marked));
    let begun = 0;
    for (let size = 0; size < data.length; size++) {
      const proof = await prove(from(data.slice(0, size)));
      expect(proof.altered, `cut behind ${size}`).toBe(false);
      expect(proof.ok, `cut behind ${size}`).toBe(size >= marked.length);
      begun += Number(proof.truncated);
    }
    expect(begun).toBeGreaterThan(1000);
  });

  test("what goes wrong in reading is no story", async () => {
    const data = file("still running");
    let asked = 0;
    const source = from(data);
    const failing: Source = async (size) => {
      asked += 1;
      if (asked > 3) throw new RangeError("the disk");
      return await source(size);
    };
    await expect(prove(failing)).rejects.toThrow("the disk");
  });
});

describe("a recording", () => {
  test("is read, or refused for the same reason", async () => {
    const seen = new Set<string>();
    for (const [name, data, expected] of FILES) {
      expect(await outcome(() => all(fromHex(data))), name).toBe(expected);
      seen.add(expected);
    }
    expect([...seen].sort()).toEqual([
      "malformed CK-250",
      "malformed CK-940",
      "ok",
      "too_large CK-941",
    ]);
  });

  test("is written anew from given keys, to the same bytes", async () => {
    let parts = 0;
    for (const [name, data, , { ok, truncated }] of FILES) {
      if (!ok || truncated) continue;
      const [memory, chunks] = [new Memory(), await all(fromHex(data))];
      const writer = await Writer.begin(memory.sink);
      const ask = await asked(chunks);
      for (const chunk of chunks) {
        await rewrite(writer, chunk, ask);
        parts += Number(chunk.word === "part");
      }
      expect(hex(memory.data), name).toBe(data);
    }
    expect(parts).toBeGreaterThan(20);
  });

  test("of chunks that are none is refused for the same reason", async () => {
    const seen = new Set<string>();
    for (const [data, expected] of CHUNKS) {
      const chunk = fromHex(data);
      const whole = concat(HEAD, uint(chunk.length, 4), chunk);
      expect(await outcome(() => all(whole)), data).toBe(expected);
      seen.add(expected);
    }
    expect([...seen].sort()).toEqual([
      "malformed",
      "malformed CK-250",
      "malformed CK-271",
      "malformed CK-940",
      "ok",
    ]);
  });

  test("of great length is read one chunk at a time, and no length is believed", async () => {
    const memory = new Memory();
    const writer = await Writer.begin(memory.sink);
    const [first] = OPENED;
    if (first === undefined) throw new Error("no part");
    const part = { ...partOf(first[0]), sealed: new Uint8Array(MAX_PART) };
    for (let number = 0; number < 3; number++) await writer.put({ ...part, number });
    const { data } = memory;
    expect(data.length).toBeGreaterThan(3 * MAX_PART);
    const [source, wanted] = [from(data), [] as number[]];
    let count = 0;
    for await (const [chunk] of read(async (size) => {
      wanted.push(size);
      return await source(size);
    })) {
      count += 1;
      expect(chunk.word).toBe("part");
      expect(wanted.length, "nothing is read ahead").toBe(1 + 2 * count);
    }
    expect(count).toBe(3);
    expect(Math.max(...wanted)).toBeLessThanOrEqual(MAX_CHUNK);
    const hostile = [concat(HEAD, uint(MAX_CHUNK + 1, 4)), concat(HEAD, uint(2 ** 32 - 1, 4))];
    for (const one of hostile) {
      const inner = from(one);
      const sizes: number[] = [];
      const found = await outcome(async () => {
        for await (const _ of read(async (size) => {
          sizes.push(size);
          return await inner(size);
        }));
      });
      expect(found).toBe("malformed CK-940");
      expect(sizes).toEqual([HEAD.length, 4]);
    }
  });
});

async function asked(chunks: readonly Chunk[]): Promise<RecordingAsk> {
  const [first] = chunks;
  const ask = first?.word === "said" ? await readStatement(first.statement) : null;
  if (ask?.kind !== "recording.ask") throw new Error("no request");
  return ask;
}

/** Write a chunk as its author would: sign it, seal it, with the keys that everybody has. */
async function rewrite(writer: Writer, chunk: Chunk, ask: RecordingAsk): Promise<void> {
  switch (chunk.word) {
    case "said": {
      const said = await readStatement(chunk.statement);
      const statement = await signStatement(said, person(said.key).privateKey);
      return await writer.put({ word: "said", statement });
    }
    case "among":
      return await writer.put({ word: "among", members: new Map([...chunk.members].reverse()) });
    case "part": {
      const halves = [askDigest(ask), SECRET, person(chunk.key).share] as const;
      const webm = await openPart(chunk, ...halves);
      expect(webm).toEqual(new TextEncoder().encode("some webm"));
      return await writer.put(await sealPart({ ...chunk, sealed: webm }, ...halves));
    }
    case "mark":
      return await writer.mark(person(ask.key).privateKey);
  }
}

describe("a part", () => {
  test("opens with both halves of its key, and as what it is", async () => {
    const seen: string[] = [];
    for (const [fields, ask, secret, share, expected, webm] of OPENED) {
      const part = partOf(fields);
      const halves = [
        new Digest(fromHex(ask)),
        new Secret32(fromHex(secret)),
        new Secret32(fromHex(share)),
      ] as const;
      let opened: string | null = null;
      const found = await outcome(async () => {
        opened = hex(await openPart(part, ...halves));
      });
      expect([found, opened]).toEqual([expected, webm]);
      seen.push(found);
      if (webm === null) continue;
      expect(await sealPart({ ...part, sealed: fromHex(webm) }, ...halves)).toEqual(part);
    }
    expect(new Set(seen)).toEqual(new Set(["ok", "decryption CK-942"]));
  });
});

/** Return what comes of writing this first. */
async function put(chunk: Said | Among | Part): Promise<string> {
  const memory = new Memory();
  const writer = await Writer.begin(memory.sink);
  const found = await outcome(() => writer.put(chunk));
  if (found !== "ok") expect(memory.data, "nothing of it is written").toEqual(HEAD);
  return found;
}

describe("the writer", () => {
  test("writes nothing that readers refuse", async () => {
    const [first] = OPENED;
    if (first === undefined) throw new Error("no part");
    const fields = { ...first[0], number: 0, sealed: "00".repeat(16) };
    for (const [change, expected] of PARTS) {
      expect(await put(partOf({ ...fields, ...change })), JSON.stringify(change)).toBe(expected);
    }
    for (const [size, expected] of SAID) {
      const statement = new Uint8Array(size);
      expect(await put({ word: "said", statement }), `${size} bytes`).toBe(expected);
    }
    for (const [keys, expected] of AMONG) {
      const members = setOf(...keys.map((key) => new ConsentKey(fromHex(key))));
      expect(await put({ word: "among", members }), `${keys.length} members`).toBe(expected);
    }
    const long = new Uint8Array(MAX_PART + 1);
    expect(await put({ ...partOf(fields), sealed: long })).toBe("usage");
    expect(await put({ ...partOf(fields), at: 0.5 })).toBe("usage");
    VECTORS.finish();
  });

  test("puts nothing between a mark and what it signs, whoever waits for whom", async () => {
    const name = "taken back, and marked";
    const [memory, chunks] = [new Memory(), await all(file(name))];
    const writer = await Writer.begin(memory.sink);
    const { privateKey } = person((await asked(chunks)).key);
    await Promise.all(
      chunks.map((chunk) => (chunk.word === "mark" ? writer.mark(privateKey) : writer.put(chunk))),
    );
    expect(hex(memory.data)).toBe(hex(file(name)));
  });

  test("goes on with a file, and gives no number twice", async () => {
    const name = "taken back, and agreed again";
    const [memory, chunks] = [new Memory(), await all(file(name))];
    let writer = await Writer.begin(memory.sink);
    const { privateKey } = person((await asked(chunks)).key);
    for (const chunk of chunks) {
      if (chunk.word === "mark") await writer.mark(privateKey);
      else await writer.put(chunk);
      writer = Writer.resume(memory.sink, structuredClone(writer.behind));
      if (chunk.word === "part") {
        expect(await outcome(() => writer.put(chunk))).toBe("usage");
      }
    }
    expect(hex(memory.data)).toBe(hex(file(name)));
  });

  test("puts nothing behind half a chunk", async () => {
    const [chunks, memory] = [await all(file("still running")), new Memory()];
    const [said, among] = chunks;
    if (said?.word !== "said" || among?.word !== "among") throw new Error("another file");
    let isFull = false;
    const writer = await Writer.begin(async (data) => {
      await memory.sink(isFull ? data.slice(0, 9) : data);
      if (isFull) throw new RangeError("the disk is full");
    });
    await writer.put(said);
    isFull = true;
    await expect(writer.put(among)).rejects.toThrow("the disk is full");
    isFull = false;
    const before = memory.data;
    const { privateKey } = person((await asked(chunks)).key);
    expect(await outcome(() => writer.put(among))).toBe("usage");
    expect(await outcome(() => writer.mark(privateKey))).toBe("usage");
    expect(memory.data).toEqual(before);
    expect(await outcome(() => all(before))).toBe("too_large CK-941");
  });

  test("another's mark, or a wrong key, changes nothing of what is signed later", async () => {
    const [memory, chunks] = [new Memory(), await all(file("nobody has answered"))];
    const writer = await Writer.begin(memory.sink);
    const ask = await asked(chunks);
    await rewrite(writer, chunks[0] as Chunk, ask);
    expect(await outcome(() => writer.mark(new Uint8Array(31)))).toBe("usage");
    await writer.mark(person(ask.key).privateKey);
    expect(hex(memory.data)).toBe(hex(file("nobody has answered")));
  });
});
