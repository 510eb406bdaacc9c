/**
 * Real-time text: what two people write while they talk, seen as it is written (ITU-T T.140; twin of
 * `src/visavis/core/realtime_text.py`).
 *
 * What it is: the text plane (characters, BACKSPACE, LINE SEPARATOR), and the blocks that carry it
 * over a channel that may lose, double and swap them. Pure: no clock, no socket, no key. What it is
 * not for: sealing a block (`frame_keys.ts`, kind "text"), or its rhythm (`BLOCK_EVERY_S`, kept by the
 * worker).
 *
 *     block = version (1) | flags (1) | number (4) | start (4) | heard (4) | length (1) | text | zeros
 *
 * A block is 128 bytes, whatever was written. `text` is UTF-8 and goes from what the other side has
 * heard on, so whatever was lost is in the next block (the redundancy of RFC 4103, 4, without its
 * limit), and a new transport needs nothing said twice. `start` and `heard` count bytes of text since
 * the call began, `number` counts blocks.
 *
 * Blocks flow from the moment when one of the two opens the text until both have closed it:
 *
 *     silent -> open() or a block arrives -> speaking -> both closed, some blocks more -> silent
 */

import { type Bytes, concat, utf8 } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";

/**
 * Seconds between two blocks. T.140 asks for 0.5 at most, EN 301 549 6.2.4 for 0.5 up to the network.
 * Higher: fewer packets; lower: less waiting, and one lost block heals within half a second.
 */
export const BLOCK_EVERY_S = 0.25;

/** Bytes of every block, written in or not, so that amounts do not show. */
export const BLOCK_LENGTH = 128;

const VERSION = 1;
const HEAD = 15;

/** Bytes of text in a block: 113, far more than anybody types in a quarter of a second. */
export const ROOM = BLOCK_LENGTH - HEAD;

/** Blocks sent after both have closed, so that the other side hears of it over a lossy path. */
export const LINGER = 8;

/** Characters (code points) of a line; the next one begins another line, at both ends alike. */
export const MAX_LINE = 1_000;

/** Finished lines that are kept, of both people together; older ones go. */
export const MAX_LINES = 1_000;

/** Bytes of text that may wait to be heard by the other side. */
export const MAX_WAITING = 16_384;

const MAX_COUNT = 2 ** 32 - 1;

export const BACKSPACE = "\b";
/** T.140's new line, and the only one in a block. */
export const LINE_SEPARATOR = "\u2028";

const OPEN = 1;
const SEES_OPEN = 2;

export type Who = "own" | "theirs";

/**
 * Return whether a character is shown. Others are dropped by the sender and by the receiver.
 *
 * Dropped are controls (BEL too: nobody's device is made to ring), what reorders the lines of
 * somebody else (bidirectional embeddings, overrides and isolates), annotations and noncharacters.
 *
 * @param character One code point.
 */
export function isText(character: string): boolean {
  const point = character.codePointAt(0) ?? 0;
  return !(
    point < 0x20 ||
    (point >= 0x7f && point <= 0x9f) ||
    (point >= 0x2028 && point <= 0x202e) ||
    (point >= 0x2066 && point <= 0x2069) ||
    (point >= 0xd800 && point <= 0xdfff) ||
    (point >= 0xfdd0 && point <= 0xfdef) ||
    point === 0xfeff ||
    (point >= 0xfff9 && point <= 0xfffb) ||
    (point & 0xfffe) === 0xfffe
  );
}

/** A line that its writer has finished. */
export type Line = Readonly<{
  /** 0, 1, 2 ... over both people, in the order in which they were finished here. */
  number: number;
  who: Who;
  /** Without its line separator; never empty. */
  text: string;
}>;

/** What a block changed. */
export type Heard = Readonly<{
  /** Lines that the other person finished with it. */
  lines: readonly Line[];
  /** Whether they have the text open since this block, and had not before. */
  opened: boolean;
}>;

/** The text of one call, at one of its two ends. Kept in memory until the call ends. */
export class RealtimeText {
  #isOpen = false;
  #isOpenThere = false;
  #lines: readonly Line[] = [];
  #finished = 0;
  readonly #current: Record<Who, readonly string[]> = { own: [], theirs: [] };
  /** From `#heardThere` on. */
  #waiting: Bytes = new Uint8Array(0);
  #heardThere = 0;
  /** The end of what was in a block at least once. */
  #sent = 0;
  #heard = 0;
  #number = 0;
  #numberThere = 0;
  #linger = 0;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isOpenThere(): boolean {
    return this.#isOpenThere;
  }

  /** The finished lines of both, oldest first. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  /** Our unfinished line. */
  get own(): string {
    return this.#current.own.join("");
  }

  /** The other person's unfinished line. */
  get theirs(): string {
    return this.#current.theirs.join("");
  }

  /** Bytes of our text that the other side has not confirmed. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether blocks are to be sent now. */
  get speaks(): boolean {
    return this.#isOpen || this.#isOpenThere || this.#linger > 0;
  }

  /** Send from now on, written or not. Harmless when repeated. */
  open(): void {
    this.#isOpen = true;
  }

  /** Stop once the other side has closed it too; the lines stay. Harmless when repeated. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#linger = LINGER;
  }

  /**
   * Write at the end of our line; `\n`, `\r\n` and U+2028 finish it.
   *
   * @param text Any length; what is not text (`isText`) is left out.
   * @throws UsageError CK-694: too much waits already. Nothing was written.
   */
  type(text: string): void {
    const lines = text.replaceAll(/\r\n|\r|\n/g, LINE_SEPARATOR).replaceAll("\t", " ");
    const wanted = [...lines].filter((c) => c === LINE_SEPARATOR || isText(c));
    this.#makeRoom(wanted.reduce((sum, c) => sum + utf8(c).length, 0));
    const added: Bytes[] = [];
    for (const character of wanted) {
      // An empty line is none.
      if (character === LINE_SEPARATOR && this.#current.own.length === 0) continue;
      added.push(utf8(character));
      this.#apply("own", character);
    }
    this.#waiting = concat(this.#waiting, ...added);
  }

  /**
   * Take back the last characters of our line; a line that is finished stays.
   *
   * @throws UsageError CK-694, as `type`.
   */
  erase(count = 1): void {
    const erased = Math.min(count, this.#current.own.length);
    this.#makeRoom(erased);
    for (let i = 0; i < erased; i++) {
      const { own } = this.#current;
      const last = utf8(own.at(-1) ?? "");
      const before = this.#waiting.length - last.length;
      const unsent = this.#heardThere + before >= this.#sent;
      // What was taken back before it was in a block never leaves. A line's first character is left
      // in: it may be what began the line (MAX_LINE).
      if (own.length > 1 && unsent && endsWith(this.#waiting, last)) {
        this.#waiting = this.#waiting.slice(0, before);
      } else {
        this.#waiting = concat(this.#waiting, utf8(BACKSPACE));
      }
      this.#apply("own", BACKSPACE);
    }
  }

  /**
   * Make our line this one: what a text field holds after any edit, in the middle too.
   *
   * @param line The whole line; a new line in it finishes it, as in `type`.
   * @throws UsageError CK-694, as `type`. It may be half done.
   */
  rewrite(line: string): void {
    const wanted = [...line];
    const { own } = this.#current;
    let same = 0;
    while (same < own.length && own[same] === wanted[same]) same++;
    this.erase(own.length - same);
    this.type(wanted.slice(same).join(""));
  }

  /**
   * Return the next block to seal and send; undefined while nothing is to be sent.
   *
   * Called every `BLOCK_EVERY_S`; what it returns may be lost.
   */
  nextBlock(): Bytes | undefined {
    if (!this.speaks) return undefined;
    if (!this.#isOpen && !this.#isOpenThere) this.#linger--;
    if (this.#number === MAX_COUNT) return undefined;
    this.#number++;
    let end = Math.min(this.#waiting.length, ROOM);
    // A character is never cut.
    while (end < this.#waiting.length && ((this.#waiting[end] ?? 0) & 0xc0) === 0x80) end--;
    this.#sent = Math.max(this.#sent, this.#heardThere + end);
    const block = new Uint8Array(BLOCK_LENGTH);
    const view = new DataView(block.buffer);
    view.setUint8(0, VERSION);
    view.setUint8(1, (this.#isOpen ? OPEN : 0) | (this.#isOpenThere ? SEES_OPEN : 0));
    view.setUint32(2, this.#number);
    view.setUint32(6, this.#heardThere);
    view.setUint32(10, this.#heard);
    view.setUint8(14, end);
    block.set(this.#waiting.subarray(0, end), HEAD);
    return block;
  }

  /**
   * Take a block that was opened; also an old one, or one that came before.
   *
   * @param block As `nextBlock` of the other end made it.
   * @throws PeerError `MALFORMED`; nothing was changed. CK-690: another length, version, flag or
   *   padding. CK-691: text that is not UTF-8. CK-692: text beyond a gap, or word of text that we
   *   never sent.
   */
  receive(block: Bytes): Heard {
    const [version, flags = 0] = block;
    if (block.length !== BLOCK_LENGTH || version !== VERSION || flags > (OPEN | SEES_OPEN)) {
      throw malformed("CK-690: a text block of another shape");
    }
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const [number, start, heard] = [view.getUint32(2), view.getUint32(6), view.getUint32(10)];
    const end = HEAD + view.getUint8(14);
    if (end > BLOCK_LENGTH || block.subarray(end).some((octet) => octet !== 0)) {
      throw malformed("CK-690: a text block of another shape");
    }
    // No gap can be honest: a sender goes on from what we said that we heard.
    if (start > this.#heard || heard > this.#sent) {
      throw malformed("CK-692: a text block beyond what was said");
    }
    decode(block.subarray(HEAD, end));
    const from = Math.min(HEAD + this.#heard - start, end);
    const fresh = decode(block.subarray(from, end));
    if (this.#heard + end - from > MAX_COUNT) {
      throw malformed("CK-692: a text block beyond what was said");
    }
    if (heard > this.#heardThere) {
      this.#waiting = this.#waiting.slice(heard - this.#heardThere);
      this.#heardThere = heard;
    }
    let opened = false;
    if (number > this.#numberThere) {
      this.#numberThere = number;
      const wasOpen = this.#isOpenThere;
      this.#isOpenThere = (flags & OPEN) !== 0;
      opened = this.#isOpenThere && !wasOpen;
      if (wasOpen && !this.#isOpenThere && !this.#isOpen) this.#linger = LINGER;
    }
    // They wait for an answer: fresh text to be confirmed, or that we closed to be heard of.
    if (end > from || ((flags & SEES_OPEN) !== 0 && !this.#isOpen)) {
      this.#linger = Math.max(this.#linger, 1);
    }
    this.#heard += end - from;
    const before = this.#finished;
    for (const character of fresh) this.#apply("theirs", character);
    const finished = this.#finished - before;
    return { lines: finished === 0 ? [] : this.#lines.slice(-finished), opened };
  }

  /** Drop all text: the end of the call. */
  forget(): void {
    this.#isOpen = this.#isOpenThere = false;
    this.#lines = [];
    this.#current.own = this.#current.theirs = [];
    this.#waiting.fill(0);
    this.#waiting = new Uint8Array(0);
    this.#heardThere = this.#sent = this.#heard = this.#number = this.#numberThere = 0;
    this.#finished = this.#linger = 0;
  }

  #makeRoom(size: number): void {
    if (this.#waiting.length + size > MAX_WAITING) {
      throw new UsageError("CK-694: too much text waits");
    }
  }

  /** Do what a character does to a line, at both ends alike. */
  #apply(who: Who, character: string): void {
    if (character === BACKSPACE) {
      this.#current[who] = this.#current[who].slice(0, -1);
    } else if (character === LINE_SEPARATOR) {
      this.#finish(who);
    } else if (isText(character)) {
      // CK-693: whatever a stranger sends, no control is shown.
      if (this.#current[who].length >= MAX_LINE) this.#finish(who);
      this.#current[who] = [...this.#current[who], character];
    }
  }

  #finish(who: Who): void {
    const text = this.#current[who].join("");
    if (text === "") return;
    this.#lines = [...this.#lines, { number: this.#finished, who, text }].slice(-MAX_LINES);
    this.#finished++;
    this.#current[who] = [];
  }
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  const from = bytes.length - end.length;
  return from >= 0 && end.every((octet, i) => bytes[from + i] === octet);
}

/** UTF-8, strict; U+FEFF is a character like any other, as in Python. */
function decode(bytes: Bytes): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("CK-691: text that is not UTF-8");
  }
}

function malformed(detail: string): PeerError {
  return new PeerError(Code.MALFORMED, detail);
}
