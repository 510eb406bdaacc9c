/**
 * What is signed in a call of two: consent to recordings, and receipts of the call; who the two are, as
 * their call group says (twin of `sdk/call_consents.py`).
 *
 * The caller begins alone and is then told of the other; the callee begins with both, and nothing can
 * be asked yet. Not for: what follows from that (`recording_shell.ts`, `call_receipting.ts`).
 */

import { setOf } from "../core/byte_sets.ts";
import type { InCall } from "../core/content_call.ts";
import type { AboutReceipt } from "../core/content_receipt.ts";
import type { RecordingSaid } from "../core/content_recording.ts";
import { UnavailableError, UsageError, VisavisError } from "../core/errors.ts";
import { type ConsentLeaf, consentOf } from "../core/recording_leaf.ts";
import { CallReceipting } from "./call_receipting.ts";
import { inPlace } from "./call_secrets.ts";
import type { CallShell } from "./call_shell.ts";
import type { OwnConsent } from "./consent_key.ts";
import { sleep } from "./lock.ts";
import type { RecordingMeans } from "./recording_means.ts";
import { RecordingShell } from "./recording_shell.ts";
import type { CallSeam } from "./seam.ts";

/**
 * Seconds until something is sent again that did not reach the server. Higher: who records hears later
 * of a yes that is taken back; lower: more is sent in vain.
 */
export const SAY_AGAIN_S = 1;

/**
 * Seconds before what was sent is said once more; it counts once (CK-930). Higher: who missed it records for longer; lower: what
 * made the first word go missing has not passed yet.
 */
export const SAY_TWICE_S = 5;

/** What is signed in a call, and said in its group. */
export type Said = RecordingSaid | AboutReceipt;

/** Tell whether this is something that was signed, and not what the call itself is made of. */
export function isSaid(content: Readonly<{ kind: InCall["kind"] | "rekeyed" }>): content is Said {
  return content.kind === "recording.said" || content.kind.startsWith("receipt.");
}

/** Consent and receipts in one call of two. */
export class CallConsents {
  readonly #call: CallShell;
  readonly #seam: CallSeam;
  readonly #means: RecordingMeans;
  #shell: RecordingShell | undefined;
  #receipting: CallReceipting | undefined;
  #isOver = false;

  /**
   * @param call Its shell.
   * @param seam The session.
   * @param means What consenting to recordings takes.
   */
  constructor(call: CallShell, seam: CallSeam, means: RecordingMeans) {
    this.#call = call;
    this.#seam = seam;
    this.#means = means;
  }

  /** The call group stands; no frame key of it is in place yet. Harmless when repeated. */
  async begin(): Promise<void> {
    if (this.#shell !== undefined) return;
    const { call, contact, secrets } = this.#call;
    const { consent: own } = secrets;
    if (own === undefined) throw new UsageError("a call group has a consent key of ours");
    const frames = () => this.#call.transport.media.keys;
    const shell = new RecordingShell({
      ...{ call, own, means: this.#means, rng: this.#seam.rng },
      unix: () => this.#seam.now(),
      monotonic: () => this.#seam.monotonic(),
      frames: {
        hold: () => inPlace(frames().hold()),
        release: () => inPlace(frames().release()),
        get tape() {
          return frames().tape;
        },
      },
      say: (said) => this.#say(said),
      spawn: (work) => this.#seam.spawn(work),
      confidential: () => this.#call.face.confidential,
      title: () => this.#seam.contactName(contact),
      where: { contact, group: null },
      name: (key) => this.#call.face.recording.name(key),
      changed: () => this.#call.face.recording.changed(),
    });
    const receipting = this.#makeReceipting(own);
    [this.#shell, this.#receipting] = [shell, receipting];
    const other = this.#other();
    const { recording } = this.#call.face;
    recording.learn(other.key, this.#seam.contactName(contact));
    recording.bind(shell, receipting);
    this.#placed();
    const isCaller = secrets.inviter === undefined;
    const first = isCaller ? [own] : [own, other];
    await shell.begin(keysOf(first), neverOf(first));
    receipting.follow(keysOf([own, other]));
    if (isCaller) await shell.members(keysOf([own, other]), neverOf([own, other]));
    else await shell.ready(other.key, []);
  }

  /** The caller moved the group to fresh keys: no frame key of them is in place yet. */
  async moved(): Promise<void> {
    const { consent: own } = this.#call.secrets;
    if (this.#shell === undefined || own === undefined) return;
    const both = [own, this.#other()];
    this.#placed();
    this.#receipting?.follow(keysOf(both));
    await this.#shell.members(keysOf(both), neverOf(both));
  }

  /** Take what the other has signed. */
  async hear(said: Said): Promise<void> {
    const { key } = this.#other();
    if (said.kind === "recording.said") await this.#shell?.hear(key, said);
    else await this.#receipting?.hear(key, said);
  }

  /** The call is over. */
  async ended(): Promise<void> {
    this.#isOver = true;
    await this.#receipting?.ended();
    await this.#shell?.ended();
  }

  #makeReceipting(own: OwnConsent): CallReceipting {
    const { call, contact } = this.#call;
    return new CallReceipting({
      ...{ call, own, book: this.#means.receipts, rng: this.#seam.rng },
      unix: () => this.#seam.now(),
      say: (said) => this.#say(said),
      media: () => this.#call.face.media,
      confidential: () => this.#call.face.confidential,
      title: () => this.#seam.contactName(contact),
      name: (key) => this.#call.face.recording.name(key),
      changed: () => this.#call.face.recording.changed(),
    });
  }

  /** Say which leaf is whose, for a recording. */
  #placed(): void {
    const { otherMember } = this.#call.secrets;
    const leaf = otherMember?.leafIndex;
    if (otherMember === undefined || leaf == null) return;
    this.#call.transport.media.keys.tape?.leaves(new Map([[leaf, consentOf(otherMember).key]]));
  }

  #other(): ConsentLeaf {
    const { otherMember } = this.#call.secrets;
    if (otherMember === undefined) throw new UsageError("there is no call group");
    return consentOf(otherMember);
  }

  /** Say something, and once more later: nobody can tell what gets lost behind the server. */
  async #say(said: Said): Promise<void> {
    await this.#tell(said);
    this.#seam.spawn(async (signal) => {
      await sleep(SAY_TWICE_S, signal);
      if (!this.#isOver) await this.#tell(said);
    });
  }

  async #tell(said: Said): Promise<void> {
    while (!this.#isOver) {
      try {
        return await this.#call.tell(said);
      } catch (error) {
        if (!(error instanceof VisavisError)) throw error;
        if (!(error instanceof UnavailableError)) return; // They can be told of nothing any more.
      }
      await sleep(SAY_AGAIN_S);
    }
  }
}

const keysOf = (leaves: readonly ConsentLeaf[]) => setOf(...leaves.map(({ key }) => key));

const neverOf = (leaves: readonly ConsentLeaf[]) => keysOf(leaves.filter(({ never }) => never));
