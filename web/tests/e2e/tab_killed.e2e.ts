/**
 * A tab, or a whole browser, dies in a call without a word. The other side is told, and not left
 * waiting; the profile opens again, whole and unlocked, and calls.
 */

import assert from "node:assert/strict";
import { after, before, type TestContext } from "node:test";
import { pair, talk } from "./pair.ts";
import { Person } from "./person.ts";
import { type Setting, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** Seconds: 3 of silence and 30 of trying, and what a busy machine takes. */
const OVER_S = 60;
/** Its profile is on the disk, not in memory. */
const OWN: Setting = { name: "own", kind: "chromium", kept: true };

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  [anna, bert] = await pair(stage, OWN, "chromium");
});
after(() => stage.close());

async function endsFor(person: Person, context: TestContext): Promise<void> {
  const began = performance.now();
  const since = () => ((performance.now() - began) / 1000).toFixed(1);
  await person.see("call.reconnecting");
  const told = since();
  await person.see("ended.lost", {}, OVER_S);
  context.diagnostic(`reconnecting after ${told} s, over after ${since()} s`);
  await person.press("do.done");
}

story(stage, "a tab is killed: the other side is told, and it ends", async (context) => {
  await talk(anna, bert);
  await stage.killTabs(OWN.name);
  await endsFor(bert, context);
  // The same tab loads again: the store is whole, and nothing holds its lock.
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  await anna.write("My tab has died.");
  await bert.read("My tab has died.");
  await talk(anna, bert);
});

story(stage, "a browser is killed: its profile opens again and calls", async (context) => {
  await stage.killBrowser(OWN.name);
  await endsFor(bert, context);
  anna = await Person.arrive(stage, OWN);
  await anna.openThread("bert");
  await anna.read("My tab has died.");
  await talk(anna, bert);
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
  await until("the end", async () => (await bert.flow()).packetsSent === 0);
});
