/** What a call's consent tells a recorder makes a file that proves it: a real tape, and a real proof. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Recorder, SaidStatement } from "../../client/recording_means.ts";
import { type Bytes, concat, copy, equal } from "../../core/bytes.ts";
import { type ConsentKey, type Digest, random, Secret32 } from "../../core/ids.ts";
import { prove } from "../../core/recording_proof.ts";
import { Tape } from "../../core/recording_tape.ts";
import type { Members } from "../../core/recording_types.ts";
import { type Part, read } from "../../core/vvrec.ts";
import { rng } from "./call_seam.ts";
import { TERMS } from "./recording_fakes.ts";
import { type Member, Party } from "./recording_party.ts";
import { VirtualClock } from "./virtual_clock.ts";

let clock: VirtualClock;
let party: Party;

beforeEach(() => {
  clock = new VirtualClock();
  clock.install();
  party = new Party(clock);
});
afterEach(() => {
  for (const member of party.members) member.close();
  vi.unstubAllGlobals();
});

/** 20 ms of Opus (RFC 6716, 3.1), whatever it sounds like. */
const SOUND = Uint8Array.of(0xf8, 1, 2, 3, 4, 5, 6, 7);

/** Writes a tape as it is told, in the order in which it is told. */
class TapeRecorder implements Recorder {
  file: Bytes = new Uint8Array();
  readonly #privateKey: Bytes;
  readonly #begun = clock.now;
  #line: Promise<void> = Promise.resolve();
  #tape: Tape | undefined;

  constructor(privateKey: Bytes) {
    this.#privateKey = copy(privateKey);
  }

  get #at(): number {
    return Math.round((clock.now - this.#begun) * 1000);
  }

  said({ signed, statement }: SaidStatement): void {
    const at = this.#at;
    this.#then(async () => {
      if (statement.kind !== "recording.ask") return await this.#tape?.said(signed, statement, at);
      const sink = async (data: Bytes) => {
        this.file = concat(this.file, data);
      };
      const secret = random(Secret32, rng);
      this.#tape = await Tape.begin(sink, { ask: signed, secret, privateKey: this.#privateKey });
    });
  }

  share(_: Digest, key: ConsentKey, share: Secret32): void {
    this.#then(async () => this.#tape?.share(key, share));
  }

  among(_: Digest, members: Members): void {
    this.#then(async () => await this.#tape?.among(members));
  }

  record(): void {}
  over(): void {}

  frame(key: ConsentKey): void {
    const at = this.#at;
    this.#then(async () => await this.#tape?.frame(key, "audio", at, SOUND));
  }

  async mark(): Promise<void> {
    this.#then(async () => await this.#tape?.mark());
    await this.#line;
  }

  #then(work: () => Promise<void>): void {
    this.#line = this.#line.then(work);
  }
}

/** Return the file from its beginning. */
function sourceOf(file: Bytes): (size: number) => Promise<Bytes> {
  let at = 0;
  return async (size) => {
    const data = file.slice(at, at + size);
    at += data.length;
    return data;
  };
}

async function partsOf(file: Bytes, { key }: Member): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const [chunk] of read(sourceOf(file))) {
    if (chunk.word === "part" && equal(chunk.key, key)) parts.push(chunk);
  }
  return parts;
}

test("a file of who agreed, with nobody in it while somebody had not", async () => {
  await clock.run(story());
  expect(party.failures).toEqual([]);
});

async function story(): Promise<void> {
  const anna = await party.join("anna");
  const tape = new TapeRecorder(anna.consent.privateKey);
  for (const what of ["said", "share", "among"] as const) {
    vi.spyOn(anna.recorder, what).mockImplementation(tape[what].bind(tape) as never);
  }
  const ben = await party.join("ben");
  /** Everybody talks for some seconds, whatever is recorded of it. */
  const talk = async (seconds: number) => {
    for (let frames = 0; frames < seconds * 50; frames++) {
      for (const { key } of party.members) tape.frame(key);
      await clock.wait(0.02);
    }
  };
  const id = await anna.recording.ask(TERMS);
  await talk(1); // Nothing of this.
  await ben.recording.agree(id, ["audio"], false);
  await clock.wait(0.5);
  await talk(2);
  const carla = await party.join("carla");
  await talk(3); // Nor of this.
  await carla.recording.agree(id, ["audio"], false);
  await ben.recording.agree(id, ["audio"], false);
  await clock.wait(0.5);
  await talk(2);
  await carla.recording.withdraw(id);
  await clock.wait(0.5);
  await talk(2); // Nor of this.
  await tape.mark();
  const proof = await prove(sourceOf(tape.file));
  expect([proof.ok, proof.problems, proof.ended, proof.unproven]).toEqual([true, [], true, 0]);
  const at = party.members.map(({ key }) => proof.members.find((one) => equal(one.key, key)));
  expect(at.map((one) => [...(one?.granted ?? [])])).toEqual([
    ["audio", "video"],
    ["audio"],
    ["audio"],
  ]);
  expect(at.map((one) => one?.withdrawn === null)).toEqual([true, true, false]);
  const seconds = async (one: Member) => {
    const parts = await partsOf(tape.file, one);
    return parts.reduce((sum, { length }) => sum + length, 0) / 1000;
  };
  // Of each only what was said while all who were there had agreed; a share may come a moment late.
  for (const [one, most] of [
    [anna, 4],
    [ben, 4],
    [carla, 2],
  ] as const) {
    const recorded = await seconds(one);
    expect([one.name, recorded > most - 0.7, recorded <= most + 0.1]).toEqual([
      one.name,
      true,
      true,
    ]);
  }
}
