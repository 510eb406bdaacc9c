/** Another handle: the name that is wished, what follows, proof that it is you, and the result. */

import { useState } from "react";
import { isName } from "../../core/handle.ts";
import { type Key, say, sayWith } from "../i18n/text.ts";
import type { Proof } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { CopyBtn } from "../ui/copy.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { Prove } from "../ui/prove.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

/** What else these would say is not true here: it may be changed already, or may be tomorrow. */
const SENTENCES: Readonly<Partial<Record<Key, Key>>> = {
  "error.quota": "rename.often",
  "error.unavailable": "rename.unsure",
};

/** `first`: what is shown at once, in scenes. */
export default function Rename({ first }: { first?: "prove" | "done" }) {
  const handle = useAppState((state) => state.self?.handle ?? "");
  const [name, setName] = useState(first === "prove" ? "maria" : "");
  const [tried, setTried] = useState(false);
  const [asking, setAsking] = useState(first === "prove");
  const [done, setDone] = useState(first === "done" ? handle : undefined);
  if (done !== undefined) return <Done handle={done} />;
  return (
    <Page title={say("rename.title")} lead={say("rename.lead")}>
      <form
        className="stack loose"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (isName(name)) setAsking(true);
        }}
      >
        <Field
          label={say("rename.name")}
          help={say("rename.nameHelp")}
          value={name}
          onChange={(value) => setName(value.toLowerCase())}
          autoComplete="off"
          error={tried && !isName(name) ? say("rename.nameBad") : undefined}
          required
        />
        <ul className="plain-list">
          <li>{say("rename.contacts")}</li>
          <li>{sayWith("rename.old", { handle: <bdi>{plainName(handle)}</bdi> })}</li>
          <li>{say("rename.rest")}</li>
        </ul>
        <Btn look="primary" submit wide>
          {say("rename.submit")}
        </Btn>
      </form>
      {asking && <Question name={name} onClose={() => setAsking(false)} onDone={setDone} />}
    </Page>
  );
}

function Question(props: { name: string; onClose: () => void; onDone: (handle: string) => void }) {
  const { data } = useModel();
  const task = useTask();
  const { failed } = task;
  const rename = async (proof: Proof) => props.onDone(await data.rename(props.name, proof));
  return (
    <Sheet title={say("rename.prove")} onClose={props.onClose}>
      <p className="soft">{say("rename.proveText")}</p>
      {failed && (
        <Note tone="danger" live>
          {say(SENTENCES[failed] ?? failed)}
        </Note>
      )}
      <Prove
        action={say("rename.submit")}
        task={{ ...task, failed: undefined }}
        onCancel={props.onClose}
        onProof={(proof) => void task.run(() => rename(proof))}
        passwordFirst
      />
    </Sheet>
  );
}

function Done({ handle }: { handle: string }) {
  return (
    <Page title={say("rename.done")} lead={say("rename.doneLead")}>
      <div className="card handle-card">
        <div className="grow">
          <p className="help">{say("settings.handle")}</p>
          <p className="handle code" role="status">
            <bdi>{plainName(handle)}</bdi>
          </p>
        </div>
        <CopyBtn text={handle} />
      </div>
    </Page>
  );
}
