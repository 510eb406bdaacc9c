/** What the calls say to the one whose they are. Worked out here, stored and sent nowhere. */

import { useMemo } from "react";
import "./calls.css";
import { type Insights, insightsOf, LENGTHS_S } from "../../core/call_insights.ts";
import { brief, date, duration, type Key, number, say, weekday } from "../i18n/text.ts";
import { useAppState } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { go } from "../router.ts";
import { useNames } from "../ui/calls_found.ts";
import { Mark } from "../ui/faces.tsx";
import { Page, Way } from "../ui/parts.tsx";
import { BarPlot, Numbers, PairPlot, WeekPlot } from "../ui/plots.tsx";
import { localZone } from "../ui/zone.ts";

/** People in a drawing; all are in no table, for a hundred rows tell nobody anything. */
const PEOPLE = 6;
/** Characters of a name that fit in a drawing. */
const NAME = 22;
const LENGTHS: readonly Key[] = [
  "insights.under1",
  "insights.under5",
  "insights.under15",
  "insights.under60",
  "insights.over60",
];

export default function InsightsScreen() {
  const { entries } = useAppState((state) => state.history);
  const found = useMemo(() => insightsOf(entries, localZone, Date.now() / 1000), [entries]);
  return (
    <Page title={say("insights.title")} lead={say("insights.lead")}>
      {entries.length === 0 ? (
        <div className="insights-none">
          <Mark big />
          <p className="soft">{say("insights.empty")}</p>
        </div>
      ) : (
        <>
          <Sums found={found} />
          <When found={found} />
          <Lengths found={found} />
          <WithWhom found={found} />
          <Missed found={found} />
          <Weeks found={found} />
        </>
      )}
      <div className="ways">
        <Way
          icon="eye"
          title={say("mirror.title")}
          help={say("mirror.help")}
          onPress={() => go({ at: "mirror" })}
        />
        <Way icon="settings" title={say("keeping.title")} onPress={() => go({ at: "keeping" })} />
      </div>
    </Page>
  );
}

function Sums({ found }: { found: Insights }) {
  return (
    <dl className="card sums">
      <div>
        <dt>{say("insights.calls")}</dt>
        <dd>{number(found.calls)}</dd>
      </div>
      <div>
        <dt>{say("insights.talked")}</dt>
        <dd>{duration(found.seconds)}</dd>
      </div>
      <div>
        <dt>{say("insights.middle")}</dt>
        <dd>{duration(found.middle)}</dd>
      </div>
      <div>
        <dt>{say("insights.longest")}</dt>
        <dd>{duration(found.longest)}</dd>
      </div>
    </dl>
  );
}

function When({ found }: { found: Insights }) {
  const cells = found.when.flatMap((row, day) => row.map((calls, hour) => ({ calls, day, hour })));
  const most = cells.reduce((best, cell) => (cell.calls > best.calls ? cell : best));
  return (
    <div className="card">
      <WeekPlot
        title={say("insights.when")}
        says={say("insights.whenSays", {
          day: weekday(most.day, "long"),
          from: most.hour,
          until: most.hour + 1,
          count: most.calls,
        })}
        grid={found.when}
      />
    </div>
  );
}

function Lengths({ found }: { found: Insights }) {
  return (
    <div className="card">
      <BarPlot
        title={say("insights.lengths")}
        says={say("insights.lengthsSays", {
          count: found.answered,
          middle: duration(found.middle),
        })}
        head={[say("insights.length"), say("insights.calls")]}
        bars={LENGTHS.map((key, i) => {
          const [from, until] = [(LENGTHS_S[i - 1] ?? 0) / 60, (LENGTHS_S[i] ?? 0) / 60];
          return {
            name: say(key),
            short: until === 0 ? `> ${from}` : from === 0 ? `< ${until}` : `${from}–${until}`,
            value: found.lengths[i] ?? 0,
          };
        })}
      />
    </div>
  );
}

/** With whom, and who calls whom. */
function WithWhom({ found }: { found: Insights }) {
  const names = useNames();
  const nameOf = (key: string) => {
    const name = names.get(key);
    return name === undefined ? say("calls.nobody") : plainName(name);
  };
  const people = found.people.slice(0, PEOPLE);
  return (
    <>
      <section className="card">
        <h2 className="plot-title">{say("insights.people")}</h2>
        <div className="table-box">
          <Numbers
            caption={say("insights.people")}
            head={[say("insights.person"), say("insights.calls"), say("insights.talked")]}
            rows={people.map(({ key, calls, seconds }) => [nameOf(key), calls, brief(seconds)])}
          />
        </div>
      </section>
      <div className="card">
        <PairPlot
          title={say("insights.balance")}
          says={say("insights.balanceSays", { own: found.outgoing, theirs: found.incoming })}
          head={[say("insights.person"), say("insights.own"), say("insights.theirs")]}
          rows={people.map(({ key, outgoing, incoming }) => ({
            key,
            name: shorter(nameOf(key)),
            one: outgoing,
            other: incoming,
          }))}
        />
      </div>
    </>
  );
}

function shorter(name: string): string {
  const letters = [...name];
  return letters.length > NAME ? `${letters.slice(0, NAME - 1).join("")}…` : name;
}

function Missed({ found }: { found: Insights }) {
  const { missed, returned, returnedAfter } = found;
  return (
    <section className="card stack tight">
      <h2 className="plot-title">{say("insights.missed")}</h2>
      {missed === 0 ? (
        <p>{say("insights.missedNone")}</p>
      ) : (
        <>
          <p>{say("insights.missedSays", { count: missed, returned })}</p>
          <svg
            className="plot-drawing part"
            viewBox="0 0 338 14"
            role="img"
            aria-label={say("insights.missedSays", { count: missed, returned })}
          >
            <rect className="plot-rest" x={0.5} y={0.5} width={337} height={13} rx={6.5} />
            <rect
              className="plot-bar"
              x={0}
              y={0}
              width={(338 * returned) / missed}
              height={14}
              rx={7}
            />
          </svg>
          {returnedAfter !== undefined && (
            <p className="help">
              {say("insights.returnedAfter", { time: duration(returnedAfter) })}
            </p>
          )}
        </>
      )}
      <p className="help">{say("insights.returnedMeans")}</p>
    </section>
  );
}

function Weeks({ found }: { found: Insights }) {
  const { weeks } = found;
  const now = weeks.at(-1)?.calls ?? 0;
  const before = weeks.slice(0, -1);
  const mean = before.reduce((sum, week) => sum + week.calls, 0) / Math.max(1, before.length);
  const monday = (week: (typeof weeks)[number]) => week.monday * 86_400 + 43_200;
  return (
    <div className="card">
      <BarPlot
        title={say("insights.weeks")}
        says={say("insights.weeksSays", { now, mean: Math.round(mean) })}
        head={[say("insights.week"), say("insights.calls")]}
        bars={weeks.map((week, i) => ({
          name: date(monday(week)),
          short:
            i === weeks.length - 1
              ? say("insights.thisWeek")
              : i % 3 === 0
                ? `−${weeks.length - 1 - i}`
                : "",
          value: week.calls,
        }))}
      />
    </div>
  );
}
