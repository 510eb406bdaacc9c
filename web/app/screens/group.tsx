/** The thread of a group: who said what, what became of it, and the line to write in. */

import { say } from "../i18n/text.ts";
import type { GroupKey, GroupView } from "../model_groups.ts";
import { useGroup, useInCall, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { go } from "../router.ts";
import { GroupFace } from "../ui/group_face.tsx";
import { sayInvited, sayNews } from "../ui/group_words.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Composer, type Sending } from "./composer.tsx";
import { Entries, type Told } from "./entries.tsx";
import { ThreadBar } from "./thread_bar.tsx";

export default function GroupScreen({ id }: { id: GroupKey }) {
  const group = useGroup(id);
  if (group === undefined) return <section className="page" />;
  return <GroupThread group={group} />;
}

function GroupThread({ group }: { group: GroupView }) {
  const { groups } = useModel();
  const busy = useInCall();
  const { id, goingOn, invited, members, state, thread } = group;
  const title = say("group.of", { name: plainName(group.name) });
  const isIn = state === "member" || state === "broken";
  // Also alone: guests come by a link.
  const callable = state === "member" && !busy;
  return (
    <section className="thread">
      <ThreadBar
        title={title}
        face={<GroupFace group={group} size="sm" />}
        name={group.name}
        details={say("group.details")}
        state={isIn ? say("group.people", { count: members.length }) : say(`group.${state}`)}
        onOpen={() => go({ at: "members", id })}
        {...(callable && {
          onCall: (media) => go({ at: "groupPreview", id, media }),
        })}
      />
      {state === "broken" && (
        <div className="thread-note">
          <Note
            tone="danger"
            live
            action={<Btn onPress={() => go({ at: "newGroup" })}>{say("group.new")}</Btn>}
          >
            {say("group.brokenLead")}
          </Note>
        </div>
      )}
      {callable && goingOn !== undefined && (
        <div className="thread-note">
          <Note
            tone="warm"
            live
            title={say("group.callOn")}
            action={
              <Btn
                look="warm"
                icon={goingOn === "video" ? "video" : "phone"}
                onPress={() => go({ at: "groupPreview", id, media: goingOn })}
              >
                {say("group.comeIn")}
              </Btn>
            }
          >
            {say("group.callOnHelp")}
          </Note>
        </div>
      )}
      <Entries
        label={title}
        empty={invited.length > 0 ? sayInvited(invited) : say("group.empty")}
        thread={thread}
        onRead={() => groups.read(id)}
      >
        {(entry) => <ToldEntry entry={entry} />}
      </Entries>
      <Foot group={group} />
    </section>
  );
}

function ToldEntry({ entry }: { entry: Told }) {
  if (entry.kind !== "group") return null;
  const tone = entry.what === "broken" ? " danger" : "";
  return <li className={`event-note${tone}`}>{sayNews(entry)}</li>;
}

/** What stands below: the composer, or why there is none. */
function Foot({ group }: { group: GroupView }) {
  const { groups } = useModel();
  const { id, state } = group;
  if (state === "left" || state === "removed") {
    return <p className="composer-closed">{say(`group.${state}Lead`)}</p>;
  }
  const send: Sending = {
    text: (words) => groups.sendText(id, words),
    file: (file, onStep, signal) => groups.sendFile(id, file, onStep, signal),
  };
  return <Composer send={send} />;
}
