/** The page that looks whether calls will work here: on a real server, and where they would not. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Person } from "./person.ts";
import { type Kind, type Setting, Stage, until } from "./stage.ts";
import { story } from "./story.ts";

type Checks = Readonly<Record<string, readonly [result: string, finding: string]>>;

const NOTHING: Setting = { name: "nothing", kind: "chromium", fakes: false };

const stage = new Stage();
before(() => stage.startServer());
after(() => stage.close());

/** Open the page and return what it says of each check, once all are over. */
async function look(person: Person): Promise<Checks> {
  await person.page.goto(stage.origin);
  await person.press("home.settings");
  await person.press("settings.doctor");
  return until("ten results", async () => {
    const rows = await person.page.$$eval("li.check", (found) =>
      found.map((row) => [
        row.querySelector("h2")?.textContent ?? "",
        /is-(\w+)/.exec(row.className)?.[1] ?? "",
        row.querySelector(".help")?.textContent ?? "",
      ]),
    );
    if (rows.length < 10 || rows.some(([, result]) => result === "running")) return undefined;
    return Object.fromEntries(rows.map(([name, ...rest]) => [name, rest])) as unknown as Checks;
  });
}

function resultOf(person: Person, checks: Checks, name: Parameters<Person["words"]>[0]): string {
  return checks[person.words(name)]?.[0] ?? "not there";
}

for (const kind of ["chromium", "firefox"] satisfies readonly Kind[]) {
  story(stage, `${kind}: each check says what is so`, async (context) => {
    const anna = await Person.signUp(stage, kind, "anna");
    const checks = await look(anna);
    context.diagnostic(JSON.stringify(checks));
    const good = ["browser", "secure", "encryption", "server", "relay", "leak"] as const;
    for (const name of good) assert.equal(resultOf(anna, checks, `doctor.${name}`), "good", name);
    if (kind === "chromium") {
      // Here it was allowed beforehand, so the names are known.
      assert.equal(resultOf(anna, checks, "doctor.camera"), "good");
      assert.equal(resultOf(anna, checks, "doctor.microphone"), "good");
      assert.equal(resultOf(anna, checks, "doctor.notifications"), "good");
    }
    assert.deepEqual(anna.complaints, []);
  });
}

story(stage, "the control: where a browser shows an address, the leak test finds it", async () => {
  const anna = await Person.signUp(stage, "chromium", "anna");
  await anna.page.evaluateOnNewDocument(() => {
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: "all" });
      }
    };
  });
  const checks = await look(anna);
  assert.equal(resultOf(anna, checks, "doctor.relay"), "good");
  assert.equal(resultOf(anna, checks, "doctor.leak"), "bad");
});

story(stage, "with no devices and a dead relay it says so", async () => {
  const anna = await Person.signUp(stage, NOTHING, "anna");
  const relay = stage.relayPid;
  process.kill(relay, "SIGSTOP");
  try {
    const checks = await look(anna);
    assert.equal(resultOf(anna, checks, "doctor.relay"), "bad");
    assert.equal(resultOf(anna, checks, "doctor.leak"), "note", "not tested is not passed");
    for (const name of ["doctor.camera", "doctor.microphone"] as const) {
      assert.equal(resultOf(anna, checks, name), "note");
    }
    const [, said] = checks[anna.words("doctor.camera")] ?? [];
    assert.equal(said, anna.words("doctor.camera.missing"));
  } finally {
    process.kill(relay, "SIGCONT");
  }
});
