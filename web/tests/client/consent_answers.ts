/** A request of somebody and the yes to it, after the call: as the books of both keep it. */

import type { OwnConsents, Which } from "../../client/consent_book.ts";
import { OwnConsent } from "../../client/consent_key.ts";
import type { Laid } from "../../client/recording_means.ts";
import type { RecordingsBook } from "../../client/recordings_book.ts";
import { mapOf, setOf } from "../../core/byte_sets.ts";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import type { Where } from "../../core/consent_record.ts";
import { CallId, Digest, random, Secret32, ShareKey, ShareSlot } from "../../core/ids.ts";
import { membersHash } from "../../core/recording_rules.ts";
import {
  askDigest,
  callReference,
  type RecordingAsk,
  type RecordingGrant,
  signStatement,
} from "../../core/recording_statements.ts";
import { rng } from "./call_seam.ts";

export const CALL = new CallId(utf8("a call to record"));

export type Agreed = Readonly<{
  which: Which;
  laid: Laid;
  request: Bytes;
  /** Who asked. */
  asker: OwnConsent;
  yes: RecordingGrant;
}>;

type Options = Readonly<{
  /** When it was answered, unix seconds. */
  now: number;
  /** When it was asked, by the clock of who did. */
  at?: number;
  where: Where | null;
  /** Given the share, once the book knows it. */
  lay?: (laid: Laid) => Promise<void>;
}>;

/** Somebody asked, and the owner of a book agreed; the call is over. */
export async function agreedIn(book: OwnConsents, options: Options): Promise<Agreed> {
  const { now, where } = options;
  const [anna, own] = [
    await OwnConsent.make({ never: false }, rng),
    await OwnConsent.make({ never: false }, rng),
  ];
  const head = ({ key }: OwnConsent) => {
    return { call: callReference(CALL), key, number: 1, at: now };
  };
  const request: RecordingAsk = {
    kind: "recording.ask",
    ...head(anna),
    at: options.at ?? now,
    ...{ kinds: new Set(["audio"]), purpose: "to hear it again", place: "device", days: 7 },
    ...{ recipients: "asker", clear: false, named: null, withdraw: "app" },
  };
  const ask = askDigest(request);
  const [slot, share] = [random(ShareSlot, rng), random(Secret32, rng)];
  const [read, remove] = [random(ShareKey, rng), random(ShareKey, rng)];
  const laid = { slot, share, read, delete: remove, expires: Math.floor(now / 86_400) + 7 };
  await book.laying(CALL, laid);
  await options.lay?.(laid);
  const members = membersHash(setOf(anna.key, own.key));
  const said = { ask, kinds: request.kinds, members, clear: false, share: Digest.sha256(share) };
  const yes: RecordingGrant = { kind: "recording.grant", ...head(own), ...said };
  const signed = await signStatement(request, anna.privateKey);
  const answer = await signStatement(yes, own.privateKey);
  const names = { by: "Anna", title: "Anna" };
  const keeping = book.answered({
    call: CALL,
    own,
    slot,
    ...names,
    where,
    request: signed,
    answer,
  });
  own.wipe(); // as with the end of the call
  await keeping;
  return { which: { ask, key: own.key }, laid, request: signed, asker: anna, yes };
}

/** Who asked keeps what was recorded of it. */
export async function recordedIn(book: RecordingsBook, agreed: Agreed): Promise<void> {
  const { which, laid, request, asker, yes } = agreed;
  const { ask, key } = which;
  await book.begun({
    ...{ ask, title: "Bob", request, length: 0, wasRecorded: false },
    ...{ secret: random(Secret32, rng), rows: random(Secret32, rng) },
    ...{ privateKey: asker.privateKey, members: mapOf(), said: mapOf() },
  });
  await book.said(ask, yes);
  await book.member(ask, key, { name: "bob", slot: laid.slot, read: laid.read });
  await book.recorded(ask);
  await book.ended(ask, 60_000);
  book.closed(ask);
}
