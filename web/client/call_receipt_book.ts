/**
 * What this device keeps of the signed receipts of its calls, sealed in the profile's store (R-14; twin
 * of `sdk/call_receipt_book.py`).
 *
 * A receipt stays until the person removes it or the account is closed: the history of calls may be off,
 * and forgets nothing here. With it is kept what our consent key of that call signed of our device
 * (`signBinding`), so that the person can show later that they were one of the signers; the key itself
 * is gone with the call.
 *
 * Not for: what is signed and checked (`core/call_receipt.ts`), or asking for it (`call_receipting.ts`).
 */

import { type Bytes, copy } from "../core/bytes.ts";
import { checkOpened, type Facts, type Receipt, readTerms } from "../core/call_receipt.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Code, FatalError } from "../core/errors.ts";
import { CallId, ConsentKey, Digest, Signature, SignatureKey } from "../core/ids.ts";
import type { UnitStore } from "./unit.ts";

export const CALL_RECEIPT_KIND = "call.receipt";

/** That a consent key of ours is of this device. Never printed. */
export type Bound = Readonly<{ device: SignatureKey; binding: Signature }>;

/** A receipt that all who were there have signed. Never printed. */
export type KeptReceipt = Readonly<{
  /** SHA-256 of its terms. */
  id: Digest;
  call: CallId;
  /** What it says. */
  facts: Facts;
  /** Which of its keys is ours. */
  own: ConsentKey;
  /** What that key signed of our device; null: it can never be shown to be ours. */
  bound: Bound | null;
  /** With whom the call was. */
  title: string;
  /** What the signers were called here, in the order of the terms' members; "": us. */
  names: readonly string[];
  receipt: Receipt;
}>;

/** Keeps signed receipts of calls; `CallReceiptBook` is one. */
export interface ReceiptKeeper {
  /** Return our device's signature key. */
  device(): SignatureKey | undefined;
  /** Keep a receipt that all have signed. */
  keep(kept: KeptReceipt): Promise<void>;
}

/** What is kept of signed receipts. */
export class CallReceiptBook implements ReceiptKeeper {
  readonly #store: UnitStore;
  readonly device: () => SignatureKey | undefined;

  /**
   * @param store The profile's.
   * @param device Returns our device's signature key.
   */
  constructor(store: UnitStore, device: () => SignatureKey | undefined) {
    this.#store = store;
    this.device = device;
  }

  /** Keep a receipt that all have signed. */
  async keep(kept: KeptReceipt): Promise<void> {
    const data = toBytes(kept);
    await this.#store.transaction((unit) => unit.put(CALL_RECEIPT_KIND, kept.id, data));
  }

  /** Return a receipt. */
  get(id: Digest): KeptReceipt | undefined {
    const data = this.#store.get(CALL_RECEIPT_KIND, id);
    return data && fromBytes(id, data);
  }

  /** Return all receipts, the oldest first. */
  all(): readonly KeptReceipt[] {
    const found = this.#store.items(CALL_RECEIPT_KIND).map(([id, data]) => fromBytes(id, data));
    return found.toSorted((one, other) => one.facts.at - other.facts.at);
  }

  /** Forget a receipt. */
  async forget(id: Digest): Promise<void> {
    await this.#store.transaction((unit) => unit.delete(CALL_RECEIPT_KIND, id));
  }
}

function toBytes({ call, own, bound, title, names, receipt }: KeptReceipt): Bytes {
  const { opened, signatures, terms } = receipt;
  const binding = bound === null ? [] : [bound.device, bound.binding];
  return encode([call, own, binding, title, [...names], terms, [...opened], [...signatures]]);
}

function fromBytes(id: Bytes, data: Bytes): KeptReceipt {
  const raw = decode(data);
  const [call, own, binding, title, names, terms, opened, signatures] = isList(raw) ? raw : [];
  const isOne =
    isBytes(call) &&
    isBytes(own) &&
    isList(binding) &&
    binding.every(isBytes) &&
    typeof title === "string" &&
    isList(names) &&
    names.every((name) => typeof name === "string") &&
    isBytes(terms) &&
    isList(opened) &&
    opened.every(isBytes) &&
    isList(signatures) &&
    signatures.every(isBytes);
  if (!isOne) throw new FatalError(Code.MALFORMED, "a receipt of a call cannot be read");
  const [device, bound] = binding;
  return {
    id: new Digest(copy(id)),
    call: new CallId(call),
    facts: checkOpened(readTerms(terms), opened),
    own: new ConsentKey(own),
    bound:
      device === undefined || bound === undefined
        ? null
        : { device: new SignatureKey(device), binding: new Signature(bound) },
    ...{ title, names },
    receipt: { terms, opened, signatures: signatures.map((one) => new Signature(one)) },
  };
}
