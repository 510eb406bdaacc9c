/** Groups of people: what is shown of the client's, what is asked of it, and what the pages offer to whom. */

import { createElement, type FunctionComponent } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { Again } from "../../app/again.ts";
import { later, say } from "../../app/i18n/text.ts";
import { newsOf, standingOf } from "../../app/live_group_news.ts";
import { LiveGroups, NO_GROUPS } from "../../app/live_groups.ts";
import { messageOf } from "../../app/live_people.ts";
import type { AppState } from "../../app/model.ts";
import type { GroupView } from "../../app/model_groups.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { STATE } from "../../app/scenes/fixtures.ts";
import { GROUP_CALL } from "../../app/scenes/fixtures_group_call.ts";
import * as g from "../../app/scenes/fixtures_groups.ts";
import Group from "../../app/screens/group.tsx";
import Members from "../../app/screens/group_members.tsx";
import { isGroupName } from "../../app/screens/group_name.tsx";
import { Home } from "../../app/screens/home.tsx";
import Requests from "../../app/screens/requests.tsx";
import type { Client, Contact, Message, Notice, PeopleGroup, Topic } from "../../client/client.ts";
import { ALL_RING } from "../../core/contact_rules.ts";
import { Code } from "../../core/errors.ts";
import { AccountId, GroupId, RequestToken } from "../../core/ids.ts";

const account = (byte: number) => new AccountId(new Uint8Array(16).fill(byte));
const [US, ANNA, PAUL] = [account(1), account(2), account(3)];
const ANNA_HEX = "02".repeat(16);
const GROUP = new GroupId(new Uint8Array(16).fill(9));
const KEY = "09".repeat(16);

beforeAll(() => later(async () => undefined));

function contact(change: Partial<Contact> = {}): Contact {
  const state = "contact" as const;
  const facts = { account: ANNA, key: ANNA_HEX, name: "anna.48213", devices: 1 };
  return { ...facts, state, verified: true, rules: ALL_RING, neverRecorded: false, ...change };
}

function peopleGroup(change: Partial<PeopleGroup> = {}): PeopleGroup {
  const usual = { contact: false, keeper: false, devices: 1, own: false };
  return {
    group: GROUP,
    key: KEY,
    name: "Choir",
    members: [
      { ...usual, account: US, name: "us.10001", keeper: true, own: true },
      { ...usual, account: ANNA, name: "anna.48213", contact: true },
      { ...usual, account: PAUL, name: "аnna.48213~03030303" },
    ],
    invited: [],
    picture: undefined,
    state: "member",
    ...change,
  };
}

function message(at: number, from: AccountId, text = "hello"): Message {
  return { contact: from, group: GROUP, at, outgoing: from === US, text, kind: "text" };
}

function notice(kind: Notice["kind"], at: number, was = "", name = "Choir"): Notice {
  const about = new AccountId(GROUP);
  return { kind, account: about, device: undefined, at, names: { was, name } };
}

/** A client with groups, and what it was asked; `tell` says that something changed. */
function world(first: readonly PeopleGroup[] = [peopleGroup()]) {
  const listeners = new Set<(topic: Topic) => void>();
  const now = {
    groups: first,
    histories: new Map<string, readonly Message[]>(),
    notices: [] as readonly Notice[],
    contacts: [contact()] as readonly Contact[],
    goingOn: undefined as { media: "voice" | "video" } | undefined,
  };
  const nothing: readonly Message[] = [];
  const asked = { group: GROUP, inviter: ANNA, name: "Choir", members: 3, at: 1, sent: false };
  const invitation = {
    ...{ name: "Choir", inviter: "anna.48213", members: 3 },
    asked: { ...asked, token: new RequestToken(new Uint8Array(RequestToken.LENGTH)) },
  };
  const client = {
    groups: vi.fn(async () => now.groups),
    groupHistory: ({ key }: PeopleGroup) => now.histories.get(key) ?? nothing,
    notices: () => now.notices,
    contacts: () => now.contacts,
    groupInvitations: () => [invitation],
    groupCalls: { goingOn: () => now.goingOn },
    nameOfAuthor: vi.fn(async () => "gone.77777"),
    subscribe: (listener: (topic: Topic) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    acceptGroup: vi.fn(async () => undefined),
    createGroup: vi.fn(async () => {
      now.groups = [...now.groups, peopleGroup({ key: "0a".repeat(16), name: "New" })];
      return now.groups.at(-1);
    }),
    inviteToGroup: vi.fn(async () => undefined),
    nameKeeper: vi.fn(async () => undefined),
    removeFromGroup: vi.fn(async () => undefined),
    sendGroupMessage: vi.fn(async () => undefined),
  };
  const model = new FakeModel({ ...STATE, groups: NO_GROUPS });
  const shown = {
    snapshot: () => model.snapshot(),
    set: (change: Partial<AppState>) => model.set(change),
    client: () => client as unknown as Client,
    contact: () => contact(),
  };
  const live = new LiveGroups(shown);
  const life = new AbortController();
  const tell = async (topic: Topic) => {
    for (const listener of listeners) listener(topic);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const view = () => model.snapshot().groups.all[0] as GroupView;
  const follow = () => live.follow(client as unknown as Client, life.signal);
  return { client, invitation, life, listeners, live, model, now, follow, tell, view };
}

describe("what is shown", () => {
  test("a call that can be come into, until it is over", async () => {
    const { follow, now, tell, view } = world();
    await follow();
    expect(view().goingOn).toBeUndefined();
    now.goingOn = { media: "video" };
    await tell("groups");
    expect(view().goingOn).toBe("video");
    now.goingOn = undefined;
    await tell("groups");
    expect(view().goingOn).toBeUndefined();
  });

  test("who is in it, how sure we are of them, and whose name is taken for whose", async () => {
    const { follow, view } = world();
    await follow();
    const [us, anna, paul] = view().members;
    expect(us).toMatchObject({ own: true, keeper: true, verified: false, resembles: undefined });
    expect(anna).toMatchObject({ id: ANNA_HEX, contact: true, verified: true, keeper: false });
    expect(paul).toMatchObject({ contact: false, verified: false, resembles: "anna.48213" });
  });

  test("a contact whose key in the group is another one is not shown as compared", async () => {
    const { follow, now, view } = world();
    const members = now.groups[0]?.members.map((one) => ({ ...one, contact: false })) ?? [];
    now.groups = [peopleGroup({ members })];
    await follow();
    expect(view().members[1]).toMatchObject({ id: ANNA_HEX, contact: false, verified: false });
  });

  test("who said what, by name; who is gone is asked for", async () => {
    const { client, follow, now, view } = world();
    const said = [message(10, ANNA), message(20, US), message(30, account(7), "bye")];
    now.histories.set(KEY, said);
    now.notices = [notice("group joined", 5), notice("group renamed", 15, "anna.48213", "Choir")];
    await follow();
    const { entries } = view().thread;
    expect(entries.map(({ kind }) => kind)).toEqual(["group", "text", "group", "text", "text"]);
    expect(entries[1]).toMatchObject({ by: { name: "anna.48213", verified: true }, own: false });
    expect(entries[2]).toMatchObject({ what: "renamed", who: "anna.48213", name: "Choir" });
    expect(entries[3]).toMatchObject({ own: true });
    expect(entries[4]).toMatchObject({ by: { name: "gone.77777", verified: false } });
    expect(client.nameOfAuthor).toHaveBeenCalledOnce();
    expect(entries[1] && messageOf(entries[1])).toBe(said[0]);
  });

  test("notices of another group, and of a contact, stay out of it", () => {
    const other = {
      ...notice("group joined", 1),
      account: new AccountId(new Uint8Array(16).fill(8)),
    };
    const told = [other, notice("contact added", 2), notice("group keepers", 3, "anna.48213")];
    expect(newsOf(told, KEY).map(({ what }) => what)).toEqual(["keeper"]);
  });

  test("what came since is unread until it was read, and what was there at first is not", async () => {
    const { follow, live, now, tell, view } = world();
    now.histories.set(KEY, [message(10, ANNA)]);
    await follow();
    expect(view().thread.unread).toBe(0);
    now.histories.set(KEY, [message(10, ANNA), message(20, ANNA), message(30, US)]);
    await tell("messages");
    expect(view().thread.unread).toBe(1);
    live.read(KEY);
    await tell("messages");
    expect(view().thread.unread).toBe(0);
  });

  test("what did not change stays the same object; what somebody says reads no roster anew", async () => {
    const { client, follow, now, tell, view } = world();
    await follow();
    const before = view();
    const { length } = client.groups.mock.calls;
    await tell("messages");
    expect(view()).toBe(before);
    expect(client.groups.mock.calls).toHaveLength(length);
    now.groups = [peopleGroup()];
    await tell("groups");
    expect(view()).toBe(before);
    expect(client.groups.mock.calls).toHaveLength(length + 1);
    now.groups = [peopleGroup({ name: "Thursday choir" })];
    await tell("groups");
    expect(view()).not.toBe(before);
    expect(view().thread).toBe(before.thread);
  });

  test("a picture is the same object for the same bytes, of the type that its bytes say", async () => {
    const { follow, now, tell, view } = world();
    const jpeg = () => Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 2, 0xff, 0xd9);
    now.groups = [peopleGroup({ picture: jpeg() })];
    await follow();
    const { picture } = view();
    expect(picture?.type).toBe("image/jpeg");
    now.groups = [peopleGroup({ picture: jpeg() })];
    await tell("groups");
    expect(view().picture).toBe(picture);
    now.groups = [peopleGroup({ picture: undefined })];
    await tell("groups");
    expect(view().picture).toBeUndefined();
  });

  test("a group that was broken for us is whole again once we came into it anew", () => {
    const broken = newsOf([notice("group joined", 1), notice("group broken", 2)], KEY);
    expect(standingOf("member", broken)).toBe("broken");
    expect(standingOf("left", broken)).toBe("left");
    const again = newsOf([notice("group broken", 2), notice("group joined", 3)], KEY);
    expect(standingOf("member", again)).toBe("member");
  });

  test("nothing is left when the client goes", async () => {
    const { follow, life, listeners, live, model } = world();
    await follow();
    expect(model.snapshot().groups.invites).toHaveLength(1);
    life.abort();
    expect(model.snapshot().groups).toEqual(NO_GROUPS);
    expect(listeners.size).toBe(0);
    await expect(live.sendText(KEY, "hello")).rejects.toMatchObject({ code: Code.REFUSED });
  });
});

describe("what is asked of the client", () => {
  test("is about the group, the member and the invite that were shown", async () => {
    const { client, follow, invitation, live, model, now } = world();
    await follow();
    const [group] = now.groups;
    await live.ask(KEY, ANNA_HEX);
    expect(client.inviteToGroup).toHaveBeenCalledWith(group, contact());
    await live.setKeeper(KEY, ANNA_HEX, true);
    expect(client.nameKeeper).toHaveBeenCalledWith(group, group?.members[1], { keeper: true });
    await live.remove(KEY, ANNA_HEX);
    expect(client.removeFromGroup).toHaveBeenCalledWith(group, group?.members[1]);
    const [invite] = model.snapshot().groups.invites;
    expect(invite).toMatchObject({ name: "Choir", inviter: { id: ANNA_HEX, verified: true } });
    if (invite) await live.accept(invite);
    expect(client.acceptGroup).toHaveBeenCalledWith(invitation);
  });

  test("a group that begins is shown before anybody goes to its page", async () => {
    const { follow, live, model } = world();
    await follow();
    const key = await live.create("New");
    expect(model.snapshot().groups.all.map(({ id }) => id)).toContain(key);
  });

  test("a member, an invite and a group that are not there are refused", async () => {
    const { client, follow, live } = world();
    await follow();
    await expect(live.remove(KEY, "ff")).rejects.toMatchObject({ code: Code.REFUSED });
    await expect(live.rename("ff", "x")).rejects.toMatchObject({ code: Code.REFUSED });
    const [gone] = g.INVITES;
    if (gone) await expect(live.accept(gone)).rejects.toMatchObject({ code: Code.EXPIRED });
    expect(client.removeFromGroup).not.toHaveBeenCalled();
  });
});

test("work that is due again is done again, one turn at a time, and after a failure too", async () => {
  let [turns, under, most] = [0, 0, 0];
  const again = new Again(async () => {
    turns++;
    most = Math.max(most, ++under);
    await Promise.resolve();
    under--;
    if (turns === 1) throw new Error("the first");
  });
  await expect(again.run()).rejects.toThrow("the first");
  const [one, other] = [again.run(), again.run()];
  await Promise.all([one, other]);
  expect([turns, most]).toEqual([3, 1]);
});

/** Return a page as it is drawn at first. */
function drawn<P extends object>(
  screen: FunctionComponent<P>,
  props: P,
  state: Partial<AppState> = {},
): string {
  const model = new FakeModel({ ...STATE, ...state });
  const children = createElement(screen, props);
  return renderToStaticMarkup(createElement(ModelProvider, { model, children }));
}

function shows(...all: readonly GroupView[]): Partial<AppState> {
  return { groups: { all, invites: [] } };
}

describe("the pages", () => {
  test("offer calls of a group that we are in", () => {
    const { id } = g.FAMILY;
    const button = `aria-label="${say("thread.video")}"`;
    expect(drawn(Group, { id }, shows(g.FAMILY))).toContain(button);
    for (const other of [g.REMOVED, g.LEFT, g.BROKEN]) {
      expect(drawn(Group, { id: other.id }, shows(other)), other.name).not.toContain(button);
    }
    const groupCall = GROUP_CALL;
    expect(drawn(Group, { id }, { ...shows(g.FAMILY), groupCall })).not.toContain(button);
  });

  test("offer to come into the call that goes on", () => {
    const { id } = g.FAMILY;
    const offered = say("group.comeIn");
    expect(drawn(Group, { id }, shows(g.FAMILY))).not.toContain(offered);
    const group: GroupView = { ...g.FAMILY, goingOn: "video" };
    expect(drawn(Group, { id }, shows(group))).toContain(offered);
  });

  test("let nobody write into a group that they are out of", () => {
    const line = `aria-label="${say("thread.write")}"`;
    for (const group of [g.LEFT, g.REMOVED]) {
      const page = drawn(Group, { id: group.id }, shows(group));
      expect(page).not.toContain(line);
      expect(page).toContain(say(group === g.LEFT ? "group.leftLead" : "group.removedLead"));
    }
    expect(drawn(Group, { id: g.CHOIR.id }, shows(g.CHOIR))).toContain(line);
  });

  test("say that a group was stopped, and change nothing in it any more", () => {
    const page = drawn(Members, { id: g.BROKEN.id }, shows(g.BROKEN));
    expect(page).toContain(say("group.brokenLead"));
    expect(page).not.toContain(say("group.rename"));
    expect(page).toContain(say("group.leave"));
  });

  test("offer something about a stranger to keepers alone", () => {
    const more = `aria-label="${say("group.more", { name: "paul_w.90233" })}"`;
    expect(drawn(Members, { id: g.FAMILY.id }, shows(g.FAMILY))).toContain(more);
    expect(drawn(Members, { id: g.CHOIR.id }, shows(g.CHOIR))).not.toContain(more);
  });

  test("no name turns the text around it", () => {
    const invites = { groups: { all: [g.HOSTILE_GROUP], invites: g.INVITES } };
    const pages = [
      drawn(Group, { id: g.HOSTILE_GROUP.id }, shows(g.HOSTILE_GROUP)),
      drawn(Members, { id: g.HOSTILE_GROUP.id }, shows(g.HOSTILE_GROUP)),
      drawn(Home, { at: { at: "home" } }, invites),
      drawn(Requests, {}, invites),
    ];
    // Positive control: the name that they were given does.
    expect(g.HOSTILE_GROUP.name).toMatch(/\u202E/);
    for (const page of pages) {
      expect(page).toContain("gnp.erutcip");
      expect(page).not.toMatch(/[\u202A-\u202E\u2066\u2067]/);
    }
  });

  test("the list has groups among people, the newest first, and one that begins above all", () => {
    const page = drawn(Home, { at: { at: "home" } }, shows(g.CHOIR, g.FAMILY, g.FRESH));
    const names = [g.FRESH.name, "Sunday at Rosa&#x27;s", "jonas.77120", g.CHOIR.name].map((name) =>
      page.indexOf(`<bdi>${name}</bdi></span>`),
    );
    expect(names.every((at) => at > 0)).toBe(true);
    expect(page).toContain("<bdi>grandma-rosa.33871</bdi>: <bdi>There is always room.</bdi>");
    expect(names[0]).toBeLessThan(names[1] ?? 0);
    expect(names[1]).toBeLessThan(names[3] ?? 0);
  });

  test("a name is held to the rule that everybody in a group holds it to", () => {
    for (const name of ["Choir", " Choir ", "Café ☕", "é".repeat(64)]) {
      expect(isGroupName(name), name).toBe(true);
    }
    for (const name of ["", "   ", "é".repeat(65), "a\u202Eb", "a\nb"]) {
      expect(isGroupName(name), name).toBe(false);
    }
  });
});
