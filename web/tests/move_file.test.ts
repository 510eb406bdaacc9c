/** The file with which an account moves: what Python made and refused, made and refused here. */

import { describe, expect, test } from "vitest";
import { derive } from "../client/unlock.ts";
import { type Bytes, concat, copy, fromHex, hex } from "../core/bytes.ts";
import { decodePage } from "../core/call_page.ts";
import { encodeRecord } from "../core/content.ts";
import { NAME } from "../core/content_records.ts";
import {
  acceptList,
  type DeviceList,
  eraOf,
  signMoved,
  UnverifiedDeviceList,
} from "../core/device_list.ts";
import { Code, PeerError } from "../core/errors.ts";
import { Digest } from "../core/ids.ts";
import { Purpose, wrap } from "../core/keywrap.ts";
import {
  callsOf,
  headerOf,
  headOf,
  MAX_CONTACTS,
  Moved,
  MoveFileError,
  openMove,
  pagesOf,
  parseMoved,
  readWork,
  SIZES,
  sealMove,
  Why,
  type Work,
  workOf,
} from "../core/move_file.ts";
import { hasMovedWith } from "../core/moved_contact.ts";
import { flipped, loadCore, outcome, plain, rows } from "./core_vectors.ts";
import { type Element, MismatchError } from "./vector_element.ts";

const vectors = loadCore("move");
const files = vectors.children("files");
const ZEROS = new Uint8Array(32);

type WorkRow = readonly [passes: number, memoryKib: number, lanes: number, salt: string];

function workIn(e: Element): Work {
  const [passes, memoryKib, lanes, salt] = e.values("work") as unknown as WorkRow;
  return { passes, memoryKib, lanes, salt: fromHex(salt) };
}

/** Make the file that Python made. */
async function made(e: Element): Promise<readonly [Bytes, secret: Bytes, Moved]> {
  const [secret, nonce] = [e.data("secret"), e.data("nonce")];
  const moved = await parseMoved(e.data("contents"));
  return [await sealMove(moved, workIn(e), secret, () => nonce), secret, moved];
}

const first = (() => {
  const [e] = files;
  if (e === undefined) throw new MismatchError("no file");
  return made(e);
})();

/** Say why a file is refused, or "ok". */
async function why(data: Bytes, secret: Bytes): Promise<string> {
  try {
    readWork(data);
    await openMove(data, secret);
    return "ok";
  } catch (error) {
    if (!(error instanceof MoveFileError)) throw error;
    return error.why;
  }
}

function resealed(data: Bytes): Bytes {
  const body = data.subarray(0, data.length - 32);
  return concat(body, Digest.sha256(body));
}

type Edit = readonly [what: string, ...args: (number | string)[]];

function edited(data: Bytes, [what, one, other]: Edit): Bytes {
  if (what === "hash") return resealed(data);
  if (what === "cut" && typeof one === "number") return data.slice(0, one);
  if (what === "add" && typeof one === "string") return concat(data, fromHex(one));
  if (what === "xor" && typeof one === "number")
    return copy(flipped(data, (one + data.length) % data.length));
  if (what === "put" && typeof one === "number" && typeof other === "string") {
    const there = fromHex(other);
    return concat(data.subarray(0, one), there, data.subarray(one + there.length));
  }
  throw new MismatchError(`no such edit: ${what}`);
}

describe("the file", () => {
  test("as in Python: the same bytes, and what went in comes out", async () => {
    const shown = vectors.values("shown");
    expect(files.length).toBe(shown.length);
    for (const [i, e] of files.entries()) {
      const [data, secret, moved] = await made(e);
      expect(data.length).toBe(e.number("size"));
      expect(hex(Digest.sha256(data))).toBe(e.text("sha256"));
      expect(readWork(data)).toEqual(workIn(e));
      const opened = await openMove(data, secret);
      expect(opened).toEqual(moved);
      expect(hex(encodeRecord(Moved, opened))).toBe(e.text("contents"));
      expect({ ...(plain(opened) as object), calls: callsOf(opened).length }).toEqual(shown[i]);
      expect((await headOf(opened)).devices.length).toBe(1);
    }
  });

  test("CK-730, CK-731: each change is refused for Python's reason; no change is not", async () => {
    const [data, secret] = await first;
    const seen = new Set<string>();
    type Row = readonly [edits: readonly Edit[], why: string];
    for (const [edits, expected] of rows<Row>(vectors, "refused")) {
      const found = await why(edits.reduce(edited, data), secret);
      expect(found, JSON.stringify(edits)).toBe(expected);
      seen.add(found);
    }
    expect(await why(data, ZEROS)).toBe(vectors.text("wrong_secret"));
    const inside = vectors.child("unpadded");
    const header = headerOf(workIn(files[0] as Element));
    const payload = new Uint8Array(inside.number("room"));
    const nonce = () => new Uint8Array(12);
    const sealed = await wrap(Purpose.MOVE_FILE, inside.data("secret"), payload, nonce, {
      context: header,
    });
    const file = resealed(concat(header, sealed, ZEROS));
    expect(file.length).toBe(SIZES[0]);
    expect(await why(file, inside.data("secret"))).toBe(inside.text("why"));
    seen.add(inside.text("why"));
    expect(seen).toEqual(new Set(["ok", ...Object.values(Why)]));
  });

  test("CK-731: nothing is asked of the hash before the bounds hold", async () => {
    const [data] = await first;
    const work = workOf(data);
    expect(workOf(concat(headerOf(work), new Uint8Array(3)))).toEqual(work);
    for (const asked of [
      { passes: 9 },
      { memoryKib: 2 ** 32 - 1 },
      { lanes: 255 },
      { memoryKib: 7 },
    ]) {
      expect(() => workOf(headerOf({ ...work, ...asked }))).toThrow("CK-730: greedy");
    }
    expect(() => workOf(headerOf(work).slice(0, -1))).toThrow("CK-730: cut");
  });

  test("CK-732: contents hold together or are refused, as in Python", async () => {
    type Row = readonly [contents: string, outcome: string];
    for (const [contents, expected] of rows<Row>(vectors, "contents")) {
      expect(await outcome(() => parseMoved(fromHex(contents)))).toBe(expected);
    }
  });

  test("more than fits is not written", async () => {
    const [, secret, moved] = await first;
    const work = workIn(files[0] as Element);
    const rng = (size: number) => new Uint8Array(size);
    const [contact] = moved.contacts;
    if (contact === undefined) throw new MismatchError("no contact");
    const many = { ...moved, contacts: Array.from({ length: MAX_CONTACTS + 1 }, () => contact) };
    const large = sealMove(many, work, secret, rng);
    await expect(large).rejects.toMatchObject({ code: Code.TOO_LARGE });
    const twice = sealMove({ ...moved, contacts: [contact, contact] }, work, secret, rng);
    await expect(twice).rejects.toBeInstanceOf(MoveFileError);
    const long = sealMove({ ...moved, handle: "h".repeat(129) }, work, secret, rng);
    await expect(long).rejects.toMatchObject({ code: Code.TOO_LARGE });
    expect(() => NAME.decode("h".repeat(129))).toThrow(PeerError);
  });

  test("the key is made of the passphrase as in Python", async () => {
    const salt = vectors.data("salt");
    type Row = readonly [
      phrase: string,
      passes: number,
      memory: number,
      lanes: number,
      key: string,
    ];
    for (const [phrase, passes, memoryKib, lanes, key] of rows<Row>(vectors, "derived")) {
      expect(hex(await derive(phrase, salt, { passes, memoryKib, lanes }))).toBe(key);
    }
  });

  test("calls are packed as in Python", async () => {
    const packed = vectors.child("packed");
    const calls = packed
      .values("calls")
      .flatMap((data) => [...decodePage(fromHex(data as string)).entries.values()]);
    const pages = pagesOf(calls, (size) => new Uint8Array(size));
    expect(pages.map(hex)).toEqual(packed.values("pages"));
  });
});

test("the device list goes on in the next era, as in Python", async () => {
  type Listed = readonly [data: string, version: number, era: number];
  const lists: DeviceList[] = [];
  for (const [data, version, era] of rows<Listed>(vectors, "list_lists")) {
    const list = await UnverifiedDeviceList.parse(fromHex(data)).verify();
    expect([list.version, list.era, eraOf(version)]).toEqual([version, era, era]);
    lists.push(list);
  }
  const at = (place: number): DeviceList => {
    const found = lists[place];
    if (found === undefined) throw new MismatchError("no such list");
    return found;
  };
  const identity = vectors.data("list_private");
  type Step = readonly [from: number, to: number, device: number];
  for (const [from, to] of rows<Step>(vectors, "list_moved")) {
    expect((await signMoved(at(from), identity, at(to).devices)).data).toEqual(at(to).data);
  }
  type Held = readonly [known: number, offered: number, held: number | string];
  for (const [known, offered, held] of rows<Held>(vectors, "list_held")) {
    const accept = () => acceptList(at(known), at(offered));
    if (typeof held === "string") expect(await outcome(accept)).toBe(held);
    else expect(accept()).toBe(at(held));
  }
  const [, , moved] = await first;
  const [someone] = moved.contacts;
  if (someone === undefined) throw new MismatchError("no contact");
  const person = vectors.child("list_person");
  const known = {
    ...someone,
    account: at(0).accountId,
    identity: at(0).identityKey,
    version: person.number("version"),
  };
  expect([hex(known.account), hex(known.identity)]).toEqual([
    person.text("account"),
    person.text("identity"),
  ]);
  expect([person.text("name"), person.text("standing")]).toEqual(["anna.1", "contact"]);
  expect(lists.map((list) => hasMovedWith(known, list))).toEqual(vectors.values("list_has_moved"));
  vectors.finish();
});
