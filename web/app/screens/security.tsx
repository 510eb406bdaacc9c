/** The security inspector of a call: words to read aloud first, then what stands behind them. */

import { useEffect, useState } from "react";
import { number, say } from "../i18n/text.ts";
import type { CallView } from "../model.ts";
import { useModel } from "../model_hooks.tsx";
import { Btn } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";

export function Security(props: { call: CallView; onClose: () => void; onDiffer: () => void }) {
  const { call } = props;
  const { people } = useModel();
  const [groups, setGroups] = useState<readonly string[]>([]);
  const { id, verified } = call.person;
  useEffect(() => {
    void people.safetyNumber(id).then(
      (found) => setGroups(found.groups),
      () => undefined,
    );
  }, [people, id]);
  return (
    <Sheet title={say("security.title")} onClose={props.onClose}>
      {call.words.length === 0 ? (
        <p className="soft">{say("security.wordsWait")}</p>
      ) : (
        <div className="words">
          <h3>{say("security.words")}</h3>
          <ol className="word-list" lang="en">
            {call.words.map((word) => (
              <li key={word}>{word}</li>
            ))}
          </ol>
          <p className="help">{say("security.wordsHelp")}</p>
          <Btn look="danger" icon="hangup" onPress={props.onDiffer}>
            {say("security.differ")}
          </Btn>
        </div>
      )}
      <dl className="inspect">
        <div>
          <dt>{say("security.identity")}</dt>
          <dd>{say(verified ? "incoming.verified" : "incoming.unverified")}</dd>
        </div>
        <div>
          <dt>{say("security.path")}</dt>
          <dd>{say(`security.path.${call.path}`)}</dd>
        </div>
        <div>
          <dt>{say("security.suite")}</dt>
          <dd className="code" dir="ltr">
            {call.suite}
          </dd>
          <dd className="help">{say("security.suiteHelp")}</dd>
        </div>
        {call.epoch !== undefined && (
          <div>
            <dt>{say("security.epoch")}</dt>
            <dd className="code">{number(call.epoch)}</dd>
            <dd className="help">{say("security.epochHelp")}</dd>
          </div>
        )}
        {groups.length > 0 && (
          <div>
            <dt>{say("security.number")}</dt>
            <dd>
              <ol className="number small-number code" dir="ltr">
                {groups.map((group, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: groups never move and may repeat
                  <li key={i}>{group}</li>
                ))}
              </ol>
            </dd>
          </div>
        )}
      </dl>
    </Sheet>
  );
}
