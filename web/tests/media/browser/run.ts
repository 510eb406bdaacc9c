/**
 * Runs the media tests in real browsers: `node tests/media/browser/run.ts [words of a test's name]`.
 *
 * Needs root (it makes a network namespace), iproute2, coturn, Chromium and the repository's .venv;
 * it says so if one is missing, and then nothing is run. Firefox is tried where it is installed. Not part of `vitest run`.
 */

import {
  isInside,
  missing,
  mustHaveAll,
  notRun,
  runInside,
  whyNoNamespace,
} from "../../namespace.ts";
import { setUp } from "./harness.ts";
import type { Tests } from "./tests.ts";

/** The SFU first: it needs a large camera, and one that a page has opened small stays so there. */
const FILES = [
  "./sfu.e2e.ts",
  "./browsers.e2e.ts",
  "./python.e2e.ts",
  "./firefox.e2e.ts",
  "./effects.e2e.ts",
  "./group.e2e.ts",
  "./group_liars.e2e.ts",
  "./recording.e2e.ts",
];
/** Seconds for one test: what each step of it may take on a slow machine, together. */
const TEST_S = 300;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runAll(words: readonly string[]): Promise<number> {
  const bench = await setUp();
  let failures = 0;
  try {
    for (const file of FILES) {
      const { tests } = (await import(file)) as { tests: Tests };
      for (const [name, test] of Object.entries(tests)) {
        if (!words.every((word) => name.includes(word))) continue;
        const started = performance.now();
        try {
          const slow = new Promise<never>((_, reject) => {
            setTimeout(() => reject(new Error(`over ${TEST_S} s`)), TEST_S * 1000).unref();
          });
          const figures = await Promise.race([test(bench), slow]);
          say(`ok    ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
          say(`      ${JSON.stringify(figures)}`);
        } catch (error) {
          failures++;
          say(`FAIL  ${name}\n${error instanceof Error ? error.stack : String(error)}`);
        }
        await bench.ends.closeAll();
      }
    }
  } finally {
    await bench.close();
  }
  say(failures === 0 ? "all passed" : `${failures} failed`);
  return failures === 0 ? 0 : 1;
}

const lacks = missing("turnserver", "chromium");
const why = whyNoNamespace();
if (lacks.length > 0 || why !== undefined) {
  notRun(["tests/media/browser: media alone, in browsers"], [...lacks, ...(why ? [why] : [])]);
  process.exitCode = lacks.length > 0 && mustHaveAll() ? 2 : 0;
} else if (!isInside()) {
  process.exitCode = await runInside(process.argv.slice(1));
} else {
  process.exitCode = await runAll(process.argv.slice(2));
}
