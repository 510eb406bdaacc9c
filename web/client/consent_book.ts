/**
 * What this device keeps of what its person agreed to, refused and took back (R-51, R-52; twin of
 * `sdk/consent_book.py`).
 *
 * For each request: the request and our answers, as they were signed; the consent key of that call, so
 * that a yes can be taken back after it and a receipt be signed; and where our share of the key lies,
 * with what deletes it. Everything is sealed in the profile's store.
 *
 * Not for: what we recorded ourselves (`recordings_book.ts`), or what follows from an answer.
 */

import { type Bytes, copy } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import { Code, FatalError, UsageError } from "../core/errors.ts";
import { CallId, ConsentKey, Digest, Secret32, ShareKey, ShareSlot } from "../core/ids.ts";
import { type Consent, readConsent } from "../core/recording_consent.ts";
import { askDigest, DAY_S, readStatement } from "../core/recording_statements.ts";
import type { Answered, ConsentBook, Laid } from "./recording_means.ts";
import type { Reader, Unit, UnitStore } from "./unit.ts";

export const CONSENT_KIND = "consent";
export const SHARE_KIND = "consent.share";

/** A share of ours at the server. Never printed. */
export type OwnShare = Readonly<{
  slot: ShareSlot;
  /** What deletes it. */
  delete: ShareKey;
  /** First day on which it is gone, in days since 1970 (UTC). */
  expires: number;
  /** It is to be deleted, and may still be there. */
  leaving: boolean;
}>;

/** One request of somebody else, and what we said to it. Never printed. */
export type OwnAnswer = Readonly<{
  ask: Digest;
  call: CallId;
  /** Our consent key in that call, and its private half. */
  key: ConsentKey;
  privateKey: Secret32;
  /** Who asked, as they were called then. */
  by: string;
  /** With whom the call was. */
  title: string;
  /** The request, then our answers, as they were signed. */
  signed: readonly Bytes[];
  /** Where our share lies, if we ever laid one for it. */
  slot: ShareSlot | null;
}>;

/** Return what was asked and answered. */
export function consentIn({ signed, key }: OwnAnswer): Promise<Consent> {
  return readConsent(signed, key);
}

/** Our answers, and our shares. */
export class OwnConsents implements ConsentBook {
  readonly #store: UnitStore;
  readonly #now: () => number;

  /**
   * @param store The profile's.
   * @param now Returns unix seconds.
   */
  constructor(store: UnitStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  // From calls

  /** Keep what deletes a share, before it lies at the server. */
  async laying(_call: CallId, laid: Laid): Promise<void> {
    const { slot, expires } = laid;
    const share = { slot, delete: laid.delete, expires, leaving: false };
    await this.#store.transaction((unit) => putShare(unit, share));
  }

  /** Keep what we answered. */
  async answered({ call, own, request, answer, slot, by, title }: Answered): Promise<void> {
    // At once: it is overwritten with the end of the call.
    const [key, privateKey] = [own.key, new Secret32(copy(own.privateKey))];
    const asked = await readStatement(request);
    if (asked.kind !== "recording.ask") throw new UsageError("an answer to no request");
    const ask = askDigest(asked);
    await this.#store.transaction((unit) => {
      const first = { ask, call, key, privateKey, by, title, signed: [request], slot: null };
      const known: OwnAnswer = read(unit, ask) ?? first;
      put(unit, { ...known, signed: [...known.signed, answer], slot: slot ?? known.slot });
    });
  }

  /** Note that a share is to be deleted. */
  async leaving(slot: ShareSlot): Promise<void> {
    await this.#store.transaction((unit) => {
      const share = readShare(unit, slot);
      if (share !== undefined) putShare(unit, { ...share, leaving: true });
    });
  }

  /** Forget a share that is deleted. */
  async gone(slot: ShareSlot): Promise<void> {
    await this.#store.transaction((unit) => unit.delete(SHARE_KIND, slot));
  }

  // For the person

  /** Return what we answered to a request. */
  get(ask: Digest): OwnAnswer | undefined {
    return read(this.#store, ask);
  }

  /** Return all that we answered. */
  all(): readonly OwnAnswer[] {
    return this.#store.items(CONSENT_KIND).map(([ask, data]) => fromBytes(ask, data));
  }

  /** Add an answer that was given after the call; our share is to be deleted with that. */
  async takenBack(ask: Digest, answer: Bytes): Promise<void> {
    await this.#store.transaction((unit) => {
      const known = read(unit, ask);
      if (known === undefined) return;
      put(unit, { ...known, signed: [...known.signed, answer] });
      const share = known.slot === null ? undefined : readShare(unit, known.slot);
      if (share !== undefined) putShare(unit, { ...share, leaving: true });
    });
  }

  /** Forget a request and our answers to it; a share that lies is deleted by its day. */
  async forget(ask: Digest): Promise<void> {
    await this.#store.transaction((unit) => unit.delete(CONSENT_KIND, ask));
  }

  /** Return a share of ours. */
  share(slot: ShareSlot): OwnShare | undefined {
    return readShare(this.#store, slot);
  }

  /** Return the shares that are to be deleted; forget those whose day has come. */
  async due(): Promise<readonly OwnShare[]> {
    const shares = this.#store.items(SHARE_KIND).map(([slot, data]) => shareOf(slot, data));
    const today = Math.floor(this.#now() / DAY_S);
    for (const { slot } of shares.filter(({ expires }) => expires <= today)) await this.gone(slot);
    return shares.filter(({ expires, leaving }) => leaving && expires > today);
  }
}

function read(reader: Reader, ask: Digest): OwnAnswer | undefined {
  const data = reader.get(CONSENT_KIND, ask);
  return data && fromBytes(ask, data);
}

function put(unit: Unit, known: OwnAnswer): void {
  const { ask, call, key, privateKey, by, title, signed, slot } = known;
  const value = encode([call, key, privateKey, by, title, [...signed], slot ?? new Uint8Array()]);
  unit.put(CONSENT_KIND, ask, value);
}

function fromBytes(ask: Bytes, data: Bytes): OwnAnswer {
  const raw = decode(data);
  const [call, key, privateKey, by, title, signed, slot] = isList(raw) ? raw : [];
  const isOne =
    isBytes(call) &&
    isBytes(key) &&
    isBytes(privateKey) &&
    typeof by === "string" &&
    typeof title === "string" &&
    isList(signed) &&
    signed.every(isBytes) &&
    isBytes(slot);
  if (!isOne) throw new FatalError(Code.MALFORMED, "a consent cannot be read");
  return {
    ask: new Digest(copy(ask)),
    call: new CallId(call),
    key: new ConsentKey(key),
    privateKey: new Secret32(privateKey),
    ...{ by, title, signed },
    slot: slot.length === 0 ? null : new ShareSlot(slot),
  };
}

function readShare(reader: Reader, slot: ShareSlot): OwnShare | undefined {
  const data = reader.get(SHARE_KIND, slot);
  return data && shareOf(slot, data);
}

function putShare(unit: Unit, share: OwnShare): void {
  unit.put(SHARE_KIND, share.slot, encode([share.delete, share.expires, share.leaving]));
}

function shareOf(slot: Bytes, data: Bytes): OwnShare {
  const raw = decode(data);
  const [remove, expires, leaving] = isList(raw) ? raw : [];
  const isOne = isBytes(remove) && typeof expires === "number" && typeof leaving === "boolean";
  if (!isOne) throw new FatalError(Code.MALFORMED, "a share cannot be read");
  return { slot: new ShareSlot(copy(slot)), delete: new ShareKey(remove), expires, leaving };
}
