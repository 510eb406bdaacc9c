/**
 * What a server says it has of our account, typed, and what can be counted of it.
 *
 * The server answers with the literal rows of its database; nothing here adds to them or leaves any
 * out. A server that lies about what it keeps cannot be caught by asking it: what holds it to its word
 * is that its source is open, and that its own test compares this answer with the database file.
 *
 * Pure. Not for: asking (`web/client/server_data.ts`), or words for people.
 */

import * as base64url from "./base64url.ts";
import type { Bytes } from "./bytes.ts";

/** Kinds of data, as a person thinks of them. Every table of the server belongs to one. */
export const DataClass = {
  ACCOUNT: "account",
  DEVICES: "devices",
  ENVELOPES: "envelopes",
  KEY_PACKAGES: "key-packages",
  HANDLE: "handle",
  PUSH: "push",
  VAULT: "vault",
  OTHER: "other",
} as const;
export type DataClass = (typeof DataClass)[keyof typeof DataClass];

/** In the order in which people read them. */
export const DATA_CLASSES: readonly DataClass[] = Object.values(DataClass);

/** What can be deleted by itself. */
export type Deletable = Extract<
  DataClass,
  "envelopes" | "key-packages" | "handle" | "push" | "vault"
>;

const CLASS_OF: ReadonlyMap<string, DataClass> = new Map([
  ["accounts", DataClass.ACCOUNT],
  ["keystores", DataClass.ACCOUNT],
  ["passkeys", DataClass.ACCOUNT],
  ["account_settings", DataClass.ACCOUNT],
  ["devices", DataClass.DEVICES],
  ["farewells", DataClass.DEVICES],
  ["mailboxes", DataClass.DEVICES],
  ["capabilities", DataClass.DEVICES],
  ["envelopes", DataClass.ENVELOPES],
  ["key_packages", DataClass.KEY_PACKAGES],
  ["request_addresses", DataClass.HANDLE],
  ["push_subscriptions", DataClass.PUSH],
  ["vault_manifests", DataClass.VAULT],
  ["vault_slots", DataClass.VAULT],
]);

/** A value that was not given at once: its length in bytes and SHA-256. */
export type LongValue = Readonly<{ size: number; sha256: Bytes }>;

export type Value = Bytes | number | LongValue;

/** A row as the server stores it, and the ISO day on which it is deleted. */
export type DataRow = Readonly<{ values: ReadonlyMap<string, Value>; deletedOn: string }>;

/** What the server's inventory says of something. */
export type Listed = Readonly<{
  name: string;
  purpose: string;
  legalBasis: string;
  retentionDays: number;
  atRest: string;
  visibleTo: readonly string[];
}>;

/** A column; `retentionAfter` names the day from which its days count. */
export type DataColumn = Listed & Readonly<{ retentionAfter: string }>;

/** A table's rows of our account, in no order; `key` names the columns of its primary key. */
export type DataTable = Readonly<{
  name: string;
  key: readonly string[];
  columns: readonly DataColumn[];
  totalRows: number;
  totalBytes: number;
  rows: readonly DataRow[];
}>;

/**
 * An entry of the inventory that hangs on no account.
 *
 * `kind`: "column" or "file" (kept, and the server cannot tell whose it is), "memory", "log",
 * "header".
 */
export type Elsewhere = Listed & Readonly<{ kind: string }>;

/** What we chose (undefined: as the operator has it), and the operator's days, which are the most. */
export type DataChoices = Readonly<{
  accountDays: number | undefined;
  envelopeDays: number | undefined;
  restricted: boolean;
  mostAccountDays: number;
  mostEnvelopeDays: number;
}>;

/** The fewest days that can be chosen (CK-711). */
export const LEAST_ACCOUNT_DAYS = 7;
export const LEAST_ENVELOPE_DAYS = 1;

/** How much there is: rows and bytes. */
export type Footprint = Readonly<{ rows: number; bytes: number }>;

export const NO_FOOTPRINT: Footprint = { rows: 0, bytes: 0 };

/** All that the server has of our account on a day. */
export type ServerData = Readonly<{
  /** ISO day: today, or the day of the preview. */
  day: string;
  /** 0, or how far ahead the preview is. */
  inDays: number;
  choices: DataChoices;
  tables: readonly DataTable[];
  elsewhere: readonly Elsewhere[];
}>;

/** How much this device itself keeps, by kind; bytes before they are sealed. */
export type LocalData = Readonly<{ kinds: ReadonlyMap<string, Footprint>; total: Footprint }>;

/** Return which kind of data a table is. */
export function classOf(table: Pick<DataTable, "name">): DataClass {
  return CLASS_OF.get(table.name) ?? DataClass.OTHER;
}

/** Return the tables of a kind that have rows. */
export function tablesOf(data: ServerData, kind: DataClass): readonly DataTable[] {
  return data.tables.filter((table) => classOf(table) === kind && table.totalRows > 0);
}

export function sum(footprints: Iterable<Footprint>): Footprint {
  let [rows, bytes] = [0, 0];
  for (const one of footprints) [rows, bytes] = [rows + one.rows, bytes + one.bytes];
  return { rows, bytes };
}

/** Return rows and bytes by kind of data, without kinds that have none. */
export function footprintOf(data: ServerData): ReadonlyMap<DataClass, Footprint> {
  const found = new Map<DataClass, Footprint>();
  for (const table of data.tables) {
    if (table.totalRows === 0) continue;
    const kind = classOf(table);
    const size = { rows: table.totalRows, bytes: table.totalBytes };
    found.set(kind, sum([found.get(kind) ?? NO_FOOTPRINT, size]));
  }
  return found;
}

/** Return what is done on the ground of a legitimate interest: one may object to it (GDPR 21). */
export function objectable(data: ServerData): readonly Elsewhere[] {
  return data.elsewhere.filter(({ legalBasis }) => legalBasis === "legitimate_interest");
}

export function isLong(value: Value): value is LongValue {
  return typeof value === "object" && "sha256" in value;
}

/** Return the days from one ISO day to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/** Return the ISO day that is so many days after 1970-01-01, as the server stores days. */
export function dayOf(stored: number): string {
  return new Date(stored * 86_400_000).toISOString().slice(0, 10);
}

/** Return today, by the server: the day of a preview is ahead of it. */
export function todayOf({ day, inDays }: Pick<ServerData, "day" | "inDays">): string {
  return dayOf(Date.parse(`${day}T00:00:00Z`) / 86_400_000 - inDays);
}

/** Return everything, bytes as base64url, as the server answers and `visavis data --json` prints. */
export function dataJson(data: ServerData): Record<string, unknown> {
  const { choices } = data;
  return {
    day: data.day,
    in_days: data.inDays,
    settings: {
      account_days: choices.accountDays ?? null,
      envelope_days: choices.envelopeDays ?? null,
      restricted: choices.restricted,
      most_account_days: choices.mostAccountDays,
      most_envelope_days: choices.mostEnvelopeDays,
    },
    tables: data.tables.map((table) => ({
      table: table.name,
      key: table.key,
      columns: table.columns.map(({ retentionAfter, name, ...one }) => ({
        column: name,
        ...listedJson(one),
        retention_after: retentionAfter,
      })),
      total_rows: table.totalRows,
      total_bytes: table.totalBytes,
      rows: table.rows.map(({ values, deletedOn }) => ({
        values: Object.fromEntries([...values].map(([name, value]) => [name, valueJson(value)])),
        deleted_on: deletedOn,
      })),
    })),
    elsewhere: data.elsewhere.map(({ kind, name, ...one }) => ({ kind, name, ...listedJson(one) })),
    footprint: Object.fromEntries(footprintOf(data)),
  };
}

function listedJson(one: Omit<Listed, "name">): Record<string, unknown> {
  return {
    purpose: one.purpose,
    legal_basis: one.legalBasis,
    retention_days: one.retentionDays,
    at_rest: one.atRest,
    visible_to: one.visibleTo,
  };
}

function valueJson(value: Value): unknown {
  if (typeof value === "number") return value;
  if (!isLong(value)) return base64url.encode(value);
  return { size: value.size, sha256: base64url.encode(value.sha256) };
}
