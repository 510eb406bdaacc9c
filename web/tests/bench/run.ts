/**
 * What `python -m bench browser` calls: measures in Chromium, and prints one line of JSON.
 *
 * Usage: run.ts [calls|frames|load]... (all, if none is named). What is measured is said on the way, to standard error.
 */

import { isInside, missing, runInside } from "../namespace.ts";
import { measureCalls } from "./calls.ts";

const ROUNDS = Number(process.env["VISAVIS_ROUNDS"] ?? 20);
const say = (line: string) => void process.stderr.write(`${line}\n`);

const lacks = missing("turnserver", "chromium");
if (lacks.length > 0) {
  say(`The browser cannot be measured here. Missing:\n  ${lacks.join("\n  ")}`);
  process.exitCode = 2;
} else if (!isInside()) {
  process.exitCode = runInside("--disable-warning=ExperimentalWarning", ...process.argv.slice(1));
} else {
  const figures = { calls: await measureCalls(ROUNDS, say) };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}
