/**
 * Reads what the server says it has of our account, and checks it (twin of `sdk/server_data.py`).
 *
 * Not for: changing anything (`your_data.ts`), or what the rows mean (`core/account_data.ts`).
 */

import {
  type DataChoices,
  type DataColumn,
  type DataRow,
  type DataTable,
  type Elsewhere,
  isLong,
  type Listed,
  type LongValue,
  type ServerData,
  type Value,
} from "../core/account_data.ts";
import * as base64url from "../core/base64url.ts";
import { type Bytes, copy, equal } from "../core/bytes.ts";
import { Code, PeerError, UnavailableError } from "../core/errors.ts";
import { SHA256 } from "../core/mls/kdf.ts";
import type { AccountDataApi } from "./transport/account_data.ts";
import { bytesField, intField, listField, memberOf, textField } from "./transport/http.ts";

/**
 * Pages that are read: a full mailbox of the smallest envelopes has 260. More lets a hostile server
 * fill more memory.
 */
export const MAX_PAGES = 400;

/** How often reading begins again when rows came or went between two pages. */
const TRIES = 3;

/** What is read of it. */
export type DataReader = Pick<AccountDataApi, "page" | "value">;

/**
 * Read every page.
 *
 * @param inDays 0 for now; else what would be left by then if nothing else happened.
 * @throws PeerError `MALFORMED`, the answer is none; `TOO_LARGE`, it does not end (CK-713).
 * @throws UnavailableError The server cannot be reached, or rows come and go all the time.
 */
export async function readServerData(
  api: Pick<DataReader, "page">,
  inDays: number,
): Promise<ServerData> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pages = await readPages(api, inDays);
    if (pages !== undefined) return joined(pages);
  }
  throw new UnavailableError(Code.UNAVAILABLE, "what the server has keeps changing");
}

/** Return all pages; undefined if rows came or went meanwhile. */
async function readPages(
  api: Pick<DataReader, "page">,
  inDays: number,
): Promise<readonly ServerData[] | undefined> {
  const pages: ServerData[] = [];
  let skip: number | undefined = 0;
  while (skip !== undefined) {
    const { page, next } = readPage(await api.page(inDays, skip), skip);
    if (page.inDays !== inDays) throw malformed("the answer is for another day");
    const [first = page] = pages;
    if (totals(page) !== totals(first)) return undefined;
    pages.push(page);
    if (pages.length > MAX_PAGES) {
      throw new PeerError(Code.TOO_LARGE, "CK-713: the answer does not end");
    }
    skip = next;
  }
  return pages;
}

/**
 * Return the account's id at the server; undefined if it shows none.
 *
 * @throws AuthorizationError The device is not let in.
 */
export async function readAccountId(api: Pick<DataReader, "page">): Promise<Bytes | undefined> {
  const { page } = readPage(await api.page(0, 0), 0);
  const accounts = page.tables.find(({ name }) => name === "accounts");
  const found = accounts?.rows[0]?.values.get("account_id");
  return found instanceof Uint8Array ? copy(found) : undefined;
}

/**
 * Read a value that came as length and hash.
 *
 * @throws PeerError `UNEXPECTED` (CK-714), the bytes are not those whose hash was given.
 * @throws AuthorizationError `REFUSED`, it is gone by now.
 */
export async function readValue(
  api: Pick<DataReader, "value">,
  table: DataTable,
  row: DataRow,
  column: string,
): Promise<Bytes> {
  const value = row.values.get(column);
  if (value === undefined || typeof value === "number") {
    throw new PeerError(Code.UNEXPECTED, "this value is no bytes");
  }
  if (!isLong(value)) return value;
  const key = table.key.flatMap((name) => {
    const part = row.values.get(name);
    return part === undefined || typeof part === "number" || isLong(part) ? [] : [part];
  });
  const data = await api.value(table.name, column, key);
  if (data.length !== value.size || !equal(SHA256.hash(data), value.sha256)) {
    throw new PeerError(Code.UNEXPECTED, "CK-714: the bytes are not those of the hash");
  }
  return data;
}

/**
 * Return the choices in an answer of the server.
 *
 * @throws PeerError `MALFORMED`.
 */
export function choicesFrom(answer: unknown): DataChoices {
  const restricted = memberOf(answer, "restricted");
  if (typeof restricted !== "boolean") throw malformed("the answer has no choices");
  const days = (name: string) =>
    (memberOf(answer, name) ?? undefined) === undefined ? undefined : countField(answer, name);
  return {
    accountDays: days("account_days"),
    envelopeDays: days("envelope_days"),
    restricted,
    mostAccountDays: countField(answer, "most_account_days"),
    mostEnvelopeDays: countField(answer, "most_envelope_days"),
  };
}

function readPage(
  answer: unknown,
  skip: number,
): Readonly<{ page: ServerData; next: number | undefined }> {
  const following = memberOf(answer, "next_skip") ?? undefined;
  const next = following === undefined ? undefined : intField(answer, "next_skip");
  if (next !== undefined && next <= skip) {
    throw malformed("CK-713: the next page is the one before");
  }
  const page = {
    day: dayField(answer, "day"),
    inDays: countField(answer, "in_days"),
    choices: choicesFrom(memberOf(answer, "settings")),
    tables: listField(answer, "tables").map(tableOf),
    elsewhere: listField(answer, "elsewhere").map(elsewhereOf),
  };
  return { page, next };
}

function tableOf(answer: unknown): DataTable {
  return {
    name: textField(answer, "table"),
    key: textsField(answer, "key"),
    columns: listField(answer, "columns").map(columnOf),
    totalRows: countField(answer, "total_rows"),
    totalBytes: countField(answer, "total_bytes"),
    rows: listField(answer, "rows").map(rowOf),
  };
}

function listedOf(answer: unknown, name: string): Listed {
  return {
    name: textField(answer, name),
    purpose: textField(answer, "purpose"),
    legalBasis: textField(answer, "legal_basis"),
    retentionDays: countField(answer, "retention_days"),
    atRest: textField(answer, "at_rest"),
    visibleTo: textsField(answer, "visible_to"),
  };
}

function columnOf(answer: unknown): DataColumn {
  return { ...listedOf(answer, "column"), retentionAfter: textField(answer, "retention_after") };
}

function elsewhereOf(answer: unknown): Elsewhere {
  return { ...listedOf(answer, "name"), kind: textField(answer, "kind") };
}

function rowOf(answer: unknown): DataRow {
  const values = memberOf(answer, "values");
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw malformed("a row has no values");
  }
  const read = Object.entries(values).map(([name, value]) => [name, storedValue(value)] as const);
  return { values: new Map(read), deletedOn: dayField(answer, "deleted_on") };
}

function storedValue(value: unknown): Value {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (typeof value === "string") return base64url.decode(value);
  const long: LongValue = {
    size: countField(value, "size"),
    sha256: bytesField(value, "sha256", 32),
  };
  return long;
}

/** Return an ISO day: it is shown and counted with, so it must be one. */
function dayField(answer: unknown, name: string): string {
  const text = textField(answer, name);
  const isWritten = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const at = isWritten ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Some engines take 30 February for 2 March.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text) {
    throw malformed(`${name} is no day`);
  }
  return text;
}

function countField(answer: unknown, name: string): number {
  const value = intField(answer, name);
  if (value < 0) throw malformed(`${name} is less than nothing`);
  return value;
}

function textsField(answer: unknown, name: string): readonly string[] {
  return listField(answer, name).map((one) => {
    if (typeof one !== "string") throw malformed(`${name} is no list of words`);
    return one;
  });
}

function malformed(detail: string): PeerError {
  return new PeerError(Code.MALFORMED, detail);
}

function totals({ tables }: ServerData): string {
  return JSON.stringify(
    tables.map(({ name, totalRows, totalBytes }) => [name, totalRows, totalBytes]),
  );
}

/** Put pages together; all have the same tables in the same order (`totals`). */
function joined(pages: readonly ServerData[]): ServerData {
  const [first] = pages;
  if (first === undefined) throw malformed("the answer has no page");
  const tables = first.tables.map((table, at) => ({
    ...table,
    rows: pages.flatMap((page) => page.tables[at]?.rows ?? []),
  }));
  return { ...first, tables };
}
