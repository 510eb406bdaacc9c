/** On what terms a call is placed, and how it is taken leave of (`calls.ts`). */

import { equal } from "../core/bytes.ts";
import type { Board } from "../core/call_board.ts";
import type { Media } from "../core/call_effects.ts";
import { pathOf } from "../core/contact_rules.ts";
import { Path } from "../core/content_records.ts";
import { AuthorizationError, Code, UnavailableError, UsageError } from "../core/errors.ts";
import type { AccountId, CallId } from "../core/ids.ts";
import type { LocalMedia, MediaFactory, RemoteMedia } from "../media/interfaces.ts";
import type { CallShell } from "./call_shell.ts";
import { withTimeout } from "./lock.ts";
import type { RecordingMeans } from "./recording_means.ts";
import type { CallSeam } from "./seam.ts";

/** How long closing waits for a call to say goodbye. */
export const CLOSE_TIMEOUT_S = 6;

/**
 * How far two clocks may differ for a call to ring. Less lets a server hold an invite back for less
 * long; it also keeps people from calling whose clock is wrong.
 */
export const CLOCKS_DIFFER_S = 86_400;

export type CallServiceOptions = Readonly<{
  /** Makes media connections: `relayedMedia` of `media/connection.ts`, or a test's. */
  makeMedia: MediaFactory;
  /** What calls are given for recordings. */
  recording?: RecordingMeans;
}>;

/** What a call that a person is about to place will be. */
export type Expected = Readonly<{ media: Media; confidential: boolean }>;

/** How a call is placed. */
export type CallOptions = Readonly<{
  /** What we show and say. It is the call's from now on, and closed on an error too. */
  local: LocalMedia;
  /** Where the other side's goes. Likewise. */
  remote: RemoteMedia;
  /** Do not tell them of it if nobody answers, and keep nothing of it here. */
  leaveNoTrace?: boolean;
  /** The call that this device lost to a reload: they go on without a tap, or nothing rings. */
  again?: CallId | undefined;
  /** As which call the history has the one that was lost; `again`, if that is not given. */
  noted?: CallId | undefined;
  /**
   * Only if the contact is verified, relayed only, with pictures of few sizes, and nothing of it is
   * kept: no trace is left, and at both ends no screen is shared (`LocalMedia.forbidSharing`) and
   * nothing is noted (`Call.confidential`).
   */
  confidential?: boolean;
}>;

/** Say whether an invite rings nobody, whatever comes of it (CK-380, glare). */
export function ringsNobody({ live }: Board, contact: AccountId, again: CallId | null): boolean {
  if (again !== null) return true;
  return live?.state.kind === "calling" && equal(live.contact, contact);
}

/**
 * Hold a call that is to be confidential to what that means, before anything was made.
 *
 * @throws AuthorizationError NOT_VERIFIED.
 * @throws UsageError What we show cannot promise to share no screen.
 */
export function confine(
  seam: Pick<CallSeam, "isVerified">,
  contact: AccountId,
  local: LocalMedia,
): void {
  // CK-371: a mark of another key, or of a key that is in doubt, does not count.
  if (!seam.isVerified(contact)) {
    throw new AuthorizationError(Code.NOT_VERIFIED, "CK-371: confidential and not verified");
  }
  shareNothing(local);
}

/**
 * Hold what we show to a confidential call.
 *
 * @throws UsageError It cannot promise to share no screen.
 */
export function shareNothing(local: LocalMedia): void {
  if (local.forbidSharing === undefined) throw new UsageError("it could share a screen");
  local.forbidSharing();
}

/** Return the path that the person allows for a call, as of now (CK-384). */
export function allowedPath(
  seam: Pick<CallSeam, "granted">,
  contact: AccountId,
  { confidential }: Readonly<{ confidential: boolean }>,
): Path {
  // What the person was promised by "confidential" outweighs a rule of before.
  return confidential ? Path.RELAYED : pathOf(seam.granted(contact));
}

/** Wait until a call's keys are gone, a while at most. */
export async function goodbye(shell: Pick<CallShell, "over">): Promise<void> {
  try {
    await withTimeout(CLOSE_TIMEOUT_S, (stop) => shell.over.wait(stop));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
  }
}
