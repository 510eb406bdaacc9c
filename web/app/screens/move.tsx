/** Moving to another server: what goes along, what stays, and the steps in their order. */

import { useState } from "react";
import "./move.css";
import { type Key, say } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import { useAppState } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Btn, Note, Page, Way } from "../ui/parts.tsx";
import { Step } from "../ui/step.tsx";
import { MakeFile } from "./move_make.tsx";
import { TellContacts } from "./move_tell.tsx";

type Open = "make" | "tell";

const STAYS = [
  "move.staysMessages",
  "move.staysAccess",
  "move.staysDevices",
] as const satisfies Key[];

export default function Move(props: { first?: Open }) {
  const [open, setOpen] = useState(props.first);
  const contacts = useAppState(({ people, awaited }) => people.length + awaited.length);
  const calls = useAppState((state) => state.history.entries.length);
  const close = () => setOpen(undefined);
  return (
    <Page title={say("settings.move")} lead={say("move.lead")}>
      <Note tone="warm">{say("move.alone")}</Note>
      <section>
        <h2 className="group-title">{say("move.goes")}</h2>
        <Things
          kind="goes"
          icon="check"
          words={[
            say("move.goesKey"),
            say("move.goesContacts", { count: contacts }),
            say("move.goesCalls", { count: calls }),
          ]}
        />
      </section>
      <section>
        <h2 className="group-title">{say("move.stays")}</h2>
        <Things kind="stays" icon="close" words={STAYS.map((key) => say(key))} />
      </section>
      <Step number={1} title={say("move.makeStep")} text={say("move.makeText")}>
        <div className="actions">
          <Btn look="primary" icon="file" onPress={() => setOpen("make")}>
            {say("move.make")}
          </Btn>
        </div>
      </Step>
      <Step number={2} title={say("move.there")} text={say("move.thereText")} />
      <Step number={3} title={say("move.tellStep")} text={say("move.tellText")}>
        <div className="actions">
          <Btn icon="send" onPress={() => setOpen("tell")}>
            {say("move.tell")}
          </Btn>
        </div>
      </Step>
      <Step number={4} title={say("move.end")} text={say("move.endText")}>
        <div className="ways">
          <Way icon="person" title={say("data.title")} onPress={() => go({ at: "data" })} />
        </div>
      </Step>
      {open === "make" && <MakeFile onClose={close} />}
      {open === "tell" && <TellContacts onClose={close} />}
    </Page>
  );
}

function Things(props: { kind: "goes" | "stays"; icon: IconName; words: readonly string[] }) {
  return (
    <ul className={`card move-list ${props.kind}`}>
      {props.words.map((word) => (
        <li key={word}>
          <Icon name={props.icon} small />
          <span>{word}</span>
        </li>
      ))}
    </ul>
  );
}
