/**
 * WebM, as far as recordings need it: Opus and VP8 (RFC 9559; the WebM container guidelines). The twin
 * of `src/visavis/core/webm.py`, held to the same bytes by vectors/core-webm.json.
 *
 * A *part* is some seconds of one track, a file that plays by itself (docs/protocol/recording.md):
 *
 *     part    = EBML header || Segment (SeekHead, Info, Tracks, Cues if video, Cluster ...)
 *     Cluster = Timestamp || SimpleBlock ...; the next one begins with each video key frame, and
 *               before one would be longer than 5 s or larger than 1 MiB
 *
 * The same frames give the same bytes in both languages: no date, nothing random. So `readPart` takes
 * only what `writePart` would have written: it looks for the few fields that matter, writes them anew
 * and compares. Nothing can hide in a part, and no player sees in it what we did not.
 *
 * `joined` puts many tracks into one file as they come, for an export. Not for: decoding, mixing, or
 * how a part is sealed.
 */

import { type Bytes, concat, equal } from "./bytes.ts";
import {
  type Element,
  element,
  elements,
  fixed,
  malformed,
  packed,
  readUnsigned,
  shortest,
  UNKNOWN_SIZE,
  unsigned,
  vint,
} from "./ebml.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { numberAt } from "./file_bytes.ts";
import { keyFrameSize, MAX_SIDE } from "./vp8.ts";
import {
  cues,
  HEAD,
  Id,
  info,
  type Point,
  readInfo,
  readTracks,
  seekHead,
  type Top,
  trackEntry,
} from "./webm_heads.ts";
import {
  type Frame,
  MAX_BYTES,
  MAX_FRAMES,
  MAX_LENGTH,
  type Media,
  type Source,
  type Track,
} from "./webm_types.ts";

/**
 * At most so much in a Cluster (RFC 9559 recommends 5 s and 5 MB), unless one frame is larger. Times
 * in it have 16 bits and a sign, so 32,767 ms is the end. Higher: `joined` holds more in memory, and
 * players read more to seek; lower: more heads.
 */
const MAX_CLUSTER_MS = 5_000;
const MAX_CLUSTER_BYTES = 2 ** 20;

const KEY_FRAME = 0x80;
const BLOCK_HEAD = 4;

/**
 * Return a part.
 *
 * Whoever writes frames that came from others asks `keyFrameSize` of each when it comes.
 *
 * @throws UsageError Readers would refuse it: CK-952 to CK-955, or it is larger than `MAX_BYTES`.
 */
export function writePart(media: Media): Bytes {
  try {
    check(media);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new UsageError(`would write what readers refuse: ${error.detail}`);
  }
  const data = encode(media);
  if (data.length > MAX_BYTES) {
    throw new UsageError("would write what readers refuse: a part that is too large");
  }
  return data;
}

/**
 * Read a part.
 *
 * @throws PeerError MALFORMED (CK-950 to CK-956), it is not what `writePart` writes.
 */
export function readPart(data: Uint8Array): Media {
  // CK-950: one header, one segment and nothing behind, of a size that a part may have.
  if (data.length > MAX_BYTES || !equal(data.subarray(0, HEAD.length), HEAD)) {
    throw refused("CK-950", "it does not begin as one, or is too large");
  }
  const [segment] = elements(data, { start: HEAD.length, end: data.length });
  if (segment?.ident !== Id.SEGMENT || segment.end !== data.length) {
    throw refused("CK-950", "it is not one segment");
  }
  let track: Track | undefined;
  let length: number | undefined;
  const frames: Frame[] = [];
  for (const one of elements(data, segment)) {
    if (one.ident === Id.INFO) length = readInfo(data, one);
    else if (one.ident === Id.TRACKS) track = readTracks(data, one);
    else if (one.ident === Id.CLUSTER) readFrames(data, one, frames);
    else if (one.ident !== Id.SEEK_HEAD && one.ident !== Id.CUES) {
      throw malformed("an element that does not belong there"); // CK-956 compares those two
    }
  }
  if (track === undefined || length === undefined) throw malformed("an element is missing");
  const media: Media = { track, length, frames };
  check(media);
  // CK-956: what stands there besides, or otherwise, another player could take for more.
  if (!equal(encode(media), data)) throw refused("CK-956", "it is not as we would write it");
  return media;
}

/**
 * Yield a file that has all tracks, piece by piece; it holds one Cluster in memory.
 *
 * The size of the Segment is told as unknown, as in a live stream.
 *
 * @param sources Its tracks, at least one.
 * @param length How long the whole is, milliseconds.
 * @throws UsageError There is no track, or the frames of one are not in order of time.
 * @throws PeerError MALFORMED (CK-954), a frame of a video is none.
 */
export async function* joined(sources: readonly Source[], length: number): AsyncGenerator<Bytes> {
  if (sources.length === 0) throw new UsageError("nothing to join");
  const entries = sources.map(({ track, name }, at) => trackEntry(at + 1, track, name));
  const tracks = element(Id.TRACKS, ...entries);
  yield concat(HEAD, shortest(Id.SEGMENT), UNKNOWN_SIZE, info(length), tracks);
  let cluster: Cluster | undefined;
  for await (const block of merged(sources)) {
    if (cluster?.takes(block)) continue;
    if (cluster !== undefined) yield cluster.encode();
    cluster = new Cluster(block);
  }
  if (cluster !== undefined) yield cluster.encode();
}

/** A frame, and of which track it is. */
type Block = Readonly<{
  number: number;
  at: number;
  data: Bytes;
  isKey: boolean;
  /** Players can begin here; of sound they can anywhere. */
  isCue: boolean;
}>;

/** Blocks in order of time; it begins when its first one does. */
class Cluster {
  readonly at: number;
  readonly isCue: boolean;
  readonly #blocks: Block[];
  #size: number;

  constructor(first: Block) {
    this.at = first.at;
    this.isCue = first.isCue;
    this.#blocks = [first];
    this.#size = first.data.length;
  }

  /** Add a block, if it may stand in this one. */
  takes(block: Block): boolean {
    const size = this.#size + block.data.length;
    if (block.isCue || block.at - this.at > MAX_CLUSTER_MS || size > MAX_CLUSTER_BYTES) {
      return false;
    }
    this.#blocks.push(block);
    this.#size = size;
    return true;
  }

  /** Return it with its SimpleBlocks (RFC 9559, 5.1.3 and 10.2). */
  encode(): Bytes {
    const written = this.#blocks.map(({ number, at, data, isKey }) => {
      const flags = Uint8Array.of(isKey ? KEY_FRAME : 0);
      return element(Id.SIMPLE_BLOCK, vint(number), fixed(at - this.at, 2), flags, data);
    });
    return element(Id.CLUSTER, unsigned(Id.TIMESTAMP, this.at), packed(written));
  }
}

function blockOf(number: number, track: Track, { at, data }: Frame): Block {
  const isCue = track.kind === "video" && keyFrameSize(data) !== undefined;
  return { number, at, data, isKey: isCue || track.kind === "audio", isCue };
}

async function* blocksOf(number: number, { track, frames }: Source): AsyncGenerator<Block, void> {
  let last = 0;
  for await (const frame of frames) {
    if (frame.at < last) throw new UsageError("frames of a track come in order of time");
    last = frame.at;
    yield blockOf(number, track, frame);
  }
}

/** Yield the blocks of all in order of time; of one moment those of the first track first. */
async function* merged(sources: readonly Source[]): AsyncGenerator<Block, void> {
  const tracks = sources.map((source, at) => blocksOf(at + 1, source));
  try {
    const heads: (Block | undefined)[] = [];
    for (const track of tracks) heads.push((await track.next()).value ?? undefined);
    for (;;) {
      const [first, ...others] = heads.filter((head) => head !== undefined);
      if (first === undefined) return;
      const next = others.reduce((best, head) => (head.at < best.at ? head : best), first);
      yield next;
      const following = await tracks[next.number - 1]?.next();
      heads[next.number - 1] = following?.value ?? undefined;
    }
  } finally {
    for (const track of tracks) await track.return();
  }
}

/** Return a part, whether readers take it or not. */
function encode({ track, length, frames }: Media): Bytes {
  const clusters: Cluster[] = [];
  for (const frame of frames) {
    const block = blockOf(1, track, frame);
    if (clusters.at(-1)?.takes(block) !== true) clusters.push(new Cluster(block));
  }
  const points: Point[] = [];
  const written: Bytes[] = [];
  let size = 0;
  for (const cluster of clusters) {
    if (cluster.isCue) points.push([cluster.at, size]);
    const data = cluster.encode();
    written.push(data);
    size += data.length;
  }
  const top: Top[] = [
    [Id.INFO, info(length)],
    [Id.TRACKS, element(Id.TRACKS, trackEntry(1, track))],
  ];
  if (points.length > 0) top.push([Id.CUES, cues(points, 0)]);
  const behind = seekHead(top, 0).length;
  const seek = seekHead(top, behind);
  if (points.length > 0) {
    const first = top.reduce((sum, [, data]) => sum + data.length, behind);
    top[2] = [Id.CUES, cues(points, first)];
  }
  const heads = top.map(([, data]) => data);
  return concat(HEAD, element(Id.SEGMENT, seek, ...heads, packed(written)));
}

function readFrames(data: Uint8Array, cluster: Element, frames: Frame[]): void {
  let begin = 0;
  for (const one of elements(data, cluster)) {
    if (one.ident === Id.TIMESTAMP) {
      begin = readUnsigned(data, one);
    } else if (one.ident === Id.SIMPLE_BLOCK) {
      // A byte of number, two of time, one of flags: CK-956 compares number and flags.
      const start = one.start + BLOCK_HEAD;
      if (start >= one.end || frames.length === MAX_FRAMES) {
        throw refused("CK-953", "too many frames, or an empty one");
      }
      const at = begin + numberAt(data, one.start + 1, 2, "big");
      frames.push({ at, data: new Uint8Array(data.subarray(start, one.end)) });
    } else {
      throw malformed("an element that does not belong there");
    }
  }
}

/**
 * Refuse what no part may hold.
 *
 * @throws PeerError MALFORMED (CK-952 to CK-955).
 */
function check({ track, length, frames }: Media): void {
  // CK-952: a track is one that players have a decoder for.
  if (track.kind === "audio") {
    if (track.channels !== 1 && track.channels !== 2) {
      throw refused("CK-952", "neither one channel nor two");
    }
  } else if (!isSide(track.width) || !isSide(track.height)) {
    throw refused("CK-952", "a picture of impossible size");
  }
  // CK-953: times go on, and end with the part: no part plays into another.
  if (frames.length === 0 || frames.length > MAX_FRAMES) {
    throw refused("CK-953", "no frame, or too many");
  }
  let last = 0;
  for (const { at, data } of frames) {
    if (!(at >= last) || !Number.isInteger(at) || data.length === 0) {
      throw refused("CK-953", "a frame that is empty, or out of order");
    }
    last = at;
  }
  if (!(last <= length && length <= MAX_LENGTH) || !Number.isInteger(length)) {
    throw refused("CK-953", "a frame after the end, or too long a part");
  }
  if (track.kind === "audio") return;
  const [first] = frames.map(({ data }) => keyFrameSize(data));
  // CK-955: without a key frame at its beginning nothing of it could be shown by itself.
  if (first?.[0] !== track.width || first[1] !== track.height) {
    throw refused("CK-955", "it does not begin with a key frame of its size");
  }
}

function isSide(side: number): boolean {
  return side > 0 && side <= MAX_SIDE;
}

function refused(id: string, why: string): PeerError {
  return new PeerError(Code.MALFORMED, `${id} part: ${why}`);
}
