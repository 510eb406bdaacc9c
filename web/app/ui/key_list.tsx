/** Which single keys do what in a call. */

import { type Key, say } from "../i18n/text.ts";
import { usePrefs } from "../prefs.ts";
import { Note } from "./parts.tsx";
import { Sheet } from "./sheet.tsx";

export type KeyRow = readonly [key: string, does: Key];

export function KeyList({ keys, onClose }: { keys: readonly KeyRow[]; onClose: () => void }) {
  const prefs = usePrefs();
  return (
    <Sheet title={say("keys.title")} onClose={onClose}>
      {!prefs.keys && <Note>{say("keys.off")}</Note>}
      <dl className="key-list">
        {keys.map(([key, word]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{say(word)}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
