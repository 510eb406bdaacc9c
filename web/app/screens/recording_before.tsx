/** Before a call: that somebody may ask to record it, or who is never to be recorded. */

import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { PersonId } from "../model.ts";
import { useAppState, useRecording } from "../model_hooks.tsx";
import { Note } from "../ui/parts.tsx";
import { neverNamed } from "./recording_asked.tsx";

/** With whom the call would be, as far as that is known. */
type With = Readonly<{ people: readonly PersonId[]; confidential?: boolean }>;

/** Return what is to be said; undefined where this client has nothing to do with recording. */
function useBefore({ people, confidential = false }: With): string | undefined {
  const recording = useRecording();
  const all = useAppState((state) => state.people);
  if (recording === undefined) return undefined;
  if (confidential) return say("beforeRecording.confidential");
  const there = all.filter(({ id }) => people.includes(id));
  if (recording.never || there.some(({ rules }) => rules.neverRecord)) {
    return say("beforeRecording.own");
  }
  const never = there.filter(({ neverRecorded }) => neverRecorded).map(({ name }) => name);
  if (never.length === 0) return say("beforeRecording.note");
  return say("beforeRecording.never", { names: neverNamed(never), count: never.length });
}

/** Among what is chosen for a call. */
export function BeforeRecording(props: With) {
  const words = useBefore(props);
  return words === undefined ? null : <Note icon="record">{words}</Note>;
}

/** Among what is known of a call that rings. */
export function RingRecording(props: With) {
  const words = useBefore(props);
  if (words === undefined) return null;
  return (
    <li className="fact">
      <Icon name="record" small />
      <span>{words}</span>
    </li>
  );
}
