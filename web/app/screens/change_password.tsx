/** A new password for the account, or its first. */

import { useState } from "react";
import { say } from "../i18n/text.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { NewPassword, useRating } from "../ui/password.tsx";
import { NoPasskeyHere, useCanPasskey, useWaysIn } from "../ui/prove.tsx";
import { useTask } from "../ui/task.ts";

export default function ChangePassword() {
  const { devices } = useModel();
  const handle = useAppState((state) => state.self?.handle ?? "");
  const { ways, asking } = useWaysIn();
  const canPasskey = useCanPasskey(ways);
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [wanted, setWanted] = useState<"password" | "passkey">("password");
  const [done, setDone] = useState(false);
  const rating = useRating(fresh, handle);
  const task = useTask();
  const isFirst = ways?.password === false;
  const byPasskey = isFirst || (wanted === "passkey" && canPasskey);
  return (
    <Page
      title={say(isFirst ? "passkeys.setPassword" : "change.title")}
      lead={say(isFirst ? "passkeys.setPasswordLead" : "change.lead")}
    >
      <Failed task={asking} />
      {isFirst && !canPasskey && <NoPasskeyHere />}
      {done ? (
        <Note tone="good" live>
          {say("change.done")}
        </Note>
      ) : (
        <form
          className="stack loose"
          onSubmit={(event) => {
            event.preventDefault();
            const proof = byPasskey ? ({ passkey: true } as const) : old;
            if (rating?.accepted) {
              void task.run(() => devices.changePassword(proof, fresh)).then(setDone);
            }
          }}
        >
          {!byPasskey && (
            <Field
              label={say("field.oldPassword")}
              value={old}
              onChange={setOld}
              autoComplete="current-password"
              secret
              required
            />
          )}
          {canPasskey && !isFirst && (
            <Btn look="quiet" onPress={() => setWanted(byPasskey ? "password" : "passkey")}>
              {say(byPasskey ? "passkey.usePassword" : "passkey.use")}
            </Btn>
          )}
          <NewPassword
            label={say("field.newPassword")}
            value={fresh}
            onChange={setFresh}
            rating={rating}
          />
          <Failed task={task} />
          <Btn look="primary" submit wide busy={task.busy} disabled={!rating?.accepted}>
            {say(byPasskey ? "passkeys.setPasswordSubmit" : "change.submit")}
          </Btn>
        </form>
      )}
    </Page>
  );
}
