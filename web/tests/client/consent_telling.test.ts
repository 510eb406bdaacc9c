/** A yes taken back after the call reaches who recorded, in the conversation in which the call was. */

import { beforeEach, expect, test, vi } from "vitest";
import { ConsentTelling } from "../../client/consent_telling.ts";
import { MyConsents } from "../../client/my_consents.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { type Agreed, agreedIn, recordedIn } from "./consent_answers.ts";
import { FakeShares } from "./recording_fakes.ts";
import { type Party, settle, World } from "./world.ts";

let world: World;
let anna: Party;
let bob: Party;
let shares: FakeShares;
let agreed: Agreed;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
  shares = new FakeShares();
  agreed = await agreedIn(bob.books.consents, {
    now: world.time,
    where: { contact: anna.account.id, group: null },
    lay: (laid) => shares.lay(laid),
  });
  await recordedIn(anna.books.recordings, agreed);
});

const consents = ({ books }: Party) => new MyConsents(books.consents, shares, books.now);
const telling = ({ books, conversations }: Party) => new ConsentTelling(books, conversations);
/** What the book of who recorded says of the yes. */
const stands = ({ books }: Party) => {
  const kept = books.recordings.get(agreed.which.ask);
  return [...(kept?.said.values() ?? [])].map(([, one]) => one.stands);
};

test("it is told once, and is no message", async () => {
  await consents(bob).withdraw(agreed.which.ask);
  expect(stands(anna)).toEqual([true]);
  await telling(bob).tell();
  await settle(anna, bob);
  expect(stands(anna)).toEqual([false]);
  const { calls } = bob.sent.mock;
  const sent = calls.length;
  await telling(bob).tell();
  expect(calls).toHaveLength(sent);
  expect(anna.texts(bob)).toEqual([]);
  anna.books.history.incoming.close();
  const told: string[] = [];
  for await (const { text } of anna.books.history.incoming.read()) told.push(text);
  expect(told).toEqual([]);
  expect(anna.drops).toEqual({});
  expect(anna.notices).toEqual(bob.notices);
});

test("what could not be said is said after a restart", async () => {
  await consents(bob).withdraw(agreed.which.ask);
  const failing = vi.spyOn(bob.conversations, "sendInnerMade").mockImplementation(async () => {
    throw new UnavailableError(Code.UNAVAILABLE, "we wait to be let in");
  });
  await telling(bob).tell();
  expect(failing).toHaveBeenCalledTimes(1);
  await settle(anna, bob);
  expect(stands(anna)).toEqual([true]);
  bob = await bob.restarted();
  await telling(bob).tell();
  await settle(anna, bob);
  expect(stands(anna)).toEqual([false]);
});

test("who is blocked is heard all the same: it takes nobody's leave", async () => {
  const known = anna.books.contacts.get(anna.store, bob.account.id);
  if (known === undefined) throw new Error("no contact");
  known.standing = "blocked";
  await anna.store.transaction((unit) => anna.books.contacts.save(unit, known));
  await consents(bob).withdraw(agreed.which.ask);
  await telling(bob).tell();
  await settle(anna, bob);
  expect(stands(anna)).toEqual([false]);
});

test("our other devices hear it, and know no such recording", async () => {
  const laptop = await world.link(anna);
  await settle(anna, laptop, bob);
  await consents(bob).withdraw(agreed.which.ask);
  await telling(bob).tell();
  await settle(anna, laptop, bob);
  expect([stands(anna), stands(laptop)]).toEqual([[false], []]);
  expect(laptop.drops).toEqual(anna.drops);
});

test("once nothing of it is played any more nobody is told", async () => {
  await consents(bob).withdraw(agreed.which.ask);
  world.time += 7 * 86_400;
  const { calls } = bob.sent.mock;
  const sent = calls.length;
  await telling(bob).tell();
  expect(calls).toHaveLength(sent);
  expect(bob.books.consents.untold()).toEqual([]);
});
