/**
 * The rows of the list of calls: a day, a person, a call. Their buttons are the browser's own: some
 * forty are drawn anew with each key that is pressed in the search.
 */

import { nameOf } from "../../core/call_page.ts";
import { day, recent, say, timeOfDay } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Person, PersonId } from "../model.ts";
import type { CallEntry } from "../model_history.ts";
import { useAppState, useInCall } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { go } from "../router.ts";
import { callIcon, callLine, isMissed } from "../ui/call_words.tsx";
import type { CallRow } from "../ui/calls_found.ts";
import { Face } from "../ui/faces.tsx";
import { Name } from "../ui/parts.tsx";

type Of<K extends CallRow["kind"]> = Extract<CallRow, { kind: K }>;

/** Return the first of a call's members, if they are a contact still. */
export function useMember({ members }: CallEntry): Person | undefined {
  const [first] = members;
  const key = first === undefined ? "" : nameOf(first);
  return useAppState((state) => state.people.find(({ id }) => id === key));
}

/** Say whether nobody of a call is a contact, and one was before a move here and has not come yet. */
export function useIsAwaited(entry: CallEntry): boolean {
  const isMember = ({ id }: Readonly<{ id: PersonId }>) =>
    entry.members.some((account) => nameOf(account) === id);
  return useAppState((state) => state.awaited.some(isMember) && !state.people.some(isMember));
}

/** Who was in a call: names, each isolated; of those who are no contacts any more there is none. */
export function Members({ entry }: { entry: CallEntry }) {
  const people = useAppState((state) => state.people);
  const awaited = useAppState((state) => state.awaited);
  return entry.members.map((account, i) => {
    const isThey = ({ id }: Readonly<{ id: PersonId }>) => id === nameOf(account);
    const name = (people.find(isThey) ?? awaited.find(isThey))?.name;
    return (
      <span key={nameOf(account)}>
        {i > 0 && ", "}
        {name === undefined ? say("calls.nobody") : <Name of={name} />}
      </span>
    );
  });
}

export function DayRow({ at }: { at: number }) {
  return <div className="calls-day">{day(at)}</div>;
}

export function PersonRow(props: {
  row: Of<"person">;
  /** All calls were looked at, so that they can be counted. */
  counts: boolean;
  passed: boolean;
  onPress: () => void;
}) {
  const { row } = props;
  const person = useMember(row.newest);
  const isAwaited = useIsAwaited(row.newest);
  return (
    <button
      type="button"
      className="person-row call-row"
      aria-expanded={row.open}
      tabIndex={props.passed ? -1 : 0}
      onClick={props.onPress}
    >
      {person ? <Face person={person} /> : <Icon name="person" />}
      <span className="grow">
        <span className="row-line">
          <span className="row-name clip">
            <Members entry={row.newest} />
          </span>
          <span className="row-time">{recent(row.newest.at)}</span>
        </span>
        <span className="row-last clip">
          {props.counts ? say("calls.found", { count: row.calls }) : say("calls.looking")}
          {isAwaited && ` · ${say("calls.awaited")}`}
        </span>
      </span>
      <span className={row.open ? "call-fold open" : "call-fold"}>
        <Icon name="down" small />
      </span>
    </button>
  );
}

export function EntryRow(props: { row: Of<"call">; passed: boolean; onPress: () => void }) {
  const { entry, inPerson } = props.row;
  const person = useMember(entry);
  const canCall = !useInCall() && person?.state === "contact";
  const missed = isMissed(entry);
  const isAwaited = useIsAwaited(entry);
  return (
    <div className={inPerson ? "call-item inner" : "call-item"}>
      <button
        type="button"
        className="person-row call-row"
        tabIndex={props.passed ? -1 : 0}
        onClick={props.onPress}
      >
        <span className={missed ? "call-sign missed" : "call-sign"}>
          <Icon name={callIcon(entry)} />
        </span>
        <span className="grow">
          <span className="row-line">
            <span className="row-name clip">
              {inPerson ? <span>{day(entry.at)}</span> : <Members entry={entry} />}
            </span>
            {entry.recorded && (
              <span className="call-mark">
                <Icon name="record" small />
                <span className="unseen">{say("calls.recorded")}</span>
              </span>
            )}
            {entry.mark.pinned && (
              <span className="call-mark">
                <Icon name="pin" small />
                <span className="unseen">{say("calls.pinned")}</span>
              </span>
            )}
            <span className="row-time">
              {!inPerson && <span className="unseen">{day(entry.at)} </span>}
              {timeOfDay(entry.at)}
            </span>
          </span>
          <span className={missed ? "row-last clip missed" : "row-last clip"}>
            {callLine(entry)}
            {isAwaited && !inPerson && ` · ${say("calls.awaited")}`}
            {entry.mark.note !== "" && (
              <>
                {" · "}
                <bdi>{plainName(entry.mark.note)}</bdi>
              </>
            )}
          </span>
        </span>
      </button>
      {canCall ? (
        <button
          type="button"
          className="icon-btn quiet"
          tabIndex={props.passed ? -1 : 0}
          aria-label={say("calls.back", { name: plainName(person.name) })}
          onClick={() => go({ at: "preview", id: person.id, media: entry.media })}
        >
          <Icon name={entry.media === "video" ? "video" : "phone"} />
        </button>
      ) : (
        <span className="call-gap" />
      )}
    </div>
  );
}
