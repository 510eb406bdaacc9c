/** What can be done about one's data, and where the rest of it is decided. */

import { useState } from "react";
import type { ServerData } from "../../core/account_data.ts";
import { type Key, say } from "../i18n/text.ts";
import type { IconName } from "../icons.tsx";
import { useRecording } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { NoticeLink } from "../ui/notice_link.tsx";
import { Way } from "../ui/parts.tsx";
import { CloseAccount } from "./data_close.tsx";
import { Freeze } from "./data_freeze.tsx";
import { Objecting } from "./data_object.tsx";
import { SaveData } from "./data_save.tsx";
import { Shorten } from "./data_shorten.tsx";

export type Action = "save" | "shorten" | "freeze" | "object" | "close";

const ACTIONS = {
  save: ["download", "data.save", "data.saveHelp"],
  shorten: ["moon", "data.shorten", "data.shortenHelp"],
  freeze: ["lock", "data.freeze", "data.freezeHelp"],
  object: ["block", "data.object", "data.objectHelp"],
  close: ["trash", "data.close", "data.closeHelp"],
} as const satisfies Record<Action, readonly [IconName, Key, Key]>;

export function Actions(props: {
  data: ServerData;
  onChanged: () => Promise<unknown>;
  first?: Action | undefined;
}) {
  const { data, onChanged } = props;
  const [open, setOpen] = useState(props.first);
  const close = () => setOpen(undefined);
  const { choices } = data;
  const recording = useRecording();
  const offered = (Object.keys(ACTIONS) as Action[]).filter(
    (action) => action !== "freeze" || !choices.restricted,
  );
  return (
    <>
      <section>
        <h2 className="group-title">{say("data.do")}</h2>
        <div className="ways">
          {offered.map((action) => {
            const [icon, title, help] = ACTIONS[action];
            return (
              <Way
                key={action}
                icon={icon}
                title={say(title)}
                help={say(help)}
                onPress={() => setOpen(action)}
              />
            );
          })}
        </div>
      </section>
      <section>
        <h2 className="group-title">{say("data.related")}</h2>
        <div className="stack">
          <div className="ways">
            <Way
              icon="person"
              title={say("data.rename")}
              help={say("data.renameHelp")}
              onPress={() => go({ at: "rename" })}
            />
            <Way
              icon="phone"
              title={say("settings.keeping")}
              onPress={() => go({ at: "keeping" })}
            />
            <Way
              icon="devices"
              title={say("settings.devices")}
              onPress={() => go({ at: "devices" })}
            />
            {recording?.keeps && (
              <Way
                icon="check"
                title={say("settings.consents")}
                help={say("settings.consentsHelp")}
                onPress={() => go({ at: "consents" })}
              />
            )}
          </div>
          <NoticeLink />
        </div>
      </section>
      {open === "save" && <SaveData data={data} onClose={close} />}
      {open === "shorten" && <Shorten choices={choices} onClose={close} onDone={onChanged} />}
      {open === "freeze" && <Freeze onClose={close} onDone={onChanged} />}
      {open === "object" && (
        <Objecting
          data={data}
          onClose={close}
          onFreeze={choices.restricted ? undefined : () => setOpen("freeze")}
        />
      )}
      {open === "close" && <CloseAccount onClose={close} />}
    </>
  );
}
