/**
 * Calls of the product, plain calls in its screens, and plain calls between bare pages, in turn, between
 * the same two browsers.
 */

import type { Page } from "puppeteer-core";
import { meet, Person } from "../e2e/person.ts";
import { Stage, until } from "../e2e/stage.ts";
import { callOver, PlainServer } from "./plain.ts";
import { stopwatch, type Times, type Watched } from "./stopwatch.ts";

/** What one call took, in milliseconds. */
export type Took = Readonly<{
  /** "Call" pressed until the other page shows it. */
  ring: number;
  /** "Accept" pressed until the callee has the caller's first picture decoded. */
  callee: number;
  /** ... and until the caller has the callee's. */
  caller: number;
  /** The later of the two until it stands on the screen. */
  seen: number;
}>;

export type Calls = Readonly<{
  product: readonly Took[];
  /** Without encryption, in the product's screens. */
  screens: readonly Took[];
  /** Without anything: bare pages. */
  plain: readonly Took[];
}>;

/** A call after which the next one begins in a calm browser. */
const PAUSE_MS = 300;

export async function measureCalls(rounds: number, say: (line: string) => void): Promise<Calls> {
  const stage = new Stage({ apart: true });
  const plain = await PlainServer.start();
  try {
    await stage.startServer();
    const anna = await signUp(stage, "anna");
    const bert = await signUp(stage, "bert");
    await meet(anna, bert);
    await bert.read("anna");
    await anna.page.goto(stage.origin);
    await anna.openThread("bert");
    const ends = [await plain.end(anna.page), await plain.end(bert.page)] as const;
    const hers = Person.at(stage, await plain.screens(anna.page));
    const his = Person.at(stage, await plain.screens(bert.page));
    const product: Took[] = [];
    const screens: Took[] = [];
    const bare: Took[] = [];
    // The first of each warms up: code is loaded, connections are opened.
    for (let round = 0; round <= rounds; round++) {
      product.push(await callInScreens(anna, bert));
      const relays = [await relaysOf(anna.page), await relaysOf(bert.page)] as const;
      await callOver(hers.page, relays[0]);
      await callOver(his.page, relays[1]);
      screens.push(await callInScreens(hers, his));
      bare.push(await plainCall(ends, relays));
      const took = [product, screens, bare].map((times) => JSON.stringify(times.at(-1)));
      say(`${round} ${took.join(" ")}`);
    }
    return { product: product.slice(1), screens: screens.slice(1), plain: bare.slice(1) };
  } finally {
    await plain.close();
    await stage.close();
  }
}

async function signUp(stage: Stage, name: string): Promise<Person> {
  const person = await Person.signUp(stage, "chromium", name);
  await person.page.evaluateOnNewDocument(stopwatch);
  await person.page.goto(stage.origin);
  await person.see("home.title");
  return person;
}

async function callInScreens(anna: Person, bert: Person): Promise<Took> {
  await anna.press("thread.video");
  await anna.press("preview.turnOn");
  await begin(anna.page, "");
  await begin(bert.page, bert.words("incoming.video"));
  await anna.press("preview.video");
  const pressed = await until("a press", async () => (await times(anna.page)).pressed);
  const rang = await until("the ring", async () => (await times(bert.page)).words);
  await bert.press("incoming.acceptVideo");
  const both = await pictures(
    () => times(anna.page),
    () => times(bert.page),
  );
  const took = tookOf(pressed, rang, both);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  if (process.env["VISAVIS_STEPS"]) showSteps(await times(anna.page), await times(bert.page));
  await anna.press("call.hangUp");
  await anna.press("do.done");
  await bert.press("do.done");
  return took;
}

async function plainCall(
  [caller, callee]: readonly [import("./plain.ts").PlainEnd, import("./plain.ts").PlainEnd],
  [his, hers]: readonly [RTCIceServer[], RTCIceServer[]],
): Promise<Took> {
  await Promise.all([caller.ready(his, true), callee.ready(hers, false)]);
  await caller.press("call");
  const pressed = await until("a press", async () => (await caller.times()).pressed);
  const rang = await until("the ring", async () => (await callee.times()).words);
  await callee.press("accept");
  const both = await pictures(
    () => caller.times(),
    () => callee.times(),
  );
  const took = tookOf(pressed, rang, both);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  if (process.env["VISAVIS_STEPS"]) showSteps(await caller.times(), await callee.times());
  await Promise.all([caller.hangUp(), callee.hangUp()]);
  return took;
}

async function begin(page: Page, words: string): Promise<void> {
  await page.evaluate(
    (wanted) => (globalThis as unknown as Watched).stopwatch.begin(wanted),
    words,
  );
}

function times(page: Page): Promise<Times> {
  return page.evaluate(() => (globalThis as unknown as Watched).stopwatch.times);
}

/** The relays that the product's last call here went over. */
function relaysOf(page: Page): Promise<RTCIceServer[]> {
  return page.evaluate(() => (globalThis as unknown as Watched).stopwatch.servers);
}

async function pictures(
  caller: () => Promise<Times>,
  callee: () => Promise<Times>,
): Promise<readonly [caller: Times, callee: Times]> {
  return until("pictures on both sides", async () => {
    const both = [await caller(), await callee()] as const;
    return both.every(({ seen }) => seen !== undefined) ? both : undefined;
  });
}

function tookOf(pressed: number, rang: number, [caller, callee]: readonly [Times, Times]): Took {
  const accepted = need(callee.pressed);
  return {
    ring: rang - pressed,
    callee: need(callee.decoded) - accepted,
    caller: need(caller.decoded) - accepted,
    seen: Math.max(need(callee.seen), need(caller.seen)) - accepted,
  };
}

function need(time: number | undefined): number {
  if (time === undefined) throw new Error("a time is missing");
  return time;
}

/** For whoever looks for lost time: every step of both pages, from the press of "accept" on. */
function showSteps(caller: Times, callee: Times): void {
  const from = need(callee.pressed);
  const all = [
    [need(caller.pressed) - from, "caller PRESSED"] as const,
    [need(callee.words) - from, "callee RINGS"] as const,
    ...caller.steps.map(([what, at]) => [at - from, `caller ${what}`] as const),
    ...callee.steps.map(([what, at]) => [at - from, `callee ${what}`] as const),
    [need(caller.decoded) - from, "caller DECODED"] as const,
    [need(callee.decoded) - from, "callee DECODED"] as const,
    [need(caller.seen) - from, "caller SEEN"] as const,
    [need(callee.seen) - from, "callee SEEN"] as const,
  ].sort(([a], [b]) => a - b);
  process.stderr.write(
    `${all.map(([at, what]) => `${at.toFixed(0).padStart(7)} ${what}`).join("\n")}\n\n`,
  );
}
