/**
 * What is signed in a group call, consent to recordings and receipts of the call: which leaf has which
 * consent key, and what is said of it in the call's group.
 *
 * Not for: what follows from that (`recording_shell.ts`, `call_receipting.ts`).
 */

import { setOf } from "../core/byte_sets.ts";
import { equal, type Rng } from "../core/bytes.ts";
import type { Media } from "../core/call_receipt.ts";
import type { Where } from "../core/consent_record.ts";
import type { AboutReceipt } from "../core/content_receipt.ts";
import type { RecordingSaid } from "../core/content_recording.ts";
import { Code, PeerError } from "../core/errors.ts";
import type { CallId, ConsentKey, Digest } from "../core/ids.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import { consentOf } from "../core/recording_leaf.ts";
import { CallReceipting, type Say as SayOfReceipt } from "./call_receipting.ts";
import type { CallOfMany } from "./group_call_objects.ts";
import type { RecordingMeans } from "./recording_means.ts";
import type { RecordingParts } from "./recording_parts.ts";
import type { Spawn } from "./recording_shares.ts";
import { RecordingShell } from "./recording_shell.ts";

/** What a stay in a group call gives for recordings. Never printed. */
export type GroupRecordingParts = Readonly<{
  call: CallId;
  means: RecordingMeans;
  rng: Rng;
  /** Runs what goes on beside the call, and may outlast it. */
  spawn: Spawn;
  /** Returns what the call is here. */
  media: () => Media;
  /** Given what has a say in this entry, before anything happens in it. */
  bind?: (shell: RecordingShell, receipting: CallReceipting) => void;
  /** Told that something may have changed. */
  changed?: () => void;
  /** Returns what the call is called. */
  title?: () => string;
  /** The group's conversation in which it is; undefined: guests are in none. */
  where?: Where;
  /** Returns what somebody in it is called. */
  name?: (key: ConsentKey) => string;
}>;

type Around = Pick<RecordingParts, "own" | "unix" | "monotonic" | "frames"> &
  Readonly<{ say: RecordingParts["say"] & SayOfReceipt }>;

/** Return what the stay of a call gives for recordings. */
export function recordingOf(
  { recording }: Pick<CallOfMany, "recording">,
  call: CallId,
  means: RecordingMeans,
  around: Readonly<{ rng: Rng; spawn: Spawn; title: () => string; media: Media; where?: Where }>,
): GroupRecordingParts {
  return {
    ...{ call, means, rng: around.rng },
    ...(around.where && { where: around.where }),
    spawn: (work) => around.spawn(work),
    media: () => around.media,
    bind: (...both) => recording.bind(...both),
    changed: () => recording.changed(),
    title: () => around.title(),
    name: (key) => recording.name(key),
  };
}

/** Consent keys of members, and those of who is never to be recorded. */
export function consentsOf(members: Iterable<MemberInfo>) {
  const consents = [...members].map(consentOf);
  const never = consents.filter((one) => one.never);
  return {
    members: setOf(...consents.map(({ key }) => key)),
    never: setOf(...never.map(({ key }) => key)),
  };
}

/** Consent and receipts in one stay in a group call. */
export class GroupRecording {
  readonly shell: RecordingShell;
  readonly receipting: CallReceipting;
  #members: ReadonlyMap<number, MemberInfo> = new Map();
  readonly #frames: Around["frames"];
  #hasBegun = false;

  constructor({ bind, media, ...parts }: GroupRecordingParts, around: Around) {
    this.#frames = around.frames;
    this.shell = new RecordingShell({ ...parts, ...around });
    const { changed, call, means, name, rng, title } = parts;
    this.receipting = new CallReceipting({
      ...{ call, own: around.own, book: means.receipts, rng, media },
      ...{ unix: around.unix, say: around.say },
      ...(name && { name }),
      ...(title && { title }),
      ...(changed && { changed }),
    });
    bind?.(this.shell, this.receipting);
  }

  /** Take an epoch, before any frame key of it is in place. */
  async epoch(members: ReadonlyMap<number, MemberInfo>): Promise<void> {
    this.#members = members;
    const keys = [...members].map(([leaf, member]) => [leaf, consentOf(member).key] as const);
    this.#frames.tape?.leaves(new Map(keys));
    const { members: all, never } = consentsOf(members.values());
    this.receipting.follow(all);
    if (this.#hasBegun) return await this.shell.members(all, never);
    this.#hasBegun = true;
    await this.shell.begin(all, never);
  }

  /** A member can open frames, and says what it knows to be asked. */
  async ready(leaf: number, who: MemberInfo, asks: readonly Digest[]): Promise<void> {
    await this.shell.ready(this.#keyOf(leaf, who), asks);
  }

  /** Take what a member has signed. */
  async hear(leaf: number, who: MemberInfo, said: RecordingSaid | AboutReceipt): Promise<void> {
    const key = this.#keyOf(leaf, who);
    if (said.kind === "recording.said") await this.shell.hear(key, said);
    else await this.receipting.hear(key, said);
  }

  /** What we said last, for who may have missed it. */
  get recent(): readonly (RecordingSaid | AboutReceipt)[] {
    return [...this.shell.recent, ...this.receipting.recent];
  }

  /** We are out of it: nothing is signed any more. */
  async ended(): Promise<void> {
    await this.receipting.ended();
    await this.shell.ended();
  }

  /**
   * Return the consent key of who said something.
   *
   * @param who As it was when that was said, perhaps in an epoch before: then its leaf may be
   *   another's now.
   * @throws PeerError UNEXPECTED (CK-981).
   */
  #keyOf(leaf: number, who: MemberInfo): ConsentKey {
    const member = this.#members.get(leaf);
    if (member === undefined || !equal(member.signatureKey, who.signatureKey)) {
      throw new PeerError(Code.UNEXPECTED, "CK-981 said by somebody who is not there any more");
    }
    return consentOf(member).key;
  }
}
