/** The connection to a call room, and its door, against a server of a few lines. */

import { afterEach, expect, test } from "vitest";
import { CallDoor } from "../../client/call_door.ts";
import { CallRoomSocket, type RoomOptions, TRIES } from "../../client/call_room.ts";
import { utf8 } from "../../core/bytes.ts";
import { decodeToRoom, encodeFromRoom, type FromRoom } from "../../core/content_room.ts";
import { Refusal } from "../../core/content_room_fields.ts";
import { PeerError } from "../../core/errors.ts";
import { Capability, Digest, MailboxId, RoomId, RoomKey } from "../../core/ids.ts";
import { type Peer, type TinyServer, tinySocketServer } from "./tiny_socket_server.ts";

const ROOM = new RoomId(new Uint8Array(16).fill(1));
const KEY = new RoomKey(new Uint8Array(32).fill(2));
const TICKET = {
  mailbox: new MailboxId(new Uint8Array(16).fill(3)),
  capability: new Capability(new Uint8Array(32).fill(4)),
};
const ENTERED: FromRoom = {
  kind: "room.entered",
  member: 1,
  members: [],
  n: 7,
  hasSfu: false,
  most: 200,
};
const SOMETHING = new Uint8Array(9);

const servers: TinyServer[] = [];
const sockets: CallRoomSocket[] = [];
const doors: CallDoor[] = [];

afterEach(async () => {
  for (const door of doors.splice(0)) door.close();
  await Promise.all(sockets.splice(0).map((socket) => socket.leave()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Serve; each connection is given its number, and what a member said first. */
async function serve(handler: (peer: Peer, first: string, number: number) => unknown) {
  let count = 0;
  const server = await tinySocketServer(async (peer) => {
    const number = count++;
    const first = await peer.receive();
    if (first !== undefined) await handler(peer, decodeToRoom(first).kind, number);
  });
  servers.push(server);
  return server.origin;
}

function say(peer: Peer, message: FromRoom): void {
  peer.send(encodeFromRoom(message));
}

function refuse(peer: Peer, code: Refusal): void {
  say(peer, { kind: "room.refused", code, asked: "room.enter" });
  peer.close();
}

function started(origin: string, options: RoomOptions = {}): CallRoomSocket {
  const socket = new CallRoomSocket(origin, ROOM, async () => ({ n: 7, key: KEY }), options);
  sockets.push(socket);
  socket.start();
  return socket;
}

test("a new room is made, as nobody; then it is entered", async () => {
  const firsts: unknown[] = [];
  const server = await tinySocketServer(async (peer) => {
    expect(peer.request.url).toBe("/v1/call-room");
    expect(peer.request.headers.authorization).toBeUndefined();
    expect(peer.request.headers.cookie).toBeUndefined();
    const first = await peer.receive();
    firsts.push(first && decodeToRoom(first));
    say(peer, ENTERED);
    if (firsts.length === 1) peer.destroy();
  });
  servers.push(server);
  const socket = started(server.origin, { ticket: TICKET, isNew: true });
  expect(await socket.next()).toEqual(ENTERED);
  expect(await socket.next()).toEqual({ kind: "roomLost" });
  expect(await socket.next()).toEqual(ENTERED);
  expect(firsts).toEqual([
    { kind: "room.create", room: ROOM, ...TICKET, n: 7, key: Digest.sha256(KEY) },
    { kind: "room.enter", room: ROOM, key: KEY },
  ]);
});

test("a room that refuses is made and entered by turns, then it is shut", async () => {
  const firsts: string[] = [];
  const origin = await serve((peer, first) => {
    firsts.push(first);
    refuse(peer, Refusal.REFUSED);
  });
  expect(await started(origin, { ticket: TICKET }).next()).toEqual({ kind: "roomShut" });
  expect(firsts).toEqual(["room.enter", "room.create", "room.enter", "room.create"]);
  expect(firsts).toHaveLength(TRIES + 1);
});

test("without a ticket a room is only entered", async () => {
  const firsts: string[] = [];
  const origin = await serve((peer, first) => {
    firsts.push(first);
    refuse(peer, Refusal.REFUSED);
  });
  expect(await started(origin, { isNew: true }).next()).toEqual({ kind: "roomShut" });
  expect(new Set(firsts)).toEqual(new Set(["room.enter"]));
});

test("a server that cannot now, says nothing or talks rubbish is asked until it can", async () => {
  const origin = await serve((peer, first, number) => {
    expect(first).toBe("room.enter");
    if (number < 2) refuse(peer, Refusal.UNAVAILABLE);
    else if (number === 2) peer.destroy();
    else if (number === 3) peer.send("a text");
    else say(peer, ENTERED);
    if (number === 3) peer.close();
  });
  expect(await started(origin, { ticket: TICKET }).next()).toEqual(ENTERED);
});

test("nobody enters a room without encryption on the way", async () => {
  expect(await started("http://example.org").next()).toEqual({ kind: "roomShut" });
});

test("pings are answered, rubbish is dropped, and what is said goes out in order", async () => {
  const heard: string[] = [];
  const over = Promise.withResolvers<void>();
  const origin = await serve(async (peer) => {
    say(peer, ENTERED);
    peer.send("a text");
    peer.send(utf8("rubbish"));
    say(peer, { kind: "room.ping" });
    say(peer, { kind: "room.came", member: 2 });
    for (let data = await peer.receive(); data !== undefined; data = await peer.receive()) {
      heard.push(decodeToRoom(data).kind);
    }
    over.resolve();
  });
  const socket = started(origin);
  socket.send({ kind: "room.pull", first: 1 }); // Not in it yet: dropped.
  expect(await socket.next()).toEqual(ENTERED);
  expect(await socket.next()).toEqual({ kind: "room.came", member: 2 });
  socket.send({ kind: "room.say", body: SOMETHING, to: null });
  const long = new Uint8Array(100_000);
  expect(() => socket.send({ kind: "room.say", body: long, to: null })).toThrow(PeerError);
  await socket.leave();
  await over.promise;
  expect(heard).toEqual(["room.pong", "room.say", "room.leave"]);
});

test("whoever waits for the room stops when told to", async () => {
  const socket = started(await serve((peer) => say(peer, ENTERED)));
  expect(await socket.next()).toEqual(ENTERED);
  const stop = new AbortController();
  const waiting = socket.next(stop.signal);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});

test("a door hands on answers and refusals, and knocks over a new connection", async () => {
  const connections: number[] = [];
  const origin = await serve((peer, first, number) => {
    connections.push(number);
    expect(first).toBe("room.knock");
    say(peer, { kind: "room.came", member: 2 }); // Not said to who is outside.
    if (number > 0) say(peer, { kind: "room.answered", body: SOMETHING });
    else refuse(peer, Refusal.UNAVAILABLE);
  });
  const door = new CallDoor(origin, ROOM);
  doors.push(door);
  const { signal } = new AbortController();
  await door.knock(SOMETHING);
  const refusal = { kind: "refusal", code: Refusal.UNAVAILABLE };
  expect(await door.within(10, signal)).toEqual(refusal);
  expect(await door.within(0.05, signal)).toBeUndefined();
  await door.knock(SOMETHING);
  expect(await door.within(10, signal)).toEqual({ kind: "answer", body: SOMETHING });
  expect(connections).toEqual([0, 1]);
});
