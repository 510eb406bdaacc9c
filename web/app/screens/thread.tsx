/** One conversation: what was written, the calls between, and the ways to write and to call. */

import "./thread.css";
import { useState } from "react";
import { duration, say, sayWith, timeOfDay } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import type { Names, Person, PersonId } from "../model.ts";
import { useInCall, useModel, usePerson, useThread } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { go } from "../router.ts";
import { Face } from "../ui/faces.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Changed } from "./changed.tsx";
import { type FileUnderWay, Foot } from "./composer.tsx";
import { Entries, type Told } from "./entries.tsx";
import { ThreadBar } from "./thread_bar.tsx";

export default function ThreadScreen({ id, going }: { id: PersonId; going?: FileUnderWay }) {
  const person = usePerson(id);
  if (person === undefined) return <section className="page" />;
  return <Conversation person={person} going={going} />;
}

function Conversation({ person, going }: { person: Person; going: FileUnderWay | undefined }) {
  const { people } = useModel();
  const thread = useThread(person.id);
  const [deciding, setDeciding] = useState(false);
  const busy = useInCall();
  const callable = person.state === "contact" && !busy;
  return (
    <section className="thread">
      <ThreadBar
        title={say("thread.with", { name: plainName(person.name) })}
        face={<Face person={person} size="sm" />}
        name={person.name}
        details={say("thread.details")}
        state={
          person.state === "contact"
            ? say(person.verified ? "person.verified" : "person.unverified")
            : say(`person.${person.state}`)
        }
        good={person.verified}
        onOpen={() => go({ at: "person", id: person.id })}
        {...(callable && {
          onCall: (media) => go({ at: "preview", id: person.id, media }),
        })}
      />
      {person.state === "changed" && (
        <div className="thread-note">
          <Note
            tone="danger"
            live
            action={<Btn onPress={() => setDeciding(true)}>{say("changed.decide")}</Btn>}
          >
            {say("changed.banner")}
          </Note>
        </div>
      )}
      <Entries
        label={say("thread.with", { name: plainName(person.name) })}
        empty={say("thread.empty")}
        thread={thread}
        onRead={() => people.read(person.id)}
      >
        {(entry) => <ToldEntry entry={entry} person={person} />}
      </Entries>
      <Foot person={person} going={going} />
      {deciding && <Changed person={person} onClose={() => setDeciding(false)} />}
    </section>
  );
}

/** What is neither text nor file. */
function ToldEntry({ entry, person }: { entry: Told; person: Person }) {
  if (entry.kind === "group") return null; // told in the group's thread
  if (entry.kind !== "notice") return <CallEvent entry={entry} person={person} />;
  const tone = entry.what === "identityChanged" ? " danger" : "";
  return (
    <li className={`event-note${tone}`}>
      {entry.names ? sayNames(entry.names) : say(`event.${entry.what}`)}
    </li>
  );
}

/** Say which name took the place of which, each isolated from the words around it. */
function sayNames({ was, name }: Names) {
  return sayWith("event.renamed", {
    was: <bdi>{plainName(was)}</bdi>,
    name: <bdi>{plainName(name)}</bdi>,
  });
}

type CallEntry = Exclude<Told, { kind: "notice" | "group" }>;

function CallEvent({ entry, person }: { entry: CallEntry; person: Person }) {
  const { words, icon, tone } = callWords(entry);
  const again = entry.kind !== "ended" && !entry.own && person.state === "contact";
  return (
    <li className={`entry ${entry.own ? "own" : "theirs"}`}>
      <div className={`call-event ${tone}`}>
        <span className="call-event-icon">
          <Icon name={icon} />
        </span>
        <span className="grow">
          <span className="row-name">{words}</span>
          <span className="call-event-time">
            {entry.kind === "ended" ? duration(entry.seconds) : timeOfDay(entry.at)}
          </span>
        </span>
        {again && (
          <Btn onPress={() => go({ at: "preview", id: person.id, media: entry.media ?? "voice" })}>
            {say("event.callBack")}
          </Btn>
        )}
      </div>
    </li>
  );
}

function callWords(entry: CallEntry): { words: string; icon: IconName; tone: string } {
  switch (entry.kind) {
    case "missed": {
      if (entry.own) return { words: say("event.missedOwn"), icon: "missed", tone: "" };
      const key =
        entry.media === undefined
          ? "event.missed"
          : entry.media === "video"
            ? "event.missedVideo"
            : "event.missedVoice";
      return { words: say(key), icon: "missed", tone: "missed" };
    }
    case "ended": {
      const video = entry.media === "video";
      return {
        words: say(video ? "event.endedVideo" : "event.endedVoice"),
        icon: video ? "video" : "phone",
        tone: "talked",
      };
    }
    case "unanswered":
      return { words: say("event.unanswered"), icon: "phone", tone: "" };
  }
}
