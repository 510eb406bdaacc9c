/** Switches for what is done to picture and sound here, before anything is sent. */

import { type Key, say } from "../i18n/text.ts";
import type { BlurState, Effect, NoiseState } from "../model.ts";
import { useAppState, useModel, useSupports } from "../model_hooks.tsx";
import { usePrefs } from "../prefs.ts";
import { Toggle } from "./fields.tsx";

const EFFECTS: readonly Effect[] = ["blur", "noise"];

/** What is said in place of the explanation while it is not simply on or off. */
const BLUR: Readonly<Partial<Record<BlurState, Key>>> = {
  starting: "effect.blur.starting",
  whole: "effect.blur.whole",
};
const NOISE: Readonly<Partial<Record<NoiseState, Key>>> = {
  browser: "effect.noise.browser",
  failed: "effect.noise.failed",
};

/** A card of those that this browser can; nothing where it can none. `brief` explains nothing. */
export function EffectSwitches(props: { effects?: readonly Effect[]; brief?: boolean }) {
  const { effects = EFFECTS, brief = false } = props;
  const can = { blur: useSupports("blur"), noise: useSupports("noise") };
  const shown = effects.filter((effect) => can[effect]);
  if (shown.length === 0) return null;
  return (
    <div className="card rows">
      {shown.map((effect) => (
        <EffectSwitch key={effect} effect={effect} brief={brief} />
      ))}
    </div>
  );
}

function EffectSwitch({ effect, brief }: { effect: Effect; brief: boolean }) {
  const { calls } = useModel();
  const on = usePrefs()[effect];
  const special = useAppState(({ desk }) =>
    effect === "blur" ? BLUR[desk.blur] : NOISE[desk.noise],
  );
  const help = special ?? (brief ? undefined : (`effect.${effect}.help` as const));
  return (
    <Toggle
      label={say(`effect.${effect}`)}
      {...(help && { help: <span role="status">{say(help)}</span> })}
      on={on}
      onChange={(wanted) => void calls.setEffect(effect, wanted)}
    />
  );
}
