/** Moving to another server, in states worth looking at. */

import { lazy, type ReactNode } from "react";
import * as f from "./fixtures.ts";
import * as m from "./fixtures_move.ts";
import type { Scene } from "./scenes.tsx";

const Move = lazy(() => import("../screens/move.tsx"));
const Awaited = lazy(() => import("../screens/awaited.tsx"));
const BringIn = lazy(() => import("../screens/bring_in.tsx"));
const MakeFile = lazy(async () => ({
  default: (await import("../screens/move_make.tsx")).MakeFile,
}));
const TellContacts = lazy(async () => ({
  default: (await import("../screens/move_tell.tsx")).TellContacts,
}));
const nothing = () => undefined;
const landing = { kind: "signup", link: "https://calls.example.org/signup#AAAA" } as const;
const ROUTE = { at: "move" } as const;

function page(screen: ReactNode, sheet?: ReactNode): ReactNode {
  return (
    <>
      <div className="shell at-page">
        <main className="panes">
          <div className="pane-list" />
          <div className="pane-page">{screen}</div>
        </main>
      </div>
      {sheet}
    </>
  );
}

function bring(props: Partial<Parameters<typeof BringIn>[0]> = {}): ReactNode {
  return <BringIn landing={landing} leave={nothing} {...props} />;
}

const AWAITING = { awaited: m.AWAITED } as const;

export const MOVE_SCENES: Readonly<Record<string, () => Scene>> = {
  move: () => ({ route: ROUTE }),
  "move-nobody": () => ({ route: ROUTE, state: { people: [], threads: new Map() } }),
  "move-make": () => ({ element: page(<Move />, <MakeFile onClose={nothing} />) }),
  "move-make-own": () => ({ element: page(<Move />, <MakeFile onClose={nothing} how="own" />) }),
  "move-make-passkey": () => ({
    element: page(<Move />, <MakeFile onClose={nothing} />),
    ways: f.PASSKEYS_ONLY,
  }),
  "move-made": () => ({
    element: page(<Move />, <MakeFile onClose={nothing} first={{ how: "made", ...m.MADE }} />),
  }),
  "move-made-own": () => ({
    element: page(<Move />, <MakeFile onClose={nothing} first={{ how: "own", ...m.MADE }} />),
  }),
  "move-tell": () => ({ element: page(<Move />, <TellContacts onClose={nothing} />) }),
  "move-tell-whom": () => ({
    element: page(<Move />, <TellContacts onClose={nothing} link={f.INVITE} text={m.TOLD} />),
  }),
  "bring-in": () => ({ element: bring() }),
  "bring-in-chosen": () => ({ element: bring({ chosen: m.CHOSEN }) }),
  "bring-in-cut": () => ({ element: bring({ refused: "cut" }) }),
  "bring-in-wrong": () => ({ element: bring({ chosen: m.CHOSEN, refused: "passphrase" }) }),
  "bring-in-found": () => ({ element: bring({ brought: m.BROUGHT }) }),
  "home-awaited": () => ({ state: { people: [], threads: new Map(), ...AWAITING } }),
  "add-awaited": () => ({ route: { at: "add" }, state: AWAITING }),
  awaited: () => ({ route: { at: "awaited" }, state: AWAITING }),
  "awaited-none": () => ({ route: { at: "awaited" } }),
  "awaited-link": () => ({ element: page(<Awaited link={f.INVITE} />), state: AWAITING }),
  "awaited-forget": () => {
    const [forgetting] = m.AWAITED;
    return {
      element: page(<Awaited {...(forgetting && { forgetting })} />),
      state: AWAITING,
    };
  },
  "awaited-rtl": () => ({ route: { at: "awaited" }, state: AWAITING, dir: "rtl" }),
};
