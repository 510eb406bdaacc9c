/** Before the call of a group: begun, or come into. */

import { say } from "../i18n/text.ts";
import type { Media } from "../model.ts";
import type { GroupKey } from "../model_groups.ts";
import { useGroup, useModel } from "../model_hooks.tsx";
import { replace } from "../router.ts";
import { Named } from "../ui/parts.tsx";
import { BeforeCall, useDesk } from "./before_call.tsx";
import { BeforeRecording } from "./recording_before.tsx";

export default function GroupPreview({ id, media }: { id: GroupKey; media: Media }) {
  const { groupCall } = useModel();
  const group = useGroup(id);
  useDesk();
  if (group === undefined) return <section className="page" />;
  const goesOn = group.goingOn !== undefined;
  const begin = media === "video" ? "preview.video" : "preview.voice";
  return (
    <BeforeCall
      media={media}
      title={<Named k="preview.title" name={group.name} />}
      begin={say(goesOn ? "group.comeIn" : begin)}
      note={say(goesOn ? "group.comeInNote" : "group.beginNote")}
      start={async () => {
        await groupCall.start(id, media);
        replace({ at: "group", id });
      }}
      first={<BeforeRecording people={group.members.map((member) => member.id)} />}
    />
  );
}
