/**
 * Moving to another server in the pages: two real servers, and two people who compared safety numbers
 * and talked. One goes with a file, the other follows; on the new server they are contacts again, with
 * the mark, and their call stands in the history. A bad file or passphrase changes nothing.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import type { ElementHandle } from "puppeteer-core";
import { meet, Person } from "./person.ts";
import { type Kind, PASSWORD, PORT, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const OWN_PASSPHRASE = "nine slow herons wade ashore";

const here = new Stage();
/** Without a relay: nobody talks there, and one host has one relay. */
const there = new Stage({ at: PORT + 1, more: { turn: false } });
let anna: Person;
let bert: Person;
let annaThere: Person;
let bertThere: Person;
let words = "";
/** What the new link of hers is told as, and where it leads. */
let link = "";

before(async () => {
  await Promise.all([here.startServer(), there.startServer()]);
  anna = await Person.signUp(here, "chromium", "anna");
  bert = await Person.signUp(here, "firefox", "bert");
  await meet(anna, bert);
  await bert.read("anna");
});
after(() => Promise.all([here.close(), there.close()]));

async function home(person: Person): Promise<void> {
  await person.page.goto(person.stage.origin);
  await person.see("home.title");
}

/** From home: the page of a move. */
async function openMove(person: Person): Promise<void> {
  await home(person);
  await person.press("home.settings");
  await person.press("settings.move");
  await person.see("move.alone");
}

/** Have the file saved that the page made, and return where it lies. */
async function saved(person: Person, name: string): Promise<string> {
  await person.page.evaluate(() => {
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      if (blob instanceof Blob) {
        void blob.arrayBuffer().then((data) => {
          const bytes = Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte));
          Object.assign(window, { made: btoa(bytes.join("")) });
        });
      }
      return make(blob);
    };
  });
  await person.press("move.save");
  const data = await until("a file", () =>
    person.page.evaluate(() => (window as unknown as { made?: string }).made),
  );
  await person.press("do.done");
  const path = join(person.stage.folder, name);
  writeFileSync(path, Buffer.from(data, "base64"), { mode: 0o600 });
  return path;
}

/** Say that somebody was compared with, on their page. */
async function compare(person: Person, name: string): Promise<void> {
  await home(person);
  await person.openThread(name);
  await person.openDetails();
  await person.press("safety.title");
  await person.press("safety.same");
  await person.see("safety.undo");
}

/** At the new server: a page of the sign-up where a file can be brought. */
async function arrive(kind: Kind): Promise<Person> {
  const person = await Person.arrive(there, kind, there.signupLink());
  await person.press("signup.bring");
  await person.see("bring.title");
  return person;
}

async function choose(person: Person, path: string): Promise<void> {
  const input = (await person.page.$("input[type=file]")) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(path);
}

/** Bring a file in, and sign up with the name that it proposes. */
async function bring(person: Person, path: string, passphrase: string): Promise<void> {
  await choose(person, path);
  await person.type("bring.passphrase", passphrase);
  await person.press("bring.open");
  await person.read("Now sign up here");
  await person.press("passkey.signUpPassword");
  await person.type("field.password", PASSWORD);
  await person.press("signup.submit");
  await person.comeHome();
}

/** Press what has several forms, by a part of its words. */
async function tap(person: Person, text: string): Promise<void> {
  await person.page.locator(`::-p-xpath(//button[contains(., "${text}")])`).click();
}

/** How many databases the browser has at this server. */
async function databases(person: Person): Promise<number> {
  return person.page.evaluate(async () => (await indexedDB.databases()).length);
}

let annasFile = "";

story(here, "two who compared numbers and talked; one makes a file, with six words", async () => {
  await compare(anna, "bert");
  await home(anna);
  await anna.openThread("bert");
  await anna.call("voice");
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  await anna.press("call.hangUp");
  await Promise.all([anna.press("do.done"), bert.press("do.done")]);
  await openMove(anna);
  await anna.read("1 contact and what you decided");
  await anna.read("1 call of your history");
  await anna.press("move.make");
  await anna.see("move.howMade");
  await anna.type("field.password", "a password that is another");
  await anna.page.keyboard.press("Enter");
  await anna.see("error.login_failed");
  await anna.page.evaluate(() => {
    document.querySelector<HTMLInputElement>(".sheet input[type=password]")?.select();
  });
  await anna.page.keyboard.type(PASSWORD);
  await anna.page.keyboard.press("Enter");
  await anna.see("move.made");
  words = await until("six words", () =>
    anna.page.evaluate(() => document.querySelector(".move-words")?.textContent || undefined),
  );
  assert.match(words, /^[a-z]+(-[a-z]+){5}$/);
  annasFile = await saved(anna, "anna.move");
  assert.equal(readFileSync(annasFile).length, 65_536);
  assert.doesNotMatch(await anna.shown(), new RegExp(words));
});

story(
  here,
  "a file that was cut, one that is none, and a wrong passphrase change nothing",
  async () => {
    annaThere = await arrive("chromium");
    const cut = join(there.folder, "cut.move");
    writeFileSync(cut, readFileSync(annasFile).subarray(0, 65_000));
    await choose(annaThere, cut);
    await annaThere.see("moveFile.cut");
    const none = join(there.folder, "picture.png");
    writeFileSync(none, "no file of a move");
    await choose(annaThere, none);
    await annaThere.see("moveFile.foreign");
    await choose(annaThere, annasFile);
    await annaThere.type("bring.passphrase", `${words}x`);
    await annaThere.press("bring.open");
    await annaThere.see("moveFile.passphrase");
    assert.equal(await databases(annaThere), 0);
    await annaThere.page.keyboard.press("Escape");
  },
);

story(here, "she arrives with the file: who she waits for, and her call, are there", async () => {
  await annaThere.page.evaluate(() => {
    document.querySelector<HTMLInputElement>("input[type=password]")?.select();
  });
  await annaThere.page.keyboard.press("Backspace");
  await bring(annaThere, annasFile, words);
  assert.notEqual(annaThere.recoveryCode, anna.recoveryCode);
  assert.equal(await databases(annaThere), 1);
  await annaThere.press("home.calls");
  await annaThere.see("calls.awaited", { name: await bert.handle() });
  await home(annaThere);
  await tap(annaThere, "1 contact from before");
  await annaThere.see("awaited.verified");
  await annaThere.press("awaited.link");
  await annaThere.press("invite.copy");
  link = await annaThere.copied();
  assert.ok(link.startsWith(`${there.origin}/i#`));
});

story(here, "from the old account he is told, of her own link only", async () => {
  await openMove(anna);
  await anna.press("move.tell");
  await anna.type("tell.link", await inviteOf(bert));
  await anna.press("do.continue");
  await anna.see("tell.other");
  await anna.page.keyboard.press("Escape");
  await anna.press("move.tell");
  await anna.type("tell.link", link);
  await anna.press("do.continue");
  await anna.see("tell.read");
  await anna.read(there.origin);
  await tap(anna, "Send to 1 contact");
  await anna.read("On its way to 1 contact");
  await anna.press("do.done");
  await home(bert);
  await bert.openThread("anna");
  await bert.read("I am moving to another server");
});

/** A link of somebody else. */
async function inviteOf(person: Person): Promise<string> {
  await home(person);
  return await person.invite();
}

story(here, "he follows with a passphrase of his own, and they are who they were", async () => {
  await openMove(bert);
  await bert.press("move.make");
  await bert.choose(bert.words("move.howOwn"));
  await bert.type("lock.new", OWN_PASSPHRASE);
  await bert.type("field.password", PASSWORD);
  await bert.page.keyboard.press("Enter");
  await bert.see("move.ownWords");
  const file = await saved(bert, "bert.move");
  bertThere = await arrive("firefox");
  await bring(bertThere, file, OWN_PASSPHRASE);
  await bertThere.page.goto(link);
  await bertThere.press("join.accept");
  await bertThere.see("join.waiting");
  await home(annaThere);
  await tap(annaThere, "1 person would like");
  await annaThere.see("requests.was", { name: await bert.handle() });
  await annaThere.press("requests.accept");
  await bertThere.page.waitForSelector(".thread-bar", { timeout: 120_000 });
  await bertThere.write("here I am");
  await home(annaThere);
  await annaThere.openThread("bert");
  await annaThere.read("here I am");
  await annaThere.openDetails();
  await annaThere.see("person.verified");
  await home(annaThere);
  await annaThere.press("home.calls");
  await annaThere.miss("calls.awaited", { name: await bert.handle() });
  await annaThere.read("bert");
  // She had compared, he had not.
  await bertThere.openDetails();
  await bertThere.see("person.unverified");
  for (const person of [annaThere, bertThere]) assert.deepEqual(person.complaints, []);
});

story(here, "the old account is as it was", async () => {
  await home(bert);
  await bert.openThread("anna");
  await bert.write("still here");
  await home(anna);
  await anna.openThread("bert");
  await anna.read("still here");
  assert.deepEqual(
    [...anna.complaints, ...bert.complaints].filter((one) => !/status of 40[13]/.test(one)),
    [],
  );
});
