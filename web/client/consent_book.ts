/**
 * What this account keeps of what its person agreed to, refused and took back (R-51, R-52; twin of
 * `sdk/consent_book.py`).
 *
 * For each request, and each consent key by which we answered it, a `ConsentRecord`: what was signed,
 * the key, where our share of the recording's key lies, and what deletes it. Everything is sealed in the
 * profile's store, and stands in the vault for our other devices.
 *
 * Not for: what we recorded ourselves (`recordings_book.ts`), or what follows from an answer.
 */

import { type Bytes, concat, copy, equal, hex, uint } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import {
  type ConsentRecord,
  consentIn,
  consentItem,
  encodeConsent,
  leavingOf,
  merged,
  nextNumber,
  type OwnShare,
  parseConsent,
  vaultForm,
  withAnswer,
} from "../core/consent_record.ts";
import { Code, FatalError, UsageError } from "../core/errors.ts";
import { type CallId, ConsentKey, Digest, Secret32, ShareKey, ShareSlot } from "../core/ids.ts";
import { State } from "../core/recording_consent.ts";
import {
  askDigest,
  callReference,
  DAY_S,
  readStatement,
  signStatement,
} from "../core/recording_statements.ts";
import type { Answered, ConsentBook, Laid } from "./recording_means.ts";
import type { Reader, Unit, UnitStore } from "./unit.ts";

/** By request and consent key. */
export const CONSENT_KIND = "consent.record";
/** By slot: a share that was laid, for an answer that is not kept yet. */
export const LAID_KIND = "consent.laid";
/** By request and consent key: a yes taken back that who recorded has yet to be told of. */
export const UNTOLD_KIND = "consent.untold";

/** Seconds for which a consent is kept after the last answer: it may have to be shown later. */
export const KEEP_S = 3 * 365 * DAY_S;

/** Which of them: whoever comes into a call again has another key. */
export type Which = Pick<ConsentRecord, "ask" | "key">;

/** A yes that was taken back once it was over, as it was signed. */
export type Untold = Readonly<{ which: Which; statement: Bytes; until: number }>;

/** Our answers, and our shares. */
export class OwnConsents implements ConsentBook {
  readonly #store: UnitStore;
  readonly #now: () => number;
  readonly #changed: ((unit: Unit) => void)[] = [];
  readonly #forgot: ((unit: Unit, item: Bytes) => void)[] = [];
  readonly #due: (() => void)[] = [];
  /**
   * Slots, by their hex, of shares that a call of now sees to: it says first that a yes is taken back,
   * then asks until its share is gone.
   */
  readonly #asked = new Set<string>();
  /** Before that no share is due, unless one was changed. */
  #lookAt = 0;

  /**
   * @param store The profile's.
   * @param now Returns unix seconds.
   */
  constructor(store: UnitStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Have a listener told, inside the unit, that the vault should have something else. */
  onChanged(listener: (unit: Unit) => void): void {
    this.#changed.push(listener);
  }

  /** Have a listener told, likewise, that an item is to be taken out of it. */
  onForgot(listener: (unit: Unit, item: Bytes) => void): void {
    this.#forgot.push(listener);
  }

  /** Have a listener told that a share is to be deleted, or somebody to be told. */
  onDue(listener: () => void): void {
    this.#due.push(listener);
  }

  // From calls

  /** Keep what deletes a share, before it lies at the server. */
  async laying(_call: CallId, laid: Laid): Promise<void> {
    const { slot, expires } = laid;
    this.#asked.add(hex(slot));
    const share = { slot, delete: laid.delete, expires, leaving: false };
    await this.#store.transaction((unit) => putLaid(unit, share));
  }

  /** Keep what we answered. */
  async answered(answered: Answered): Promise<void> {
    const { call, own, request, answer, slot, by, title, where = null } = answered;
    // At once: it is overwritten with the end of the call.
    const [key, privateKey] = [own.key, new Secret32(copy(own.privateKey))];
    const asked = await readStatement(request);
    if (asked.kind !== "recording.ask") throw new UsageError("an answer to no request");
    const ask = askDigest(asked);
    await this.#store.transaction(async (unit) => {
      const known = read(unit, { ask, key });
      const first = { ask, call, key, private: privateKey, by, title, where, share: null };
      const told =
        known === undefined
          ? { ...first, signed: [request, answer] }
          : await withAnswer(known, answer);
      const laid = slot === null ? undefined : readLaid(unit, slot);
      if (laid !== undefined) unit.delete(LAID_KIND, laid.slot);
      this.#put(unit, laid === undefined ? told : { ...told, share: laid });
    });
  }

  /** Note that a share is to be deleted; the call asks for it until that, or a restart. */
  async leaving(slot: ShareSlot): Promise<void> {
    await this.#store.transaction((unit) => {
      const laid = readLaid(unit, slot);
      if (laid !== undefined) putLaid(unit, { ...laid, leaving: true });
      const known = this.#of(unit, slot);
      if (known?.share != null && !known.share.leaving) {
        this.#put(unit, { ...known, share: { ...known.share, leaving: true } });
      }
    });
  }

  /** Forget a share that is deleted. */
  async gone(slot: ShareSlot): Promise<void> {
    this.#asked.delete(hex(slot));
    await this.#store.transaction((unit) => this.#forgetShare(unit, slot));
  }

  // For the person

  /** Return what we answered to a request by a key. */
  get(which: Which): ConsentRecord | undefined {
    return read(this.#store, which);
  }

  /** Return all that we answered. */
  all(reader: Reader = this.#store): readonly ConsentRecord[] {
    return reader.items(CONSENT_KIND).map(([, data]) => fromBytes(data));
  }

  /**
   * Take back, signed, each yes of ours to a request, by whichever key: the shares go with that, and
   * who recorded is told later; with guests there is nowhere to tell it.
   *
   * @returns Those that stood, as they were.
   */
  async takeBack(ask: Digest): Promise<readonly ConsentRecord[]> {
    return await this.#store.transaction(async (unit) => {
      const given: ConsentRecord[] = [];
      for (const known of this.all(unit).filter((one) => equal(one.ask, ask))) {
        const { state, until } = await consentIn(known);
        // Pressed twice, or on another device meanwhile: once is enough.
        if (state !== State.GIVEN) continue;
        await this.#takeBack(unit, known, until);
        given.push(known);
      }
      return given;
    });
  }

  async #takeBack(unit: Unit, known: ConsentRecord, until: number): Promise<void> {
    const { ask, call, key, share, where } = known;
    const number = await nextNumber(known);
    const head = { call: callReference(call), key, number, at: this.#now() };
    const taken = { kind: "recording.withdrawal", ...head, ask } as const;
    const statement = await signStatement(taken, known.private);
    if (share !== null) this.#asked.delete(hex(share.slot));
    const leaving = share === null ? null : { ...share, leaving: true };
    this.#put(unit, { ...(await withAnswer(known, statement)), share: leaving });
    if (where !== null) {
      unit.put(UNTOLD_KIND, consentItem(known), concat(uint(until, 8), statement));
    }
  }

  /** Forget a request and our answers to it; a share that lies is deleted by its day. */
  async forget(which: Which): Promise<void> {
    await this.#store.transaction((unit) => {
      unit.delete(CONSENT_KIND, consentItem(which));
      unit.delete(UNTOLD_KIND, consentItem(which));
      for (const listener of this.#forgot) listener(unit, consentItem(which));
    });
  }

  /**
   * Return the shares that are to be deleted, and that no call sees to; forget those of no record whose
   * day has come.
   *
   * What is to be deleted is asked for whatever the day, and what a record names is kept until it is
   * gone: our clock may be wrong, and once we forget it our other devices do, too.
   */
  async due(): Promise<readonly OwnShare[]> {
    // It reads what was signed: not at every message that comes.
    if (this.#now() < this.#lookAt) return [];
    const today = Math.floor(this.#now() / DAY_S);
    const laid = this.#store.items(LAID_KIND).map(([slot, data]) => shareOf(slot, data));
    const over = laid.filter(({ expires, leaving }) => !leaving && expires <= today);
    for (const { slot } of over) await this.gone(slot);
    const kept = (await Promise.all(this.all().map(leavingOf))).filter((share) => share !== null);
    const leaving = [...laid.filter((share) => share.leaving), ...kept];
    // One asks for each: the call that it was laid in, while it can.
    const due = leaving.filter(({ slot }) => !this.#asked.has(hex(slot)));
    this.#lookAt = due.length > 0 ? 0 : (today + 1) * DAY_S;
    return due;
  }

  // Whom to tell

  /** Return what was taken back, and who recorded has yet to be told. */
  untold(): readonly Untold[] {
    return this.#store.items(UNTOLD_KIND).map(([row, data]) => {
      const which = { ask: new Digest(row.slice(0, 32)), key: new ConsentKey(row.slice(32)) };
      const until = Number(new DataView(data.buffer, data.byteOffset).getBigUint64(0));
      return { which, until, statement: data.slice(8) };
    });
  }

  /** Note that it is told; say whether it was untold. */
  told(unit: Unit, which: Which): boolean {
    return unit.delete(UNTOLD_KIND, consentItem(which));
  }

  // The vault

  /** Whether there is one whose item in the vault is called so: as its row is. */
  has(reader: Reader, item: Bytes): boolean {
    return reader.get(CONSENT_KIND, item) !== undefined;
  }

  /** Take over what another device of ours has of a consent; nothing, once its time is over. */
  async take(unit: Unit, theirs: ConsentRecord): Promise<void> {
    const { last } = await consentIn(theirs);
    if (last.at + KEEP_S <= this.#now()) return;
    const ours = read(unit, theirs);
    const both = ours === undefined ? theirs : await merged(ours, theirs);
    const data = encodeConsent(both);
    if (ours === undefined || !equal(data, encodeConsent(ours))) {
      unit.put(CONSENT_KIND, consentItem(theirs), data);
      const leaving = await leavingOf(both);
      // Taken back elsewhere: no call here sees to it.
      if (leaving !== null) this.#asked.delete(hex(leaving.slot));
      unit.after(() => this.#look());
    }
    const isNews = !equal(encodeConsent(vaultForm(both)), encodeConsent(theirs));
    if (isNews) this.#tellChanged(unit);
  }

  // Kit

  #put(unit: Unit, consent: ConsentRecord): void {
    unit.put(CONSENT_KIND, consentItem(consent), encodeConsent(consent));
    unit.after(() => this.#look());
    this.#tellChanged(unit);
  }

  #of(reader: Reader, slot: ShareSlot): ConsentRecord | undefined {
    return this.all(reader).find(({ share }) => share !== null && equal(share.slot, slot));
  }

  #forgetShare(unit: Unit, slot: ShareSlot): void {
    unit.delete(LAID_KIND, slot);
    const known = this.#of(unit, slot);
    if (known !== undefined) this.#put(unit, { ...known, share: null });
  }

  #tellChanged(unit: Unit): void {
    for (const listener of this.#changed) listener(unit);
  }

  /** Have it looked what is due. */
  #look(): void {
    this.#lookAt = 0;
    for (const listener of this.#due) listener();
  }
}

function read(reader: Reader, which: Which): ConsentRecord | undefined {
  const data = reader.get(CONSENT_KIND, consentItem(which));
  return data && fromBytes(data);
}

function fromBytes(data: Bytes): ConsentRecord {
  try {
    return parseConsent(data);
  } catch {
    throw new FatalError(Code.MALFORMED, "a consent cannot be read");
  }
}

function readLaid(reader: Reader, slot: ShareSlot): OwnShare | undefined {
  const data = reader.get(LAID_KIND, slot);
  return data && shareOf(slot, data);
}

function putLaid(unit: Unit, share: OwnShare): void {
  unit.put(LAID_KIND, share.slot, encode([share.delete, share.expires, share.leaving]));
}

function shareOf(slot: Bytes, data: Bytes): OwnShare {
  const raw = decode(data);
  const [remove, expires, leaving] = isList(raw) ? raw : [];
  const isOne = isBytes(remove) && typeof expires === "number" && typeof leaving === "boolean";
  if (!isOne) throw new FatalError(Code.MALFORMED, "a share cannot be read");
  return { slot: new ShareSlot(copy(slot)), delete: new ShareKey(remove), expires, leaving };
}
