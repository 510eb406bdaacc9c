/** One call of the history in words and signs: never by colour alone. */

import { brief, say } from "../i18n/text.ts";
import type { IconName } from "../icons.tsx";
import type { CallEntry } from "../model_history.ts";

/** The cipher suite that calls have (ADR 1). */
const SUITES: ReadonlyMap<number, string> = new Map([
  [0xf04d, "X-Wing, AES-256-GCM, SHA-384, Ed25519"],
]);

export function isMissed({ outcome }: CallEntry): boolean {
  return outcome === "missed";
}

export function callIcon(entry: CallEntry): IconName {
  if (isMissed(entry)) return "missed";
  return entry.direction === "outgoing" ? "outgoing" : "incoming";
}

export function mediaWord({ media }: CallEntry): string {
  return say(media === "video" ? "event.endedVideo" : "event.endedVoice");
}

/** Say who called, or why nobody talked. */
export function outcomeWord({ outcome, direction }: CallEntry): string {
  return outcome === "answered" ? say(`calls.is.${direction}`) : say(`calls.is.${outcome}`);
}

/** Voice call · you called · 12 min. */
export function callLine(entry: CallEntry): string {
  const length = entry.outcome === "answered" ? [brief(entry.seconds)] : [];
  return [mediaWord(entry), outcomeWord(entry), ...length].join(" · ");
}

export function suiteWord(suite: number): string {
  return SUITES.get(suite) ?? `0x${suite.toString(16).toUpperCase().padStart(4, "0")}`;
}
