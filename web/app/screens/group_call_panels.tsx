/** What opens over a group call: more, devices, security, keyboard, and the guard before sharing. */

import { lazy, Suspense } from "react";
import { later, number, say } from "../i18n/text.ts";
import type { GroupCallView } from "../model_group_call.ts";
import { useCallRecording, useModel } from "../model_hooks.tsx";
import { DeskChoices, DeskTroubles } from "../ui/desk.tsx";
import { EffectSwitches } from "../ui/effects.tsx";
import { KeyList, type KeyRow } from "../ui/key_list.tsx";
import { Way } from "../ui/parts.tsx";
import { ShareGuard } from "../ui/share_guard.tsx";
import { Sheet } from "../ui/sheet.tsx";
import type { Acts } from "./group_call_controls.tsx";

/** Fetched when it is wanted: few calls are recorded, and each waits for this file. */
const AskToRecord = lazy(() => import("./recording_ask.tsx"));
const Receipt = lazy(() => later(() => import("./receipt_sheet.tsx")));

export type PanelName = "more" | "devices" | "security" | "keys" | "share" | "record" | "receipt";

type Props = Readonly<{
  call: GroupCallView;
  act: Acts;
  full: boolean;
  canShare: boolean;
  isGrid: boolean;
  open: (panel: PanelName | undefined) => void;
}>;

export function Panels(props: Props & { panel: PanelName }) {
  const { groupCall } = useModel();
  const close = () => props.open(undefined);
  const voice = props.call.media === "voice";
  switch (props.panel) {
    case "more":
      return <More {...props} close={close} />;
    case "devices":
      return (
        <Sheet title={say("desk.title")} onClose={close}>
          <DeskTroubles />
          <DeskChoices {...(voice && { kinds: ["microphone", "speaker"] as const })} />
          <EffectSwitches {...(voice && { effects: ["noise"] as const })} />
        </Sheet>
      );
    case "security":
      return <Security call={props.call} onClose={close} />;
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
      return <ShareGuard preview={say("groupCall.sharePreview")} by={groupCall} onClose={close} />;
  }
}

function More(props: Props & { close: () => void }) {
  const { act, close, open, call } = props;
  const then = (work: () => void) => () => {
    close();
    work();
  };
  const isIn = call.state === "inCall";
  const recording = useCallRecording();
  return (
    <Sheet title={say("call.more")} onClose={close}>
      <div className="ways">
        <Way icon="people" title={say("groupCall.hear")} onPress={then(act.roster)} />
        {isIn && (
          <Way
            icon={props.isGrid ? "spotlight" : "grid"}
            title={say(props.isGrid ? "groupCall.spotlightLong" : "groupCall.gridLong")}
            onPress={then(act.view)}
          />
        )}
        {props.canShare && isIn && (
          <Way
            icon="screen"
            title={say(call.sharing ? "call.stopShare" : "call.share")}
            onPress={call.sharing ? then(act.share) : () => open("share")}
          />
        )}
        {!call.isGuest && <Way icon="chat" title={say("call.chat")} onPress={act.aside} />}
        {recording && isIn && (
          <Way icon="record" title={say("askRecord.title")} onPress={() => open("record")} />
        )}
        {recording && isIn && (
          <Way icon="file" title={say("receipt.title")} onPress={() => open("receipt")} />
        )}
        <Way icon="shield" title={say("call.security")} onPress={() => open("security")} />
        <Way icon="settings" title={say("call.devices")} onPress={() => open("devices")} />
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
  ["R", "groupCall.keys.hand"],
  ["E", "groupCall.react"],
  ["G", "groupCall.keys.view"],
  ["W", "groupCall.hear"],
  ["PgDn", "groupCall.keys.pages"],
  ["F", "keys.full"],
  ["O", "keys.self"],
  ["I", "keys.security"],
  ["H", "groupCall.keys.leave"],
  ["?", "keys.list"],
];

/** What the security of this call rests on. */
function Security(props: { call: GroupCallView; onClose: () => void }) {
  const { call } = props;
  const compared = call.members.filter(({ verified, own }) => verified && !own).length;
  return (
    <Sheet title={say("security.title")} onClose={props.onClose}>
      <dl className="inspect">
        <div>
          <dt>{say("security.identity")}</dt>
          <dd>{say("groupCall.compared", { count: compared })}</dd>
        </div>
        <div>
          <dt>{say("security.path")}</dt>
          <dd>{say(`groupCall.path.${call.path}`)}</dd>
        </div>
        <div>
          <dt>{say("security.suite")}</dt>
          <dd className="code" dir="ltr">
            {call.suite}
          </dd>
          <dd className="help">{say("security.suiteHelp")}</dd>
        </div>
        {call.epoch !== undefined && (
          <div>
            <dt>{say("security.epoch")}</dt>
            <dd className="code">{number(call.epoch)}</dd>
            <dd className="help">{say("security.epochHelp")}</dd>
          </div>
        )}
      </dl>
    </Sheet>
  );
}
