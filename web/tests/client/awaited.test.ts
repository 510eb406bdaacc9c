/** Contacts of before a move: who comes as one of them, who does not, and what holds then. */

import { beforeEach, describe, expect, test } from "vitest";
import { Purpose } from "../../client/addresses.ts";
import { AWAITED_KIND, awaitedContact } from "../../client/awaited.ts";
import { isVerified, restore, UNTOLD_KIND } from "../../client/decisions.ts";
import { localData } from "../../client/local_data.ts";
import { NO_FOOTPRINT } from "../../core/account_data.ts";
import { concat, equal, uint, utf8 } from "../../core/bytes.ts";
import { Direction, type Entry, NO_MARK, Outcome, Quality, Via } from "../../core/call_entry.ts";
import { ALL_RING, type Rules } from "../../core/contact_rules.ts";
import { MayCall, Media, Standing } from "../../core/content_records.ts";
import { type DeviceList, type ListedDevice, signMoved } from "../../core/device_list.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { AccountId, CallId, DeviceId, random, SignatureKey } from "../../core/ids.ts";
import { HOUR_S } from "../../core/keeping.ts";
import type { MovedContact } from "../../core/moved_contact.ts";
import { rng } from "./people.ts";
import { Account, type Party, settle, World } from "./world.ts";

const RULES: Rules = { ...ALL_RING, calls: MayCall.VOICE, keeps: 24 * 400 };
const DECIDED = { standing: 1, verified: 2, rules: 3 };

/** The same account at this server: its first device here is on a list of the next era. */
class MovedAccount extends Account {
  override readonly identityPrivate;
  readonly #before: DeviceList;

  constructor(of: Account, handle = of.handle) {
    super(handle, of.id);
    this.identityPrivate = of.identityPrivate;
    this.#before = listOf(of);
  }

  override async add(device: ListedDevice): Promise<DeviceList> {
    if (this.list !== undefined) return await super.add(device);
    this.list = await signMoved(this.#before, this.identityPrivate, [device]);
    return this.list;
  }
}

let world: World;
/** Waits for Bob. */
let anna: Party;
/** Bob's account as it was at the server of before. */
let before: Account;

beforeEach(async () => {
  world = new World();
  anna = await world.signUp("anna");
  before = await old("bob.12345");
});

/** Make an account at a server that we left, with a device there. */
async function old(handle: string, id = random(AccountId, rng)): Promise<Account> {
  const account = new Account(handle, id);
  await account.add({
    deviceId: random(DeviceId, rng),
    signatureKey: random(SignatureKey, rng),
  });
  return account;
}

function listOf({ list }: Account): DeviceList {
  if (list === undefined) throw new Error("no list");
  return list;
}

function contactOf(account: Account, more: Partial<MovedContact> = {}): MovedContact {
  const { identityKey, version } = listOf(account);
  return {
    account: account.id,
    identity: identityKey,
    version,
    name: account.handle,
    standing: Standing.CONTACT,
    verified: identityKey,
    rules: RULES,
    decided: DECIDED,
    ...more,
  };
}

async function wait(party: Party, ...contacts: MovedContact[]): Promise<void> {
  await party.store.transaction((unit) => {
    for (const contact of contacts) party.books.awaited.save(unit, contact);
  });
}

const moved = (account = before, handle = account.handle) =>
  world.newDevice(new MovedAccount(account, handle));

function known(party: Party, account = before) {
  return party.books.contacts.get(party.store, account.id);
}

const names = (party: Party) => party.books.contacts.all(party.store).map(({ name }) => name);
const awaited = (party: Party) => party.books.awaited.all(party.store).map(({ name }) => name);
const verified = (party: Party) => isVerified(party.books, known(party));

/** Have one follow a link of the other. */
async function follow(guest: Party, host: Party, singleUse = true): Promise<void> {
  await guest.firstContact.follow(await host.firstContact.createInvite({ singleUse, days: 1 }));
  await settle(host, guest);
}

describe("who comes as one of them", () => {
  test.each(["their link", "our link"])("is who they were: over %s", async (way) => {
    await wait(anna, contactOf(before));
    const bob = await moved();
    if (way === "our link") await follow(bob, anna);
    else await follow(anna, bob);
    expect([anna.drops, bob.drops]).toEqual([{}, {}]);
    const found = known(anna);
    expect(verified(anna)).toBe(true);
    expect(found).toMatchObject({ rules: RULES, decided: DECIDED, state: "contact" });
    expect([names(anna), awaited(anna)]).toEqual([["bob.12345"], []]);
    expect(anna.store.count(UNTOLD_KIND)).toBe(1); // our other devices did not wait
    expect(isVerified(bob.books, known(bob, anna.account))).toBe(false); // he compared nothing
    await bob.conversations.sendText(anna.account.id, "here I am");
    await settle(anna, bob);
    expect(anna.texts(bob)).toContain("here I am");
  });

  test("what was never decided stays so", async () => {
    await wait(anna, contactOf(before, { verified: null, rules: null, decided: null }));
    await follow(await moved(), anna);
    expect(known(anna)).toMatchObject({ rules: ALL_RING, verified: undefined });
    expect(known(anna)?.decided).toEqual({ standing: 0, verified: 0, rules: 0 });
    expect(awaited(anna)).toEqual([]);
  });

  test("waits for a tap over a link for many, and is shown as who they were", async () => {
    await wait(anna, contactOf(before));
    const bob = await moved(before, "robert.77777");
    const carol = await world.signUp("carol");
    const link = await anna.firstContact.createInvite({ singleUse: false, days: 1 });
    for (const one of [bob, carol]) await one.firstContact.follow(link);
    await anna.receive();
    const waiting = anna.firstContact.waiting().map(({ name, was }) => [name, was]);
    expect(waiting.toSorted()).toEqual([
      ["carol.12345", ""],
      ["robert.77777", "bob.12345"],
    ]);
    expect([names(anna), awaited(anna)]).toEqual([[], ["bob.12345"]]);
    await anna.firstContact.approve(before.id);
    await settle(anna, bob);
    expect([names(anna), verified(anna)]).toEqual([["robert.77777"], true]);
  });

  test("a disk that is full takes nothing from those who are awaited", async () => {
    await wait(anna, contactOf(before));
    const bob = await moved();
    const link = await anna.firstContact.createInvite({ singleUse: true, days: 1 });
    await bob.firstContact.follow(link);
    anna.store.failing = new UnavailableError(Code.DISK_FULL, "full");
    await anna.receive();
    expect([names(anna), awaited(anna)]).toEqual([[], ["bob.12345"]]);
    anna.store.failing = undefined;
    await settle(anna, bob);
    expect([names(anna), awaited(anna), verified(anna)]).toEqual([["bob.12345"], [], true]);
  });
});

describe("who claims to be one of them is refused", () => {
  /** Another key for the same account, of whoever made this. */
  const liar = async () => await moved(await old("bob.12345", before.id));

  test.each(["our link", "their link"])("CK-733: with another key, over %s", async (way) => {
    await wait(anna, contactOf(before));
    const other = await liar();
    if (way === "our link") await follow(other, anna);
    else await follow(anna, other);
    expect(anna.drops).toEqual({ identity_changed: 1 });
    expect([names(anna), awaited(anna)]).toEqual([[], ["bob.12345"]]);
  });

  test.each(["our link", "their link"])("CK-733: with a list of before, over %s", async (way) => {
    // A revoked device has such a list: rightly signed, with itself on it.
    await wait(anna, contactOf(before, { version: 7 }));
    const nobody = await world.signUp("nobody");
    const thief = await world.newDevice(before);
    for (const host of [anna, nobody]) {
      if (way === "our link") await follow(thief, host);
      else await follow(host, thief);
    }
    expect(anna.drops).toEqual({ bad_credential: 1 });
    expect([names(anna), awaited(anna)]).toEqual([[], ["bob.12345"]]);
    // The control: whoever waits for nobody takes it for what its list says.
    expect([nobody.drops, names(nobody)]).toEqual([{}, ["bob.12345"]]);
  });

  test.each(["our link", "their link"])("CK-734: who was blocked, over %s", async (way) => {
    await wait(anna, contactOf(before, { standing: Standing.BLOCKED }));
    const bob = await moved();
    const meet = () => (way === "our link" ? follow(bob, anna) : follow(anna, bob));
    await meet();
    expect(anna.drops).toEqual({ refused: 1 });
    expect([names(anna), awaited(anna)]).toEqual([[], ["bob.12345"]]);
    await anna.store.transaction((unit) => anna.books.awaited.remove(unit, before.id));
    await meet();
    expect(names(anna)).toEqual(["bob.12345"]);
    expect([verified(anna), known(anna)?.rules]).toEqual([false, ALL_RING]);
  });

  test("a mark is given to nobody else, wherever they come from", async () => {
    const other = await world.newDevice(before);
    await follow(other, anna);
    await wait(anna, contactOf(before));
    const found = known(anna);
    if (found === undefined) throw new Error("no contact");
    await anna.store.transaction((unit) => restore(unit, anna.books, found));
    expect([verified(anna), awaited(anna)]).toEqual([false, ["bob.12345"]]);
  });
});

describe("our other devices do not wait", () => {
  let phone: Party;

  beforeEach(async () => {
    phone = await world.link(anna);
    await settle(anna, phone, anna, phone);
    const joining = { account: anna.account.id, keyPackages: await anna.keyPackages(2) };
    await phone.store.transaction((unit) => phone.books.joining.put(unit, anna.device, joining));
  });

  test("whom one lets in is who they were, on the device that waits", async () => {
    await wait(anna, contactOf(before));
    const bob = await moved();
    await follow(bob, phone);
    await settle(phone, anna, bob, phone);
    expect([verified(phone), verified(anna)]).toEqual([false, true]);
    expect(known(anna)).toMatchObject({ rules: RULES, decided: DECIDED });
    expect(awaited(anna)).toEqual([]);
    expect(anna.store.count(UNTOLD_KIND)).toBe(1);
  });

  test.each([
    ["another key", "identity_changed"],
    ["a list of before", "bad_credential"],
  ])("CK-733: what one lets in with %s is not joined", async (what, code) => {
    await wait(anna, contactOf(before, { version: 7 }));
    const thief =
      what === "another key"
        ? await moved(await old("bob.12345", before.id))
        : await world.newDevice(before);
    await follow(thief, phone);
    await settle(phone, anna, phone, anna);
    expect(names(phone)).toEqual(["bob.12345"]);
    expect([names(anna), awaited(anna)]).toEqual([[], ["bob.12345"]]);
    expect(anna.drops[code]).toBeGreaterThanOrEqual(1);
  });

  test("whom one lets in that was blocked is blocked, and has no address of ours", async () => {
    await wait(anna, contactOf(before, { standing: Standing.BLOCKED }));
    const given = () => anna.books.addresses.current(anna.store, Purpose.CONTACT, before.id);
    await anna.store.transaction((unit) => anna.books.contactAddress(unit, before.id));
    expect(given()).toBeDefined();
    await follow(await moved(), phone);
    await settle(phone, anna, phone, anna);
    expect(known(anna)?.state).toBe("blocked");
    expect(given()).toBeUndefined();
  });
});

describe("somebody else of the same name", () => {
  test("gets a mark at it, and nothing of it (CK-587)", async () => {
    await wait(anna, contactOf(before));
    const stranger = await world.signUp("bob");
    const dora = await world.signUp("dora");
    const link = await anna.firstContact.createInvite({ singleUse: false, days: 1 });
    for (const one of [stranger, dora]) await one.firstContact.follow(link);
    await anna.receive();
    const marked = expect.stringMatching(/^bob\.12345~[0-9a-f]{12}$/);
    const waiting = anna.firstContact.waiting().map(({ name, was }) => [name, was]);
    expect(waiting.toSorted()).toEqual([
      [marked, ""],
      ["dora.12345", ""],
    ]);
    await anna.firstContact.approve(stranger.account.id);
    await settle(anna, stranger);
    expect(names(anna)).toEqual([marked]);
    const found = known(anna, stranger.account);
    expect(found).toMatchObject({ rules: ALL_RING, verified: undefined });
    expect([awaited(anna), anna.store.count(UNTOLD_KIND)]).toEqual([["bob.12345"], 0]);
    // The one who is awaited has it without a mark.
    await follow(await moved(), anna);
    expect(names(anna)).toEqual(["bob.12345", marked]);
  });
});

describe("until they come", () => {
  const call = (number: number, ago: number): Entry => ({
    call: new CallId(concat(utf8("call"), uint(number, 12))),
    members: [before.id],
    direction: Direction.OUTGOING,
    media: Media.VIDEO,
    outcome: Outcome.ANSWERED,
    at: world.time - ago,
    seconds: 30,
    verified: false,
    recorded: false,
    via: Via.NONE,
    quality: Quality.UNKNOWN,
    suite: 0,
    mark: NO_MARK,
  });

  async function keep(hours: number): Promise<void> {
    const { calls, store } = anna.books;
    await store.transaction((unit) =>
      calls.setSettings(unit, { ...calls.settings(unit), keep: hours }),
    );
  }

  test("what was decided about calls with them holds", async () => {
    const { calls, store } = anna.books;
    await keep(24 * 30);
    await wait(anna, contactOf(before));
    await store.transaction((unit) => calls.note(unit, call(1, 24 * HOUR_S)));
    const later = 24 * 300 * HOUR_S;
    world.time += later;
    await store.transaction((unit) => calls.expire(unit));
    expect(calls.entries()).toHaveLength(1);
    await store.transaction((unit) => {
      anna.books.awaited.remove(unit, before.id);
      calls.expire(unit);
    });
    expect(calls.entries()).toEqual([]); // as for everybody
  });

  test("what was decided holds on when they come", async () => {
    const { calls, store } = anna.books;
    await keep(24 * 30);
    await wait(anna, contactOf(before));
    await store.transaction((unit) => calls.note(unit, call(1, 24 * 40 * HOUR_S)));
    await follow(await moved(), anna);
    await store.transaction((unit) => calls.expire(unit));
    expect([awaited(anna), calls.entries().length]).toEqual([[], 1]);
  });

  test("they are shown by name, with what is known of them", async () => {
    const id = (byte: number) => new AccountId(new Uint8Array(16).fill(byte));
    const [zoe, ada] = [await old("zoe.1", id(0)), await old("ada.1", id(255))];
    const other = listOf(await old("x.1")).identityKey;
    await wait(
      anna,
      contactOf(zoe, { standing: Standing.BLOCKED, verified: null }),
      contactOf(before),
      contactOf(ada, { verified: other }),
    );
    const shown = anna.books.awaited.all(anna.store).map(awaitedContact);
    expect(shown.map(({ keeps }) => keeps)).toEqual([24 * 400, 24 * 400, 24 * 400]);
    expect(shown.map(({ name, verified: mark, blocked }) => [name, mark, blocked])).toEqual([
      ["ada.1", false, false], // the mark was for another key
      ["bob.12345", true, false],
      ["zoe.1", false, true],
    ]);
    expect(shown.every(({ account, key }) => key.length === 2 * account.length)).toBe(true);
  });

  test("they survive a restart, and a unit that failed", async () => {
    await wait(anna, contactOf(before));
    const broken = anna.store.transaction((unit) => {
      anna.books.awaited.remove(unit, before.id);
      expect(anna.books.awaited.get(unit, before.id)).toBeUndefined();
      throw new Error("died");
    });
    await expect(broken).rejects.toThrow("died");
    const back = await anna.restarted();
    const found = back.books.awaited.get(back.store, before.id);
    expect(found).toEqual(contactOf(before));
    expect(found !== undefined && equal(found.identity, listOf(before).identityKey)).toBe(true);
  });

  test("they are counted among the contacts that this device keeps", async () => {
    const sizes = new Map([[AWAITED_KIND, { rows: 2, bytes: 300 }]]);
    const rowsSize = async () => NO_FOOTPRINT;
    const { kinds } = await localData({ sizes: () => sizes, rowsSize });
    expect([...kinds]).toEqual([["contacts", { rows: 2, bytes: 300 }]]);
  });
});
