/**
 * Two people sign up, meet, write and send a photo: all that needs no call, so it runs on any machine
 * that has the browsers. No page complains, and the content security policy refuses nothing.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { meet, Person } from "./person.ts";
import { type Kind, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

/** Where it was taken, as a camera writes it; no byte of it may arrive. */
const PLACE = Buffer.from("GPS 52.5163 N 13.3777 E", "ascii");

/** What the page of whoever opens a file makes of it. */
type Opened = { opened: Blob[] };

/** Take a picture in the page, and put into it what a telephone's camera puts: EXIF with a place. */
async function photo(person: Person): Promise<string> {
  const plain = await person.page.evaluate(async () => {
    const canvas = new OffscreenCanvas(320, 200);
    const pen = canvas.getContext("2d");
    if (pen === null) throw new Error("no canvas");
    pen.fillStyle = "teal";
    pen.fillRect(0, 0, 320, 200);
    const blob = await canvas.convertToBlob({ type: "image/jpeg" });
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  // TIFF 6.0 in an APP1 segment: one directory with one entry (ImageDescription, ASCII).
  const tiff = Buffer.alloc(26);
  tiff.write("MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02", "latin1");
  tiff.writeUInt32BE(PLACE.length, 14);
  tiff.writeUInt32BE(26, 18);
  const body = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff, PLACE]);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, body.length + 2]);
  const path = join(person.stage.folder, "photo.jpg");
  writeFileSync(path, Buffer.concat([head, body, Buffer.from(plain.slice(2))]));
  return path;
}

/** Open the file in the conversation, and return its bytes as the page has them. */
async function open(person: Person, name: string): Promise<Buffer> {
  await person.page.evaluate(() => {
    const kept: Opened = { opened: [] };
    Object.assign(globalThis, kept);
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      if (blob instanceof Blob) kept.opened.push(blob);
      return make(blob);
    };
  });
  const row = await until(name, async () => (await person.page.$(".file-row")) ?? undefined);
  await row.click();
  await until("the picture", async () => (await person.page.$(".file-large")) !== null);
  const bytes = await person.page.evaluate(async () => {
    const { opened } = globalThis as unknown as Opened;
    const last = opened.at(-1);
    return last && [...new Uint8Array(await last.arrayBuffer())];
  });
  assert.ok(bytes, "the page made something of the file");
  return Buffer.from(bytes);
}

const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ["chromium", "firefox"],
  ["firefox", "chromium"],
];

for (const [one, other] of PAIRS) {
  story(stage, `${one} writes to ${other}, and sends a photo without its place`, async () => {
    const anna = await Person.signUp(stage, one, "anna");
    const bert = await Person.signUp(stage, other, "bert");
    await meet(anna, bert);
    await bert.read("anna");
    await anna.page.goto(stage.origin);
    await anna.openThread("bert");
    await anna.write("Look where I was!");
    await bert.read("Look where I was!");
    await bert.write("Where?");
    await anna.read("Where?");

    const path = await photo(anna);
    const [chooser] = await Promise.all([
      anna.page.waitForFileChooser(),
      anna.press("file.attach"),
    ]);
    await chooser.accept([path]);
    await bert.read("photo.jpg");
    const bytes = await open(bert, "photo.jpg");
    assert.deepEqual([...bytes.subarray(0, 2)], [0xff, 0xd8], "it is the picture");
    assert.equal(bytes.indexOf(PLACE), -1, "without the place");
    assert.equal(bytes.indexOf("Exif"), -1, "and without what stood around it");
    assert.deepEqual([...anna.complaints, ...bert.complaints], []);
    await anna.leave();
    await bert.leave();
  });
}
