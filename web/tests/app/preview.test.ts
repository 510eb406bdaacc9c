/** The page before a call: what it says of the microphone. */

import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { say } from "../../app/i18n/text.ts";
import type { Desk } from "../../app/model.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { DESK, MIRA, STATE } from "../../app/scenes/fixtures.ts";
import Preview from "../../app/screens/preview.tsx";

/** Return the page as text, with these devices. */
function page(desk: Partial<Desk>): string {
  const model = new FakeModel({ ...STATE, desk: { ...DESK, ...desk } });
  const children = createElement(Preview, { id: MIRA.id, media: "video" });
  return renderToStaticMarkup(createElement(ModelProvider, { model, children }))
    .replaceAll(/<[^>]*>/g, "\n")
    .replaceAll("&#x27;", "'");
}

const MUTED = say("call.muted");
const LEVEL = say("preview.levelHelp");

test("the level while it is on, and that one is muted while it is off", () => {
  expect([page({ micOn: true }).includes(MUTED), page({ micOn: true }).includes(LEVEL)]).toEqual([
    false,
    true,
  ]);
  expect([page({ micOn: false }).includes(MUTED), page({ micOn: false }).includes(LEVEL)]).toEqual([
    true,
    false,
  ]);
});

test.each(["denied", "missing", "busy", "gone"] as const)("%s: the trouble, and no more", (is) => {
  const text = page({ micOn: false, micTrouble: is });
  expect(text.split(say(`desk.microphone.${is}`))).toHaveLength(2);
  expect(text).not.toContain(MUTED);
  expect(text).not.toContain(LEVEL);
});

test("a camera's trouble is told beside it", () => {
  const text = page({ micOn: false, micTrouble: "busy", cameraTrouble: "denied" });
  expect(text.split(say("desk.camera.denied"))).toHaveLength(2);
  expect(text.split(say("desk.microphone.busy"))).toHaveLength(2);
});
