/**
 * The secret tree: one key per message (RFC 9420, 9), used once and dropped.
 *
 * Immutable: asking for a key gives the key *and* the tree after it, so a message that fails to
 * decrypt costs nothing and changes nothing. What is kept is bounded by the two constants below.
 * Secrets that a call made and spent are wiped; those of the tree before the call are not, because
 * that tree must still work if the message turns out to be bad. Dropping it is the caller's part.
 */

import { type Bytes, copy, utf8, wipe } from "../bytes.ts";
import { UsageError } from "../errors.ts";
import { ensure } from "./checks.ts";
import type { Suite } from "./suite.ts";
import * as treeMath from "./tree_math.ts";

/**
 * Generations a receiver skips at once (protocol.md P9: dropped call messages leave holes).
 * Higher: longer outages are survived, and a malicious member can make each receiver derive more
 * secrets per message (about 30 us each). Lower: the reverse.
 */
export const MAX_FORWARD = 4096;

/**
 * Skipped keys kept per sender and kind for messages that come late; the oldest go first.
 * Higher: more late messages can be read, up to 44 bytes of state each, and stolen state opens
 * more of them. Lower: the reverse.
 */
export const MAX_KEPT = 1024;

const LAST = 2 ** 32 - 1;

/** Key and nonce of one generation. */
export class MessageKey {
  readonly key: Bytes;
  readonly nonce: Bytes;

  constructor(key: Bytes, nonce: Bytes) {
    this.key = key;
    this.nonce = nonce;
  }

  /** Return the nonce with the reuse guard mixed in (RFC 9420, 6.3.1). */
  guardedNonce(reuseGuard: Uint8Array): Bytes {
    const mixed = copy(this.nonce);
    reuseGuard.forEach((byte, at) => {
      mixed[at] = (mixed[at] ?? 0) ^ byte;
    });
    return mixed;
  }
}

/** A sender's chain for one kind of message: its next secret, and skipped keys. */
export class Ratchet {
  readonly secret: Bytes;
  readonly generation: number;
  readonly kept: ReadonlyMap<number, MessageKey>;

  constructor(secret: Bytes, generation: number, kept: ReadonlyMap<number, MessageKey>) {
    this.secret = secret;
    this.generation = generation;
    this.kept = kept;
  }

  #derive(suite: Suite, label: string, size: number): Bytes {
    return suite.deriveTreeSecret(this.secret, label, this.generation, size);
  }

  #key(suite: Suite): MessageKey {
    const key = this.#derive(suite, "key", suite.aead.nk);
    return new MessageKey(key, this.#derive(suite, "nonce", suite.aead.nn));
  }

  #next(suite: Suite): Ratchet {
    return new Ratchet(this.#derive(suite, "secret", suite.nh), this.generation + 1, this.kept);
  }

  /** Return the next generation's key and the ratchet after it. */
  nextKey(suite: Suite): readonly [MessageKey, Ratchet] {
    if (this.generation >= LAST) {
      throw new UsageError("a ratchet is at its end; commit to begin a new epoch");
    }
    return [this.#key(suite), this.#next(suite)];
  }

  /** Return the key of one generation and the ratchet without it (CK-055, CK-056). */
  keyAt(suite: Suite, generation: number): readonly [MessageKey, Ratchet] {
    if (generation < this.generation) {
      const key = this.kept.get(generation);
      ensure("CK-055", key);
      const kept = new Map(this.kept);
      kept.delete(generation);
      return [key, new Ratchet(this.secret, this.generation, kept)];
    }
    ensure("CK-056", generation - this.generation <= MAX_FORWARD && generation < LAST);
    if (generation === this.generation) return this.nextKey(suite);
    const kept = new Map(this.kept);
    let ratchet: Ratchet = this;
    while (ratchet.generation < generation) {
      // Keys too old to be kept are not even derived.
      if (generation - ratchet.generation <= MAX_KEPT) {
        kept.set(ratchet.generation, ratchet.#key(suite));
      }
      const next = ratchet.#next(suite);
      if (ratchet !== this) wipe(ratchet.secret);
      ratchet = next;
    }
    const [key, after] = ratchet.nextKey(suite);
    wipe(ratchet.secret);
    const newest = [...kept].sort(([one], [other]) => one - other).slice(-MAX_KEPT);
    return [key, new Ratchet(after.secret, after.generation, new Map(newest))];
  }
}

/** Which of a leaf's two ratchets: that of proposals and commits, or that of application messages. */
export type Kind = Readonly<{ handshake: boolean }>;

export type SecretTreeFields = Readonly<{
  suite: Suite;
  /** Leaves of the ratchet tree, a power of two. */
  leafCount: number;
  /** Node secrets not yet spent, by node index. */
  secrets: ReadonlyMap<number, Bytes>;
  /** Ratchets for proposals and commits, by leaf index. */
  handshake: ReadonlyMap<number, Ratchet>;
  /** Ratchets for application messages, by leaf index. */
  application: ReadonlyMap<number, Ratchet>;
}>;

/** The secrets of an epoch's messages. */
export class SecretTree implements SecretTreeFields {
  readonly suite: Suite;
  readonly leafCount: number;
  readonly secrets: ReadonlyMap<number, Bytes>;
  readonly handshake: ReadonlyMap<number, Ratchet>;
  readonly application: ReadonlyMap<number, Ratchet>;

  constructor(fields: SecretTreeFields) {
    this.suite = fields.suite;
    this.leafCount = fields.leafCount;
    this.secrets = fields.secrets;
    this.handshake = fields.handshake;
    this.application = fields.application;
  }

  /** Begin with the encryption secret at the root. */
  static start(suite: Suite, encryptionSecret: Bytes, leafCount: number): SecretTree {
    return new SecretTree({
      suite,
      leafCount,
      secrets: new Map([[treeMath.root(leafCount), encryptionSecret]]),
      handshake: new Map(),
      application: new Map(),
    });
  }

  /** What a log or an error report would print: no secret. */
  toJSON(): string {
    return `SecretTree(leafCount=${this.leafCount})`;
  }

  /** Return the tree with the ratchets of a leaf begun and the secrets above them spent. */
  #open(leaf: number): SecretTree {
    if (this.application.has(leaf)) return this;
    const { suite } = this;
    ensure("CK-047", leaf < this.leafCount); // from outside, no way up ends at the root
    const chain = [2 * leaf];
    let top = 2 * leaf;
    while (!this.secrets.has(top)) {
      ensure("CK-055", top !== treeMath.root(this.leafCount)); // spent and dropped
      top = treeMath.parent(top);
      chain.push(top);
    }
    const secrets = new Map(this.secrets);
    const spend = <T>(node: number, use: (secret: Bytes) => T): T => {
      const secret = secrets.get(node);
      ensure("CK-055", secret);
      secrets.delete(node);
      const result = use(secret);
      if (node !== top) wipe(secret); // `top` belongs to the tree before
      return result;
    };
    for (const node of chain.slice(1).reverse()) {
      spend(node, (secret) => {
        const child = (side: string) => suite.expandWithLabel(secret, "tree", utf8(side), suite.nh);
        secrets.set(treeMath.left(node), child("left"));
        secrets.set(treeMath.right(node), child("right"));
      });
    }
    const begin = (secret: Bytes, label: string) =>
      new Ratchet(suite.expandWithLabel(secret, label, new Uint8Array(), suite.nh), 0, new Map());
    return spend(
      2 * leaf,
      (secret) =>
        new SecretTree({
          ...this.#fields(),
          secrets,
          handshake: new Map(this.handshake).set(leaf, begin(secret, "handshake")),
          application: new Map(this.application).set(leaf, begin(secret, "application")),
        }),
    );
  }

  #fields(): SecretTreeFields {
    const { suite, leafCount, secrets, handshake, application } = this;
    return { suite, leafCount, secrets, handshake, application };
  }

  #ratchets({ handshake }: Kind): ReadonlyMap<number, Ratchet> {
    return handshake ? this.handshake : this.application;
  }

  /** Return the ratchet of a leaf; past epochs keep no handshake ratchets (CK-055). */
  #ratchet(leaf: number, kind: Kind): Ratchet {
    const ratchet = this.#ratchets(kind).get(leaf);
    ensure("CK-055", ratchet);
    return ratchet;
  }

  #with(leaf: number, ratchet: Ratchet, kind: Kind): SecretTree {
    const ratchets = new Map(this.#ratchets(kind)).set(leaf, ratchet);
    const changed = kind.handshake ? { handshake: ratchets } : { application: ratchets };
    return new SecretTree({ ...this.#fields(), ...changed });
  }

  /**
   * Take the next key of a leaf, for sending.
   *
   * @returns Generation, key, and the tree without that key.
   */
  nextKey(leaf: number, kind: Kind): readonly [generation: number, MessageKey, SecretTree] {
    const tree = this.#open(leaf);
    const ratchet = tree.#ratchet(leaf, kind);
    const [key, after] = ratchet.nextKey(this.suite);
    return [ratchet.generation, key, tree.#with(leaf, after, kind)];
  }

  /**
   * Take the key of one generation, for receiving (CK-055, CK-056).
   *
   * @returns The key, and the tree without it.
   */
  keyAt(leaf: number, generation: number, kind: Kind): readonly [MessageKey, SecretTree] {
    const tree = this.#open(leaf);
    const [key, after] = tree.#ratchet(leaf, kind).keyAt(this.suite, generation);
    return [key, tree.#with(leaf, after, kind)];
  }

  /** Return what is still needed when the epoch is over: others' application keys. */
  forPastEpoch(ownLeaf: number): SecretTree {
    const tree = this.#open(ownLeaf);
    const application = new Map(tree.application);
    application.delete(ownLeaf);
    return new SecretTree({ ...tree.#fields(), handshake: new Map(), application });
  }
}
