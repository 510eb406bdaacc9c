/** Files between browsers, and between browsers and Python; what a hostile side gets. */

import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { systemRng } from "../../client/books.ts";
import type { Client, Contact, FileProgress, Message } from "../../client/client.ts";
import { openFile, prepareFile } from "../../client/files.ts";
import { entryOf, History, MessageKind } from "../../client/history.ts";
import { AnonymousApi } from "../../client/transport/anonymous.ts";
import { Http } from "../../client/transport/http.ts";
import { type Bytes, concat, hex, utf8 } from "../../core/bytes.ts";
import type { MessageFile } from "../../core/content_inner.ts";
import { digestOf, sealFile } from "../../core/file_seal.ts";
import { FileType, MAX_FILE_BYTES } from "../../core/file_type.ts";
import { AccountId, BlobId, Digest, FileKey, MessageId, random } from "../../core/ids.ts";
import { loadCore } from "../core_vectors.ts";
import { drops, People } from "./live_people.ts";
import { MemoryStore } from "./memory_store.ts";
import { startServer, type TestServer } from "./server.ts";

const FIXTURES = new Map(
  loadCore("files")
    .children("strips")
    .map((e) => [e.text("name"), e]),
);
const PHOTO = FIXTURES.get("jpeg-photo")?.data("data") ?? new Uint8Array();
const CLEAN = FIXTURES.get("jpeg-photo")?.data("clean") ?? new Uint8Array();
const SMALL = FIXTURES.get("jpeg-oriented")?.data("data") ?? new Uint8Array();
const PLACE = "52.520008,13.404954";

function has(data: Bytes, text: string): boolean {
  return Buffer.from(data).includes(text);
}

async function bytesOf(file: Blob): Promise<Bytes> {
  return new Uint8Array(await file.arrayBuffer());
}

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

test("the fixture has the place in it, and what is sent has not", async () => {
  expect(has(PHOTO, PLACE)).toBe(true);
  const prepared = await prepareFile(new Blob([PHOTO]), "../\u202ephoto.jpg");
  expect(prepared).toMatchObject({ name: "photo.jpg", type: "image/jpeg", stripped: "all" });
  expect(has(prepared.data, PLACE)).toBe(false);
  const paper = await prepareFile(new Blob(["%PDF-1.7"]), "a.pdf");
  expect(paper.stripped).toBe("not_possible");
});

describe("at a real server", () => {
  let server: TestServer;
  let people: People;

  beforeAll(async () => {
    server = await startServer();
    people = new People(server);
  });
  afterEach(() => people.close());
  afterAll(() => server.stop());

  async function only(client: Client, contact: Contact): Promise<Message> {
    await client.sync();
    const [message, ...more] = client.history(contact);
    if (message === undefined || more.length > 0) throw new Error("not one message");
    return message;
  }

  test("a photo from browser to browser, and after reopening the profile", async () => {
    const [anna, bob] = [await people.signUp("anna"), await people.signUp("bob")];
    const atBob = await people.befriend(anna, bob);
    const told: FileProgress[] = [];
    const sent = await bob.sendFile(atBob, new Blob([PHOTO]), "IMG_1.jpg", {
      thumbnail: SMALL,
      onProgress: (progress) => told.push(progress),
    });
    expect(sent).toMatchObject({ kind: MessageKind.FILE, text: "IMG_1.jpg", outgoing: true });
    expect(told.map(({ step }) => step)).toEqual([...Array(4).fill("sealing"), "sending"]);
    expect(told[3]).toEqual({ step: "sealing", done: CLEAN.length, total: CLEAN.length });
    const message = await only(anna, anna.findContact("bob"));
    expect(message).toEqual({ ...sent, contact: bob.account, outgoing: false });
    expect(message.file).toMatchObject({ mediaType: "image/jpeg", size: CLEAN.length });
    expect(hex(message.file?.thumbnail ?? new Uint8Array())).toBe(hex(SMALL));
    const steps = new Set<string>();
    const file = await anna.openFile(message, { onProgress: ({ step }) => steps.add(step) });
    expect([...steps]).toEqual(["fetching", "opening"]);
    expect([file.name, file.type]).toEqual(["IMG_1.jpg", "image/jpeg"]);
    expect(hex(await bytesOf(file))).toBe(hex(CLEAN));
    expect(hex(await bytesOf(await bob.openFile(sent)))).toBe(hex(CLEAN));
    await people.close(anna);
    const again = await people.open("anna");
    expect(again.history(again.findContact("bob"))).toEqual([message]);
    expect([drops(again), drops(bob)]).toEqual([[], []]);
  });

  test("between a browser and Python, both ways, up to 25 MB", async () => {
    const anna = await people.signUp("ariel");
    await server.signup("boris");
    const link = await anna.createInvite();
    await server.ask("accept", { who: "boris", link });
    await anna.sync();
    const boris = anna.findContact("boris");
    await anna.sendFile(boris, new Blob([PHOTO]), "from a browser.jpg");
    type Opened = Readonly<{ name: string; type: string; data: string; sha256: string }>;
    const open = () => server.ask<Opened>("open_file", { who: "boris", contact: "ariel" });
    expect(await open()).toMatchObject({
      ...{ name: "from a browser.jpg", type: "image/jpeg", data: hex(CLEAN) },
    });
    const given = { who: "boris", contact: "ariel", name: "from Python.jpg", data: hex(PHOTO) };
    await server.ask("send_file", given);
    await anna.sync();
    const came = anna.history(boris).find(({ outgoing }) => !outgoing);
    if (came === undefined) throw new Error("nothing came");
    const file = await anna.openFile(came);
    expect([file.name, hex(await bytesOf(file))]).toEqual(["from Python.jpg", hex(CLEAN)]);

    const large = new Uint8Array(MAX_FILE_BYTES);
    for (let at = 0; at < large.length; at += 65_536) {
      crypto.getRandomValues(large.subarray(at, at + 65_536));
    }
    large.fill(0, 0, 16); // by chance it would begin like a page or a program now and then
    const sent = await anna.sendFile(boris, new Blob([large]), "large");
    expect((await open()).sha256).toBe(sha256(large));
    expect(sha256(await bytesOf(await anna.openFile(sent)))).toBe(sha256(large));
    const larger = new Blob([large, "x"]);
    await expect(anna.sendFile(boris, larger, "a")).rejects.toMatchObject({ code: "too_large" });
    await expect(anna.sendFile(boris, new Blob(), "a")).rejects.toMatchObject({
      code: "too_large",
    });
  });

  test("programs are refused, and what is given up is not sent", async () => {
    const [anna, bob] = [await people.signUp("amy"), await people.signUp("bill")];
    const atBob = await people.befriend(anna, bob);
    for (const [name, text] of [
      ["a.txt", "#!/bin/sh\n"],
      ["a.jpg.exe", "hello"],
      ["a.png", "<svg/>"],
    ] as const) {
      const refused = bob.sendFile(atBob, new Blob([text]), name);
      await expect(refused).rejects.toMatchObject({ code: "unsafe_file" });
    }
    const signal = AbortSignal.abort(new Error("given up"));
    const given = bob.sendFile(atBob, new Blob(["hello"]), "a.txt", { signal });
    await expect(given).rejects.toThrow("given up");
    // Also in the middle of it, when a browser is already sending.
    const stop = new AbortController();
    const stopped = bob.sendFile(atBob, new Blob(["hello"]), "a.txt", {
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === "sending") stop.abort(new Error("stopped"));
      },
    });
    await expect(stopped).rejects.toThrow("stopped");
    expect(bob.history(atBob)).toEqual([]);
  });
});

// A hostile contact has the keys of an honest one, and says what it likes.

const KEY = random(FileKey, systemRng);

async function said(data: Bytes, more: Partial<MessageFile> = {}): Promise<MessageFile> {
  return {
    kind: "message.file",
    id: random(MessageId, systemRng),
    at: 1_800_000_000,
    name: "a.txt",
    mediaType: FileType.TEXT,
    size: data.length,
    sha256: await digestOf(data),
    key: KEY,
    blob: new BlobId(new Uint8Array(16)),
    thumbnail: null,
    ...more,
  };
}

const CONTACT = new AccountId(new Uint8Array(16));

async function opening(blob: Bytes, file: MessageFile): Promise<File> {
  const answer = async () => new Response(blob);
  const anonymous = new AnonymousApi(new Http("https://a.example", undefined, { fetch: answer }));
  return await openFile({ anonymous }, entryOf(CONTACT, file, { outgoing: false }));
}

describe("a hostile contact", () => {
  test("the control: an honest file opens this way", async () => {
    const data = utf8("hello");
    const file = await opening(await sealFile(data, KEY, systemRng), await said(data));
    expect([file.name, file.type, await file.text()]).toEqual(["a.txt", "text/plain", "hello"]);
  });

  test.each([
    ["\x7fELF\x02\x01\x01", { name: "photo.jpg", mediaType: FileType.JPEG }],
    ["hello", { name: "photo.jpg.exe" }],
    ["<html>", {}],
    ["<?xml version='1.0'?><svg xmlns='x' onload='y'/>", { mediaType: FileType.PNG }],
  ])("a program is not handed out: %j %j (CK-295)", async (text, more) => {
    const data = utf8(text);
    const opened = opening(await sealFile(data, KEY, systemRng), await said(data, more));
    await expect(opened).rejects.toMatchObject({ code: "unsafe_file" });
  });

  test.each([
    { sha256: new Digest(new Uint8Array(32)) },
    { size: 6 },
    { size: 4 },
    { size: 300_000 },
    { key: new FileKey(new Uint8Array(32)) },
  ])("lies give nothing: %j", async (more) => {
    const data = utf8("hello");
    const opened = opening(await sealFile(data, KEY, systemRng), await said(data, more));
    await expect(opened).rejects.toMatchObject({ code: "decryption" });
  });

  test.each([
    ["../../../etc/passwd", "passwd"],
    ["C:\\Windows\\x.txt", "x.txt"],
    ["CON.txt", "_CON.txt"],
    ["..", "file"],
  ])("a name chooses no folder: %j", async (name, shown) => {
    const data = utf8("hello");
    const file = await said(data, { name });
    expect(entryOf(CONTACT, file, { outgoing: false }).text).toBe(shown);
    expect((await opening(await sealFile(data, KEY, systemRng), file)).name).toBe(shown);
  });

  test("a type is what the content says", async () => {
    const file = await said(CLEAN, { name: "a.pdf", mediaType: FileType.PDF });
    const opened = await opening(await sealFile(CLEAN, KEY, systemRng), file);
    expect([opened.name, opened.type]).toEqual(["a.pdf.jpg", "image/jpeg"]);
  });

  test("a thumbnail that is none is left out, and the rest is kept (CK-300)", async () => {
    const store = new MemoryStore();
    const history = new History();
    const bad = [utf8("<svg/>"), concat(SMALL, new Uint8Array(16_384)), SMALL.slice(0, 30)];
    for (const thumbnail of [...bad, SMALL]) {
      const file = await said(utf8("hello"), { thumbnail });
      const message = entryOf(CONTACT, file, { outgoing: false });
      await store.transaction((unit) => {
        history.add(unit, message, file.id, 1);
      });
    }
    const kept = history.messages(store, CONTACT).map(({ file }) => file?.thumbnail);
    expect(kept.filter((thumbnail) => thumbnail === null)).toHaveLength(3);
    expect(kept.filter((thumbnail) => thumbnail !== null)).toEqual([SMALL]);
  });
});

describe("a hostile server", () => {
  test("swapped, cut and made-up blobs give nothing", async () => {
    const data = utf8("hello");
    const [honest, file] = [await sealFile(data, KEY, systemRng), await said(data)];
    const [salt, one] = [honest.slice(0, 28), honest.slice(28, 65_564)];
    const swapped = concat(salt, honest.slice(65_564, 131_100), one, honest.slice(131_100));
    for (const bad of [new Uint8Array(), honest.slice(1), swapped]) {
      await expect(opening(bad, file)).rejects.toMatchObject({ code: "decryption" });
    }
  });

  test("no more is read than the file asks (CK-556)", async () => {
    const data = utf8("hello");
    const blob = concat(await sealFile(data, KEY, systemRng), new Uint8Array(1));
    const opened = opening(blob, await said(data));
    await expect(opened).rejects.toMatchObject({ code: "too_large" });
  });

  test("what it does not have any more has expired", async () => {
    const gone = async () => Response.json({ code: "refused" }, { status: 404 });
    const http = new Http("https://a.example", undefined, { fetch: gone });
    const message = entryOf(CONTACT, await said(utf8("hello")), { outgoing: false });
    const opened = openFile({ anonymous: new AnonymousApi(http) }, message);
    await expect(opened).rejects.toMatchObject({ code: "expired" });
  });
});
