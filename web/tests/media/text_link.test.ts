/** The way of real-time text: fails closed in both directions, and takes nothing but whole blocks. */

import { beforeEach, expect, test } from "vitest";
import { type Bytes, copy } from "../../core/bytes.ts";
import { Code, PeerError, UnavailableError } from "../../core/errors.ts";
import { BLOCK_LENGTH, RealtimeText } from "../../core/realtime_text.ts";
import type { WorkerKeys } from "../../media/call_frames.ts";
import { SEALED_LENGTH, type TextChannel, TextLink } from "../../media/text_link.ts";

class FakeChannel implements TextChannel {
  readyState: RTCDataChannelState = "open";
  bufferedAmount = 0;
  readonly out: Bytes[] = [];
  readonly #listeners = new Map<string, (event: Readonly<{ data: unknown }>) => void>();

  send(data: unknown): void {
    this.out.push(copy(data as Bytes));
  }

  addEventListener(type: string, listener: (event: Readonly<{ data: unknown }>) => void): void {
    this.#listeners.set(type, listener);
  }

  async emit(type: string, data?: unknown): Promise<void> {
    this.#listeners.get(type)?.({ data });
    await settled();
  }
}

/** Seals by putting 24 bytes before, and beats when it is told. */
class FakeKeys {
  onTextBeat: () => void = () => {};
  beating = 0;
  hasKey = true;

  async startTextBeat(): Promise<void> {
    this.beating += 1;
  }

  async sealText(block: Bytes): Promise<Bytes> {
    if (!this.hasKey) throw new UnavailableError(Code.NOT_ENCRYPTED, "CK-655");
    const sealed = new Uint8Array(SEALED_LENGTH).fill(9);
    sealed.set(block, SEALED_LENGTH - block.length);
    return sealed;
  }

  async openText(sealed: Bytes): Promise<Bytes> {
    if (sealed[0] !== 9) throw new PeerError(Code.DECRYPTION, "CK-203");
    return sealed.slice(SEALED_LENGTH - BLOCK_LENGTH);
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

let keys: FakeKeys;
let channel: FakeChannel;
let link: TextLink;
let text: RealtimeText;

beforeEach(() => {
  keys = new FakeKeys();
  channel = new FakeChannel();
  text = new RealtimeText();
  link = new TextLink(keys as unknown as WorkerKeys);
  link.join({
    nextTextBlock: () => text.nextBlock(),
    takeTextBlock: (block) => void text.receive(block),
  });
  link.use(channel);
});

async function beat(times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    keys.onTextBeat();
    await settled();
  }
}

test("the beat begins when the channel stands", async () => {
  expect(keys.beating).toBe(0);
  await channel.emit("open");
  expect(keys.beating).toBe(1);
});

test("nothing leaves before it is opened; then a block of one size at each beat", async () => {
  text.type("early");
  await beat(3);
  expect(channel.out).toEqual([]);
  text.open();
  await beat();
  text.type("x".repeat(300));
  await beat(2);
  expect(channel.out.map((sealed) => sealed.length)).toEqual(Array(3).fill(SEALED_LENGTH));
  expect(SEALED_LENGTH).toBe(152);
});

test("CK-696: no key, no channel, a stuck path: nothing leaves", async () => {
  text.open();
  keys.hasKey = false;
  await beat();
  keys.hasKey = true;
  channel.bufferedAmount = 4 * SEALED_LENGTH;
  await beat();
  channel.bufferedAmount = 0;
  channel.readyState = "closed";
  await beat();
  expect(channel.out).toEqual([]);
  expect(link.refused).toBe(2);
  channel.readyState = "open"; // the control
  await beat();
  expect(link.sent).toBe(1);
});

test("what was sealed for one transport does not leave over the next", async () => {
  text.open();
  keys.onTextBeat();
  const next = new FakeChannel();
  link.use(next);
  await settled();
  expect([channel.out, next.out]).toEqual([[], []]);
  await beat();
  expect(next.out.length).toBe(1);
});

test("CK-695, CK-697: what is no sealed block is dropped", async () => {
  const other = new RealtimeText();
  other.open();
  other.type("hello");
  const good = await keys.sealText(other.nextBlock() as Bytes);
  const junk = [
    "text",
    new ArrayBuffer(0),
    new ArrayBuffer(SEALED_LENGTH - 1),
    new ArrayBuffer(SEALED_LENGTH + 1),
    new ArrayBuffer(SEALED_LENGTH), // does not open
    new Uint8Array(SEALED_LENGTH).fill(9).buffer, // opens, and is no block
    new Blob([good]),
  ];
  for (const data of junk) await channel.emit("message", data);
  expect(link.failed).toBe(junk.length);
  expect([text.theirs, text.speaks]).toEqual(["", false]);
  await channel.emit("message", good.buffer); // the control
  expect(text.theirs).toBe("hello");
});

test("after the end nothing is sent or taken", async () => {
  text.open();
  link.close();
  await beat();
  await channel.emit("message", (await keys.sealText(new Uint8Array(BLOCK_LENGTH))).buffer);
  expect(channel.out).toEqual([]);
});
