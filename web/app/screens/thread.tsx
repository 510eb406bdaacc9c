/** One conversation: what was written, the calls between, and the ways to write and to call. */

import "./thread.css";
import { Fragment, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "react-aria-components/Button";
import { day, duration, say, timeOfDay } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import type { Entry, Person, PersonId } from "../model.ts";
import { useAppState, useModel, usePerson, useThread } from "../model_hooks.tsx";
import { plainName, plainText } from "../names.ts";
import { back, go } from "../router.ts";
import { Face } from "../ui/faces.tsx";
import { FileEntry } from "../ui/file_entry.tsx";
import { Btn, IconBtn, Name, Note, Title } from "../ui/parts.tsx";
import { Changed } from "./changed.tsx";
import { type FileUnderWay, Foot } from "./composer.tsx";

/** Entries of one side this close together stand together. */
const TOGETHER_S = 180;

export default function ThreadScreen({ id, going }: { id: PersonId; going?: FileUnderWay }) {
  const person = usePerson(id);
  if (person === undefined) return <section className="page" />;
  return <Conversation person={person} going={going} />;
}

function Conversation({ person, going }: { person: Person; going: FileUnderWay | undefined }) {
  const [deciding, setDeciding] = useState(false);
  const busy = useAppState((state) => state.call !== undefined);
  const callable = person.state === "contact" && !busy;
  return (
    <section className="thread">
      <header className="thread-bar">
        <span className="only-narrow">
          <IconBtn label={say("do.back")} icon="back" onPress={back} />
        </span>
        <Title unseen>{say("thread.with", { name: plainName(person.name) })}</Title>
        <Button className="thread-who" onPress={() => go({ at: "person", id: person.id })}>
          <Face person={person} size="sm" />
          <span className="grow">
            <span className="row-name clip">
              <Name of={person.name} />
            </span>
            <span className="unseen">{say("thread.details")}</span>
            <span className={`thread-state ${person.verified ? "good" : ""}`}>
              {person.state === "contact"
                ? say(person.verified ? "person.verified" : "person.unverified")
                : say(`person.${person.state}`)}
            </span>
          </span>
        </Button>
        {callable && (
          <>
            <IconBtn
              label={say("thread.voice")}
              icon="phone"
              look="soft"
              onPress={() => go({ at: "preview", id: person.id, media: "voice" })}
            />
            <IconBtn
              label={say("thread.video")}
              icon="video"
              look="soft"
              onPress={() => go({ at: "preview", id: person.id, media: "video" })}
            />
          </>
        )}
      </header>
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
      <Entries person={person} />
      <Foot person={person} going={going} />
      {deciding && <Changed person={person} onClose={() => setDeciding(false)} />}
    </section>
  );
}

function Entries({ person }: { person: Person }) {
  const { people } = useModel();
  const { entries, unread } = useThread(person.id);
  const [firstUnread] = useState(() => (unread > 0 ? entries.at(-unread)?.id : undefined));
  const end = useRef<HTMLDivElement>(null);
  const count = entries.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new entry scrolls to the end
  useLayoutEffect(() => {
    end.current?.scrollIntoView({ block: "end" }); // returns a promise in newer browsers
  }, [count]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what came while it is open is read
  useEffect(() => {
    people.read(person.id);
  }, [people, person.id, count]);
  return (
    <section
      className="entries"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={say("thread.with", { name: plainName(person.name) })}
    >
      {count === 0 && <p className="entries-empty">{say("thread.empty")}</p>}
      <ol className="entry-list" aria-live="polite" aria-relevant="additions">
        {entries.map((entry, i) => {
          const before = entries[i - 1];
          return (
            <Fragment key={entry.id}>
              {(before === undefined || day(before.at) !== day(entry.at)) && (
                <li className="day">{day(entry.at)}</li>
              )}
              {entry.id === firstUnread && <li className="fresh">{say("thread.new")}</li>}
              <Item entry={entry} person={person} joined={joins(before, entry)} />
            </Fragment>
          );
        })}
      </ol>
      <div ref={end} />
    </section>
  );
}

function joins(before: Entry | undefined, entry: Entry): boolean {
  return (
    before?.kind === "text" &&
    entry.kind === "text" &&
    before.own === entry.own &&
    entry.at - before.at < TOGETHER_S
  );
}

function Item({ entry, person, joined }: { entry: Entry; person: Person; joined: boolean }) {
  if (entry.kind === "notice") {
    const tone = entry.what === "identityChanged" ? " danger" : "";
    return <li className={`event-note${tone}`}>{say(`event.${entry.what}`)}</li>;
  }
  const side = entry.own ? "own" : "theirs";
  if (entry.kind === "text") {
    return (
      <li className={`entry ${side}${joined ? " joined" : ""}`}>
        <p className="bubble" dir="auto">
          <bdi>{plainText(entry.text)}</bdi>
        </p>
        <time className="entry-time" dateTime={new Date(entry.at * 1000).toISOString()}>
          <bdi>{timeOfDay(entry.at)}</bdi>
        </time>
      </li>
    );
  }
  if (entry.kind === "file") {
    return (
      <li className={`entry ${side}`}>
        <FileEntry entry={entry} />
      </li>
    );
  }
  return <CallEvent entry={entry} person={person} side={side} />;
}

type CallEntry = Exclude<Entry, { kind: "text" } | { kind: "notice" } | { kind: "file" }>;

function CallEvent(props: { entry: CallEntry; person: Person; side: string }) {
  const { entry, person } = props;
  const { words, icon, tone } = callWords(entry);
  const again = entry.kind !== "ended" && !entry.own && person.state === "contact";
  return (
    <li className={`entry ${props.side}`}>
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
