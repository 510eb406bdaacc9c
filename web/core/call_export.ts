/**
 * The history of calls as a file for other programs: CSV (RFC 4180) and JSON (RFC 8259), the same
 * fields in both, byte for byte as in Python (`src/visavis/core/call_export.py`).
 *
 * Names and notes are others' words: what a spreadsheet would take for a formula gets a quote in
 * front. Nothing in the file names an account, a device or a call by its id.
 *
 * Pure. Not for: which calls (`call_search.ts`).
 */

import type { Entry } from "./call_entry.ts";
import { nameOf } from "./call_page.ts";
import { type Names, offsetAt, type Zone } from "./call_search.ts";

export const EXPORT_VERSION = 1;
/** Stands for a member whom we have no name of. */
export const NAMELESS = "unknown";

/** One call as it is exported. */
type Exported = Readonly<{
  /** ISO 8601, in local time with its offset. */
  started: string;
  with: readonly string[];
  direction: string;
  media: string;
  outcome: string;
  seconds: number;
  verified: boolean;
  recorded: boolean;
  path: string;
  quality: string;
  /** As IANA writes it; empty where it was not kept. */
  suite: string;
  pinned: boolean;
  note: string;
}>;

const FIELDS = [
  "started",
  "with",
  "direction",
  "media",
  "outcome",
  "seconds",
  "verified",
  "recorded",
  "path",
  "quality",
  "suite",
  "pinned",
  "note",
] as const satisfies (keyof Exported)[];

/** Return a table with a header, a call a row, lines ended by CR LF. */
export function toCsv(entries: Iterable<Entry>, names: Names, zone: Zone): string {
  const lines = [FIELDS.join(",")];
  for (const entry of entries) {
    const fields = exported(entry, names, zone);
    lines.push(FIELDS.map((name) => cell(fields[name])).join(","));
  }
  return lines.map((line) => `${line}\r\n`).join("");
}

/** Return an object with a version and the calls. */
export function toJson(entries: Iterable<Entry>, names: Names, zone: Zone): string {
  const calls = Array.from(entries, (entry) => exported(entry, names, zone));
  return `${JSON.stringify({ version: EXPORT_VERSION, calls }, null, 2)}\n`;
}

/** Return a Unix second in local time with its offset, ISO 8601. */
export function localTime(at: number, zone: Zone): string {
  const minutes = Math.trunc(offsetAt(zone, at) / 60);
  const local = new Date((at + 60 * minutes) * 1000).toISOString().replace(/\.\d+Z$/, "");
  const two = (value: number) => String(Math.trunc(value)).padStart(2, "0");
  const ahead = Math.abs(minutes);
  return `${local}${minutes < 0 ? "-" : "+"}${two(ahead / 60)}:${two(ahead % 60)}`;
}

function exported(entry: Entry, names: Names, zone: Zone): Exported {
  const { mark, suite } = entry;
  return {
    started: localTime(entry.at, zone),
    with: entry.members.map((account) => names.get(nameOf(account)) ?? NAMELESS),
    direction: entry.direction,
    media: entry.media,
    outcome: entry.outcome,
    seconds: entry.seconds,
    verified: entry.verified,
    recorded: entry.recorded,
    path: entry.via,
    quality: entry.quality,
    suite: suite === 0 ? "" : `0x${suite.toString(16).toUpperCase().padStart(4, "0")}`,
    pinned: mark.pinned,
    note: mark.note,
  };
}

function cell(value: string | number | boolean | readonly string[]): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  const text = typeof value === "string" ? value : value.join("; ");
  // Spreadsheets take what begins so for a formula, and some begin a cell after a semicolon too.
  const harmless = text.replaceAll(/(^|; *)(?=[=+\-@\t\r])/g, "$1'");
  return /[",;\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
