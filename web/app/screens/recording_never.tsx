/** Never record me: in no call, or in none with one contact. */

import { say } from "../i18n/text.ts";
import type { Rules } from "../model.ts";
import { useRecording, useRecordingActions } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Toggle } from "../ui/fields.tsx";
import { useTask } from "../ui/task.ts";

export function NeverRecord() {
  const recording = useRecordingActions();
  const never = useRecording()?.never ?? false;
  const task = useTask();
  return (
    <div className="card rows">
      <Toggle
        label={say("neverRecord.label")}
        help={say("neverRecord.help")}
        on={never}
        disabled={task.busy}
        onChange={(on) => void task.run(() => recording.setNever(on))}
      />
      <Failed task={task} />
    </div>
  );
}

/** What holds for everybody is said here, and changed in the settings. */
export function NeverRecordRule(props: {
  rules: Rules;
  onChange: (rules: Pick<Rules, "neverRecord">) => void;
}) {
  const recording = useRecording();
  if (recording === undefined) return null;
  return (
    <Toggle
      label={say("neverRecord.rule")}
      help={say(recording.never ? "neverRecord.ruleAll" : "neverRecord.ruleHelp")}
      on={recording.never || (props.rules.neverRecord ?? false)}
      disabled={recording.never}
      onChange={(neverRecord) => props.onChange({ neverRecord })}
    />
  );
}
