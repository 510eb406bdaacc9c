/**
 * Who asks to come into a group call, and who was let in: what each is answered with.
 *
 * Not for: whether they may (`group_call_keys.ts`), or when (`core/group_call.ts`).
 */

import { type Bytes, hex } from "../core/bytes.ts";
import { Code, PeerError } from "../core/errors.ts";
import type { Digest } from "../core/ids.ts";
import { type Began, joinerOf } from "./group_call_keys.ts";

/** Sends a Welcome to the joiner that it was made for. */
export type Reply = (welcome: Bytes) => void;

/** Key packages of who was here and went that are remembered; the oldest go first. */
export const MAX_USED = 1024;

/** A joiner that was added, its Welcome if the commit was ours, and whether it read that. */
type LetIn = Readonly<{ leaf: number; welcome: Bytes | null; isHere: boolean }>;

/** The joiners that one member knows of, each by its name in hex. */
export class Joiners {
  readonly #replies = new Map<string, Reply>();
  readonly #letIn = new Map<string, LetIn>();
  readonly #used = new Set<string>();

  /**
   * Say whether a joiner was added already; it is sent its Welcome once more if we have it.
   *
   * It asks again because it has not read that: it would be added twice.
   *
   * @throws PeerError REPLAYED (CK-877).
   */
  isIn(keyPackage: Bytes, reply: Reply): boolean {
    const joiner = hex(joinerOf(keyPackage));
    // CK-877: whoever comes again has a new key package; what asks with one that came in and went is
    // a server that repeats what it has seen, in a lobby or at the door.
    if (this.#used.has(joiner)) {
      throw new PeerError(Code.REPLAYED, "CK-877: a key package of somebody who was here");
    }
    const letIn = this.#letIn.get(joiner);
    if (letIn === undefined) return false;
    if (letIn.welcome !== null) reply(letIn.welcome);
    return true;
  }

  /** A joiner wants to be let in. */
  asks(joiner: Digest, reply: Reply): void {
    this.#replies.set(hex(joiner), reply);
  }

  /** A joiner cannot be let in. */
  forget(joiner: Digest): void {
    this.#replies.delete(hex(joiner));
  }

  /** A member said something: whoever it was let in as has read its Welcome. */
  isHere(leaf: number): void {
    for (const [name, one] of this.#letIn) {
      if (one.leaf === leaf) this.#letIn.set(name, { ...one, isHere: true });
    }
  }

  /** An epoch began: who came by it is answered if the commit was ours. */
  epoch({ admitted, went, welcome }: Began): void {
    for (const [name, { leaf, isHere }] of this.#letIn) {
      if (!went.has(leaf)) continue;
      this.#letIn.delete(name);
      if (isHere) this.#used.add(name); // Who never came may ask again.
    }
    const tooMany = Math.max(0, this.#used.size - MAX_USED);
    for (const name of [...this.#used].slice(0, tooMany)) this.#used.delete(name);
    for (const { joiner, leaf } of admitted) {
      const name = hex(joiner);
      this.#letIn.set(name, { leaf, welcome, isHere: false });
      const reply = this.#replies.get(name);
      this.#replies.delete(name);
      if (welcome !== null) reply?.(welcome);
    }
  }
}
