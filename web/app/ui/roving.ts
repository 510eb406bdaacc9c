/** Many buttons that are one stop of the Tab key: arrows, Home and End go from one to the next. */

import { type KeyboardEvent, useState } from "react";

const STEPS: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};
/** Where one writes from right to left, the next one is on the left. */
const TURNED: Readonly<Record<string, string>> = {
  ArrowRight: "ArrowLeft",
  ArrowLeft: "ArrowRight",
};

export type Roving = Readonly<{
  /** For the element around the buttons. */
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  /** For each button, by its place among them. */
  stop: (at: number) => Readonly<{ tabIndex: 0 | -1; onFocus: () => void }>;
}>;

/** @param count how many buttons there are; places beyond it count as the last. */
export function useRoving(count: number): Roving {
  const [focused, setFocused] = useState(0);
  const current = Math.max(0, Math.min(focused, count - 1));
  return {
    onKeyDown: (event) => {
      const around = event.currentTarget;
      const isTurned = getComputedStyle(around).direction === "rtl";
      const step = STEPS[(isTurned && TURNED[event.key]) || event.key];
      const buttons = [...around.querySelectorAll<HTMLButtonElement>("button[data-roving]")];
      const { target } = event;
      const at = target instanceof HTMLButtonElement ? buttons.indexOf(target) : -1;
      if (step === undefined || at < 0) return;
      event.preventDefault();
      buttons[step(at, buttons.length)]?.focus();
    },
    stop: (at) => ({ tabIndex: at === current ? 0 : -1, onFocus: () => setFocused(at) }),
  };
}
