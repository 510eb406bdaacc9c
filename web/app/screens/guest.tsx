/** A guest of a call link: a name, a look at oneself, asking to come in, and the call. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { GuestStage } from "../model_group_call.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Gathering } from "../ui/faces.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Title } from "../ui/parts.tsx";
import { BeforeCall, useDesk } from "./before_call.tsx";
import GroupCall from "./group_call.tsx";
import { BeforeRecording } from "./recording_before.tsx";

export default function Guest({ link, leave }: { link: string; leave: () => void }) {
  const { groupCall } = useModel();
  const call = useAppState((state) => state.groupCall);
  if (call === undefined) return <AskIn link={link} leave={leave} />;
  if (call.guest !== undefined && call.state !== "ended") {
    return <Waits stage={call.guest} onCancel={() => void groupCall.leave()} />;
  }
  return <GroupCall call={call} aside={false} onAside={() => undefined} />;
}

function AskIn({ link, leave }: { link: string; leave: () => void }) {
  const { groupCall } = useModel();
  const [name, setName] = useState("");
  useDesk();
  return (
    <main className="guest">
      <BeforeCall
        media="video"
        title={say("guest.title")}
        begin={say("guest.ask")}
        note={say("guest.note")}
        leave={leave}
        disabled={name.trim() === ""}
        start={() => groupCall.visit(link, name.trim(), "video")}
        first={
          <>
            <BeforeRecording people={[]} />
            <div className="card">
              <Field
                label={say("guest.name")}
                help={say("guest.nameHelp")}
                value={name}
                onChange={setName}
                autoComplete="name"
              />
            </div>
          </>
        }
      />
    </main>
  );
}

/** Whoever made the link decides; what stands here is all that a guest is told until then. */
function Waits({ stage, onCancel }: { stage: GuestStage; onCancel: () => void }) {
  return (
    <main className="room over" aria-label={say("guest.title")}>
      <div className="over-body" role="status">
        <Gathering id="" nearness="apart" />
        <Title>{say(`guest.${stage}`)}</Title>
        <p>{say(`guest.${stage}Help`)}</p>
        <Note tone="warm">{say("guest.unheard")}</Note>
        <div className="actions">
          <Btn onPress={onCancel}>{say("do.cancel")}</Btn>
        </div>
      </div>
    </main>
  );
}
