/** People who write while they talk: browsers with each other, and with the command line. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { meet, Person } from "./person.ts";
import { CLIP, type Kind, Stage, until } from "./stage.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** How long a letter may take to the other screen (EN 301 549, 6.2), in ms. */
const HALF_A_SECOND = 500;

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

/** Type as a person does, key by key, with mistakes taken back. */
async function keys(person: Person, ...typed: string[]): Promise<void> {
  await person.page.focus(".text-input");
  for (const word of typed) {
    if (word === "Backspace" || word === "Enter") await person.page.keyboard.press(word);
    else await person.page.keyboard.type(word, { delay: 30 });
  }
}

/** What the panel shows of the other person, unfinished line last. */
async function theirs(person: Person): Promise<string[]> {
  return person.page.evaluate(() =>
    [...document.querySelectorAll(".text-line.theirs p")].map((line) => line.textContent ?? ""),
  );
}

async function reads(person: Person, wanted: readonly string[]): Promise<void> {
  let seen: string[] = [];
  await until(`the text ${wanted.join(" | ")}`, async () => {
    seen = await theirs(person);
    return seen.join("\n") === wanted.join("\n");
  }).catch((error: Error) => {
    throw new Error(`${error.message}, but: ${seen.join(" | ")}`);
  });
}

for (const [caller, callee] of [
  ["chromium", "chromium"],
  ["firefox", "chromium"],
] as const satisfies readonly (readonly [Kind, Kind])[]) {
  test(`${caller} and ${callee} write while they talk`, async () => {
    const anna = await Person.signUp(stage, caller, "anna");
    const bert = await Person.signUp(stage, callee, "bert");
    await meet(anna, bert);
    await bert.read("anna");
    await anna.page.goto(stage.origin);
    await anna.openThread("bert");
    await anna.call("voice");
    await bert.press("incoming.accept");
    await Promise.all([anna.see("call.path.relayed"), bert.see("call.path.relayed")]);
    assert.equal(await bert.page.$(".text-panel"), null);

    await anna.press("call.text");
    await bert.page.waitForSelector(".text-panel"); // What one opens opens there too.
    const focused = () => document.activeElement?.className ?? "";
    assert.match(await anna.page.evaluate(focused), /text-input/);
    assert.doesNotMatch(await bert.page.evaluate(focused), /text-input/);
    await keys(anna, "Can you hear mee", "Backspace");
    await reads(bert, ["Can you hear me"]);
    await keys(bert, "Hardly", "Enter", "Write!");
    await reads(anna, ["Hardly", "Write!"]);
    await keys(anna, "Enter");
    await reads(bert, ["Can you hear me"]);
    // A screen reader is told of lines, not of letters.
    const isSaid = () =>
      anna.page.$$eval("[aria-live=polite]", (regions) =>
        regions.some(({ textContent }) => /bert.*: Hardly$/.test(textContent ?? "")),
      );
    await until("the line that was read out", isSaid);

    // The middle of the line, and more than a block at once.
    await anna.page.$eval(".text-input", (field) => {
      const long = "x".repeat(400);
      const setter = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value")?.set;
      setter?.call(field, long);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await reads(bert, ["Can you hear me", "x".repeat(400)]);

    // Half a second, by the screens' own clocks: both pages run on this machine.
    const took = await latency(anna, bert);
    assert.ok(Math.min(...took) <= HALF_A_SECOND, JSON.stringify(took));

    await bert.press("text.close");
    await keys(anna, "Enter", "still there?", "Enter");
    await bert.press("call.text");
    await bert.read("still there?");
    await anna.press("call.hangUp");
    await bert.see("ended.title");
    assert.equal(await bert.page.$(".text-panel"), null);
    assert.deepEqual([...anna.complaints, ...bert.complaints], []);
    await anna.leave();
    await bert.leave();
  });
}

/** Milliseconds from a key at one to the letter at the other, some times. */
async function latency(from: Person, to: Person): Promise<number[]> {
  const took: number[] = [];
  await keys(from, "Enter");
  for (const letter of "timing") {
    const seen = to.page.evaluate(
      (wanted) =>
        new Promise<number>((resolve) => {
          const look = () => {
            const live = document.querySelector(".text-line.live p")?.textContent ?? "";
            if (live.endsWith(wanted)) resolve(Date.now());
            else requestAnimationFrame(look);
          };
          look();
        }),
      letter,
    );
    await from.page.keyboard.type(letter);
    const typed = await from.page.evaluate(() => Date.now());
    took.push((await seen) - typed);
  }
  return took;
}

test("a browser and the command line write to each other", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const signedUp = await stage.answer("carl", "signup", stage.signupLink(), "--name", "carl");
  assert.equal(signedUp["ok"], true, JSON.stringify(signedUp));
  await stage.answer("carl", "accept", await anna.invite(), "--wait", "30");
  await anna.page.goto(stage.origin);

  const program = join(ROOT, ".venv/bin/visavis");
  const words = ["listen", "--auto-accept", "--once", "--text", "--media", CLIP];
  const carl = spawn(program, ["--profile", join(stage.folder, "carl"), ...words], {
    env: stage.environment({ VISAVIS_PASSWORD_FILE: join(stage.folder, "password") }),
  });
  let printed = "";
  let said = "";
  carl.stdout.on("data", (data) => (printed += data));
  carl.stderr.on("data", (data) => (said += data));
  const ended = new Promise((resolve) => carl.once("close", resolve));
  try {
    await until("carl listens", async () => said.includes("can be called now"));
    await anna.openThread("carl");
    await anna.call("voice");
    carl.stdin.write("Grüße aus dem Terminal\n");
    // The program has the text open, so it opens here.
    await anna.page.waitForSelector(".text-panel", { timeout: 120_000 });
    await reads(anna, ["Grüße aus dem Terminal"]);
    await keys(anna, "I read yuo", "Backspace", "Backspace", "ou 😀", "Enter");
    await until("the line in the terminal", async () => printed.includes("I read you 😀"));
    await anna.press("call.hangUp");
    await ended;
  } finally {
    carl.kill();
  }
  assert.ok(!printed.includes("yuo"), printed);
  assert.deepEqual(anna.complaints, []);
});
