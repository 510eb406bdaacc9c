/**
 * A guest by a call link: Anna makes one in her group's page, Dana opens it in a browser in which nobody
 * ever signed up, is let in by Anna, both see and hear each other, and nothing of Dana stays.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Person } from "./person.ts";
import { Stage } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

/** What the browser keeps for our pages. */
async function kept(person: Person): Promise<string[]> {
  return person.page.evaluate(async () => {
    const databases = await indexedDB.databases();
    return [...databases.map(({ name }) => name ?? ""), ...Object.keys(localStorage)];
  });
}

async function asks(person: Person, name: string): Promise<void> {
  await person.see("guest.title");
  await person.type("guest.name", name);
  await person.press("preview.turnOn");
  await person.press("guest.ask");
}

story(stage, "a link brings a guest in", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const annas = await anna.handle();
  await anna.press("home.add");
  await anna.press("group.new");
  await anna.type("group.name", "Consultation");
  await anna.press("group.begin");
  await anna.openDetails();
  await anna.press("link.open");
  await anna.press("link.make");
  await anna.press("link.copy");
  const link = await anna.copied();
  assert.ok(link.startsWith(`${stage.origin}/#call=`), "its secret is in the fragment");

  const dana = await Person.arrive(stage, "chromium", link);
  await dana.see("guest.title");
  assert.equal(await dana.page.evaluate(() => location.href), `${stage.origin}/`);
  await asks(dana, "Dana");
  await dana.see("guest.nobody");

  await anna.page.keyboard.press("Escape");
  await anna.press("do.back");
  await anna.call("video");
  await anna.see("groupCall.knocks", { name: "Dana" });
  await dana.see("guest.waiting");
  const { packetsSent } = await dana.flow();
  assert.equal(packetsSent, 0, "until they are let in nobody sees or hears them");
  await anna.press("groupCall.admit");
  await Promise.all([anna.seesAndHears(), dana.seesAndHears()]);
  await anna.press("groupCall.hearCount", { count: "2" });
  await anna.see("groupCall.guest");
  await dana.read(annas);

  await dana.press("groupCall.leave");
  await dana.see("groupEnded.left");
  await anna.see("groupCall.hearCount", { count: "1" });
  assert.ok(await dana.hearsNothing(1));
  assert.deepEqual(await kept(dana), [], "nothing is kept in the guest's browser");

  // It was a link for one; opened in a page of ours that is there already.
  const second = await Person.arrive(stage, "chromium");
  await second.see("welcome.join");
  await second.page.goto(link);
  await second.see("guest.title");
  assert.equal(await second.page.evaluate(() => location.href), `${stage.origin}/`);
  await asks(second, "Eve");
  await second.see("groupEnded.closed");
  assert.deepEqual(
    [anna, dana, second].flatMap(({ complaints }) => complaints),
    [],
  );
});
