/**
 * What is said about a receipt in the group of a call, of two or of many (R-14; twin of
 * `core/content_receipt.py`).
 *
 * Map {"v": 1, "t": type, ...}. What the terms say, and whose a signature is, `call_receipt.ts`
 * checks.
 */

import { FIELDS, MAX_OPENED, MAX_TERMS } from "./call_receipt.ts";
import { array, blob, type ContentOf, content, fixed } from "./content_fields.ts";
import { Digest, Signature } from "./ids.ts";

/** The sender asks all for a receipt of this call, and signs first. */
export const ReceiptAsk = content(
  "receipt.ask",
  { t: "receipt.ask" },
  {
    terms: blob(MAX_TERMS),
    /** What the terms commit to, opened. */
    fields: array(blob(MAX_OPENED), FIELDS.length, FIELDS.length),
    signature: fixed(Signature),
  },
);
export type ReceiptAsk = ContentOf<typeof ReceiptAsk>;

/** The sender signs, too. */
export const ReceiptSigned = content(
  "receipt.signed",
  { t: "receipt.signed" },
  {
    /** Which terms: `termsDigest` of `call_receipt.ts`. */
    of: fixed(Digest),
    signature: fixed(Signature),
  },
);
export type ReceiptSigned = ContentOf<typeof ReceiptSigned>;

/** The sender does not sign: nobody gets this receipt. The call goes on. */
export const ReceiptRefused = content(
  "receipt.refused",
  { t: "receipt.refused" },
  { of: fixed(Digest) },
);
export type ReceiptRefused = ContentOf<typeof ReceiptRefused>;

export type AboutReceipt = ReceiptAsk | ReceiptSigned | ReceiptRefused;
