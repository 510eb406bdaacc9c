/** The signed receipts that this device holds, as screens see them. Loaded when somebody looks. */

import type { KeptReceipt } from "../client/call_receipt_book.ts";
import type { Client } from "../client/client.ts";
import { hex } from "../core/bytes.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { ReceiptActions, ReceiptRow } from "./model_receipt.ts";

/** Return what screens can ask of them. */
export function liveReceipts(
  client: () => Client,
): Pick<ReceiptActions, "list" | "file" | "remove"> {
  const find = (id: string): KeptReceipt => {
    const found = client()
      .callReceipts.all()
      .find((one) => hex(one.id) === id);
    if (found === undefined) throw new UnavailableError(Code.CONFLICT, "it is kept no longer");
    return found;
  };
  return {
    list: async () => client().callReceipts.all().map(row).toReversed(),
    file: async (id, fields, me) => await client().callReceipts.file(find(id).id, fields, me),
    remove: async (id) => await client().callReceipts.remove(find(id).id),
  };
}

function row({ id, title, names, facts, bound }: KeptReceipt): ReceiptRow {
  return { id: hex(id), with: title, names, ...facts, canShowMe: bound !== null };
}
