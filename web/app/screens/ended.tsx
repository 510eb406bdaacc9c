/** A call is over: how, how long, and what now. */

import { useState } from "react";
import { en } from "../i18n/en.ts";
import { duration, type Key, say } from "../i18n/text.ts";
import type { CallView } from "../model.ts";
import type { CallKind } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Meeting } from "../ui/faces.tsx";
import { Btn, Name, Title } from "../ui/parts.tsx";
import { useSettled } from "../ui/settled.ts";
import { sentenceOf, useTask } from "../ui/task.ts";
import { Changed } from "./changed.tsx";
import { Meter } from "./meter.tsx";

/** Ends that say enough by themselves; a code would only repeat them. */
const PLAIN: ReadonlySet<string> = new Set([
  "no_answer",
  "lost",
  "not_connected",
  "no_welcome",
  "key_changed",
]);
/** Ends of a talk that have to be told all the same. */
const BROKEN: ReadonlySet<string> = new Set(["lost", "key_changed"]);

export function Ended({ call }: { call: CallView }) {
  const { calls } = useModel();
  const task = useTask();
  const reason = `ended.${call.end ?? "hung_up"}`;
  const talked = call.seconds > 0 && !BROKEN.has(call.end ?? "");
  const [deciding, setDeciding] = useState(false);
  const [reading, setReading] = useState(false);
  // A tap meant for the call that just ended shall not begin another.
  const settled = useSettled("ended");
  // As they stand now: the call ends in the moment in which their key changes.
  const person =
    useAppState((state) => state.people.find(({ id }) => id === call.person.id)) ?? call.person;
  const changed = person.state === "changed";
  const failed = call.endCode !== undefined && !PLAIN.has(call.end ?? "");
  const words = Object.hasOwn(en, reason) ? say(reason as Key) : say("ended.title");
  return (
    <section className="room over" aria-label={say("ended.title")}>
      <div className="over-body">
        <Meeting person={call.person} nearness="apart" />
        <p className="room-name">
          <Name of={call.person.name} />
        </p>
        <Title>{talked ? say("ended.title") : words}</Title>
        {talked && <p>{say("ended.lasted", { time: duration(call.seconds) })}</p>}
        {call.end === "key_changed" && <p role="alert">{say("ended.keyChangedHelp")}</p>}
        {failed && call.endCode && <p role="alert">{say(sentenceOf(call.endCode))}</p>}
        {task.failed && <p role="alert">{say(task.failed)}</p>}
        <div className="actions settling" inert={!settled}>
          {!changed && (
            <Btn
              icon="chat"
              onPress={() => {
                calls.dismiss();
                go({ at: "thread", id: call.person.id });
              }}
            >
              {say("ended.write")}
            </Btn>
          )}
          {!talked && !changed && (
            <Btn
              icon={call.media === "video" ? "video" : "phone"}
              busy={task.busy}
              onPress={() =>
                void task.run(() => calls.start(call.person.id, call.media, kindOf(call)))
              }
            >
              {say("ended.again")}
            </Btn>
          )}
          <Btn look={changed ? "soft" : "primary"} onPress={() => calls.dismiss()}>
            {say("do.done")}
          </Btn>
          {changed && (
            <Btn look="primary" icon="shield" onPress={() => setDeciding(true)}>
              {say("changed.decide")}
            </Btn>
          )}
        </div>
        {call.meter.length > 0 && (
          <Btn look="quiet" icon="eye" onPress={() => setReading(true)}>
            {say("meter.title")}
          </Btn>
        )}
      </div>
      {reading && (
        <Meter reading={call.meter} person={call.person} onClose={() => setReading(false)} />
      )}
      {deciding && changed && <Changed person={person} onClose={() => setDeciding(false)} />}
    </section>
  );
}

/** Called again, a call is of the kind it was. */
function kindOf({ confidential, traceless }: CallView): CallKind {
  if (confidential) return "confidential";
  return traceless ? "traceless" : "usual";
}
