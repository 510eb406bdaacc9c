/** How much there is in all, there and here, and what hangs on no account. */

import {
  DATA_CLASSES,
  type Elsewhere as Entry,
  footprintOf,
  NO_FOOTPRINT,
  type ServerData,
  sum,
} from "../../core/account_data.ts";
import { say } from "../i18n/text.ts";
import { basisWord, formWord, localWord, NAMES, sizeWord, whoWord } from "../ui/data_words.ts";
import type { Looked } from "./your_data.tsx";

export function Totals({ looked }: { looked: Looked }) {
  const { now, ahead, local } = looked;
  const [today, then] = [footprintOf(now), footprintOf(ahead)];
  const kinds = DATA_CLASSES.filter((kind) => today.has(kind));
  return (
    <>
      <section>
        <h2 className="group-title">{say("data.totals")}</h2>
        <div className="card table-box">
          <table className="numbers">
            <thead>
              <tr>
                <th scope="col">{say("data.kind")}</th>
                <th scope="col">{say("data.today")}</th>
                <th scope="col">{say("data.ahead")}</th>
              </tr>
            </thead>
            <tbody>
              {kinds.map((kind) => (
                <tr key={kind}>
                  <th scope="row">{say(NAMES[kind])}</th>
                  <td>{sizeWord(today.get(kind) ?? NO_FOOTPRINT)}</td>
                  <td>{sizeWord(then.get(kind) ?? NO_FOOTPRINT)}</td>
                </tr>
              ))}
              <tr className="data-sum">
                <th scope="row">{say("data.all")}</th>
                <td>{sizeWord(sum(today.values()))}</td>
                <td>{sizeWord(sum(then.values()))}</td>
              </tr>
            </tbody>
          </table>
        </div>
      </section>
      <section>
        <h2 className="group-title">{say("data.device")}</h2>
        <div className="card stack">
          <p className="help">{say("data.deviceLead")}</p>
          <table className="numbers">
            <tbody>
              {[...local.kinds].map(([kind, size]) => (
                <tr key={kind}>
                  <th scope="row">{localWord(kind)}</th>
                  <td>{sizeWord(size)}</td>
                </tr>
              ))}
              <tr className="data-sum">
                <th scope="row">{say("data.all")}</th>
                <td>{sizeWord(local.total)}</td>
              </tr>
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}

const PARTS = [
  { kinds: ["column", "file"], title: "data.unlinked", text: "data.unlinkedText" },
  { kinds: ["memory"], title: "data.memory", text: "data.memoryText" },
  { kinds: ["log"], title: "data.log", text: "data.logText" },
  { kinds: ["header"], title: "data.header", text: "data.headerText" },
] as const;

/** What is kept or seen and cannot be told to be anybody's, said as the inventory lists it. */
export function Elsewhere({ data }: { data: ServerData }) {
  return (
    <section>
      <h2 className="group-title">{say("data.elsewhere")}</h2>
      <div className="card stack">
        <p>{say("data.elsewhereLead")}</p>
        {PARTS.map(({ kinds, title, text }) => {
          const entries = data.elsewhere.filter(({ kind }) => kinds.some((one) => one === kind));
          return (
            <div key={title} className="stack tight">
              <h3 className="data-part">{say(title)}</h3>
              <p className="help">{say(text)}</p>
              <Entries entries={entries} />
            </div>
          );
        })}
      </div>
    </section>
  );
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  if (entries.length === 0) return null;
  return (
    <details className="more">
      <summary>{say("data.entries", { count: entries.length })}</summary>
      <ul className="plain-list">
        {entries.map((one) => (
          <li key={`${one.kind} ${one.name} ${one.purpose}`}>
            <p className="code data-code">{one.name}</p>
            <p className="help">
              <bdi lang="en">{one.purpose}</bdi>
            </p>
            <p className="help">{about(one)}</p>
          </li>
        ))}
      </ul>
    </details>
  );
}

function about(one: Entry): string {
  const days = one.retentionDays > 0 ? [say("data.keptDays", { count: one.retentionDays })] : [];
  const who = one.visibleTo.map(whoWord).join(", ");
  return [formWord(one.atRest), ...days, who, basisWord(one.legalBasis)].join("; ");
}
