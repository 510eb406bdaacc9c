/** A signed receipt that is asked for in a call: in a line above the buttons, and what became of it. */

import { lazy, Suspense, useState } from "react";
import "./recording.css";
import { later, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import { useAppState, useRecordingActions } from "../model_hooks.tsx";
import type { AskedReceipt, EndedReceipt, ReceiptsView } from "../model_receipt.ts";
import { Btn, Named } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

/** Fetched when it is wanted: few calls are signed for. */
const Sheet = lazy(() => later(() => import("./receipt_sheet.tsx")));
const Save = lazy(() => later(() => import("./receipt_save.tsx")));

/** Return whether there is something to say; `told`: what ended and was read. */
export function saysReceipt({ asked, ended }: ReceiptsView, told: ReadonlySet<string>): boolean {
  const last = ended.at(-1);
  return asked !== null || (last !== undefined && last.why !== "call_over" && !told.has(last.id));
}

export function ReceiptAsked(props: { receipts: ReceiptsView; onTold: (id: string) => void }) {
  const { asked, ended } = props.receipts;
  const last = ended.at(-1);
  if (asked !== null) return <Going key={asked.id} asked={asked} />;
  if (last === undefined) return null;
  return <Over key={last.id} ended={last} onClose={() => props.onTold(last.id)} />;
}

function Going({ asked }: { asked: AskedReceipt }) {
  const { receipts } = useRecordingActions();
  const [opened, setOpened] = useState(false);
  const task = useTask();
  return (
    <div className="asked-line" role="status">
      <Icon name="file" small />
      <span className="grow">
        {asked.haveSigned ? (
          say("receipt.waits", { count: asked.missing.length })
        ) : (
          <Named k="receipt.asks" name={asked.by} />
        )}
        {task.failed && ` ${say(task.failed)}`}
      </span>
      {asked.own && (
        <Btn busy={task.busy} onPress={() => void task.run(() => receipts.refuse(asked.id))}>
          {say("ownAsk.stop")}
        </Btn>
      )}
      {!asked.haveSigned && <Btn onPress={() => setOpened(true)}>{say("receipt.read")}</Btn>}
      {opened && !asked.haveSigned && (
        <Suspense>
          <Sheet asked={asked} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Over({ ended, onClose }: { ended: EndedReceipt; onClose: () => void }) {
  const isGuest = useAppState((state) => state.groupCall?.isGuest ?? false);
  const { receipts } = useRecordingActions();
  const [saving, setSaving] = useState(false);
  const { why } = ended;
  if (why === "call_over") return null; // There is no call above whose buttons it could stand.
  const isComplete = why === "complete";
  return (
    <div className="asked-line" role="status">
      <Icon name={isComplete ? "check" : "file"} small />
      <span className="grow">
        {say(isComplete && isGuest ? "receipt.completeGuest" : `receipt.over.${why}`)}
      </span>
      {isComplete && isGuest && (
        <Btn onPress={() => setSaving(true)}>{say("receipt.saveFile")}</Btn>
      )}
      <Btn onPress={onClose}>{say("do.close")}</Btn>
      {saving && (
        <Suspense>
          <Save
            make={(fields) => receipts.fileNow(ended.id, fields)}
            canShowMe={false}
            onClose={() => setSaving(false)}
          />
        </Suspense>
      )}
    </div>
  );
}
