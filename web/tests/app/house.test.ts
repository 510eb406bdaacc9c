/** Rules of the app's own house: one home for looks, one border to the client, nothing from elsewhere. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const WEB = join(import.meta.dirname, "../..");
const APP = join(WEB, "app");

function files(ending: RegExp): readonly (readonly [string, string])[] {
  return readdirSync(APP, { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => [name, readFileSync(join(APP, name), "utf8")] as const);
}

const COLOUR = /#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(/i;

test("colours stand in tokens.css and nowhere else", () => {
  const styles = files(/\.css$/).filter(([name]) => name !== "tokens.css");
  expect(styles.length).toBeGreaterThan(5);
  for (const [name, text] of styles) {
    const rules = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
    expect(COLOUR.exec(rules)?.[0], name).toBeUndefined();
  }
  expect(COLOUR.test("color: #fff")).toBe(true);
});

test("every token that is used is there", () => {
  const tokens = readFileSync(join(APP, "tokens.css"), "utf8");
  const defined = new Set([...tokens.matchAll(/(--[\w-]+):/g)].map((match) => match[1]));
  const styles = files(/\.css$/);
  for (const [, text] of styles) {
    for (const local of text.matchAll(/(--[\w-]+):/g)) defined.add(local[1]);
  }
  for (const [name, text] of styles) {
    for (const [, token] of text.matchAll(/var\((--[\w-]+)/g)) {
      expect(defined.has(token), `${name} ${token}`).toBe(true);
    }
  }
});

test("left and right are said by the direction of writing", () => {
  const physical =
    /\b(?:margin|padding|border|inset)-(?:left|right)\b|text-align:\s*(?:left|right)/;
  for (const [name, text] of files(/\.css$/))
    expect(physical.exec(text)?.[0], name).toBeUndefined();
});

test("only live_* files reach the client; screens know the model", () => {
  const reach = /from "[./]*\/(?:client|media)\/|import\("[./]*\/(?:client|media)\//;
  for (const [name, text] of files(/\.tsx?$/)) {
    if (!name.startsWith("live_") && name !== "trusted.ts")
      expect(reach.test(text), name).toBe(false);
  }
});

test("the client's code is loaded when needed, not with the first screen", () => {
  for (const [name, text] of files(/\.tsx?$/)) {
    const eager = /^import (?!type)[^;]*from "[./]*\/(?:client|media)\//m.exec(text);
    expect(eager?.[0], name).toBeUndefined();
  }
});

test("scenes stay out of the product", () => {
  for (const [name, text] of files(/\.tsx?$/)) {
    if (!name.startsWith("scenes/")) expect(text, name).not.toMatch(/from "[^"]*scenes\//);
  }
});

test("pages name no other host, and nothing that the policy refuses", () => {
  const elsewhere = /https?:\/\/(?!calls\.example\.org|www\.w3\.org\/2000\/svg)/;
  for (const [name, text] of files(/\.(?:tsx?|css)$/)) {
    expect(elsewhere.exec(text)?.[0], name).toBeUndefined();
    expect(text, name).not.toMatch(/dangerouslySetInnerHTML|innerHTML|document\.write|\beval\(/);
  }
  for (const page of ["index.html", "scenes.html"]) {
    const text = readFileSync(join(WEB, page), "utf8");
    expect(text, page).not.toMatch(/ style=|<style|<script(?![^>]* src=)|\son\w+=/);
  }
});
