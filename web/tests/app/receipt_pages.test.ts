/** Signed receipts of a call, on pages: what is asked, what became of it, and what one holds. */

import { createElement, type ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, beforeAll, expect, test } from "vitest";
import { later, say, speak } from "../../app/i18n/text.ts";
import type { AppState } from "../../app/model.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import type { EndedReceipt, ReceiptsView } from "../../app/model_receipt.ts";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { CALL, MIRA, STATE } from "../../app/scenes/fixtures.ts";
import { GROUP_CALL } from "../../app/scenes/fixtures_group_call.ts";
import {
  ASKED_RECEIPT,
  NO_RECORDING,
  RECEIPTS,
  RECORDING_AT_REST,
  recordingOf,
} from "../../app/scenes/fixtures_recording.ts";
import CallReceipts from "../../app/screens/call_receipts.tsx";
import { Asked } from "../../app/screens/recording_asked.tsx";

beforeAll(() => later(async () => undefined));
afterEach(() => speak("en"));

function words(element: ReactElement, state: Partial<AppState>): string {
  const model = new FakeModel({ ...STATE, ...state });
  const props = { model, children: element };
  const html = renderToStaticMarkup(createElement(ModelProvider, props));
  const text = html.replaceAll(/<[^>]*>/g, "").replaceAll(/[\u2068\u2069]/g, "");
  return text.replaceAll("&#x27;", "'");
}

function asked(change: Partial<ReceiptsView>, state: Partial<AppState> = { call: CALL }): string {
  const receipts = { ...NO_RECORDING.receipts, ...change };
  return words(createElement(Asked), { ...state, recording: recordingOf({ receipts }) });
}

const OVER: EndedReceipt = { id: "c1", own: false, askedBy: MIRA.name, why: "complete", by: null };

test("who is asked reads it first, in each language; nothing is signed by that line", async () => {
  for (const language of ["en", "de", "es"] as const) {
    await speak(language);
    const text = asked({ asked: ASKED_RECEIPT });
    expect(text).toContain(say("receipt.asks").replace("{name}", MIRA.name));
    expect(text).toContain(say("receipt.read"));
    expect(text).not.toContain(say("receipt.yes"));
  }
});

test("who has signed waits, and who asks can stop that", () => {
  const signed = { ...ASKED_RECEIPT, haveSigned: true, missing: ["Jonas", "Elif"] };
  expect(asked({ asked: signed })).toBe(say("receipt.waits", { count: 2 }));
  expect(asked({ asked: { ...signed, own: true } })).toContain(say("ownAsk.stop"));
});

test("it is said when it is complete; a guest saves it at once", () => {
  const text = asked({ ended: [OVER] });
  expect(text).toContain(say("receipt.over.complete"));
  expect(text).not.toContain(say("receipt.saveFile"));
  const guest = asked({ ended: [OVER] }, { groupCall: { ...GROUP_CALL, isGuest: true } });
  expect(guest).toContain(say("receipt.completeGuest"));
  expect(guest).toContain(say("receipt.saveFile"));
  expect(asked({ ended: [{ ...OVER, why: "refused" }] })).toContain(say("receipt.over.refused"));
  expect(asked({ ended: [{ ...OVER, why: "call_over" }] })).toBe("");
});

test("those that one holds are listed, to be saved or removed", () => {
  const text = words(createElement(CallReceipts, { first: RECEIPTS }), {
    recording: RECORDING_AT_REST,
  });
  expect(text).toContain("Tuesday choir");
  expect(text).toContain(MIRA.name);
  expect(text).toContain(say("receipt.saveFile"));
  expect(text).toContain(say("receipts.remove"));
  const none = createElement(CallReceipts, { first: [] });
  expect(words(none, { recording: RECORDING_AT_REST })).toContain(say("receipts.none"));
});
