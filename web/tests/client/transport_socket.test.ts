/** The two sockets against a server of a few lines (twin of tests/transport/test_socket.py). */

import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Delivery, ReceiveSocket } from "../../client/transport/receive_socket.ts";
import { SendSocket } from "../../client/transport/send_socket.ts";
import { type Bytes, concat, copy, equal } from "../../core/bytes.ts";
import {
  AuthorizationError,
  Code,
  PeerError,
  UnavailableError,
  VisavisError,
} from "../../core/errors.ts";
import { Capability, MailboxId, SealKey } from "../../core/ids.ts";
import { type Peer, type TinyServer, tinySocketServer } from "./tiny_socket_server.ts";

const TOKEN = new Uint8Array(48).fill(7);
const READY = Uint8Array.of(0);
const CAUGHT_UP = Uint8Array.of(3);

const servers: TinyServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(handler: (peer: Peer) => void | Promise<void>): Promise<string> {
  const server = await tinySocketServer(handler);
  servers.push(server);
  return server.origin;
}

function address(origin: string) {
  return {
    origin,
    mailbox: new MailboxId(new Uint8Array(16).fill(1)),
    capability: new Capability(new Uint8Array(32).fill(2)),
    sealKey: new SealKey(new Uint8Array(32).fill(3)),
  };
}

async function refusal(work: Promise<unknown>): Promise<VisavisError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof VisavisError)) throw new Error(`not refused: ${error}`);
  return error;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 1000) throw new Error("it did not come to be");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Answer every envelope with a status. */
async function answerAll(peer: Peer, status: number): Promise<void> {
  for (;;) {
    const frame = await peer.receive();
    if (frame === undefined) return;
    peer.send(concat(frame.subarray(0, 4), Uint8Array.of(status)));
  }
}

test("CK-554: sends are answered by their number, and carry no token", async () => {
  const frames: Bytes[] = [];
  const origin = await serve(async (peer) => {
    expect(peer.request.headers.authorization).toBeUndefined();
    expect(peer.request.headers.cookie).toBeUndefined();
    expect(peer.request.url).toBe("/v1/send");
    for (let count = 0; count < 3; count++) frames.push((await peer.receive()) ?? copy(TOKEN));
    // Answered together and in another order.
    const numbers = frames.map((frame) => frame.subarray(0, 4)).reverse();
    peer.send(concat(...numbers.map((number) => concat(number, Uint8Array.of(0)))));
  });
  const sender = new SendSocket(origin);
  const envelopes = [0, 1, 2].map((fill) => new Uint8Array(1024).fill(fill));
  await Promise.all(
    envelopes.map((envelope) => sender.send(address(origin), envelope, { durable: true })),
  );
  await sender.close();
  expect(frames.map((frame) => frame[4])).toEqual([1, 1, 1]);
  const { mailbox, capability } = address(origin);
  for (const frame of frames) {
    expect(equal(frame.subarray(5, 53), concat(mailbox, capability))).toBe(true);
    expect(Buffer.from(frame).includes(Buffer.from(TOKEN))).toBe(false);
  }
  expect(frames.map((frame) => frame.slice(53))).toEqual(envelopes);
});

test.each([
  [1, AuthorizationError, Code.REFUSED],
  [2, UnavailableError, Code.QUOTA],
  [3, PeerError, Code.MALFORMED],
  [4, UnavailableError, Code.UNAVAILABLE],
  [99, UnavailableError, Code.UNAVAILABLE],
])("status %d", async (status, kind, code) => {
  const origin = await serve((peer) => answerAll(peer, status));
  const sender = new SendSocket(origin);
  const sent = sender.send(address(origin), new Uint8Array(1024), { durable: false });
  const error = await refusal(sent);
  expect([error.constructor, error.code]).toEqual([kind, code]);
  await sender.close();
});

test("a broken sending connection is made again", async () => {
  let connections = 0;
  const origin = await serve(async (peer) => {
    connections += 1;
    if (connections === 4) return answerAll(peer, 0);
    await peer.receive();
    if (connections === 1) peer.close();
    else if (connections === 2) peer.send("no protocol of ours");
    else peer.destroy();
  });
  const sender = new SendSocket(origin);
  const send = () => sender.send(address(origin), new Uint8Array(1024), { durable: true });
  for (let count = 0; count < 3; count++) {
    expect(await refusal(send())).toBeInstanceOf(UnavailableError);
  }
  await send();
  expect(connections).toBe(4);
  await sender.close();
  const nowhere = new SendSocket("http://127.0.0.1:9");
  const sent = nowhere.send(address("http://127.0.0.1:9"), new Uint8Array(1024), { durable: true });
  expect(await refusal(sent)).toBeInstanceOf(UnavailableError);
});

test("a server that never answers a send", async () => {
  const origin = await serve(() => undefined);
  const sender = new SendSocket(origin, { answerS: 0.05 });
  const sent = sender.send(address(origin), new Uint8Array(1024), { durable: true });
  expect((await refusal(sent)).code).toBe(Code.UNAVAILABLE);
  await sender.close();
});

test("a connection that does not answer, or is doubted, is not used again", async () => {
  let connections = 0;
  const origin = await serve((peer) => {
    connections += 1;
    return connections % 2 === 0 ? answerAll(peer, 0) : undefined;
  });
  const sender = new SendSocket(origin, { answerS: 2 });
  const send = () => sender.send(address(origin), new Uint8Array(1024), { durable: true });
  expect((await refusal(send())).code).toBe(Code.UNAVAILABLE);
  await send();
  await send();
  expect(connections).toBe(2);
  sender.doubt();
  const doubted = refusal(send());
  await until(() => connections === 3);
  sender.doubt();
  expect((await doubted).code).toBe(Code.UNAVAILABLE);
  await send();
  expect(connections).toBe(4);
  await sender.close();
});

test("once closed it sends nothing, whatever was under way", async () => {
  let connections = 0;
  const origin = await serve(async (peer) => {
    connections += 1;
    await answerAll(peer, 0);
    connections -= 1;
  });
  const sender = new SendSocket(origin);
  const send = () => sender.send(address(origin), new Uint8Array(1024), { durable: true });
  const sent = refusal(send());
  await sender.close(); // while it connects
  expect(await sent).toBeInstanceOf(UnavailableError);
  expect(await refusal(send())).toBeInstanceOf(UnavailableError);
  await until(() => connections === 0);
});

test("an idle sending connection is closed", async () => {
  let gone = 0;
  const origin = await serve(async (peer) => {
    await answerAll(peer, 0);
    gone += 1;
  });
  const sender = new SendSocket(origin, { idleS: 0.05 });
  await sender.send(address(origin), new Uint8Array(1024), { durable: true });
  await until(() => gone === 1);
  await sender.send(address(origin), new Uint8Array(1024), { durable: true });
  await sender.close();
});

test("receiving, acknowledging and coming back", async () => {
  const acks: Bytes[] = [];
  const tokens: Bytes[] = [];
  let rounds = 0;
  const origin = await serve(async (peer) => {
    rounds += 1;
    const round = rounds;
    tokens.push((await peer.receive()) ?? new Uint8Array());
    peer.send(READY);
    const number = new Uint8Array(16).fill(round);
    peer.send(concat(Uint8Array.of(1, 1), number, new Uint8Array(1024).fill(9)));
    peer.send(concat(Uint8Array.of(1, 7), number)); // no class of ours: passed over
    peer.send("text is passed over too");
    peer.send(CAUGHT_UP);
    acks.push((await peer.receive()) ?? new Uint8Array());
    if (round < 3) peer.close(1013); // a slow reader: it shall connect again
  });
  const got: Delivery[] = [];
  const told: boolean[] = [];
  const stop = new AbortController();
  const receiver = new ReceiveSocket(origin, TOKEN, async (delivery) => {
    got.push(delivery);
    await receiver.ack(delivery.deliveryId);
  });
  receiver.onConnection((connected) => told.push(connected));
  const running = receiver.run(stop.signal);
  await until(() => acks.length === 3 && receiver.caughtUp.isSet);
  expect(receiver.connected).toBe(true);
  await receiver.ping();
  stop.abort();
  await running;
  expect(tokens).toEqual([TOKEN, TOKEN, TOKEN]);
  expect(got.map((delivery) => delivery.deliveryId[0])).toEqual([1, 2, 3]);
  expect(got.every((d) => d.durable && equal(d.envelope, new Uint8Array(1024).fill(9)))).toBe(true);
  const acked = [1, 2, 3].map((n) => concat(Uint8Array.of(2), new Uint8Array(16).fill(n)));
  expect(acks).toEqual(acked);
  expect(told).toEqual([true, false, true, false, true, false]);
  expect(receiver.stopped).toBeUndefined();
  expect(await refusal(receiver.ping())).toBeInstanceOf(UnavailableError);
});

test("deliveries come one at a time, and a ping waits for them", async () => {
  const origin = await serve(async (peer) => {
    await peer.receive();
    peer.send(READY);
    for (const n of [1, 2, 3]) {
      peer.send(concat(Uint8Array.of(1, 0), new Uint8Array(16).fill(n), new Uint8Array(1024)));
    }
  });
  let inside = 0;
  const done: (number | undefined)[] = [];
  const stop = new AbortController();
  const receiver = new ReceiveSocket(origin, TOKEN, async ({ deliveryId, durable }) => {
    expect(durable).toBe(false);
    inside += 1;
    expect(inside).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    inside -= 1;
    done.push(deliveryId[0]);
  });
  const running = receiver.run(stop.signal);
  await until(() => receiver.connected);
  await receiver.ping();
  expect(done).toEqual([1, 2, 3]);
  stop.abort();
  await running;
});

test.each([
  [4401, AuthorizationError, Code.REFUSED],
  [4409, PeerError, Code.UNEXPECTED],
])("CK-558: receiving ends for good: %d", async (close, kind, code) => {
  const origin = await serve(async (peer) => {
    await peer.receive();
    if (close === 4409) peer.send(READY);
    peer.close(close);
  });
  const receiver = new ReceiveSocket(origin, TOKEN, () => {
    throw new Error("nothing was delivered");
  });
  await receiver.run(new AbortController().signal);
  expect([receiver.stopped?.constructor, receiver.stopped?.code]).toEqual([kind, code]);
  expect(receiver.caughtUp.isSet).toBe(true);
});

test("refresh connects anew at once, whatever the pause would be", async () => {
  let rounds = 0;
  const origin = await serve(async (peer) => {
    rounds += 1;
    await peer.receive();
    peer.send(READY);
  });
  const stop = new AbortController();
  const receiver = new ReceiveSocket(origin, TOKEN, () => undefined);
  const running = receiver.run(stop.signal);
  for (const round of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await until(() => rounds === round && receiver.connected);
    const began = performance.now();
    receiver.refresh();
    await until(() => !receiver.connected || rounds > round);
    await until(() => rounds > round);
    // The seventh pause would be ten seconds.
    expect(performance.now() - began).toBeLessThan(3000);
  }
  stop.abort();
  await running;
});

test("hurry does not wait for the pause, whatever it would be, and is not kept for the next", async () => {
  let rounds = 0;
  let last: { close(code: number): void } | undefined;
  const origin = await serve(async (peer) => {
    rounds += 1;
    await peer.receive();
    peer.send(READY);
    if (rounds < 8) peer.close(1013);
    else last = peer;
  });
  let connections = 0;
  const stop = new AbortController();
  const receiver = new ReceiveSocket(origin, TOKEN, () => undefined);
  receiver.onConnection((connected) => {
    connections += Number(connected);
  });
  const running = receiver.run(stop.signal);
  for (const round of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const stays = round === 8;
    await until(() => connections === round && receiver.connected === stays);
    const began = performance.now();
    receiver.hurry();
    if (!stays) await until(() => rounds > round);
    // The seventh pause would be ten seconds.
    expect(performance.now() - began).toBeLessThan(3000);
  }
  expect(rounds).toBe(8);
  last?.close(1013);
  await until(() => !receiver.connected);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([rounds, receiver.connected]).toEqual([8, false]);
  stop.abort();
  await running;
});

test("hurry leaves an attempt that is stuck, and no other", async () => {
  const server = await serve((peer) => answerAll(peer, 0));
  const port = Number(new URL(server).port);
  let attempts = 0;
  const way = createServer((socket) => {
    attempts += 1;
    if (attempts > 1) socket.pipe(connect(port, "127.0.0.1")).pipe(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(way.address() as AddressInfo).port}`;
  let opened = 0;
  const sender = new SendSocket(origin, { onOpen: () => opened++ });
  const sending = sender.send(address(origin), new Uint8Array(1024), { durable: true });
  await until(() => attempts === 1);
  sender.hurry(); // it may yet come
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect([attempts, opened]).toEqual([1, 0]);
  sender.hurry();
  await sending;
  expect(attempts).toBeGreaterThan(1);
  expect(opened).toBe(1);
  await sender.close();
  way.close();
});

test("a doubted connection is replaced in silence; one that stays away is told", async () => {
  let rounds = 0;
  let answers = true;
  const origin = await serve(async (peer) => {
    rounds += 1;
    await peer.receive();
    if (answers) peer.send(READY);
  });
  const told: boolean[] = [];
  const stop = new AbortController();
  const receiver = new ReceiveSocket(origin, TOKEN, () => undefined);
  receiver.onConnection((connected) => told.push(connected));
  const running = receiver.run(stop.signal);
  await until(() => receiver.connected);
  receiver.doubt();
  receiver.doubt(); // once is enough
  await until(() => rounds === 2 && receiver.connected);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect([rounds, told]).toEqual([2, [true]]);
  answers = false;
  receiver.doubt();
  expect(told).toEqual([true]);
  await until(() => told.length === 2);
  expect(told).toEqual([true, false]);
  stop.abort();
  await running;
  expect(told).toEqual([true, false]);
});

test("it can be stopped while it connects, waits to try again, or waits for the server", async () => {
  const silent = await serve(() => undefined);
  for (const origin of [silent, "http://127.0.0.1:9"]) {
    const stop = new AbortController();
    const receiver = new ReceiveSocket(origin, TOKEN, () => undefined);
    const running = receiver.run(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort();
    await running;
    expect(receiver.stopped).toBeUndefined();
  }
});
