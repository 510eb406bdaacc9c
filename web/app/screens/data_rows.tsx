/** The literal rows of one kind of data, as they stand in the database of the server. */

import { useEffect, useState } from "react";
import "./calls.css";
import "./data.css";
import {
  type DataClass,
  type DataRow,
  type DataTable,
  isLong,
  type LongValue,
  type ServerData,
  tablesOf,
} from "../../core/account_data.ts";
import { type Bytes, hex } from "../../core/bytes.ts";
import { AuthorizationError } from "../../core/errors.ts";
import { bytes, language, say } from "../i18n/text.ts";
import { useModel } from "../model_hooks.tsx";
import { valueText } from "../ui/data_file.ts";
import { basisWord, countdown, formWord, NAMES, whoWord } from "../ui/data_words.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

/** Rows that are shown at first: nobody reads 256 hashes, and drawing them takes time. */
const FIRST_ROWS = 10;
const MORE_ROWS = 100;
/** Bytes of a long value that are shown. */
const SHOWN_BYTES = 512;

export default function DataRows(props: { kind: DataClass; inDays: number; first?: ServerData }) {
  const { data } = useModel();
  const { kind, inDays } = props;
  const [found, setFound] = useState(props.first);
  const task = useTask();
  const { run } = task;
  useEffect(() => {
    if (props.first === undefined) void run(async () => setFound(await data.look(inDays)));
  }, [props.first, data, inDays, run]);
  const tables = found ? tablesOf(found, kind) : [];
  return (
    <Page title={say(NAMES[kind])} lead={say("data.rowsLead")}>
      <Failed task={task} />
      {!found && !task.failed && (
        <p className="soft" role="status">
          {say("data.asking")}
        </p>
      )}
      {found && tables.length === 0 && <Note>{say("data.noRows")}</Note>}
      {tables.length > 0 && language() !== "en" && <Note>{say("data.english")}</Note>}
      {found && tables.map((table) => <Table key={table.name} table={table} data={found} />)}
    </Page>
  );
}

function Table({ table, data }: { table: DataTable; data: ServerData }) {
  const [shown, setShown] = useState(FIRST_ROWS);
  const left = table.rows.length - shown;
  return (
    <section>
      <h2 className="group-title code">{table.name}</h2>
      <div className="stack">
        <Columns table={table} />
        {table.rows.slice(0, shown).map((row, at) => (
          <Row key={keyOf(table, row)} at={at + 1} row={row} table={table} data={data} />
        ))}
        {left > 0 && (
          <Btn onPress={() => setShown(shown + MORE_ROWS)}>
            {say("data.moreRows", { count: Math.min(left, MORE_ROWS) })}
          </Btn>
        )}
      </div>
    </section>
  );
}

function keyOf({ key }: DataTable, { values }: DataRow): string {
  return key.map((name) => valueText(values.get(name))).join(" ");
}

function Columns({ table }: { table: DataTable }) {
  return (
    <details className="more">
      <summary>{say("data.columns")}</summary>
      <ul className="plain-list">
        {table.columns.map((one) => (
          <li key={one.name}>
            <p className="code data-code">{one.name}</p>
            <p>
              <bdi lang="en">{one.purpose}</bdi>
            </p>
            <p className="help">
              {[
                formWord(one.atRest),
                one.visibleTo.map(whoWord).join(", "),
                basisWord(one.legalBasis),
              ].join("; ")}
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Row(props: { at: number; row: DataRow; table: DataTable; data: ServerData }) {
  const { at, row, table, data } = props;
  const when = countdown([row.deletedOn], data);
  return (
    <article className="card stack tight data-row">
      <h3 className="data-part">{say("data.rowOf", { at, all: table.rows.length })}</h3>
      <dl className="data-values">
        {table.columns.map(({ name, atRest }) => {
          const value = row.values.get(name);
          return (
            <div key={name}>
              <dt className="code">{name}</dt>
              <dd>
                {value !== undefined && isLong(value) ? (
                  <Long value={value} table={table} row={row} column={name} />
                ) : (
                  <span className="code data-code">{valueText(value, atRest)}</span>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
      <p className="help">{say("data.rowUntil", { when })}</p>
    </article>
  );
}

function Long(props: { value: LongValue; table: DataTable; row: DataRow; column: string }) {
  const { data } = useModel();
  const { value, table, row, column } = props;
  const [read, setRead] = useState<Bytes>();
  const [gone, setGone] = useState(false);
  const task = useTask();
  const show = async () => {
    try {
      setRead(await data.value(table, row, column));
    } catch (error) {
      if (!(error instanceof AuthorizationError)) throw error;
      setGone(true);
    }
  };
  const part = { shown: bytes(SHOWN_BYTES), all: bytes(value.size) };
  return (
    <div className="stack tight">
      <span className="code data-code">{valueText(value)}</span>
      {read === undefined && !gone && (
        <Btn busy={task.busy} onPress={() => void task.run(show)}>
          {say("data.bytesShow")}
          <span className="unseen">{`: ${column}`}</span>
        </Btn>
      )}
      <Failed task={task} />
      {gone && <Note live>{say("data.bytesGone")}</Note>}
      {read && (
        <>
          <p className="help" role="status">
            {value.size > SHOWN_BYTES ? say("data.bytesPart", part) : say("data.bytesHere")}
          </p>
          <p className="code data-code data-bytes">{hex(read.subarray(0, SHOWN_BYTES))}</p>
        </>
      )}
    </div>
  );
}
