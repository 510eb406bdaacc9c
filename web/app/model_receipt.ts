/** Signed receipts of calls, as screens read them, and what they can ask of them: a part of the border (`model.ts`). */

import type { Bytes } from "../core/bytes.ts";
import type { Field, Media } from "../core/call_receipt.ts";

export type { Field };

/** What of a receipt can be shown, each by itself. */
export const RECEIPT_FIELDS: readonly Field[] = ["at", "since", "media"];

/** A receipt that is asked for. Names are texts of a stranger; times are unix seconds. */
export type AskedReceipt = Readonly<{
  id: string;
  by: string;
  /** One asks oneself. */
  own: boolean;
  at: number;
  since: number;
  media: Media;
  haveSigned: boolean;
  signed: readonly string[];
  missing: readonly string[];
}>;

export type ReceiptEnd = "complete" | "refused" | "changed" | "late" | "crossed" | "call_over";

export type EndedReceipt = Readonly<{
  id: string;
  own: boolean;
  askedBy: string;
  why: ReceiptEnd;
  by: string | null;
}>;

/** Receipts in the call that goes on. */
export type ReceiptsView = Readonly<{
  asked: AskedReceipt | null;
  ended: readonly EndedReceipt[];
  /** Why one cannot ask; null: one can. */
  mayNotAsk: null | "alone" | "asked" | "too_often" | "confidential" | "unable";
}>;

/** A receipt that one holds. Names are texts of strangers; "": oneself. */
export type ReceiptRow = Readonly<{
  id: string;
  with: string;
  names: readonly string[];
  at: number;
  since: number;
  media: Media;
  /** One can prove that one of its keys was one's own. */
  canShowMe: boolean;
}>;

export interface ReceiptActions {
  /** Ask everybody in the call, and sign. */
  ask(): Promise<void>;
  /** Sign, for good. */
  sign(id: string): Promise<void>;
  refuse(id: string): Promise<void>;
  /** Of one that was signed in the call that goes on: a guest has it nowhere else. */
  fileNow(id: string, fields: readonly Field[]): Promise<Bytes>;
  list(): Promise<readonly ReceiptRow[]>;
  file(id: string, fields: readonly Field[], showsMe: boolean): Promise<Bytes>;
  remove(id: string): Promise<void>;
}
