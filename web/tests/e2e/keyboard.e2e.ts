/**
 * Sign up, call, answer, mute and hang up with the keyboard alone; what has the focus is seen to have
 * it; and axe-core finds nothing on any page on the way. Names are those that a screen reader
 * says.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { violationsOn } from "../axe.ts";
import { Person } from "./person.ts";
import { PASSWORD, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

/** More presses of Tab than any page of ours has stops. */
const STOPS = 80;

type Key = Parameters<Person["words"]>[0];

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

/** What a screen reader calls the element that has the focus, and whether one sees that it has it. */
function focus(person: Person): Promise<{ name: string; seen: boolean }> {
  return person.page.evaluate(() => {
    const one = document.activeElement as
      | (HTMLElement & { labels?: NodeListOf<HTMLElement> })
      | null;
    const labelled = one?.getAttribute("aria-labelledby")?.split(" ") ?? [];
    const names = labelled.map((id) => document.getElementById(id)?.innerText ?? "");
    const label = one?.getAttribute("aria-label") ?? one?.labels?.[0]?.innerText;
    // A round button shows it on its disc, a switch on its track, a field on its box.
    const box = one?.closest("label") ?? one?.closest(".field-box") ?? one;
    const around = box ? [box, ...box.querySelectorAll("*")] : [];
    const seen = around.some((box) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(box);
      return outlineStyle !== "none" && outlineWidth !== "0px";
    });
    return { name: (names.join(" ") || label || one?.innerText || "").trim(), seen };
  });
}

/** Go to something by Tab alone. */
async function tabTo(person: Person, name: string): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < STOPS; stop++) {
    await person.page.keyboard.press("Tab");
    const now = await focus(person);
    if (now.name.startsWith(name)) {
      assert.ok(now.seen, `one sees that ${name} has the focus`);
      return;
    }
    passed.push(now.name.slice(0, 30).replaceAll("\n", " "));
  }
  throw new Error(`no Tab leads to ${name}: ${passed.join(" | ")}\n${await person.shown()}`);
}

/** Wait until it is there, by its words or by its name alone. */
async function isThere(person: Person, key: Key): Promise<void> {
  const words = person.words(key);
  await until(words, async () => (await person.shown()).includes(words) || person.offers(key));
}

async function use(person: Person, key: Key, how: "Enter" | "Space" = "Enter"): Promise<void> {
  await isThere(person, key);
  await until(`${person.words(key)} takes what is meant for it`, () =>
    person.page.evaluate(() => document.querySelector(".settling[inert]") === null),
  );
  await tabTo(person, person.words(key));
  await person.page.keyboard.press(how);
}

async function fill(person: Person, key: Key, text: string): Promise<void> {
  await isThere(person, key);
  await tabTo(person, person.words(key));
  await person.page.keyboard.type(text);
}

/** What axe-core finds on the page. The library reads a busy button out for seconds after it has gone. */
function found(person: Person): Promise<readonly string[]> {
  return violationsOn(person.page, ["[data-live-announcer]"]);
}

async function isClean(person: Person, what: string): Promise<void> {
  assert.deepEqual(await found(person), [], what);
}

story(stage, "from the link to a call and its end, by the keyboard", async () => {
  const anna = await Person.arrive(stage, "chromium", stage.signupLink());
  await anna.see("signup.name");
  await isClean(anna, "sign-up");
  await fill(anna, "signup.name", "anna");
  await use(anna, "passkey.signUpPassword");
  await fill(anna, "field.password", PASSWORD);
  await use(anna, "signup.submit");
  await anna.see("recovery.title");
  await isClean(anna, "recovery code");
  await use(anna, "recovery.confirm", "Space");
  await use(anna, "do.continue");
  await anna.see("home.title");
  await isClean(anna, "home");

  const bert = await Person.signUp(stage, "chromium", "bert");
  await anna.page.goto(await bert.invite());
  await use(anna, "join.accept");
  await anna.page.waitForSelector(".thread-bar");
  await isClean(anna, "conversation");
  await use(anna, "thread.voice");
  await anna.see("preview.voice");
  await isClean(anna, "preview");
  await use(anna, "preview.voice");
  await bert.see("incoming.accept");
  await isClean(bert, "incoming call");
  await use(bert, "incoming.accept");
  await Promise.all([anna.hears(), bert.hears()]);
  await isClean(anna, "call");

  await use(anna, "call.mute");
  await anna.see("call.unmute");
  await until("silence", () => bert.hearsNothing(2));
  await anna.page.keyboard.press("h");
  await bert.see("ended.title");
  await anna.see("ended.title");
  await isClean(anna, "end");
  await use(anna, "do.done");
  await isThere(anna, "thread.write");
  assert.deepEqual([...anna.complaints, ...bert.complaints], []);

  // The control: a button without a name is found.
  await anna.page.evaluate(() => {
    const mute = document.createElement("button");
    document.querySelector("main")?.append(mute);
  });
  assert.match(String(await found(anna)), /button-name/);
});
