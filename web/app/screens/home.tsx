/** All conversations, newest first; what to do while there are none. */

import { Button } from "react-aria-components/Button";
import { recent, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Entry, Person, PersonId, Thread } from "../model.ts";
import { useAppState } from "../model_hooks.tsx";
import { plainName, plainText } from "../names.ts";
import { go } from "../router.ts";
import { Face, Mark } from "../ui/faces.tsx";
import { Btn, IconBtn, Name, Title } from "../ui/parts.tsx";

export function Home({ selected, first }: { selected: PersonId | undefined; first: boolean }) {
  const people = useAppState((state) => state.people);
  const threads = useAppState((state) => state.threads);
  const requests = useAppState((state) => state.requests);
  const handle = useAppState((state) => state.self?.handle ?? "");
  const connecting = useAppState((state) => state.connection === "connecting");
  const sorted = byNewest(people, threads);
  return (
    <section className="home">
      <header className="home-bar">
        <Mark />
        {first ? (
          <Title>{say("home.title")}</Title>
        ) : (
          <h2 className="title">{say("home.title")}</h2>
        )}
        <IconBtn
          label={say("home.settings")}
          icon="settings"
          onPress={() => go({ at: "settings" })}
        />
        <IconBtn
          label={say("home.add")}
          icon="plus"
          look="primary"
          onPress={() => go({ at: "add" })}
        />
      </header>
      <div className="home-scroll">
        {requests.length > 0 && (
          <Button className="request-strip" onPress={() => go({ at: "requests" })}>
            <Icon name="inbox" />
            {say("home.requests", { count: requests.length })}
          </Button>
        )}
        {people.length === 0 ? (
          <Empty />
        ) : (
          <ul className="people">
            {sorted.map((person) => (
              <Row
                key={person.id}
                person={person}
                thread={threads.get(person.id)}
                selected={person.id === selected}
              />
            ))}
          </ul>
        )}
      </div>
      <footer className="home-foot">
        <p className="clip">
          {say("home.you", { handle: "" })}
          <bdi className="code">{plainName(handle)}</bdi>
        </p>
        {connecting && <p role="status">{say("net.connecting")}</p>}
      </footer>
    </section>
  );
}

function Empty() {
  return (
    <div className="empty">
      <Mark big />
      <p className="empty-title">{say("home.empty")}</p>
      <p className="soft">{say("home.emptyLead")}</p>
      <Btn look="primary" icon="link" onPress={() => go({ at: "invite" })}>
        {say("home.invite")}
      </Btn>
      <Btn look="quiet" onPress={() => go({ at: "add" })}>
        {say("home.add")}
      </Btn>
    </div>
  );
}

function Row(props: { person: Person; thread: Thread | undefined; selected: boolean }) {
  const { person, thread } = props;
  const last = thread?.entries.at(-1);
  const unread = thread?.unread ?? 0;
  return (
    <li>
      <Button
        className={`person-row${props.selected ? " selected" : ""}`}
        onPress={() => go({ at: "thread", id: person.id })}
        {...(props.selected && { "aria-current": "page" })}
      >
        <Face person={person} />
        <span className="grow">
          <span className="row-line">
            <span className="row-name clip">
              <Name of={person.name} />
            </span>
            {last && <span className="row-time">{recent(last.at)}</span>}
          </span>
          <span className="row-line">
            <span className={`row-last clip${person.state === "changed" ? " danger" : ""}`}>
              {person.state === "contact" ? <Gist entry={last} /> : say(`person.${person.state}`)}
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

/** The newest entry in a few words. */
function Gist({ entry }: { entry: Entry | undefined }) {
  if (entry === undefined) return say("home.noMessages");
  switch (entry.kind) {
    case "text": {
      const text = <bdi>{plainText(entry.text)}</bdi>;
      return entry.own ? (
        <>
          {say("home.you.prefix", { text: "" })}
          {text}
        </>
      ) : (
        text
      );
    }
    case "file":
      return <bdi>{plainName(entry.name)}</bdi>;
    case "missed":
      return say(entry.own ? "event.missedOwn" : "event.missed");
    case "ended":
      return say(entry.media === "video" ? "event.endedVideo" : "event.endedVoice");
    case "unanswered":
      return say("event.unanswered");
    case "notice":
      return say(`event.${entry.what}`);
  }
}

function byNewest(people: readonly Person[], threads: ReadonlyMap<PersonId, Thread>): Person[] {
  const newest = (person: Person) => threads.get(person.id)?.entries.at(-1)?.at ?? 0;
  return people.toSorted((a, b) => newest(b) - newest(a));
}
