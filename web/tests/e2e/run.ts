/**
 * `make e2e`: people in real browsers on a real server. Arguments: words of a file's name, or none;
 * and `--test-name-pattern=...` as Node takes it.
 *
 * Without root or a browser it says what is missing and fails: a test that is passed over in silence
 * is worth nothing.
 */

import { globSync } from "node:fs";
import { basename } from "node:path";
import { missing, runInside } from "../namespace.ts";

const lacks = missing("turnserver", "chromium", "firefox-esr");
if (lacks.length > 0) {
  process.stderr.write(
    `The tests in browsers cannot run here. Missing:\n  ${lacks.join("\n  ")}\n`,
  );
  process.exitCode = 2;
} else {
  const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
  const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
  const files = globSync(`${import.meta.dirname}/*.e2e.ts`).sort();
  const chosen = files.filter((file) => words.every((word) => basename(file).includes(word)));
  // One file after the other: each has a server on the same port, and two cores are not many.
  const how = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...options];
  process.exitCode = runInside("--disable-warning=ExperimentalWarning", ...how, ...chosen);
}
