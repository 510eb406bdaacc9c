/** The end of the account: there at once, then everything here. Asked for with handle and proof. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import type { Proof } from "../model_actions.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { Field } from "../ui/fields.tsx";
import { Note } from "../ui/parts.tsx";
import { Prove } from "../ui/prove.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export function CloseAccount({ onClose, typed = "" }: { onClose: () => void; typed?: string }) {
  const { data } = useModel();
  const handle = useAppState((state) => state.self?.handle ?? "");
  const [text, setText] = useState(typed);
  const [isOther, setOther] = useState(false);
  const task = useTask();
  const close = (proof: Proof) => {
    const isSame = text.trim() === handle;
    setOther(!isSame);
    if (isSame) void task.run(() => data.close(proof));
  };
  return (
    <Sheet title={say("data.close")} onClose={onClose} alarm>
      <Note tone="danger">{say("data.closeText")}</Note>
      <Field
        label={say("data.closeHandle")}
        value={text}
        onChange={setText}
        help={<bdi className="code">{plainName(handle)}</bdi>}
        error={isOther ? say("data.closeOther", { handle: plainName(handle) }) : undefined}
        autoComplete="off"
        required
      />
      <Prove
        action={say("data.closeYes")}
        look="danger"
        task={task}
        onCancel={onClose}
        onProof={close}
      />
    </Sheet>
  );
}
