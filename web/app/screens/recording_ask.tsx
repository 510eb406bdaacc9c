/**
 * One wants to record: everything that the others will be asked, said first. Nothing is chosen but for
 * how long, which is the longest there is; or why nobody can ask.
 */

import { lazy, Suspense, useState } from "react";
import "./recording.css";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { NumberField } from "react-aria-components/NumberField";
import { Text } from "react-aria-components/Text";
import { utf8 } from "../../core/bytes.ts";
import { later, say } from "../i18n/text.ts";
import { useAppState, useCallRecording, useRecordingActions } from "../model_hooks.tsx";
import {
  KINDS,
  type Kind,
  MAX_DAYS,
  MAX_WORDS_BYTES,
  type MayNotAsk,
  type Terms,
} from "../model_recording.ts";
import { Failed } from "../ui/failed.tsx";
import { Field, Toggle } from "../ui/fields.tsx";
import { Btn, Note } from "../ui/parts.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { useTask } from "../ui/task.ts";
import { neverNamed } from "./recording_asked.tsx";
import { Cannot, ClearHelp, TermsList } from "./recording_terms.tsx";

const Law = lazy(() => later(() => import("./recording_law.tsx")));

/** What is recorded here: nothing makes a transcript, though other programs may ask for one. */
const RECORDED = KINDS.filter((kind) => kind !== "transcript");

/** What is filled in so far. */
export type Draft = Readonly<{
  kinds: readonly Kind[];
  purpose: string;
  days: number;
  clear: boolean;
  named: string;
}>;

const EMPTY: Draft = {
  kinds: [],
  purpose: "",
  days: MAX_DAYS,
  clear: false,
  named: "",
};

/** Return what would be asked; undefined while something is missing. */
export function termsOf(draft: Draft): Terms | undefined {
  const { kinds, days, clear } = draft;
  const [purpose, named] = [draft.purpose.trim(), draft.named.trim()];
  const fits = (words: string) => utf8(words).length <= MAX_WORDS_BYTES;
  if (kinds.length === 0 || purpose === "") return undefined;
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) return undefined;
  if (!fits(purpose) || !fits(named)) return undefined;
  const to = clear && named !== "" ? named : null;
  return { kinds, purpose, place: "device", days, recipients: "asker", clear, named: to };
}

export default function AskToRecord(props: { onClose: () => void; first?: Draft; law?: boolean }) {
  const mayNotAsk = useCallRecording()?.mayNotAsk ?? null;
  const [reads, setReads] = useState(props.law ?? false);
  if (reads) {
    return (
      <Suspense>
        <Law onClose={() => setReads(false)} />
      </Suspense>
    );
  }
  return mayNotAsk === null ? (
    <Form first={props.first ?? EMPTY} onClose={props.onClose} onLaw={() => setReads(true)} />
  ) : (
    <Sheet title={say("mayNotAsk.title")} onClose={props.onClose}>
      <WhyNot why={mayNotAsk} />
      <div className="actions">
        <Btn onPress={props.onClose}>{say("do.close")}</Btn>
      </div>
    </Sheet>
  );
}

function WhyNot({ why }: { why: MayNotAsk }) {
  const names = useCallRecording()?.neverNames ?? [];
  if (why !== "never") return <p className="soft">{say(`mayNotAsk.${why}`)}</p>;
  if (names.length === 0) return <p className="soft">{say("mayNotAsk.somebody")}</p>;
  return (
    <p className="soft">
      {say("mayNotAsk.never", { names: neverNamed(names), count: names.length })}
    </p>
  );
}

function Form(props: { first: Draft; onClose: () => void; onLaw: () => void }) {
  const recording = useRecordingActions();
  const own = useAppState((state) => state.self?.handle) ?? say("askRecord.you");
  const [draft, setDraft] = useState(props.first);
  const [tried, setTried] = useState(false);
  const task = useTask();
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const terms = termsOf(draft);
  const tooLong = (words: string) =>
    utf8(words.trim()).length > MAX_WORDS_BYTES ? say("askRecord.tooLong") : undefined;
  const ask = () => {
    setTried(true);
    if (terms === undefined) return;
    void task.run(() => recording.ask(terms)).then((done) => done && props.onClose());
  };
  return (
    <Sheet title={say("askRecord.title")} onClose={props.onClose}>
      <p className="soft">{say("askRecord.lead")}</p>
      <fieldset className="request-kinds">
        <legend>{say("askRecord.kinds")}</legend>
        {RECORDED.map((kind) => (
          <Toggle
            key={kind}
            label={say(`kind.${kind}`)}
            on={draft.kinds.includes(kind)}
            onChange={(on) =>
              change({
                kinds: RECORDED.filter((one) => (one === kind ? on : draft.kinds.includes(one))),
              })
            }
          />
        ))}
      </fieldset>
      <Field
        label={say("askRecord.purpose")}
        help={say("askRecord.purposeHelp")}
        value={draft.purpose}
        onChange={(purpose) => change({ purpose })}
        error={tooLong(draft.purpose)}
        required
      />
      <NumberField
        className="field"
        minValue={1}
        maxValue={MAX_DAYS}
        value={draft.days}
        onChange={(days) => change({ days })}
        isRequired
      >
        <Label>{say("askRecord.days")}</Label>
        <span className="field-box">
          <Input className="input" />
        </span>
        <Text slot="description" className="help">
          {say("askRecord.daysHelp")}
        </Text>
      </NumberField>
      <Toggle
        label={say("askRecord.clear")}
        help={say("askRecord.clearHelp")}
        on={draft.clear}
        onChange={(clear) => change({ clear })}
      />
      {draft.clear && (
        <Field
          label={say("askRecord.named")}
          help={say("askRecord.namedHelp")}
          value={draft.named}
          onChange={(named) => change({ named })}
          error={tooLong(draft.named)}
        />
      )}
      {terms && (
        <section className="ask-seen">
          <h3>{say("askRecord.see")}</h3>
          <p className="small">{terms.kinds.map((kind) => say(`kind.${kind}`)).join(" · ")}</p>
          {terms.clear && (
            <p className="small">
              {say("request.clear")}. <ClearHelp named={terms.named} />
            </p>
          )}
          <TermsList terms={terms} by={own} />
          <Cannot />
        </section>
      )}
      {tried && terms === undefined && <Note tone="warm">{say("askRecord.missing")}</Note>}
      <Failed task={task} />
      <div className="actions">
        <Btn look="quiet" onPress={props.onLaw}>
          {say("askRecord.law")}
        </Btn>
        <Btn look="primary" icon="record" busy={task.busy} onPress={ask}>
          {say("askRecord.submit")}
        </Btn>
      </div>
    </Sheet>
  );
}
