/** Before a call of two: look at oneself, or not, and choose what stays of it. */

import { useEffect, useState } from "react";
import { say } from "../i18n/text.ts";
import type { Media, PersonId } from "../model.ts";
import type { CallKind } from "../model_actions.ts";
import { useModel, usePerson } from "../model_hooks.tsx";
import { replace } from "../router.ts";
import { Toggle } from "../ui/fields.tsx";
import { Named } from "../ui/parts.tsx";
import { BeforeCall, useDesk } from "./before_call.tsx";
import { BeforeRecording } from "./recording_before.tsx";

export default function Preview({ id, media }: { id: PersonId; media: Media }) {
  const { calls } = useModel();
  const person = usePerson(id);
  const [how, setHow] = useState<CallKind>("usual");
  const confidential = how === "confidential";
  const ready = useDesk();
  useEffect(() => {
    // What comes of it is a saving: whatever is wrong, `start` is told.
    const expect = (wanted: Parameters<typeof calls.expect>[0]) =>
      void calls.expect(wanted).catch(() => undefined);
    if (ready) expect({ media, confidential });
    return () => expect(undefined);
  }, [calls, media, confidential, ready]);
  if (person === undefined) return <section className="page" />;
  const start = async () => {
    await calls.start(id, media, how);
    replace({ at: "thread", id });
  };
  return (
    <BeforeCall
      media={media}
      title={<Named k="preview.title" name={person.name} />}
      begin={say(media === "video" ? "preview.video" : "preview.voice")}
      note={say("preview.note")}
      start={start}
      first={<BeforeRecording people={[id]} confidential={confidential} />}
    >
      <div className="card rows">
        <Toggle
          label={say("preview.traceless")}
          help={say(confidential ? "preview.tracelessToo" : "preview.tracelessHelp")}
          on={how !== "usual"}
          disabled={confidential}
          onChange={(on) => setHow(on ? "traceless" : "usual")}
        />
        {person.verified && (
          <Toggle
            label={say("preview.confidential")}
            help={say("preview.confidentialHelp")}
            on={confidential}
            onChange={(on) => setHow(on ? "confidential" : "usual")}
          />
        )}
      </div>
    </BeforeCall>
  );
}
