/**
 * The real-time text of one call as a page sees it: `Call.text` (twin: `src/visavis/sdk/call_text.py`).
 *
 * What it is: `core/realtime_text.ts` with somebody to tell. What it is not for: the beat and the
 * sealing (`media/text_link.ts`). Everything is in memory and gone with the call's keys.
 */

import type { Bytes } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { type Heard, type Line, RealtimeText } from "../core/realtime_text.ts";

/** The text at one moment: the same object until it changes. */
export type TextView = Readonly<{
  /** Whether we have it open. */
  isOpen: boolean;
  /** Whether the other person has it open. */
  isOpenThere: boolean;
  /** The finished lines of both, oldest first; the last 1,000. */
  lines: readonly Line[];
  /** Our unfinished line. */
  own: string;
  /** The other person's unfinished line, as it is being written. */
  theirs: string;
}>;

const EMPTY: TextView = { isOpen: false, isOpenThere: false, lines: [], own: "", theirs: "" };

/**
 * What the two people of a call write while they talk.
 *
 * Nothing of it leaves before one of the two opens it; from then on a block of one size leaves every
 * quarter of a second, written in or not, until both have closed it.
 */
export class CallText {
  #text = new RealtimeText();
  readonly #onChange: () => void;
  #isOver = false;
  #view = EMPTY;

  /** @param onChange Told whenever `view` is another. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get view(): TextView {
    return this.#view;
  }

  /** Bytes of ours that the other side has not confirmed. */
  get waiting(): number {
    return this.#text.waiting;
  }

  /** Open it here; the other side is shown it too. Harmless when repeated. */
  open(): void {
    this.#need();
    this.#text.open();
    this.#tell();
  }

  /** Close it here; what was written stays until the call ends. Harmless when repeated. */
  close(): void {
    this.#text.close();
    this.#tell();
  }

  /**
   * Write at the end of our line, and open the text if it is not; `\n` finishes the line.
   *
   * @param text As much as at a keyboard; 16 KiB may wait for the other side at most.
   * @throws UsageError CK-694: too much waits. CK-698: the call is over. Nothing was written.
   */
  type(text: string): void {
    this.#need();
    this.#text.type(text);
    this.#text.open();
    this.#tell();
  }

  /** Take back the last characters of our unfinished line. Throws as `type`. */
  erase(count = 1): void {
    this.#need();
    this.#text.erase(count);
    this.#tell();
  }

  /** Make our unfinished line this one, after any edit. Throws as `type`. */
  rewrite(line: string): void {
    this.#need();
    this.#text.rewrite(line);
    this.#text.open();
    this.#tell();
  }

  // For the shell.

  /** Return the block to send now. */
  nextBlock(): Bytes | undefined {
    return this.#text.nextBlock();
  }

  /** @throws PeerError `MALFORMED`: CK-690 to CK-692. */
  receive(block: Bytes): Heard {
    const heard = this.#text.receive(block);
    this.#tell();
    return heard;
  }

  /** Begin anew, as open as it was: the other side lost its part to a reload, and counts from nothing. */
  startOver(): void {
    const { isOpen } = this.#text;
    this.#text.forget();
    this.#text = new RealtimeText();
    if (isOpen) this.#text.open();
    this.#tell();
  }

  /** Drop everything, with the keys of the call. Harmless when repeated. */
  forget(): void {
    this.#isOver = true;
    this.#text.forget();
    this.#tell();
  }

  #need(): void {
    if (this.#isOver) throw new UsageError("CK-698: the call is over");
  }

  #tell(): void {
    const { isOpen, isOpenThere, lines, own, theirs } = this.#text;
    const view = { isOpen, isOpenThere, lines, own, theirs };
    const before = this.#view;
    const keys = Object.keys(view) as readonly (keyof TextView)[];
    if (keys.every((key) => view[key] === before[key])) return;
    this.#view = view;
    this.#onChange();
  }
}
