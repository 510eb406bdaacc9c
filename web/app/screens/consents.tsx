/** All that one was asked about recordings, and said: with receipts, and the way to take a yes back. */

import { useCallback, useEffect, useState } from "react";
import "./calls.css";
import "./recording.css";
import { date, list, say, sayWith } from "../i18n/text.ts";
import { useRecordingActions } from "../model_hooks.tsx";
import type { ConsentState, ConsentView } from "../model_recording.ts";
import { plainText } from "../names.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Name, Named, Note, Page, Way } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";
import { type ReceiptForm, ReceiptSheet } from "./consents_receipt.tsx";
import RecordingLaw from "./recording_law.tsx";

const STATES: readonly ConsentState[] = ["given", "refused", "withdrawn", "expired"];

export default function Consents(props: {
  first?: readonly ConsentView[];
  /** Whose receipt is open at first. */
  open?: Readonly<{ id: string; form: ReceiptForm }>;
}) {
  const { consents } = useRecordingActions();
  const [found, setFound] = useState(props.first);
  const [open, setOpen] = useState(props.open);
  const [reads, setReads] = useState(false);
  const task = useTask();
  const { run } = task;
  const look = useCallback(() => run(async () => setFound(await consents.list())), [consents, run]);
  useEffect(() => {
    if (props.first === undefined) void look();
  }, [props.first, look]);
  return (
    <Page title={say("consents.title")} lead={say("consents.lead")}>
      <Failed task={task} />
      {!found && !task.failed && (
        <p className="soft" role="status">
          {say("consents.reading")}
        </p>
      )}
      {found?.length === 0 && <Note>{say("consents.none")}</Note>}
      {STATES.map((state) => {
        const some = (found ?? []).filter((one) => one.state === state);
        return some.length === 0 ? null : (
          <section key={state}>
            <h2 className="group-title">{say(`consents.${state}`)}</h2>
            <ul className="stack">
              {some.map((one) => (
                <Consent
                  key={one.id}
                  consent={one}
                  onOpen={(form) => setOpen({ id: one.id, form })}
                  onChanged={look}
                />
              ))}
            </ul>
          </section>
        );
      })}
      <div className="ways">
        <Way icon="info" title={say("law.title")} onPress={() => setReads(true)} />
      </div>
      {open && <ReceiptSheet {...open} onClose={() => setOpen(undefined)} />}
      {reads && <RecordingLaw onClose={() => setReads(false)} />}
    </Page>
  );
}

function Consent(props: {
  consent: ConsentView;
  onOpen: (form: ReceiptForm) => void;
  onChanged: () => Promise<unknown>;
}) {
  const { consents } = useRecordingActions();
  const { consent, onOpen } = props;
  const task = useTask();
  const isGiven = consent.state === "given";
  // One tap, as it was given: nobody is hurt by a yes less, and it says beside it that it is for good.
  const withdraw = async () => {
    await consents.withdraw(consent.id);
    await props.onChanged();
  };
  return (
    <li className="card consent">
      <h3>
        <Named k="consents.by" name={consent.by} />
      </h3>
      <p className="help">
        {sayWith("consents.where", {
          name: <Name key="name" of={consent.where} />,
          day: date(consent.day),
        })}
      </p>
      <dl className="terms">
        <div>
          <dt>{say(consent.state === "refused" ? "consents.asked" : "consents.kinds")}</dt>
          <dd>{list(consent.kinds.map((kind) => say(`kind.${kind}`)))}</dd>
        </div>
        <div>
          <dt>{say("request.purpose")}</dt>
          <dd>
            <bdi className="terms-words">{plainText(consent.purpose)}</bdi>
          </dd>
        </div>
        <div>
          <dt>{say("request.days")}</dt>
          <dd>{say("request.daysLong", { count: consent.days })}</dd>
        </div>
        {consent.clear && consent.state !== "refused" && (
          <div>
            <dt>{say("consents.clear")}</dt>
            <dd>{say("consents.clearHelp")}</dd>
          </div>
        )}
      </dl>
      <Failed task={task} />
      <div className="actions">
        {isGiven && (
          <Btn busy={task.busy} onPress={() => void task.run(withdraw)}>
            {say("consents.withdraw")}
          </Btn>
        )}
        <Btn onPress={() => onOpen("receipt")}>{say("consents.receipt")}</Btn>
        {isGiven && <Btn onPress={() => onOpen("kantara")}>{say("consents.kantara")}</Btn>}
      </div>
      {isGiven && <p className="help">{say("consents.withdrawHelp")}</p>}
    </li>
  );
}
