/** What was recorded and may be played here: for how long still, whose part plays, and what to do. */

import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import "./calls.css";
import "./recording.css";
import { clock, date, list, say, sayWith } from "../i18n/text.ts";
import { useRecordingActions } from "../model_hooks.tsx";
import type { Part, RecordingRow } from "../model_recording.ts";
import { download } from "../ui/download.ts";
import { Failed } from "../ui/failed.tsx";
import { FileGoing } from "../ui/file_going.tsx";
import { Btn, Name, Named, Note, Page } from "../ui/parts.tsx";
import { Ask } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { Player } from "./recording_player.tsx";

/** What is open of one of them. */
export type Opened = "player" | "export" | "remove";

export default function Recordings(props: {
  first?: readonly RecordingRow[];
  open?: Readonly<{ id: string; what: Opened; parts?: readonly Part[]; done?: number }>;
}) {
  const { recordings } = useRecordingActions();
  const [found, setFound] = useState(props.first);
  const task = useTask();
  const { run } = task;
  const look = useCallback(
    () => run(async () => setFound(await recordings.list())),
    [recordings, run],
  );
  useEffect(() => {
    if (props.first === undefined) void look();
  }, [props.first, look]);
  return (
    <Page title={say("recordings.title")} lead={say("recordings.lead")}>
      <Failed task={task} />
      {!found && !task.failed && (
        <p className="soft" role="status">
          {say("consents.reading")}
        </p>
      )}
      {found?.length === 0 && <Note>{say("recordings.none")}</Note>}
      <ul className="stack">
        {(found ?? []).map((row) => (
          <Recording
            key={row.id}
            row={row}
            onChanged={look}
            {...(props.open?.id === row.id && { first: props.open })}
          />
        ))}
      </ul>
    </Page>
  );
}

function Recording(props: {
  row: RecordingRow;
  onChanged: () => Promise<unknown>;
  first?: Readonly<{ what: Opened; parts?: readonly Part[]; done?: number }>;
}) {
  const { recordings } = useRecordingActions();
  const { first } = props;
  const [opened, setOpened] = useState<RecordingRow>();
  const row = opened ?? props.row;
  const [asks, setAsks] = useState(first?.what);
  const [parts, setParts] = useState(first?.parts);
  const [done, setDone] = useState(first?.done);
  const [saved, setSaved] = useState(false);
  const stopping = useRef<AbortController>(undefined);
  useEffect(() => () => stopping.current?.abort(), []);
  const task = useTask();
  const plays = row.daysLeft > 0 && row.playable.some(({ playable }) => playable);
  const close = () => setAsks(undefined);
  const write = async () => {
    const stop = new AbortController();
    stopping.current = stop;
    setDone(0);
    try {
      const file = await recordings.export(row.id, setDone, stop.signal);
      if (stop.signal.aborted) return;
      download(file, `visavis-${row.day}.webm`);
      setSaved(true);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      setDone(undefined);
    }
  };
  const remove = async () => {
    await recordings.remove(row.id);
    await props.onChanged();
  };
  return (
    <li className="card recording">
      <h2>
        <Named k="recordings.with" name={row.with} />
      </h2>
      <p className="help">
        {say("recordings.when", { day: date(row.day), length: clock(row.length_s) })}
        {" · "}
        {list(row.kinds.map((kind) => say(`kind.${kind}`)))}
      </p>
      <p className="small">
        {row.daysLeft > 0
          ? say("recordings.left", { count: row.daysLeft })
          : say("recordings.expired")}
      </p>
      <Whose row={row} />
      {asks === "player" && parts && <Player parts={parts} />}
      {done !== undefined && (
        <FileGoing
          words={say("recordings.exporting")}
          step={{ sending: false, part: done }}
          onStop={() => stopping.current?.abort()}
        />
      )}
      {saved && (
        <Note tone="good" live>
          {say("recordings.exported")}
        </Note>
      )}
      <Failed task={task} />
      <div className="actions">
        {plays && asks !== "player" && (
          <Btn
            look="primary"
            busy={task.busy}
            onPress={() =>
              void task.run(async () => {
                const found = await recordings.play(row.id);
                setOpened(found.row);
                setParts(found.parts);
                setAsks("player");
              })
            }
          >
            {say("recordings.play")}
          </Btn>
        )}
        <Btn
          icon="download"
          onPress={() =>
            void task.run(async () =>
              download(await recordings.file(row.id), `visavis-${row.day}.vvrec`),
            )
          }
        >
          {say("recordings.file")}
        </Btn>
        {row.mayExport && plays && done === undefined && (
          <Btn onPress={() => setAsks("export")}>{say("recordings.export")}</Btn>
        )}
        <Btn look="danger" icon="trash" onPress={() => setAsks("remove")}>
          {say("recordings.remove")}
        </Btn>
      </div>
      {asks === "export" && (
        <Sure
          title={say("recordings.exportTitle")}
          text={say("recordings.exportText")}
          onClose={close}
        >
          <Btn
            look="danger"
            onPress={() => {
              close();
              void task.run(write);
            }}
          >
            {say("recordings.exportYes")}
          </Btn>
        </Sure>
      )}
      {asks === "remove" && (
        <Sure
          title={say("recordings.removeTitle")}
          text={say("recordings.removeText")}
          onClose={close}
        >
          <Btn
            look="danger"
            busy={task.busy}
            onPress={() => void task.run(remove).then((isDone) => isDone && close())}
          >
            {say("recordings.removeYes")}
          </Btn>
        </Sure>
      )}
    </li>
  );
}

function Sure(props: { title: string; text: string; onClose: () => void; children: ReactNode }) {
  return (
    <Ask
      title={props.title}
      text={props.text}
      onClose={props.onClose}
      yes={
        <>
          <Btn onPress={props.onClose}>{say("do.cancel")}</Btn>
          {props.children}
        </>
      }
    />
  );
}

/** Whose part plays; of the others, why not. */
function Whose({ row }: { row: RecordingRow }) {
  return (
    <ul className="whose">
      {row.playable.map(({ name, playable, why }) => (
        <li key={name} className={playable ? "" : "silent"}>
          {sayWith("recordings.whose", {
            name: <Name key="name" of={name} />,
            why: say(playable || why === null ? "recordings.plays" : `recordings.silent.${why}`),
          })}
        </li>
      ))}
    </ul>
  );
}
