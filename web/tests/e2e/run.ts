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
import { missing, mustHaveAll, notRun, runInside, whyNoNamespace } from "../namespace.ts";

/** What needs no call. */
const ON_LOOPBACK: ReadonlySet<string> = new Set(["messages.e2e.ts"]);

/** One file after the other: each has a server on the same port, and two cores are not many. */
const HOW = ["--test", "--test-concurrency=1", "--test-reporter=spec"];

function main(words: readonly string[], options: readonly string[]): number {
  const files = globSync(`${import.meta.dirname}/*.e2e.ts`)
    .sort()
    .filter((file) => words.every((word) => basename(file).includes(word)));
  if (files.length === 0) {
    process.stderr.write(`No test's name has all of: ${words.join(", ")}\n`);
    return 2;
  }
  const names = (of: readonly string[]) => of.map((file) => basename(file));
  const args = (of: readonly string[]) => [
    "--disable-warning=ExperimentalWarning",
    ...HOW,
    ...options,
    ...of,
  ];
  const lacks = missing("turnserver", "chromium", "firefox-esr");
  if (lacks.length > 0) {
    notRun(names(files), lacks);
    return mustHaveAll() ? 2 : 0;
  }
  const why = whyNoNamespace();
  if (why === undefined) return runInside(...args(files));
  const here = files.filter((file) => ON_LOOPBACK.has(basename(file)));
  if (here.length < files.length) {
    notRun(names(files.filter((file) => !here.includes(file))), [why]);
  }
  if (here.length === 0) return 0;
  return spawnSync(process.execPath, args(here), { stdio: "inherit" }).status ?? 1;
}

const given = process.argv.slice(2);
process.exitCode = main(
  given.filter((word) => !word.startsWith("--")),
  given.filter((word) => word.startsWith("--")),
);
