/**
 * The file with which an account moves to another server (R-83, docs/protocol/move.md).
 *
 *     magic(18) || version(1) || passes(1) || memory in KiB(4) || lanes(1) || salt(16)
 *     || AES-256-GCM(key from Argon2id, AAD = all before, contents padded to a bucket)
 *     || SHA-256 of all before
 *
 * It carries who the account is (its identity key, the newest device list), whom it knows, its
 * history of calls and its settings. It carries nothing of a server and nothing of MLS: no address,
 * no capability, no group, no message (P5).
 *
 * The hash tells damage from a wrong passphrase before anybody waits for Argon2id; it protects from
 * nothing else. Every length and every parameter is checked before anything is hashed or decrypted.
 *
 * Pure: what Argon2id made of the passphrase is an argument. Not for: making or using an account
 * (`client/move.ts`).
 */

import {
  type Bytes,
  compare,
  concat,
  copy,
  equal,
  type Rng,
  uint as uintBytes,
  utf8,
} from "./bytes.ts";
import type { Entry } from "./call_entry.ts";
import { CallLog } from "./call_log.ts";
import { decodePage, encodePage, PAGE_BYTES } from "./call_page.ts";
import { decodeRecord, encodeRecord } from "./content.ts";
import { array, blob, maybe, nested, type RecordOf, record } from "./content_fields.ts";
import { LIST, NAME, Settings } from "./content_records.ts";
import { type DeviceList, UnverifiedDeviceList } from "./device_list.ts";
import { AuthorizationError, Code, PeerError } from "./errors.ts";
import { identityPublicKey } from "./identity.ts";
import { OVERHEAD, Purpose, unwrap, wrap } from "./keywrap.ts";
import { SHA256 } from "./mls/kdf.ts";
import { MovedContact } from "./moved_contact.ts";

export const MAGIC = utf8("visavis move file\0");
export const VERSION = 1;
export const SALT_BYTES = 16;
/** The lengths such a file may have, 64 KiB to 64 MiB. More of them waste less room and say more. */
export const SIZES: readonly number[] = [0, 1, 2, 3, 4, 5].map((step) => 65_536 * 4 ** step);

export const LARGEST = 65_536 * 4 ** 5;
export const MAX_CONTACTS = 20_000;
/** Of calls: some 1,500,000. */
export const MAX_PAGES = 900;
export const MAX_PASSES = 8;
export const MAX_MEMORY_KIB = 256 * 1024;
/** What a file may ask of Argon2id: a hostile one must not take the machine's memory or its day. */
export const MAX_LANES = 4;

const KEY_BYTES = 32;
const DIGEST_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 7 + SALT_BYTES;
const AROUND = HEADER_BYTES + OVERHEAD + DIGEST_BYTES;
const PAD = 0x80;

/** Why a file is refused. */
export const Why = {
  FOREIGN: "foreign",
  OLDER: "older",
  NEWER: "newer",
  CUT: "cut",
  DAMAGED: "damaged",
  GREEDY: "greedy",
  PASSPHRASE: "passphrase",
  CONTENTS: "contents",
} as const;
export type Why = (typeof Why)[keyof typeof Why];

/** A file was refused, and nothing was changed (CK-730). Each reason has a sentence of its own. */
export class MoveFileError extends PeerError {
  readonly why: Why;

  constructor(why: Why) {
    super(why === Why.PASSPHRASE ? Code.DECRYPTION : Code.MALFORMED, `CK-730: ${why}`);
    this.why = why;
  }
}

/** Argon2id parameters and salt, as they stand in the file. */
export type Work = Readonly<{
  /** 1 to `MAX_PASSES`. */
  passes: number;
  /** 8 for each lane, to `MAX_MEMORY_KIB`. */
  memoryKib: number;
  /** 1 to `MAX_LANES`. */
  lanes: number;
  /** 16 bytes. */
  salt: Bytes;
}>;

/** Return the beginning of the file. */
export function headerOf({ passes, memoryKib, lanes, salt }: Work): Bytes {
  const numbers = [Uint8Array.of(VERSION, passes), uintBytes(memoryKib, 4), Uint8Array.of(lanes)];
  return concat(MAGIC, ...numbers, salt);
}

/**
 * Read the beginning of a file; more may follow.
 *
 * @throws MoveFileError FOREIGN, OLDER, NEWER, CUT; GREEDY, it asks for more than the bounds (CK-731).
 */
export function workOf(data: Bytes): Work {
  requireForm(data);
  if (data.length < HEADER_BYTES) throw new MoveFileError(Why.CUT);
  const view = new DataView(data.buffer, data.byteOffset + MAGIC.length + 1);
  const [passes, memoryKib, lanes] = [view.getUint8(0), view.getUint32(1), view.getUint8(5)];
  // CK-731: before anything is allocated.
  const isBound = passes >= 1 && passes <= MAX_PASSES && lanes >= 1 && lanes <= MAX_LANES;
  if (!isBound || memoryKib < 8 * lanes || memoryKib > MAX_MEMORY_KIB) {
    throw new MoveFileError(Why.GREEDY);
  }
  return { passes, memoryKib, lanes, salt: data.slice(HEADER_BYTES - SALT_BYTES, HEADER_BYTES) };
}

/** What a file carries; `parseMoved` has checked that it holds together. */
export const Moved = record("Moved", {
  /** The private half of the account's identity key. */
  identity: blob(KEY_BYTES, KEY_BYTES),
  /** The newest signed device list; the account's id is in it. */
  listed: LIST,
  /** At the server that it left: to show whose file it is. */
  handle: NAME,
  /** By account, ascending. */
  contacts: array(nested(MovedContact), MAX_CONTACTS, 0),
  /** Of calls (`call_entry.ts`), without marks of deleted ones. */
  pages: array(blob(PAGE_BYTES), MAX_PAGES, 0),
  /** Null: the person decided nothing. */
  settings: maybe(nested(Settings)),
});
export type Moved = RecordOf<typeof Moved>;

/** Return the newest device list. */
export function headOf(moved: Moved): Promise<DeviceList> {
  return UnverifiedDeviceList.parse(moved.listed).verify();
}

/** Return the calls. */
export function callsOf(moved: Moved): readonly Entry[] {
  return moved.pages.flatMap((data) => [...decodePage(data).entries.values()]);
}

/**
 * Read what `encodeRecord` made.
 *
 * @throws MoveFileError CONTENTS (CK-732).
 */
export async function parseMoved(data: Uint8Array): Promise<Moved> {
  try {
    const found = decodeRecord(Moved, data);
    await requireWhole(found);
    return found;
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    throw new MoveFileError(Why.CONTENTS);
  }
}

/** Require that it holds together (CK-732); throws PeerError. */
async function requireWhole(moved: Moved): Promise<void> {
  const head = await headOf(moved);
  // CK-732: who has the file speaks for the account, so the key in it must be the account's.
  if (!equal(await identityPublicKey(moved.identity), head.identityKey)) {
    throw new MoveFileError(Why.CONTENTS);
  }
  const accounts = moved.contacts.map(({ account }) => account);
  const isRising = accounts.every((account, i) => {
    const before = accounts[i - 1];
    return before === undefined || compare(before, account) < 0;
  });
  if (!isRising || accounts.some((account) => equal(account, head.accountId))) {
    throw new MoveFileError(Why.CONTENTS);
  }
  for (const data of moved.pages) {
    const { gone, cut } = decodePage(data);
    if (gone.size > 0 || cut.count > 0 || cut.at > 0) throw new MoveFileError(Why.CONTENTS);
  }
}

/** Pack calls into pages; of calls that were deleted nothing goes along. */
export function pagesOf(calls: Iterable<Entry>, rng: Rng): readonly Bytes[] {
  const log = new CallLog();
  for (const call of calls) log.add(call, rng);
  return [...log.pages.values()].map(encodePage).sort(compare);
}

/**
 * Return the file.
 *
 * @param moved What it carries.
 * @param work How `secret` was made of the passphrase.
 * @param secret 32 bytes out of Argon2id.
 * @param rng Random bytes.
 * @throws PeerError TOO_LARGE; MoveFileError, it does not hold together.
 */
export async function sealMove(
  moved: Moved,
  work: Work,
  secret: Uint8Array,
  rng: Rng,
): Promise<Bytes> {
  if (moved.contacts.length > MAX_CONTACTS || moved.pages.length > MAX_PAGES) {
    throw tooLarge("more than a file may hold");
  }
  const contents = encodeRecord(Moved, moved);
  await parseMoved(contents); // what is written can be read
  const size = SIZES.find((one) => contents.length + 1 + AROUND <= one);
  if (size === undefined) throw tooLarge("more than the largest file has room for");
  const header = headerOf(work);
  const padded = new Uint8Array(size - AROUND);
  padded.set(contents);
  padded[contents.length] = PAD;
  const wrapped = await wrap(Purpose.MOVE_FILE, secret, padded, rng, { context: header });
  const sealed = concat(header, wrapped);
  return concat(sealed, SHA256.hash(sealed));
}

/**
 * Check a file from outside, and return how its key is made of the passphrase.
 *
 * @throws MoveFileError FOREIGN, OLDER, NEWER, CUT, DAMAGED, GREEDY (CK-730, CK-731).
 */
export function readWork(data: Bytes): Work {
  requireForm(data);
  if (!SIZES.includes(data.length)) throw new MoveFileError(Why.CUT);
  const end = data.length - DIGEST_BYTES;
  if (!equal(SHA256.hash(data.subarray(0, end)), data.subarray(end))) {
    throw new MoveFileError(Why.DAMAGED);
  }
  return workOf(data);
}

function requireForm(data: Bytes): void {
  const beginning = data.subarray(0, MAGIC.length);
  if (!equal(beginning, MAGIC.subarray(0, beginning.length)) || data.length === 0) {
    throw new MoveFileError(Why.FOREIGN);
  }
  if (beginning.length < MAGIC.length) throw new MoveFileError(Why.CUT);
  const version = data[MAGIC.length];
  if (version !== undefined && version !== VERSION) {
    throw new MoveFileError(version < VERSION ? Why.OLDER : Why.NEWER);
  }
}

/**
 * Open a file that `readWork` has checked.
 *
 * @param secret 32 bytes out of Argon2id, as `readWork` says.
 * @throws MoveFileError PASSPHRASE; CONTENTS.
 */
export async function openMove(data: Bytes, secret: Uint8Array): Promise<Moved> {
  const header = data.slice(0, HEADER_BYTES);
  const sealed = data.slice(HEADER_BYTES, data.length - DIGEST_BYTES);
  const padded = await unsealed(secret, sealed, header);
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (padded[end] !== PAD) throw new MoveFileError(Why.CONTENTS);
  return await parseMoved(copy(padded.subarray(0, end)));
}

async function unsealed(secret: Uint8Array, sealed: Bytes, context: Bytes): Promise<Bytes> {
  try {
    return await unwrap(Purpose.MOVE_FILE, secret, sealed, { context });
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    throw new MoveFileError(Why.PASSPHRASE);
  }
}

function tooLarge(what: string): PeerError {
  return new PeerError(Code.TOO_LARGE, what);
}
