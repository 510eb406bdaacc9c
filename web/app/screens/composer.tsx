/** Writing to somebody: words, and files that are on their way. */

import { useState } from "react";
import { FileTrigger } from "react-aria-components/FileTrigger";
import { TextArea } from "react-aria-components/TextArea";
import { TextField } from "react-aria-components/TextField";
import { say } from "../i18n/text.ts";
import type { Person } from "../model.ts";
import type { FileStep } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { Failed } from "../ui/failed.tsx";
import { FileGoing } from "../ui/file_going.tsx";
import { IconBtn, Named } from "../ui/parts.tsx";
import { useTask } from "../ui/task.ts";

const MOST_ROWS = 5;

/** What stands below a conversation: the composer, or why there is none. */
export function Foot({ person, going }: { person: Person; going: FileUnderWay | undefined }) {
  const { people, files } = useModel();
  const { id } = person;
  if (person.state === "contact") {
    const send: Sending = {
      text: (words) => people.sendText(id, words),
      file: (file, onStep, signal) => files.send(id, file, onStep, signal),
    };
    return <Composer send={send} going={going} />;
  }
  const key =
    person.state === "changed"
      ? "thread.paused"
      : person.state === "blocked"
        ? "thread.blocked"
        : "thread.rejoining";
  return <p className="composer-closed">{say(key)}</p>;
}

/** A file that is on its way, and how far. */
export type FileUnderWay = Readonly<{ name: string; step: FileStep }>;

/** How what is written here goes to whom it is for. */
export type Sending = Readonly<{
  text: (words: string) => Promise<void>;
  file: (file: File, onStep: (step: FileStep) => void, signal: AbortSignal) => Promise<void>;
}>;

type Going = FileUnderWay & Readonly<{ stop: AbortController }>;

export function Composer(props: { send: Sending; going?: FileUnderWay | undefined }) {
  const { send } = props;
  const [text, setText] = useState("");
  const [going, setGoing] = useState<Going | undefined>(
    () => props.going && { ...props.going, stop: new AbortController() },
  );
  const [told, setTold] = useState<"file.stopped" | "file.tooLate">();
  const task = useTask();
  const sendFile = (file: File) =>
    void task
      .run(async () => {
        const stop = new AbortController();
        const show = (step: FileStep) => setGoing({ name: file.name, step, stop });
        setTold(undefined);
        show({ sending: false, part: 0 });
        try {
          await send.file(file, show, stop.signal);
          if (stop.signal.aborted) setTold("file.tooLate");
        } catch (error) {
          // Whatever broke first: after a stop nothing was sent, and that is what counts.
          if (!stop.signal.aborted) throw error;
          setTold("file.stopped");
        }
      })
      .finally(() => setGoing(undefined));
  const submit = () => {
    const wanted = text.trim();
    if (wanted === "") return;
    setText("");
    void task
      .run(() => send.text(wanted))
      .then((sent) => {
        if (!sent) setText((typed) => typed || wanted);
      });
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Failed task={task} />
      {going && (
        <FileGoing
          words={
            <Named k={going.step.sending ? "file.sending" : "file.sealing"} name={going.name} />
          }
          step={going.step}
          onStop={() => going.stop.abort()}
        />
      )}
      {told && (
        <p className="composer-told" role="status">
          {say(told)}
        </p>
      )}
      <div className="composer-row">
        <FileTrigger
          onSelect={(list) => {
            const [file] = list ?? [];
            if (file) sendFile(file);
          }}
        >
          <IconBtn label={say("file.attach")} icon="attach" onPress={() => undefined} />
        </FileTrigger>
        <TextField
          className="composer-field"
          aria-label={say("thread.write")}
          value={text}
          onChange={setText}
        >
          <TextArea
            className="composer-input"
            rows={Math.min(MOST_ROWS, text.split("\n").length)}
            dir="auto"
            placeholder={say("thread.write")}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
                event.preventDefault();
                submit();
              }
            }}
          />
        </TextField>
        <IconBtn label={say("do.send")} icon="send" look="primary" onPress={submit} />
      </div>
    </form>
  );
}
