/** A file in a conversation: what is known of it, and a tap that fetches, opens and shows or saves it. */

import { useState } from "react";
import { Button } from "react-aria-components/Button";
import { bytes, say } from "../i18n/text.ts";
import { Icon } from "../icons.tsx";
import type { Entry } from "../model.ts";
import type { FileStep } from "../model_actions.ts";
import { useModel } from "../model_hooks.tsx";
import { plainName } from "../names.ts";
import { useBlobUrl } from "./blob_url.ts";
import { download } from "./download.ts";
import { FileGoing } from "./file_going.tsx";
import { useTask } from "./task.ts";

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
          else download(opened.file, opened.file.name);
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
