/**
 * `make e2e`: people in real browsers on a real server. Arguments: words of a file's name, or none;
 * and `--test-name-pattern=...` as Node takes it.
 *
 * A call needs a network of its own (`namespace.ts`): browsers find no candidates on loopback. Where
 * none can be made, what needs no call runs on loopback, and the rest is named on stderr.
 */

import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { basename } from "node:path";
import {
  INTERRUPTED,
  missing,
  mustHaveAll,
  notRun,
  runInside,
  whyNoNamespace,
} from "../namespace.ts";

/** What needs no call. */
const ON_LOOPBACK: ReadonlySet<string> = new Set([
  "erased.e2e.ts",
  "groups.e2e.ts",
  "messages.e2e.ts",
  "privacy.e2e.ts",
  "recording_pages.e2e.ts",
]);

/** Files at a time, each in a network of its own: people wait more than they compute. */
const LANES = 2;
/** Pictures are encoded and decoded all the time: of these one at a time. The longest come first. */
const HEAVY: readonly string[] =
  "network effects group_mixed group_call recording recording_sfu receipts group_reload calls tab_killed hostile reload unplugged direct guest".split(
    " ",
  );
/** Of the others, those that take longest. */
const LONG: readonly string[] = ["silence", "restart", "realtime_text", "push", "move"];

type Outcome = Readonly<{ file: string; passed: boolean }>;

function command(files: readonly string[], options: readonly string[]): string[] {
  const how = ["--test", "--test-concurrency=1", "--test-reporter=spec"];
  return ["--disable-warning=ExperimentalWarning", ...how, ...options, ...files];
}

function nameOf(file: string): string {
  return basename(file, ".e2e.ts");
}

/** Take the next file out of those that wait; none while only heavy ones are left and one runs. */
function take(waiting: string[], heavyRuns: boolean): string | undefined {
  const at = waiting.findIndex((file) => !heavyRuns || !HEAVY.includes(nameOf(file)));
  return at < 0 ? undefined : waiting.splice(at, 1)[0];
}

/**
 * Run each file in a network of its own; what it prints comes whole, when it is done. One that fails
 * is run once more, by itself: two at a time on two cores may be too much for its time limits. That it
 * failed is said at the end all the same.
 */
async function runAll(files: readonly string[], options: readonly string[]): Promise<number> {
  if (files.length === 1) return runInside(command(files, options));
  const first = [...HEAVY, ...LONG];
  const rank = (file: string) =>
    first.includes(nameOf(file)) ? first.indexOf(nameOf(file)) : first.length;
  const waiting = files.toSorted((a, b) => rank(a) - rank(b));
  const outcomes: Outcome[] = [];
  let isInterrupted = false;
  const run = async (file: string): Promise<Outcome> => {
    const began = performance.now();
    let said = "";
    const code = await runInside(command([file], options), (text) => {
      said += text;
    });
    isInterrupted ||= code === INTERRUPTED;
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(`\n${nameOf(file)}, ${seconds.toFixed(0)} s\n${said}`);
    return { file, passed: code === 0 };
  };
  let heavyRuns = false;
  const lane = async () => {
    for (;;) {
      const file = isInterrupted ? undefined : take(waiting, heavyRuns);
      if (file === undefined) return;
      const isHeavy = HEAVY.includes(nameOf(file));
      heavyRuns ||= isHeavy;
      outcomes.push(await run(file));
      if (isHeavy) heavyRuns = false;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (isInterrupted) return INTERRUPTED;
  const failedOnce = outcomes.filter(({ passed }) => !passed).map(({ file }) => file);
  const failed: string[] = [];
  for (const file of failedOnce) {
    if (!isInterrupted && !(await run(file)).passed) failed.push(file);
  }
  if (isInterrupted) return INTERRUPTED;
  say(`${outcomes.length} files`);
  if (failedOnce.length > 0) say(`failed beside another: ${failedOnce.map(nameOf).join(", ")}`);
  say(failed.length === 0 ? "all passed" : `FAILED, alone too: ${failed.map(nameOf).join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

function say(line: string): void {
  process.stdout.write(`e2e: ${line}\n`);
}

async function main(words: readonly string[], options: readonly string[]): Promise<number> {
  const files = globSync(`${import.meta.dirname}/*.e2e.ts`)
    .sort()
    .filter((file) => words.every((word) => basename(file).includes(word)));
  if (files.length === 0) {
    process.stderr.write(`No test's name has all of: ${words.join(", ")}\n`);
    return 2;
  }
  const names = (of: readonly string[]) => of.map((file) => basename(file));
  const lacks = missing("turnserver", "chromium", "firefox-esr");
  if (lacks.length > 0) {
    notRun(names(files), lacks);
    return mustHaveAll() ? 2 : 0;
  }
  const why = whyNoNamespace();
  if (why === undefined) return runAll(files, options);
  const here = files.filter((file) => ON_LOOPBACK.has(basename(file)));
  if (here.length < files.length) {
    notRun(names(files.filter((file) => !here.includes(file))), [why]);
  }
  if (here.length === 0) return 0;
  return spawnSync(process.execPath, command(here, options), { stdio: "inherit" }).status ?? 1;
}

const given = process.argv.slice(2);
process.exitCode = await main(
  given.filter((word) => !word.startsWith("--")),
  given.filter((word) => word.startsWith("--")),
);
