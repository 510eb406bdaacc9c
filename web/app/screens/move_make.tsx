/** The file is made: whose it is shown first; then what opens it, this once. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { Proof } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import type { MadeFile } from "../model_move.ts";
import { download } from "../ui/download.ts";
import { Choice } from "../ui/fields.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { NewPassword, useRating } from "../ui/password.tsx";
import { Prove } from "../ui/prove.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export const FILE_NAME = "visavis-account.move";

type How = "made" | "own";

export function MakeFile(props: { onClose: () => void; first?: Made; how?: How }) {
  const { move } = useModel();
  const handle = useAppState((state) => state.self?.handle ?? "");
  const [how, setHow] = useState<How>(props.how ?? "made");
  const [own, setOwn] = useState("");
  const [isWeak, setWeak] = useState(false);
  const [made, setMade] = useState(props.first);
  const rating = useRating(own, handle);
  const task = useTask();
  const make = (proof: Proof) => {
    const passphrase = how === "own" ? own : undefined;
    const isRefused = passphrase !== undefined && rating?.accepted !== true;
    setWeak(isRefused);
    if (isRefused) return;
    void task.run(async () => setMade({ how, ...(await move.make(proof, passphrase)) }));
  };
  if (made !== undefined) return <Finished made={made} onClose={props.onClose} />;
  return (
    <Sheet title={say("move.make")} onClose={props.onClose} alarm>
      <Choice
        label={say("move.how")}
        value={how}
        onChange={setHow}
        options={[
          { value: "made", label: say("move.howMade"), help: say("move.howMadeHelp") },
          { value: "own", label: say("move.howOwn") },
        ]}
      />
      {how === "own" && (
        <NewPassword label={say("lock.new")} value={own} onChange={setOwn} rating={rating} />
      )}
      {isWeak && (
        <Note tone="danger" live>
          {say("error.weak_password")}
        </Note>
      )}
      <Prove action={say("move.make")} task={task} onCancel={props.onClose} onProof={make} />
      {task.busy && (
        <p className="help" role="status">
          {say("move.making")}
        </p>
      )}
    </Sheet>
  );
}

export type Made = MadeFile & Readonly<{ how: How }>;

function Finished({ made, onClose }: { made: Made; onClose: () => void }) {
  const [isSaved, setSaved] = useState(false);
  const counted = {
    contacts: say("move.contacts", { count: made.contacts }),
    calls: say("move.calls", { count: made.calls }),
  };
  return (
    <Sheet title={say("move.made")} onClose={onClose} alarm>
      <p className="soft">{say("move.madeOf", counted)}</p>
      {made.how === "made" ? (
        <figure className="paper">
          <figcaption>{say("move.words")}</figcaption>
          <p className="code move-words" dir="ltr">
            {made.passphrase}
          </p>
          <p className="help">{say("move.wordsHelp")}</p>
        </figure>
      ) : (
        <Note icon="key">{say("move.ownWords")}</Note>
      )}
      <Note tone="warm">{say("move.apart")}</Note>
      <p className="help" role="status">
        {isSaved && say("move.saved", { name: FILE_NAME })}
      </p>
      <div className="actions">
        {isSaved && <Btn onPress={onClose}>{say("do.done")}</Btn>}
        <Btn
          look="primary"
          icon="download"
          onPress={() => {
            download(made.file, FILE_NAME);
            setSaved(true);
          }}
        >
          {say("move.save")}
        </Btn>
      </div>
    </Sheet>
  );
}
