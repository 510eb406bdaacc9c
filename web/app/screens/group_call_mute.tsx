/** Somebody asks one to mute. Nothing is muted without one's own word. */

import { say } from "../i18n/text.ts";
import type { Called } from "../model_group_call.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn } from "../ui/parts.tsx";
import { useSettled } from "../ui/settled.ts";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { Calling, nameIn } from "./group_call_tile.tsx";

export function MuteRequest({ who }: { who: Called }) {
  const { groupCall } = useModel();
  const task = useTask();
  // It came up by itself: a tap that was meant for something else shall not answer it.
  const settled = useSettled(nameIn(who));
  const answer = (mute: boolean) => void task.run(() => groupCall.answerMuteRequest(mute));
  return (
    <Sheet
      title={<Calling k="groupCall.mute.title" who={who} />}
      onClose={() => answer(false)}
      alarm
    >
      <p className="soft">{say("groupCall.mute.text")}</p>
      <Failed task={task} />
      <div className="actions settling" inert={!settled}>
        <Btn onPress={() => answer(false)}>{say("groupCall.mute.not")}</Btn>
        <Btn look="primary" icon="micOff" onPress={() => answer(true)}>
          {say("call.mute")}
        </Btn>
      </div>
    </Sheet>
  );
}
