/**
 * One's own data in the pages: what is shown is what the database has; taken along as a file, kept for
 * less long, frozen and thawed; and the account closed, after which no row of it is left anywhere.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before } from "node:test";
import { Person } from "./person.ts";
import { PASSWORD, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

const stage = new Stage();
let anna: Person;

before(async () => {
  await stage.startServer();
  anna = await Person.signUp(stage, "chromium", "anna");
});
after(() => stage.close());

/** How many rows each table that hangs on accounts has, by the file itself; anna is alone in it. */
function stored(): Record<string, number> {
  const file = new DatabaseSync(join(stage.folder, "data/visavis.sqlite3"), { readOnly: true });
  try {
    const names = file
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map(({ name }) => String(name));
    const parents = new Map(
      names.map((name) => [
        name,
        file
          .prepare(`PRAGMA foreign_key_list(${name})`)
          .all()
          .map(({ table }) => String(table)),
      ]),
    );
    const owned = new Set(["accounts"]);
    for (let before = 0; before < owned.size; ) {
      before = owned.size;
      for (const [name, up] of parents) if (up.some((one) => owned.has(one))) owned.add(name);
    }
    const count = (name: string) =>
      Number(file.prepare(`SELECT count(*) AS rows FROM ${name}`).get()?.["rows"]);
    return Object.fromEntries([...owned].map((name) => [name, count(name)]));
  } finally {
    file.close();
  }
}

function total(rows: Record<string, number>): number {
  return Object.values(rows).reduce((all, one) => all + one, 0);
}

/** Have a file made, and return what the page made of it. */
async function saved(key: "data.saveJson" | "data.saveHtml" | "receipt.save"): Promise<string> {
  await anna.page.evaluate(() => {
    Object.assign(window, { text: undefined });
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => {
      if (blob instanceof Blob) void blob.text().then((text) => Object.assign(window, { text }));
      return make(blob);
    };
  });
  await anna.press(key);
  return await until("a file", () =>
    anna.page.evaluate(() => (window as unknown as { text?: string }).text),
  );
}

async function openData(): Promise<void> {
  await anna.press("home.settings");
  await anna.press("settings.data");
  await anna.see("data.totals");
}

type Saved = Readonly<{
  handle: string;
  tables: readonly Readonly<{ table: string; total_rows: number; rows: readonly object[] }>[];
}>;

story(stage, "every row is there, one tap deeper, and the bytes of a long one", async () => {
  await openData();
  await anna.see("data.is.account");
  await anna.see("data.is.vault");
  await anna.press("data.see");
  await anna.read("handle_tag");
  await anna.press("data.bytesShow");
  await until("bytes", () => anna.page.$(".data-bytes").then((one) => one !== null));
  await anna.press("do.back");
  await anna.press("data.ahead");
  await anna.press("data.today");
});

story(stage, "the file has as many rows as the database, with every byte", async () => {
  await anna.press("data.save");
  const { handle, tables } = JSON.parse(await saved("data.saveJson")) as Saved;
  assert.match(handle, /^anna\.\d{5}$/);
  const said = Object.fromEntries(tables.map(({ table, rows }) => [table, rows.length]));
  const some = (rows: Record<string, number>) =>
    Object.fromEntries(Object.entries(rows).filter(([, count]) => count > 0));
  assert.deepEqual(some(said), some(stored()));
  assert.ok(total(said) > 260);
  assert.doesNotMatch(JSON.stringify(tables), /"sha256"/);
  const page = await saved("data.saveHtml");
  assert.match(page, /^<!doctype html>/);
  assert.match(page, /capabilities/);
  assert.doesNotMatch(page, /<script|https?:/);
  await anna.page.keyboard.press("Escape");
});

story(stage, "kept for less long, frozen, thawed", async () => {
  assert.equal(stored()["account_settings"], 0);
  await anna.press("data.shorten");
  const [envelopes] = await anna.page.$$(".sheet select");
  await envelopes?.select("7");
  await until("the choice is stored", async () => stored()["account_settings"] === 1);
  await anna.page.keyboard.press("Escape");
  await anna.press("data.freeze");
  await anna.press("data.freezeYes");
  await anna.see("data.frozen");
  await anna.press("data.thaw");
  await anna.see("data.thawed");
});

story(stage, "another handle closes nothing; one's own leaves no row, there or here", async () => {
  const handle = await anna.handle();
  await anna.page.evaluate(() => localStorage.setItem("visavis.of-a-test", "1"));
  await anna.press("data.close");
  await anna.type("data.closeHandle", "bert.12345");
  await anna.type("field.password", PASSWORD);
  await anna.press("data.closeYes");
  await anna.see("data.closeOther", { handle });
  assert.ok(total(stored()) > 260);
  await anna.page.keyboard.press("Escape");

  await anna.press("data.close");
  await anna.type("data.closeHandle", handle);
  await anna.type("field.password", PASSWORD);
  await anna.press("data.closeYes");
  await anna.see("closed.title");
  const receipt = JSON.parse(await saved("receipt.save")) as Readonly<Record<string, string>>;
  assert.deepEqual(Object.keys(receipt), ["receipt", "key"]);
  const again = anna.page.waitForNavigation({ timeout: 120_000 });
  await anna.press("do.done");
  await again;
  await anna.see("welcome.lead");
  assert.equal(total(stored()), 0);
  const left = await anna.page.evaluate(async () => ({
    databases: (await indexedDB.databases()).length,
    words: localStorage.length + sessionStorage.length,
  }));
  assert.deepEqual(left, { databases: 0, words: 0 });
  assert.deepEqual(
    anna.complaints.filter((one) => !/WebSocket|status of 40[13]/.test(one)),
    [],
  );
});
