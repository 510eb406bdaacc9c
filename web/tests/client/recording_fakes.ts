/** What consent to recordings has around it, in tests: shares in memory, a recorder that takes notes. */

import type { Laid, Recorder, SaidStatement, Shares } from "../../client/recording_means.ts";
import type { Terms } from "../../client/recording_objects.ts";
import { hex } from "../../core/bytes.ts";
import { AuthorizationError, Code, UnavailableError } from "../../core/errors.ts";
import {
  type ConsentKey,
  type Digest,
  Secret32,
  type ShareKey,
  type ShareSlot,
} from "../../core/ids.ts";
import type { Kinds, Members } from "../../core/recording_types.ts";

/** A server's shares. */
export class FakeShares implements Shares {
  readonly lying = new Map<string, Laid>();
  /** What was asked, in order. */
  readonly asked: string[] = [];
  /** So many of the next requests get no answer. */
  fails = 0;
  /** What is read instead. */
  forged: Secret32 | undefined;
  /** Waited for before anything is laid. */
  until: Promise<void> = Promise.resolve();

  async lay(laid: Laid): Promise<void> {
    this.#ask("lay");
    await this.until;
    this.lying.set(hex(laid.slot), { ...laid, share: new Secret32(new Uint8Array(laid.share)) });
  }

  async read(slot: ShareSlot, key: ShareKey): Promise<Secret32> {
    this.#ask("read");
    const laid = this.lying.get(hex(slot));
    if (laid === undefined || hex(laid.read) !== hex(key)) {
      throw new AuthorizationError(Code.REFUSED, "no such share");
    }
    return this.forged ?? new Secret32(new Uint8Array(laid.share));
  }

  async delete(slot: ShareSlot, key: ShareKey): Promise<void> {
    this.#ask("delete");
    const laid = this.lying.get(hex(slot));
    if (laid !== undefined && hex(laid.delete) !== hex(key)) {
      throw new AuthorizationError(Code.REFUSED, "not its key");
    }
    this.lying.delete(hex(slot));
  }

  #ask(what: string): void {
    this.asked.push(what);
    if (this.fails === 0) return;
    this.fails -= 1;
    throw new UnavailableError(Code.UNAVAILABLE, "no answer");
  }
}

/** Notes what it is told, in order. */
export class FakeRecorder implements Recorder {
  readonly told: string[] = [];
  readonly statements: SaidStatement[] = [];
  readonly shares = new Map<string, Secret32>();
  kinds: Kinds = new Set();
  #log: (line: string) => void;

  constructor(log: (line: string) => void = () => undefined) {
    this.#log = log;
  }

  record(_: Digest, kinds: Kinds): void {
    this.kinds = kinds;
    this.#note(`record ${[...kinds].sort().join("+") || "nothing"}`);
  }

  said(said: SaidStatement): void {
    this.statements.push(said);
    this.#note(said.statement.kind);
  }

  share(_: Digest, key: ConsentKey, share: Secret32): void {
    this.shares.set(hex(key), share);
    this.#note("share");
  }

  among(_: Digest, members: Members): void {
    this.#note(`among ${members.size}`);
  }

  over(): void {
    this.#note("over");
  }

  #note(line: string): void {
    this.told.push(line);
    this.#log(line);
  }
}

/** What somebody wants to record. */
export const TERMS: Terms = {
  kinds: ["audio", "video"],
  purpose: "to listen to it again",
  place: "device",
  days: 30,
  recipients: "asker",
  clear: false,
  named: null,
};
