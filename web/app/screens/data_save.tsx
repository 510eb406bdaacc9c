/** One's data as a file: every byte, or to read. Made in the page; the server is asked for values only. */

import { useEffect, useRef, useState } from "react";
import type { ServerData } from "../../core/account_data.ts";
import { say } from "../i18n/text.ts";
import { useAppState, useModel } from "../model_hooks.tsx";
import { fetchWhole, htmlFile, jsonFile } from "../ui/data_file.ts";
import { download } from "../ui/download.ts";
import { Failed } from "../ui/failed.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";

export function SaveData({ data, onClose }: { data: ServerData; onClose: () => void }) {
  const model = useModel();
  const handle = useAppState((state) => state.self?.handle ?? "");
  const [progress, setProgress] = useState<readonly [done: number, all: number]>();
  const [gone, setGone] = useState<number>();
  const task = useTask();
  const ending = useRef(new AbortController());
  useEffect(() => {
    ending.current = new AbortController();
    return () => ending.current.abort();
  }, []);
  const name = `visavis-${data.day}`;
  const saveJson = async () => {
    const { signal } = ending.current;
    const fetch = model.data.value.bind(model.data);
    const whole = await fetchWhole(data, fetch, (...step) => setProgress(step), signal);
    signal.throwIfAborted();
    const text = jsonFile(handle, whole.data, await model.data.local());
    download(new Blob([text], { type: "application/json" }), `${name}.json`);
    setGone(whole.gone);
  };
  const saveHtml = async () => {
    const text = htmlFile(handle, data, await model.data.local());
    download(new Blob([text], { type: "text/html" }), `${name}.html`);
    setGone(0);
  };
  const save = (work: () => Promise<void>) => {
    setGone(undefined);
    setProgress(undefined);
    void task.run(work);
  };
  const [done = 0, all = 0] = progress ?? [];
  return (
    <Sheet title={say("data.save")} onClose={onClose}>
      <p className="soft">{say("data.saveLead")}</p>
      <Note tone="warm">{say("data.saveWarn")}</Note>
      <div className="actions">
        <Btn icon="download" disabled={task.busy} onPress={() => save(saveHtml)}>
          {say("data.saveHtml")}
        </Btn>
        <Btn icon="download" busy={task.busy} onPress={() => save(saveJson)}>
          {say("data.saveJson")}
        </Btn>
      </div>
      <Failed task={task} />
      {task.busy && all > 0 && <p className="help">{say("data.saving", { done, all })}</p>}
      <p className="help" role="status">
        {gone === 0 && say("data.saved")}
        {gone !== undefined && gone > 0 && say("data.savedLess", { count: gone })}
      </p>
    </Sheet>
  );
}
