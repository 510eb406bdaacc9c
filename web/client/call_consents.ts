/**
 * Consent to recordings in a call of two: who the two are, as their call group says (twin of
 * `sdk/call_consents.py`).
 *
 * The caller begins alone and is then told of the other; the callee begins with both, and nothing can
 * be asked yet. Not for: what follows from that (`recording_shell.ts`).
 */

import { setOf } from "../core/byte_sets.ts";
import type { RecordingSaid } from "../core/content_recording.ts";
import { UnavailableError, UsageError, VisavisError } from "../core/errors.ts";
import type { CallId, ConsentKey } from "../core/ids.ts";
import { type ConsentLeaf, consentOf } from "../core/recording_leaf.ts";
import type { CallSecrets } from "./call_secrets.ts";
import { sleep } from "./lock.ts";
import type { RecordingMeans } from "./recording_means.ts";
import type { RecordingParts } from "./recording_parts.ts";
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

type Around = Pick<RecordingParts, "frames" | "confidential" | "changed" | "title" | "name"> &
  Readonly<{
    call: CallId;
    means: RecordingMeans;
    secrets: CallSecrets;
    /** Says something in the call group. Throws what the seam does. */
    tell: (said: RecordingSaid) => Promise<void>;
    /** Given the shell, and the other's key, before anything happens in it. */
    bind: (shell: RecordingShell, other: ConsentKey) => void;
  }>;

/** Consent in one call of two. */
export class CallConsents {
  readonly #seam: CallSeam;
  readonly #around: Around;
  #shell: RecordingShell | undefined;
  #isOver = false;

  constructor(seam: CallSeam, around: Around) {
    this.#seam = seam;
    this.#around = around;
  }

  /** The call group stands; no frame key of it is in place yet. Harmless when repeated. */
  async begin(): Promise<void> {
    if (this.#shell !== undefined) return;
    const { secrets, bind, ...parts } = this.#around;
    const { consent: own } = secrets;
    if (own === undefined) throw new UsageError("a call group has a consent key of ours");
    const { rng } = this.#seam;
    const shell = new RecordingShell({
      ...{ ...parts, own, rng },
      unix: () => this.#seam.now(),
      monotonic: () => this.#seam.monotonic(),
      say: (said) => this.#say(said),
      spawn: (work) => this.#seam.spawn(work),
    });
    this.#shell = shell;
    const other = this.#other();
    bind(shell, other.key);
    this.#placed();
    const isCaller = secrets.inviter === undefined;
    const first = isCaller ? [own] : [own, other];
    await shell.begin(keysOf(first), neverOf(first));
    if (isCaller) await shell.members(keysOf([own, other]), neverOf([own, other]));
    else await shell.ready(other.key, []);
  }

  /** The caller moved the group to fresh keys: no frame key of them is in place yet. */
  async moved(): Promise<void> {
    const { consent: own } = this.#around.secrets;
    if (this.#shell === undefined || own === undefined) return;
    const both = [own, this.#other()];
    this.#placed();
    await this.#shell.members(keysOf(both), neverOf(both));
  }

  /** Take what the other said about recording. */
  async hear(said: RecordingSaid): Promise<void> {
    await this.#shell?.hear(this.#other().key, said);
  }

  /** The call is over. */
  async ended(): Promise<void> {
    this.#isOver = true;
    await this.#shell?.ended();
  }

  /** Say which leaf is whose, for a recording. */
  #placed(): void {
    const { otherMember } = this.#around.secrets;
    const leaf = otherMember?.leafIndex;
    if (otherMember === undefined || leaf == null) return;
    this.#around.frames.tape?.leaves(new Map([[leaf, consentOf(otherMember).key]]));
  }

  #other(): ConsentLeaf {
    const { otherMember } = this.#around.secrets;
    if (otherMember === undefined) throw new UsageError("there is no call group");
    return consentOf(otherMember);
  }

  /** Say something, and once more later: nobody can tell what gets lost behind the server. */
  async #say(said: RecordingSaid): Promise<void> {
    await this.#tell(said);
    this.#seam.spawn(async (signal) => {
      await sleep(SAY_TWICE_S, signal);
      if (!this.#isOver) await this.#tell(said);
    });
  }

  async #tell(said: RecordingSaid): Promise<void> {
    while (!this.#isOver) {
      try {
        return await this.#around.tell(said);
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
