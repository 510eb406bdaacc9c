/** One call: what is known of it, and what can be done with it. */

import { useState } from "react";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { TextField } from "react-aria-components/TextField";
import { MAX_NOTE_BYTES } from "../../core/call_entry.ts";
import { date, duration, say, timeOfDay } from "../i18n/text.ts";
import type { CallEntry } from "../model_history.ts";
import { useInCall, useModel } from "../model_hooks.tsx";
import { go } from "../router.ts";
import { mediaWord, outcomeWord, suiteWord } from "../ui/call_words.tsx";
import { Failed } from "../ui/failed.tsx";
import { Btn } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { Members, useIsAwaited, useMember } from "./calls_rows.tsx";
import { DeleteCalls } from "./delete_calls.tsx";

export function CallSheet({ entry, onClose }: { entry: CallEntry; onClose: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const person = useMember(entry);
  const isAwaited = useIsAwaited(entry);
  const calling = useInCall();
  if (deleting) return <DeleteCalls what={{ kind: "one", entry }} onClose={onClose} />;
  return (
    <Sheet title={<Members entry={entry} />} onClose={onClose}>
      {isAwaited && <p className="soft">{say("calls.awaitedHelp")}</p>}
      <Facts entry={entry} />
      <Note entry={entry} />
      <div className="actions">
        {person?.state === "contact" && !calling && (
          <Btn
            look="primary"
            icon={entry.media === "video" ? "video" : "phone"}
            onPress={() => go({ at: "preview", id: person.id, media: entry.media })}
          >
            {say("event.callBack")}
          </Btn>
        )}
        <Pin entry={entry} />
        {person && (
          <Btn icon="chat" onPress={() => go({ at: "thread", id: person.id })}>
            {say("calls.conversation")}
          </Btn>
        )}
        {person && (
          <Btn icon="person" onPress={() => go({ at: "person", id: person.id })}>
            {say("thread.details")}
          </Btn>
        )}
        <Btn look="danger" icon="trash" onPress={() => setDeleting(true)}>
          {say("calls.delete")}
        </Btn>
      </div>
    </Sheet>
  );
}

function Facts({ entry }: { entry: CallEntry }) {
  const detailed = entry.suite !== 0 || entry.via !== "none" || entry.quality !== "unknown";
  return (
    <>
      <dl className="call-facts">
        <Fact name="calls.when">{`${date(entry.at)}, ${timeOfDay(entry.at)}`}</Fact>
        <Fact name="calls.what">{[mediaWord(entry), outcomeWord(entry)].join(" · ")}</Fact>
        {entry.outcome === "answered" && <Fact name="calls.length">{duration(entry.seconds)}</Fact>}
        <Fact name="security.identity">
          {say(entry.verified ? "calls.verified" : "calls.unverified")}
        </Fact>
        {entry.recorded && <Fact name="calls.recording">{say("calls.recorded")}</Fact>}
      </dl>
      {entry.outcome === "answered" && (
        <details className="more">
          <summary>{say("calls.protected")}</summary>
          {detailed ? (
            <dl className="call-facts">
              <Fact name="security.path">{say(`call.path.${entry.via}`)}</Fact>
              <Fact name="calls.quality">{say(`calls.quality.${entry.quality}`)}</Fact>
              <Fact name="security.suite">
                {entry.suite === 0 ? say("calls.notKept") : suiteWord(entry.suite)}
              </Fact>
            </dl>
          ) : (
            <p className="help">{say("calls.noDetails")}</p>
          )}
        </details>
      )}
    </>
  );
}

function Fact(props: { name: Parameters<typeof say>[0]; children: string }) {
  return (
    <div>
      <dt>{say(props.name)}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

function Note({ entry }: { entry: CallEntry }) {
  const { history } = useModel();
  const [text, setText] = useState(entry.mark.note);
  const task = useTask();
  const tooLong = new TextEncoder().encode(text).length > MAX_NOTE_BYTES;
  const changed = text !== entry.mark.note;
  return (
    <form
      className="stack tight"
      onSubmit={(event) => {
        event.preventDefault();
        if (!tooLong) void task.run(() => history.mark(entry.call, { note: text }));
      }}
    >
      <TextField className="field" value={text} onChange={setText} isInvalid={tooLong}>
        <Label>{say("calls.note")}</Label>
        <span className="field-box">
          <Input className="input" />
        </span>
        <span className={tooLong ? "field-error" : "help"} role="status">
          {say(tooLong ? "calls.noteLong" : "calls.noteHelp")}
        </span>
      </TextField>
      {changed && !tooLong && (
        <Btn submit busy={task.busy}>
          {say("calls.noteSave")}
        </Btn>
      )}
      <Failed task={task} />
    </form>
  );
}

function Pin({ entry }: { entry: CallEntry }) {
  const { history } = useModel();
  const task = useTask();
  const { pinned } = entry.mark;
  return (
    <>
      <Btn
        icon="pin"
        busy={task.busy}
        onPress={() => void task.run(() => history.mark(entry.call, { pinned: !pinned }))}
      >
        {say(pinned ? "calls.unpin" : "calls.pin")}
      </Btn>
      <Failed task={task} />
    </>
  );
}
