/**
 * One's own data as a file: with every byte for other programs, or to be read and printed. Both are
 * made in the page, from what the server answered.
 */

import {
  DATA_CLASSES,
  type DataRow,
  type DataTable,
  dataJson,
  dayOf,
  type Elsewhere,
  footprintOf,
  isLong,
  type LocalData,
  NO_FOOTPRINT,
  type ServerData,
  tablesOf,
  type Value,
} from "../../core/account_data.ts";
import { type Bytes, hex } from "../../core/bytes.ts";
import { AuthorizationError } from "../../core/errors.ts";
import { bytes, date, language, say } from "../i18n/text.ts";
import {
  basisWord,
  countdown,
  formWord,
  localWord,
  NAMES,
  once,
  SENTENCES,
  sizeWord,
  whoWord,
} from "./data_words.ts";

/** Bytes of a value that the readable file shows; the other one has all. */
const SHOWN_BYTES = 64;

export type Fetch = (table: DataTable, row: DataRow, column: string) => Promise<Bytes>;
/** How many long values are fetched, and how many there are. */
export type Progress = (done: number, all: number) => void;

/** Everything with the bytes of long values in their place; `gone`: how many went meanwhile. */
export type Whole = Readonly<{ data: ServerData; gone: number }>;

/**
 * Fetch every byte.
 *
 * A row that goes meanwhile (a device fetched it) keeps length and hash.
 *
 * @param signal Breaks it off; its reason is thrown.
 */
export async function fetchWhole(
  data: ServerData,
  fetch: Fetch,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Whole> {
  const longs = (row: DataRow) => [...row.values].filter(([, value]) => isLong(value));
  const all = data.tables.flatMap(({ rows }) => rows.flatMap(longs)).length;
  let [done, gone] = [0, 0];
  const tables: DataTable[] = [];
  for (const table of data.tables) {
    const rows: DataRow[] = [];
    for (const row of table.rows) {
      const values = new Map(row.values);
      for (const [column] of longs(row)) {
        signal.throwIfAborted();
        try {
          values.set(column, await fetch(table, row, column));
        } catch (error) {
          if (!(error instanceof AuthorizationError)) throw error;
          gone++;
        }
        done++;
        onProgress(done, all);
      }
      rows.push({ ...row, values });
    }
    tables.push({ ...table, rows });
  }
  return { data: { ...data, tables }, gone };
}

/** Return the file for other programs: what `visavis data --save` writes. */
export function jsonFile(handle: string, data: ServerData, local: LocalData): string {
  const here = { kinds: Object.fromEntries(local.kinds), total_bytes: local.total.bytes };
  return JSON.stringify({ handle, ...dataJson(data), this_device: here }, undefined, 1);
}

/** Return the file to read: a page of its own, without a script and without anything from elsewhere. */
export function htmlFile(handle: string, data: ServerData, local: LocalData): string {
  const groups = DATA_CLASSES.flatMap((kind) => {
    const tables = tablesOf(data, kind);
    if (tables.length === 0) return [];
    const size = sizeWord(footprintOf(data).get(kind) ?? NO_FOOTPRINT);
    const head = [tag("h2", say(NAMES[kind])), tag("p", say(SENTENCES[kind])), tag("p", size)];
    return [...head, ...tables.map((table) => tableHtml(table, data))];
  });
  const here = [...local.kinds].map(([kind, size]) => [localWord(kind), sizeWord(size)]);
  const title = `${say("data.title")}: ${handle}`;
  const body = [
    tag("h1", title),
    tag("p", `${date(data.day)} (${data.day})`),
    data.choices.restricted ? tag("p", say("data.frozen")) : "",
    ...groups,
    tag("h2", say("data.device")),
    tag("p", say("data.deviceLead")),
    listHtml([say("data.kind"), say("data.all")], here),
    tag("h2", say("data.elsewhere")),
    tag("p", say("data.elsewhereLead")),
    listHtml(
      [say("data.kind"), say("data.objectWhy"), say("data.why"), say("data.how"), say("data.who")],
      data.elsewhere.map(elsewhereCells),
    ),
  ];
  const meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">';
  const head = `<head>${meta}${tag("title", title)}</head>`;
  return `<!doctype html>\n<html lang="${language()}">${head}<body>\n${body.join("\n")}\n</body></html>\n`;
}

function elsewhereCells(one: Elsewhere): string[] {
  const who = one.visibleTo.map(whoWord).join(", ");
  return [
    `${one.kind}: ${one.name}`,
    one.purpose,
    basisWord(one.legalBasis),
    formWord(one.atRest),
    who,
  ];
}

function tableHtml(table: DataTable, data: ServerData): string {
  const when = countdown(
    table.rows.map(({ deletedOn }) => deletedOn),
    data,
  );
  const bases = once(table.columns.map(({ legalBasis }) => legalBasis)).map(basisWord);
  const columns = table.columns.map((one) => [
    one.name,
    one.purpose,
    formWord(one.atRest),
    one.visibleTo.map(whoWord).join(", "),
  ]);
  const forms = new Map(table.columns.map((one) => [one.name, one.atRest]));
  const names = table.columns.map(({ name }) => name);
  const rows = table.rows.map(({ values, deletedOn }) => [
    ...names.map((name) => valueText(values.get(name), forms.get(name))),
    deletedOn,
  ]);
  return [
    tag("h3", table.name),
    tag("p", `${say("data.until")}: ${say("data.unused", { when })}`),
    tag("p", `${say("data.why")}: ${bases.join("; ")}`),
    listHtml([table.name, say("data.objectWhy"), say("data.how"), say("data.who")], columns),
    listHtml([...names, say("data.until")], rows),
  ].join("\n");
}

/** Return a value as people can read it: a day, a number, the beginning of bytes in hexadecimal. */
export function valueText(value: Value | undefined, atRest?: string): string {
  if (value === undefined) return "";
  if (typeof value === "number") {
    return atRest === "day" ? `${dayOf(value)} (${value})` : String(value);
  }
  if (isLong(value))
    return `${say("data.long", { bytes: bytes(value.size) })} ${hex(value.sha256)}`;
  const shown = hex(value.subarray(0, SHOWN_BYTES));
  return value.length > SHOWN_BYTES ? `${shown}… (${bytes(value.length)})` : shown;
}

function listHtml(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (name: string, cells: readonly string[]) =>
    `<tr>${cells.map((cell) => tag(name, cell)).join("")}</tr>`;
  const lines = [line("th", head), ...rows.map((cells) => line("td", cells))];
  return `<table border="1">\n${lines.join("\n")}\n</table>`;
}

function tag(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

/** What the server says is text, never markup. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
