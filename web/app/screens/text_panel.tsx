/** Real-time text of a call: what both write, seen as it is written; nothing of it is kept. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { TextArea } from "react-aria-components/TextArea";
import { TextField } from "react-aria-components/TextField";
import "./text_panel.css";
import type { Line } from "../../core/realtime_text.ts";
import { say } from "../i18n/text.ts";
import type { CallView } from "../model.ts";
import { useModel } from "../model_hooks.tsx";
import { plainName, plainText } from "../names.ts";
import { CopyBtn } from "../ui/copy.tsx";
import { IconBtn, Name, Named } from "../ui/parts.tsx";

/** As far from the end as one may be and still want to see what comes, in pixels. */
const NEAR_END = 48;
const MOST_ROWS = 3;

export function TextPanel(props: { call: CallView; focus: boolean; onClose: () => void }) {
  const { call, focus } = props;
  const { text, person } = call;
  const name = plainName(person.name);
  const all = text.lines.map((line) => `${writer(line, name)}: ${plainText(line.text)}`);
  return (
    <section className="text-panel" aria-label={say("text.title")}>
      <header className="text-head">
        <h2>{say("text.title")}</h2>
        {all.length > 0 && <CopyBtn look="quiet" label={say("text.copy")} text={all.join("\n")} />}
        <IconBtn label={say("text.close")} icon="close" onPress={props.onClose} />
      </header>
      <Lines call={call} name={name} />
      <p className="text-note">
        <Note call={call} />
      </p>
      <Field own={text.own} focus={focus} />
    </section>
  );
}

function writer(line: Line, name: string): string {
  return line.who === "own" ? say("text.you") : name;
}

function Note({ call }: { call: CallView }) {
  if (call.state !== "inCall") return say("text.waits");
  if (call.text.isOpenThere) return say("text.note");
  return <Named k="text.closedThere" name={call.person.name} />;
}

function Lines({ call, name }: { call: CallView; name: string }) {
  const { lines, theirs } = call.text;
  const list = useRef<HTMLOListElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is written moves the end.
  useLayoutEffect(() => {
    const { current } = list;
    if (current && atEnd.current) current.scrollTop = current.scrollHeight;
  }, [lines, theirs]);
  const isEmpty = lines.length === 0 && theirs === "";
  return (
    <ol
      ref={list}
      className="text-lines"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
      tabIndex={0}
      aria-label={say("text.lines")}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
      }}
    >
      {isEmpty && <li className="text-empty">{say("text.empty")}</li>}
      {lines.map((line) => (
        <li key={line.number} className={`text-line ${line.who}`}>
          <span className="text-who">
            {line.who === "own" ? say("text.you") : <Name of={name} />}
          </span>
          <p dir="auto">
            <bdi>{plainText(line.text)}</bdi>
          </p>
        </li>
      ))}
      {theirs !== "" && (
        <li className="text-line theirs live">
          <span className="text-who">
            <Named k="text.writes" name={name} />
          </span>
          <p dir="auto">
            <bdi>{plainText(theirs)}</bdi>
          </p>
        </li>
      )}
    </ol>
  );
}

/** Every change leaves with the next block, in the middle of the line too. */
function Field({ own, focus }: { own: string; focus: boolean }) {
  const { calls } = useModel();
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (focus) field.current?.focus();
  }, [focus]);
  return (
    <div className="text-field">
      <TextField aria-label={say("text.own")} value={own} onChange={(line) => calls.write(line)}>
        <TextArea
          ref={field}
          className="text-input"
          rows={Math.min(MOST_ROWS, 1 + Math.floor(own.length / 40))}
          dir="auto"
          placeholder={say("text.own")}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            if (event.key === "Enter" && !event.nativeEvent.isComposing) {
              event.preventDefault();
              calls.write(`${event.currentTarget.value}\n`);
            }
          }}
        />
      </TextField>
      <IconBtn label={say("text.done")} icon="check" onPress={() => calls.write(`${own}\n`)} />
    </div>
  );
}

/** Reads out lines once they are finished, and that the other person writes; no single letters. */
export function TextReader({ call }: { call: CallView }) {
  const { text, person } = call;
  const name = plainName(person.name);
  const heard = useRef({ number: -1, there: false });
  const [said, setSaid] = useState("");
  useEffect(() => {
    const { number, there } = heard.current;
    const fresh = text.lines.filter((line) => line.who === "theirs" && line.number > number);
    heard.current = { number: text.lines.at(-1)?.number ?? number, there: text.isOpenThere };
    const words = fresh.map((line) => `${name}: ${plainText(line.text)}`);
    if (text.isOpenThere && !there) words.unshift(say("text.opened", { name }));
    if (words.length > 0) setSaid(words.join("\n"));
  }, [text, name]);
  return (
    <p className="unseen" aria-live="polite">
      {said}
    </p>
  );
}

/** Keep the field above a phone's keyboard, which covers the page without changing its size. */
export function useKeyboardRoom(room: React.RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const view = window.visualViewport;
    if (!view) return;
    const adjust = () => {
      const hidden = Math.max(0, window.innerHeight - view.height - view.offsetTop);
      room.current?.style.setProperty("--hidden", `${hidden}px`);
      room.current?.toggleAttribute("data-keyboard", hidden > 0.2 * window.innerHeight);
    };
    adjust();
    view.addEventListener("resize", adjust);
    view.addEventListener("scroll", adjust);
    return () => {
      view.removeEventListener("resize", adjust);
      view.removeEventListener("scroll", adjust);
    };
  }, [room]);
}
