/** Somebody asks to record while one reads something else: said there, and answered in the call. */

import { useCallRecording } from "../model_hooks.tsx";
import { Named, Note } from "../ui/parts.tsx";

export function AskedAside() {
  const ask = useCallRecording()?.requests.find(({ answer }) => answer === null);
  if (ask === undefined) return null;
  return (
    <Note tone="warm" icon="record" live>
      <Named k="request.open" name={ask.by} />
    </Note>
  );
}
