/**
 * The history of calls in the pages: a call stands in it at both ends, is found, noted, saved as a
 * file and deleted, all without the server; and what is not to be kept is not.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { meet, Person } from "./person.ts";
import { Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
let anna: Person;
let bert: Person;

before(async () => {
  await stage.startServer();
  anna = await Person.signUp(stage, "chromium", "anna");
  bert = await Person.signUp(stage, "chromium", "bert");
  await meet(anna, bert);
  await bert.read("anna");
});
after(() => stage.close());

/** The rows of the list of calls, as they are read. */
async function rows(person: Person): Promise<string[]> {
  return person.page.evaluate(() =>
    [...document.querySelectorAll(".window-row[role=listitem]")].map((row) => row.textContent),
  );
}

async function rowsThat(person: Person, words: string, count: number): Promise<void> {
  await until(`${count} times "${words}" in the list`, async () => {
    return (await rows(person)).filter((row) => row.includes(words)).length === count;
  });
}

/** A phone shows one of two: go home first, and to the calls from there. */
async function toCalls(person: Person): Promise<void> {
  await person.page.goto(stage.origin);
  await person.press("home.calls");
}

async function toThread(person: Person, name: string): Promise<void> {
  await person.page.goto(stage.origin);
  await person.openThread(name);
}

/** Open the newest call. */
async function openNewest(person: Person): Promise<void> {
  const row = await until("a call", async () => (await person.page.$(".call-row")) ?? undefined);
  await row.click();
}

story(stage, "a call stands in the history of both, with who called", async () => {
  await toThread(anna, "bert");
  await anna.call("voice");
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  await anna.press("call.hangUp");
  await Promise.all([anna.press("do.done"), bert.press("do.done")]);
  await Promise.all([toCalls(anna), toCalls(bert)]);
  await rowsThat(anna, anna.words("calls.is.outgoing"), 1);
  await rowsThat(bert, bert.words("calls.is.incoming"), 1);
  assert.match((await rows(anna)).join(), /bert/);
});

story(stage, "one that nobody answered is missed there, and says so in words", async () => {
  await toThread(anna, "bert");
  await anna.call("voice");
  await bert.see("incoming.accept");
  await anna.press("call.cancel");
  await anna.press("do.done");
  await bert.miss("incoming.accept");
  await toCalls(bert);
  await rowsThat(bert, bert.words("calls.is.missed"), 1);
  await toCalls(anna);
  await rowsThat(anna, anna.words("calls.is.unanswered"), 1);
});

story(stage, "one without a trace stands nowhere at home", async () => {
  await toThread(anna, "bert");
  await anna.press("thread.voice");
  await anna.press("preview.traceless");
  await anna.press("preview.voice");
  await bert.press("incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  await anna.press("call.hangUp");
  await Promise.all([anna.press("do.done"), bert.press("do.done")]);
  await toCalls(bert);
  await rowsThat(bert, bert.words("calls.is.incoming"), 2); // the positive control: bert keeps it
  await toCalls(anna);
  await rowsThat(anna, "bert", 2);
});

story(stage, "what the calls say is worked out here: no request leaves, and no frame", async () => {
  await look(anna); // the pages' code is loaded with the first look
  const sent = await listening(anna);
  await look(anna);
  await look(anna);
  assert.deepEqual(sent(), []);
  // The positive control: a message is seen to leave.
  await toThread(anna, "bert");
  await anna.write("of what I see");
  await until("something that left", async () => sent().length > 0);
  await toCalls(anna);
});

/** Look at what one's calls say, and at what others would learn from it, and come back. */
async function look(person: Person): Promise<void> {
  await person.press("insights.title");
  await person.press("mirror.title");
  await person.see("mirror.limits");
  await person.press("do.back");
  await person.press("do.back");
  await person.see("calls.search");
}

/** Note what the page sends from now on: requests, but for the one that keeps it connected. */
async function listening(person: Person): Promise<() => string[]> {
  const session = await person.page.createCDPSession();
  const sent: string[] = [];
  await session.send("Network.enable");
  session.on("Network.requestWillBeSent", ({ request }) => {
    if (request.url !== `${stage.origin}/v1/key-packages`) sent.push(request.url);
  });
  session.on("Network.webSocketFrameSent", () => sent.push("a frame"));
  return () => sent;
}

story(stage, "found, noted, pinned and saved while the server is down", async () => {
  await stage.killServer("SIGKILL");
  await openNewest(anna);
  await anna.type("calls.note", "about the car");
  await anna.press("calls.noteSave");
  await anna.press("calls.pin");
  await anna.see("calls.unpin");
  await anna.page.keyboard.press("Escape");
  await rowsThat(anna, "about the car", 1);
  await anna.type("calls.search", "the CAR");
  await rowsThat(anna, "bert", 1);
  const file = await saved(anna);
  assert.match(file, /^started,with,direction/);
  assert.equal(file.trim().split("\r\n").length, 2);
  assert.match(file, /about the car/);
});

/** Save what was found as a table, and return what the page made of it. */
async function saved(person: Person): Promise<string> {
  await person.page.evaluate(() => {
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      if (blob instanceof Blob) void blob.text().then((text) => Object.assign(window, { text }));
      return make(blob);
    };
  });
  await person.press("export.title");
  await person.press("export.csv");
  const text = await until("a file", () =>
    person.page.evaluate(() => (window as unknown as { text?: string }).text),
  );
  await person.page.keyboard.press("Escape");
  return text;
}

story(stage, "deleted: gone at once, and still after the page was loaded again", async () => {
  await openNewest(anna);
  await anna.press("calls.delete");
  await anna.see("delete.here");
  await anna.press("calls.delete");
  await anna.see("delete.doneText");
  await stage.startServer();
  await toCalls(anna);
  await rowsThat(anna, "bert", 1);
  assert.doesNotMatch((await rows(anna)).join(), /about the car/);
});

story(stage, "a request to delete is a question there, and the answer is theirs", async () => {
  await toThread(bert, "anna");
  await bert.openDetails();
  await bert.press("keeping.ask");
  await bert.press("delete.askSend");
  await bert.read("The request is on its way to anna");
  await anna.read("asks you to delete calls");
  await anna.press("wish.keep");
  await until("no question any more", async () => {
    return !(await anna.shown()).includes("asks you to delete calls");
  });
  await rowsThat(anna, "bert", 1);
});

story(stage, "a preset says what it changes, and does it", async () => {
  await anna.press("keeping.title");
  await anna.press("preset.nothing");
  await anna.see("preset.then");
  await anna.press("preset.choose");
  await toCalls(anna);
  await anna.see("calls.off");
  await toCalls(bert);
  await rowsThat(bert, "anna", 3); // his history is his
  assert.deepEqual(
    anna.complaints.filter((one) => !/ERR_|WebSocket|Failed to load/.test(one)),
    [],
  );
});
