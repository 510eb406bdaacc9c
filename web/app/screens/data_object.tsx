/** What is done on the ground of a legitimate interest, and what comes of objecting (GDPR 21). */

import { objectable, type ServerData } from "../../core/account_data.ts";
import { say } from "../i18n/text.ts";
import { outcomeWord } from "../ui/data_words.ts";
import { Btn, Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";

export function Objecting(props: {
  data: ServerData;
  onClose: () => void;
  /** Not offered while it is frozen. */
  onFreeze: (() => void) | undefined;
}) {
  const entries = objectable(props.data);
  return (
    <Sheet title={say("data.object")} onClose={props.onClose}>
      <p className="soft">{say("data.objectLead")}</p>
      {entries.length === 0 && <Note tone="good">{say("data.objectNone")}</Note>}
      <ul className="plain-list">
        {entries.map((one) => (
          <li key={`${one.kind} ${one.name}`}>
            <p className="code data-code">
              {one.kind === "log" ? say("data.objectLog", { name: one.name }) : one.name}
            </p>
            <p className="help">
              {say("data.objectWhy")}: <bdi lang="en">{one.purpose}</bdi>
            </p>
            <p>
              {say("data.objectThen")}: {outcomeWord(one)}
            </p>
          </li>
        ))}
      </ul>
      {props.onFreeze && (
        <>
          <p className="soft">{say("data.objectFreeze")}</p>
          <div className="actions">
            <Btn onPress={props.onFreeze}>{say("data.freeze")}</Btn>
          </div>
        </>
      )}
    </Sheet>
  );
}
