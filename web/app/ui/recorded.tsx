/**
 * What is recorded is shown and heard on every screen, for as long as the model says that it is: the
 * red bar (`recorded_bar.ts`), tones (`tones.ts`), and the title of the tab.
 */

import { useEffect, useRef, useState } from "react";
import "./recorded.css";
import { say, useLanguage } from "../i18n/text.ts";
import { useCallRecording, useModel } from "../model_hooks.tsx";
import type { RecordedView } from "../model_recording.ts";
import { RecordedBar } from "../recorded_bar.ts";
import { restTitle } from "../tab_title.ts";
import { RecordedTones, soundRecorded } from "../tones.ts";

const NONE: readonly RecordedView[] = [];

export function Recorded() {
  const { recording } = useModel();
  const recorded = useCallRecording()?.recorded ?? NONE;
  const language = useLanguage();
  const latest = useRef(recording);
  latest.current = recording;
  const [bar] = useState(
    () =>
      new RecordedBar(async ({ id, own }) =>
        own ? latest.current?.stop() : latest.current?.withdraw(id),
      ),
  );
  const [tones] = useState(() => new RecordedTones(soundRecorded()));
  // biome-ignore lint/correctness/useExhaustiveDependencies: said anew in another language
  useEffect(() => bar.show(recorded), [bar, recorded, language]);
  useEffect(() => tones.show(recorded.map(({ id }) => id)), [tones, recorded]);
  useEffect(
    () => () => {
      bar.close();
      tones.show([]);
    },
    [bar, tones],
  );
  const isOn = recorded.length > 0;
  useTab(isOn);
  useNoWindowOfItsOwn(isOn);
  const [wasOn, setWasOn] = useState(false);
  if (isOn && !wasOn) setWasOn(true);
  return (
    <p className="unseen" role="status">
      {wasOn && !isOn && say("recorded.over")}
    </p>
  );
}

/** The tab says it too, while one looks at another. */
function useTab(isOn: boolean): void {
  const language = useLanguage();
  // biome-ignore lint/correctness/useExhaustiveDependencies: said anew in another language
  useEffect(() => {
    if (!isOn) return;
    restTitle("recorded.tab");
    return () => restTitle("app.name");
  }, [isOn, language]);
}

/** Picture-in-picture has no room for the bar: it ends when a recording begins, and waits until then. */
function useNoWindowOfItsOwn(isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return;
    const leave = () => {
      if (document.pictureInPictureElement) {
        void document.exitPictureInPicture().catch(() => undefined); // left by itself
      }
    };
    leave();
    document.addEventListener("enterpictureinpicture", leave);
    return () => document.removeEventListener("enterpictureinpicture", leave);
  }, [isOn]);
}
