/**
 * A group from its beginning to somebody's end in it: Anna begins it and asks Bob in, he says yes,
 * both write, she renames it, gives it a picture and removes him. No page complains.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { meet, Person } from "./person.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

/** Larger than a group's picture may be (48 KiB), as photos are, and noisy, so that it stays so. */
async function photo(person: Person): Promise<string> {
  const bytes = await person.page.evaluate(async () => {
    const canvas = new OffscreenCanvas(900, 600);
    const pen = canvas.getContext("2d");
    if (pen === null) throw new Error("no canvas");
    const noise = pen.createImageData(900, 600);
    for (let i = 0; i < noise.data.length; i++)
      noise.data[i] = (i * 7919 + (i >> 3) * 104_729) % 251;
    pen.putImageData(noise, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  assert.ok(bytes.length > 49_152, "it would not go as it is");
  const path = join(person.stage.folder, "group.png");
  writeFileSync(path, Buffer.from(bytes));
  return path;
}

/** Whether the list of conversations shows a picture that this browser could read. */
async function seesPicture(person: Person): Promise<boolean> {
  return person.page.evaluate(() => {
    const picture = document.querySelector<HTMLImageElement>(".person-row img.group-face");
    return (picture?.naturalWidth ?? 0) > 0;
  });
}

story(stage, "Anna begins a group, Bob comes in, and has to go", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bob = await Person.signUp(stage, "firefox", "bob");
  await meet(anna, bob);
  await bob.read("anna");
  const [annas, bobs] = [await anna.handle(), await bob.handle()];
  await anna.page.goto(stage.origin);
  await anna.read(bobs);

  await anna.press("home.add");
  await anna.press("group.new");
  await anna.type("group.name", "Choir");
  await anna.choose(bobs);
  await anna.press("group.begin");
  await anna.see("group.invited", { names: `\u2068${bobs}\u2069` });

  await bob.page.goto(stage.origin);
  await bob.read("1 invitation into a group");
  await bob.page.locator("::-p-text(1 invitation into a group)").click();
  await bob.see("group.asksYou", { who: annas, name: "Choir" });
  await bob.press("group.sayYes");
  await bob.see("group.saidYes", { who: annas, name: "Choir" });
  await anna.see("event.group.memberJoined", { who: bobs });

  await bob.page.goto(stage.origin);
  await bob.openThread("Choir");
  await bob.see("event.group.joined");
  await anna.write("Rehearsal is at eight.");
  await bob.read("Rehearsal is at eight.");
  const by = await bob.page.$eval(".entry-by bdi", (one) => one.textContent);
  assert.equal(by, annas, "it says who said it");
  await bob.write("I will be late.");
  await anna.read("I will be late.");

  await anna.openDetails();
  await anna.press("group.rename");
  await anna.page.locator('[role="dialog"] input').fill("Thursday choir");
  await anna.press("group.renameSubmit");
  await bob.see("event.group.renamed", { who: annas, name: "Thursday choir" });
  await anna.read("Thursday choir");
  assert.equal(await seesPicture(bob), false, "there is none yet");
  const path = await photo(anna);
  const [chooser] = await Promise.all([
    anna.page.waitForFileChooser(),
    anna.press("group.picture"),
  ]);
  await chooser.accept([path]);
  await bob.see("event.group.picture", { who: annas });
  await until("the picture", () => seesPicture(bob));

  await anna.press("group.more", { name: bobs });
  await anna.press("group.remove");
  await anna.see("group.removeText");
  await anna.press("group.remove");
  await bob.see("event.group.removedUs", { who: annas });
  await bob.see("group.removedLead");
  assert.equal(
    await bob.offers("do.send"),
    false,
    "nobody writes into a group that they are out of",
  );
  await anna.read("1 person");
  await anna.press("do.back");
  await anna.see("event.group.memberRemoved", { who: bobs });
  await anna.write("It went without him.");
  await anna.read("It went without him.");
  assert.ok(!(await bob.shown()).includes("without him"), "what is said from then on is not his");

  await anna.openDetails();
  await anna.press("group.leave");
  await anna.see("group.leaveText");
  await anna.page.locator('[role="alertdialog"] ::-p-text(Leave the group)').click();
  await anna.see("group.leftLead");
  assert.deepEqual([...anna.complaints, ...bob.complaints], []);
  await anna.leave();
  await bob.leave();
});
