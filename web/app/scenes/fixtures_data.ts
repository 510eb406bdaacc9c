/** What a server could have of somebody. */

import type {
  DataColumn,
  DataRow,
  DataTable,
  Elsewhere,
  LocalData,
  ServerData,
  Value,
} from "../../core/account_data.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import type { DataActions, GivenReceipt } from "../model_data.ts";
import { AHEAD_DAYS } from "../ui/data_words.ts";

const DAY = 20_786; // 2026-11-29

/** Bytes that look as if by chance, and are the same in every picture. */
function bytesOf(length: number, seed: number): Bytes {
  return Uint8Array.from({ length }, (_, at) => (seed * 73 + at * 151 + ((at * at) % 251)) % 256);
}

function column(name: string, purpose: string, more: Partial<DataColumn> = {}): DataColumn {
  return {
    name,
    purpose,
    legalBasis: "contract",
    retentionDays: 730,
    retentionAfter: "accounts.active_day",
    atRest: "random_id",
    visibleTo: ["owner", "operator"],
    ...more,
  };
}

const SEALED = { atRest: "ciphertext", visibleTo: ["owner"] } as const;
const HASHED = { atRest: "hash", visibleTo: ["owner", "operator"] } as const;
const DAILY = { atRest: "day" } as const;

function table(
  name: string,
  columns: readonly DataColumn[],
  rows: readonly (readonly Value[])[],
  deletedOn: readonly string[],
): DataTable {
  const made = rows.map((values, at): DataRow => {
    const named = columns.map((one, place) => [one.name, values[place] ?? 0] as const);
    return { values: new Map(named), deletedOn: deletedOn[at % deletedOn.length] ?? "" };
  });
  const sizeOf = (value: Value) =>
    typeof value === "number" ? 8 : "sha256" in value ? value.size : value.length;
  const totalBytes = rows.flat().reduce<number>((all, value) => all + sizeOf(value), 0);
  const [key] = columns;
  const keys = key === undefined ? [] : [key.name];
  return { name, key: keys, columns, totalRows: made.length, totalBytes, rows: made };
}

const LAST = "2028-11-28";
const MANY = Array.from({ length: 256 }, (_, at) => [bytesOf(32, at + 1), bytesOf(16, 9)]);

const TABLES: readonly DataTable[] = [
  table(
    "accounts",
    [
      column("account_id", "Names the account in other tables; random."),
      column("handle_tag", "Finds the account at login, without storing the handle.", {
        atRest: "keyed_hash",
      }),
      column("created_day", "Day of sign-up, to the day.", DAILY),
      column("active_day", "Ends accounts that nobody uses.", DAILY),
    ],
    [[bytesOf(16, 1), bytesOf(32, 2), DAY - 41, DAY]],
    [LAST],
  ),
  table(
    "keystores",
    [
      column("account_id", "Whose keystore it is."),
      column("body", "Keys of the account, sealed on its devices.", SEALED),
    ],
    [[bytesOf(16, 1), { size: 4096, sha256: bytesOf(32, 3) }]],
    [LAST],
  ),
  table(
    "capabilities",
    [
      column("capability_hash", "Lets those who hold the capability send to the mailbox.", HASHED),
      column("mailbox_id", "Which mailbox it opens."),
    ],
    MANY,
    [LAST],
  ),
  table(
    "envelopes",
    [
      column("delivery_id", "Names the envelope to the device that fetches it."),
      column("arrival_day", "Ends envelopes that nobody fetches.", DAILY),
      column("body", "The envelope itself, sealed by whoever sent it.", SEALED),
    ],
    [
      [bytesOf(16, 5), DAY - 7, { size: 4096, sha256: bytesOf(32, 6) }],
      [bytesOf(16, 7), DAY - 1, { size: 1024, sha256: bytesOf(32, 8) }],
    ],
    ["2026-12-22", "2026-12-28"],
  ),
  table(
    "key_packages",
    [
      column("package_id", "Names the key package."),
      column("body", "A public key, handed out once.", {
        atRest: "public_key",
        visibleTo: ["contacts", "operator"],
      }),
    ],
    Array.from({ length: 12 }, (_, at) => [
      bytesOf(16, at),
      { size: 3100, sha256: bytesOf(32, at) },
    ]),
    ["2027-02-26"],
  ),
  table(
    "request_addresses",
    [
      column("account_id", "Whose handle is shown."),
      column("sealing_key", "Requests are sealed with it.", {
        atRest: "public_key",
        visibleTo: ["anyone_with_handle", "operator"],
        legalBasis: "consent",
      }),
    ],
    [[bytesOf(16, 1), bytesOf(1216, 4)]],
    [LAST],
  ),
  table(
    "vault_slots",
    [
      column("slot_id", "Names a slot of the vault; random."),
      column("body", "Contacts, settings and calls, sealed on the devices.", SEALED),
    ],
    Array.from({ length: 17 }, (_, at) => [
      bytesOf(16, at),
      { size: at === 0 ? 65_536 : 4096, sha256: bytesOf(32, at) },
    ]),
    [LAST],
  ),
];

function entry(
  kind: string,
  name: string,
  purpose: string,
  more: Partial<Elsewhere> = {},
): Elsewhere {
  return {
    kind,
    name,
    purpose,
    legalBasis: "contract",
    retentionDays: kind === "memory" || kind === "header" ? 0 : 30,
    atRest: "random_id",
    visibleTo: ["operator"],
    ...more,
  };
}

const INTEREST = { legalBasis: "legitimate_interest" } as const;

export const ELSEWHERE: readonly Elsewhere[] = [
  entry("column", "sequencers.handle", "Names the order of commits of a conversation; random."),
  entry("column", "spent_links.link_hash", "Keeps a sign-up link from being used twice.", HASHED),
  entry("file", "blobs/*", "Attachments, sealed by whoever sent them.", SEALED),
  entry("file", "requests.json", "Shows that requests were answered in time.", {
    ...INTEREST,
    retentionDays: 365,
  }),
  entry("log", "event", "What happened, as one of a fixed list of words.", {
    ...INTEREST,
    retentionDays: 7,
    atRest: "plain",
  }),
  entry("log", "id3", "Three bytes of a random id, to tell two errors apart.", {
    ...INTEREST,
    retentionDays: 7,
    atRest: "plain",
  }),
  entry("header", "Authorization", "Shows which device or account asks."),
  entry("memory", "connected devices", "Who is connected, to pass on what comes."),
  entry("memory", "attempts by address", "Makes guessing passwords dear.", INTEREST),
  entry("memory", "capability quotas", "Keeps one address from filling a mailbox.", INTEREST),
];

/** Receipts as screens get them. */
export const GOOD_RECEIPT: GivenReceipt = {
  kind: "good",
  until: 1_800_000_000,
  file: { name: "visavis-receipt-envelopes.json", text: "{}\n" },
};
export const ACCOUNT_RECEIPT: GivenReceipt = {
  ...GOOD_RECEIPT,
  kind: "good",
  until: undefined,
  file: { name: "visavis-receipt-account.json", text: "{}\n" },
};

export const DATA_NOW: ServerData = {
  day: "2026-11-29",
  inDays: 0,
  choices: {
    accountDays: undefined,
    envelopeDays: undefined,
    restricted: false,
    mostAccountDays: 730,
    mostEnvelopeDays: 30,
  },
  tables: TABLES,
  elsewhere: ELSEWHERE,
};

/** Without the envelopes, which nobody fetched. */
export const DATA_AHEAD: ServerData = {
  ...DATA_NOW,
  day: "2026-12-29",
  inDays: AHEAD_DAYS,
  tables: TABLES.map((one) =>
    one.name === "envelopes" ? { ...one, rows: [], totalRows: 0, totalBytes: 0 } : one,
  ),
};

export const FROZEN: ServerData = {
  ...DATA_NOW,
  choices: { ...DATA_NOW.choices, restricted: true, accountDays: 90 },
};

export const LOCAL: LocalData = {
  kinds: new Map([
    ["device", { rows: 9, bytes: 6_120 }],
    ["contacts", { rows: 14, bytes: 21_400 }],
    ["keys", { rows: 31, bytes: 184_300 }],
    ["addresses", { rows: 262, bytes: 9_800 }],
    ["messages", { rows: 118, bytes: 31_020 }],
    ["calls", { rows: 3, bytes: 12_500 }],
    ["recordings", { rows: 64, bytes: 48_210_300 }],
  ]),
  total: { rows: 501, bytes: 48_475_440 },
};

export const LOOKED = { now: DATA_NOW, ahead: DATA_AHEAD, local: LOCAL };

/** Actions that answer with these, and change nothing. */
export function dataOf(now: ServerData = DATA_NOW): DataActions {
  return {
    look: async (inDays) => (inDays === 0 ? now : { ...DATA_AHEAD, choices: now.choices }),
    value: async (_, row, name) => {
      const value = row.values.get(name);
      const size = typeof value === "object" && "sha256" in value ? value.size : 16;
      return bytesOf(size, 11);
    },
    local: async () => LOCAL,
    setAccountDays: async (days) => ({ ...now.choices, accountDays: days }),
    setEnvelopeDays: async (days) => ({ ...now.choices, envelopeDays: days }),
    setRestricted: async (restricted) => ({ ...now.choices, restricted }),
    remove: async () => ({ rows: 2, receipt: GOOD_RECEIPT }),
    rename: async (name) => `${name}.10077`,
    close: async () => undefined,
  };
}

/** A server that is away. */
export function dataOffline(): DataActions {
  const away = async () => {
    throw new UnavailableError(Code.UNAVAILABLE, "for a picture");
  };
  return { ...dataOf(), look: away, value: away };
}

/** A server that takes its time. */
export function dataWaiting(): DataActions {
  return { ...dataOf(), look: () => new Promise<never>(() => undefined) };
}
