/** What arrives: told apart by its address, tried again, dropped, never in the way of the rest. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Given, isOfGroup, Purpose } from "../../client/addresses.ts";
import { ALLOWED, Inbox, LIVE_S } from "../../client/inbox.ts";
import type { Delivery } from "../../client/transport/receive_socket.ts";
import type { Bytes } from "../../core/bytes.ts";
import { encodeOuter } from "../../core/content.ts";
import { OUTER, type Outer } from "../../core/content_outer.ts";
import { UNSIGNED } from "../../core/content_records.ts";
import { seal } from "../../core/envelope.ts";
import { Code, FatalError, PeerError, UnavailableError } from "../../core/errors.ts";
import {
  AccountId,
  Digest,
  GroupId,
  Nonce32,
  RequestToken,
  SequencerHandle,
  SignatureKey,
} from "../../core/ids.ts";
import { type Party, World } from "./world.ts";

const zeros = (size: number): Bytes => new Uint8Array(size);

let world: World;
let anna: Party;
let other: Party;
let inbox: Inbox;
let ack: ReturnType<typeof vi.fn<(id: Bytes) => Promise<void>>>;
let after: ReturnType<typeof vi.fn<() => void>>;

const parts = {
  receive: vi.fn<(given: Given, ...rest: unknown[]) => Promise<void>>(),
  awaits: vi.fn<(group: Uint8Array) => boolean>(),
  receiveHint: vi.fn<(given: Given, ...rest: unknown[]) => Promise<void>>(),
  receiveWelcome: vi.fn<(given: Given, ...rest: unknown[]) => Promise<void>>(),
  receiveSelfWelcome: vi.fn<(given: Given, ...rest: unknown[]) => Promise<void>>(),
  receiveRejoin: vi.fn<(given: Given, ...rest: unknown[]) => Promise<void>>(),
  receiveRequest: vi.fn<(given: Given, ...rest: unknown[]) => Promise<void>>(),
  receiveAccept: vi.fn<(given: Given, ...rest: unknown[]) => Promise<void>>(),
  pair: vi.fn<(given: Given, ...rest: unknown[]) => void>(),
  call: vi.fn<(received: unknown) => Promise<void>>(),
  open: vi.fn<(envelope: Bytes) => Promise<{ given: Given; content: Bytes }>>(),
};

beforeEach(async () => {
  vi.resetAllMocks();
  world = new World();
  [anna, other] = await world.pair();
  ack = vi.fn(async () => {});
  after = vi.fn();
  parts.open.mockRejectedValue(new PeerError(Code.DECRYPTION, "hidden"));
  inbox = new Inbox(anna.books, parts, parts, parts, parts, parts, { ack, after });
  inbox.pairHandlers.push(parts.pair);
  inbox.outerHandlers.push(parts.call);
});

async function given(purpose: Purpose): Promise<Given> {
  const subject = zeros(16);
  return await anna.store.transaction((unit) => anna.books.addresses.mint(unit, purpose, subject));
}

async function delivery(over: Given, content: Bytes, durable = true): Promise<Delivery> {
  const { rng, profile } = anna.books;
  const envelope = await seal(profile.mailbox, over.sealKey, content, rng);
  return { deliveryId: rng(16), durable, envelope };
}

/** One content of each kind; what is in them does not matter here. */
async function contents(): Promise<ReadonlyMap<string, Outer>> {
  const address = await anna.siblingAddress();
  const { device } = anna;
  const account = new AccountId(zeros(16));
  const message = zeros(40);
  const group = new GroupId(zeros(16));
  const sequencer = new SequencerHandle(zeros(32));
  const token = new RequestToken(zeros(16));
  const key = new SignatureKey(zeros(32));
  const nonce = new Nonce32(zeros(32));
  const list = zeros(40);
  const devices = [{ device, address }];
  const signature = UNSIGNED;
  const joining = [{ device, keyPackage: zeros(40), address }];
  const [name, commitment] = ["bob", new Digest(zeros(32))];
  const all: Outer[] = [
    { kind: "mls", message: await mlsOfNobody() },
    { kind: "commit", group, epoch: 1 },
    { kind: "welcome.call", message },
    { kind: "welcome.conversation", message, group, sequencer, list, name, devices, thread: null },
    { kind: "welcome.self", message, group, sequencer, devices },
    {
      kind: "welcome.group",
      message,
      group,
      sequencer,
      members: [{ account, device, name, address }],
    },
    { kind: "contact.request", token, list, name, devices: joining, device, signature },
    {
      kind: "contact.accept",
      token,
      list,
      name,
      devices,
      message,
      group,
      sequencer,
      device,
      signature,
    },
    { kind: "contact.rejoin", list, devices: joining, signature },
    { kind: "pair.offer", commitment, device, key, address },
    { kind: "pair.answer", device, key, nonce },
    { kind: "pair.reveal", nonce, groups: 1 },
    { kind: "pair.request", list, address, keyPackages: [zeros(40)] },
    { kind: "device.link", message, group, sequencer, devices, conversations: 1 },
  ];
  return new Map(all.map((content) => [content.kind, content]));
}

/** A message to a group that is none of Anna's. */
async function mlsOfNobody(): Promise<Bytes> {
  const state = await other.books.createGroup(other.store);
  return await state.encrypt(zeros(3), { rng: other.books.rng });
}

function calls(): number {
  const { open: _, awaits: _asked, ...handlers } = parts;
  return Object.values(handlers).reduce((sum, part) => sum + part.mock.calls.length, 0);
}

describe("CK-570: the address says what may come over it", () => {
  test.each(Object.values(Purpose))("%s", async (purpose) => {
    const over = await given(purpose);
    const all = await contents();
    expect(all.size).toBe(OUTER.length);
    for (const [kind, content] of all) {
      const before = calls();
      anna.books.counters.dropped.clear();
      const isAllowed = ALLOWED[purpose].some((each) => each === kind);
      // What a contact sends right after it accepted us may come before that: it is kept.
      const isEarly =
        purpose === Purpose.REQUEST && ALLOWED.contact.slice(0, 4).some((each) => each === kind);
      // No call is reached over the address of a group of people, which has groups of its own.
      const isOfNobody = kind === "mls" && isOfGroup(purpose);
      const isDone = await inbox.process(await delivery(over, encodeOuter(content)));
      expect(isDone, kind).toBe(!isEarly);
      expect(calls() - before, kind).toBe(isAllowed && !isOfNobody ? 1 : 0);
      const dropped = isOfNobody ? { wrong_group: 1 } : { unexpected: 1 };
      const isKept = (isAllowed || isEarly) && !isOfNobody;
      expect(anna.drops, kind).toEqual(isKept ? {} : dropped);
    }
  });

  test("what is allowed is what Python allows", () => {
    const group = ["mls", "commit", "welcome.call", "welcome.conversation"];
    expect(ALLOWED).toEqual({
      invite: ["contact.request"],
      handle: ["contact.request"],
      request: ["contact.accept"],
      contact: [...group, "contact.accept", "contact.rejoin"],
      sibling: [...group, "welcome.group", "welcome.self", "device.link", "contact.rejoin"],
      pairing: ["pair.offer", "pair.answer", "pair.reveal", "pair.request"],
      group: ["mls", "commit", "welcome.group"],
      "group.before": ["mls", "commit"],
      link: [],
      own: [],
    });
  });
});

describe("where a content goes", () => {
  test("a message of a group of ours to conversations, with its class", async () => {
    const record = anna.conversation();
    const state = await anna.books.groups.state(anna.store, record);
    const message = await state.encrypt(zeros(3), { rng: anna.books.rng });
    const over = await given(Purpose.CONTACT);
    const content = encodeOuter({ kind: "mls", message });
    await inbox.process(await delivery(over, content, false));
    await inbox.process(await delivery(over, content, true));
    expect(parts.receive.mock.calls.map(([, , options]) => options)).toEqual([
      { durable: false, size: 1024 },
      { durable: true, size: 1024 },
    ]);
    expect(parts.call).not.toHaveBeenCalled();
  });

  test("a message of another group to the calls, with whose address it came over", async () => {
    const message = await mlsOfNobody();
    const over = await given(Purpose.CONTACT);
    await inbox.process(await delivery(over, encodeOuter({ kind: "mls", message })));
    expect(parts.call.mock.calls).toMatchObject([[{ content: { kind: "mls" } }]]);
    expect(parts.receive).not.toHaveBeenCalled();
  });

  test("a message of a group that we are about to come into waits for its Welcome", async () => {
    const message = await mlsOfNobody();
    const over = await given(Purpose.GROUP);
    parts.awaits.mockReturnValue(true);
    const content = encodeOuter({ kind: "mls", message });
    expect(await inbox.process(await delivery(over, content))).toBe(false);
    expect(parts.awaits).toHaveBeenCalledWith(over.subject);
    expect(parts.receive).not.toHaveBeenCalled();
    expect(anna.drops).toEqual({});
  });

  test("what no seal key opens, to our handle", async () => {
    const over = await given(Purpose.HANDLE);
    const content = encodeOuter(contentOf(await contents(), "contact.request"));
    parts.open.mockResolvedValueOnce({ given: over, content });
    const envelope = zeros(1024);
    expect(await inbox.process({ deliveryId: zeros(16), durable: true, envelope })).toBe(true);
    expect(parts.receiveRequest).toHaveBeenCalledTimes(1);
    expect(anna.drops).toEqual({});
  });

  function contentOf(all: ReadonlyMap<string, Outer>, kind: string): Outer {
    const content = all.get(kind);
    if (content === undefined) throw new Error("no such kind");
    return content;
  }
});

describe("what fails", () => {
  async function rejoin(durable = true): Promise<Delivery> {
    const content = (await contents()).get("contact.rejoin");
    if (content === undefined) throw new Error("no such kind");
    return await delivery(await given(Purpose.CONTACT), encodeOuter(content), durable);
  }

  test("poison is dropped, counted and acknowledged", async () => {
    const over = await given(Purpose.CONTACT);
    const garbage = [[], [0xa0], [0xff, 0xff], [0xa2, 0x61, 0x6b, 0x63]];
    for (const data of garbage) {
      expect(await inbox.process(await delivery(over, new Uint8Array(data)))).toBe(true);
    }
    for (const size of [1024, 5]) {
      const envelope = zeros(size);
      expect(await inbox.process({ deliveryId: zeros(16), durable: true, envelope })).toBe(true);
    }
    expect(anna.drops).toEqual({ malformed: 5, decryption: 1 });
    expect(calls()).toBe(0);
  });

  test("a fault of ours does not stop the rest", async () => {
    parts.receiveRejoin.mockRejectedValueOnce(new TypeError("secret words"));
    expect(await inbox.process(await rejoin())).toBe(true);
    expect(anna.drops).toEqual({ "internal TypeError": 1 });
  });

  test("what cannot be judged now is kept and tried again", async () => {
    const one = await rejoin();
    parts.receiveRejoin.mockRejectedValueOnce(new UnavailableError(Code.UNAVAILABLE, "away"));
    expect(await inbox.process(one)).toBe(false);
    expect([inbox.kept, anna.drops]).toEqual([1, {}]);
    world.time += 1_000_000; // a durable one waits as long as it takes
    inbox.retry();
    const stop = new AbortController();
    const running = inbox.run(stop.signal).catch(() => {});
    await inbox.idle();
    stop.abort();
    await running;
    expect([inbox.kept, ack.mock.calls.length, after.mock.calls.length]).toEqual([0, 1, 1]);
  });

  test("a live one is tried as long as a server may hold it, from its first try", async () => {
    const one = await rejoin(false);
    parts.receiveRejoin.mockRejectedValue(new UnavailableError(Code.UNAVAILABLE, "away"));
    await inbox.process(one);
    world.time += LIVE_S - 1;
    await inbox.process(one);
    expect(inbox.kept).toBe(1);
    world.time += 1;
    inbox.retry();
    expect(inbox.kept).toBe(0);
    await inbox.idle(); // nothing was queued
  });

  test("a store that cannot be trusted ends it: not acknowledged, and said", async () => {
    parts.receiveRejoin.mockRejectedValueOnce(new FatalError(Code.DECRYPTION, "altered"));
    expect(await inbox.process(await rejoin())).toBe(false);
    expect(inbox.failed).toBeInstanceOf(FatalError);
    await expect(inbox.idle()).rejects.toBe(inbox.failed);
  });
});

describe("running", () => {
  test("one at a time, in order, acknowledged after each was processed", async () => {
    const over = await given(Purpose.CONTACT);
    const log: string[] = [];
    parts.receiveHint.mockImplementation(async (_, hint) => {
      const name = JSON.stringify(hint);
      log.push(`begin ${name.length}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push("end");
    });
    ack.mockImplementation(async () => {
      log.push("ack");
    });
    const stop = new AbortController();
    const running = inbox.run(stop.signal);
    const ended = expect(running).rejects.toThrow("closed");
    const group = new GroupId(zeros(16));
    for (const epoch of [1, 10, 100]) {
      const content = encodeOuter({ kind: "commit", group, epoch });
      inbox.put(await delivery(over, content));
    }
    await inbox.idle();
    const rounds = log.map((line) => line.split(" ")[0]);
    expect(rounds).toEqual(["begin", "end", "ack", "begin", "end", "ack", "begin", "end", "ack"]);
    const lengths = log.filter((line) => line.startsWith("begin")).map((line) => line.slice(6));
    expect(lengths).toEqual([...lengths].sort((a, b) => Number(a) - Number(b)));
    expect(after).toHaveBeenCalledTimes(3);
    stop.abort(new Error("closed"));
    await ended;
  });

  test("idle waits for what is being processed, and can be told to stop waiting", async () => {
    let release = () => {};
    parts.receiveHint.mockImplementation(() => new Promise((resolve) => (release = resolve)));
    const stop = new AbortController();
    const running = inbox.run(stop.signal).catch(() => {});
    const content = encodeOuter({ kind: "commit", group: new GroupId(zeros(16)), epoch: 1 });
    inbox.put(await delivery(await given(Purpose.CONTACT), content));
    const impatient = new AbortController();
    const waiting = expect(inbox.idle(impatient.signal)).rejects.toThrow("enough");
    impatient.abort(new Error("enough"));
    await waiting;
    await vi.waitFor(() => expect(parts.receiveHint).toHaveBeenCalled());
    let isIdle = false;
    const idle = inbox.idle().then(() => {
      isIdle = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isIdle).toBe(false);
    release();
    await idle;
    stop.abort();
    await running;
  });
});
