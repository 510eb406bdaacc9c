/** Recording with everybody's yes, in states worth looking at. */

import type { ReactNode } from "react";
import { lazy } from "react";
import type { CallView } from "../model.ts";
import type { Part, RecordingView } from "../model_recording.ts";
import type { Draft } from "../screens/recording_ask.tsx";
import { Recorded } from "../ui/recorded.tsx";
import * as f from "./fixtures.ts";
import * as g from "./fixtures_group_call.ts";
import * as r from "./fixtures_recording.ts";
import type { Scene } from "./scenes.tsx";
import { painted } from "./streams.ts";

const Call = lazy(() => import("../screens/call.tsx"));
const GroupCall = lazy(() => import("../screens/group_call.tsx"));
const Guest = lazy(() => import("../screens/guest.tsx"));
const Consents = lazy(() => import("../screens/consents.tsx"));
const Recordings = lazy(() => import("../screens/recordings.tsx"));
const CallReceipts = lazy(() => import("../screens/call_receipts.tsx"));
const ReceiptOfCall = lazy(() => import("../screens/receipt_sheet.tsx"));
const Law = lazy(() => import("../screens/recording_law.tsx"));
const AskToRecord = lazy(() => import("../screens/recording_ask.tsx"));
const nothing = () => undefined;

const DRAFT: Draft = {
  kinds: ["audio", "transcript"],
  purpose: "Minutes of the meeting of the house",
  days: 14,
  clear: true,
  named: "The house's board",
};

function talk(change: Partial<CallView> = {}): CallView {
  return { ...f.CALL, remote: painted("window"), self: painted("desk"), ...change };
}

function two(change: Partial<RecordingView>, call: Partial<CallView> = {}): Scene {
  return { state: { call: talk(call), recording: r.recordingOf(change) } };
}

function many(change: Partial<RecordingView>): Scene {
  const members = g.members(6, [painted("window"), painted("desk"), painted("garden")]);
  return { state: { groupCall: { ...g.GROUP_CALL, members }, recording: r.recordingOf(change) } };
}

/** With what opens over it. */
function over(element: ReactNode, change: Partial<RecordingView>): Scene {
  return {
    element: (
      <>
        <Recorded />
        {element}
      </>
    ),
    state: { recording: r.recordingOf(change) },
  };
}

/** With what is seen outside of calls. */
function rest(scene: Scene, never = false): Scene {
  return { ...scene, state: { recording: { ...r.RECORDING_AT_REST, never }, ...scene.state } };
}

function page(screen: ReactNode): Scene {
  return rest({
    element: (
      <div className="shell at-page">
        <main className="panes">
          <div className="pane-list" />
          <div className="pane-page">{screen}</div>
        </main>
      </div>
    ),
  });
}

/** Two who send their picture too, the same two seconds in each part. */
function pictured(): readonly Part[] {
  const films = new Map<string, Promise<Blob>>();
  return r.PARTS.map((part) => ({
    ...part,
    id: `${part.id} video`,
    kind: "video" as const,
    open: async () => {
      const film = films.get(part.name) ?? filmed(part.name === f.MIRA.name ? "window" : "desk");
      films.set(part.name, film);
      return film;
    },
  }));
}

async function filmed(who: "window" | "desk"): Promise<Blob> {
  const film = new MediaRecorder(painted(who), { mimeType: "video/webm;codecs=vp8" });
  const data = new Promise<Blob>((resolve) => {
    film.ondataavailable = (event) => resolve(event.data);
  });
  film.start();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  film.stop();
  return data;
}

const NO_RECEIPTS = r.NO_RECORDING.receipts;
const SIGNED = { id: "c1", own: false, askedBy: f.MIRA.name, why: "complete", by: null } as const;

const NEVER = { ...f.MIRA, neverRecorded: true };

const BOTH = [r.RECORDED, r.RECORDED_OWN];
const GIVEN = { ...r.ASKED, answer: "given", agreed: ["audio"] } as const;

export const RECORDING_SCENES: Readonly<Record<string, () => Scene>> = {
  "record-request": () => two({ requests: [r.ASKED] }),
  "record-request-all": () => two({ requests: [r.ASKED_ALL] }),
  "record-request-hostile": () => two({ requests: [r.ASKED_HOSTILE] }),
  "record-request-writing": () => two({ requests: [r.ASKED] }, { text: f.TEXT }),
  "record-request-group": () => many({ requests: [r.ASKED_ALL], recorded: [r.RECORDED] }),
  "record-given": () => two({ requests: [GIVEN] }),
  "record-own-asked": () => many({ own: r.OWN_ASK }),
  recorded: () => two({ requests: [GIVEN], recorded: [r.RECORDED] }),
  "recorded-own": () => two({ recorded: [r.RECORDED_OWN] }),
  "recorded-both": () => two({ recorded: BOTH }),
  "recorded-hostile": () => two({ recorded: [{ ...r.RECORDED, by: f.HOSTILE.name }] }),
  "recorded-group": () => many({ recorded: BOTH }),
  "recorded-more": () =>
    over(<Call call={talk()} onChat={nothing} panel="more" />, { recorded: [r.RECORDED] }),
  "recorded-roster": () =>
    over(
      <GroupCall
        call={{ ...g.GROUP_CALL, members: g.members(6) }}
        aside={false}
        onAside={nothing}
        first={{ roster: true }}
      />,
      { recorded: [r.RECORDED] },
    ),
  "recorded-rtl": () => ({ ...two({ recorded: BOTH, requests: [r.ASKED_ALL] }), dir: "rtl" }),
  "record-ask": () => over(<Call call={talk()} onChat={nothing} panel="record" />, {}),
  "record-ask-filled": () =>
    over(
      <>
        <Call call={talk()} onChat={nothing} />
        <AskToRecord onClose={nothing} first={DRAFT} />
      </>,
      {},
    ),
  "record-ask-never": () =>
    over(<Call call={talk()} onChat={nothing} panel="record" />, {
      mayNotAsk: "never",
      neverNames: [f.MIRA.name],
    }),
  "record-ask-confidential": () =>
    over(<Call call={talk({ confidential: true })} onChat={nothing} panel="record" />, {
      mayNotAsk: "confidential",
    }),
  "record-law": () =>
    over(
      <>
        <Call call={talk()} onChat={nothing} />
        <Law onClose={nothing} />
      </>,
      {},
    ),
  "record-preview": () => rest({ route: { at: "preview", id: f.MIRA.id, media: "video" } }),
  "record-preview-never": () =>
    rest({
      route: { at: "preview", id: f.MIRA.id, media: "voice" },
      state: { people: [NEVER, ...f.PEOPLE.slice(1)] },
    }),
  "record-preview-own": () =>
    rest({ route: { at: "preview", id: f.MIRA.id, media: "voice" } }, true),
  "record-preview-guest": () =>
    rest({ element: <Guest link="" leave={nothing} />, state: { groupCall: undefined } }),
  "record-incoming": () =>
    rest({
      state: { incoming: { person: f.MIRA, media: "video", firstCall: true, confidential: false } },
    }),
  "record-incoming-group": () => rest({ state: { incomingGroup: g.INCOMING_GROUP } }),
  "record-settings": () => rest({ route: { at: "settings" } }),
  "record-rules": () => rest({ route: { at: "person", id: f.MIRA.id } }),
  consents: () => rest({ route: { at: "consents" } }),
  "consents-none": () => page(<Consents first={[]} />),
  "consents-receipt": () => page(<Consents open={{ id: "a1", form: "receipt" }} />),
  "consents-kantara": () => page(<Consents open={{ id: "a1", form: "kantara" }} />),
  "consents-rtl": () => ({ ...rest({ route: { at: "consents" } }), dir: "rtl" }),
  recordings: () => rest({ route: { at: "recordings" } }),
  "recordings-none": () => page(<Recordings first={[]} />),
  "recordings-player": () =>
    page(<Recordings open={{ id: "r1", what: "player", parts: [...r.PARTS, ...pictured()] }} />),
  "recordings-sound": () =>
    page(<Recordings open={{ id: "r1", what: "player", parts: r.PARTS }} />),
  "recordings-export": () => page(<Recordings open={{ id: "r1", what: "export" }} />),
  "recordings-exporting": () =>
    page(
      <Recordings
        first={r.RECORDINGS.slice(0, 1)}
        open={{ id: "r1", what: "player", done: 0.4 }}
      />,
    ),
  "recordings-remove": () => page(<Recordings open={{ id: "r1", what: "remove" }} />),
  "receipt-ask": () =>
    over(<Call call={talk()} onChat={nothing} panel="receipt" />, {
      receipts: { ...NO_RECEIPTS, mayNotAsk: null },
    }),
  "receipt-asked": () => two({ receipts: { ...NO_RECEIPTS, asked: r.ASKED_RECEIPT } }),
  "receipt-answer": () =>
    over(
      <>
        <Call call={talk()} onChat={nothing} />
        <ReceiptOfCall asked={r.ASKED_RECEIPT} onClose={nothing} />
      </>,
      {},
    ),
  "receipt-complete": () => two({ receipts: { ...NO_RECEIPTS, ended: [SIGNED] } }),
  receipts: () => rest({ route: { at: "receipts" } }),
  "receipts-none": () => page(<CallReceipts first={[]} />),
  "receipts-save": () =>
    page(<CallReceipts first={r.RECEIPTS} open={{ id: "c1", what: "save" }} />),
  "record-held": () => two({ held: true }),
  "record-held-asked": () => two({ held: true, requests: [r.ASKED] }),
  "record-held-group": () => many({ held: true, requests: [r.ASKED] }),
};

/** Questions that are put aside, and what opens only when something is pressed. */
export const RECORDING_PRESSED: Readonly<Record<string, readonly [string, string]>> = {
  "record-request-closed": ["record-request", "Close"],
  "record-held-closed": ["record-held-asked", "Close"],
  "record-ask-missing": ["record-ask", "Ask everybody"],
  "record-request-none": ["record-request", "Yes"],
};
