/** A file in a conversation: what is known of it, and a tap that fetches, opens and shows or saves it. */

import { useEffect, useState } from "react";
import { Button } from "react-aria-components/Button";
import { bytes, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Entry } from "../model.ts";
import type { FileStep } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { FileGoing } from "./file_going.tsx";
import { useTask } from "./task.ts";

const KEEP_MS = 60_000;

export type FileEntryProps = Readonly<{ entry: Extract<Entry, { kind: "file" }> }>;

export function FileEntry({ entry }: FileEntryProps) {
  const { files } = useModel();
  const [shown, setShown] = useState<Blob>();
  const task = useTask();
  const small = useBlobUrl(entry.thumbnail);
  const large = useBlobUrl(shown);
  const name = plainName(entry.name);
  const [going, setGoing] = useState<{ step: FileStep; stop: AbortController }>();
  const open = () =>
    void task
      .run(async () => {
        const stop = new AbortController();
        const show = (step: FileStep) => setGoing({ step, stop });
        show({ sending: false, part: 0 });
        try {
          const opened = await files.open(entry, show, stop.signal);
          if (opened.shown) setShown(opened.file);
          else save(opened.file);
        } catch (error) {
          if (!stop.signal.aborted) throw error;
        }
      })
      .finally(() => setGoing(undefined));
  return (
    <div className="file">
      {large && <img className="file-large" src={large} alt={name} />}
      <Button className="file-row" onPress={open} isPending={task.busy}>
        {small && !large ? (
          <img className="file-small" src={small} alt="" />
        ) : (
          <span className="call-event-icon">
            {task.busy ? <span className="spin" aria-hidden="true" /> : <Icon name="file" />}
          </span>
        )}
        <span className="grow">
          <span className="row-name">
            <bdi>{name}</bdi>
          </span>
          <span className="call-event-time">
            {bytes(entry.size)}
            {!task.busy && ` · ${say("file.open")}`}
          </span>
        </span>
      </Button>
      {going && (
        <FileGoing
          words={say("file.opening")}
          step={going.step}
          onStop={() => going.stop.abort()}
        />
      )}
      {task.failed && (
        <p className="field-error" role="alert">
          {say(task.failed)}
        </p>
      )}
    </div>
  );
}

function useBlobUrl(blob: Blob | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (blob === undefined) return;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => {
      setUrl(undefined);
      // The image may be about to load it.
      setTimeout(() => URL.revokeObjectURL(made), KEEP_MS);
    };
  }, [blob]);
  return url;
}

function save(file: File): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}
