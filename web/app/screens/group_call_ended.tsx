/** A group call is over for this device: how, how long, and what now. */

import { duration, say } from "../i18n/text.ts";
import type { GroupCallEnd, GroupCallView } from "../model_group_call.ts";
import { useModel } from "../model_hooks.tsx";
import { Gathering } from "../ui/faces.tsx";
import { Btn, Name, Title } from "../ui/parts.tsx";
import { useSettled } from "../ui/settled.ts";
import { sentenceOf, useTask } from "../ui/task.ts";

/** Whoever was shut out does not come in again by one tap; and nobody needs to who left. */
const AGAIN: ReadonlySet<GroupCallEnd> = new Set(["left", "unreached", "failed"]);

export function GroupEnded({ call }: { call: GroupCallView }) {
  const { groupCall } = useModel();
  const task = useTask();
  // A tap meant for the call that just ended shall not begin another.
  const settled = useSettled("ended");
  const end = call.end ?? "left";
  return (
    <section className="room over" aria-label={say("ended.title")}>
      <div className="over-body">
        <Gathering id={call.group.id} nearness="apart" />
        {!call.isGuest && (
          <p className="room-name">
            <Name of={call.group.name} />
          </p>
        )}
        <Title>{say(`groupEnded.${end}`)}</Title>
        <p {...(end !== "left" && { role: "alert" })}>{say(`groupEnded.${end}Help`)}</p>
        {end === "failed" && call.endCode && <p role="alert">{say(sentenceOf(call.endCode))}</p>}
        {call.seconds > 0 && <p>{say("groupEnded.lasted", { time: duration(call.seconds) })}</p>}
        {task.failed && <p role="alert">{say(task.failed)}</p>}
        <div className="actions settling" inert={!settled}>
          {AGAIN.has(end) && !call.isGuest && (
            <Btn
              icon={call.media === "video" ? "video" : "phone"}
              busy={task.busy}
              onPress={() => void task.run(() => groupCall.start(call.group.id, call.media))}
            >
              {say("groupEnded.again")}
            </Btn>
          )}
          <Btn look="primary" onPress={() => groupCall.dismiss()}>
            {say("do.done")}
          </Btn>
        </div>
      </div>
    </section>
  );
}
