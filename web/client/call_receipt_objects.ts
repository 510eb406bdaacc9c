/**
 * Signed receipts of a call, as a page sees them in it: `receipts` of a `CallRecording`.
 *
 * It shows what is asked, and passes on what the person wants. Not for: what may be signed
 * (`call_receipting.ts`), or what is kept (`my_call_receipts.ts`).
 */

import { has, sorted } from "../core/byte_sets.ts";
import { type Bytes, equal, hex } from "../core/bytes.ts";
import type { Field, Media } from "../core/call_receipt.ts";
import { makeFile } from "../core/call_receipt_file.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { ConsentKey, Digest } from "../core/ids.ts";
import type { KeptReceipt } from "./call_receipt_book.ts";
import type { CallReceipting, Ending, MayNotAsk } from "./call_receipting.ts";

/** A receipt that is asked for. Names are texts of a stranger. */
export type AskedReceipt = Readonly<{
  id: string;
  /** Who asks. */
  by: string;
  /** It is we. */
  own: boolean;
  /** Unix seconds, by the asker's clock. */
  at: number;
  since: number;
  media: Media;
  /** We have signed, for good. */
  haveSigned: boolean;
  /** Who else has signed, and who else must. */
  signed: readonly string[];
  missing: readonly string[];
}>;

/** A receipt that is asked for no longer. */
export type EndedReceipt = Readonly<{
  id: string;
  own: boolean;
  askedBy: string;
  why: Ending;
  /** By whose word, if it was another member's. */
  by: string | null;
}>;

/** The same object until something changes. */
export type ReceiptsNow = Readonly<{
  asked: AskedReceipt | null;
  ended: readonly EndedReceipt[];
  mayNotAsk: MayNotAsk | null;
}>;

/** Receipts in one call, however often this device comes into it anew. */
export class CallReceipts {
  readonly #name: (key: ConsentKey) => string;
  #receipting: CallReceipting | undefined;
  /** Of entries before. */
  #before: readonly EndedReceipt[] = [];
  /** What was signed by all, as long as this object is: a guest has it here alone. */
  #held: readonly KeptReceipt[] = [];
  #view: ReceiptsNow | undefined;

  /** @param name Returns what somebody in it is called. */
  constructor(name: (key: ConsentKey) => string) {
    this.#name = name;
  }

  /** What is asked now; null: nothing. */
  get asked(): AskedReceipt | null {
    return this.now.asked;
  }

  /** What is asked no longer, in the order in which it ended. */
  get ended(): readonly EndedReceipt[] {
    return this.now.ended;
  }

  /** Why we cannot ask now; null: we can. */
  get mayNotAsk(): MayNotAsk | null {
    return this.now.mayNotAsk;
  }

  /**
   * Ask everybody in the call to sign a receipt of it, and sign it; returns its id. It is for good:
   * whoever holds it may show it to anybody.
   *
   * @throws UnavailableError CONFLICT, we may not ask now. Nothing was said.
   */
  async ask(): Promise<string> {
    return hex(await this.#need().ask());
  }

  /** Sign what is asked, for good. @throws UnavailableError CONFLICT, it is asked no longer. */
  async sign(id: string): Promise<void> {
    await this.#need().sign(this.#idOf(id));
  }

  /** Do not sign it. @throws UnavailableError CONFLICT, it is asked no longer. */
  async refuse(id: string): Promise<void> {
    await this.#need().refuse(this.#idOf(id));
  }

  /**
   * Return a file of one that all have signed in this call (`.vvcall`).
   *
   * @param names What of it is shown.
   * @throws UnavailableError CONFLICT, there is none.
   */
  async file(id: string, names: readonly Field[]): Promise<Bytes> {
    const found = this.#complete.find((one) => hex(one.id) === id);
    if (found === undefined) throw new UnavailableError(Code.CONFLICT, "no such receipt is held");
    return await makeFile(found.receipt, names);
  }

  // For the service

  /** Follow one entry into the call. */
  bind(receipting: CallReceipting): void {
    this.unbind();
    this.#receipting = receipting;
    this.changed();
  }

  /** We are out of it, for now or for good: what was signed stays. */
  unbind(): void {
    if (this.#receipting === undefined) return;
    this.#before = this.ended;
    this.#held = this.#complete;
    this.#receipting = undefined;
    this.changed();
  }

  /** Something may have changed. */
  changed(): void {
    this.#view = undefined;
  }

  get #complete(): readonly KeptReceipt[] {
    const now = this.#receipting?.over.flatMap(({ receipt }) => receipt ?? []) ?? [];
    return [...this.#held, ...now];
  }

  /** All of it at once; the same object until something changes. */
  get now(): ReceiptsNow {
    this.#view ??= {
      asked: this.#receipting === undefined ? null : this.#asked(this.#receipting),
      ended: [...this.#before, ...this.#ended(this.#receipting)],
      mayNotAsk: this.#receipting === undefined ? "unable" : this.#receipting.mayNotAsk,
    };
    return this.#view;
  }

  #asked({ going, own }: CallReceipting): AskedReceipt | null {
    if (going === undefined) return null;
    const { at, media, since } = going.facts;
    const others = sorted(going.terms.members).filter((key) => !equal(key, own));
    const named = (isSigned: boolean) =>
      others.filter((key) => has(going.signatures, key) === isSigned).map((key) => this.#name(key));
    return {
      ...{ id: hex(going.id), by: this.#name(going.by), own: equal(going.by, own) },
      ...{ at, media, since, haveSigned: has(going.signatures, own) },
      ...{ signed: named(true), missing: named(false) },
    };
  }

  #ended(receipting: CallReceipting | undefined): readonly EndedReceipt[] {
    if (receipting === undefined) return [];
    return receipting.over.map(({ id, askedBy, why, by }) => ({
      ...{ id: hex(id), own: equal(askedBy, receipting.own), askedBy: this.#name(askedBy), why },
      by: by === undefined ? null : this.#name(by),
    }));
  }

  #idOf(id: string): Digest {
    const going = this.#need().going;
    if (going === undefined || hex(going.id) !== id) {
      throw new UnavailableError(Code.CONFLICT, "this is not asked");
    }
    return going.id;
  }

  #need(): CallReceipting {
    if (this.#receipting === undefined)
      throw new UnavailableError(Code.CONFLICT, "we are in no call");
    return this.#receipting;
  }
}
