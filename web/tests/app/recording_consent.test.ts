/**
 * The screens of consent, held to a checklist after EDPB Guidelines 3/2022, in each language: nothing
 * chosen, equal buttons, no more words for no than for yes, no hurry, nothing bundled or left out
 * (R-45 to R-47, R-55, R-56). What only a browser can tell is in `tests/e2e/recording_pages.e2e.ts`.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createElement, type ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { de } from "../../app/i18n/de.ts";
import { en } from "../../app/i18n/en.ts";
import { enRecording } from "../../app/i18n/en_recording.ts";
import { es } from "../../app/i18n/es.ts";
import { type Key, LANGUAGES, type Language, later, say, speak } from "../../app/i18n/text.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import {
  type AskedView,
  KINDS,
  MAX_DAYS,
  MAX_WORDS_BYTES,
  type RecordingView,
} from "../../app/model_recording.ts";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { CALL, MIRA, STATE } from "../../app/scenes/fixtures.ts";
import {
  ASKED,
  ASKED_ALL,
  ASKED_HOSTILE,
  OWN_ASK,
  RECORDED,
  recordingOf,
} from "../../app/scenes/fixtures_recording.ts";
import Call from "../../app/screens/call.tsx";
import { type Draft, termsOf } from "../../app/screens/recording_ask.tsx";
import { Asked, Held } from "../../app/screens/recording_asked.tsx";
import { Request } from "../../app/screens/recording_request.tsx";
import * as core from "../../core/recording_statements.ts";
import { Kind } from "../../core/recording_types.ts";

const SPOKEN = Object.keys(LANGUAGES) as Language[];
const CATALOGUES = { en, de, es };
const SCREENS = join(import.meta.dirname, "../../app/screens");
const nothing = () => undefined;

beforeAll(() => later(async () => undefined));
afterEach(() => speak("en"));

function markup(element: ReactElement, change: Partial<RecordingView> = {}): string {
  const model = new FakeModel({ ...STATE, recording: recordingOf(change) });
  const props = { model, children: element };
  const html = renderToStaticMarkup(createElement(ModelProvider, props));
  return html.replaceAll("&#x27;", "'").replaceAll("&quot;", '"');
}

const words = (html: string) => html.replaceAll(/<[^>]*>/g, "\n");
const request = (ask: AskedView) => markup(createElement(Request, { ask, onClose: nothing }));
const asked = (change: Partial<RecordingView>, closed: readonly string[] = []) =>
  markup(createElement(Asked, { closed }), change);
const count = (text: string) => text.trim().split(/\s+/).length;

/** Every sentence about recording that calls say, in a language. */
function sentences(language: Language): readonly (readonly [Key, string])[] {
  return (Object.keys(enRecording) as (keyof typeof enRecording)[]).flatMap((key) => {
    const entry = CATALOGUES[language][key];
    const forms = typeof entry === "string" ? [entry] : Object.values(entry);
    return forms.map((form) => [key, form] as const);
  });
}

describe.each(SPOKEN)("a question in %s", (language) => {
  test("nothing is chosen, and each thing is chosen by itself", async () => {
    await speak(language);
    for (const ask of [ASKED, ASKED_ALL, ASKED_HOSTILE]) {
      const html = request(ask);
      const boxes = html.match(/<input[^>]*type="checkbox"[^>]*>/g) ?? [];
      expect(boxes).toHaveLength(ask.kinds.length + (ask.clear ? 1 : 0));
      for (const box of boxes) expect(box).not.toMatch(/\bchecked\b/);
      expect(html).not.toContain("data-selected");
      for (const kind of ask.kinds) expect(words(html)).toContain(say(`kind.${kind}`));
    }
  });

  test("yes and no are the same button, no first, and neither has the focus", async () => {
    await speak(language);
    const [, foot = ""] = request(ASKED_ALL).split('class="answers');
    const buttons = foot.match(/<button[\s\S]*?<\/button>/g) ?? [];
    expect(buttons).toHaveLength(2);
    const bare = buttons.map((one) =>
      one
        .replaceAll(/ (?:id|data-react-aria-[\w-]+)="[^"]*"/g, "")
        .replace(/<span class="label">[^<]*/, '<span class="label">'),
    );
    expect(bare[0]).toBe(bare[1]);
    expect(bare[0]).not.toMatch(/autofocus|primary|disabled/i);
    expect(buttons.map((one) => words(one).trim())).toEqual([
      say("request.no"),
      say("request.yes"),
    ]);
  });

  test("refusing takes no more words than agreeing, and withdrawing none at all", async () => {
    await speak(language);
    expect(count(say("request.no"))).toBeLessThanOrEqual(count(say("request.yes")));
    const given = asked({ requests: [{ ...ASKED, answer: "given", agreed: ["audio"] }] });
    expect(given.match(/<button/g)).toHaveLength(1);
    expect(words(given)).toContain(say("recorded.withdraw"));
    expect(count(say("recorded.withdraw"))).toBeLessThan(4);
  });

  test("who, what, what for, where, how long, for whom and how to withdraw all stand there", async () => {
    await speak(language);
    for (const ask of [ASKED, ASKED_ALL]) {
      const text = words(request(ask)).replaceAll(/\n+/g, "");
      expect(text).toContain(ask.by);
      expect(text).toContain(say("request.purpose") + ask.purpose);
      const place = say(`request.place.${ask.place}`, { name: ask.by });
      expect(text).toContain(say("request.place") + place);
      const days = say("request.daysLong", { count: ask.days });
      expect(text).toContain(say("request.days") + days);
      const players = ask.recipients === "members" ? say("request.recipients.members") : ask.by;
      expect(text).toContain(say("request.recipients") + players);
      expect(text).toContain(say("request.withdraw") + say("request.withdrawLong"));
      if (ask.named !== null) expect(text).toContain(ask.named);
      expect(text.includes(say("request.clear"))).toBe(ask.clear);
    }
  });

  test("what nobody can prevent is said there (R-56), and that the call goes on", async () => {
    await speak(language);
    const text = words(request(ASKED));
    expect(text).toContain(say("request.cannot"));
    expect(say("request.cannot")).toMatch(/film/i);
    expect(say("request.cannot")).toMatch(/called back|zurückholen|recuperar/);
    for (const key of ["mayNotAsk.confidential", "beforeRecording.confidential"] as const) {
      expect(say(key), key).toMatch(/film/i);
    }
    expect(text).toContain(say("request.goesOn"));
    expect(text).toContain(say("request.rule"));
  });

  test("no sentence hurries, flatters, blames or denies twice", () => {
    const hurry =
      /\b(hurry|quick|seconds?|expires|last chance|now!|schnell|sekunde|beeil|letzte chance|segundos?|rápido|date prisa|última)/i;
    const stir =
      /\b(sorry|shame|sure\?|please|help us|leider|schade|bitte!|lástima|por favor|sicher\?|seguro)/i;
    const twice =
      /\b(not|n't|never|no)\b[^.,:;]*\b(not|without|refuse|deny|disagree|unless not)\b|\b(nicht|kein\w*|nie)\b[^.,:;]*\b(nicht|ohne|kein\w*|ablehn\w*|verweiger\w*)\b|\bno\b[^.,:;]*\b(rechazar|negar|sin|desacuerdo)\b/i;
    for (const [key, sentence] of sentences(language)) {
      expect(sentence, key).not.toMatch(hurry);
      expect(sentence, key).not.toMatch(stir);
      expect(sentence, key).not.toMatch(twice);
    }
    // The patterns see what they are for.
    expect("Only 10 seconds left").toMatch(hurry);
    expect("I do not want to disagree").toMatch(twice);
    expect("Ich will nicht ablehnen").toMatch(twice);
    expect("No quiero rechazar").toMatch(twice);
    expect("Are you sure?").toMatch(stir);
  });
});

describe("the question", () => {
  test("takes no tap at first: neither its choices nor its answers", () => {
    const html = request(ASKED);
    expect(html).toMatch(/<fieldset class="request-kinds settling" inert="">/);
    expect(html).toMatch(/<div class="answers settling" inert="">/);
  });

  test("stands in the call, whose buttons stay; it is one layer and no modal", () => {
    const model = new FakeModel({ ...STATE, recording: recordingOf({ requests: [ASKED_ALL] }) });
    const children = createElement(Call, { call: CALL, onChat: nothing });
    const html = renderToStaticMarkup(createElement(ModelProvider, { model, children }));
    expect(html).toContain(say("call.hangUp"));
    expect(html.indexOf(say("request.yes"))).toBeLessThan(html.indexOf(say("call.hangUp")));
    expect(html).not.toContain("aria-modal");
    expect(html.match(/role="dialog"/g)).toHaveLength(1);
    expect(html).not.toMatch(/<(?:details|a href)/);
  });

  test("put aside it is a line with a way back; an answered no is gone", () => {
    const aside = words(asked({ requests: [ASKED] }, [ASKED.id]));
    expect(aside.replaceAll("\n", "")).toContain(say("request.open", { name: MIRA.name }));
    expect(aside).toContain(say("request.answer"));
    expect(asked({ requests: [{ ...ASKED, answer: "refused" }] })).toBe("");
    expect(asked({})).toBe("");
  });

  test("comes one at a time", () => {
    const html = asked({ requests: [ASKED, ASKED_ALL] });
    expect(html.match(/role="dialog"/g)).toHaveLength(1);
    expect(words(html).replaceAll("\n", "")).toContain(say("request.open", { name: ASKED_ALL.by }));
  });

  test("one's own says who has not answered, and can be ended", () => {
    const text = words(asked({ own: OWN_ASK })).replaceAll(/[\u2068\u2069]/g, "");
    expect(text).toContain(say("ownAsk.waits", { count: 1, names: "jonas.77120" }));
    expect(text).toContain(say("ownAsk.stop"));
    expect(asked({ own: OWN_ASK, recorded: [{ ...RECORDED, id: OWN_ASK.id, own: true }] })).toBe(
      "",
    );
  });

  test("of a stranger turns nothing around", () => {
    expect(ASKED_HOSTILE.purpose).toContain("\u202E"); // control
    expect(request(ASKED_HOSTILE)).not.toMatch(/[\u202A-\u202E]/);
  });

  test("nothing of these screens ends a call, or answers by itself", () => {
    for (const name of ["recording_request", "recording_asked", "recording_terms"]) {
      const source = readFileSync(join(SCREENS, `${name}.tsx`), "utf8");
      expect(source, name).not.toMatch(
        /hangUp|\.leave\(|\bcalls\b|groupCall|setTimeout|setInterval/,
      );
    }
    const source = readFileSync(join(SCREENS, "recording_request.tsx"), "utf8");
    expect(source.match(/recording\.agree\(/g)).toHaveLength(1);
    expect(source.match(/recording\.refuse\(/g)).toHaveLength(1);
  });
});

describe("whoever is held", () => {
  const held = (change: Partial<RecordingView>) => words(markup(createElement(Held), change));

  test("is told what they wait for, and that both answers let them in", () => {
    expect(held({ held: true })).toContain(say("held.waiting"));
    expect(held({ held: true, requests: [ASKED] })).toContain(say("held.question"));
    expect(held({ held: false, requests: [ASKED] })).toBe("");
  });
});

describe("asking", () => {
  const draft: Draft = {
    kinds: ["audio"],
    purpose: " Minutes ",
    days: 30,
    clear: false,
    named: "somebody",
  };

  test("leaves nothing open", () => {
    expect(termsOf(draft)).toEqual({
      kinds: ["audio"],
      purpose: "Minutes",
      place: "device",
      days: 30,
      recipients: "asker",
      clear: false,
      named: null,
    });
    const missing: readonly Partial<Draft>[] = [
      { kinds: [] },
      { purpose: " " },
      { days: 0 },
      { days: 31 },
      { days: 1.5 },
      { days: Number.NaN },
      { purpose: "ü".repeat(301) },
      { clear: true, named: "ü".repeat(301) },
    ];
    for (const one of missing) expect(termsOf({ ...draft, ...one })).toBeUndefined();
    expect(termsOf({ ...draft, purpose: "ü".repeat(300) })).toBeDefined();
  });

  test("names who gets an export only where one is asked for", () => {
    expect(termsOf({ ...draft, clear: true })?.named).toBe("somebody");
    expect(termsOf({ ...draft, clear: true, named: " " })?.named).toBeNull();
  });

  test("knows the protocol's bounds and kinds", () => {
    expect([MAX_DAYS, MAX_WORDS_BYTES]).toEqual([core.MAX_DAYS, core.MAX_PURPOSE]);
    expect(core.MAX_NAMED).toBe(core.MAX_PURPOSE);
    expect(KINDS.toSorted()).toEqual(Object.values(Kind).toSorted());
  });
});

test("signing up asks for no consent (R-55)", () => {
  for (const name of ["sign_up", "recovery", "door"]) {
    const source = readFileSync(join(SCREENS, `${name}.tsx`), "utf8");
    expect(source, name).not.toMatch(/consent|recording|recordings/i);
  }
});
