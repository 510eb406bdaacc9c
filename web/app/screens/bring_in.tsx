/** An account from another server: its file, what opens it, and then the usual sign-up. */

import { useState } from "react";
import { FileTrigger } from "react-aria-components/FileTrigger";
import { bytes, say } from "../i18n/text.ts";
import type { Landing } from "../landing.ts";
import { useModel } from "../model_hooks.tsx";
import type { Brought, MoveRefusal } from "../model_move.ts";
import { plainName } from "../names.ts";
import { Failed } from "../ui/failed.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";
import { DoorForm } from "./door.tsx";
import SignUp from "./sign_up.tsx";

export default function BringIn(props: {
  landing: Landing;
  leave: () => void;
  chosen?: File;
  refused?: MoveRefusal;
  brought?: Brought;
}) {
  const { move } = useModel();
  const [file, setFile] = useState(props.chosen);
  const [refused, setRefused] = useState(props.refused);
  const [brought, setBrought] = useState(props.brought);
  const [passphrase, setPassphrase] = useState("");
  const task = useTask();
  const choose = (chosen: File) =>
    void task.run(async () => {
      setFile(undefined);
      const found = await move.check(chosen);
      setRefused(found);
      setFile(found === undefined ? chosen : undefined);
    });
  const open = (chosen: File) =>
    void task.run(async () => {
      setRefused(undefined);
      const found = await move.open(chosen, passphrase);
      if ("refused" in found) setRefused(found.refused);
      else setBrought(found);
    });
  if (brought !== undefined) {
    return (
      <SignUp landing={props.landing} leave={props.leave} brought={brought}>
        <BroughtNote of={brought} />
      </SignUp>
    );
  }
  return (
    <DoorForm title={say("bring.title")} lead={say("bring.lead")} leave={props.leave}>
      <div className="stack loose">
        {file && (
          <Note icon="file" title={say("bring.chosen")}>
            <bdi>{plainName(file.name)}</bdi>
            {`, ${bytes(file.size)}`}
          </Note>
        )}
        <div className="actions">
          <FileTrigger
            onSelect={(files) => {
              const [chosen] = files ?? [];
              if (chosen) choose(chosen);
            }}
          >
            <Btn icon="file" look={file ? "soft" : "primary"}>
              {say(file ? "bring.another" : "bring.choose")}
            </Btn>
          </FileTrigger>
        </div>
        {file && (
          <form
            className="stack"
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              open(file);
            }}
          >
            <Field
              label={say("bring.passphrase")}
              help={say("bring.passphraseHelp")}
              value={passphrase}
              onChange={setPassphrase}
              autoComplete="off"
              secret
              required
            />
            <Btn look="primary" submit wide busy={task.busy} disabled={passphrase === ""}>
              {say("bring.open")}
            </Btn>
            {task.busy && (
              <p className="help" role="status">
                {say("bring.opening")}
              </p>
            )}
          </form>
        )}
        {refused && (
          <Note tone="danger" live>
            {say(`moveFile.${refused}`)}
          </Note>
        )}
        <Failed task={task} />
      </div>
    </DoorForm>
  );
}

/** Whose account it is, and what comes with it. */
function BroughtNote({ of }: { of: Brought }) {
  const counted = {
    contacts: say("move.contacts", { count: of.contacts }),
    calls: say("move.calls", { count: of.calls }),
  };
  return (
    <Note tone="good" live title={say("bring.found", { handle: plainName(of.handle) })}>
      {say("bring.foundText", counted)}
    </Note>
  );
}
