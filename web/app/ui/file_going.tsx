/** A file on its way: how far it is, and the way to stop it. */

import { type ReactNode, useEffect, useRef } from "react";
import { say } from "../i18n/text.ts";
import type { FileStep } from "../model_actions.ts";
import { Btn } from "./parts.tsx";

const WHOLE = 100;

export function FileGoing(props: { words: ReactNode; step: FileStep; onStop: () => void }) {
  const { part } = props.step;
  const percent = part === undefined ? undefined : Math.round(part * WHOLE);
  return (
    <div className="going">
      <div className="grow stack tight">
        <p className="going-words clip" role="status">
          {props.words}
        </p>
        <Bar percent={percent} />
      </div>
      <Btn look="quiet" icon="close" onPress={props.onStop}>
        {say("file.stop")}
      </Btn>
    </div>
  );
}

/** Without a number nobody can say how far it is: then it only says that something happens. */
function Bar({ percent }: { percent: number | undefined }) {
  const bar = useRef<HTMLProgressElement>(null);
  useEffect(() => {
    if (percent === undefined) bar.current?.removeAttribute("value");
    else if (bar.current) bar.current.value = percent;
  }, [percent]);
  return <progress ref={bar} className="bar" max={WHOLE} aria-label={say("file.progress")} />;
}
