/** Two people who never met: sign up, meet by a link, write, call; in every pair of browsers. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { meet, Person } from "./person.ts";
import { type Kind, Stage } from "./stage.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

const PAIRS: readonly (readonly [Kind, Kind])[] = [
  ["chromium", "chromium"],
  ["chromium", "firefox"],
  ["firefox", "chromium"],
];

for (const [caller, callee] of PAIRS) {
  test(`${caller} calls ${callee}`, async () => {
    const anna = await Person.signUp(stage, caller, "anna");
    const bert = await Person.signUp(stage, callee, "bert");
    await meet(anna, bert);
    await bert.read("anna");
    await anna.page.goto(stage.origin);
    await anna.openThread("bert");

    await anna.write("Have you got a minute?");
    await bert.read("Have you got a minute?");

    await anna.call("video");
    await bert.see("incoming.video");
    const before = await bert.flow();
    assert.equal(before.connections, 0, "before a tap nothing stands that could send");
    await bert.press("incoming.acceptVideo");
    await Promise.all([anna.seesAndHears(), bert.seesAndHears()]);
    assert.equal(await anna.callWords(), await bert.callWords());
    await anna.press("call.hangUp");
    await bert.see("ended.title");
    assert.deepEqual([...anna.complaints, ...bert.complaints], []);
    await anna.leave();
    await bert.leave();
  });
}
