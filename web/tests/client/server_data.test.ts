/** What a server says of our data is checked before it is shown: strange answers are refused. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KINDS, localData, MESSAGES, OTHER, RECORDINGS } from "../../client/local_data.ts";
import { choicesFrom, MAX_PAGES, readServerData, readValue } from "../../client/server_data.ts";
import {
  classOf,
  dataJson,
  footprintOf,
  isLong,
  tablesOf,
  todayOf,
} from "../../core/account_data.ts";
import * as base64url from "../../core/base64url.ts";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import { SHA256 } from "../../core/mls/kdf.ts";

const LISTED = {
  purpose: "for a test",
  legal_basis: "contract",
  retention_days: 30,
  at_rest: "ciphertext",
  visible_to: ["owner"],
};
const SETTINGS = {
  account_days: null,
  envelope_days: 7,
  restricted: false,
  most_account_days: 730,
  most_envelope_days: 30,
};
const BODY = utf8("sealed ".repeat(600));
const LONG = { size: BODY.length, sha256: base64url.encode(SHA256.hash(BODY)) };
const ID = base64url.encode(new Uint8Array(16).fill(7));

type Answer = Record<string, unknown>;

function row(values: Answer = {}): Answer {
  return {
    values: { delivery_id: ID, arrival_day: 20_786, body: LONG, ...values },
    deleted_on: "2026-12-29",
  };
}

function page(more: Answer = {}, rows: readonly Answer[] = [row()]): Answer {
  const columns = ["delivery_id", "arrival_day", "body"].map((column) => ({
    column,
    ...LISTED,
    retention_after: "envelopes.arrival_day",
  }));
  const sizes = { total_rows: 2, total_bytes: 8_400 };
  return {
    day: "2026-11-29",
    in_days: 0,
    settings: SETTINGS,
    tables: [{ table: "envelopes", key: ["delivery_id"], columns, rows, ...sizes }],
    next_skip: null,
    elsewhere: [{ kind: "memory", name: "pushes", ...LISTED }],
    ...more,
  };
}

/** A server that gives these pages, one after the other. */
function serverOf(...pages: readonly Answer[]) {
  const asked: number[] = [];
  const api = {
    page: async (_: number, skip: number) => {
      asked.push(skip);
      return pages[asked.length - 1] ?? pages.at(-1);
    },
  };
  return { api, asked };
}

const read = (...pages: readonly Answer[]) => readServerData(serverOf(...pages).api, 0);

describe("rows", () => {
  test("come page by page, with their words", async () => {
    const { api, asked } = serverOf(page({ next_skip: 1 }), page());
    const data = await readServerData(api, 0);
    expect(asked).toEqual([0, 1]);
    const [table] = tablesOf(data, "envelopes");
    expect(table?.rows).toHaveLength(2);
    expect(table?.columns[0]).toMatchObject({ name: "delivery_id", legalBasis: "contract" });
    expect(footprintOf(data).get("envelopes")).toEqual({ rows: 2, bytes: 8_400 });
    expect(data.choices).toMatchObject({ accountDays: undefined, envelopeDays: 7 });
    const written = dataJson(data);
    expect(written["tables"]).toEqual([
      { ...(page()["tables"] as Answer[])[0], rows: [row(), row()] },
    ]);
    expect(written["elsewhere"]).toEqual(page()["elsewhere"]);
    expect(written["settings"]).toEqual(SETTINGS);
    expect(classOf({ name: "tables_of_tomorrow" })).toBe("other");
    expect(todayOf({ day: "2027-01-03", inDays: 35 })).toBe("2026-11-29");
  });

  test("that came or went between two pages are read again, and given up in the end", async () => {
    const [table] = page()["tables"] as Answer[];
    const other = page({ tables: [{ ...table, total_rows: 3 }] });
    const { api, asked } = serverOf(page({ next_skip: 1 }), other, page());
    expect((await readServerData(api, 0)).tables[0]?.rows).toHaveLength(1);
    expect(asked).toEqual([0, 1, 0]);
    let flips = 0;
    const restless = { page: async () => (flips++ % 2 === 0 ? page({ next_skip: 1 }) : other) };
    await expect(readServerData(restless, 0)).rejects.toMatchObject({ code: "unavailable" });
  });

  test("CK-713: that do not end", async () => {
    const circling = { page: async () => page({ next_skip: 0 }) };
    await expect(readServerData(circling, 0)).rejects.toMatchObject({ code: "malformed" });
    let asked = 0;
    const endless = {
      page: async (_: number, skip: number) => {
        asked++;
        return page({ next_skip: skip + 1 });
      },
    };
    await expect(readServerData(endless, 0)).rejects.toMatchObject({ code: "too_large" });
    expect(asked).toBe(MAX_PAGES + 1);
  });

  test.each<[string, Answer]>([
    ["no day", page({ day: "yesterday" })],
    ["a day that there is not", page({ day: "2026-02-30" })],
    ["another preview than asked for", page({ in_days: 30 })],
    ["less than nothing", page({ settings: { ...SETTINGS, most_account_days: -1 } })],
    ["no choices", page({ settings: {} })],
    ["tables that are none", page({ tables: {} })],
    ["a boolean for a value", page({}, [row({ body: true })])],
    ["a fraction", page({}, [row({ arrival_day: 1.5 })])],
    ["nothing for a value", page({}, [row({ body: null })])],
    ["a short hash", page({}, [row({ body: { size: 3, sha256: "AAAA" } })])],
    ["two spellings of bytes", page({}, [row({ body: "AB" })])],
    ["a row that is deleted on no day", page({}, [{ ...row(), deleted_on: "soon" }])],
    ["a row without values", page({}, [{ deleted_on: "2026-12-29" }])],
    [
      "people that are none",
      page({ elsewhere: [{ kind: "log", name: "x", ...LISTED, visible_to: [1] }] }),
    ],
    ["no page", [] as unknown as Answer],
  ])("with %s are refused", async (_, answer) => {
    await expect(read(answer)).rejects.toMatchObject({ code: "malformed" });
  });
});

describe("a long value", () => {
  const value = (bytes: Bytes) => ({ value: async () => bytes });

  test("is fetched by the key of its row", async () => {
    const data = await read(page());
    const [table] = data.tables;
    const [first] = table?.rows ?? [];
    if (table === undefined || first === undefined) throw new Error("no row");
    const asked: unknown[] = [];
    const api = {
      value: async (...words: readonly unknown[]) => {
        asked.push(words);
        return BODY;
      },
    };
    expect(await readValue(api, table, first, "body")).toEqual(BODY);
    expect(asked).toEqual([["envelopes", "body", [base64url.decode(ID)]]]);
    expect(await readValue(api, table, first, "delivery_id")).toEqual(base64url.decode(ID));
    expect(asked).toHaveLength(1);
    await expect(readValue(api, table, first, "arrival_day")).rejects.toThrow("no bytes");
    await expect(readValue(api, table, first, "nothing")).rejects.toThrow("no bytes");
    expect(isLong(first.values.get("body") ?? 0)).toBe(true);
  });

  test("CK-714: other bytes than those of the hash are refused", async () => {
    const [table] = (await read(page())).tables;
    const [first] = table?.rows ?? [];
    if (table === undefined || first === undefined) throw new Error("no row");
    const altered = BODY.slice();
    altered[5] = 0;
    for (const bytes of [altered, BODY.slice(1), new Uint8Array()]) {
      await expect(readValue(value(bytes), table, first, "body")).rejects.toThrow("CK-714");
    }
  });
});

test("choices without a word on freezing are none", () => {
  expect(choicesFrom(SETTINGS).restricted).toBe(false);
  expect(() => choicesFrom({ ...SETTINGS, restricted: "no" })).toThrow("choices");
  expect(() => choicesFrom({ ...SETTINGS, envelope_days: "7" })).toThrow("envelope_days");
});

test("what this device keeps is counted by kind, and nothing is left out", async () => {
  const sizes = new Map([
    ["profile", { rows: 1, bytes: 300 }],
    ["message/00aa", { rows: 2, bytes: 50 }],
    ["message.seen/00aa", { rows: 2, bytes: 32 }],
    ["recording", { rows: 1, bytes: 200 }],
    ["consent.record", { rows: 2, bytes: 700 }],
    ["consent.laid", { rows: 1, bytes: 100 }],
    ["of tomorrow", { rows: 1, bytes: 5 }],
    ["outbox", { rows: 0, bytes: 0 }],
  ]);
  const rowsSize = async () => ({ rows: 2, bytes: 8_000_000 });
  const { kinds, total } = await localData({ sizes: () => sizes, rowsSize });
  expect(total).toEqual({ rows: 12, bytes: 8_001_387 });
  expect(kinds.get(MESSAGES)).toEqual({ rows: 4, bytes: 82 });
  expect(kinds.get(RECORDINGS)).toEqual({ rows: 6, bytes: 8_001_000 });
  expect(kinds.get(OTHER)).toEqual({ rows: 1, bytes: 5 });
  expect(kinds.has("outbox")).toBe(false);
});

test("every kind of item that this program keeps is named", () => {
  const client = join(import.meta.dirname, "../../client");
  const kept = readdirSync(client)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [
      ...readFileSync(join(client, name), "utf8").matchAll(
        /\bKIND = "([a-z.]+)"|_KIND = "([a-z.]+)"/g,
      ),
    ])
    .map(([, one, other]) => one ?? other ?? "");
  expect(kept).toContain("consent.laid"); // control
  const named = new Set(Object.values(KINDS).join(" ").split(" "));
  // Rows by themselves, which `rowsSize` counts.
  expect(kept.filter((kind) => !named.has(kind))).toEqual(["recording.chunk"]);
});
