/**
 * Runs the media tests in real browsers: `node tests/media/browser/run.ts [words of a test's name]`.
 *
 * Needs root (it makes a network namespace), iproute2, coturn, Chromium and the repository's .venv;
 * it says so if one is missing. Firefox is tried where it is installed. Not part of `vitest run`.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { HOST, setUp } from "./harness.ts";
import type { Tests } from "./tests.ts";

const FILES = ["./browsers.e2e.ts", "./python.e2e.ts", "./firefox.e2e.ts", "./effects.e2e.ts"];
const TEST_S = 90;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Return what is missing on this machine, one line each. */
function missing(): string[] {
  const lacks: string[] = [];
  if (process.getuid?.() !== 0) {
    lacks.push("root: these tests make a network namespace; run them with sudo");
  }
  for (const [program, from] of [
    ["ip", "iproute2"],
    ["turnserver", "coturn"],
    ["chromium", "chromium"],
  ] as const) {
    if (spawnSync("which", [program]).status !== 0) {
      lacks.push(`${program}: sudo apt-get install --no-install-recommends ${from}`);
    }
  }
  if (!existsSync(`${import.meta.dirname}/../../../../.venv/bin/python`)) {
    lacks.push(".venv: make setup");
  }
  return lacks;
}

/** Run this file again inside a namespace of its own, and return its exit code. */
function inNamespace(): number {
  const name = `visavis-media-${process.pid}`;
  const ip = (...rest: string[]) => {
    const { status, stderr } = spawnSync("ip", rest);
    if (status !== 0) throw new Error(`ip ${rest.join(" ")}: ${stderr}`);
  };
  ip("netns", "add", name);
  try {
    const inside = (...rest: string[]) => ip("-n", name, ...rest);
    inside("link", "set", "lo", "up");
    inside("link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
    inside("addr", "add", `${HOST}/24`, "dev", "veth0");
    inside("link", "set", "veth0", "up");
    inside("link", "set", "veth1", "up");
    inside("route", "add", "default", "via", "10.99.0.254", "dev", "veth0");
    const again = ["netns", "exec", name, process.execPath, ...process.argv.slice(1)];
    const env = { ...process.env, VISAVIS_INSIDE: "1" };
    return spawnSync("ip", again, { stdio: "inherit", env }).status ?? 1;
  } finally {
    ip("netns", "del", name);
  }
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

const { VISAVIS_INSIDE: isInside } = process.env;
const lacks = missing();
if (lacks.length > 0) {
  say(`The media tests in browsers cannot run here. Missing:\n  ${lacks.join("\n  ")}`);
  process.exitCode = 2;
} else if (isInside === undefined) {
  process.exitCode = inNamespace();
} else {
  process.exitCode = await runAll(process.argv.slice(2));
}
