/**
 * A signed receipt of this call: what it is, what it shows, and that it cannot be taken back. One asks
 * for it here, or answers who asks: two buttons alike, and nothing is chosen.
 */

import "./recording.css";
import { date, say, timeOfDay } from "../i18n/text.ts";
import { useCallRecording, useRecordingActions } from "../model_hooks.tsx";
import type { AskedReceipt } from "../model_receipt.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Named } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export default function ReceiptOfCall(props: { asked?: AskedReceipt; onClose: () => void }) {
  const { receipts } = useRecordingActions();
  const recording = useCallRecording();
  const mayNotAsk = recording ? recording.receipts.mayNotAsk : "unable";
  const task = useTask();
  const { asked, onClose } = props;
  const then = (work: () => Promise<void>) => () =>
    void task.run(work).then((done) => done && onClose());
  if (asked === undefined && mayNotAsk !== null) {
    return (
      <Sheet title={say("receipt.title")} onClose={onClose}>
        <p className="soft">{say(`receipt.mayNot.${mayNotAsk}`)}</p>
        <div className="actions">
          <Btn onPress={onClose}>{say("do.close")}</Btn>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet title={say("receipt.title")} onClose={onClose}>
      {asked && (
        <p>
          <Named k="receipt.asks" name={asked.by} />
        </p>
      )}
      <p className="soft">{say("receipt.what")}</p>
      <p className="soft">{say("receipt.shows")}</p>
      {asked && (
        <dl className="terms">
          <div>
            <dt>{say("receipt.at")}</dt>
            <dd>{when(asked.at)}</dd>
          </div>
          <div>
            <dt>{say("receipt.since")}</dt>
            <dd>{when(asked.since)}</dd>
          </div>
          <div>
            <dt>{say("receipt.media")}</dt>
            <dd>{say(`receipt.media.${asked.media}`)}</dd>
          </div>
        </dl>
      )}
      <p className="soft">{say("receipt.forGood")}</p>
      <Failed task={task} />
      {asked ? (
        <div className="answers">
          <Btn onPress={then(() => receipts.refuse(asked.id))}>{say("receipt.no")}</Btn>
          <Btn onPress={then(() => receipts.sign(asked.id))}>{say("receipt.yes")}</Btn>
        </div>
      ) : (
        <div className="answers">
          <Btn onPress={onClose}>{say("receipt.notNow")}</Btn>
          <Btn onPress={then(() => receipts.ask())}>{say("receipt.ask")}</Btn>
        </div>
      )}
    </Sheet>
  );
}

/** Unix seconds, in words. */
export function when(at: number): string {
  return `${date(at)}, ${timeOfDay(at)}`;
}
