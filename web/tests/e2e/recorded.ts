/** What people do in a call that is recorded, and with the recording after it. */

import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Person } from "./person.ts";
import { type Stage, until } from "./stage.ts";

/** What `visavis verify-recording --json` says. */
export type Told = Readonly<{
  ok: boolean;
  altered: boolean;
  members: readonly Readonly<{
    granted: readonly string[];
    withdrawn: number | null;
    playable: boolean;
    recorded_ms: number;
  }>[];
}>;

/** Ask for sound and picture. */
export async function ask(person: Person, purpose: string): Promise<void> {
  await person.press("call.more");
  await person.press("askRecord.title");
  await person.press("kind.audio");
  await person.press("kind.video");
  await person.type("askRecord.purpose", purpose);
  await person.press("askRecord.submit");
}

/** Say yes to both. */
export async function agree(person: Person, purpose: string): Promise<void> {
  await person.read(purpose);
  await person.press("kind.audio");
  await person.press("kind.video");
  await person.press("request.yes");
}

/** Say yes, and again if one is asked again because somebody had to come in anew. */
export async function agreeUntilRecorded(person: Person, purpose: string): Promise<void> {
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

/** Tell whether a page says that something is recorded. */
export async function isRecorded(person: Person): Promise<boolean> {
  const shown = await person.shown();
  return shown.includes(" records: ") || shown.includes("You record: ");
}

/** Wait until a player goes on. */
export async function plays(person: Person): Promise<void> {
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

/** Do what saves a file into a folder of its own, and return where it is. */
export async function saved(
  stage: Stage,
  person: Person,
  name: string,
  ending: string,
  save: () => Promise<void>,
): Promise<string> {
  const folder = join(stage.folder, "saved", name);
  mkdirSync(folder, { recursive: true });
  const session = await person.page.createCDPSession();
  const { id } = person.page.browserContext();
  await session.send("Browser.setDownloadBehavior", {
    behavior: "allow",
    downloadPath: folder,
    ...(id && { browserContextId: id }),
  });
  await save();
  return until(`a file that ends in ${ending}`, async () => {
    const found = readdirSync(folder).find((file) => file.endsWith(ending));
    return found && join(folder, found);
  });
}

/** Have somebody save what they recorded, sealed; return what the command line says of it. */
export async function toldOfSaved(stage: Stage, person: Person, name: string): Promise<Told> {
  const file = await saved(stage, person, name, ".vvrec", () => person.press("recordings.file"));
  const told = (await stage.answer("nobody", "verify-recording", file)) as unknown as Told;
  assert.ok(told.ok && !told.altered, JSON.stringify(told));
  return told;
}

/** Open the page of recordings. */
export async function openRecordings(stage: Stage, person: Person): Promise<void> {
  await person.page.goto(stage.origin);
  await person.press("home.settings");
  // The heading above it has the same words.
  await person.page.locator(`::-p-text(${person.words("settings.recordingsHelp")})`).click();
}
