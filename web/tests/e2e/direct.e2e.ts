/**
 * The direct path in browsers on two hosts: only if both people allow it, without the relay then, and
 * back over the relay when one takes it back. What an end learns of the other's addresses is asked of
 * the browser, which counts the candidates it was given.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { Host } from "./host.ts";
import { hangUp, pair, talk } from "./pair.ts";
import type { Person } from "./person.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** As long as a relayed call is watched: a direct path came within two seconds where it may. */
const WATCHED_MS = 8000;

const stage = new Stage();
let host: Host;
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  host = await Host.make(stage);
  [anna, bert] = await pair(
    stage,
    { name: "apart", kind: "chromium", program: host.chromium },
    "chromium",
  );
});
after(async () => {
  await stage.close();
  await host?.close();
});

/** The kinds of the candidates that this browser was given by the other, each once. */
async function given(person: Person): Promise<readonly string[]> {
  return [...new Set((await person.flow()).given)].toSorted();
}

/** From the open conversation or a call: allow the other the direct path, or no more. */
async function allow(person: Person, name: string, wanted: boolean): Promise<void> {
  await person.openDetails();
  await person.press("rules.direct");
  const label = person.words("rules.direct");
  await until(`${label}: ${wanted}`, () =>
    person.page.evaluate(
      (text, is) =>
        [...document.querySelectorAll("label")].some(
          (one) => one.innerText.startsWith(text) && one.querySelector("input")?.checked === is,
        ),
      label,
      wanted,
    ),
  );
  await person.page.goBack();
  await person.read(name);
}

story(stage, "if one allows it, the call stays on the relay", async () => {
  await allow(anna, "bert", true);
  await talk(anna, bert);
  await elapsed(WATCHED_MS);
  for (const person of [anna, bert]) {
    await person.see("call.path.relayed");
    assert.deepEqual(await given(person), ["relay"], "no address of the other");
  }
  await hangUp(anna, bert);
});

story(stage, "if both allow it, the call goes on without the relay", async () => {
  await allow(bert, "anna", true);
  await talk(anna, bert);
  await Promise.all([anna.see("call.path.direct"), bert.see("call.path.direct")]);
  for (const person of [anna, bert]) assert.ok((await given(person)).includes("host"));
  process.kill(stage.relayPid, "SIGSTOP");
  try {
    // Longer than the silence after which a call on a dead path counts as lost.
    await elapsed(WATCHED_MS);
    await Promise.all([anna.seesAndHears(60), bert.seesAndHears(60)]);
    assert.ok(await anna.offers("call.hangUp"));
    await anna.see("call.path.direct");
  } finally {
    process.kill(stage.relayPid, "SIGCONT");
  }
});

story(stage, "taken back in the call, it goes over the relay again", async () => {
  await bert.press("call.more");
  await bert.press("call.chat");
  await allow(bert, "anna", false);
  await bert.press("call.back");
  await Promise.all([anna.see("call.path.relayed"), bert.see("call.path.relayed")]);
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  for (const person of [anna, bert]) {
    assert.deepEqual(await given(person), ["relay"], "the transport that stands knows no other");
  }
  await hangUp(anna, bert);
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);
});
