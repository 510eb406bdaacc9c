/**
 * What others ask in one call, and what we answered: with a share of the keys that is ours, for as long
 * as a yes is not taken back.
 *
 * Not for: what is asked now, or what an answer leads to (`recording_shell.ts`).
 */

import { type Bytes, hex, wipe } from "../core/bytes.ts";
import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import { Digest } from "../core/ids.ts";
import type { RecordingAsk, Statement } from "../core/recording_statements.ts";
import type { SendGrant, SendRefusal, SendWithdrawal } from "../core/recording_types.ts";
import type { Laid, SaidStatement } from "./recording_means.ts";
import type { RecordingParts } from "./recording_parts.ts";
import type { CallShares } from "./recording_shares.ts";
import type { Speech } from "./recording_speech.ts";

/** A request of another member, as it was signed. */
export type Asked = Readonly<{ request: RecordingAsk; signed: Bytes }>;

/** A yes of ours: the share that was laid for it, and whether it is to an export, too. */
type Agreed = Readonly<{ laid: Laid; clear: boolean }>;

/** Our answers. */
export class OwnAnswers {
  readonly #parts: RecordingParts;
  readonly #speech: Speech;
  readonly #shares: CallShares;
  /** By the hex of their hash. */
  readonly #asked = new Map<string, Asked>();
  readonly #agreed = new Map<string, Agreed>();
  readonly #refused = new Set<string>();
  /** The newest answer is in the book when this ends. */
  #keeping: Promise<void> = Promise.resolve();

  constructor(parts: RecordingParts, speech: Speech, shares: CallShares) {
    this.#parts = parts;
    this.#speech = speech;
    this.#shares = shares;
  }

  /** Keep what a member asks. */
  asked(ask: Digest, asked: Asked): void {
    this.#asked.set(hex(ask), asked);
  }

  /** Return what a member asked. */
  find(ask: Digest): Asked | undefined {
    return this.#asked.get(hex(ask));
  }

  /** Return what a member asks, if that goes on. @throws UnavailableError CONFLICT. */
  require(ask: Digest, goesOn: (ask: Digest) => boolean): Asked {
    const asked = this.find(ask);
    if (asked === undefined || !goesOn(ask)) {
      throw new UnavailableError(Code.CONFLICT, "this is asked no longer");
    }
    return asked;
  }

  /** Whether we said no. */
  hasRefused(ask: Digest): boolean {
    return this.#refused.has(hex(ask));
  }

  /**
   * Lay a share, then say yes.
   *
   * @param clear To an export that is not sealed, too.
   * @param say Has it said. If it throws, the share is deleted again.
   * @throws What `CallShares.lay` and `say` throw.
   */
  async agree(ask: Digest, clear: boolean, say: () => Promise<void>): Promise<void> {
    const before = this.#agreed.get(hex(ask));
    // Who is asked anew because somebody came has laid a share already: it is of the same recording.
    const laid = before?.laid ?? (await this.#shares.lay(this.#need(ask).request.days));
    this.#agreed.set(hex(ask), { laid, clear });
    try {
      await say();
    } catch (error) {
      if (before === undefined) this.unlay(ask);
      else this.#agreed.set(hex(ask), before);
      throw error;
    }
  }

  /** Sign a yes and send it, with the way to our share. */
  async grant({ ask, kinds, members, number }: SendGrant): Promise<void> {
    const agreed = this.#agreed.get(hex(ask));
    if (agreed === undefined) throw new UsageError("a share is laid before a yes is said");
    const { laid, clear } = agreed;
    const facts = { ask, kinds, members, clear, share: Digest.sha256(laid.share) };
    const head = this.#speech.head(number);
    const signed = await this.#sign(ask, { kind: "recording.grant", ...head, ...facts });
    void this.#speech.say(signed, laid);
  }

  /** Sign a no and send it; a yes that was said before goes with its share. */
  async refuse({ ask, number }: SendRefusal): Promise<void> {
    this.#refused.add(hex(ask));
    const head = this.#speech.head(number);
    const signed = await this.#sign(ask, { kind: "recording.refusal", ...head, ask });
    this.#sayAndUnlay(ask, signed);
  }

  /** Sign that a yes is taken back and send it; then the share goes. */
  async withdraw({ ask, number }: SendWithdrawal): Promise<void> {
    const head = this.#speech.head(number);
    const signed = await this.#sign(ask, { kind: "recording.withdrawal", ...head, ask });
    this.#sayAndUnlay(ask, signed);
  }

  /**
   * Take back in the book, if there is one, each yes of ours; the share of this entry goes.
   *
   * For what is not said in the call: those of other entries and devices, and, once the request is
   * over, that of this one.
   *
   * @returns Whether there was one.
   */
  async takeBack(ask: Digest): Promise<boolean> {
    const had = this.#agreed.has(hex(ask));
    try {
      await this.#keeping.catch(() => undefined); // Who spawned it sees how it ended.
      const taken = await this.#parts.means.book?.takeBack(ask);
      return had || (taken?.length ?? 0) > 0;
    } finally {
      this.unlay(ask); // Also if it could not be written.
    }
  }

  /** Have our share deleted, if there is one. */
  unlay(ask: Digest): void {
    const laid = this.#forget(ask);
    if (laid !== undefined) this.#shares.remove(laid);
  }

  /** No yes stands from now on. */
  #forget(ask: Digest): Laid | undefined {
    const agreed = this.#agreed.get(hex(ask));
    this.#agreed.delete(hex(ask));
    return agreed?.laid;
  }

  #sayAndUnlay(ask: Digest, signed: SaidStatement): void {
    const laid = this.#forget(ask);
    // First it is said: who records is not to take a share that is gone for a fault.
    void this.#speech.say(signed).then(() => laid && this.#shares.remove(laid));
  }

  /** Overwrite our shares here; they stay where they were laid. */
  wipe(): void {
    for (const { laid } of this.#agreed.values()) wipe(laid.share);
  }

  /** Sign an answer, and have it kept. */
  async #sign(ask: Digest, statement: Statement): Promise<SaidStatement> {
    const signed = await this.#speech.sign(statement);
    const { call, means, name, own, spawn, title, where = null } = this.#parts;
    const { book } = means;
    if (book !== undefined) {
      const slot = this.#agreed.get(hex(ask))?.laid.slot ?? null;
      const { request: asked, signed: request } = this.#need(ask);
      const names = { by: name?.(asked.key) ?? "", title: title?.() ?? "" };
      const answered = { call, own, request, answer: signed.signed, slot, where, ...names };
      spawn(() => {
        this.#keeping = book.answered(answered);
        return this.#keeping;
      });
    }
    return signed;
  }

  #need(ask: Digest): Asked {
    const asked = this.find(ask);
    if (asked === undefined) throw new UsageError("nobody asked for this");
    return asked;
  }
}
