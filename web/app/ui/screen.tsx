/**
 * Screens whose code is fetched when they are opened, or a little ahead.
 *
 * What stood behind a fallback React shows no sooner than 300 ms after the fallback, however soon
 * it is there. A screen that was fetched ahead is therefore drawn at once, with no fallback.
 */

import { type ComponentType, lazy, useState } from "react";

export type Screen<P> = ComponentType<P> & Readonly<{ ahead: () => Promise<void> }>;

/** Return a component for the screen that `load` fetches. */
export function screen<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
): Screen<P> {
  let here: ComponentType<P> | undefined;
  const fetched = async () => {
    const found = await load();
    here = found.default;
    return found;
  };
  const Later = lazy(fetched) as unknown as ComponentType<P>;
  // biome-ignore lint/correctness/noComponentHookFactories: made once, as a module is read
  function Shown(props: P) {
    // Decided once: it must not become another component while it stands there.
    const [Drawn] = useState(() => here ?? Later);
    return <Drawn {...props} />;
  }
  return Object.assign(Shown, {
    /** Fetch its code. A failure is no loss: opening it fetches anew, and says so if that fails. */
    ahead: async () => {
      await fetched().catch(() => undefined);
    },
  });
}
