/** The safety number with a contact, to compare by camera, in person or by voice. */

import { useEffect, useState } from "react";
import { say } from "../i18n/text.ts";
import type { PersonId } from "../model.ts";
import type { Comparison, SafetyNumber } from "../model_actions.ts";
import { useModel, usePerson, useSupports } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn, Named, Note, Page } from "../ui/parts.tsx";
import Qr from "../ui/qr.tsx";
import { Scanner } from "../ui/scanner.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export default function Safety({ id, shown }: { id: PersonId; shown?: "scan" | Comparison }) {
  const { people } = useModel();
  const person = usePerson(id);
  const canMark = useSupports("markVerified");
  const [number, setNumber] = useState<SafetyNumber>();
  const [scanning, setScanning] = useState(shown === "scan");
  const [found, setFound] = useState<Comparison | undefined>(shown === "scan" ? undefined : shown);
  const task = useTask();
  const { run, busy } = task;
  useEffect(() => {
    void run(async () => setNumber(await people.safetyNumber(id)));
  }, [people, id, run]);
  if (person === undefined) return <section className="page" />;
  // After an alarm nobody is asked to call it the same: only another look can say that.
  const mark = (verified: boolean) => {
    setFound(undefined);
    void run(() => people.markVerified(id, verified));
  };
  return (
    <Page title={say("safety.title")} lead={<Named k="safety.lead" name={person.name} />}>
      {found === "differs" && (
        <Note tone="danger" live title={say("safety.alarm")}>
          {say("safety.differText")}
        </Note>
      )}
      {found === "same" && (
        <Note tone="good" live title={say("safety.match")}>
          <Named k="safety.marked" name={person.name} />
        </Note>
      )}
      <Numbers number={number} />
      <Failed task={task} />
      {canMark && person.state === "contact" && (
        <>
          <Btn
            look={person.verified ? "soft" : "primary"}
            icon="scan"
            wide
            onPress={() => setScanning(true)}
          >
            {say("safety.scan")}
          </Btn>
          {person.verified ? (
            <>
              {found !== "same" && (
                <Note tone="good">
                  <Named k="safety.marked" name={person.name} />
                </Note>
              )}
              <Btn look="quiet" busy={busy} onPress={() => mark(false)}>
                {say("safety.undo")}
              </Btn>
            </>
          ) : found === "differs" ? null : (
            <div className="actions">
              <Btn look="danger" onPress={() => setFound("differs")}>
                {say("safety.differ")}
              </Btn>
              <Btn icon="check" busy={busy && !!number} onPress={() => mark(true)}>
                {say("safety.same")}
              </Btn>
            </div>
          )}
        </>
      )}
      {scanning && (
        <Sheet
          title={<Named k="safety.scanTitle" name={person.name} />}
          onClose={() => setScanning(false)}
        >
          <p className="soft">{say("safety.scanLead")}</p>
          <Scanner
            other="safety.scanOther"
            onText={async (text) => {
              const said = await people.compareCode(id, text);
              if (said === "other") return false;
              setFound(said);
              setScanning(false);
              return true;
            }}
          />
        </Sheet>
      )}
    </Page>
  );
}

function Numbers({ number }: { number: SafetyNumber | undefined }) {
  return (
    <div className="card number-card">
      {number ? (
        <Qr text={number.text} label={say("safety.qr")} />
      ) : (
        <div className="qr" data-loading="" />
      )}
      <ol className="number code" dir="ltr" aria-label={say("safety.number")} aria-busy={!number}>
        {(number?.groups ?? Array.from({ length: 12 }, () => "·····")).map((group, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: groups never move and may repeat
          <li key={i}>{group}</li>
        ))}
      </ol>
      <p className="help">{say("safety.how")}</p>
    </div>
  );
}
