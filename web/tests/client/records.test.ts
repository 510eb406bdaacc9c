/** What a device knows: profile, lists, contacts, first contacts, groups, history, key packages. */

import { beforeEach, describe, expect, it } from "vitest";
import { type Books, DAY_S, KEY_PACKAGE_S } from "../../client/books.ts";
import { ContactBook, deviceAddresses, Known, knownFromRecord } from "../../client/contact_book.ts";
import * as records from "../../client/contact_records.ts";
import {
  ANNOUNCED_KIND,
  GroupKind,
  GroupRecord,
  MAX_LEAP,
  RECORD_KIND,
  STATE_KIND,
  seatKey,
  seatsOf,
} from "../../client/groups.ts";
import { DeviceLists } from "../../client/lists.ts";
import { PENDING_KIND, readPending, savePending } from "../../client/pending_commit.ts";
import { Profile } from "../../client/profile.ts";
import type { Store } from "../../client/store.ts";
import { type Bytes, concat, equal, hex, utf8 } from "../../core/bytes.ts";
import { encode } from "../../core/cbor.ts";
import type { ContactRequest } from "../../core/content_outer.ts";
import { Standing, UNSIGNED } from "../../core/content_records.ts";
import type { DeviceList } from "../../core/device_list.ts";
import { Code } from "../../core/errors.ts";
import { identityHash } from "../../core/identity.ts";
import {
  type AccountId,
  DeviceId,
  Digest,
  GroupId,
  RequestToken,
  random,
  SequencerHandle,
} from "../../core/ids.ts";
import { SUITE_ID, signaturePublicKey, UnverifiedKeyPackage } from "../../core/mls/index.ts";
import { address, booksOf, ORIGIN, Person, rng } from "./people.ts";
import { Device, refusal } from "./stores.ts";

let device: Device;
let store: Store;
let me: Person;
let own: DeviceList;
let books: Books;
let now: number;

beforeEach(async () => {
  device = new Device();
  store = await device.create();
  me = new Person(2);
  own = await me.list(1);
  now = 1_800_000_000;
  books = await booksOf(store, me, own, { now: () => now, rng });
  return () => store.close();
});

const group = () => random(GroupId, rng);
const handle = () => random(SequencerHandle, rng);

describe("the profile", () => {
  it("is what was saved, and says nothing of its keys", async () => {
    const { profile } = books;
    expect([profile.origin, profile.handle, profile.active]).toEqual([ORIGIN, "me", false]);
    expect(equal(profile.signaturePrivate, me.device().key)).toBe(true);
    expect(equal(profile.deviceId, books.device) && equal(profile.accountId, books.account)).toBe(
      true,
    );
    expect(`${profile}${JSON.stringify(profile)}`).not.toContain(hex(profile.token));
    expect(() => profile.requireActive()).toThrow("cut short");
    const keys = new Uint8Array(64).fill(3);
    await store.transaction((unit) => {
      books.profile.with({ vaultKeys: keys }).save(unit);
      expect(Profile.load(unit).activate(unit).active).toBe(true);
      expect(Profile.load(unit).vaultKeys).toEqual(keys);
      expect(books.profile.active).toBe(false); // a snapshot of what is on disk
    });
    expect([books.profile.active, books.profile.vaultKeys]).toEqual([true, keys]);
    books.profile.requireActive();
  });

  it("that is none is refused", async () => {
    for (const value of [undefined, encode({ v: 2 }), encode("x")]) {
      await store.transaction((unit) => {
        unit.delete("profile", utf8("device"));
        if (value !== undefined) unit.put("profile", utf8("device"), value);
      });
      expect(() => books.profile).toThrow("holds no device");
    }
  });
});

describe("device lists", () => {
  it("are learnt once, newer ones replace older ones, and both are found after a restart", async () => {
    const next = await me.list(2, own);
    await store.transaction((unit) => {
      expect(books.lists.learn(unit, own)).toBe(false);
      expect(books.lists.learn(unit, next)).toBe(true);
      expect(books.lists.newest(unit, me.account)).toBe(next);
      expect(books.lists.newest(store, me.account)).not.toBe(next);
    });
    const again = await DeviceLists.load(store);
    for (const lists of [books.lists, again]) {
      expect(lists.newest(store, me.account)?.version).toBe(2);
      expect(lists.before(store, me.account)?.version).toBe(1);
      expect(lists.stands(store, me.account, me.device(1).id)).toBe(true);
      expect(lists.stands(store, new Person().account, me.device(1).id)).toBe(false);
    }
    await store.transaction((unit) => books.lists.forget(unit, me.account));
    expect(books.lists.newest(store, me.account)).toBeUndefined();
    expect(books.lists.before(store, me.account)).toBeUndefined();
    expect(() => books.ownList(store)).toThrow("no device list of its own");
  });

  it("of another identity replace nothing (CK-563)", async () => {
    const forged = await new Person(1, me.account).list();
    const error = await refusal(store.transaction((unit) => books.lists.learn(unit, forged)));
    expect(error.code).toBe(Code.IDENTITY_CHANGED);
    expect(books.lists.newest(store, me.account)?.data).toEqual(own.data);
  });

  it("of a unit that failed are not known", async () => {
    const other = new Person();
    const list = await other.list();
    const failing = store.transaction((unit) => {
      books.lists.learn(unit, list);
      throw new Error("half-way");
    });
    await expect(failing).rejects.toThrow("half-way");
    expect(books.lists.newest(store, other.account)).toBeUndefined();
  });

  it("judge who may be in a group, by what the reader shows at that moment", async () => {
    const next = await me.list(2, own);
    const key = next.devices.find((listed) => equal(listed.deviceId, me.device(1).id));
    if (key === undefined) throw new Error("not listed");
    const identity = encode({ account: me.account, device: key.deviceId, list: next.data });
    const [mine] = (await books.createGroup(store)).members();
    if (mine === undefined) throw new Error("not in the group");
    const member = { ...mine, identity, signatureKey: key.signatureKey };
    const validator = books.lists.validator(store);
    await validator(member, null);
    await store.transaction((unit) => {
      books.lists.learn(unit, next);
    });
    const last = await me.list(1, next);
    await store.transaction(async (unit) => {
      books.lists.learn(unit, last);
      const inside = books.lists.validator(unit);
      await expect(inside(member, null)).rejects.toThrow("CK-266");
      await validator(member, null);
      await books.lists.presentValidator(unit)(member, null);
    });
    await expect(validator(member, null)).rejects.toThrow("CK-266");
    await store.transaction((unit) => books.lists.forget(unit, me.account));
    await expect(validator(member, null)).rejects.toThrow("CK-265");
  });
});

describe("contacts", () => {
  async function friend(name: string, person = new Person(2)): Promise<Known> {
    const list = await person.list();
    const addresses = deviceAddresses(
      person.devices.map(({ id }) => ({ device: id, address: address() })),
    );
    const known = new Known(person.account, name, group(), handle(), { addresses });
    await store.transaction((unit) => {
      books.lists.learn(unit, list);
      books.contacts.save(unit, known);
    });
    return known;
  }

  it("are read as they were saved, each time anew", async () => {
    const known = await friend("zoe");
    Object.assign(known, { standing: Standing.BLOCKED, member: false, thread: group() });
    known.identityChanged = true;
    known.verified = own.identityKey;
    expect(books.contacts.get(store, known.account)?.state).toBe("contact");
    await store.transaction((unit) => books.contacts.save(unit, known));
    expect(books.contacts.get(store, known.account)).toEqual(known);
    expect(books.contacts.get(store, known.account)).not.toBe(
      books.contacts.get(store, known.account),
    );
    await store.transaction((unit) => books.contacts.remove(unit, known.account));
    expect(books.contacts.get(store, known.account)).toBeUndefined();
  });

  it("are read again though no address of theirs is known", async () => {
    const known = await friend("zoe");
    known.addresses.clear();
    await store.transaction((unit) => books.contacts.save(unit, known));
    expect(books.contacts.all(store)).toEqual([known]);
    const stranger = new Known(new Person().account, "x", group(), handle());
    const saving = store.transaction((unit) => books.contacts.save(unit, stranger));
    expect((await refusal(saving)).detail).toContain("without a device list");
  });

  it("keep the address that went last for their record, and use it no more", async () => {
    const known = await friend("zoe");
    const [first] = known.devices;
    known.forgetDevices(() => true);
    await store.transaction((unit) => books.contacts.save(unit, known));
    const read = books.contacts.get(store, known.account);
    expect(read).toEqual(known);
    expect(read?.last).toEqual(first);
    expect(books.contacts.addresses(store, known.account).size).toBe(0);
    expect(books.contacts.record(store, known).devices).toEqual([first]);
    // Until there is another.
    if (first !== undefined) known.addresses.set(hex(first.device), first);
    await store.transaction((unit) => books.contacts.save(unit, known));
    expect(books.contacts.get(store, known.account)?.last).toBeUndefined();
  });

  it("have no more addresses than devices on their list (CK-271)", async () => {
    const known = await friend("zoe");
    const before = [...known.addresses.keys()].sort();
    for (let i = 0; i < 20; i++) {
      const device = random(DeviceId, rng);
      known.addresses.set(hex(device), { device, address: address() });
    }
    await store.transaction((unit) => books.contacts.save(unit, known));
    expect([...(books.contacts.get(store, known.account)?.addresses.keys() ?? [])]).toEqual(before);
  });

  it("are in the order of their names", async () => {
    // UTF-16 would put the second before the first.
    for (const name of ["\u{1f600}", "\uffee", "b", "a"]) await friend(name);
    const names = books.contacts.all(store).map((known) => known.name);
    expect(names).toEqual(["a", "b", "\uffee", "\u{1f600}"]);
  });

  it("say in a word how they stand", () => {
    const options = { member: false, identityChanged: true, standing: Standing.BLOCKED };
    const known = new Known(me.account, "anna", group(), handle(), options);
    expect(known.state).toBe("blocked");
    known.standing = Standing.CONTACT;
    expect(known.state).toBe("identity changed");
    known.identityChanged = false;
    expect(known.state).toBe("rejoining");
    known.member = true;
    expect(known.state).toBe("contact");
  });

  it("are reached at devices on the newest list only (CK-574)", async () => {
    const person = new Person(2);
    const known = await friend("zoe", person);
    expect([...books.contacts.addresses(store, known.account).keys()]).toEqual(
      [...known.addresses.keys()].sort(),
    );
    const [kept, gone] = [person.device(0).id, person.device(1).id];
    const first = books.lists.newest(store, known.account);
    await store.transaction(async (unit) => {
      books.lists.learn(unit, await person.list(1, first));
      expect([...books.contacts.addresses(unit, known.account).keys()]).toEqual([hex(kept)]);
      expect(books.resolve(unit, known.account, gone)).toBeUndefined();
      expect(books.resolve(store, known.account, gone)).toBeDefined();
    });
    expect(books.resolve(store, known.account, kept)).toEqual(
      known.addresses.get(hex(kept))?.address,
    );
    expect(books.contacts.addresses(store, me.account).size).toBe(0);
  });

  it("go into the vault and come back", async () => {
    const known = await friend("zoe");
    const record = books.contacts.record(store, known);
    expect(await knownFromRecord(record, { member: true })).toEqual(known);
    expect((await knownFromRecord(record, { member: false })).member).toBe(false);
    expect(record.devices.map(({ device: id }) => hex(id))).toEqual(
      [...known.addresses.keys()].sort(),
    );
    const stranger = new Known(new Person().account, "x", group(), handle());
    expect(() => books.contacts.record(store, stranger)).toThrow("without a device list");
  });

  it("of one name are told apart (CK-587)", async () => {
    const known = await friend("zoe.12345");
    const other = new Person().account;
    const mark = hex(other).slice(0, 12);
    const nameFor = (account: AccountId, wished: string) =>
      books.contacts.nameFor(store, account, wished);
    expect(nameFor(known.account, "zoe.12345")).toBe("zoe.12345");
    expect(nameFor(other, "anna.12345")).toBe("anna.12345");
    expect(nameFor(other, "zoe.12345")).toBe(`zoe.12345~${mark}`);
    expect(nameFor(other, "Zoe.12345")).toBe(`Zoe.12345~${mark}`);
    const start = "\u00e9".repeat(49); // 98 bytes; the euro sign has three
    const long = ContactBook.markedName(other, `${start}a\u20ac\u20ac`);
    expect(long).toBe(`${start}a~${mark}`);
  });

  it("that cannot be read are said so", async () => {
    const known = await friend("zoe");
    await store.transaction((unit) => unit.put("contact", plain(known.account), encode([1, 2])));
    expect(() => books.contacts.all(store)).toThrow("cannot be read");
  });
});

function plain(id: Uint8Array): Bytes {
  return new Uint8Array(id);
}

describe("our other devices", () => {
  it("are found while they are on our list", async () => {
    const other = me.device(1).id;
    const at = address();
    await store.transaction((unit) => books.siblings.save(unit, other, at));
    expect([...books.siblings.addresses(store).values()]).toEqual([{ device: other, address: at }]);
    expect(books.resolve(store, me.account, other)).toBeUndefined();
    const next = await me.list(2, own);
    await store.transaction((unit) => books.lists.learn(unit, next));
    expect(books.resolve(store, me.account, other)).toEqual(at);
    await store.transaction((unit) => books.siblings.remove(unit, other));
    expect(books.resolve(store, me.account, other)).toBeUndefined();
  });

  it("and others' join with each key package once", async () => {
    const { joining } = books;
    const id = me.device(1).id;
    const packages = [utf8("one"), utf8("two")];
    const [g1, g2, g3] = [group(), group(), group()];
    await store.transaction((unit) => {
      joining.put(unit, id, { account: me.account, keyPackages: packages });
      expect(joining.take(unit, id, me.account, g1)).toEqual(packages[0]);
      expect(joining.take(unit, id, me.account, g1)).toEqual(packages[0]);
      expect(joining.take(unit, id, new Person().account, g2)).toBeUndefined();
      expect(joining.take(unit, id, me.account, g2)).toEqual(packages[1]);
      expect(joining.take(unit, id, me.account, g3)).toBeUndefined();
      joining.spend(unit, id, utf8("one"));
      expect(joining.take(unit, id, me.account, g1)).toBeUndefined();
    });
    expect(joining.get(store, id)).toMatchObject({ paired: false, keyPackages: [] });
    expect(joining.get(store, id)?.taken).toHaveLength(1);
    await store.transaction((unit) => joining.forget(unit, id));
    expect(joining.get(store, id)).toBeUndefined();
  });
});

describe("first contacts", () => {
  const token = () => random(RequestToken, rng);
  const requested = (of: RequestToken, inviter: Digest | null) =>
    ({
      kind: "requested",
      inviter,
      own: identityHash(own.identityKey),
      token: of,
      expiresAt: now,
    }) as const;

  it("keep requests of ours", async () => {
    const [byLink, byHandle] = [token(), token()];
    const inviter = new Digest(rng(32));
    const invite = { address: address(), inviter, expiresAt: now };
    await store.transaction((unit) => {
      new records.Pending(requested(byLink, inviter), invite).save(unit);
      new records.Pending(requested(byHandle, null), undefined, "zoe").save(unit);
      records.noteMade(unit, me.account);
    });
    expect(records.pending(store, byLink)).toEqual(
      new records.Pending(requested(byLink, inviter), invite),
    );
    expect(records.pending(store, byHandle)?.handle).toBe("zoe");
    expect(records.allPending(store)).toHaveLength(2);
    expect(records.madeMeanwhile(store, byLink, me.account)).toBe(true);
    await store.transaction((unit) => records.endPending(unit, byLink));
    expect(records.pending(store, byLink)).toBeUndefined();
    expect(records.madeMeanwhile(store, byLink, me.account)).toBe(false);
    expect(records.madeMeanwhile(store, byHandle, me.account)).toBe(true);
  });

  it("keep requests that wait", async () => {
    const person = new Person();
    const list = await person.list();
    const request: ContactRequest = {
      kind: "contact.request",
      token: token(),
      list: list.data,
      name: "zoe",
      devices: [{ device: person.device().id, keyPackage: utf8("kp"), address: address() }],
      device: person.device().id,
      signature: UNSIGNED,
    };
    const state = {
      kind: "asked",
      person: records.personOf(list),
      token: request.token,
      expiresAt: now,
    } as const;
    const asked = new records.Asked(state, request, true, "anna.48213");
    await store.transaction((unit) => asked.save(unit));
    expect(records.asked(store, person.account)).toEqual(asked);
    expect(records.allAsked(store)).toEqual([asked]);
    expect(records.asked(store, me.account)).toBeUndefined();
  });

  it("keep links", async () => {
    const id = rng(16);
    const state = { kind: "invited", use: "multi", expiresAt: now } as const;
    await store.transaction((unit) => {
      records.saveLink(unit, id, state);
      records.saveLink(unit, rng(16), { kind: "stranger" });
    });
    expect(store.count(records.LINK_KIND)).toBe(1);
    expect(records.linkOf(store.get(records.LINK_KIND, id) ?? id)).toEqual(state);
    expect(() => records.linkOf(encode(["thrice", 1]))).toThrow("cannot be read");
  });

  it("raise what the machine refused", () => {
    const state = { kind: "stranger" } as const;
    records.raiseRejection({ state, effects: [{ kind: "revokeLink" }] });
    const done = { state, effects: [{ kind: "reject", code: Code.QUOTA }] } as const;
    expect(() => records.raiseRejection(done)).toThrow("quota");
  });
});

describe("groups", () => {
  it("are kept with their state, and each use has its own copy", async () => {
    const made = await books.createGroup(store);
    const record = new GroupRecord(
      new GroupId(made.groupId),
      GroupKind.CONVERSATION,
      me.account,
      handle(),
      { sequenced: false, announced: rng(16), thread: group(), count: 5 },
    );
    await store.transaction((unit) => books.groups.save(unit, record, made));
    expect(books.groups.get(store, record.groupId)).toEqual(record);
    expect(books.groups.all(store)).toEqual([record]);
    expect(books.groups.selfGroup(store)).toBeUndefined();
    const one = await books.groups.state(store, record);
    await one.commit({ rng, now });
    const other = await books.groups.state(store, record);
    expect(other).not.toBe(one);
    expect(other.epoch).toBe(0n);
    expect(other.toBytes()).toEqual(made.toBytes());
    const key = seatKey(me.account, me.device().id);
    const signatureKey = await signaturePublicKey(SUITE_ID, me.device().key);
    const who = { account: me.account, device: me.device().id };
    const seat = { ...who, leafIndex: 0, signatureKey };
    expect([...(await books.groups.members(store, record))]).toEqual([[key, seat]]);
    expect([...(await seatsOf(made))]).toEqual([[key, seat]]);
    await store.transaction((unit) => books.groups.remove(unit, record));
    expect(books.groups.get(store, record.groupId)).toBeUndefined();
    expect((await refusal(books.groups.state(store, record))).code).toBe(Code.WRONG_GROUP);
  });

  it("are forgotten with all that is kept by their ids, and no other is", async () => {
    const made = await books.createGroup(store);
    const [id, other] = [new GroupId(made.groupId), group()];
    const record = new GroupRecord(id, GroupKind.CONVERSATION, me.account, handle());
    const pending = { n: 0, sealed: id, writeKey: id, nextHash: id, after: id, data: id };
    await store.transaction((unit) => {
      books.groups.save(unit, record, made);
      for (const of of [id, other]) {
        savePending(unit, of, { ...pending, sends: [], added: [], removed: [] });
        unit.put(ANNOUNCED_KIND, concat(of, me.device(0).id), new Uint8Array(8));
        unit.put(ANNOUNCED_KIND, concat(of, me.device(1).id), new Uint8Array(8));
      }
    });
    const left = () => [RECORD_KIND, STATE_KIND, PENDING_KIND, ANNOUNCED_KIND].map(count);
    const count = (kind: string) => store.count(kind);
    expect(left()).toEqual([1, 1, 2, 4]);
    await store.transaction((unit) => books.groups.remove(unit, record));
    expect(left()).toEqual([0, 0, 1, 2]);
    expect(readPending(store, other)).toBeDefined();
    const heads = store.items(ANNOUNCED_KIND).map(([key]) => hex(key.subarray(0, other.length)));
    expect(heads).toEqual([hex(other), hex(other)]);
  });

  it("have one lock each", () => {
    const [one, other] = [group(), group()];
    const again = new GroupId(one);
    expect(books.groups.lock({ groupId: one })).toBe(books.groups.lock({ groupId: again }));
    expect(books.groups.lock({ groupId: one })).not.toBe(books.groups.lock({ groupId: other }));
  });

  it("do not follow a leap of counts (CK-582)", () => {
    const record = new GroupRecord(group(), GroupKind.SELF, me.account, handle());
    record.heard(MAX_LEAP + 1);
    expect(record.count).toBe(0);
    record.heard(MAX_LEAP);
    record.heard(3);
    expect(record.count).toBe(MAX_LEAP);
  });
});

describe("key packages", () => {
  const references = () => store.items("bundle").map(([reference]) => reference);

  it("are kept, found, and spent but for the last resort", async () => {
    const given = await store.transaction((unit) => books.keepKeyPackage(unit));
    await store.transaction((unit) => books.keepKeyPackage(unit, { lastResort: true }));
    expect(references()).toHaveLength(2);
    expect(books.findBundle(store, [rng(48)])).toBeUndefined();
    for (const reference of references()) {
      const bundle = books.findBundle(store, [rng(48), reference]);
      expect(bundle?.reference).toEqual(reference);
      if (bundle !== undefined) {
        await store.transaction((unit) => books.spendBundle(unit, bundle));
      }
    }
    const [left] = references();
    const last = books.findBundle(store, left === undefined ? [] : [left]);
    expect(references()).toHaveLength(1);
    expect(last?.keyPackage).not.toEqual(given);
    now += KEY_PACKAGE_S;
    await store.transaction((unit) => books.dropOldBundles(unit));
    expect(references()).toHaveLength(1);
    now += 1;
    await store.transaction((unit) => books.dropOldBundles(unit));
    expect(references()).toEqual([]);
  });

  it("tell the day, not the second (CK-640)", async () => {
    const validator = books.lists.validator(store);
    const lifetimes: bigint[] = [];
    for (const at of [now, now + 7]) {
      now = at;
      const { keyPackage } = await books.makeKeyPackage(store);
      await UnverifiedKeyPackage.parse(keyPackage).verify({ now, suiteId: 0xf04d, validator });
      const { notBefore, notAfter } = (await books.makeKeyPackage(store)).struct().leafNode
        .lifetime ?? { notBefore: 1n, notAfter: 1n };
      lifetimes.push(notBefore, notAfter);
    }
    expect(lifetimes.every((time) => time % BigInt(DAY_S) === 0n)).toBe(true);
    expect(new Set(lifetimes).size).toBe(2);
  });
});
