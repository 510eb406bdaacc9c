/**
 * Consent to recordings of one call on one device, from our entry into it to the end (P17; twin of
 * `sdk/recording_shell.py`).
 *
 *     begin, members, ready, hear, ended     what happens in the call, told by its shell
 *     ask, agree, refuse, withdraw, stop     what the person does
 *
 * It runs the machine (`core/recording.ts`), has signed what that says, and reads what others signed.
 * The machine moves at once; what follows is done in one line, in order, and each call ends when its
 * part of that is done: so nothing is recorded of an epoch that the machine was not told of. What is
 * sent leaves in a line of its own, which may take longer (`recording_speech.ts`).
 *
 * Not for: what a page sees of it (`recording_objects.ts`), or recording (`Recorder`).
 */

import { get, has, setOf } from "../core/byte_sets.ts";
import { equal, hex } from "../core/bytes.ts";
import type { RecordingSaid } from "../core/content_recording.ts";
import { Code, PeerError, UnavailableError, UsageError } from "../core/errors.ts";
import type { ConsentKey, Digest } from "../core/ids.ts";
import { assertNever } from "../core/never.ts";
import { begin, step } from "../core/recording.ts";
import { isPart } from "../core/recording_rules.ts";
import {
  askDigest,
  MAX_MEMBERS,
  type RecordingAsk,
  readStatement,
  type Statement,
} from "../core/recording_statements.ts";
import type {
  Effect,
  Event,
  InCall,
  Kinds,
  Members,
  State,
  Step,
} from "../core/recording_types.ts";
import { Lock } from "./lock.ts";
import { type Asked, OwnAnswers } from "./recording_answers.ts";
import type { RecordedCall } from "./recording_means.ts";
import { OwnRequests } from "./recording_mine.ts";
import {
  inConfidence,
  type Known,
  type MayNotAsk,
  mayNotAskIn,
  type Over,
  Presses,
  type RecordingParts,
  requireMayAsk,
  type Shown,
  type Wanted,
} from "./recording_parts.ts";
import { CallShares } from "./recording_shares.ts";
import { askOf, eventOf, Speech } from "./recording_speech.ts";
import { Told } from "./recording_told.ts";

/** Who asks is busy under this name; who answers under the request's. */
const ASKING = "";

/** Consent to recordings of one call, on one device. */
export class RecordingShell {
  /** Statements that were dropped, by code: for tests. */
  readonly dropped = new Map<Code, number>();
  readonly #parts: RecordingParts;
  readonly #speech: Speech;
  readonly #shares: CallShares;
  readonly #mine: OwnRequests;
  readonly #answers: OwnAnswers;
  readonly #told = new Told();
  readonly #turns = new Lock();
  #state: State | undefined;
  /** By the hex of the request, like all below. */
  readonly #shown = new Map<string, Shown>();
  readonly #over = new Map<string, Over>();
  readonly #presses: Presses;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: RecordingParts) {
    const { call, means, own, say, unix } = parts;
    this.#parts = parts;
    this.#speech = new Speech(call, own, unix, say);
    this.#shares = new CallShares(means, call, parts);
    const make = () => means.recorder?.(this.#recorded());
    const name = (key: ConsentKey) => parts.name?.(key) ?? "";
    this.#mine = new OwnRequests(own, this.#speech, this.#shares, make, name);
    this.#presses = new Presses(() => parts.changed?.());
    this.#answers = new OwnAnswers(parts, this.#speech, this.#shares);
  }

  // What is so now

  /** Our consent key. */
  get own(): ConsentKey {
    return this.#parts.own.key;
  }

  /** The machine's state; undefined before `begin`. */
  get state(): State | undefined {
    return this.#state;
  }

  /** All requests that we know to go on, ours too: whoever comes is told of them. */
  get asks(): readonly Digest[] {
    return [...this.#asks.values()].map(([ask]) => ask);
  }

  /** The same, with what is asked. */
  get known(): readonly Known[] {
    return [...this.#asks.values()].flatMap(([id, ask]) => {
      const request = this.#requestOf(id);
      return request === undefined ? [] : [{ id, request, ask }];
    });
  }

  /** What we said last, for who may have missed it. */
  get recent(): readonly RecordingSaid[] {
    return this.#speech.recent((ask) => has(this.#asks, ask));
  }

  /** What is recorded now, or may be. */
  get shown(): readonly Shown[] {
    return [...this.#shown.values()];
  }

  /** What is asked no longer, in the order in which it ended. */
  get over(): readonly Over[] {
    return [...this.#over.values()];
  }

  /** Whether the person here said no to a request. */
  hasRefused(ask: Digest): boolean {
    return this.#answers.hasRefused(ask);
  }

  /** Why the person cannot ask now; null: they can. */
  get mayNotAsk(): MayNotAsk | null {
    return this.#presses.has(ASKING) ? "asked" : this.#mayNotAsk();
  }

  #mayNotAsk(): MayNotAsk | null {
    const state = this.#inCall;
    const { means, confidential } = this.#parts;
    if (confidential?.()) return "confidential";
    if (state === undefined || means.recorder === undefined || !this.#shares.can) return "unable";
    return mayNotAskIn(state);
  }

  // What happens in the call

  /** Take the first epoch of ours, before any frame key of it is in place. */
  begin(members: Members, never: Members): Promise<void> {
    if (this.#state !== undefined) throw new UsageError("it has begun");
    return this.#follow(begin(this.own, members, never, this.#parts.monotonic()));
  }

  /** Take a later epoch, before any frame key of it is in place. */
  async members(members: Members, never: Members): Promise<void> {
    // No statement could name them all.
    if (members.size > MAX_MEMBERS && this.#mineNow !== undefined) await this.stop();
    await this.#feed({ kind: "membersChanged", members, never });
  }

  /** A member can open frames of the newest epoch, and says what it knows to be asked. */
  ready(by: ConsentKey, asks: readonly Digest[]): Promise<void> {
    return this.#feed({ kind: "memberReady", by, asks: setOf(...asks) });
  }

  /**
   * Take what a member said; dropped unless it is theirs, of this call, and in its place.
   *
   * @param key The consent key of the leaf that MLS says has said it.
   */
  async hear(key: ConsentKey, said: RecordingSaid): Promise<void> {
    try {
      const statement = await readStatement(said.statement);
      // CK-981: what was said by another, or in another call, is no word of theirs in this one.
      if (!equal(statement.key, key) || !equal(statement.call, this.#speech.call)) {
        throw new PeerError(Code.UNEXPECTED, "CK-981 a statement of somebody else, or elsewhere");
      }
      await this.#heard(key, statement, said);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#drop(error.code);
    }
  }

  async #heard(key: ConsentKey, statement: Statement, said: RecordingSaid): Promise<void> {
    const before = this.#inCall;
    if (before === undefined) return;
    const { statement: signed } = said;
    const ask = askOf(statement);
    this.#told.hear(ask, statement);
    const isClear = statement.kind === "recording.grant" && statement.clear;
    if (isClear && this.#requestOf(ask)?.clear === false) {
      // CK-931, of an export: the machine knows nothing of that.
      throw new PeerError(Code.UNEXPECTED, "CK-931 a yes to an export that nobody asked for");
    }
    const made = step(before, eventOf(key, ask, statement));
    const rejected = made.effects.find((effect) => effect.kind === "reject");
    if (rejected !== undefined) return this.#drop(rejected.code);
    if (statement.kind === "recording.ask")
      this.#answers.asked(ask, { request: statement, signed });
    const isOfMine = has(before.asks, ask) && this.#mine.find(ask) !== undefined;
    await this.#follow(made, key, () => {
      if (!isOfMine) return;
      const wanted = () => has(this.#asks, ask);
      const refused = (code: Code) => this.#drop(code);
      this.#mine.heard(before, { signed, statement }, said, wanted, refused);
    });
    // Nothing will ever be played with our share.
    if (!has(this.#asks, ask) && this.#told.isNeverRecorded(ask)) this.#answers.unlay(ask);
  }

  /** We are out of it: nothing is signed or recorded any more. Harmless when repeated. */
  async ended(): Promise<void> {
    clearTimeout(this.#timer);
    const [mine, state] = [this.#mineNow, this.#inCall];
    await this.#feed({ kind: "callEnded" }, async () => {
      if (mine === undefined || state === undefined) return;
      // The others see that we are gone; the file has its end signed all the same.
      const head = this.#speech.head(state.said + 1);
      await this.#mine.note({ kind: "recording.end", ...head, ask: mine.id });
    });
    this.#answers.wipe();
  }

  // What the person does

  /**
   * Ask all members; returns the request.
   *
   * @throws UnavailableError CONFLICT, the person may not ask now (`mayNotAsk`); or why no share of
   *   the keys could be laid. Nothing was said.
   * @throws PeerError TOO_LARGE. Likewise.
   * @throws UsageError Nobody can ask for that.
   */
  async ask(wanted: Wanted): Promise<Digest> {
    requireMayAsk(this.mayNotAsk);
    if (wanted.named !== null && !wanted.clear) throw new UsageError("an export that nobody wants");
    askDigest(this.#speech.request(wanted, 1)); // Throws before anything was laid.
    return await this.#presses.once(ASKING, async () => {
      const laid = await this.#shares.lay(wanted.days);
      try {
        requireMayAsk(this.#mayNotAsk());
      } catch (error) {
        this.#shares.remove(laid);
        throw error;
      }
      const request = this.#speech.request(wanted, (this.#inCall?.said ?? 0) + 1);
      const ask = askDigest(request);
      this.#mine.add(ask, request, laid);
      await this.#feed({ kind: "askWanted", ask, kinds: request.kinds });
      return ask;
    });
  }

  /**
   * Agree to some of what a member asks for.
   *
   * @param clear To an export that is not sealed, too; it cannot be taken back.
   * @throws UnavailableError CONFLICT, it is asked no longer; or why no share of the keys could be
   *   laid. Nothing was said.
   * @throws UsageError Nobody asked for that.
   */
  async agree(ask: Digest, kinds: Kinds, clear: boolean): Promise<void> {
    const { request } = this.#requireAsked(ask);
    if (kinds.size === 0 || !isPart(kinds, request.kinds) || (clear && !request.clear)) {
      throw new UsageError("nobody asked for that");
    }
    await this.#presses.once(hex(ask), () =>
      this.#answers.agree(ask, clear, async () => {
        this.#requireAsked(ask);
        await this.#feed({ kind: "personAgreed", ask, kinds });
      }),
    );
  }

  /** Do not agree. @throws UnavailableError CONFLICT, it is asked no longer. */
  async refuse(ask: Digest): Promise<void> {
    this.#requireAsked(ask);
    await this.#feed({ kind: "personRefused", ask });
  }

  /**
   * Take back each yes of ours to a request, by whichever key. The shares are deleted.
   *
   * That of this entry is said in the call while it is asked; all others go in the book.
   *
   * @throws UnavailableError NO_YES, none stands. Nothing is said or changed.
   */
  async withdraw(ask: Digest): Promise<void> {
    const known = this.#inCall && get(this.#inCall.asks, ask);
    const isSaid = known !== undefined && has(known.grants, this.own);
    if (isSaid) await this.#feed({ kind: "personWithdrew", ask });
    // In its turn: what was pressed before is in the book then.
    const isTaken = await this.#turns.run(() => this.#answers.takeBack(ask));
    if (!isTaken && !isSaid) throw new UnavailableError(Code.NO_YES);
  }

  /** End what we asked. @throws UnavailableError CONFLICT, we ask for nothing. */
  async stop(): Promise<void> {
    const mine = this.#mineNow;
    if (mine === undefined) throw new UnavailableError(Code.CONFLICT, "we ask for nothing");
    await this.#feed({ kind: "personStopped", ask: mine.id });
  }

  get #mineNow(): Known | undefined {
    return this.known.find(({ ask }) => equal(ask.by, this.own));
  }

  // The machine

  get #inCall(): InCall | undefined {
    return this.#state?.kind === "inCall" ? this.#state : undefined;
  }

  get #asks(): InCall["asks"] {
    return this.#inCall?.asks ?? new Map();
  }

  #feed(event: Event, first?: () => Promise<void>): Promise<void> {
    const state = this.#inCall;
    if (state === undefined) return Promise.resolve();
    return this.#follow(step(state, event), undefined, first);
  }

  /**
   * Take the machine's step at once, and have done what follows from it in its turn.
   *
   * @param by The member that it comes from.
   * @param first Done before that.
   */
  #follow(
    made: Step,
    by?: ConsentKey,
    first: () => void | Promise<void> = () => undefined,
  ): Promise<void> {
    const isConfidential = this.#parts.confidential?.() ?? false;
    const { state, effects } = isConfidential ? inConfidence(made) : made;
    this.#state = state;
    return this.#turns.run(async () => {
      await first();
      for (const effect of effects) await this.#carryOut(effect, state, by);
      this.#parts.changed?.();
    });
  }

  async #carryOut(effect: Effect, state: State, by: ConsentKey | undefined): Promise<void> {
    switch (effect.kind) {
      case "holdMedia":
        this.#setTimer(effect.until);
        return await this.#parts.frames.hold();
      case "releaseMedia":
        clearTimeout(this.#timer);
        return await this.#parts.frames.release();
      case "sendAsk":
        return await this.#mine.send(effect.ask);
      case "sendAskAgain":
        return this.#mine.sendAgain(effect.ask);
      case "sendProgress": {
        if (state.kind !== "inCall") return;
        const { ask, kinds } = effect;
        const head = this.#speech.head(effect.number);
        const { members } = state;
        return await this.#mine.tell({ kind: "recording.progress", ...head, ask, kinds, members });
      }
      case "sendEnd": {
        const head = this.#speech.head(effect.number);
        return await this.#mine.tell({ kind: "recording.end", ...head, ask: effect.ask });
      }
      case "sendGrant":
        return await this.#answers.grant(effect);
      case "sendRefusal":
        return await this.#answers.refuse(effect);
      case "sendWithdrawal":
        return await this.#answers.withdraw(effect);
      case "record":
        return this.#mine.record(effect.ask, effect.kinds);
      case "show":
        return this.#show({ id: effect.ask, by: effect.by, kinds: effect.kinds });
      case "tellOver": {
        const { ask: id, reason } = effect;
        const request = this.#requestOf(id);
        if (request !== undefined) this.#over.set(hex(id), { id, request, reason, by });
        return this.#mine.over(id);
      }
      case "askPerson": // It stands in `known` until it is answered.
      case "reject": // It came to no step.
        return;
      default:
        return assertNever(effect);
    }
  }

  #show(shown: Shown): void {
    if (shown.kinds.size === 0) this.#shown.delete(hex(shown.id));
    else this.#shown.set(hex(shown.id), shown);
  }

  #setTimer(until: number): void {
    const { monotonic } = this.#parts;
    const waitMs = Math.max(0, until - monotonic()) * 1000;
    this.#timer = setTimeout(() => {
      // A timer may ring a tick early; the machine would wait for a second bell.
      void this.#feed({ kind: "holdEnded", now: Math.max(until, monotonic()) });
    }, waitMs);
  }

  // Kit

  #recorded(): RecordedCall {
    const { own, frames, title } = this.#parts;
    const failed = () => {
      // What was recorded until now is kept; the others are told.
      if (this.#mineNow !== undefined) this.#parts.spawn(() => this.stop());
    };
    return { own, title: title?.() ?? "", tape: frames.tape, failed };
  }

  #requestOf(id: Digest): RecordingAsk | undefined {
    return this.#mine.find(id) ?? this.#answers.find(id)?.request;
  }

  /** Return what a member asks. @throws UnavailableError CONFLICT. */
  #requireAsked(ask: Digest): Asked {
    return this.#answers.require(ask, (one) => has(this.#asks, one));
  }

  #drop(code: Code): void {
    this.dropped.set(code, (this.dropped.get(code) ?? 0) + 1);
  }
}
