/**
 * A private network for tests in browsers: one host with one address and a way out that leads nowhere.
 *
 * A browser finds no candidates on loopback alone, and nothing in here reaches another network. It
 * needs root and iproute2; `missing` says so in words.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The one address of the host inside. */
export const HOST = "10.99.0.1";

/** Set for the processes inside. */
const INSIDE = "VISAVIS_INSIDE";

const ROOT = join(import.meta.dirname, "../..");

/** Debian's package of each program that may be asked for. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: "iproute2",
  turnserver: "coturn",
  chromium: "chromium",
  "firefox-esr": "firefox-esr",
};

/** Return what is missing on this machine for tests with these programs, one line each. */
export function missing(...programs: readonly string[]): string[] {
  const lacks: string[] = [];
  if (process.getuid?.() !== 0)
    lacks.push("root: these tests make a network namespace (sudo make e2e)");
  for (const program of ["ip", ...programs]) {
    if (spawnSync("which", [program]).status !== 0) {
      lacks.push(`${program}: sudo apt-get install --no-install-recommends ${PACKAGES[program]}`);
    }
  }
  if (!existsSync(join(ROOT, ".venv/bin/python"))) lacks.push(".venv: make dev");
  return lacks;
}

/** Tell whether this process runs inside. */
export function isInside(): boolean {
  return process.env[INSIDE] !== undefined;
}

/** Run a Node program inside a namespace of its own, and return its exit code. */
export function runInside(...args: readonly string[]): number {
  const name = `visavis-${process.pid}`;
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
    const command = ["netns", "exec", name, process.execPath, ...args];
    const env = { ...process.env, [INSIDE]: "1" };
    return spawnSync("ip", command, { stdio: "inherit", env }).status ?? 1;
  } finally {
    ip("netns", "del", name);
  }
}
