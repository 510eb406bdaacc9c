/**
 * What was said in a conversation, by time: words and files of both sides, or of everybody in a group,
 * and between them what whoever shows it has to tell.
 */

import { Fragment, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { day, say, timeOfDay } from "../i18n/text.ts";
import type { Entry, Thread } from "../model.ts";
import { plainText } from "../names.ts";
import { Face } from "../ui/faces.tsx";
import { FileEntry } from "../ui/file_entry.tsx";
import { Name } from "../ui/parts.tsx";

/** Entries of one side this close together stand together. */
const TOGETHER_S = 180;

type Said = Extract<Entry, { kind: "text" | "file" }>;

/** What is neither text nor file: calls, and notices. */
export type Told = Exclude<Entry, Said>;

export type EntriesProps = Readonly<{
  label: string;
  /** Stands there while there is nothing else. */
  empty: string;
  thread: Thread;
  /** All of it is before the person's eyes. */
  onRead: () => void;
  /** Draws what is told. */
  children: (entry: Told) => ReactNode;
}>;

export function Entries(props: EntriesProps) {
  const { label, empty, onRead, children } = props;
  const { entries, unread } = props.thread;
  const [firstUnread] = useState(() => (unread > 0 ? entries.at(-unread)?.id : undefined));
  const end = useRef<HTMLDivElement>(null);
  const count = entries.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new entry scrolls to the end
  useLayoutEffect(() => {
    end.current?.scrollIntoView({ block: "end" }); // returns a promise in newer browsers
  }, [count]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what came while it is open is read
  useEffect(onRead, [count]);
  return (
    <section
      className="entries"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
    >
      {count === 0 && <p className="entries-empty">{empty}</p>}
      <ol className="entry-list" aria-live="polite" aria-relevant="additions">
        {entries.map((entry, i) => {
          const before = entries[i - 1];
          return (
            <Fragment key={entry.id}>
              {(before === undefined || day(before.at) !== day(entry.at)) && (
                <li className="day">{day(entry.at)}</li>
              )}
              {entry.id === firstUnread && <li className="fresh">{say("thread.new")}</li>}
              {entry.kind === "text" || entry.kind === "file" ? (
                <SaidEntry entry={entry} joined={joins(before, entry)} />
              ) : (
                children(entry)
              )}
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
    before.by?.id === entry.by?.id &&
    entry.at - before.at < TOGETHER_S
  );
}

function SaidEntry({ entry, joined }: { entry: Said; joined: boolean }) {
  const side = entry.own ? "own" : "theirs";
  return (
    <li className={`entry ${side}${joined ? " joined" : ""}`}>
      <By entry={entry} joined={joined} />
      {entry.kind === "file" ? (
        <FileEntry entry={entry} />
      ) : (
        <>
          <p className="bubble" dir="auto">
            <bdi>{plainText(entry.text)}</bdi>
          </p>
          <time className="entry-time" dateTime={new Date(entry.at * 1000).toISOString()}>
            <bdi>{timeOfDay(entry.at)}</bdi>
          </time>
        </>
      )}
    </li>
  );
}

/** Who said it, in a group. Of what stands together the name is seen once, and read out each time. */
function By({ entry: { by, own }, joined }: { entry: Said; joined: boolean }) {
  if (by === undefined || own) return null;
  return (
    <p className={joined ? "unseen" : "entry-by"}>
      {!joined && <Face person={by} size="xs" />}
      <Name of={by.name} />
    </p>
  );
}
