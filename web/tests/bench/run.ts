/**
 * What `python -m bench browser` calls: measures in Chromium, and prints one line of JSON.
 *
 * Usage: run.ts [calls|frames|load]... (all, if none is named). What goes on is said on standard
 * error. `VISAVIS_ROUNDS`: how many calls, 20 if not given. `VISAVIS_STEPS`: say every step of them.
 */

import { isInside, missing, runInside, whyNoNamespace } from "../namespace.ts";
import { measureCalls } from "./calls.ts";
import { measureFrames } from "./frames.ts";
import { measureLoad } from "./load.ts";

const ROUNDS = Number(process.env["VISAVIS_ROUNDS"] ?? 20);
const say = (line: string) => void process.stderr.write(`${line}\n`);

const PARTS: Readonly<Record<string, () => Promise<unknown>>> = {
  calls: () => measureCalls(ROUNDS, say),
  frames: () => measureFrames(say),
  load: () => measureLoad(say),
};

const why = whyNoNamespace();
const lacks = [...missing("turnserver", "chromium"), ...(why ? [why] : [])];
if (lacks.length > 0) {
  say(`The browser cannot be measured here. Missing:\n  ${lacks.join("\n  ")}`);
  process.exitCode = 2;
} else if (!isInside()) {
  const again = ["--disable-warning=ExperimentalWarning", ...process.argv.slice(1)];
  process.exitCode = await runInside(again);
} else {
  const named = process.argv.slice(2);
  const figures: Record<string, unknown> = {};
  for (const [name, measure] of Object.entries(PARTS)) {
    if (named.length === 0 || named.includes(name)) figures[name] = await measure();
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
