/** What is shown of a client's contacts, messages, calls and links. */

import { describe, expect, test } from "vitest";
import { landingOf } from "../../app/landing.ts";
import {
  alertsOf,
  awaitedOf,
  clientRules,
  countOfTheirs,
  peopleOf,
  threadOf,
} from "../../app/live_people.ts";
import { flowOf, NO_FLOW, qualityOf } from "../../app/quality.ts";
import type { AwaitedContact, Contact, Message, Notice } from "../../client/client.ts";
import { ALL_RING, hoursOn } from "../../core/contact_rules.ts";
import { AccountId, DeviceId } from "../../core/ids.ts";

const ANNA = new AccountId(new Uint8Array(16).fill(1));
const HEX = "01".repeat(16);

function contact(change: Partial<Contact> = {}): Contact {
  return {
    account: ANNA,
    key: HEX,
    name: "anna.48213",
    state: "contact",
    devices: 2,
    verified: false,
    rules: ALL_RING,
    neverRecorded: false,
    ...change,
  };
}

function notice(kind: Notice["kind"], at: number): Notice {
  return { kind, account: ANNA, device: undefined, at };
}

describe("people", () => {
  test("are as the client says, with the age of their key", () => {
    const [anna] = peopleOf([contact()], [notice("contact added", 500)]);
    expect(anna).toMatchObject({ id: HEX, since: 500, byHandle: false, state: "contact" });
  });

  test("found by handle are marked so", () => {
    const [anna] = peopleOf([contact()], [notice("contact added by handle", 500)]);
    expect(anna?.byHandle).toBe(true);
  });

  test("with a changed key stand out", () => {
    expect(peopleOf([contact({ state: "identity changed" })], [])[0]?.state).toBe("changed");
  });

  test("who look like another contact say so, and nobody looks like themselves", () => {
    const people = peopleOf([contact(), contact({ key: "02", name: "аnna.48213~ab" })], []);
    expect(people.map((person) => person.resembles)).toEqual(["аnna.48213~ab", "anna.48213"]);
    expect(peopleOf([contact()], [])[0]?.resembles).toBeUndefined();
  });
});

test("who is awaited is as the client says, the same list for the same list", () => {
  const one = { account: ANNA, key: HEX, name: "anna.48213", verified: true, blocked: false };
  const awaited: AwaitedContact[] = [
    { ...one, keeps: 24 },
    { ...one, blocked: true, keeps: null },
  ];
  const person = { id: HEX, name: "anna.48213", verified: true, blocked: false };
  expect(awaitedOf(awaited)).toEqual([
    { ...person, rules: { keepsHours: 24 } },
    { ...person, blocked: true, rules: { keepsHours: undefined } },
  ]);
  expect(awaitedOf(awaited)).toBe(awaitedOf(awaited));
});

describe("rules", () => {
  test("come from the client and go back as they were", () => {
    const hours = [hoursOn([0, 4, 6], 480, 1260)];
    const rules = {
      calls: "voice",
      hours,
      sees: "ringing",
      path: "direct",
      keeps: 0,
      adds: "never",
      neverRecord: true,
    } as const;
    const [anna] = peopleOf([contact({ rules })], []);
    expect(anna?.rules.hours).toEqual([{ days: [0, 4, 6], start: 480, end: 1260 }]);
    expect(anna?.rules).toMatchObject({ seesRinging: true, direct: true, keepsHours: 0 });
    expect(anna?.rules.neverRecord).toBe(true);
    expect(peopleOf([contact({ neverRecorded: true })], [])[0]?.neverRecorded).toBe(true);
    // What a rules screen does: one of them is changed, all others stay.
    const changed = anna && clientRules({ ...anna.rules, calls: "nothing" });
    expect(changed).toEqual({ ...rules, calls: "nothing" });
    expect(anna && clientRules(anna.rules)).toEqual(rules);
    const [free] = peopleOf([contact()], []);
    expect(free && clientRules(free.rules)).toEqual(ALL_RING);
  });
});

describe("a conversation", () => {
  const message = (at: number, change: Partial<Message> = {}): Message => ({
    contact: ANNA,
    at,
    outgoing: false,
    text: "hello",
    kind: "text",
    ...change,
  });

  test("is in the order of time, calls and notices between", () => {
    const messages = [
      message(10),
      message(20, { kind: "call.ended", outgoing: true, call: { media: "voice", seconds: 3 } }),
      message(30, { kind: "call.missed", call: { media: "video", seconds: 0 } }),
    ];
    const { entries } = threadOf(messages, [notice("contact added", 5)], 0);
    expect(entries.map((entry) => entry.kind)).toEqual(["notice", "text", "ended", "missed"]);
    expect(entries[3]).toMatchObject({ media: "video", own: false });
  });

  test("counts only what others wrote", () => {
    expect(countOfTheirs([message(1), message(2, { outgoing: true })])).toBe(1);
    const ended = message(3, { kind: "call.ended", call: { media: "voice", seconds: 3 } });
    expect(countOfTheirs([ended])).toBe(0);
  });

  test("alerts are about the account, and go when seen", () => {
    const device = new DeviceId(new Uint8Array(16).fill(0xab));
    const notices = [
      notice("contact added", 1),
      { ...notice("own device added", 9), device },
      notice("keys rolled back", 12),
    ];
    expect(alertsOf(notices, 0).map((alert) => alert.what)).toEqual([
      "keysRolledBack",
      "ownDeviceAdded",
    ]);
    expect(alertsOf(notices, 0)[1]?.device).toBe("ababab");
    expect(alertsOf(notices, 9)).toHaveLength(1);
  });
});

describe("how well a call goes", () => {
  const at = (framesDecoded: number, audioDecodedS: number) => ({ framesDecoded, audioDecodedS });

  test("a picture that stands still is no picture", () => {
    let flow = flowOf(NO_FLOW, at(1, 0.1), 1000);
    expect(flow.pictured).toBe(true);
    flow = flowOf(flow, at(1, 4), 5000);
    expect(flow.pictured).toBe(false);
    expect(flowOf(flow, at(2, 5), 6000).pictured).toBe(true);
  });

  test("no picture was ever sent", () => {
    expect(flowOf(NO_FLOW, at(0, 5), 1000).pictured).toBe(false);
  });

  test("words follow the delay", () => {
    const flow = flowOf(NO_FLOW, at(1, 1), 1000);
    expect(qualityOf(undefined, flow, 1100)).toBe("unknown");
    expect(qualityOf(40, flow, 1100)).toBe("good");
    expect(qualityOf(450, flow, 1100)).toBe("fair");
    expect(qualityOf(900, flow, 1100)).toBe("poor");
  });

  test("sound that stopped is weak, whatever the delay", () => {
    const flow = flowOf(NO_FLOW, at(1, 1), 1000);
    expect(qualityOf(40, flow, 4000)).toBe("poor");
  });
});

describe("the link a person came by", () => {
  test.each([
    ["https://calls.example.org/signup#abc", "signup"],
    ["https://calls.example.org/i#abc", "invite"],
    ["  https://calls.example.org/d#abc\n", "pair"],
    ["https://calls.example.org/#call=abc", "call"],
    ["https://calls.example.org/#other=abc", "none"],
    ["https://calls.example.org/", "none"],
    ["https://calls.example.org/i", "none"],
    ["https://calls.example.org/i#", "none"],
    ["https://calls.example.org/x/i#abc", "none"],
    ["no link", "none"],
    ["javascript:alert(1)#x", "none"],
  ])("%s", (link, kind) => {
    expect(landingOf(link).kind).toBe(kind);
  });
});
