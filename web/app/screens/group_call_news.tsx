/** What happens in a group call: who came and went, reactions, and what one must not overlook. */

import { list, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Announcement, AtTheDoor, Called, GroupCallView } from "../model_group_call.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Btn, Name, Named, Note } from "../ui/parts.tsx";
import { Reaction } from "../ui/reaction.tsx";
import { useSettled } from "../ui/settled.ts";
import { useTask } from "../ui/task.ts";
import { nameIn } from "./group_call_tile.tsx";

/** Names that are said before the rest is counted. */
const NAMED = 2;
/** Announcements that are seen at once; all of them are read out. */
const SEEN = 3;
const LANES = 4;

/** What stands above the pictures for as long as it is so. */
export function Notes({ call, onStop }: { call: GroupCallView; onStop: () => void }) {
  const cameraTrouble = useAppState((state) => state.desk.cameraTrouble);
  const micTrouble = useAppState((state) => state.desk.micTrouble);
  return (
    <div className="room-notes">
      {call.waiting.slice(0, 1).map((one) => (
        <AtDoor key={one.id} guest={one} more={call.waiting.length - 1} />
      ))}
      {call.lobbyTaken && (
        <Note tone="danger" live title={say("groupCall.lobbyTaken")}>
          {say("groupCall.lobbyTakenHelp")}
        </Note>
      )}
      {call.unlisted > 0 && <Unlisted count={call.unlisted} />}
      <Unopened who={call.members.filter(({ unopened }) => unopened)} />
      {call.lacksSfu && (
        <Note tone="warm" live title={say("groupCall.lacksSfu")}>
          {say("groupCall.lacksSfuHelp")}
        </Note>
      )}
      {micTrouble && (
        <Note tone="danger" icon="micOff" live>
          {say(`desk.microphone.${micTrouble}`)}
        </Note>
      )}
      {call.media === "video" && cameraTrouble && (
        <Note tone="danger" icon="videoOff" live>
          {say(`desk.camera.${cameraTrouble}`)}
        </Note>
      )}
      {call.sharing && (
        <Note
          tone="warm"
          icon="screen"
          live
          action={<Btn onPress={onStop}>{say("call.stopShare")}</Btn>}
        >
          {say("groupCall.sharing")}
        </Note>
      )}
    </div>
  );
}

/** A guest asks to be let in: a person decides, each time. */
function AtDoor({ guest, more }: { guest: AtTheDoor; more: number }) {
  const { groupCall } = useModel();
  const task = useTask();
  // A tap meant for whoever stood here before lets nobody else in.
  const settled = useSettled(guest.id);
  return (
    <Note
      tone="warm"
      icon="person"
      live
      title={<Named k="groupCall.knocks" name={guest.name} />}
      action={
        <span className="note-actions settling" inert={!settled}>
          <Btn busy={task.busy} onPress={() => void task.run(() => groupCall.refuse(guest.id))}>
            {say("groupCall.refuse")}
          </Btn>
          <Btn
            look="primary"
            busy={task.busy}
            onPress={() => void task.run(async () => void (await groupCall.admit(guest.id)))}
          >
            {say("groupCall.admit")}
          </Btn>
        </span>
      }
    >
      {say(task.failed ?? "groupCall.knocksHelp")}
      {more > 0 && ` ${say("groupCall.knocksMore", { count: more })}`}
    </Note>
  );
}

/** Somebody is in the room who is no member. */
function Unlisted({ count }: { count: number }) {
  return (
    <Note tone="danger" live title={say("groupCall.unlisted", { count })}>
      {say("groupCall.unlistedHelp")}
    </Note>
  );
}

/** Somebody sends what is not sealed as it should be, whatever their device says. */
function Unopened({ who }: { who: readonly Called[] }) {
  if (who.length === 0) return null;
  return (
    <Note tone="danger" live title={say("groupCall.unopened", { names: namesOf(who) })}>
      {say("groupCall.unopenedHelp")}
    </Note>
  );
}

export function Comings({ call }: { call: GroupCallView }) {
  return (
    <div className="comings" role="log" aria-live="polite">
      {call.announcements.slice(-SEEN).map((one) => (
        <p key={one.id} className={`coming ${one.what}`}>
          <Icon name={one.what === "came" ? "person" : "outgoing"} small />
          <span>{saidOf(one)}</span>
        </p>
      ))}
    </div>
  );
}

/** Return it as a sentence: Anna, Bert and 5 more came in. */
export function saidOf({ what, who }: Announcement): string {
  return say(`groupCall.${what}`, { names: namesOf(who), count: who.length });
}

function namesOf(who: readonly Called[]): string {
  // Each name by itself, whichever way it is written; no name holds such marks (`plainName`).
  const said = who.slice(0, NAMED).map((one) => `\u2068${nameIn(one)}\u2069`);
  const rest = who.length - said.length;
  return list(rest > 0 ? [...said, say("groupCall.more", { count: rest })] : said);
}

/** Reactions rise at the edge; with less motion they stand there. */
export function Floats({ call }: { call: GroupCallView }) {
  return (
    <div className="floats" role="log" aria-live="polite">
      {call.reactions.map(({ id, kind, name, guest, own }) => (
        <p key={id} className={`float lane-${laneOf(id)}`}>
          <Reaction kind={kind} />
          <span className="float-name clip" dir="auto">
            {own ? say("groupCall.you") : <Name of={name} />}
          </span>
          {guest && !own && <span className="tile-guest">{say("groupCall.guestShort")}</span>}
          <span className="unseen">{say(`reaction.${kind}`)}</span>
        </p>
      ))}
    </div>
  );
}

/** Where it rises: always the same for the same one. */
function laneOf(id: string): number {
  return [...id].reduce((sum, one) => sum + (one.codePointAt(0) ?? 0), 0) % LANES;
}
