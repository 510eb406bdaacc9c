/** Contacts are told where one goes: which words, and to whom, is seen before anything is sent. */

import { useState } from "react";
import { type Key, list, say, sayWith } from "../i18n/text.ts";
import type { Person, PersonId } from "../model.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { Failed } from "../ui/failed.tsx";
import { Field, Toggle } from "../ui/fields.tsx";
import { Btn, Name, Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

const WRONG = { other: "tell.other", here: "tell.here" } as const satisfies Record<string, Key>;

/** What they read, before link and server are put in. */
function template(): string {
  return say("tell.words", { origin: "{origin}", link: "{link}" });
}

/** What was sent, and to whom it could not be. */
type Sent = Readonly<{ count: number; failed: readonly PersonId[] }>;

export function TellContacts(props: { onClose: () => void; link?: string; text?: string }) {
  const { move } = useModel();
  const [link, setLink] = useState(props.link ?? "");
  const [text, setText] = useState(props.text);
  const [wrong, setWrong] = useState<"other" | "here">();
  const task = useTask();
  const look = () =>
    void task.run(async () => {
      const found = await move.message(link, template());
      setText("text" in found ? found.text : undefined);
      setWrong("wrong" in found ? found.wrong : undefined);
    });
  if (text !== undefined) return <Whom link={link} text={text} onClose={props.onClose} />;
  return (
    <Sheet title={say("move.tell")} onClose={props.onClose}>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          look();
        }}
      >
        <Field
          label={say("tell.link")}
          help={say("tell.linkHelp")}
          value={link}
          onChange={setLink}
          autoComplete="off"
          code
          required
        />
        {wrong && (
          <Note tone="danger" live>
            {say(WRONG[wrong])}
          </Note>
        )}
        <Failed task={task} />
        <div className="actions">
          <Btn onPress={props.onClose}>{say("do.cancel")}</Btn>
          <Btn look="primary" submit busy={task.busy}>
            {say("do.continue")}
          </Btn>
        </div>
      </form>
    </Sheet>
  );
}

function Whom(props: { link: string; text: string; onClose: () => void }) {
  const { move } = useModel();
  const people = useAppState((state) => state.people);
  const [left, setLeft] = useState<ReadonlySet<PersonId>>(new Set());
  const [sent, setSent] = useState<Sent>();
  const task = useTask();
  const able = people.filter(({ state }) => state === "contact");
  const others = people.filter(({ state }) => state !== "contact");
  const chosen = able.filter(({ id }) => !left.has(id));
  const choose = (id: PersonId, on: boolean) => {
    const next = new Set(left);
    if (on) next.delete(id);
    else next.add(id);
    setLeft(next);
  };
  const send = () =>
    void task.run(async () => {
      const ids = chosen.map(({ id }) => id);
      const failed = await move.tell(ids, props.link, template());
      setSent({ count: ids.length - failed.length, failed });
    });
  if (sent) {
    const failed = people.filter(({ id }) => sent.failed.includes(id));
    return (
      <Sheet title={say("move.tell")} onClose={props.onClose}>
        <Note tone="good" live>
          {say("tell.sent", { count: sent.count })}
        </Note>
        {failed.length > 0 && (
          <Note tone="danger">{say("tell.failed", { names: names(failed) })}</Note>
        )}
        <div className="actions">
          <Btn look="primary" onPress={props.onClose}>
            {say("do.done")}
          </Btn>
        </div>
      </Sheet>
    );
  }
  return (
    <Sheet title={say("move.tell")} onClose={props.onClose}>
      <figure className="stack tight">
        <figcaption className="group-title">{say("tell.read")}</figcaption>
        <blockquote className="move-message" dir="auto">
          {props.text}
        </blockquote>
      </figure>
      {able.length === 0 ? (
        <Note>{say("tell.nobody")}</Note>
      ) : (
        <section className="stack tight">
          <h3 className="group-title">{say("tell.whom")}</h3>
          <div className="card rows">
            {able.map(({ id, name }) => (
              <Toggle
                key={id}
                label={<Name of={name} />}
                on={!left.has(id)}
                onChange={(on) => choose(id, on)}
              />
            ))}
          </div>
        </section>
      )}
      {others.length > 0 && (
        <p className="help">
          {sayWith("tell.not", { names: <bdi key="names">{names(others)}</bdi> })}
        </p>
      )}
      <Failed task={task} />
      <div className="actions">
        <Btn onPress={props.onClose}>{say("do.cancel")}</Btn>
        <Btn
          look="primary"
          icon="send"
          busy={task.busy}
          disabled={chosen.length === 0}
          onPress={send}
        >
          {say("tell.send", { count: chosen.length })}
        </Btn>
      </div>
    </Sheet>
  );
}

function names(people: readonly Person[]): string {
  return list(people.map(({ name }) => plainName(name)));
}
