/** The account's passkeys: listed, added, removed. The last way in stays. */

import { useState } from "react";
import { date, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Passkey, Proof } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note, Page, Way } from "../ui/parts.tsx";
import { NoPasskeyHere, Prove, useWaysIn } from "../ui/prove.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

type Asked = { kind: "add" } | { kind: "remove"; passkey: Passkey };

export default function Passkeys() {
  const { devices } = useModel();
  const possible = useAppState((state) => state.passkeys === "possible");
  const { ways: first, asking } = useWaysIn();
  const [newer, setNewer] = useState<typeof first>();
  const [asked, setAsked] = useState<Asked>();
  const [told, setTold] = useState<string>();
  const ways = newer ?? first;
  const done = async (sentence: string) => {
    setTold(sentence);
    setNewer(await devices.waysIn());
  };
  return (
    <Page title={say("passkeys.title")} lead={say("passkeys.lead")}>
      <Failed task={asking} />
      {told !== undefined && (
        <Note tone="good" live>
          {told}
        </Note>
      )}
      {ways?.passkeys.length === 0 && <p className="help">{say("passkeys.none")}</p>}
      {ways !== undefined && ways.passkeys.length > 0 && (
        <ul className="card rows device-list">
          {ways.passkeys.map((passkey) => (
            <li key={passkey.shortId} className="device">
              <span className="way-icon">
                <Icon name="key" />
              </span>
              <div className="grow">
                <h2>{say("passkeys.one", { id: passkey.shortId })}</h2>
                <p className="help">{say("passkeys.date", { created: date(passkey.created) })}</p>
              </div>
              <Btn look="danger" onPress={() => setAsked({ kind: "remove", passkey })}>
                {say("passkeys.remove")}
              </Btn>
            </li>
          ))}
        </ul>
      )}
      {possible ? (
        <Btn look="primary" icon="plus" onPress={() => setAsked({ kind: "add" })}>
          {say("passkeys.add")}
        </Btn>
      ) : (
        <NoPasskeyHere />
      )}
      {ways?.password === false && (
        <div className="ways">
          <Way
            icon="key"
            title={say("passkeys.setPassword")}
            help={say("passkeys.noPassword")}
            onPress={() => go({ at: "password" })}
          />
        </div>
      )}
      {asked && <Question asked={asked} onClose={() => setAsked(undefined)} onDone={done} />}
    </Page>
  );
}

function Question(props: {
  asked: Asked;
  onClose: () => void;
  onDone: (sentence: string) => Promise<void>;
}) {
  const { asked, onClose, onDone } = props;
  const { devices } = useModel();
  const task = useTask();
  const adding = asked.kind === "add";
  const work = async (proof: Proof) => {
    if (adding) {
      const id = await devices.addPasskey(proof);
      await onDone(say("passkeys.added", { id }));
    } else {
      await devices.removePasskey(asked.passkey.shortId, proof);
      await onDone(say("passkeys.removed"));
    }
  };
  const title = adding
    ? say("passkeys.addTitle")
    : say("passkeys.removeTitle", { id: asked.passkey.shortId });
  return (
    <Sheet title={title} onClose={onClose} alarm={!adding}>
      <p className="soft">{say(adding ? "passkeys.addText" : "passkeys.removeText")}</p>
      <Prove
        action={say(adding ? "do.continue" : "passkeys.remove")}
        look={adding ? "primary" : "danger"}
        task={task}
        onCancel={onClose}
        onProof={(proof) =>
          void task
            .run(() => work(proof))
            .then((good) => {
              if (good) onClose();
            })
        }
      />
    </Sheet>
  );
}
