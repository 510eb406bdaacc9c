/**
 * The signed receipts of calls that this device holds, for its person (R-14; twin of
 * `sdk/my_call_receipts.py`).
 *
 * Not for: how they come about (`call_receipting.ts`), or how they are kept (`call_receipt_book.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import type { Field } from "../core/call_receipt.ts";
import { makeFile, showSelf } from "../core/call_receipt_file.ts";
import { Code, PeerError } from "../core/errors.ts";
import type { Digest } from "../core/ids.ts";
import type { Books } from "./books.ts";
import { CallReceiptBook, type KeptReceipt } from "./call_receipt_book.ts";

/** Signed receipts of calls. */
export class MyCallReceipts {
  readonly #books: Books;
  readonly book: CallReceiptBook;

  /** @param books The profile's. */
  constructor(books: Books) {
    this.#books = books;
    this.book = new CallReceiptBook(books.store, () => {
      return books.ownList(books.store).find(books.device)?.signatureKey;
    });
  }

  /** Return all of them, the oldest first. */
  all(): readonly KeptReceipt[] {
    return this.book.all();
  }

  /**
   * Return a file of a receipt, to be shown to somebody (`.vvcall`). Whoever has it can pass it on; what
   * it does not show cannot be learnt from it.
   *
   * @param names Which of its fields it shows.
   * @param showsMe It proves that one of its keys was ours: it has our account's identity key.
   * @throws PeerError REFUSED, this device holds no such receipt, or cannot show that it is ours.
   */
  async file(id: Digest, names: readonly Field[], showsMe: boolean): Promise<Bytes> {
    const { own: key, bound, receipt } = this.#need(id);
    if (!showsMe) return await makeFile(receipt, names);
    if (bound === null) throw new PeerError(Code.REFUSED, "nothing shows that this key is ours");
    const { profile, store } = this.#books;
    const mine = { key, ...bound, credential: this.#books.credential(store) };
    const shown = await showSelf(receipt.terms, mine, profile.signaturePrivate);
    return await makeFile(receipt, names, [shown]);
  }

  /**
   * Remove a receipt from this device. The others who signed it have theirs.
   *
   * @throws PeerError REFUSED, this device holds no such receipt.
   */
  async remove(id: Digest): Promise<void> {
    await this.book.forget(this.#need(id).id);
  }

  #need(id: Digest): KeptReceipt {
    const kept = this.book.get(id);
    if (kept === undefined) throw new PeerError(Code.REFUSED, "this device holds no such receipt");
    return kept;
  }
}
