/**
 * Stored state: it comes back whole, what is damaged does not come back at all, and TypeScript and
 * Python write the same bytes (`fixtures/mls_twin.json`, by `tools/make_mls_twin.py`).
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { type Bytes, fromHex, hex, utf8 } from "../../core/bytes.ts";
import { Code, FatalError } from "../../core/errors.ts";
import type { GroupCommitOptions, ProposeOptions } from "../../core/mls/group_options.ts";
import {
  Group,
  generateSignatureKey,
  type KeyPackageBundle,
  newKeyPackage,
  requiredCapabilitiesExtension,
  SUITE_ID,
} from "../../core/mls/index.ts";
import { stream } from "./refusals.ts";
import { ALL_SUITES, anyone, DAY, GROUP_ID, NOTHING, NOW, stateOf, World } from "./world.ts";

async function reload(group: Group): Promise<Group> {
  const restored = await Group.fromBytes(group.toBytes(), { validator: anyone });
  expect(restored.toBytes()).toEqual(group.toBytes());
  return restored;
}

describe("stored state", () => {
  test.each(ALL_SUITES)("after every step in suite %i", async (suiteId) => {
    const world = await World.make(3, { suiteId });
    const store = async () => {
      world.groups = await Promise.all(world.groups.map(reload));
      await world.agree();
    };
    await store();
    const letter = await world.encrypt(0, "letter");
    const later = await world.encrypt(0, "later");
    await store();
    await world.group(1).process(later, { now: NOW });
    await store();
    await world.propose(1, { update: true });
    await world.propose(2, { update: true, public: true });
    await store();
    await world.commit(0);
    await store();
    await world.group(1).process(letter, { now: NOW });
    await store();
    for (const group of world.groups) await group.addPsk(utf8("psk"), Uint8Array.of(1));
    await store();
    await world.commit(2, { psks: [utf8("psk"), 1n] });
    await store();
    await world.commit(1, { remove: [2] });
    await store();
    expect(world.groups.map((group) => group.isActive)).toEqual([true, true, false]);
    await world.commit(0);
  });

  test("of a pending commit", async () => {
    const world = await World.make(2, { suiteId: SUITE_ID });
    const pending = await world.makeCommit(0);
    const after = await reload(pending.group);
    await world.group(1).process(pending.message, { now: NOW });
    expect(after.epochAuthenticator).toEqual(world.group(1).epochAuthenticator);
  });

  test("damaged or of another version", async () => {
    const data = (await World.make(2)).group(0).toBytes();
    const replaced = (at: number, value: number) =>
      data.map((byte, index) => (index === at ? value : byte));
    const bad = [NOTHING, replaced(0, 2), Uint8Array.of(...data, 0), replaced(1, 9)];
    for (let size = 1; size < data.length; size += Math.ceil(data.length / 97)) {
      bad.push(data.slice(0, size));
    }
    for (const damaged of bad) {
      const caught: unknown = await Group.fromBytes(damaged, { validator: anyone }).catch((e) => e);
      expect(caught).toBeInstanceOf(FatalError);
      expect(caught).toMatchObject({ code: Code.MALFORMED });
    }
  });

  /** A tree of another epoch under this epoch's context. */
  test("cut together from two copies", async () => {
    const world = await World.make(2);
    await world.commit(1);
    const old = hex(world.group(0).ratchetTree());
    await world.commit(1);
    const now = hex(world.group(0).ratchetTree());
    expect(old.length).toBe(now.length);
    const mixed = fromHex(hex(world.group(0).toBytes()).replace(now, old));
    await expect(Group.fromBytes(mixed, { validator: anyone })).rejects.toThrow(FatalError);
  });

  test("without keys of spent messages", async () => {
    const world = await World.make(2);
    const [, key] = stateOf(world.group(0)).secretTree.nextKey(0, { handshake: false });
    const message = await world.encrypt(0, "x");
    await world.group(1).process(message, { now: NOW });
    for (const group of world.groups) expect(hex(group.toBytes())).not.toContain(hex(key.key));
    const { exporter } = stateOf(world.group(1)).keys;
    expect(hex(world.group(1).toBytes())).toContain(hex(exporter));
  });
});

type Fixture = Readonly<{
  state: string;
  digests: Readonly<Record<string, string>>;
  product: Readonly<{ before: string; message: string; after: string }>;
}>;

function load(): Fixture {
  const path = join(import.meta.dirname, "../fixtures/mls_twin.json");
  return JSON.parse(readFileSync(path, "utf8"));
}

/** The story that `tools/make_mls_twin.py` tells, with the same seed. */
class Story {
  readonly digests: Record<string, string> = {};
  readonly #rng = stream("twin 1");
  #groups: Group[] = [];

  #group(who: number): Group {
    const group = this.#groups[who];
    if (group === undefined) throw new Error("nobody there");
    return group;
  }

  #note(name: string, data: Bytes): Bytes {
    this.digests[name] = hex(sha256(data));
    return data;
  }

  #noteStates(name: string): void {
    for (const [index, group] of this.#groups.entries()) {
      this.#note(`${name}: state ${index}`, group.toBytes());
    }
  }

  async #package(name: string): Promise<KeyPackageBundle> {
    const bundle = await newKeyPackage({
      identity: utf8(name),
      signaturePrivate: generateSignatureKey(1, this.#rng),
      notBefore: NOW - DAY,
      notAfter: NOW + DAY,
      rng: this.#rng,
      suiteId: 1,
    });
    this.#note(`package ${name}`, bundle.toBytes());
    return bundle;
  }

  async #deliver(message: Bytes, sender: number): Promise<void> {
    for (const [index, group] of this.#groups.entries()) {
      if (index !== sender && group.isActive) await group.process(message, { now: NOW });
    }
  }

  async #commit(
    name: string,
    who: number,
    options: Partial<GroupCommitOptions> = {},
  ): Promise<Bytes | null> {
    const pending = await this.#group(who).commit({ rng: this.#rng, now: NOW, ...options });
    this.#note(`${name}: commit`, pending.message);
    if (pending.welcome !== null) this.#note(`${name}: welcome`, pending.welcome);
    await this.#deliver(pending.message, who);
    this.#groups[who] = pending.group;
    this.#noteStates(name);
    return pending.welcome;
  }

  async #propose(name: string, who: number, change: Partial<ProposeOptions>): Promise<void> {
    const message = await this.#group(who).propose({ rng: this.#rng, now: NOW, ...change });
    await this.#deliver(this.#note(name, message), who);
  }

  async #found(): Promise<void> {
    const founder = await Group.create({
      groupId: GROUP_ID,
      suiteId: 1,
      identity: utf8("member 0"),
      signaturePrivate: generateSignatureKey(1, this.#rng),
      rng: this.#rng,
      validator: anyone,
      lifetime: [NOW - DAY, NOW + DAY],
    });
    this.#groups = [founder];
    const bundles: KeyPackageBundle[] = [];
    for (const index of [1, 2, 3]) bundles.push(await this.#package(`member ${index}`));
    const add = bundles.map((bundle) => bundle.keyPackage);
    const welcome = (await this.#commit("founding", 0, { add })) ?? NOTHING;
    for (const bundle of bundles) {
      this.#groups.push(await Group.join(welcome, bundle, { now: NOW, validator: anyone }));
    }
    this.#noteStates("joined");
  }

  /** @returns The last state of member 1. */
  async tell(): Promise<Bytes> {
    await this.#found();
    const letters: Bytes[] = [];
    for (let i = 0; i < 5; i++) {
      const name = `letter ${i}`;
      const options = { rng: this.#rng, authenticatedData: utf8("clear") };
      letters.push(this.#note(name, await this.#group(0).encrypt(utf8(name), options)));
    }
    for (const index of [3, 1]) await this.#deliver(letters[index] ?? NOTHING, 0);
    await this.#propose("update", 1, { update: true });
    await this.#propose("removal", 2, { remove: 3, public: true });
    for (const group of this.#groups) {
      await group.addPsk(utf8("psk"), new Uint8Array(32).fill(5));
    }
    this.#noteStates("proposed");
    const none = { extensions: [], proposals: [], credentials: [1] };
    const extensions = [requiredCapabilitiesExtension(none)];
    await this.#commit("taking up", 0, { psks: [utf8("psk"), 1n], extensions });
    await this.#deliver(letters[0] ?? NOTHING, 0);
    this.#groups.pop();
    await this.#commit("public", 2, { public: true });
    const [joined, commit] = await Group.externalJoin(await this.#group(0).groupInfo(), {
      identity: utf8("joiner"),
      signaturePrivate: generateSignatureKey(1, this.#rng),
      rng: this.#rng,
      now: NOW,
      validator: anyone,
    });
    await this.#deliver(this.#note("external commit", commit), -1);
    this.#groups.push(joined);
    this.#noteStates("external");
    this.#note("group info", await this.#group(3).groupInfo());
    await this.#commit("last", 3);
    return this.#group(1).toBytes();
  }
}

describe("Python's twin", () => {
  test("writes the same bytes at every step", async () => {
    const fixture = load();
    const story = new Story();
    const last = await story.tell();
    expect(Object.keys(fixture.digests).length).toBeGreaterThan(35);
    expect(story.digests).toEqual(fixture.digests);
    expect(hex(last)).toBe(fixture.state);
  });

  test("writes state that is read, and goes on, in the product suite", async () => {
    const { before, message, after } = load().product;
    const group = await Group.fromBytes(fromHex(before), { validator: anyone });
    expect(hex(group.toBytes())).toBe(before);
    expect([group.suiteId, group.epoch, group.hasPending]).toEqual([SUITE_ID, 1n, true]);
    const received = await group.process(fromHex(message), { now: NOW });
    expect(received.kind).toBe("commit");
    expect(hex(group.toBytes())).toBe(after);
  });
});
