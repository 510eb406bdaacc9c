/** Three presets; before one is chosen a table says every setting, what it is and what it becomes. */

import { type Change, changes, PRESETS, Preset } from "../../core/keeping.ts";
import { type Key, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { goingNow, keepWord, useKept } from "../ui/keep_words.ts";
import { Btn, Note, Way } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

const NAMES: Readonly<Record<Preset, Key>> = {
  [Preset.CONVENIENT]: "preset.convenient",
  [Preset.BALANCED]: "preset.balanced",
  [Preset.NOTHING_KEPT]: "preset.nothing",
};
const HELPS: Readonly<Record<Preset, Key>> = {
  [Preset.CONVENIENT]: "preset.convenientHelp",
  [Preset.BALANCED]: "preset.balancedHelp",
  [Preset.NOTHING_KEPT]: "preset.nothingHelp",
};

export function Presets(props: { now: Preset | undefined; onChoose: (preset: Preset) => void }) {
  return (
    <div className="stack tight">
      <div className="ways">
        {Object.values(Preset).map((preset) => (
          <Way
            key={preset}
            icon={preset === props.now ? "check" : "shield"}
            title={
              preset === props.now
                ? say("preset.chosen", { name: say(NAMES[preset]) })
                : say(NAMES[preset])
            }
            help={say(HELPS[preset])}
            onPress={() => props.onChoose(preset)}
          />
        ))}
      </div>
      <p className="help">{say(props.now === undefined ? "preset.own" : "preset.note")}</p>
    </div>
  );
}

export function PresetSheet({ preset, onClose }: { preset: Preset; onClose: () => void }) {
  const { history } = useModel();
  const { entries, settings } = useAppState((state) => state.history);
  const kept = useKept();
  const task = useTask();
  const rows = changes(settings, preset);
  const going = goingNow(entries, PRESETS[preset], kept);
  const same = rows.every(({ now, next }) => now === next);
  return (
    <Sheet title={say(NAMES[preset])} onClose={onClose}>
      <table className="then">
        <caption className="unseen">{say("preset.table")}</caption>
        <thead>
          <tr>
            <th scope="col">{say("preset.setting")}</th>
            <th scope="col">{say("preset.now")}</th>
            <th scope="col">{say("preset.then")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((change) => (
            <Row key={change.name} change={change} />
          ))}
        </tbody>
      </table>
      {going > 0 && <Note tone="warm">{say("preset.going", { count: going })}</Note>}
      {same && <p className="soft">{say("preset.same")}</p>}
      <Failed task={task} />
      <div className="actions">
        <Btn onPress={onClose}>{say(same ? "do.close" : "do.cancel")}</Btn>
        {!same && (
          <Btn
            look="primary"
            busy={task.busy}
            onPress={() =>
              void task
                .run(() => history.choose(preset))
                .then((done) => {
                  if (done) onClose();
                })
            }
          >
            {say("preset.choose")}
          </Btn>
        )}
      </div>
    </Sheet>
  );
}

function Row({ change: { name, now, next } }: { change: Change }) {
  const changed = now !== next;
  return (
    <tr className={changed ? "changed" : ""}>
      <th scope="row">{say(`keeping.${name}`)}</th>
      <td>{valueWord(now)}</td>
      <td>
        {changed && <Icon name="next" small />}
        {valueWord(next)}
        <span className="unseen">{say(changed ? "preset.changes" : "preset.stays")}</span>
      </td>
    </tr>
  );
}

function valueWord(value: number | boolean): string {
  if (typeof value === "number") return keepWord(value);
  return say(value ? "keeping.yes" : "keeping.no");
}
