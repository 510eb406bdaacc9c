/** Block, rules, verified: decided on one device, held by all of them. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { Purpose } from "../../client/addresses.ts";
import {
  Decisions,
  isVerified,
  mayRing,
  takeDecision,
  UNTOLD_KIND,
} from "../../client/decisions.ts";
import { safetyNumberWith } from "../../client/knowing.ts";
import { hex } from "../../core/bytes.ts";
import { ALL_RING, hoursOn, type Rules } from "../../core/contact_rules.ts";
import {
  type ContactRecord,
  type Decided,
  MayCall,
  Media,
  Standing,
} from "../../core/content_records.ts";
import { AuthorizationError, UsageError } from "../../core/errors.ts";
import { AccountId, IdentityKey } from "../../core/ids.ts";
import { failure, type Party, settle, World } from "./world.ts";

const VOICE: Rules = {
  ...ALL_RING,
  calls: MayCall.VOICE,
  hours: [hoursOn([0, 1, 2, 3, 4], 540, 1080)],
};
const NOBODY: Rules = { ...ALL_RING, calls: MayCall.NOTHING, hours: null };

let world: World;
let anna: Party;
let bob: Party;

beforeEach(async () => {
  world = new World();
  [anna, bob] = await world.pair();
});

function decisions(party: Party): Decisions {
  const { books, conversations, vaultStale } = party;
  return new Decisions(books, conversations, { kick: vi.fn() }, vaultStale);
}

function known(party: Party, other: Party) {
  const found = party.books.contacts.get(party.store, other.account.id);
  if (found === undefined) throw new Error("no contact");
  return found;
}

function given(party: Party, other: Party): string | undefined {
  const { addresses } = party.books;
  const found = addresses.current(party.store, Purpose.CONTACT, other.account.id);
  return found && hex(found.capability);
}

const block = (party: Party, other: Party) =>
  decisions(party).setStanding(other.account.id, Standing.BLOCKED);
const unblock = (party: Party, other: Party) =>
  decisions(party).setStanding(other.account.id, Standing.CONTACT);
const write = (party: Party, other: Party, text: string) =>
  failure(party.conversations.sendText(other.account.id, text));

/** Anna's second device, in all her groups. */
async function linked(): Promise<Party> {
  const tablet = await world.link(anna);
  await settle(anna, tablet, bob);
  return tablet;
}

describe("blocking", () => {
  test("the server refuses, and unblocking gives a fresh address", async () => {
    const before = given(anna, bob);
    await block(anna, bob);
    await settle(anna, bob);
    expect([known(anna, bob).state, given(anna, bob)]).toEqual(["blocked", undefined]);
    expect(anna.vaultStale).toHaveBeenCalled();
    expect(await write(bob, anna, "are you there?")).toBe("AuthorizationError refused");
    expect(await write(anna, bob, "no")).toBe("AuthorizationError refused");
    await unblock(anna, bob);
    await settle(anna, bob);
    expect([before, undefined]).not.toContain(given(anna, bob));
    expect(await write(bob, anna, "hello again")).toBe("none");
    await settle(anna, bob);
    expect(await write(anna, bob, "and to you")).toBe("none");
    await settle(anna, bob);
    for (const [one, other] of [
      [anna, bob],
      [bob, anna],
    ] as const) {
      expect(one.texts(other)).toEqual(["hello again", "and to you"]);
    }
  });

  test("on both devices, from either", async () => {
    const tablet = await linked();
    const before = [given(anna, bob), given(tablet, bob)];
    await block(tablet, bob);
    await settle(tablet, anna, bob);
    expect([known(anna, bob).state, known(tablet, bob).state]).toEqual(["blocked", "blocked"]);
    expect([given(anna, bob), given(tablet, bob)]).toEqual([undefined, undefined]);
    expect(await write(bob, anna, "neither")).toBe("AuthorizationError refused");
    await unblock(anna, bob);
    await settle(anna, tablet, bob);
    for (const party of [anna, tablet]) {
      expect(known(party, bob).state).toBe("contact");
      expect([...before, undefined]).not.toContain(given(party, bob));
    }
    expect(await write(bob, anna, "both")).toBe("none");
    await settle(bob, anna, tablet);
    expect([anna.texts(bob), tablet.texts(bob)]).toEqual([["both"], ["both"]]);
  });

  test("CK-599: what waits for them waits on", async () => {
    world.away = true;
    expect(await write(anna, bob, "written before")).toBe("none");
    world.away = false;
    await block(anna, bob);
    await settle(anna, bob);
    expect([anna.outbox.waiting(), bob.texts(anna)]).toEqual([1, []]);
    await unblock(anna, bob);
    await settle(anna, bob);
    expect([anna.outbox.waiting(), bob.texts(anna)]).toEqual([0, ["written before"]]); // the control
  });

  test("no address is made and no commit while it lasts", async () => {
    await block(anna, bob);
    const tablet = await world.link(anna);
    await settle(anna, tablet, bob);
    expect(given(anna, bob)).toBeUndefined();
    expect(await anna.has(anna.conversation(bob), tablet)).toBe(false);
    await unblock(anna, bob);
    await settle(anna, tablet, bob);
    expect(await anna.has(anna.conversation(bob), tablet)).toBe(true); // the control
    expect(await write(bob, anna, "there you are")).toBe("none");
    await settle(bob, tablet, anna);
    expect([anna.texts(bob), tablet.texts(bob)]).toEqual([["there you are"], ["there you are"]]);
  });
});

describe("rules and verified", () => {
  test("hold on both devices", async () => {
    const tablet = await linked();
    expect(known(anna, bob).rules).toEqual(ALL_RING);
    await decisions(anna).setRules(bob.account.id, VOICE);
    await decisions(anna).setVerified(bob.account.id, true);
    await settle(anna, tablet);
    for (const party of [anna, tablet]) {
      expect(known(party, bob).rules).toEqual(VOICE);
      expect(isVerified(party.books, known(party, bob))).toBe(true);
    }
    await decisions(tablet).setRules(bob.account.id, ALL_RING);
    await decisions(tablet).setVerified(bob.account.id, false);
    await settle(tablet, anna);
    expect(known(anna, bob).rules).toEqual(ALL_RING);
    expect(isVerified(anna.books, known(anna, bob))).toBe(false);
  });

  test("a code on their screen marks them if it is the same, and changes nothing else", async () => {
    const shownBy = (party: Party, other: Party) => safetyNumberWith(party, other.account.id).text;
    const isMarked = () => isVerified(anna.books, known(anna, bob));
    const read = (text: string) => failure(decisions(anna).verifyByText(bob.account.id, text));
    // Her own code is a safety number, but not his half of it.
    expect(await read(shownBy(anna, bob))).toBe("PeerError identity_changed");
    expect(await read("visavis-number:AAAA")).toBe("PeerError malformed");
    expect(isMarked()).toBe(false);
    expect(await read(shownBy(bob, anna))).toBe("none");
    expect(isMarked()).toBe(true);
  });

  test("a mark of another key, or of one in doubt, does not count", async () => {
    await decisions(anna).setVerified(bob.account.id, true);
    const found = known(anna, bob);
    expect(isVerified(anna.books, found)).toBe(true); // the control
    found.identityChanged = true;
    expect(isVerified(anna.books, found)).toBe(false);
    found.identityChanged = false;
    found.verified = new IdentityKey(new Uint8Array(32));
    expect(isVerified(anna.books, found)).toBe(false);
    expect(isVerified(anna.books, undefined)).toBe(false);
  });

  test("the local clock is asked", async () => {
    const account = bob.account.id;
    const at = (day: number, hour: number) => {
      world.time = new Date(2026, 10, 23 + day, hour).getTime() / 1000; // the 23rd: a Monday
      return mayRing(anna.books, account, Media.VIDEO, { called: false });
    };
    expect(at(6, 3)).toBe(Media.VIDEO);
    await decisions(anna).setRules(account, VOICE);
    expect([at(2, 10), at(2, 18), at(6, 10)]).toEqual([Media.VOICE, undefined, undefined]);
    const called = () => mayRing(anna.books, account, Media.VIDEO, { called: true });
    expect(called()).toBe(Media.VIDEO); // We are calling them ourselves.
    await block(anna, bob);
    expect(called()).toBeUndefined();
    const nobody = new AccountId(new Uint8Array(16));
    expect(mayRing(anna.books, nobody, Media.VIDEO, { called: true })).toBeUndefined();
  });

  test("out of bounds, and of nobody, are refused", async () => {
    const made = decisions(anna);
    const wrong = made.setRules(bob.account.id, { ...ALL_RING, calls: MayCall.VIDEO, hours: [] });
    await expect(wrong).rejects.toThrow(UsageError);
    const nobody = new AccountId(new Uint8Array(16));
    await expect(made.setRules(nobody, VOICE)).rejects.toThrow(AuthorizationError);
  });
});

describe("several devices at once", () => {
  const at = (some: Partial<Decided>): Decided => ({ standing: 0, verified: 0, rules: 0, ...some });

  async function take(...records: ContactRecord[]): Promise<void> {
    for (const record of records) {
      await anna.store.transaction((unit) => takeDecision(unit, anna.books, record));
    }
  }

  test("CK-688: the newest stands, in whatever order they come", async () => {
    const bare = anna.books.contacts.record(anna.store, known(anna, bob));
    const said: ContactRecord[] = [
      { ...bare, rules: VOICE, decided: at({ rules: 5 }) },
      { ...bare, standing: Standing.BLOCKED, decided: at({ standing: 7 }) },
      { ...bare, rules: NOBODY, decided: at({ standing: 7, rules: 8 }) },
      { ...bare, standing: Standing.BLOCKED, rules: VOICE, decided: null },
      { ...bare, standing: Standing.CONTACT, rules: VOICE, decided: at({ standing: 6 }) },
    ];
    const found = new Set<string>();
    for (const order of permutations(said)) {
      await anna.store.transaction((unit) => {
        const fresh = known(anna, bob);
        Object.assign(fresh, { standing: Standing.CONTACT, rules: ALL_RING, decided: at({}) });
        anna.books.contacts.save(unit, fresh);
      });
      await take(...order);
      const { standing, rules, decided } = known(anna, bob);
      found.add(JSON.stringify([standing, rules, decided]));
    }
    // Each by itself, and of one second the block.
    const stands = [Standing.BLOCKED, NOBODY, at({ standing: 7, rules: 8 })];
    expect([...found]).toEqual([JSON.stringify(stands)]);
  });

  test("a clock that is behind takes nothing back", async () => {
    const bare = anna.books.contacts.record(anna.store, known(anna, bob));
    const ahead = world.time + 500_000;
    await take({ ...bare, rules: VOICE, decided: at({ verified: ahead, rules: ahead }) });
    expect(known(anna, bob).rules).toEqual(VOICE);
    const later = at({ verified: ahead + 1, rules: ahead });
    await decisions(anna).setVerified(bob.account.id, true);
    expect(known(anna, bob).decided).toEqual(later);
    await decisions(anna).setVerified(bob.account.id, true); // Nothing new: nothing is said.
    expect(known(anna, bob).decided).toEqual(later);
    await block(anna, bob);
    expect(known(anna, bob).decided).toEqual({ ...later, standing: world.time });
  });

  test("only the decision is taken, and only about a contact of ours", async () => {
    const before = known(anna, bob);
    const bare = anna.books.contacts.record(anna.store, before);
    const list = anna.list.data; // nobody we have as a contact
    await take({ ...bare, list, decided: at({ standing: 9 }), standing: Standing.BLOCKED });
    expect(anna.books.contacts.all(anna.store)).toHaveLength(1);
    expect(known(anna, bob).state).toBe("contact");
    await take({
      ...bare,
      name: "mallory.1",
      devices: [],
      decided: at({ rules: 9 }),
      rules: VOICE,
    });
    const after = known(anna, bob);
    expect([after.name, after.addresses, after.rules]).toEqual([
      before.name,
      before.addresses,
      VOICE,
    ]);
  });

  test("a decision is told after a crash", async () => {
    const tablet = await linked();
    const { conversations } = anna;
    vi.spyOn(conversations, "sendSelfMade").mockRejectedValueOnce(new Error("died"));
    await expect(decisions(anna).setRules(bob.account.id, VOICE)).rejects.toThrow("died");
    expect(anna.store.count(UNTOLD_KIND)).toBe(1);
    await settle(anna, tablet);
    expect(known(tablet, bob).rules).toEqual(ALL_RING);
    const back = await anna.restarted();
    await decisions(back).tell();
    await settle(back, tablet);
    expect(known(tablet, bob).rules).toEqual(VOICE);
    expect(back.store.count(UNTOLD_KIND)).toBe(0);
  });

  test("who has no address just now is told of when there is one again", async () => {
    const tablet = await linked();
    const { addresses } = known(anna, bob);
    const save = async (entries: typeof addresses) =>
      await anna.store.transaction((unit) => {
        const found = known(anna, bob);
        found.addresses = entries;
        found.last = undefined;
        anna.books.contacts.save(unit, found);
      });
    await save(new Map());
    await decisions(anna).setRules(bob.account.id, VOICE);
    expect(anna.store.count(UNTOLD_KIND)).toBe(1);
    await save(addresses);
    await decisions(anna).tell();
    await settle(anna, tablet);
    expect(known(tablet, bob).rules).toEqual(VOICE);
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((first, i) =>
    permutations(items.filter((_, j) => j !== i)).map((rest) => [first, ...rest]),
  );
}
