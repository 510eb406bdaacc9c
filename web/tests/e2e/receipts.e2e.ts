/**
 * What two people hold of a call once it is over, in two Chromium: a receipt that both signed, and a
 * recording whose yes is taken back afterwards. The command line tells what each file proves.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { connect, hangUp, pair } from "./pair.ts";
import type { Person } from "./person.ts";
import { openRecordings, saved, type Told, toldOfSaved } from "./recorded.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** For so long is recorded: more than a part. */
const RECORDED_MS = 12_000;

/** What `visavis verify-receipt --json` says of a call. */
type Receipt = Readonly<{
  ok: boolean;
  altered: boolean;
  kind: string;
  members: readonly Readonly<{ shown: string | null }>[];
  /** Unix seconds. */
  at: number | null;
  since: number | null;
  media: string | null;
}>;

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  [anna, bert] = await pair(stage, "chromium", "chromium");
});
after(() => stage.close());

async function talk(): Promise<void> {
  await connect([anna, bert], () => anna.call("voice"), "incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
}

async function askForReceipt(): Promise<void> {
  await anna.press("call.more");
  await anna.press("receipt.title");
  await anna.press("receipt.ask");
  await bert.press("receipt.read");
}

story(stage, "one does not sign, and nothing is kept; both sign, and each holds it", async () => {
  await talk();
  await askForReceipt();
  await bert.press("receipt.no");
  await Promise.all([anna.see("receipt.over.refused"), bert.see("receipt.over.refused")]);
  await askForReceipt();
  await bert.press("receipt.yes");
  await Promise.all([anna.see("receipt.over.complete"), bert.see("receipt.over.complete")]);
  await hangUp(anna, bert);
  for (const one of [anna, bert]) {
    await one.page.goto(stage.origin);
    await one.press("home.calls");
    await one.press("receipts.title");
    await one.see("receipts.lead");
    await one.see("receipt.saveFile");
    // Of what was refused there is nothing.
    assert.equal((await one.page.$$(".card.consent")).length, 1);
  }

  const little = await receipt("little", ["receipt.at"]);
  const age = Date.now() / 1000 - (little.at ?? 0);
  assert.ok(age >= 0 && age < 600, `asked for ${age} seconds ago`);
  assert.deepEqual([little.since, little.media], [null, null]);
  assert.deepEqual(
    little.members.map(({ shown }) => shown),
    [null, null],
  );
  const all = await receipt("all", [
    "receipt.at",
    "receipt.since",
    "receipt.media",
    "receipt.showMe",
  ]);
  assert.equal(all.at, little.at);
  assert.ok(all.since !== null && all.at !== null && all.since <= all.at);
  assert.equal(all.media, "voice");
  assert.equal(all.members.filter(({ shown }) => shown !== null).length, 1);
});

/** Have anna save her receipt with some of it shown, and return what the command line says of it. */
async function receipt(
  folder: string,
  shown: readonly ("receipt.at" | "receipt.since" | "receipt.media" | "receipt.showMe")[],
): Promise<Receipt> {
  await anna.press("receipt.saveFile");
  await anna.see("receipt.choose");
  for (const key of shown) await anna.choose(anna.words(key));
  // The button that opened the sheet has the same words.
  const file = await saved(stage, anna, folder, ".vvcall", async () => {
    await anna.page.locator("[role=dialog] .actions button:last-child").click();
  });
  await anna.miss("receipt.choose");
  const told = (await stage.answer("nobody", "verify-receipt", file)) as unknown as Receipt;
  assert.ok(told.ok && !told.altered, JSON.stringify(told));
  assert.equal(told.kind, "call");
  assert.equal(told.members.length, 2);
  return told;
}

story(stage, "a yes is taken back after the call, and who recorded is told", async () => {
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  await talk();
  await anna.press("call.more");
  await anna.press("askRecord.title");
  await anna.press("kind.audio");
  await anna.type("askRecord.purpose", "For grandma");
  await anna.press("askRecord.submit");
  await bert.read("For grandma");
  await bert.press("kind.audio");
  await bert.press("request.yes");
  await Promise.all([anna.read("You record: "), bert.read(" records: ")]);
  await new Promise((resolve) => setTimeout(resolve, RECORDED_MS));
  await hangUp(anna, bert);

  await toRecordings();
  await anna.see("recordings.play");
  // The positive control: until then both play.
  assert.ok(!(await anna.shown()).includes(anna.words("recordings.silent.withdrawn")));
  const before = await recording("before");
  assert.ok(before.members.every((one) => one.withdrawn === null && one.playable));

  await bert.page.goto(stage.origin);
  await bert.press("home.settings");
  await bert.press("settings.consents");
  await bert.press("consents.withdraw");
  await bert.see("consents.withdrawn");

  // The list is read when it is opened; nothing in it is pressed.
  await until("a yes that is withdrawn, in the list", async () => {
    await toRecordings();
    await anna.see("recordings.file");
    return (await anna.shown()).includes(anna.words("recordings.silent.withdrawn"));
  });
  const later = await recording("later");
  const theirs = later.members.filter(({ withdrawn }) => withdrawn !== null);
  assert.equal(theirs.length, 1, JSON.stringify(later));
  assert.equal(theirs[0]?.playable, false);
  assert.equal(later.members.filter(({ playable }) => playable).length, 1);
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});

async function toRecordings(): Promise<void> {
  await openRecordings(stage, anna);
  await anna.see("recordings.lead");
}

async function recording(folder: string): Promise<Told> {
  const told = await toldOfSaved(stage, anna, folder);
  assert.equal(told.members.length, 2);
  return told;
}
