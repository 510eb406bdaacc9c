/**
 * What a platform could learn from the same calls: each conclusion in a sentence, with how well
 * published attacks of its kind did. Worked out here; the server has none of these calls to read.
 */

import { useMemo } from "react";
import "./calls.css";
import { type Conclusion, conclusionsOf, STUDIES } from "../../core/call_inference.ts";
import { duration, hourOfDay, list, percent, say, sayWith } from "../i18n/text.ts";
import { Icon, type IconName } from "../icons.tsx";
import { useAppState } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { useNames } from "../ui/calls_found.ts";
import { Note, Page } from "../ui/parts.tsx";
import { localZone } from "../ui/zone.ts";

const ICONS: Readonly<Record<Conclusion["kind"], IconName>> = {
  ties: "person",
  sleep: "moon",
  work: "inbox",
  new: "plus",
  ended: "close",
  sensitive: "alert",
  pattern: "scan",
};
/** Of one kind: the rest is said by its number. */
const LISTED = 3;

export default function Mirror() {
  const { entries } = useAppState((state) => state.history);
  const names = useNames();
  const all = useMemo(
    () => conclusionsOf(entries, names, localZone, Date.now() / 1000),
    [entries, names],
  );
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  return (
    <Page title={say("mirror.title")} lead={say("mirror.lead")}>
      <Note icon="lock">{say("mirror.here")}</Note>
      {all.length === 0 ? (
        <p className="soft">{say("mirror.empty")}</p>
      ) : (
        <ul className="stack">
          {kinds.map((kind) => {
            const found = all.filter((one) => one.kind === kind);
            const more = found.length - LISTED;
            return (
              <li key={kind} className="card conclusion">
                <span className="check-icon">
                  <Icon name={ICONS[kind]} />
                </span>
                <div className="grow stack tight">
                  <h2>{say(`mirror.${kind}`)}</h2>
                  {found.slice(0, LISTED).map((one) => (
                    <p key={JSON.stringify(one)}>
                      <Sentence of={one} />
                    </p>
                  ))}
                  {more > 0 && <p>{say("mirror.more", { count: more })}</p>}
                  <p className="help">{say(`study.${STUDIES[kind]}`)}</p>
                </div>
              </li>
            );
          })}
        </ul>
      )}
      <p className="help">{say("mirror.limits")}</p>
    </Page>
  );
}

function Sentence({ of }: { of: Conclusion }) {
  const names = useNames();
  const nameOf = (key: string) => {
    const name = names.get(key);
    return name === undefined ? say("calls.nobody") : plainName(name);
  };
  const who = (key: string) => <bdi key={key}>{nameOf(key)}</bdi>;
  switch (of.kind) {
    case "ties":
      return sayWith("mirror.tiesSays", {
        names: <bdi key="names">{list(of.people.map(({ key }) => nameOf(key)))}</bdi>,
        share: percent(of.share),
        time: duration(of.people.reduce((sum, { seconds }) => sum + seconds, 0)),
      });
    case "sleep":
      return say("mirror.sleepSays", spanWords(of.span));
    case "work":
      return sayWith("mirror.workSays", {
        names: <bdi key="names">{list(of.people.slice(0, LISTED).map(nameOf))}</bdi>,
        ...spanWords(of.span),
      });
    case "new":
      return sayWith("mirror.newSays", { name: who(of.person), calls: callsWord(of.calls) });
    case "ended":
      return sayWith("mirror.endedSays", { name: who(of.person), calls: callsWord(of.calls) });
    case "sensitive":
      return sayWith("mirror.sensitiveSays", {
        name: who(of.person),
        about: say(`about.${of.about}`),
        word: <bdi key="word">{plainName(of.word)}</bdi>,
        calls: callsWord(of.calls),
      });
    case "pattern":
      return say("mirror.patternSays", {
        people: say("mirror.people", { count: of.people }),
        calls: callsWord(of.calls),
      });
  }
}

function callsWord(count: number): string {
  return say("calls.found", { count });
}

function spanWords({ from, until }: { from: number; until: number }) {
  return { from: hourOfDay(from), until: hourOfDay(until) };
}
