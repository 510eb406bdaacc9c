/**
 * A server and a contact that mean harm: the page says what is wrong in plain words, nothing leaves
 * unencrypted, nothing that was there is lost, and it goes on once they behave.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type Carried, garbled, HostileProxy } from "../hostile_proxy.ts";
import { meet, Person } from "./person.ts";
import { PASSWORD, PORT, Stage, until } from "./stage.ts";

const BEHIND = PORT + 1000;
const ROOT = join(import.meta.dirname, "../../..");
const PICTURES = join(ROOT, "build/hostile");

const stage = new Stage({ behind: BEHIND });
let proxy: HostileProxy;
/** Programs that were started: one that outlived its story would keep this one from ending. */
const started: ChildProcess[] = [];

before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  proxy = await HostileProxy.start(PORT, BEHIND);
  await stage.startServer();
});
after(async () => {
  for (const process of started) process.kill();
  await stage.close();
  await proxy.close();
});

/** Open a screen without loading the page anew, as a link inside it would. */
async function open(person: Person, at: string): Promise<void> {
  await person.page.evaluate((at) => {
    history.pushState({ route: { at }, depth: 1 }, "");
    dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
  }, at);
}

/** How often some words stand on the page. */
async function count(person: Person, words: string): Promise<number> {
  return person.page.evaluate((words) => document.body.innerText.split(words).length - 1, words);
}

async function back(person: Person): Promise<void> {
  await person.page.evaluate(() => history.back());
}

/** Nothing of media ever left, whatever stood. */
async function assertNothingSent(...people: Person[]): Promise<void> {
  for (const person of people) {
    const { packetsSent, decoded } = await person.flow();
    assert.deepEqual([packetsSent, decoded], [0, 0], "no packet left, no picture came");
  }
}

/** A call that the server spoils once it was accepted; returns when both are rid of it. */
async function spoiltCall(anna: Person, bert: Person, spoil: () => void): Promise<void> {
  await anna.call("video");
  await bert.see("incoming.video");
  spoil();
  await bert.press("incoming.acceptVideo");
  await bert.see("ended.no_welcome");
  await assertNothingSent(anna, bert);
  proxy.behave();
  await bert.press("do.done");
  await anna.press(
    (await count(anna, anna.words("call.calling"))) > 0 ? "call.cancel" : "call.hangUp",
  );
  await anna.press("do.done");
  await assertNothingSent(anna, bert);
}

test("a server that lies", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  await meet(anna, bert);
  await bert.read("anna");
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");

  // Garbled, doubled, in another order, among rubbish.
  let altered = 0;
  proxy.onDelivery = (carried) => {
    if (!carried.durable) return [carried];
    altered += 1;
    return [garbled(carried)];
  };
  await anna.write("This one is altered.");
  await until("an altered message", async () => altered > 0);
  proxy.onDelivery = (carried) => [
    carried,
    { ...carried, id: randomBytes(16) },
    { durable: true, id: randomBytes(16), envelope: randomBytes(8192) },
  ];
  await anna.write("This one comes twice.");
  await bert.read("This one comes twice.");
  const held: Carried[] = [];
  proxy.onDelivery = (carried) => {
    held.push(carried);
    return held.length < 2 ? [] : held.splice(0).reverse();
  };
  await anna.write("Third of all.");
  await until("a message held back", async () => held.length > 0);
  await anna.write("Fourth of all.");
  await bert.read("Third of all.");
  await bert.read("Fourth of all.");
  proxy.behave();
  assert.equal(await count(bert, "This one comes twice."), 1);
  assert.equal(await count(bert, "This one is altered."), 0);
  await open(bert, "doctor");
  const [words = ""] = bert.words("doctor.arrived.bad").split(":");
  await bert.read(words);
  await bert.page.screenshot({ path: join(PICTURES, "doctor.png") });
  await back(bert);

  // The key exchange stripped, then garbled; and a relay that is none.
  const only = (change: (carried: Carried) => readonly Carried[]) => () => {
    proxy.onDelivery = (carried) => (carried.durable ? [carried] : change(carried));
  };
  await spoiltCall(
    anna,
    bert,
    only(() => []),
  );
  await spoiltCall(
    anna,
    bert,
    only((carried) => [garbled(carried)]),
  );

  // An answer to a login that was made up.
  proxy.onAnswer = (path, answer) => {
    if (path !== "/v1/login/start" || answer.status !== 200) return answer;
    const said = JSON.parse(answer.body.toString()) as Record<string, string>;
    said["opaque_response"] = randomBytes(320).toString("base64url");
    return { ...answer, body: Buffer.from(JSON.stringify(said)) };
  };
  await open(bert, "password");
  await bert.type("field.oldPassword", PASSWORD);
  await bert.type("field.newPassword", "eleven calm penguins whistle");
  await bert.press("change.submit");
  await bert.see("error.login_failed");
  await bert.page.screenshot({ path: join(PICTURES, "login.png") });
  proxy.behave();
  await bert.press("change.submit"); // The control: the password is what it was.
  await bert.see("change.done");
  await back(bert);

  // And now it behaves.
  await anna.write("Still here.");
  await bert.read("Still here.");
  await anna.call("video");
  await bert.press("incoming.acceptVideo");
  await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
  assert.equal(await anna.callWords(), await bert.callWords());
  await anna.press("call.hangUp");
  await bert.see("ended.title");
  await anna.leave();
  await bert.leave();
});

test("a contact that means harm", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const bert = await Person.signUp(stage, "chromium", "bert");
  await meet(anna, bert);
  await anna.page.goto(stage.origin);
  const invite = await anna.invite();
  await anna.page.goto(stage.origin);
  await anna.read("bert");
  const known = await until("bert's whole name", () =>
    anna.page.evaluate(() => /bert\.\d+/.exec(document.body.innerText)?.[0]),
  );

  // Cyrillic "е", with a tower of accents. What turns a line around is refused as a name (CK-271).
  const name = `${known.replace("e", "\u0435")}\u0341\u0353\u035a\u0362\u0353\u035a`;
  const mallory = await hostileContact(invite, name);
  await mallory.does("rubbish");
  await mallory.does("texts");
  await mallory.does("flood");
  await mallory.does("polite");

  const rows = await until("both in the list", async () => {
    const found = await anna.page.$$(".person-row");
    return found.length === 2 ? found : undefined;
  });
  const looks = await Promise.all(
    rows.map((row) => row.evaluate((element) => element.textContent ?? "")),
  );
  assert.equal(looks.filter((text) => /[\u202a-\u202e\u2066-\u2069]/.test(text)).length, 0);
  const theirs = rows[looks.findIndex((text) => text.includes("\u0435"))];
  await anna.page.screenshot({ path: join(PICTURES, "list.png") });
  await theirs?.click();
  await anna.read("Now I behave.");
  const state = await anna.page.evaluate(() => ({
    title: document.title,
    turned: /[\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText),
    bold: document.querySelectorAll("main b, main script").length,
    wide: document.documentElement.scrollWidth > innerWidth,
  }));
  assert.deepEqual(state, { title: anna.words("app.name"), turned: false, bold: 0, wide: false });
  await anna.page.screenshot({ path: join(PICTURES, "thread.png") });

  // Still usable: an answer to them, a message to somebody else, and what the person page says.
  await anna.write("I read you.");
  await anna.read("I read you.");
  const id = await anna.page.evaluate(() => (history.state as { route: { id: string } }).route.id);
  await anna.page.evaluate((id) => {
    history.pushState({ route: { at: "person", id }, depth: 1 }, "");
    dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
  }, id);
  await anna.see("incoming.resembles", { name: known });
  await anna.page.screenshot({ path: join(PICTURES, "person.png") });
  await open(anna, "home");
  await anna.openThread(known);
  await anna.write("Somebody takes your name.");
  await bert.page.goto(stage.origin);
  await bert.openThread("anna");
  await bert.read("Somebody takes your name.");
  await mallory.end();
  await anna.leave();
  await bert.leave();
});

/** Start `hostile_contact.py` and wait until it is a contact. */
async function hostileContact(invite: string, name: string) {
  const script = join(import.meta.dirname, "hostile_contact.py");
  const rest = [join(stage.folder, "mallory"), stage.origin, stage.signupLink(), invite, name];
  const process = spawn(join(ROOT, ".venv/bin/python"), [script, ...rest], {
    env: stage.environment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.push(process);
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  const heard = async (word: string) => {
    const { value } = await lines.next();
    assert.equal(value, word);
  };
  await heard("met");
  return {
    async does(what: string) {
      process.stdin.write(`${what}\n`);
      await heard(what);
    },
    async end() {
      process.stdin.end();
      await new Promise((resolve) => process.once("close", resolve));
    },
  };
}
