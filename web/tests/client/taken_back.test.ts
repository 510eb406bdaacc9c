/** Taking a yes back: all of one's own to a request, by whichever key; and where there is none. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { liveConsents } from "../../app/live_kept.ts";
import { LiveRecording } from "../../app/live_recording.ts";
import { sentence } from "../../app/ui/task.ts";
import type { Client } from "../../client/client.ts";
import { OwnConsents } from "../../client/consent_book.ts";
import { MyConsents } from "../../client/my_consents.ts";
import { equal, hex, utf8 } from "../../core/bytes.ts";
import { AFTER_CALL, consentIn, decodeConsent, encodeConsent } from "../../core/consent_record.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { AccountId, Digest } from "../../core/ids.ts";
import { State } from "../../core/recording_consent.ts";
import { readStatement } from "../../core/recording_statements.ts";
import { NOW } from "./call_seam.ts";
import { MemoryStore } from "./memory_store.ts";
import { TERMS } from "./recording_fakes.ts";
import { kindsOf, type Member, Party } from "./recording_party.ts";
import { VirtualClock } from "./virtual_clock.ts";

const where = { contact: new AccountId(utf8("an account of us")), group: null };
const noYes = expect.objectContaining({ code: Code.NO_YES });

let clock: VirtualClock;
let party: Party;
let here: MemoryStore;
let book: OwnConsents;

beforeEach(() => {
  clock = new VirtualClock();
  clock.install();
  party = new Party(clock);
  here = new MemoryStore();
  book = new OwnConsents(here, () => NOW);
});
afterEach(() => {
  for (const member of party.members) member.close();
  vi.unstubAllGlobals();
});

/** Play a story to its end; nothing may have failed behind it. */
async function play(story: () => Promise<void>): Promise<void> {
  await clock.run(story());
  expect(party.failures).toEqual([]);
}

async function states(of = book): Promise<State[]> {
  const all = await Promise.all(of.all().map(async (one) => (await consentIn(one)).state));
  return all.toSorted();
}

async function agree(...members: readonly Member[]): Promise<void> {
  for (const one of members) await one.recording.agree(one.request, TERMS.kinds, false);
  await clock.wait(1);
}

/** Ben says yes, leaves, and comes again, by another key; what is asked goes on. */
async function twice() {
  const [anna, carla] = [await party.join("anna"), await party.join("carla")];
  const ben = await party.join("ben", { book, where });
  const id = await anna.recording.ask(TERMS);
  await clock.wait(1);
  await agree(ben, carla);
  await party.leave(ben);
  const again = await party.join("ben again", { book, where });
  await clock.wait(1);
  expect(await states()).toEqual([State.GIVEN]);
  return { anna, ben, carla, again, id };
}

/** There is nothing to take back: it is told, and nothing is said or changed. */
async function isRefused(member: Member, id: string): Promise<void> {
  const [said, before, asked] = [member.said.length, await states(), party.shares.asked.length];
  await expect(member.recording.withdraw(id)).rejects.toEqual(noYes);
  await clock.wait(1);
  expect([member.said.length, await states(), party.shares.asked.length]).toEqual([
    ...[said, before, asked],
  ]);
}

const shareOf = (of: Member) => book.all().find(({ key }) => equal(key, of.key))?.share;

test("in the call that of an entry before goes, too", () =>
  play(async () => {
    const { anna, ben, carla, again, id } = await twice();
    await agree(again, carla);
    expect(anna.shown).toEqual(["audio", "video"]);
    expect(await states()).toEqual([State.GIVEN, State.GIVEN]);
    await again.recording.withdraw(id);
    expect(await states()).toEqual([State.WITHDRAWN, State.WITHDRAWN]);
    await clock.wait(1);
    // That of now is said in the call; of the other who recorded is told later.
    expect(await kindsOf(again)).toEqual(["grant", "withdrawal"]);
    expect(book.untold()).toMatchObject([{ which: { key: ben.key } }]);
    expect(shareOf(again)).toBeNull();
    expect(shareOf(ben)).toMatchObject({ leaving: true });
    expect((await book.due()).map(({ slot }) => slot)).toEqual([shareOf(ben)?.slot]);
    await isRefused(again, id);
  }));

test("in the call that of an entry before goes alone", () =>
  play(async () => {
    const { again, id } = await twice();
    await again.recording.withdraw(id);
    expect(await states()).toEqual([State.WITHDRAWN]);
    await clock.wait(1);
    expect(await kindsOf(again)).toEqual([]); // To this one they have said nothing yet,
    await isRefused(again, id);
    await agree(again); // and still may.
    expect(await states()).toEqual([State.GIVEN, State.WITHDRAWN]);
  }));

test("after the call all go", () =>
  play(async () => {
    const { ben, again, carla } = await twice();
    await agree(again, carla);
    await party.leave(again);
    expect(party.shares.lying.size).toBe(4);
    const mine = new MyConsents(book, party.shares, () => NOW);
    const [first] = mine.all();
    if (first === undefined) throw new Error("nothing was kept");
    expect(await mine.withdraw(first.ask)).toBe(true);
    expect(await states()).toEqual([State.WITHDRAWN, State.WITHDRAWN]);
    expect(party.shares.lying.size).toBe(2); // Hers who asked, and Carla's.
    const told = book.untold().map(({ which }) => hex(which.key));
    expect(new Set(told)).toEqual(new Set([ben, again].map(({ key }) => hex(key))));
    for (const ask of [first.ask, Digest.sha256(first.ask)]) {
      await expect(mine.withdraw(ask)).rejects.toEqual(noYes);
    }
  }));

test("the page of consents takes all back by any of them, and is content if it is done", () =>
  play(async () => {
    const { again, carla } = await twice();
    await agree(again, carla);
    const consents = new MyConsents(book, party.shares, () => NOW);
    const page = liveConsents(() => ({ consents }) as unknown as Client);
    const [one, other] = await page.list();
    expect([one?.state, other?.state]).toEqual(["given", "given"]);
    for (const id of [one?.id ?? "", other?.id ?? "", one?.id ?? ""]) await page.withdraw(id);
    expect(await states()).toEqual([State.WITHDRAWN, State.WITHDRAWN]);
    expect(book.untold()).toHaveLength(2);
    // What cannot be done is told all the same.
    vi.spyOn(consents, "withdraw").mockRejectedValueOnce(new UnavailableError(Code.DISK_FULL));
    await expect(page.withdraw(one?.id ?? "")).rejects.toMatchObject({ code: Code.DISK_FULL });
  }));

test("nothing is taken back where no yes stands, and a page has a sentence for that", () =>
  play(async () => {
    const [anna, carla] = [await party.join("anna"), await party.join("carla")];
    const ben = await party.join("ben", { book, where });
    const id = await anna.recording.ask(TERMS);
    await clock.wait(1);
    for (const one of [ben, carla, anna]) await isRefused(one, id); // Not answered, or theirs.
    expect(ben.request).toBe(id);
    const live = new LiveRecording(() => undefined);
    live.follow(ben.recording);
    expect(await live.withdraw(id).catch(sentence)).toBe("error.no_yes");
    await agree(ben);
    // Pressed twice in a breath: it is taken back once, and both presses are safe.
    const presses = await Promise.allSettled([
      ben.recording.withdraw(id),
      ben.recording.withdraw(id),
    ]);
    expect(presses).toMatchObject([{ status: "fulfilled" }, { reason: { code: Code.NO_YES } }]);
    await clock.wait(1);
    await isRefused(ben, id);
    expect(await kindsOf(ben)).toEqual(["grant", "withdrawal"]);
    const [record] = book.all();
    expect(record?.signed).toHaveLength(3);
    expect([await states(), shareOf(ben), book.untold()]).toEqual([[State.WITHDRAWN], null, []]);
    const again = await anna.recording.ask(TERMS);
    await clock.wait(1);
    await ben.recording.refuse(again);
    await clock.wait(1);
    await isRefused(ben, again);
    expect(await states()).toEqual([State.REFUSED, State.WITHDRAWN]);
  }));

test("a guest is told so, too", () =>
  play(async () => {
    const [anna, ben] = [await party.join("anna"), await party.join("ben")];
    const id = await anna.recording.ask(TERMS);
    await clock.wait(1);
    await isRefused(ben, id);
    await agree(ben);
    await ben.recording.withdraw(id);
    await expect(ben.recording.withdraw(id)).rejects.toEqual(noYes);
    await clock.wait(1);
    expect(party.shares.lying.size).toBe(1); // Hers.
  }));

test("a yes that another device took back still goes in the call, and is kept in order", () =>
  play(async () => {
    const anna = await party.join("anna");
    const ben = await party.join("ben", { book, where });
    const id = await anna.recording.ask(TERMS);
    await clock.wait(1);
    await agree(ben);
    const elsewhere = new MemoryStore();
    const other = new OwnConsents(elsewhere, () => NOW);
    /** What is in the vault comes over. */
    const carry = async (from: OwnConsents, to: OwnConsents, store: MemoryStore) => {
      const [one] = from.all();
      if (one === undefined) throw new Error("nothing was kept");
      const consent = await decodeConsent(encodeConsent(one));
      await store.transaction((unit) => to.take(unit, consent));
      return consent;
    };
    const { ask } = await carry(book, other, elsewhere);
    expect(await other.takeBack(ask)).toHaveLength(1);
    await carry(other, book, here);
    expect(await states()).toEqual([State.WITHDRAWN]);
    expect(anna.shown).toEqual(["audio", "video"]); // Nobody has said it in the call.
    await ben.recording.withdraw(id);
    await clock.wait(1);
    expect(anna.shown).toEqual([]);
    // The vault, which checks all of it, takes it.
    const record = await carry(book, other, elsewhere);
    const said = await Promise.all(record.signed.slice(1).map(readStatement));
    expect(said.map(({ kind }) => kind.replace("recording.", ""))).toEqual([
      ...["grant", "withdrawal", "withdrawal"],
    ]);
    expect(said.at(-1)?.number).toBeGreaterThanOrEqual(AFTER_CALL);
    expect(await states()).toEqual([State.WITHDRAWN]);
    await isRefused(ben, id);
  }));
