/** Let a new device of one's own in: scan its code, compare six digits. */

import { useEffect, useRef, useState } from "react";
import { say } from "../i18n/text.ts";
import { landingOf } from "../landing.ts";
import { useModel } from "../model_hooks.tsx";
import { replace } from "../router.ts";
import { Field } from "../ui/fields.tsx";
import { Btn, Note, Page } from "../ui/parts.tsx";
import { Scanner } from "../ui/scanner.tsx";
import { useTask } from "../ui/task.ts";
import { Digits } from "./sign_in.tsx";

export default function LinkDevice({ link: given, shown }: { link: string; shown?: string }) {
  const { devices } = useModel();
  const [link, setLink] = useState(given);
  const [digits, setDigits] = useState<string | undefined>(shown);
  const [stopped, setStopped] = useState(false);
  const [done, setDone] = useState(false);
  const answer = useRef<(same: boolean) => void>(() => undefined);
  const task = useTask();
  const life = useRef<AbortController>(undefined);
  useEffect(() => () => life.current?.abort(), []);
  const start = (wanted: string) =>
    void task
      .run(() => {
        life.current = new AbortController();
        const compare = (compared: string) => {
          setDigits(compared);
          return new Promise<boolean>((resolve) => {
            answer.current = resolve;
          });
        };
        return devices.approve(wanted, compare, life.current.signal);
      })
      .then(setDone)
      .finally(() => setDigits(undefined));
  const decide = (same: boolean) => {
    setStopped(!same);
    answer.current(same);
  };

  if (digits !== undefined) {
    return (
      <Page title={say("approve.compare")}>
        <Digits digits={digits} />
        <div className="actions">
          <Btn look="danger" onPress={() => decide(false)}>
            {say("approve.differ")}
          </Btn>
          <Btn look="primary" onPress={() => decide(true)}>
            {say("approve.same")}
          </Btn>
        </div>
      </Page>
    );
  }
  return (
    <Page title={say("approve.title")} lead={say("approve.lead")}>
      {done && (
        <Note
          tone="good"
          live
          action={<Btn onPress={() => replace({ at: "devices" })}>{say("do.done")}</Btn>}
        >
          {say("approve.done")}
        </Note>
      )}
      {stopped && <Note tone="warm">{say("approve.stopped")}</Note>}
      {task.failed && !stopped && (
        <Note tone="danger" live>
          {say(task.failed)}
        </Note>
      )}
      {!task.busy && !done && given === "" && (
        <Scanner
          onText={(text) => {
            if (landingOf(text).kind !== "pair") return false;
            start(text);
            return true;
          }}
        />
      )}
      {!done && (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            start(link.trim());
          }}
        >
          {given === "" && (
            <Field
              label={say("approve.paste")}
              value={link}
              onChange={setLink}
              autoComplete="off"
              code
            />
          )}
          <Btn submit busy={task.busy} disabled={link.trim() === ""} look="primary">
            {say("approve.start")}
          </Btn>
        </form>
      )}
    </Page>
  );
}
