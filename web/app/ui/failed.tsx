/** Why something a person asked for did not come about, in a sentence; nothing while it may yet. */

import { say } from "../i18n/text.ts";
import { Note } from "./parts.tsx";
import type { Task } from "./task.ts";

export function Failed({ task }: { task: Task }) {
  if (task.failed === undefined) return null;
  return (
    <Note tone="danger" live>
      {say(task.failed)}
    </Note>
  );
}
