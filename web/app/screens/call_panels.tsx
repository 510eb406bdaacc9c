/** What opens over a call: more, devices, security, keyboard, and the guard before a screen is shared. */

import { lazy, Suspense } from "react";
import { later, say } from "../i18n/text.ts";
import type { CallView } from "../model.ts";
import { useCallRecording, useModel } from "../model_hooks.tsx";
import { DeskChoices, DeskTroubles } from "../ui/desk.tsx";
import { EffectSwitches } from "../ui/effects.tsx";
import { KeyList, type KeyRow } from "../ui/key_list.tsx";
import { Named, Way } from "../ui/parts.tsx";
import { ShareGuard } from "../ui/share_guard.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { Security } from "./security.tsx";

/** Fetched when it is wanted: few calls are recorded, and each waits for this file. */
const AskToRecord = lazy(() => import("./recording_ask.tsx"));
const Receipt = lazy(() => later(() => import("./receipt_sheet.tsx")));

export type PanelName = "more" | "devices" | "security" | "keys" | "share" | "record" | "receipt";

export type Acts = Readonly<
  Record<"mic" | "camera" | "share" | "text" | "full" | "pip" | "end", () => void>
>;

export function Panels(props: {
  panel: PanelName;
  call: CallView;
  act: Acts;
  full: boolean;
  canShare: boolean;
  open: (panel: PanelName | undefined) => void;
  onChat: () => void;
}) {
  const { calls } = useModel();
  const close = () => props.open(undefined);
  switch (props.panel) {
    case "more":
      return <More {...props} close={close} />;
    case "devices":
      return (
        <Sheet title={say("desk.title")} onClose={close}>
          <DeskTroubles />
          <DeskChoices
            {...(props.call.media === "voice" && { kinds: ["microphone", "speaker"] as const })}
          />
          <EffectSwitches {...(props.call.media === "voice" && { effects: ["noise"] as const })} />
        </Sheet>
      );
    case "security":
      return <Security call={props.call} onClose={close} onDiffer={props.act.end} />;
    case "keys":
      return <KeyList keys={KEYS} onClose={close} />;
    case "record":
      return (
        <Suspense>
          <AskToRecord onClose={close} />
        </Suspense>
      );
    case "receipt":
      return (
        <Suspense>
          <Receipt onClose={close} />
        </Suspense>
      );
    case "share":
      return (
        <ShareGuard
          preview={<Named k="share.preview" name={props.call.person.name} />}
          by={calls}
          onClose={close}
        />
      );
  }
}

function More(props: {
  call: CallView;
  act: Acts;
  full: boolean;
  canShare: boolean;
  open: (panel: PanelName | undefined) => void;
  onChat: () => void;
  close: () => void;
}) {
  const { act, close, open, call } = props;
  // What is recorded is said on every picture of a call, and that window has no room for it.
  const recording = useCallRecording();
  const isRecorded = recording !== undefined && recording.recorded.length > 0;
  const then = (work: () => void) => () => {
    close();
    work();
  };
  return (
    <Sheet title={say("call.more")} onClose={close}>
      <div className="ways">
        {props.canShare && (
          <Way
            icon="screen"
            title={say(call.sharing ? "call.stopShare" : "call.share")}
            onPress={call.sharing ? then(act.share) : () => open("share")}
          />
        )}
        <Way icon="chat" title={say("call.chat")} onPress={props.onChat} />
        {recording && (
          <Way icon="record" title={say("askRecord.title")} onPress={() => open("record")} />
        )}
        {recording && (
          <Way icon="file" title={say("receipt.title")} onPress={() => open("receipt")} />
        )}
        <Way icon="shield" title={say("call.security")} onPress={() => open("security")} />
        <Way icon="settings" title={say("call.devices")} onPress={() => open("devices")} />
        {document.pictureInPictureEnabled && call.media === "video" && !isRecorded && (
          <Way icon="pip" title={say("call.pip")} onPress={then(act.pip)} />
        )}
        {document.fullscreenEnabled && (
          <Way
            icon={props.full ? "fullOff" : "full"}
            title={say(props.full ? "call.fullOff" : "call.full")}
            onPress={then(act.full)}
          />
        )}
        <Way icon="keyboard" title={say("call.keys")} onPress={() => open("keys")} />
      </div>
    </Sheet>
  );
}

const KEYS: readonly KeyRow[] = [
  ["M", "keys.mute"],
  ["V", "keys.camera"],
  ["S", "keys.share"],
  ["T", "keys.text"],
  ["F", "keys.full"],
  ["P", "keys.pip"],
  ["O", "keys.self"],
  ["I", "keys.security"],
  ["H", "keys.hangUp"],
  ["?", "keys.list"],
];
