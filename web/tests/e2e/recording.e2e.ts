/**
 * Recording with everybody's yes, in two Chromium and one Firefox: one refuses, and nothing is recorded;
 * all agree, the red bar stands in every page and the file plays; one takes it back, it ends for all,
 * and nobody plays that person's part any more. The command line tells the story of the file.
 */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { answer, choir, hearing } from "./choir.ts";
import { Person } from "./person.ts";
import { SMALL_FIREFOX, useSmallCamera } from "./small_camera.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

/** A yes that is taken back counts for those online within this; looked at from outside, with room. */
const AT_ONCE_S = 5;
/** For so long is recorded: more than a part. */
const RECORDED_MS = 12_000;

/** What `visavis verify-recording --json` says. */
type Told = Readonly<{
  ok: boolean;
  altered: boolean;
  members: readonly Readonly<{
    granted: readonly string[];
    withdrawn: number | null;
    playable: boolean;
    recorded_ms: number;
  }>[];
}>;

const stage = new Stage();
before(() => {
  useSmallCamera(stage);
  return stage.startServer();
});
after(() => stage.close());

async function ask(person: Person, purpose: string): Promise<void> {
  await person.press("call.more");
  await person.press("askRecord.title");
  await person.press("kind.audio");
  await person.press("kind.video");
  await person.type("askRecord.purpose", purpose);
  await person.press("askRecord.submit");
}

async function agree(person: Person, purpose: string): Promise<void> {
  await person.read(purpose);
  await person.press("kind.audio");
  await person.press("kind.video");
  await person.press("request.yes");
}

/** Say yes, and again if one is asked again because somebody had to come in anew. */
async function agreeUntilRecorded(person: Person, purpose: string): Promise<void> {
  await agree(person, purpose);
  let asked = 0;
  for (let looks = 0; looks < 240 && !(await isRecorded(person)); looks++) {
    // A question that was just answered stands there for a moment still.
    asked = (await person.offers("request.yes")) ? asked + 1 : 0;
    if (asked === 8) await agree(person, purpose);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.ok(await isRecorded(person), "it is recorded");
}

story(stage, "one refuses, all agree, one takes it back", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  const fine = await Person.signUp(stage, SMALL_FIREFOX, "fine");
  const pages = [anna, bert, fine];
  await choir(anna, [bert, fine]);
  await anna.call("video");
  await hearing(anna, 1);
  for (const [i, one] of [bert, fine].entries()) {
    await answer(one);
    await hearing(one, i + 2);
  }
  await Promise.all(pages.map((one) => one.seesAndHearsAll(2)));

  // One refuses: nothing is recorded, and the call goes on.
  await ask(anna, "For the minutes");
  await agree(bert, "For the minutes");
  await fine.read("For the minutes");
  await fine.press("request.no");
  // Whoever had said yes is offered to take it back until it is over; nothing was ever recorded.
  await Promise.all(pages.map((one) => one.miss("recorded.withdraw", undefined, 20)));
  for (const one of pages) assert.ok(!(await isRecorded(one)), "nothing is recorded");
  await Promise.all(pages.map((one) => one.seesAndHearsAll(2)));

  // All agree: it is shown to everybody.
  await ask(anna, "For grandma");
  await Promise.all([bert, fine].map((one) => agreeUntilRecorded(one, "For grandma")));
  await anna.read("You record: ");
  await new Promise((resolve) => setTimeout(resolve, RECORDED_MS));

  // One takes it back: it ends for all.
  await fine.press("recorded.withdraw");
  await Promise.all(
    pages.map(async (one) => {
      await one.miss("recorded.withdraw", undefined, AT_ONCE_S);
      await one.miss("recorded.stop", undefined, AT_ONCE_S);
    }),
  );
  await Promise.all(pages.map((one) => one.seesAndHearsAll(2)));
  for (const one of pages) await one.press("groupCall.leave");

  // Whoever recorded plays the others, and not who took it back.
  await anna.page.goto(stage.origin);
  await anna.press("home.settings");
  // The heading above it has the same words.
  await anna.page.locator(`::-p-text(${anna.words("settings.recordingsHelp")})`).click();
  await anna.see("recordings.silent.withdrawn");
  await anna.press("recordings.play");
  await anna.see("recordings.position");
  await anna.press("recordings.play");
  await plays(anna);
  const file = await saved(anna, "recordings.file");
  const told = (await stage.answer("nobody", "verify-recording", file)) as unknown as Told;
  assert.ok(told.ok && !told.altered, JSON.stringify(told));
  assert.equal(told.members.length, 3);
  assert.equal(told.members.filter(({ withdrawn }) => withdrawn !== null).length, 1);
  assert.equal(told.members.filter(({ playable }) => playable).length, 2);
  for (const { recorded_ms: ms } of told.members) assert.ok(ms > RECORDED_MS, JSON.stringify(told));

  // Who took it back finds that under their consents, with a receipt.
  await fine.page.goto(stage.origin);
  await fine.press("home.settings");
  await fine.press("settings.consents");
  await fine.see("consents.withdrawn");
  await fine.see("consents.refused");
  assert.deepEqual(
    pages.flatMap(({ complaints }) => complaints),
    [],
  );
});

async function isRecorded(person: Person): Promise<boolean> {
  const shown = await person.shown();
  return shown.includes(" records: ") || shown.includes("You record: ");
}

/** Wait until a player goes on. */
async function plays(person: Person): Promise<void> {
  const at = () =>
    person.page.evaluate(() =>
      [...document.querySelectorAll("video, audio")].map(
        (one) => (one as HTMLMediaElement).currentTime,
      ),
    );
  const first = await at();
  for (let looks = 0; looks < 60; looks++) {
    const now = await at();
    if (now.some((time, i) => time > (first[i] ?? 0) + 1)) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.fail(`nothing plays: ${await at()}`);
}

/** Press what saves a file, and return where it is. */
async function saved(person: Person, key: "recordings.file"): Promise<string> {
  const folder = join(stage.folder, "saved");
  mkdirSync(folder, { recursive: true });
  const session = await person.page.createCDPSession();
  const { id } = person.page.browserContext();
  const where = {
    behavior: "allow",
    downloadPath: folder,
    ...(id && { browserContextId: id }),
  } as const;
  await session.send("Browser.setDownloadBehavior", where);
  await person.press(key);
  for (let looks = 0; looks < 120; looks++) {
    const found = readdirSync(folder).find((name) => name.endsWith(".vvrec"));
    if (found !== undefined) return join(folder, found);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return assert.fail("no file was saved");
}
