/** What opens over a call: more, devices, security, keyboard, and the guard before a screen is shared. */

import { useState } from "react";
import { type Key, say } from "../i18n/text.ts";
import type { CallView } from "../model.ts";
import { useModel } from "../model_hooks.tsx";
import { usePrefs } from "../prefs.ts";
import { DeskChoices, DeskTroubles } from "../ui/desk.tsx";
import { EffectSwitches } from "../ui/effects.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Named, Note, Way } from "../ui/parts.tsx";
import { Picture } from "../ui/picture.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { Security } from "./security.tsx";

export type PanelName = "more" | "devices" | "security" | "keys" | "share";

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
      return <Keys onClose={close} />;
    case "share":
      return <Guard call={props.call} onClose={close} />;
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
        <Way icon="shield" title={say("call.security")} onPress={() => open("security")} />
        <Way icon="settings" title={say("call.devices")} onPress={() => open("devices")} />
        {document.pictureInPictureEnabled && call.media === "video" && (
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

const KEYS: readonly (readonly [string, Key])[] = [
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

function Keys({ onClose }: { onClose: () => void }) {
  const { keys } = usePrefs();
  return (
    <Sheet title={say("keys.title")} onClose={onClose}>
      {!keys && <Note>{say("keys.off")}</Note>}
      <dl className="key-list">
        {KEYS.map(([key, word]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{say(word)}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}

/** Nothing of a screen leaves before the person has seen what would be seen. */
function Guard({ call, onClose }: { call: CallView; onClose: () => void }) {
  const { calls } = useModel();
  const [stream, setStream] = useState<MediaStream>();
  const task = useTask();
  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
  };
  const pick = () =>
    void task.run(async () => {
      stop();
      setStream(await calls.pickScreen());
    });
  return (
    <Sheet
      title={stream ? <Named k="share.preview" name={call.person.name} /> : say("share.title")}
      onClose={() => {
        stop();
        onClose();
      }}
    >
      {stream && <Picture stream={stream} className="share-preview" />}
      <p className="soft">{say(stream ? "share.previewLead" : "share.lead")}</p>
      <Failed task={task} />
      <div className="actions">
        <Btn look={stream ? "soft" : "primary"} icon="screen" busy={task.busy} onPress={pick}>
          {say(stream ? "share.other" : "share.pick")}
        </Btn>
        {stream && (
          <Btn
            look="primary"
            onPress={() =>
              void task
                .run(() => calls.share(stream))
                .then((good) => {
                  if (good) onClose();
                })
            }
          >
            {say("share.start")}
          </Btn>
        )}
      </div>
    </Sheet>
  );
}
