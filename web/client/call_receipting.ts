/**
 * Signed receipts of one call on one device, from our entry into it to the end (R-14; twin of
 * `sdk/call_receipting.py`).
 *
 *     follow, hear, ended     what happens in the call, told by its shell
 *     ask, sign, refuse       what the person does
 *
 * Everybody who is there signs the same terms, or nobody keeps anything. One receipt is asked for at a
 * time: of two that were asked for at once, all keep to the one with the smaller id. What is said and
 * heard is done one by one, for signing takes its time; who comes or leaves counts at once.
 *
 * Not for: what is signed (`core/call_receipt.ts`), what is kept of it (`call_receipt_book.ts`), or what
 * a page sees of it (`call_receipt_objects.ts`).
 */

import { get, has, mapOf, put, sorted } from "../core/byte_sets.ts";
import { type Bytes, compare, equal, hex, type Rng } from "../core/bytes.ts";
import * as r from "../core/call_receipt.ts";
import type { AboutReceipt, ReceiptAsk } from "../core/content_receipt.ts";
import { Code, PeerError, UnavailableError } from "../core/errors.ts";
import type { CallId, ConsentKey, Digest, Signature } from "../core/ids.ts";
import { MAX_MEMBERS } from "../core/recording_statements.ts";
import type { Members } from "../core/recording_types.ts";
import type { KeptReceipt, ReceiptKeeper } from "./call_receipt_book.ts";
import type { OwnConsent } from "./consent_key.ts";
import { Lock } from "./lock.ts";

/** Says something to all members, after what was said before; never rejects. */
export type Say = (said: AboutReceipt) => Promise<void>;

/**
 * Why the person cannot ask for a receipt now. "asked": one is asked for already, by whomever; "unable":
 * the call is not connected, or too many are in it.
 */
export type MayNotAsk = "alone" | "asked" | "too_often" | "confidential" | "unable";

/**
 * Why a receipt is asked for no longer. "complete": all have signed, and each of them holds it;
 * "changed": somebody came or left; "late": not all had answered in time; "crossed": somebody asked at
 * the same moment, and all keep to theirs.
 */
export type Ending = "complete" | "refused" | "changed" | "late" | "crossed" | "call_over";

/** What it is made from. Never printed. */
export type ReceiptParts = Readonly<{
  call: CallId;
  /** Our consent key of this entry. */
  own: OwnConsent;
  /** Keeps what is complete; without it, it is in memory, as long as the call's object. */
  book: ReceiptKeeper | undefined;
  rng: Rng;
  /** Returns unix seconds. */
  unix: () => number;
  say: Say;
  /** Returns what the call is here. */
  media: () => r.Media;
  /** Whether nothing may be asked or kept, here or there. */
  confidential?: () => boolean;
  /** Returns with whom the call is. */
  title?: () => string;
  /** Returns what somebody in it is called. */
  name?: (key: ConsentKey) => string;
  /** Told that something may have changed. */
  changed?: () => void;
}>;

/** A receipt that is asked for. Never printed. */
export type Going = {
  readonly id: Digest;
  /** Who asks. */
  readonly by: ConsentKey;
  /** As they are signed, and what they say. */
  readonly data: Bytes;
  readonly terms: r.Terms;
  readonly opened: readonly Bytes[];
  readonly facts: r.Facts;
  /** Of whom there is a signature. */
  signatures: ReadonlyMap<string, readonly [ConsentKey, Signature]>;
};

/** A receipt that is asked for no longer. */
export type Over = Readonly<{
  id: Digest;
  /** Who asked. */
  askedBy: ConsentKey;
  why: Ending;
  /** By whose word, if it was another member's. */
  by: ConsentKey | undefined;
  /** It, if it is complete. */
  receipt: KeptReceipt | undefined;
}>;

/** Signed receipts of one call, on one device. */
export class CallReceipting {
  /** What was said and dropped, by code: for tests. */
  readonly dropped = new Map<Code, number>();
  readonly #parts: ReceiptParts;
  readonly #turns = new Lock();
  #members: Members = new Map();
  #since = 0;
  #going: Going | undefined;
  /** How often members have asked, by their key. */
  readonly #counts = new Map<string, number>();
  /** What was asked in this call. */
  readonly #known = new Set<string>();
  #recent: AboutReceipt[] = [];
  readonly #over: Over[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(parts: ReceiptParts) {
    this.#parts = parts;
  }

  // What is so now

  /** Our consent key. */
  get own(): ConsentKey {
    return this.#parts.own.key;
  }

  /** What is asked now. */
  get going(): Going | undefined {
    return this.#going;
  }

  /** What we said of the newest receipt, for who may have missed it. */
  get recent(): readonly AboutReceipt[] {
    return this.#recent;
  }

  /** What is asked no longer, in the order in which it ended. */
  get over(): readonly Over[] {
    return this.#over;
  }

  /** Why the person cannot ask now; null: they can. */
  get mayNotAsk(): MayNotAsk | null {
    const { size } = this.#members;
    if (this.#isConfidential) return "confidential";
    if (this.#isOver || size === 0 || size > MAX_MEMBERS) return "unable";
    if (size === 1) return "alone";
    if (this.#going !== undefined) return "asked";
    return this.#countOf(this.own) >= r.MAX_ASKS ? "too_often" : null;
  }

  // What happens in the call

  /** Take who is there now: whoever comes or leaves ends what is asked. */
  follow(members: Members): void {
    if (isSame(members, this.#members)) return;
    this.#members = members;
    this.#since = this.#parts.unix();
    this.#end("changed");
    this.#parts.changed?.();
  }

  /**
   * Take what a member said; dropped unless it is in its place and says what is so.
   *
   * @param key The consent key of the leaf that MLS says has said it.
   */
  async hear(key: ConsentKey, said: AboutReceipt): Promise<void> {
    try {
      await this.#turns.run(() => this.#heard(key, said));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.dropped.set(error.code, (this.dropped.get(error.code) ?? 0) + 1);
    }
  }

  /** We are out of it: nothing is signed any more. Harmless when repeated. */
  async ended(): Promise<void> {
    this.#isOver = true;
    this.#end("call_over");
    this.#recent = [];
    await this.#turns.run(() => undefined); // What is being signed is not signed with zeros.
  }

  // What the person does

  /**
   * Ask everybody who is there to sign a receipt, and sign it ourselves; returns its id.
   *
   * @throws UnavailableError CONFLICT, the person may not ask now (`mayNotAsk`). Nothing was said.
   */
  ask(): Promise<Digest> {
    return this.#turns.run(async () => {
      this.#requireMayAsk();
      const { call, media, own, rng, unix } = this.#parts;
      const [at, members] = [unix(), this.#members];
      const facts = { at, since: Math.min(this.#since, at), media: media() };
      const opened = r.openFields(facts, rng);
      const data = r.makeTerms(call, members, opened);
      const signature = await r.signTerms(data, own.privateKey);
      this.#requireMayAsk();
      if (members !== this.#members) throw noLonger();
      const [id, terms] = [r.termsDigest(data), r.readTerms(data)];
      this.#count(this.own);
      const signatures = mapOf([this.own, signature] as const);
      this.#begin({ id, by: this.own, data, terms, opened, facts, signatures });
      this.#say({ kind: "receipt.ask", terms: data, fields: opened, signature });
      return id;
    });
  }

  /**
   * Sign what is asked; it is for good. Harmless when repeated.
   *
   * @throws UnavailableError CONFLICT, it is asked no longer.
   */
  sign(which: Digest): Promise<void> {
    return this.#turns.run(async () => {
      const going = this.#require(which);
      if (has(going.signatures, this.own)) return;
      const signature = await r.signTerms(going.data, this.#parts.own.privateKey);
      this.#require(which);
      this.#say({ kind: "receipt.signed", of: going.id, signature });
      await this.#signed(going, this.own, signature);
    });
  }

  /**
   * Do not sign, or take back what we ask: nobody keeps anything of it.
   *
   * @throws UnavailableError CONFLICT, it is asked no longer.
   */
  async refuse(which: Digest): Promise<void> {
    const going = this.#require(which);
    this.#say({ kind: "receipt.refused", of: going.id });
    this.#end("refused");
  }

  // What members say

  async #heard(key: ConsentKey, said: AboutReceipt): Promise<void> {
    this.#requireOpen();
    if (said.kind === "receipt.ask") return await this.#asked(key, said);
    const going = this.#requireGoing(key, said.of);
    if (said.kind === "receipt.refused") return this.#end("refused", key);
    if (has(going.signatures, key)) return;
    await r.verifySignature(going.data, key, said.signature);
    this.#requireGoing(key, said.of);
    await this.#signed(going, key, said.signature);
  }

  async #asked(key: ConsentKey, said: ReceiptAsk): Promise<void> {
    const terms = r.readTerms(said.terms);
    const { call, unix } = this.#parts;
    r.checkMembers(terms, call, this.#members, key);
    const facts = r.checkOpened(terms, said.fields);
    r.checkTimes(facts, unix(), this.#since);
    await r.verifySignature(said.terms, key, said.signature);
    // Somebody may have come or left meanwhile, or the call is over.
    this.#requireOpen();
    r.checkMembers(terms, call, this.#members, key);
    const id = r.termsDigest(said.terms);
    // CK-1005: what was asked once is not asked again by saying it again.
    if (this.#known.has(hex(id))) throw new PeerError(Code.REPLAYED, "CK-1005 asked already");
    // CK-1005: else a member could keep everybody busy with questions.
    if (this.#countOf(key) >= r.MAX_ASKS) throw unexpected("CK-1005 they have asked three times");
    this.#count(key);
    const before = this.#going;
    if (before !== undefined && compare(before.id, id) < 0) {
      this.#known.add(hex(id));
      throw unexpected("CK-1005 another one is asked for");
    }
    this.#end("crossed");
    const signatures = mapOf([key, said.signature] as const);
    const asked = { data: said.terms, terms, opened: said.fields, facts };
    this.#begin({ id, by: key, ...asked, signatures });
  }

  /** CK-1005: a confidential call leaves nothing behind, whoever asks. */
  #requireOpen(): void {
    if (this.#isOver || this.#isConfidential) throw unexpected("CK-1005 no receipt of this call");
  }

  /** CK-1004: what is said of another receipt is no word about this one. */
  #requireGoing(key: ConsentKey, of: Digest): Going {
    const going = this.#going;
    if (going === undefined || !equal(of, going.id) || !has(this.#members, key)) {
      throw unexpected("CK-1004 nobody asks for that now");
    }
    return going;
  }

  // The one that is asked for

  #begin(going: Going): void {
    this.#going = going;
    this.#known.add(hex(going.id));
    this.#recent = [];
    this.#timer = setTimeout(() => this.#end("late"), r.ASK_S * 1000);
    this.#parts.changed?.();
  }

  async #signed(going: Going, key: ConsentKey, signature: Signature): Promise<void> {
    going.signatures = put(going.signatures, key, signature);
    if (!isSame(going.signatures, this.#members)) return this.#parts.changed?.();
    this.#take();
    const receipt = await keptOf(going, this.#parts);
    await this.#parts.book?.keep(receipt);
    this.#tellOver(going, "complete", undefined, receipt);
  }

  #end(why: Exclude<Ending, "complete">, by?: ConsentKey): void {
    const going = this.#take();
    if (going !== undefined) this.#tellOver(going, why, by, undefined);
  }

  #take(): Going | undefined {
    clearTimeout(this.#timer);
    const going = this.#going;
    this.#going = undefined;
    return going;
  }

  #tellOver(
    { id, by: askedBy }: Going,
    why: Ending,
    by: ConsentKey | undefined,
    receipt: KeptReceipt | undefined,
  ): void {
    this.#over.push({ id, askedBy, why, by, receipt });
    this.#parts.changed?.();
  }

  // Kit

  #say(said: AboutReceipt): void {
    this.#recent.push(said);
    void this.#parts.say(said);
  }

  #require(which: Digest): Going {
    const going = this.#going;
    // CK-1005: a call may turn out to be a confidential one after somebody asked in it.
    if (going === undefined || !equal(going.id, which) || this.#isConfidential) throw noLonger();
    return going;
  }

  #requireMayAsk(): void {
    const why = this.mayNotAsk;
    if (why === null) return;
    throw new UnavailableError(Code.CONFLICT, `no receipt can be asked for now: ${why}`);
  }

  get #isConfidential(): boolean {
    return this.#parts.confidential?.() ?? false;
  }

  #countOf(key: ConsentKey): number {
    return this.#counts.get(hex(key)) ?? 0;
  }

  #count(key: ConsentKey): void {
    this.#counts.set(hex(key), this.#countOf(key) + 1);
  }
}

/** Return what is kept of a receipt that all have signed. */
async function keptOf(going: Going, parts: ReceiptParts): Promise<KeptReceipt> {
  const { book, call, name, own, title } = parts;
  const { data, facts, id, opened, signatures } = going;
  const members = sorted(going.terms.members);
  const signed = members.map((key) => {
    const signature = get(signatures, key);
    // `#signed` has counted them: a receipt that is not whole is never made.
    if (signature === undefined) throw new TypeError("all have signed");
    return signature;
  });
  // A guest has no device that anybody could be led to.
  const device = book?.device();
  const binding = device && (await r.signBinding(data, own.privateKey, device));
  return {
    ...{ id, call, facts, own: own.key },
    bound: device && binding ? { device, binding } : null,
    title: title?.() ?? "",
    names: members.map((key) => (equal(key, own.key) ? "" : (name?.(key) ?? ""))),
    receipt: { terms: data, signatures: signed, opened },
  };
}

function isSame(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean {
  return one.size === other.size && [...one.keys()].every((key) => other.has(key));
}

function unexpected(why: string): PeerError {
  return new PeerError(Code.UNEXPECTED, why);
}

function noLonger(): UnavailableError {
  return new UnavailableError(Code.CONFLICT, "this is asked no longer");
}
