/** Random histories: joins, updates, removals, external joins, late, lost and doubled messages. */

import { expect, test } from "vitest";
import { type Bytes, hex, utf8 } from "../../core/bytes.ts";
import { Code, PeerError } from "../../core/errors.ts";
import { Group, generateSignatureKey, SUITE_ID } from "../../core/mls/index.ts";
import { stream } from "./refusals.ts";
import { anyone, NOTHING, NOW, World } from "./world.ts";

const STEPS = [
  "update",
  "public",
  "add",
  "add without path",
  "remove",
  "propose update",
  "propose remove",
  "propose add",
  "external",
  "resync",
  "letters",
  "late letter",
  "late reading",
  "lost race",
  "overlap",
  "reload",
  "hostile",
] as const;
type Step = (typeof STEPS)[number];

const MOST = 7;

/** A world that is driven by drawn steps; after each the members agree. */
class History {
  readonly #world: World;
  readonly #draw: (below: number) => number;
  #late: { readers: readonly Group[]; message: Bytes }[] = [];
  #count = 0;

  constructor(world: World, seed: string) {
    this.#world = world;
    const random = stream(seed);
    this.#draw = (below) => {
      const [a = 0, b = 0] = random(2);
      return (256 * a + b) % below;
    };
  }

  get #groups(): Group[] {
    return this.#world.groups;
  }

  async run(steps: number): Promise<readonly Step[]> {
    const done: Step[] = [];
    while (done.length < steps) {
      const step = STEPS[this.#draw(STEPS.length)] ?? "update";
      done.push(step);
      try {
        await this.#step(step);
        this.#world.groups = this.#groups.filter((group) => group.isActive);
        await this.#world.agree();
      } catch (error) {
        throw new Error(`after ${done.join(", ")}`, { cause: error });
      }
    }
    await this.#world.commit(0);
    return done;
  }

  #name(): string {
    this.#count += 1;
    return `new ${this.#count}`;
  }

  async #step(step: Step): Promise<void> {
    const world = this.#world;
    const who = this.#draw(this.#groups.length);
    const other = this.#draw(this.#groups.length);
    const hasRoom = this.#groups.length < MOST;
    const isCrowd = this.#groups.length > 2;
    const leaf = world.group(other).ownLeaf;
    switch (step) {
      case "update":
        return void (await world.commit(who));
      case "public":
        return void (await world.commit(who, { public: true }));
      case "add":
        if (hasRoom) await world.add(who, [await world.package(this.#name())]);
        return;
      case "add without path":
        if (hasRoom) {
          const pair = [await world.package(this.#name()), await world.package(this.#name())];
          await world.add(who, pair, { path: false, includePending: false });
        }
        return;
      case "remove":
        if (who !== other) await world.commit(who, { remove: [leaf] });
        return;
      case "propose update":
        return void (await world.propose(who, { update: true }));
      case "propose remove":
        if (isCrowd) await world.propose(who, { remove: leaf });
        return;
      case "propose add":
        if (hasRoom) {
          await world.propose(who, { add: (await world.package("never joins")).keyPackage });
        }
        return;
      case "external":
        if (hasRoom) await this.#external(null);
        return;
      case "resync":
        if (isCrowd) await this.#external(leaf);
        return;
      case "letters":
        return await this.#letters(who);
      case "late letter": {
        const readers = this.#groups.filter((_, index) => index !== who);
        this.#late.push({ readers, message: await world.encrypt(who, "late") });
        return;
      }
      case "late reading":
        return await this.#lateReading();
      case "lost race":
        if (who !== other) {
          await world.makeCommit(who);
          await world.commit(other);
        }
        return;
      case "overlap":
        return await this.#overlap(who);
      case "reload":
        world.groups = await Promise.all(
          this.#groups.map((group) => Group.fromBytes(group.toBytes(), { validator: anyone })),
        );
        return;
      case "hostile":
        if (who !== other) await this.#hostile(who, other);
        return;
    }
  }

  async #external(resyncLeaf: number | null): Promise<void> {
    const world = this.#world;
    const info = await world.group(0).groupInfo();
    const [joined, commit] = await Group.externalJoin(info, {
      identity: utf8("external"),
      signaturePrivate: generateSignatureKey(world.suiteId, world.rng),
      rng: world.rng,
      now: NOW,
      validator: anyone,
      ...(resyncLeaf === null ? {} : { resyncLeaf }),
    });
    await world.deliver(commit, -1);
    this.#groups.push(joined);
  }

  /** Letters arrive in any order, some of them never, some twice. */
  async #letters(who: number): Promise<void> {
    const world = this.#world;
    const letters = [];
    const count = 1 + this.#draw(5);
    for (let i = 0; i < count; i++) letters.push({ i, message: await world.encrypt(who, `${i}`) });
    letters.sort(() => this.#draw(2) * 2 - 1);
    for (const { i, message } of letters.slice(this.#draw(count))) {
      for (const [place, group] of this.#groups.entries()) {
        if (place === who) continue;
        const received = await group.process(message, { now: NOW });
        expect(received).toMatchObject({ content: utf8(`${i}`) });
        expect(received).toMatchObject({ sender: { leafIndex: world.group(who).ownLeaf } });
        await expect(group.process(message, { now: NOW })).rejects.toThrow("CK-055");
      }
    }
  }

  /** A late letter is read once, as long as its epoch is not too old. */
  async #lateReading(): Promise<void> {
    const { readers, message } = this.#late.shift() ?? { readers: [], message: NOTHING };
    for (const group of readers.filter((reader) => this.#groups.includes(reader))) {
      try {
        const received = await group.process(message, { now: NOW });
        expect(received).toMatchObject({ content: utf8("late") });
      } catch (error) {
        expect(String(error)).toContain("CK-051");
      }
    }
  }

  /** Sending while a commit arrives, without waiting for either. */
  async #overlap(who: number): Promise<void> {
    const world = this.#world;
    const pending = await world.makeCommit(who);
    const letters = await Promise.all(
      this.#groups.map(async (group, place) => {
        if (place === who) return null;
        const before = group.encrypt(utf8("before"), { rng: world.rng });
        const processed = group.process(pending.message, { now: NOW });
        const letter = await before;
        await processed;
        return letter;
      }),
    );
    await pending.group.adoptPast(world.group(who));
    this.#groups[who] = pending.group;
    for (const letter of letters) {
      if (letter === null) continue;
      const received = await pending.group.process(letter, { now: NOW });
      expect(received).toMatchObject({ epoch: pending.group.epoch - 1n });
    }
  }

  /** Any damaged message leaves the receiver exactly as it was. */
  async #hostile(who: number, other: number): Promise<void> {
    const message = await this.#world.encrypt(who, "hostile");
    const place = this.#draw(message.length);
    message[place] = (message[place] ?? 0) ^ (1 + this.#draw(255));
    const receiver = this.#world.group(other);
    const before = hex(receiver.toBytes());
    const caught: unknown = await receiver.process(message, { now: NOW }).catch((error) => error);
    expect(caught).toBeInstanceOf(PeerError);
    expect(caught).not.toMatchObject({ code: Code.USAGE });
    expect(hex(receiver.toBytes())).toBe(before);
  }
}

/** More with VISAVIS_HISTORIES=1000. */
const { VISAVIS_HISTORIES } = process.env;
const count = Number(VISAVIS_HISTORIES ?? 15);
const timeout = 600_000;

test.each([1, SUITE_ID])("random histories in suite %i", { timeout }, async (suiteId) => {
  const seen = new Set<Step>();
  for (let i = 0; i < count; i++) {
    const world = await World.make(2, { suiteId });
    for (const step of await new History(world, `history ${suiteId} ${i}`).run(15)) seen.add(step);
  }
  expect([...seen].sort()).toEqual([...STEPS].sort());
});
