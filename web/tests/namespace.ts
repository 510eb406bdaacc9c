/**
 * A private network for tests in browsers: one host with one address and a way out that leads nowhere.
 *
 * A browser finds no candidates on loopback alone, and nothing in here reaches another network. It
 * needs root and iproute2; `missing` says so in words.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The one address of the host inside. */
export const HOST = "10.99.0.1";

/** What a person or a time limit interrupts with. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The exit code of what was interrupted, as shells give it. */
export const INTERRUPTED = 130;

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

/** Return which of these programs are not on this machine, one line each. */
export function missing(...programs: readonly string[]): string[] {
  const lacks = programs
    .filter((program) => spawnSync("which", [program]).status !== 0)
    .map((one) => `${one}: sudo apt-get install --no-install-recommends ${PACKAGES[one]}`);
  if (!existsSync(join(ROOT, ".venv/bin/python"))) lacks.push(".venv: make dev");
  return lacks;
}

/** Say why no network of one's own can be made here, or return undefined. */
export function whyNoNamespace(): string | undefined {
  if (isInside()) return undefined;
  if (process.getuid?.() !== 0) return "root (sudo make e2e)";
  const name = `visavis-try-${process.pid}`;
  const { status, error, stderr } = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (status === 0) spawnSync("ip", ["netns", "del", name]);
  return status === 0 ? undefined : `network namespaces (${String(error ?? stderr).trim()})`;
}

/**
 * Say plainly what is not run here, and why; nothing is passed over in silence.
 *
 * Who may install what is missing has to: as root, CI fails for want of a browser. A machine whose
 * owner is not root, or a container without namespaces, runs what it can.
 */
export function notRun(what: readonly string[], lacks: readonly string[]): void {
  const list = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join("");
  process.stderr.write(`NOT RUN here:\n${list(what)}for want of:\n${list(lacks)}`);
}

/** Whether a missing program is a failure: CI, where it could have been installed. */
export function mustHaveAll(): boolean {
  return process.env["CI"] === "true" && process.getuid?.() === 0;
}

/** Tell whether this process runs inside. */
export function isInside(): boolean {
  return process.env[INSIDE] !== undefined;
}

/** End whatever a test that was broken off has left inside: servers, relays, browsers. */
function endAll(name: string): void {
  const { stdout } = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" });
  for (const pid of (stdout ?? "").split("\n").filter((line) => line !== "")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** How many were made by this process. */
let made = 0;

/**
 * Run a Node program inside a namespace of its own, and return its exit code. Interrupted, it ends all
 * that runs inside and returns `INTERRUPTED`.
 *
 * @param hear Called with what it prints; without it that goes where this process prints.
 */
export async function runInside(
  args: readonly string[],
  hear?: (text: string) => void,
): Promise<number> {
  const name = `visavis-${process.pid}-${++made}`;
  const ip = (...rest: string[]) => {
    const { status, stderr } = spawnSync("ip", rest);
    if (status !== 0) throw new Error(`ip ${rest.join(" ")}: ${stderr}`);
  };
  ip("netns", "add", name);
  let isInterrupted = false;
  const interrupt = () => {
    isInterrupted = true;
    endAll(name);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    const inside = (...rest: string[]) => ip("-n", name, ...rest);
    inside("link", "set", "lo", "up");
    inside("link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
    // An address that comes up by itself, a second or two later, is a network that changes: what
    // Chromium fetches just then fails.
    for (const one of ["veth0", "veth1"]) inside("link", "set", one, "addrgenmode", "none");
    inside("addr", "add", `${HOST}/24`, "dev", "veth0");
    inside("link", "set", "veth0", "up");
    inside("link", "set", "veth1", "up");
    inside("route", "add", "default", "via", "10.99.0.254", "dev", "veth0");
    const running = spawn("ip", ["netns", "exec", name, process.execPath, ...args], {
      stdio: hear ? ["ignore", "pipe", "pipe"] : "inherit",
      env: { ...process.env, [INSIDE]: "1" },
    });
    for (const stream of [running.stdout, running.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => hear?.(text));
    }
    return await new Promise<number>((resolve, reject) => {
      running.once("error", reject);
      running.once("exit", (code) => resolve(isInterrupted ? INTERRUPTED : (code ?? 1)));
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    endAll(name);
    ip("netns", "del", name);
  }
}
