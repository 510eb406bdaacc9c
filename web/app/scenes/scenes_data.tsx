/** The page "Your data", in states worth looking at. */

import { lazy, type ReactNode } from "react";
import * as d from "./fixtures_data.ts";
import type { Scene } from "./scenes.tsx";

const YourData = lazy(() => import("../screens/your_data.tsx"));
const Delete = lazy(async () => ({
  default: (await import("../screens/data_delete.tsx")).DeleteData,
}));
const nothing = () => undefined;
const done = async () => undefined;

function page(props: Partial<Parameters<typeof YourData>[0]>, sheet?: ReactNode): ReactNode {
  return (
    <>
      <div className="shell at-page">
        <main className="panes">
          <div className="pane-list" />
          <div className="pane-page">
            <YourData first={d.LOOKED} {...props} />
          </div>
        </main>
      </div>
      {sheet}
    </>
  );
}

const ROUTE = { at: "data" } as const;

export const DATA_SCENES: Readonly<Record<string, () => Scene>> = {
  data: () => ({ route: ROUTE }),
  "data-ahead": () => ({ element: page({ when: "ahead" }) }),
  "data-frozen": () => ({ route: ROUTE, data: d.dataOf(d.FROZEN) }),
  "data-loading": () => ({ route: ROUTE, data: d.dataWaiting() }),
  "data-offline": () => ({
    route: ROUTE,
    data: d.dataOffline(),
    state: { connection: "offline" },
  }),
  "data-rows": () => ({ route: { at: "dataRows", kind: "envelopes", inDays: 0 } }),
  "data-rows-many": () => ({ route: { at: "dataRows", kind: "devices", inDays: 0 } }),
  "data-rows-none": () => ({ route: { at: "dataRows", kind: "push", inDays: 0 } }),
  "data-delete": () => ({
    element: page({}, <Delete kind="envelopes" onClose={nothing} onDone={done} />),
  }),
  "data-deleted": () => ({
    element: page(
      {},
      <Delete
        kind="envelopes"
        removed={{ rows: 2, receipt: d.GOOD_RECEIPT }}
        onClose={nothing}
        onDone={done}
      />,
    ),
  }),
  closed: () => ({ state: { phase: { kind: "closed", receipt: d.ACCOUNT_RECEIPT } } }),
  "closed-bad": () => ({ state: { phase: { kind: "closed", receipt: { kind: "bad" } } } }),
  "data-save": () => ({ element: page({ action: "save" }) }),
  "data-shorten": () => ({ element: page({ action: "shorten" }) }),
  "data-freeze": () => ({ element: page({ action: "freeze" }) }),
  "data-object": () => ({ element: page({ action: "object" }) }),
  "data-close": () => ({ element: page({ action: "close" }) }),
  "data-rtl": () => ({ route: ROUTE, dir: "rtl" }),
};
