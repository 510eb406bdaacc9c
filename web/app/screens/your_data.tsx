/** What the server has of me: in plain words, with every row one tap deeper, and less of it. */

import { useCallback, useEffect, useState } from "react";
import "./calls.css";
import "./data.css";
import {
  DATA_CLASSES,
  type DataClass,
  type Deletable,
  footprintOf,
  type LocalData,
  NO_FOOTPRINT,
  type ServerData,
  tablesOf,
} from "../../core/account_data.ts";
import { date, list, say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import {
  AHEAD_DAYS,
  basisWord,
  countdown,
  FOLLOWS,
  formWord,
  NAMES,
  once,
  SENTENCES,
  sizeWord,
  whoWord,
} from "../ui/data_words.ts";
import { Failed } from "../ui/failed.tsx";
import { Choice } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";
import { type Action, Actions } from "./data_actions.tsx";
import { DeleteData } from "./data_delete.tsx";
import { Frozen } from "./data_freeze.tsx";
import { Elsewhere, Totals } from "./data_totals.tsx";

export type Looked = Readonly<{ now: ServerData; ahead: ServerData; local: LocalData }>;

export default function YourData(props: {
  first?: Looked;
  when?: "now" | "ahead";
  action?: Action;
}) {
  const { data } = useModel();
  const [found, setFound] = useState(props.first);
  const [when, setWhen] = useState(props.when ?? "now");
  const [isThawed, setThawed] = useState(false);
  const task = useTask();
  const { run } = task;
  const look = useCallback(
    () =>
      run(async () => {
        const local = await data.local();
        const now = await data.look(0);
        setFound({ now, ahead: await data.look(AHEAD_DAYS), local });
      }),
    [data, run],
  );
  useEffect(() => {
    if (props.first === undefined) void look();
  }, [props.first, look]);
  return (
    <Page title={say("data.title")} lead={say("data.lead")}>
      {found === undefined && !task.failed && (
        <p className="soft" role="status">
          {say("data.asking")}
        </p>
      )}
      {task.failed && (
        <div className="stack">
          <Failed task={task} />
          <Btn onPress={() => void look()}>{say("do.retry")}</Btn>
        </div>
      )}
      {found && (
        <>
          {found.now.choices.restricted && (
            <Frozen
              onDone={async () => {
                await look();
                setThawed(true);
              }}
            />
          )}
          {isThawed && !found.now.choices.restricted && (
            <Note tone="good" live>
              {say("data.thawed")}
            </Note>
          )}
          <Choice
            label={say("data.show")}
            row
            value={when}
            onChange={setWhen}
            options={[
              { value: "now", label: say("data.today") },
              { value: "ahead", label: say("data.ahead") },
            ]}
          />
          <Groups data={found[when]} now={found.now} onChanged={look} />
          <Totals looked={found} />
          <Elsewhere data={found.now} />
          <Actions data={found.now} onChanged={look} first={props.action} />
        </>
      )}
    </Page>
  );
}

function Groups(props: { data: ServerData; now: ServerData; onChanged: () => Promise<unknown> }) {
  const { data, now } = props;
  const [deleting, setDeleting] = useState<Deletable>();
  const there = (of: ServerData) => DATA_CLASSES.filter((kind) => tablesOf(of, kind).length > 0);
  const kinds = there(data);
  const gone = there(now).filter((kind) => !kinds.includes(kind));
  return (
    <>
      {data.inDays > 0 && (
        <Note live>
          {say("data.aheadNote", { date: date(data.day) })}
          {gone.length > 0 &&
            ` ${say("data.gone", { names: list(gone.map((kind) => say(NAMES[kind]))) })}`}
        </Note>
      )}
      <div className="stack">
        {kinds.map((kind) => (
          <Group key={kind} kind={kind} data={data} onDelete={setDeleting} />
        ))}
      </div>
      {deleting && (
        <DeleteData
          kind={deleting}
          onClose={() => setDeleting(undefined)}
          onDone={props.onChanged}
        />
      )}
    </>
  );
}

function isDeletable(kind: DataClass): kind is Deletable {
  return Object.hasOwn(FOLLOWS, kind);
}

function Group(props: { kind: DataClass; data: ServerData; onDelete: (kind: Deletable) => void }) {
  const { kind, data } = props;
  const tables = tablesOf(data, kind);
  const columns = tables.flatMap((table) => table.columns);
  const days = tables.flatMap(({ rows }) => rows.map(({ deletedOn }) => deletedOn));
  const facts = [
    [say("data.until"), say("data.unused", { when: countdown(days, data) })],
    [
      say("data.why"),
      words(
        columns.map((one) => one.legalBasis),
        basisWord,
      ),
    ],
    [
      say("data.who"),
      words(
        columns.flatMap((one) => one.visibleTo),
        whoWord,
      ),
    ],
    [
      say("data.how"),
      words(
        columns.map((one) => one.atRest),
        formWord,
      ),
    ],
  ] as const;
  return (
    <section className="card stack data-group">
      <div>
        <h2 className="data-name">{say(NAMES[kind])}</h2>
        <p className="help">{sizeWord(footprintOf(data).get(kind) ?? NO_FOOTPRINT)}</p>
      </div>
      <p>{say(SENTENCES[kind])}</p>
      <dl className="data-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="actions">
        {isDeletable(kind) && data.inDays === 0 && (
          <Btn look="danger" icon="trash" onPress={() => props.onDelete(kind)}>
            {say("data.delete")}
            <span className="unseen">{`: ${say(NAMES[kind])}`}</span>
          </Btn>
        )}
        <Btn onPress={() => go({ at: "dataRows", kind, inDays: data.inDays })}>
          {say("data.see")}
          <span className="unseen">{`: ${say(NAMES[kind])}`}</span>
        </Btn>
      </div>
    </section>
  );
}

/** Words for several names, each once; some have commas of their own. */
function words(names: readonly string[], word: (name: string) => string): string {
  return once(names).map(word).join("; ");
}
