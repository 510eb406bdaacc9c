/**
 * What screens can ask about one's own data, at the server and here: part of the border (`model.ts`).
 * The rows are those of the core: literal, and as many as there are.
 */

import type {
  DataChoices,
  DataRow,
  DataTable,
  Deletable,
  LocalData,
  ServerData,
} from "../core/account_data.ts";
import type { Bytes } from "../core/bytes.ts";
import type { Proof } from "./model_actions.ts";

/** The server's receipt for a deletion, as far as there is one that holds. */
export type GivenReceipt =
  | Readonly<{
      kind: "good";
      /** Until when backups of before may open, in seconds; undefined: not from now on. */
      until: number | undefined;
      /** To keep; `visavis data receipt` checks it. */
      file: Readonly<{ name: string; text: string }>;
    }>
  | Readonly<{ kind: "none" }>
  | Readonly<{ kind: "bad" }>;

export type Removed = Readonly<{
  rows: number;
  /** Undefined: there never is one for this kind. */
  receipt: GivenReceipt | undefined;
}>;

export interface DataActions {
  /** All that the server has of us; in so many days, what would be left if nothing else happened. */
  look(inDays: number): Promise<ServerData>;
  /** The bytes of a value that came as length and hash. */
  value(table: DataTable, row: DataRow, column: string): Promise<Bytes>;
  /** How much this device keeps. */
  local(): Promise<LocalData>;
  /** Fewer days than the operator's; undefined: theirs. */
  setAccountDays(days: number | undefined): Promise<DataChoices>;
  setEnvelopeDays(days: number | undefined): Promise<DataChoices>;
  setRestricted(restricted: boolean): Promise<DataChoices>;
  /** Delete one kind of data at the server. */
  remove(what: Deletable): Promise<Removed>;
  /** Take another handle; returns it. A password that there is must be given. */
  rename(name: string, proof: Proof): Promise<string>;
  /** Have the account deleted at the server, then erase everything here; the phase is "closed" then. */
  close(proof: Proof): Promise<void>;
}
