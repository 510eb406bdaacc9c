/** The rows of the list of conversations: with one person, or of a group. */

import { Fragment, type ReactNode } from "react";
import { Button } from "react-aria-components/Button";
import { recent, say, sayWith } from "../i18n/text.ts";
import type { Entry, Person, Thread } from "../model.ts";
import type { GroupView } from "../model_groups.ts";
import { plainName, plainText } from "../names.ts";
import { go } from "../router.ts";
import { Face } from "../ui/faces.tsx";
import { GroupFace } from "../ui/group_face.tsx";
import { sayNews } from "../ui/group_words.tsx";
import { Name } from "../ui/parts.tsx";

export function PersonRow(props: {
  person: Person;
  thread: Thread | undefined;
  selected: boolean;
}) {
  const { person, thread, selected } = props;
  const last = thread?.entries.at(-1);
  return (
    <Row
      face={<Face person={person} />}
      name={person.name}
      last={last}
      unread={thread?.unread ?? 0}
      selected={selected}
      danger={person.state === "changed"}
      onPress={() => go({ at: "thread", id: person.id })}
    >
      {person.state === "contact" ? <Gist entry={last} /> : say(`person.${person.state}`)}
    </Row>
  );
}

export function GroupRow({ group, selected }: { group: GroupView; selected: boolean }) {
  const { id, name, state, thread } = group;
  const last = thread.entries.at(-1);
  return (
    <Row
      face={<GroupFace group={group} />}
      name={name}
      last={last}
      unread={thread.unread}
      selected={selected}
      danger={state === "broken"}
      onPress={() => go({ at: "group", id })}
    >
      {state === "member" ? <Gist entry={last} /> : say(`group.${state}`)}
    </Row>
  );
}

function Row(props: {
  face: ReactNode;
  name: string;
  last: Entry | undefined;
  unread: number;
  selected: boolean;
  danger: boolean;
  onPress: () => void;
  /** What is seen of the newest entry. */
  children: ReactNode;
}) {
  const { last, unread } = props;
  return (
    <li>
      <Button
        className={`person-row${props.selected ? " selected" : ""}`}
        onPress={props.onPress}
        {...(props.selected && { "aria-current": "page" })}
      >
        {props.face}
        <span className="grow">
          <span className="row-line">
            <span className="row-name clip">
              <Name of={props.name} />
            </span>
            {last && <span className="row-time">{recent(last.at)}</span>}
          </span>
          <span className="row-line">
            <span className={`row-last clip${props.danger ? " danger" : ""}`}>
              {props.children}
            </span>
            {unread > 0 && (
              <span className="count">
                <span aria-hidden="true">{unread}</span>
                <span className="unseen">{say("home.unread", { count: unread })}</span>
              </span>
            )}
          </span>
        </span>
      </Button>
    </li>
  );
}

/** Put before what was said who said it, where that needs saying. */
function said({ own, by }: Entry, what: ReactNode): ReactNode {
  if (own) {
    return (
      <>
        {say("home.you.prefix", { text: "" })}
        {what}
      </>
    );
  }
  if (by === undefined) return what;
  return sayWith("home.by", {
    name: <Name key="name" of={by.name} />,
    text: <Fragment key="text">{what}</Fragment>,
  });
}

/** The newest entry in a few words. */
function Gist({ entry }: { entry: Entry | undefined }) {
  if (entry === undefined) return say("home.noMessages");
  switch (entry.kind) {
    case "text":
      return said(entry, <bdi>{plainText(entry.text)}</bdi>);
    case "file": {
      const name = <bdi>{plainName(entry.name)}</bdi>;
      return entry.by ? said(entry, name) : name;
    }
    case "group":
      return sayNews(entry);
    case "missed":
      return say(entry.own ? "event.missedOwn" : "event.missed");
    case "ended":
      return say(entry.media === "video" ? "event.endedVideo" : "event.endedVoice");
    case "unanswered":
      return say("event.unanswered");
    case "notice":
      return say(entry.what === "renamed" ? "event.renamedGist" : `event.${entry.what}`);
  }
}
