/**
 * What a call's shell (`call_shell.ts`) tells, and to whom: the `Call` that a person sees
 * (`call_objects.ts`), or nobody, when another call goes on in its place.
 */

import type { EndReason } from "../core/call_effects.ts";
import type { Media } from "../core/content_records.ts";
import type { Code } from "../core/errors.ts";
import type { Meter } from "../core/meter.ts";
import type { MediaStats } from "../media/interfaces.ts";
import type { CallText } from "./call_text.ts";
import type { CallRecording } from "./recording_objects.ts";

/** What of a call a person's code sees. */
export interface Face {
  /** What is written in the call. */
  readonly text: CallText;
  /** What counts for the call. */
  readonly counted: Meter;
  /** What the call carries. */
  readonly media: Media;
  /** Who asks to record it, or for a signed receipt of it. */
  readonly recording: CallRecording;
  /** Whether it is a confidential call. */
  readonly confidential: boolean;
  /** Note that it rings at the other side. */
  onRinging(): void;
  /** Take the call group's epoch. */
  onEpoch(epoch: bigint): void;
  /** Take the short authentication string. */
  onWords(words: string): void;
  /** Take fresh figures. */
  onStats(stats: MediaStats): void;
  /** Note that the first frame was decoded. */
  onFirstFrame(): void;
  /** Our first word left: the invite, or the accept. */
  onSaid(): void;
  /** Take the end. */
  onEnd(reason: EndReason, code: Code | undefined): void;
}
