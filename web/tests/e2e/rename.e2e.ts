/**
 * Another handle in the pages: changed under Settings, read by the contact in the thread, and the
 * one under which a browser signs in from then on.
 */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { meet, Person } from "./person.ts";
import { PASSWORD, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

story(
  stage,
  "a person changes their handle, and their contact reads which took whose place",
  async () => {
    const anna = await Person.signUp(stage, "chromium", "anna");
    const bert = await Person.signUp(stage, "chromium", "bert");
    await meet(anna, bert);
    await anna.press("do.back");
    await anna.press("do.back");
    await anna.press("home.settings");
    const was = await anna.handle();
    await anna.press("settings.rename");
    await anna.type("rename.name", "m");
    await anna.press("rename.submit");
    await anna.see("rename.nameBad");
    await anna.type("rename.name", "aria"); // behind what stands there
    await anna.press("rename.submit");
    await anna.see("rename.proveText");
    await anna.type("field.password", PASSWORD);
    await anna.page.keyboard.press("Enter");
    await anna.see("rename.done");
    const handle = await anna.handle();
    assert.match(handle, /^maria\.\d{5}$/);
    await until("the new name in the list", async () => (await bert.shown()).includes(handle));
    await bert.see("event.renamed", { was, name: handle });
    // It is kept: the page, opened again, says so.
    await anna.page.reload();
    assert.equal(await anna.handle(), handle);
  },
);
