/** A person in a browser and one at the command line: both call, both see and hear. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Person } from "./person.ts";
import { CLIP, Stage } from "./stage.ts";

/** What the program says of a call with `--json`. */
type Result = Readonly<{ frames_decoded: number; sas: string }>;

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

test("a browser and the command line call each other", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  const signedUp = await stage.answer("carl", "signup", stage.signupLink(), "--name", "carl");
  assert.equal(signedUp["ok"], true, JSON.stringify(signedUp));
  await stage.answer("carl", "accept", await anna.invite(), "--wait", "30");
  await anna.page.goto(stage.origin);

  const listening = stage.answer("carl", "listen", "--auto-accept", "--once", "--media", CLIP);
  await anna.openThread("carl");
  await anna.call("video");
  await anna.seesAndHears();
  const words = await anna.callWords();
  await anna.press("call.hangUp");
  const [heard] = (await listening)["calls"] as Result[];
  assert.ok(heard !== undefined && heard.frames_decoded > 0, JSON.stringify(heard));
  assert.equal(heard.sas.replaceAll(" ", ""), words.replaceAll(/[\d\s]/g, ""));

  await anna.press("do.done");
  const calling = stage.answer("carl", "call", "anna", "--media", CLIP, "--seconds", "8");
  await anna.press("incoming.acceptVideo");
  await anna.seesAndHears();
  const said = (await calling) as Result;
  assert.ok(said.frames_decoded > 0, JSON.stringify(said));
  assert.deepEqual(anna.complaints, []);
});
