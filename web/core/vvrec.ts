/**
 * The file of a recording, `.vvrec`: sealed parts, what was said about them, and marks over both
 * (twin of `core/vvrec.py`, docs/protocol/recording.md).
 *
 *     file  = "visavis recording" || 1 || chunk ...
 *     chunk = length u32 || CBOR [word, ...]
 *     chain = SHA-256("visavis recording chain v1\0" || head bytes), then SHA-256(chain || chunk) ...
 *
 *     ["said", statement]                    signed (`recording_statements`); the first is the request
 *     ["among", [key ...]]                   members that a yes names by their hash
 *     ["part", number, key, kind, at, length, sealed]
 *     ["mark", signature]                    by who asked, over "visavis recording mark v1\0" || chain
 *
 * A part is some seconds of one member's track. It opens with a key from two halves (P16): a secret
 * of who recorded, and the share of the member whose voice or picture it is. Without either it is
 * noise:
 *
 *     key    = HKDF-SHA256(secret || share, salt = ask, info = "visavis recording part v1" || number)
 *     sealed = AES-256-GCM(key, nonce = zeros, AAD = CBOR ["part", number, key, kind, at, length])
 *
 * The file only grows. It is read in one pass and written one chunk at a time; no more than one is
 * in memory. Pure: where bytes come from and go to are arguments. Not for: what the file proves
 * (`recording_proof.ts`), or playing it.
 */

import { type Bytes, concat, equal, uint, utf8, wipe } from "./bytes.ts";
import { decode, encode, isBytes, isList, type Value } from "./cbor.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { sign, verify } from "./identity.ts";
import { ConsentKey, type Digest, type Secret32, Signature } from "./ids.ts";
import { AES256 } from "./mls/hpke.ts";
import { SHA256 } from "./mls/kdf.ts";
import { MAX_MEMBERS, MAX_SIGNED, MEMBER_SET } from "./recording_statements.ts";
import { Kind, type Members } from "./recording_types.ts";

export const HEAD = concat(utf8("visavis recording"), Uint8Array.of(1));
/** Bytes of a sealed part. Higher: whoever opens a file needs more memory. */
export const MAX_PART = 4 * 2 ** 20;
export const MAX_CHUNK = MAX_PART + 1_024;
const MAX_NUMBER = 2 ** 32 - 1;
const MAX_MS = 2 ** 40;

const CHAIN = utf8("visavis recording chain v1\0");
const MARK = "visavis recording mark v1\0";
const PART = utf8("visavis recording part v1");
const NONCE = new Uint8Array(12);
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;

/** Where a file comes from: gives the next so many bytes, and fewer only at its end. */
export type Source = (size: number) => Promise<Bytes>;

/** Where a file goes to: appends these bytes. */
export type Sink = (data: Bytes) => Promise<void>;

/** A signed statement. */
export type Said = Readonly<{ word: "said"; statement: Bytes }>;

/** Who was there: a set of members that a yes names by its hash. */
export type Among = Readonly<{ word: "among"; members: Members }>;

/** Some seconds of one member's track, sealed. */
export type Part = Readonly<{
  word: "part";
  /** Of the file's parts, from 0. */
  number: number;
  /** Whose. */
  key: ConsentKey;
  /** Of what. */
  kind: Kind;
  /** When it begins, milliseconds since the recording began. */
  at: number;
  /** How long it is, milliseconds. */
  length: number;
  /** WebM, sealed. */
  sealed: Bytes;
}>;

/** Who asked says that all before it is theirs, and in this order. */
export type Mark = Readonly<{ word: "mark"; signature: Signature }>;

export type Chunk = Said | Among | Part | Mark;

/** What a file holds, as far as one who writes on behind it must know. */
export type Behind = Readonly<{
  /** Of all its chunks. */
  chain: Bytes;
  /** How many parts it has. */
  parts: number;
}>;

/** Appends chunks to a file; keeps nothing of it but the chain. */
export class Writer {
  readonly #sink: Sink;
  #chain: Bytes;
  #parts: number;
  #isWhole = true;
  /** Ends when all that was asked for is written. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  private constructor(sink: Sink, { chain, parts }: Behind) {
    this.#sink = sink;
    this.#chain = chain;
    this.#parts = parts;
  }

  /** Begin a file. */
  static async begin(sink: Sink): Promise<Writer> {
    await sink(HEAD);
    return new Writer(sink, { chain: begun(), parts: 0 });
  }

  /**
   * Go on with a file.
   *
   * @param sink Appends behind its last whole chunk.
   * @param behind What the writer that left it so has as `behind`.
   */
  static resume(sink: Sink, behind: Behind): Writer {
    return new Writer(sink, behind);
  }

  /** What is needed to go on later, once all that was asked for is written. */
  get behind(): Behind {
    return { chain: this.#chain, parts: this.#parts };
  }

  /**
   * Append a chunk.
   *
   * Throws what the sink throws. A chunk may then stand there in part, so nothing goes behind it.
   *
   * @throws UsageError It is one that readers refuse, or a part out of turn; or the sink failed.
   */
  async put(chunk: Said | Among | Part): Promise<void> {
    const data = encodeChunk(chunk);
    if (chunk.word === "part") {
      // Two parts of one number would be sealed with one key and nonce.
      if (chunk.number !== this.#parts) {
        throw new UsageError("parts are numbered from 0, one after the other");
      }
      this.#parts += 1;
    }
    await this.#inTurn(() => this.#append(data));
  }

  /**
   * Sign all that is there so far, as who asked. Throws as `put`.
   *
   * @param privateKey The private half of their consent key, 32 bytes.
   */
  async mark(privateKey: Bytes): Promise<void> {
    await this.#inTurn(async () => {
      const signature = await sign(privateKey, MARK, this.#chain);
      await this.#append(encodeChunk({ word: "mark", signature }));
    });
  }

  /** Chunks follow each other as they were asked for; none comes between a mark and what it signs. */
  async #inTurn(step: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(step);
    this.#lastTurn = turn.catch(() => undefined);
    await turn;
  }

  async #append(data: Bytes): Promise<void> {
    if (!this.#isWhole) throw new UsageError("the file may end in the middle of a chunk");
    this.#isWhole = false;
    await this.#sink(concat(uint(data.length, LENGTH_BYTES), data));
    this.#chain = await next(this.#chain, data);
    this.#isWhole = true;
  }
}

/**
 * Yield each chunk with the chain of all before it, one at a time.
 *
 * @param source Of the file, at its beginning.
 * @throws PeerError MALFORMED (CK-940, CK-250, CK-271), it is no recording, or a chunk is none.
 *   TOO_LARGE (CK-941), it ends in the middle of a chunk: what a crash leaves.
 */
export async function* read(source: Source): AsyncGenerator<readonly [chunk: Chunk, chain: Bytes]> {
  if (!equal(await source(HEAD.length), HEAD))
    throw malformed("no recording, or of another version");
  let chain = begun();
  for (;;) {
    const length = await source(LENGTH_BYTES);
    if (length.length === 0) return;
    if (length.length < LENGTH_BYTES) throw endsEarly();
    const size = new DataView(length.buffer, length.byteOffset).getUint32(0);
    // CK-940: a length is believed only up to what a chunk may have, before anything is read.
    if (size === 0 || size > MAX_CHUNK) throw malformed("a chunk of impossible length");
    const data = await source(size);
    if (data.length < size) throw endsEarly();
    yield [decodeChunk(data), chain];
    chain = await next(chain, data);
  }
}

/**
 * Return what a whole file holds, for whoever writes on behind it.
 *
 * @param source Of the file, at its beginning. Throws as `read`.
 * @param taken Given each chunk.
 */
export async function behindOf(
  source: Source,
  taken: (chunk: Chunk) => void | Promise<void> = () => undefined,
): Promise<Behind> {
  let [before, parts]: [Bytes, number] = [begun(), 0];
  let last: Chunk | undefined;
  for await (const [chunk, chain] of read(source)) {
    [before, last] = [chain, chunk];
    if (chunk.word === "part") parts += 1;
    await taken(chunk);
  }
  // `read` has the chain of what is before each chunk; each has one encoding.
  const chain = last === undefined ? before : await next(before, encode(fieldsOf(last)));
  return { chain, parts };
}

/**
 * Return the part that stands in some bytes of a file: its length, and the chunk.
 *
 * @throws PeerError MALFORMED (CK-940): it is none.
 */
export function readPart(data: Bytes): Part {
  const chunk = decodeChunk(data.subarray(LENGTH_BYTES));
  if (chunk.word !== "part") throw malformed("not a part");
  return chunk;
}

/**
 * Check a mark.
 *
 * @param key Of who asked.
 * @param chain Of all before it, as `read` gives it.
 * @throws PeerError BAD_SIGNATURE.
 */
export async function verifyMark(mark: Mark, key: ConsentKey, chain: Bytes): Promise<void> {
  await verify(key, MARK, chain, mark.signature);
}

/**
 * Return a part with its content sealed.
 *
 * @param part With WebM in place of `sealed`.
 * @param ask The request: `askDigest`.
 * @param secret Of who records; new for each recording.
 * @param share Of the member.
 */
export async function sealPart(
  part: Part,
  ask: Digest,
  secret: Secret32,
  share: Secret32,
): Promise<Part> {
  const key = partKey(part.number, ask, secret, share);
  try {
    return { ...part, sealed: await AES256.seal(key, NONCE, about(part), part.sealed) };
  } finally {
    wipe(key);
  }
}

/**
 * Return a part's WebM.
 *
 * @throws PeerError DECRYPTION (CK-942), one of the halves is another, or the part was altered.
 */
export async function openPart(
  part: Part,
  ask: Digest,
  secret: Secret32,
  share: Secret32,
): Promise<Bytes> {
  const key = partKey(part.number, ask, secret, share);
  try {
    return await AES256.open(key, NONCE, about(part), part.sealed);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new PeerError(Code.DECRYPTION, "CK-942 recording: a part does not open");
  } finally {
    wipe(key);
  }
}

/** Return what seals one part, and nothing else: so no nonce repeats. */
function partKey(number: number, ask: Digest, secret: Secret32, share: Secret32): Bytes {
  const halves = concat(secret, share);
  const prk = SHA256.extract(ask, halves);
  const key = SHA256.expand(prk, concat(PART, uint(number, 4)), 32);
  wipe(halves, prk);
  return key;
}

function about({ number, key, kind, at, length }: Part): Bytes {
  return encode(["part", number, key, kind, at, length]);
}

function begun(): Bytes {
  return SHA256.hash(concat(CHAIN, HEAD));
}

function next(chain: Bytes, data: Bytes): Promise<Bytes> {
  return SHA256.digest(concat(chain, data));
}

function encodeChunk(chunk: Chunk): Bytes {
  const data = encode(fieldsOf(chunk));
  try {
    decodeChunk(data);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`would write what readers refuse: ${error.detail}`);
  }
  return data;
}

function fieldsOf(chunk: Chunk) {
  switch (chunk.word) {
    case "said":
      return [chunk.word, chunk.statement];
    case "among":
      return [chunk.word, MEMBER_SET.encode(chunk.members)];
    case "part": {
      const { word, number, key, kind, at, length, sealed } = chunk;
      return [word, number, key, kind, at, length, sealed];
    }
    case "mark":
      return [chunk.word, chunk.signature];
  }
}

function decodeChunk(data: Bytes): Chunk {
  const raw = decode(data);
  const [word, ...fields] = isList(raw) ? raw : [];
  const [first] = fields;
  if (fields.length === 1 && first !== undefined) {
    if (word === "said" && isBytes(first) && first.length > 0 && first.length <= MAX_SIGNED) {
      return { word, statement: first };
    }
    if (word === "among" && isList(first) && first.length <= MAX_MEMBERS) {
      return { word, members: MEMBER_SET.decode(first) };
    }
    if (word === "mark" && isBytes(first)) return { word, signature: new Signature(first) };
  }
  if (word === "part" && fields.length === 6) return decodePart(fields);
  throw malformed("not a chunk");
}

function decodePart([number, key, kind, at, length, sealed]: readonly Value[]): Part {
  const ofKind = Object.values(Kind).find((one) => one === kind);
  const isPart =
    isUint(number, MAX_NUMBER) &&
    isBytes(key) &&
    ofKind !== undefined &&
    isUint(at, MAX_MS) &&
    isUint(length, MAX_MS) &&
    isBytes(sealed) &&
    sealed.length >= TAG_BYTES &&
    sealed.length <= MAX_PART;
  if (!isPart) throw malformed("not a chunk");
  return { word: "part", number, key: new ConsentKey(key), kind: ofKind, at, length, sealed };
}

/** Tell whether it is a whole number up to this one; `cbor.ts` gives no other below 2**53. */
function isUint(value: Value | undefined, highest: number): value is number {
  return typeof value === "number" && value >= 0 && value <= highest;
}

function endsEarly(): PeerError {
  return new PeerError(Code.TOO_LARGE, "CK-941 recording: it ends in the middle");
}

function malformed(why: string): PeerError {
  return new PeerError(Code.MALFORMED, `CK-940 recording: ${why}`);
}
