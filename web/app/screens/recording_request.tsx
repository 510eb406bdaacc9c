/**
 * Somebody asks to record. It comes up by itself, beside the call and not over its buttons, takes no
 * tap in its first half second, and waits for as long as one likes: no answer is a no.
 *
 * Yes and no are the same button (EDPB Guidelines 3/2022); nothing is chosen at first.
 */

import { useEffect, useId, useRef, useState } from "react";
import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import { useRecordingActions } from "../model_hooks.tsx";
import { type AskedView, KINDS, type Kind } from "../model_recording.ts";
import { Failed } from "../ui/failed.tsx";
import { Toggle } from "../ui/fields.tsx";
import { Btn, IconBtn, Named } from "../ui/parts.tsx";
import { useSettled } from "../ui/settled.ts";
import { useTask } from "../ui/task.ts";
import { Cannot, ClearHelp, TermsList } from "./recording_terms.tsx";

export function Request({ ask, onClose }: { ask: AskedView; onClose: () => void }) {
  const recording = useRecordingActions();
  const [kinds, setKinds] = useState<readonly Kind[]>([]);
  const [clear, setClear] = useState(false);
  const [mustChoose, setMustChoose] = useState(false);
  const title = useId();
  const choices = useRef<HTMLFieldSetElement>(null);
  const task = useTask();
  const settled = useSettled(ask.id);
  useEffect(() => {
    if (mustChoose) choices.current?.scrollIntoView({ block: "start" });
  }, [mustChoose]);
  const choose = (kind: Kind, on: boolean) => {
    setMustChoose(false);
    setKinds(KINDS.filter((one) => (one === kind ? on : kinds.includes(one))));
  };
  const agree = () => {
    if (kinds.length === 0) setMustChoose(true);
    else void task.run(() => recording.agree(ask.id, kinds, clear));
  };
  return (
    <div
      className="request"
      role="dialog"
      aria-labelledby={title}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      <div className="request-head">
        <Icon name="record" />
        <div className="grow" role="alert">
          <h2 id={title}>
            <Named k="request.title" name={ask.by} />
          </h2>
        </div>
        <IconBtn label={say("do.close")} icon="close" onPress={onClose} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keyboard too */}
      <section className="request-body" tabIndex={0} aria-labelledby={title}>
        <div className="request-terms">
          <p className="soft">{say("request.rule")}</p>
          <TermsList terms={ask} by={ask.by} />
        </div>
        <fieldset ref={choices} className="request-kinds settling" inert={!settled}>
          <legend>{say("request.kinds")}</legend>
          {KINDS.filter((kind) => ask.kinds.includes(kind)).map((kind) => (
            <Toggle
              key={kind}
              label={say(`kind.${kind}`)}
              on={kinds.includes(kind)}
              onChange={(on) => choose(kind, on)}
            />
          ))}
          {ask.clear && (
            <Toggle
              label={say("request.clear")}
              help={<ClearHelp named={ask.named} />}
              on={clear}
              onChange={setClear}
            />
          )}
        </fieldset>
      </section>
      <div className="request-foot">
        <Cannot />
        <Failed task={task} />
        {mustChoose && (
          <p className="request-missing" role="alert">
            {say("request.choose")}
          </p>
        )}
        <div className="answers settling" inert={!settled}>
          <Btn onPress={() => void task.run(() => recording.refuse(ask.id))}>
            {say("request.no")}
          </Btn>
          <Btn onPress={agree}>{say("request.yes")}</Btn>
        </div>
        <p className="help centre">{say("request.goesOn")}</p>
      </div>
    </div>
  );
}
