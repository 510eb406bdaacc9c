/** Two people who are contacts, and what they do in most stories: talk, and hang up. */

import { meet, Person } from "./person.ts";
import { type Kind, type Setting, type Stage, until } from "./stage.ts";

/** Sign two people up and make them contacts; each has the conversation with the other open. */
export async function pair(
  stage: Stage,
  first: Kind | Setting,
  second: Kind | Setting,
): Promise<[anna: Person, bert: Person]> {
  const anna = await Person.signUp(stage, first, "anna");
  const bert = await Person.signUp(stage, second, "bert");
  await join(anna, bert);
  await anna.page.goto(stage.origin);
  await anna.openThread("bert");
  return [anna, bert];
}

/** Make two people contacts; the guest has the conversation open when this returns. */
export async function join(inviter: Person, guest: Person): Promise<void> {
  await meet(inviter, guest);
  await guest.page.waitForSelector(".thread-bar", { timeout: 120_000 });
}

/** How often people on a machine that is too busy for a call's own deadlines try. */
const ATTEMPTS = 3;

/**
 * Have one call and the other answer until the call stands.
 *
 * @param dial What the caller does, from the open conversation.
 * @param answer What the callee presses.
 */
export async function connect(
  [caller, callee]: readonly [Person, Person],
  dial: () => Promise<void>,
  answer: Parameters<Person["press"]>[0],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await dial();
    await callee.press(answer);
    const stands = await until("a call, or its end", async () => {
      const pages = await Promise.all([caller.shown(), callee.shown()]);
      if (pages.every((page) => page.includes(caller.words("call.path.relayed")))) return "yes";
      return pages.every((page) => page.includes(caller.words("ended.write"))) ? "no" : undefined;
    });
    if (stands === "yes") return;
    if (attempt === ATTEMPTS) throw new Error(`${ATTEMPTS} calls came to nothing`);
    for (const person of [caller, callee]) await person.press("do.done");
  }
}

/** Have the first call the second, with video, until both see and hear each other. */
export async function talk(caller: Person, callee: Person): Promise<void> {
  await connect([caller, callee], () => caller.call("video"), "incoming.acceptVideo");
  await Promise.all([caller.seesAndHears(), callee.seesAndHears()]);
}

/** Have one hang up, and both put the end away. */
export async function hangUp(first: Person, second: Person): Promise<void> {
  await first.press("call.hangUp");
  await second.see("ended.title");
  await first.press("do.done");
  await second.press("do.done");
}
