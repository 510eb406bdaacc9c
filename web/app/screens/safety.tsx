/** The safety number with a contact, to compare in person or by voice. */

import { useEffect, useState } from "react";
import { say } from "../i18n/text.ts";
import type { PersonId } from "../model.ts";
import { useModel, usePerson, useSupports } from "../model_hooks.tsx";
import { Face } from "../ui/faces.tsx";
import { Btn, Named, Note, Page } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

export default function Safety({ id }: { id: PersonId }) {
  const { people } = useModel();
  const person = usePerson(id);
  const canMark = useSupports("markVerified");
  const [groups, setGroups] = useState<readonly string[]>();
  const [differs, setDiffers] = useState(false);
  const { run, busy, failed } = useTask();
  useEffect(() => {
    void run(async () => setGroups(await people.safetyNumber(id)));
  }, [people, id, run]);
  if (person === undefined) return <section className="page" />;
  const mark = (verified: boolean) => void run(() => people.markVerified(id, verified));
  return (
    <Page title={say("safety.title")} lead={<Named k="safety.lead" name={person.name} />}>
      <div className="card number-card">
        <Face person={person} size="lg" />
        <ol className="number code" dir="ltr" aria-label={say("safety.number")} aria-busy={!groups}>
          {(groups ?? Array.from({ length: 12 }, () => "·····")).map((group, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: groups never move and may repeat
            <li key={i}>{group}</li>
          ))}
        </ol>
        <p className="help">{say("safety.how")}</p>
      </div>
      {failed && (
        <Note tone="danger" live>
          {say(failed)}
        </Note>
      )}
      {differs && (
        <Note tone="danger" live>
          {say("safety.differText")}
        </Note>
      )}
      {canMark && person.state === "contact" && person.verified && (
        <>
          <Note tone="good">
            <Named k="safety.marked" name={person.name} />
          </Note>
          <Btn look="quiet" busy={busy} onPress={() => mark(false)}>
            {say("safety.undo")}
          </Btn>
        </>
      )}
      {canMark && person.state === "contact" && !person.verified && (
        <div className="actions">
          <Btn look="danger" onPress={() => setDiffers(true)}>
            {say("safety.differ")}
          </Btn>
          <Btn look="primary" icon="check" busy={busy && !!groups} onPress={() => mark(true)}>
            {say("safety.same")}
          </Btn>
        </div>
      )}
    </Page>
  );
}
