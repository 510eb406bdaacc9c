/** Pages about recordings outside of calls: before one, settings, consents, and what was recorded. */

import { createElement, type ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { later, say, speak } from "../../app/i18n/text.ts";
import type { AppState } from "../../app/model.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { CALL, MIRA, PEOPLE, STATE } from "../../app/scenes/fixtures.ts";
import { DATA_NOW } from "../../app/scenes/fixtures_data.ts";
import {
  CONSENTS,
  RECORDED,
  RECORDING_AT_REST,
  RECORDINGS,
  recordingOf,
} from "../../app/scenes/fixtures_recording.ts";
import Call from "../../app/screens/call.tsx";
import Consents from "../../app/screens/consents.tsx";
import { readable } from "../../app/screens/consents_receipt.tsx";
import { Actions } from "../../app/screens/data_actions.tsx";
import Preview from "../../app/screens/preview.tsx";
import { RingRecording } from "../../app/screens/recording_before.tsx";
import { NeverRecordRule } from "../../app/screens/recording_never.tsx";
import Recordings from "../../app/screens/recordings.tsx";
import Settings from "../../app/screens/settings.tsx";
import { utf8 } from "../../core/bytes.ts";

beforeAll(() => later(async () => undefined));
afterEach(() => speak("en"));

function markup(element: ReactElement, state: Partial<AppState> = {}): string {
  const model = new FakeModel({ ...STATE, recording: RECORDING_AT_REST, ...state });
  const props = { model, children: element };
  return renderToStaticMarkup(createElement(ModelProvider, props)).replaceAll("&#x27;", "'");
}

const words = (html: string) => html.replaceAll(/<[^>]*>/g, "").replaceAll(/[\u2068\u2069]/g, "");

describe("before a call", () => {
  const preview = (state: Partial<AppState> = {}) =>
    words(markup(createElement(Preview, { id: MIRA.id, media: "voice" }), state));
  const withMira = (change: Partial<typeof MIRA>) => ({
    people: [{ ...MIRA, ...change }, ...PEOPLE.slice(1)],
  });

  test("it is said that somebody may ask to record, before everything else", async () => {
    for (const language of ["en", "de", "es"] as const) {
      await speak(language);
      const text = preview();
      expect(text).toContain(say("beforeRecording.note"));
      expect(text.indexOf(say("beforeRecording.note"))).toBeLessThan(
        text.indexOf(say("preview.traceless")),
      );
    }
  });

  test("who is never to be recorded is named; ourselves, too", () => {
    const never = say("beforeRecording.never", { names: MIRA.name, count: 1 });
    expect(preview(withMira({ neverRecorded: true }))).toContain(never);
    expect(preview()).not.toContain(never);
    const own = say("beforeRecording.own");
    expect(preview({ recording: { ...RECORDING_AT_REST, never: true } })).toContain(own);
    expect(preview(withMira({ rules: { ...MIRA.rules, neverRecord: true } }))).toContain(own);
    expect(preview()).not.toContain(own);
  });

  test("a call that rings says the same; of a confidential one that nobody can ask", () => {
    const ring = (confidential: boolean) =>
      words(markup(createElement(RingRecording, { people: [MIRA.id], confidential })));
    expect(ring(false)).toContain(say("beforeRecording.note"));
    expect(ring(true)).toContain(say("beforeRecording.confidential"));
  });
});

test("a client that has nothing to do with recording says nothing of it", () => {
  const none = { recording: undefined };
  const preview = createElement(Preview, { id: MIRA.id, media: "voice" });
  const actions = createElement(Actions, { data: DATA_NOW, onChanged: async () => undefined });
  const call = createElement(Call, { call: CALL, onChat: () => undefined });
  const settings = createElement(Settings);
  const pages: readonly ReactElement[] = [preview, settings, actions, call];
  for (const page of pages) expect(words(markup(page, none))).not.toMatch(/record|consent/i);
  expect(words(markup(createElement(Settings)))).toMatch(/record/i); // control
});

describe("never record me", () => {
  test("is off at first, and stands in the settings with what it does", () => {
    const text = words(markup(createElement(Settings)));
    expect(text).toContain(say("neverRecord.label"));
    expect(text).toContain(say("neverRecord.help"));
    const card = (html: string) => html.split(say("neverRecord.label"))[0]?.split("<label").at(-1);
    expect(card(markup(createElement(Settings)))).not.toContain("checked");
    const never = { recording: { ...RECORDING_AT_REST, never: true } };
    expect(card(markup(createElement(Settings), never))).toContain("checked");
  });

  test("for everybody it holds for each contact, and is changed in one place", () => {
    const props = { rules: MIRA.rules, onChange: () => undefined };
    const rule = (never: boolean) =>
      markup(createElement(NeverRecordRule, props), { recording: { ...RECORDING_AT_REST, never } });
    expect(rule(false)).not.toMatch(/checked|disabled/);
    expect(rule(true)).toMatch(/checked/);
    expect(rule(true)).toMatch(/disabled/);
    expect(words(rule(true))).toContain(say("neverRecord.ruleAll"));
  });
});

describe("my consents", () => {
  const page = () => markup(createElement(Consents, { first: CONSENTS }));

  test("have all that was given, refused, withdrawn and is over, with who, where and what for", () => {
    const text = words(page());
    for (const state of ["given", "refused", "withdrawn", "expired"] as const) {
      expect(text).toContain(say(`consents.${state}`));
    }
    expect(text).toContain(say("consents.by", { name: MIRA.name }));
    expect(text).toContain("Tuesday choir");
    expect(text).toContain(CONSENTS[0]?.purpose);
    expect(page()).not.toMatch(/[\u202A-\u202E]/);
  });

  test("each has a receipt; a yes that stands can be withdrawn by one tap, and no other", () => {
    const buttons = (name: string) => page().split(`>${name}<`).length - 1;
    const given = CONSENTS.filter(({ state }) => state === "given").length;
    expect(given).toBe(2);
    expect(buttons(say("consents.receipt"))).toBe(CONSENTS.length);
    expect(buttons(say("consents.withdraw"))).toBe(given);
    expect(buttons(say("consents.kantara"))).toBe(given);
    expect(words(page())).toContain(say("consents.withdrawHelp"));
  });

  test("an export that was agreed to is said to be out of reach, also by withdrawing", () => {
    const given = CONSENTS.filter(({ clear }) => clear);
    expect(given).toHaveLength(1);
    expect(words(page()).split(say("consents.clearHelp")).length - 1).toBe(1);
  });

  test("a receipt is shown in lines and stays what it is", () => {
    expect(readable(utf8('{"a":1}'))).toBe('{\n  "a": 1\n}');
    expect(readable(utf8("no json"))).toBe("no json");
    expect(readable(utf8('"\u202Eabc"'))).not.toContain("\u202E");
  });

  test("nobody asked: it says so", () => {
    expect(words(markup(createElement(Consents, { first: [] })))).toContain(say("consents.none"));
  });
});

describe("recordings", () => {
  const page = () => markup(createElement(Recordings, { first: RECORDINGS }));

  test("say how long they play still, whose part does, and why another's does not", () => {
    const text = words(page());
    expect(text).toContain(say("recordings.left", { count: 28 }));
    expect(text).toContain(say("recordings.left", { count: 1 }));
    expect(text).toContain(say("recordings.expired"));
    expect(text).toContain(`jonas.77120: ${say("recordings.silent.withdrawn")}`);
  });

  test("what is over is not played, and an export is offered only where all agreed to it", () => {
    const count = (name: string) => page().split(`>${name}<`).length - 1;
    expect(count(say("recordings.play"))).toBe(2);
    expect(count(say("recordings.export"))).toBe(1);
    expect(count(say("recordings.remove"))).toBe(3);
  });

  test("without parts there is nothing to play, and it says so", () => {
    const open = { id: "r1", what: "player", parts: [] } as const;
    const text = words(markup(createElement(Recordings, { first: RECORDINGS, open })));
    expect(text).toContain(say("recordings.nothing"));
  });
});

test("while something is recorded the picture gets no window of its own", () => {
  const remote = (recorded: readonly (typeof RECORDED)[]) => {
    const call = createElement(Call, { call: CALL, onChat: () => undefined });
    const html = markup(call, { recording: recordingOf({ recorded }) });
    return html.match(/<video[^>]*>/g)?.find((one) => one.includes("remote"));
  };
  expect(remote([RECORDED])).toMatch(/disablePictureInPicture/i);
  expect(remote([])).toBeDefined();
  expect(remote([])).not.toMatch(/disablePictureInPicture/i);
});
