/** What is kept of calls: how long, how much, where; presets that say before what they change. */

import { useState } from "react";
import "./calls.css";
import { type Choices, type Preset, presetOf } from "../../core/keeping.ts";
import { say } from "../i18n/text.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { Toggle } from "../ui/fields.tsx";
import { goingNow, keepOptions, keepWord, useKept } from "../ui/keep_words.ts";
import { Btn, Name, Note, Page, Way } from "../ui/parts.tsx";
import { Select } from "../ui/select.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { DeletePart } from "./delete_part.tsx";
import { PresetSheet, Presets } from "./presets.tsx";
import { Wishes } from "./wishes.tsx";

export default function Keeping(props: { choosing?: Preset }) {
  const { settings } = useAppState((state) => state.history);
  const [choosing, setChoosing] = useState<Preset | undefined>(props.choosing);
  const preset = presetOf(settings);
  return (
    <Page title={say("keeping.title")} lead={say("keeping.lead")}>
      <Wishes />
      <section>
        <h2 className="group-title">{say("preset.title")}</h2>
        <Presets now={preset} onChoose={setChoosing} />
      </section>
      <Single />
      <Exceptions />
      <DeletePart />
      {choosing && <PresetSheet preset={choosing} onClose={() => setChoosing(undefined)} />}
    </Page>
  );
}

const FLAGS = ["details", "sync", "trace"] as const;

/** Each setting by itself, and why its default is not less. */
function Single() {
  const { history } = useModel();
  const { entries, settings } = useAppState((state) => state.history);
  const kept = useKept();
  const [asking, setAsking] = useState<number>();
  const task = useTask();
  const decide = (choices: Partial<Choices>) => task.run(() => history.decide(choices));
  const keep = (hours: number) => {
    const going = goingNow(entries, { ...settings, keep: hours }, kept);
    if (going > 0) setAsking(hours);
    else void decide({ keep: hours });
  };
  return (
    <section>
      <h2 className="group-title">{say("keeping.single")}</h2>
      <div className="card stack">
        <div className="stack tight">
          <Select
            label={say("keeping.keep")}
            value={String(settings.keep)}
            onChange={(hours) => keep(Number(hours))}
            options={keepOptions(settings.keep)}
          />
          <p className="help">{say("keeping.why.keep")}</p>
        </div>
        {FLAGS.map((name) => (
          <Toggle
            key={name}
            label={say(`keeping.${name}`)}
            help={
              <>
                {say(`keeping.what.${name}`)} {say(`keeping.why.${name}`)}
              </>
            }
            on={settings[name]}
            onChange={(on) => void decide({ [name]: on })}
          />
        ))}
        <Failed task={task} />
      </div>
      {asking !== undefined && (
        <Ask
          title={say("keeping.goSure", {
            count: goingNow(entries, { ...settings, keep: asking }, kept),
          })}
          text={say("keeping.goText", { time: keepWord(asking) })}
          onClose={() => setAsking(undefined)}
          yes={
            <>
              <Btn onPress={() => setAsking(undefined)}>{say("do.cancel")}</Btn>
              <Btn
                look="danger"
                busy={task.busy}
                onPress={() => void decide({ keep: asking }).then(() => setAsking(undefined))}
              >
                {say("keeping.goYes")}
              </Btn>
            </>
          }
        />
      )}
    </section>
  );
}

/** Contacts for whom it is not as usual. */
function Exceptions() {
  const people = useAppState((state) => state.people);
  const others = people.filter(({ rules }) => rules.keepsHours !== undefined);
  return (
    <section>
      <h2 className="group-title">{say("keeping.people")}</h2>
      {others.length === 0 ? (
        <Note>{say("keeping.noPeople")}</Note>
      ) : (
        <div className="ways">
          {others.map(({ id, name, rules }) => (
            <Way
              key={id}
              icon="person"
              title={<Name of={name} />}
              help={keepWord(rules.keepsHours ?? 0)}
              onPress={() => go({ at: "person", id })}
            />
          ))}
        </div>
      )}
    </section>
  );
}
