/** All conversations, newest first; what to do while there are none. */

import { Button } from "react-aria-components/Button";
import { say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { AppState, Person } from "../model.ts";
import type { GroupView } from "../model_groups.ts";
import { useAppState } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { go, type Route } from "../router.ts";
import { Mark } from "../ui/faces.tsx";
import { Btn, IconBtn, Title } from "../ui/parts.tsx";
import { GroupRow, PersonRow } from "./home_rows.tsx";

/** Pages of the history: while one is open, "Calls" is where one is. */
const HISTORY: ReadonlySet<Route["at"]> = new Set(["calls", "callsWith", "insights", "mirror"]);

export function Home({ at }: { at: Route }) {
  const first = at.at === "home";
  const selected = "id" in at && at.at !== "callsWith" ? at.id : undefined;
  const isGroup = at.at === "group" || at.at === "members";
  const people = useAppState((state) => state.people);
  const threads = useAppState((state) => state.threads);
  const groups = useAppState((state) => state.groups);
  const requests = useAppState((state) => state.requests);
  const wished = useAppState((state) => state.history.wishes.length > 0);
  const awaited = useAppState((state) => state.awaited.length);
  const handle = useAppState((state) => state.self?.handle ?? "");
  const connecting = useAppState((state) => state.connection === "connecting");
  const sorted = byNewest(people, threads, groups.all);
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
      <nav className="home-nav" aria-label={say("home.nav")}>
        <Button
          className="home-calls"
          onPress={() => go({ at: "calls" })}
          {...(HISTORY.has(at.at) && { "aria-current": "page" })}
        >
          <Icon name="phone" />
          <span className="grow">{say("home.calls")}</span>
          <Icon name="next" small />
        </Button>
      </nav>
      <div className="home-scroll">
        {requests.length > 0 && (
          <Button className="request-strip" onPress={() => go({ at: "requests" })}>
            <Icon name="inbox" />
            {say("home.requests", { count: requests.length })}
          </Button>
        )}
        {groups.invites.length > 0 && (
          <Button className="request-strip" onPress={() => go({ at: "requests" })}>
            <Icon name="people" />
            {say("home.groupInvites", { count: groups.invites.length })}
          </Button>
        )}
        {wished && (
          <Button className="request-strip" onPress={() => go({ at: "calls" })}>
            <Icon name="inbox" />
            {say("home.wishes")}
          </Button>
        )}
        {people.length === 0 && awaited > 0 && (
          <Button className="request-strip" onPress={() => go({ at: "awaited" })}>
            <Icon name="person" />
            {say("home.awaited", { count: awaited })}
          </Button>
        )}
        {sorted.length === 0 ? (
          <Empty />
        ) : (
          <ul className="people">
            {sorted.map(({ person, group }) =>
              group ? (
                <GroupRow
                  key={`group ${group.id}`}
                  group={group}
                  selected={isGroup && group.id === selected}
                />
              ) : (
                <PersonRow
                  key={person.id}
                  person={person}
                  thread={threads.get(person.id)}
                  selected={!isGroup && person.id === selected}
                />
              ),
            )}
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

type Listed =
  | Readonly<{ person: Person; group?: undefined }>
  | Readonly<{ person?: undefined; group: GroupView }>;

/** Return people and groups, where something was said last first; a group that begins is new. */
function byNewest(
  people: AppState["people"],
  threads: AppState["threads"],
  groups: readonly GroupView[],
): Listed[] {
  const newest = ({ person, group }: Listed) =>
    group
      ? (group.thread.entries.at(-1)?.at ?? Number.POSITIVE_INFINITY)
      : (threads.get(person.id)?.entries.at(-1)?.at ?? 0);
  const all: Listed[] = [
    ...groups.map((group) => ({ group })),
    ...people.map((person) => ({ person })),
  ];
  const ages = new Map(all.map((one) => [one, newest(one)]));
  const age = (one: Listed) => ages.get(one) ?? 0;
  return all.toSorted((a, b) => (age(a) === age(b) ? 0 : age(b) - age(a)));
}
