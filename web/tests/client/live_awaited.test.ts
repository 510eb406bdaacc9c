/** Who is awaited, as a page of a browser that works with a real server sees it. */

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Client, Topic } from "../../client/client.ts";
import type { Session } from "../../client/session.ts";
import { Direction, type Entry, NO_MARK, Outcome, Quality, Via } from "../../core/call_entry.ts";
import { ALL_RING } from "../../core/contact_rules.ts";
import { Media, Standing } from "../../core/content_records.ts";
import { AccountId, CallId, IdentityKey } from "../../core/ids.ts";
import type { MovedContact } from "../../core/moved_contact.ts";
import { People } from "./live_people.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer();
  people = new People(server);
});
afterEach(() => people.close());
afterAll(() => server.stop());

const DAY_S = 86_400;
const key = new IdentityKey(new Uint8Array(32).fill(9));
const BOB: MovedContact = {
  account: new AccountId(new Uint8Array(16).fill(7)),
  identity: key,
  version: 3,
  name: "bob.20751",
  standing: Standing.CONTACT,
  verified: key,
  rules: { ...ALL_RING, keeps: 24 * 400 },
  decided: null,
};

function call(ago: number): Entry {
  return {
    call: new CallId(new Uint8Array(16).fill(1)),
    members: [BOB.account],
    direction: Direction.OUTGOING,
    media: Media.VOICE,
    outcome: Outcome.ANSWERED,
    at: Math.floor(Date.now() / 1000) - ago,
    seconds: 60,
    verified: true,
    recorded: false,
    via: Via.RELAYED,
    quality: Quality.UNKNOWN,
    suite: 0,
    mark: NO_MARK,
  };
}

async function fill(client: Client): Promise<void> {
  const { books }: Session = Reflect.get(client, "session");
  await books.store.transaction((unit) => {
    books.awaited.save(unit, BOB);
    books.calls.note(unit, call(40 * DAY_S));
  });
}

test("they are shown, told, kept, and forgotten", async () => {
  const anna = await people.signUp("anna");
  await anna.setSettings({ keep: 24 * 30 });
  const told: Topic[] = [];
  anna.subscribe((topic) => told.push(topic));
  expect(anna.awaited()).toEqual([]);
  expect(anna.awaited()).toBe(anna.awaited());
  await fill(anna);
  await Promise.resolve();
  expect(told).toEqual(expect.arrayContaining(["contacts", "requests"]));
  const shown = [
    {
      account: BOB.account,
      key: "07".repeat(16),
      name: "bob.20751",
      verified: true,
      blocked: false,
      keeps: 24 * 400,
    },
  ];
  expect(anna.awaited()).toEqual(shown);
  expect(anna.awaited()).toBe(anna.awaited());
  expect([anna.contacts(), anna.callHistory().length]).toEqual([[], 1]);
  expect(() => anna.findContact("bob")).toThrow(); // nobody to call or to write to
  await people.close(anna);

  const again = await people.open("anna");
  expect(again.awaited()).toEqual(shown);
  expect(again.callHistory()).toHaveLength(1);
  const [bob] = again.awaited();
  if (bob === undefined) throw new Error("nobody is awaited");
  await again.forgetAwaited(bob);
  // What was decided about calls with them went, too: they are older than others may be.
  expect([again.awaited(), again.callHistory()]).toEqual([[], []]);
});
