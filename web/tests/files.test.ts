/** Files: what they are, their names, what is stripped, how they are sealed. As in Python. */

import { createCipheriv, createHash, hkdfSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { type Bytes, concat, copy, fromHex, hex, uint, utf8 } from "../core/bytes.ts";
import {
  extension,
  isRefused,
  REFUSED_EXTENSIONS,
  safeName,
  withExtension,
} from "../core/file_name.ts";
import {
  blobSize,
  CHUNK_BYTES,
  digestOf,
  openFile,
  PLAIN_BYTES,
  SALT_BYTES,
  sealFile,
} from "../core/file_seal.ts";
import { EXTENSIONS, FileType, fileType, MAX_FILE_BYTES } from "../core/file_type.ts";
import { Digest, FileKey } from "../core/ids.ts";
import { Stripped, strip } from "../core/strip.ts";
import { thumbnailOf } from "../core/thumbnail.ts";
import { flipped, loadCore, outcome, rows } from "./core_vectors.ts";
import { MismatchError } from "./vector_element.ts";

const VECTORS = loadCore("files");
const KEY = new FileKey(VECTORS.data("key"));
const SALT = VECTORS.data("salt");

function typeNamed(name: string): FileType {
  const found = Object.values(FileType).find((type) => type === name);
  if (found === undefined) throw new MismatchError("no such type");
  return found;
}

async function typeOf(data: Bytes, name = "file"): Promise<string> {
  let type = "";
  const result = await outcome(() => {
    type = fileType(data, name);
  });
  return result === "ok" ? type : result;
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function strippedShort(data: Bytes, type: FileType): string {
  const { data: clean, stripped } = strip(data, type);
  return `${stripped} ${sha256(clean).slice(0, 16)}`;
}

/** A file of this size, the same one as Python makes. */
function content(size: number): Bytes {
  return Uint8Array.from({ length: size }, (_, n) => (31 * n + (n >> 8)) & 0xff);
}

describe("as in Python", () => {
  test("what files are", async () => {
    for (const [data, expected] of rows<[string, string]>(VECTORS, "types")) {
      expect([data, await typeOf(fromHex(data))]).toEqual([data, expected]);
    }
  });

  test("names", () => {
    for (const row of rows<[string, string, string, boolean]>(VECTORS, "names")) {
      const [name] = row;
      const safe = safeName(name);
      expect([name, safe, extension(safe), isRefused(name)]).toEqual(row);
      expect(safeName(safe)).toBe(safe);
    }
    for (const [name, type, expected] of rows<[string, string, string]>(VECTORS, "saved")) {
      expect(withExtension(name, EXTENSIONS[typeNamed(type)])).toBe(expected);
    }
  });

  test("lists", () => {
    const listed = rows<string[]>(VECTORS, "names").map(([name = ""]) => name);
    for (const ending of REFUSED_EXTENSIONS) expect(listed).toContain(`x.${ending}`);
    const endings = Object.values(FileType).map((type) => [type, ...EXTENSIONS[type]]);
    expect(endings).toEqual(rows(VECTORS, "endings"));
  });

  test.each(VECTORS.children("strips").map((e) => [e.text("name"), e] as const))(
    "stripping %s",
    async (_, e) => {
      const type = typeNamed(e.text("type"));
      const data = e.data("data");
      const { data: clean, stripped } = strip(data, type);
      expect([stripped, hex(clean)]).toEqual([e.text("result"), hex(e.data("clean"))]);
      const damages = rows<[how: string, at: number, stripped: string, type: string]>(e, "damages");
      for (const [how, at, expected, what] of damages) {
        const bad = copy(how === "cut" ? data.subarray(0, at) : data);
        if (how === "flip") bad[at] = (bad[at] ?? 0) ^ 0xff;
        const found = [how, at, strippedShort(bad, type), await typeOf(bad)];
        expect(found).toEqual([how, at, expected, what]);
      }
      e.finish();
    },
  );

  test("thumbnails (CK-300)", () => {
    for (const [data, expected] of rows<[string, string | null]>(VECTORS, "thumbnails")) {
      const found = thumbnailOf(fromHex(data));
      expect(found === undefined ? null : hex(found)).toBe(expected);
    }
    expect(thumbnailOf(null)).toBeUndefined();
  });

  test.each(VECTORS.children("seals").map((e) => [e.number("size"), e] as const))(
    "sealing %i bytes",
    async (size, e) => {
      const data = content(size);
      const blob = await sealFile(data, KEY, () => SALT);
      const digest = await digestOf(data);
      expect(hex(digest)).toBe(e.text("sha256"));
      expect([blob.length, sha256(blob)]).toEqual([e.number("length"), e.text("blob")]);
      expect(hex(await openFile(blob, KEY, digest, size))).toBe(hex(data));
      e.finish();
    },
  );

  test("what does not open (CK-296, CK-297, CK-301)", async () => {
    const size = PLAIN_BYTES + 1;
    const data = content(size);
    const [blob, digest] = [await sealFile(data, KEY, () => SALT), await digestOf(data)];
    for (const row of rows<[change: string, at: number, outcome: string]>(VECTORS, "opens")) {
      const [change, at] = row;
      let [bad, key, said, told] = [blob, KEY, digest, size];
      const start = SALT_BYTES + at * CHUNK_BYTES;
      const [middle, end] = [start + CHUNK_BYTES, start + 2 * CHUNK_BYTES];
      if (change === "flip") bad = flipped(blob, at);
      if (change === "cut") bad = blob.slice(0, at);
      if (change === "more") bad = concat(blob, new Uint8Array(at));
      if (change === "swap") {
        const [one, other] = [blob.slice(start, middle), blob.slice(middle, end)];
        bad = concat(blob.slice(0, start), other, one, blob.slice(end));
      }
      if (change === "size") told = at;
      if (change === "key") key = new FileKey(flipped(KEY, at));
      if (change === "digest") said = new Digest(flipped(digest, at));
      expect([change, at, await outcome(() => openFile(bad, key, said, told))]).toEqual(row);
    }
  });

  test("every element was read", () => VECTORS.finish());
});

/** Seal as a hostile contact would, who says what he likes: an implementation of its own. */
function sealByHand(data: Bytes, digest: Uint8Array, size: number, count = 4): Bytes {
  const label = utf8("visavis file v1\0");
  const salt = new Uint8Array(28);
  const key = hkdfSync("sha384", KEY, salt, concat(label, digest, uint(size, 8)), 32);
  const padded = new Uint8Array(count * 65_520);
  padded.set(data.subarray(0, padded.length));
  const parts: Uint8Array[] = [salt];
  for (let n = 0; n < count; n++) {
    const cipher = createCipheriv("aes-256-gcm", new Uint8Array(key), uint(n, 12));
    cipher.setAAD(concat(label, uint(n, 4), uint(count, 4)));
    const sealed = cipher.update(padded.subarray(n * 65_520, (n + 1) * 65_520));
    parts.push(sealed, cipher.final(), cipher.getAuthTag());
  }
  return concat(...parts);
}

describe("a hostile sender", () => {
  const file = content(76_800);

  test("whoever has the key may seal anything; it must still be what it said", async () => {
    const digest = await digestOf(file);
    const honest = sealByHand(file, digest, file.length);
    expect(hex(await openFile(honest, KEY, digest, file.length))).toBe(hex(file));
    const wrong = new Digest(new Uint8Array(32));
    const other = sealByHand(file, wrong, file.length);
    expect(await outcome(() => openFile(other, KEY, wrong, file.length))).toBe("decryption CK-299");
    for (const gap of [0, 100_000]) {
      const longer = concat(file, new Uint8Array(gap), utf8("x"));
      const blob = sealByHand(longer, digest, file.length);
      expect(await outcome(() => openFile(blob, KEY, digest, file.length))).toBe(
        "decryption CK-298",
      );
    }
  });

  test("the first chunks of a longer file are no whole one", async () => {
    const digest = await digestOf(file);
    const blob = sealByHand(file, digest, file.length, 16).slice(0, blobSize(file.length));
    expect(await outcome(() => openFile(blob, KEY, digest, file.length))).toBe("decryption CK-297");
  });
});

describe("the bounds", () => {
  const rng = (size: number) => crypto.getRandomValues(new Uint8Array(size));

  test("25 MB pass, one byte more does not", async () => {
    const data = new Uint8Array(MAX_FILE_BYTES);
    const told: number[] = [];
    const onProgress = (done: number) => told.push(done);
    const blob = await sealFile(data, KEY, rng, { onProgress });
    expect(blob.length).toBe(25 * 1024 * 1024 + 28);
    expect(told).toHaveLength(400);
    expect(told.at(-1)).toBe(MAX_FILE_BYTES);
    const opened = await openFile(blob, KEY, await digestOf(data), data.length);
    expect(opened.length).toBe(MAX_FILE_BYTES);
    const more = new Uint8Array(MAX_FILE_BYTES + 1);
    expect(await outcome(() => sealFile(more, KEY, rng))).toBe("too_large CK-301");
    expect(await outcome(() => sealFile(new Uint8Array(), KEY, rng))).toBe("too_large CK-301");
  });

  test("the same file twice is unrelated", async () => {
    const data = content(100);
    const [one, other] = [await sealFile(data, KEY, rng), await sealFile(data, KEY, rng)];
    for (let n = 0; n < 4; n++) {
      const [start, end] = [SALT_BYTES + n * CHUNK_BYTES, SALT_BYTES + (n + 1) * CHUNK_BYTES];
      expect(hex(one.slice(start, end))).not.toBe(hex(other.slice(start, end)));
    }
  });

  test("work that is given up ends, and nothing is handed out", async () => {
    const signal = AbortSignal.abort(new Error("given up"));
    await expect(sealFile(content(9), KEY, rng, { signal })).rejects.toThrow("given up");
  });
});

test("a planted place is in the photo before, and not after", () => {
  const photo = VECTORS.children("strips").find((e) => e.text("name") === "jpeg-photo");
  const data = photo?.data("data") ?? new Uint8Array();
  const place = "52.520008,13.404954";
  expect(Buffer.from(data).includes(place)).toBe(true);
  const { data: clean, stripped } = strip(data, FileType.JPEG);
  expect(stripped).toBe(Stripped.ALL);
  expect(Buffer.from(clean).includes(place)).toBe(false);
});
