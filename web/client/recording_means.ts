/**
 * What calls are given for recordings and receipts: what these take of the world around a call.
 *
 * Not for: what is done with it (`recording_shell.ts`).
 */

import type { Bytes } from "../core/bytes.ts";
import type { Where } from "../core/consent_record.ts";
import type {
  AccountId,
  CallId,
  ConsentKey,
  Digest,
  Secret32,
  ShareKey,
  ShareSlot,
} from "../core/ids.ts";
import type { Statement } from "../core/recording_statements.ts";
import type { Kinds, Members } from "../core/recording_types.ts";
import type { FrameTape } from "../media/interfaces.ts";
import type { ReceiptKeeper } from "./call_receipt_book.ts";
import type { OwnConsent } from "./consent_key.ts";
import type { Way } from "./recordings_book.ts";

/** A share of a recording's keys, as it is laid at the server (P16). Never printed. */
export type Laid = Readonly<{
  /** Where it lies. */
  slot: ShareSlot;
  share: Secret32;
  /** What reads it. */
  read: ShareKey;
  /** What deletes it: ours alone. */
  delete: ShareKey;
  /** First day on which it is gone, in days since 1970 (UTC). */
  expires: number;
}>;

/** Where shares of recording keys lie. */
export interface Shares {
  /**
   * Lay a share. Harmless when repeated.
   *
   * @throws VisavisError It is not laid, as far as we know.
   */
  lay(laid: Laid): Promise<void>;
  /**
   * Return a share.
   *
   * @throws UnavailableError UNAVAILABLE: later, perhaps.
   * @throws AuthorizationError REFUSED: there is none, for this key.
   */
  read(slot: ShareSlot, key: ShareKey): Promise<Secret32>;
  /**
   * Delete a share; it is gone when this returns, also if it was before.
   *
   * @throws VisavisError It may still be there.
   */
  delete(slot: ShareSlot, key: ShareKey): Promise<void>;
}

/** What somebody signed, as it was sent and as it was read. */
export type SaidStatement = Readonly<{ signed: Bytes; statement: Statement }>;

/** Whatever takes a request of ours and what is said about it; calls must return at once. */
export interface Recorder {
  /** Record exactly these kinds of all members from now on; none: nothing. */
  record(ask: Digest, kinds: Kinds): void;
  /** Take what was signed about our request: that first, then the rest in the order in which it came. */
  said(said: SaidStatement): void;
  /**
   * Take a member's share of the key, or ours: before it nothing of them may be recorded.
   *
   * @param share Not to be kept: it is read anew for each playback.
   * @param way What they are called, and where it is to be had then.
   */
  share(ask: Digest, key: ConsentKey, share: Secret32, way: Way): void;
  /** Take who is there: among whom the next yes is said. */
  among(ask: Digest, members: Members): void;
  /** A request of ours is over: nothing more is said or recorded of it in this call. */
  over(ask: Digest): void;
}

/** Somebody's request and our answer to it, as they were signed. */
export type Answered = Readonly<{
  call: CallId;
  /** By which key we are known in that call; overwritten at its end, so whoever keeps it copies it. */
  own: OwnConsent;
  request: Bytes;
  answer: Bytes;
  /** Where our share lies, if we laid one for it. */
  slot: ShareSlot | null;
  /** What who asked is called. */
  by: string;
  /** With whom the call is. */
  title: string;
  /** In which conversation it is, if it is in one: there who recorded is told later. */
  where?: Where | null;
}>;

/** One entry into a call, for whoever records it. Never printed. */
export type RecordedCall = Readonly<{
  /** Our consent key in it; overwritten at its end, so whoever keeps it copies it. */
  own: OwnConsent;
  /** With whom it is. */
  title: string;
  /** Where its frames are; undefined: nowhere that they could be recorded. */
  tape: FrameTape | undefined;
  /** Told that nothing can be recorded any more. */
  failed: () => void;
}>;

/** Keeps what was agreed to, and which shares of ours lie at the server, also over a restart. */
export interface ConsentBook {
  /** A share is about to be laid. */
  laying(call: CallId, laid: Laid): Promise<void>;
  /** We answered a request, or took a yes back. */
  answered(answered: Answered): Promise<void>;
  /**
   * Take back, signed, each yes of ours to a request; returns those that stood.
   *
   * Not for: one that is said to be taken back in a call. Who recorded is told without us.
   */
  takeBack(ask: Digest): Promise<readonly unknown[]>;
  /** A share is to be deleted: who says so tries until `gone` is told; after a restart, the book. */
  leaving(slot: ShareSlot): Promise<void>;
  /** A share is deleted. */
  gone(slot: ShareSlot): Promise<void>;
}

/** What a device's calls are given for recordings and receipts; what is left out cannot be done. */
export type RecordingMeans = Readonly<{
  /**
   * Whether the person is never to be recorded in a call with these accounts; false unless told
   * otherwise.
   */
  never?: (accounts: readonly AccountId[]) => boolean;
  /** Without it nobody can agree to anything here. */
  shares?: Shares;
  /** Keeps what we agreed to; without it nothing of it survives a restart. */
  book?: ConsentBook;
  /** Makes what records one call; without it nobody can ask here. */
  recorder?: (call: RecordedCall) => Recorder;
  /** Keeps signed receipts of calls; without it they are in memory, with the call's object. */
  receipts?: ReceiptKeeper;
}>;

/** Whether the person is never to be recorded in a call with these. */
export function isNever({ never }: RecordingMeans, accounts: readonly AccountId[]): boolean {
  return never?.(accounts) ?? false;
}
