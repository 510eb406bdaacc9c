/** A screen that was fetched ahead is drawn at once; one that was not stands behind its fallback. */

import { type ComponentType, createElement, Suspense } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { screen } from "../../app/ui/screen.tsx";

const Hello = ({ name }: { name: string }) => createElement("p", null, name);
const drawn = (One: ComponentType<{ name: string }>) =>
  renderToString(
    createElement(Suspense, { fallback: "wait" }, createElement(One, { name: "Mira" })),
  );

test("a screen is drawn with no fallback once its code is here", async () => {
  const Shown = screen(async () => ({ default: Hello }));
  expect(drawn(Shown)).toContain("wait");
  await Shown.ahead();
  expect(drawn(Shown)).toContain("Mira");
  expect(drawn(Shown)).not.toContain("wait");
});

test("code that could not be fetched ahead is fetched again when it is opened", async () => {
  let asked = 0;
  const Shown = screen(async () => {
    asked += 1;
    if (asked === 1) throw new Error("away");
    return { default: Hello };
  });
  await Shown.ahead();
  expect(drawn(Shown)).toContain("wait");
  await Promise.resolve();
  expect(asked).toBe(2);
  await Shown.ahead();
  expect(drawn(Shown)).toContain("Mira");
});
