/**
 * How much this device itself keeps: its profile, by kind (R-13; twin of `sdk/local_data.py`).
 *
 * Kinds that are in no list here are counted as "other", never left out.
 *
 * Not for: what the server keeps (`server_data.ts`).
 */

import { type Footprint, type LocalData, NO_FOOTPRINT, sum } from "../core/account_data.ts";
import { MESSAGE_KIND, SEEN_KIND } from "./history.ts";
import type { Store } from "./store.ts";

export const MESSAGES = "messages";
export const RECORDINGS = "recordings";
export const OTHER = "other";

/** Kinds of items, by what a person calls them. Messages have a kind for each contact. */
export const KINDS: Readonly<Record<string, string>> = {
  device:
    "profile keystore housekeeping vault vault.slot vault.item vault.removed vault.stale revoking sibling untold use handle handle.untold",
  calls: "calls.page calls calls.urgent calls.seen calls.asked calls.untold vault.page call.left",
  [RECORDINGS]: "recording consent.record consent.laid consent.untold",
  callReceipts: "call.receipt",
  contacts:
    "contact awaited list list.previous joining link request asked accepted made handle.seed never.told never.due",
  keys: "group group.state group.pending announced bundle inner.pending",
  groups:
    "group.member group.list group.left group.terms group.picture group.picture.due group.heard group.ending group.joiner group.past group.given group.asked group.joining group.unfit group.call call.link",
  addresses: "pool pool.fresh address revoke rotate group.rotate group.retire",
  notices: "notice",
  outbox: "outbox",
};

const KIND_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(KINDS).flatMap(([name, kinds]) => kinds.split(" ").map((kind) => [kind, name])),
);

/** Measure an open profile; bytes before they are sealed, but of the files of recordings as they lie. */
export async function localData(store: Pick<Store, "sizes" | "rowsSize">): Promise<LocalData> {
  const kinds = new Map<string, Footprint>();
  const count = (name: string, size: Footprint) => {
    if (size.rows > 0) kinds.set(name, sum([kinds.get(name) ?? NO_FOOTPRINT, size]));
  };
  for (const [kind, size] of store.sizes()) count(nameOf(kind), size);
  count(RECORDINGS, await store.rowsSize());
  return { kinds, total: sum(kinds.values()) };
}

function nameOf(kind: string): string {
  if (kind.startsWith(MESSAGE_KIND) || kind.startsWith(SEEN_KIND)) return MESSAGES;
  return KIND_OF.get(kind) ?? OTHER;
}
