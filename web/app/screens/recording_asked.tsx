/** What is asked in a call: the question itself, and in a line each what waits for somebody. */

import { type ReactNode, useState } from "react";
import "./recording.css";
import { list, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import { useCallRecording, useRecordingActions } from "../model_hooks.tsx";
import type { AskedView, OwnAskView } from "../model_recording.ts";
import { plainName } from "../names.ts";
import { Btn, Named } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";
import { ReceiptAsked, saysReceipt } from "./receipt_asked.tsx";
import { Request } from "./recording_request.tsx";

/** Stands above the buttons of a call. `closed`: questions that are not open at first, by their ids. */
export function Asked({ closed = [] }: { closed?: readonly string[] }) {
  const call = useCallRecording();
  const [put, setPut] = useState<ReadonlySet<string>>(new Set(closed));
  const [told, setTold] = useState<ReadonlySet<string>>(new Set());
  if (call === undefined) return null;
  const recorded = new Set(call.recorded.map(({ id }) => id));
  const open = call.requests.find(({ id, answer }) => answer === null && !put.has(id));
  const without = (id: string) => new Set([...put].filter((one) => one !== id));
  const lines = call.requests.filter(
    ({ id, answer }) => id !== open?.id && answer !== "refused" && !recorded.has(id),
  );
  const own = call.own !== null && !recorded.has(call.own.id) ? call.own : undefined;
  const hasReceipt = saysReceipt(call.receipts, told);
  if (open === undefined && lines.length === 0 && own === undefined && !hasReceipt) return null;
  return (
    <div className="asked">
      {hasReceipt && (
        <ReceiptAsked receipts={call.receipts} onTold={(id) => setTold(new Set([...told, id]))} />
      )}
      {own && <OwnLine own={own} />}
      {lines.map((ask) =>
        ask.answer === null ? (
          <Line key={ask.id} words={<Named k="request.open" name={ask.by} />}>
            <Btn onPress={() => setPut(without(ask.id))}>{say("request.answer")}</Btn>
          </Line>
        ) : (
          <GivenLine key={ask.id} ask={ask} />
        ),
      )}
      {open && (
        <Request key={open.id} ask={open} onClose={() => setPut(new Set([...put, open.id]))} />
      )}
    </div>
  );
}

/** One said yes, and others have not: a yes is taken back as it was given, by one tap. */
function GivenLine({ ask }: { ask: AskedView }) {
  const recording = useRecordingActions();
  const task = useTask();
  return (
    <Line
      words={<Named k="request.given" name={ask.by} />}
      failed={task.failed && say(task.failed)}
    >
      <Btn busy={task.busy} onPress={() => void task.run(() => recording.withdraw(ask.id))}>
        {say("recorded.withdraw")}
      </Btn>
    </Line>
  );
}

function OwnLine({ own }: { own: OwnAskView }) {
  const recording = useRecordingActions();
  const task = useTask();
  const waits = own.answers.filter(({ answer }) => answer === null);
  const names = list(waits.map(({ name }) => `\u2068${plainName(name)}\u2069`));
  return (
    <Line
      words={
        waits.length > 0
          ? say("ownAsk.waits", { count: waits.length, names })
          : say("ownAsk.answered")
      }
      failed={task.failed && say(task.failed)}
    >
      <Btn busy={task.busy} onPress={() => void task.run(() => recording.stop())}>
        {say("ownAsk.stop")}
      </Btn>
    </Line>
  );
}

function Line(props: { words: ReactNode; failed?: string | undefined; children: ReactNode }) {
  return (
    <div className="asked-line" role="status">
      <Icon name="record" small />
      <span className="grow">
        {props.words}
        {props.failed && ` ${props.failed}`}
      </span>
      {props.children}
    </div>
  );
}

/** One neither hears nor is heard: over the pictures, under the question. */
export function Held() {
  const call = useCallRecording();
  if (!call?.held) return null;
  const asks = call.requests.some(({ answer }) => answer === null);
  return (
    <div className="stage-veil held" role="status">
      <Icon name="record" />
      <p className="stage-veil-title">{say("held.title")}</p>
      <p>{say(asks ? "held.question" : "held.waiting")}</p>
    </div>
  );
}

/** Who is never to be recorded, for a sentence. */
export function neverNamed(names: readonly string[]): string {
  return list(names.map((name) => `\u2068${plainName(name)}\u2069`));
}
