/**
 * A host of its own for one browser: a network namespace with one cable to the host where the server
 * and its relay run. The cable can be pulled out, or go silent, and be put back.
 *
 * Nothing on the way is made up: the browser's packets to the relay cross the cable, and so does what
 * it says to the server. The page still comes from 127.0.0.1, which browsers take for a secure place:
 * there a small program passes bytes on to the server (`pipe.ts`).
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { pipe } from "./pipe.ts";
import { PORT, type Stage } from "./stage.ts";

/** Nobody's address: frames for it are thrown away. */
const NOBODY = "02:00:00:00:00:99";

/**
 * How a network goes away. `pulled`: the device sees that its link is down. `silent`: it sees nothing,
 * and nothing comes or arrives, as behind a dead access point.
 */
export type Cut = "pulled" | "silent";

let last = 0;

export class Host {
  /** A program that starts Chromium on this host. */
  readonly chromium: string;
  readonly #cable: string;
  readonly #near: string;
  readonly #far: string;
  readonly #holder: ChildProcess;
  readonly #way: Server;

  private constructor(stage: Stage, number: number, holder: ChildProcess, way: Server) {
    this.#cable = `cable${number}`;
    this.#near = `10.99.${number}.1`;
    this.#far = `10.99.${number}.2`;
    this.#holder = holder;
    this.#way = way;
    this.chromium = join(stage.folder, `chromium-${number}`);
    const enter = `nsenter --target ${holder.pid} --net`;
    writeFileSync(this.chromium, `#!/bin/sh\nexec ${enter} /usr/bin/chromium "$@"\n`);
    chmodSync(this.chromium, 0o755);
  }

  /** Make the host and plug its cable in. */
  static async make(stage: Stage): Promise<Host> {
    last += 1;
    const number = last;
    const near = `10.99.${number}.1`;
    const program = join(import.meta.dirname, "pipe.ts");
    const listen = `exec "$0" --disable-warning=ExperimentalWarning ${program} ${PORT} ${near}`;
    const script = `ip link set lo up && ${listen}`;
    // It holds the namespace, which ends with it and with the browser.
    const holder = spawn("unshare", ["--net", "sh", "-c", script, process.execPath], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(holder.stdout, "data"); // it listens
      const cable = `cable${number}`;
      const pid = String(holder.pid);
      ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", pid);
      // No IPv6: its addresses come a second later, and a browser that loads a page just then gives up.
      ip("link", "set", cable, "addrgenmode", "none");
      ip("addr", "add", `${near}/24`, "dev", cable);
      ip("link", "set", cable, "up");
      const way = await pipe(PORT, near, "127.0.0.1");
      const host = new Host(stage, number, holder, way);
      host.#inside("link", "set", "eth0", "addrgenmode", "none");
      host.#inside("addr", "add", `${host.#far}/24`, "dev", "eth0");
      host.#inside("link", "set", "eth0", "up");
      host.#inside("route", "add", "default", "via", near, "dev", "eth0");
      return host;
    } catch (error) {
      holder.kill("SIGKILL");
      throw error;
    }
  }

  cut(how: Cut): void {
    if (how === "pulled") {
      ip("link", "set", this.#cable, "down");
      return;
    }
    const lost = ["lladdr", NOBODY, "nud", "permanent"];
    ip("neigh", "replace", this.#far, ...lost, "dev", this.#cable);
    this.#inside("neigh", "replace", this.#near, ...lost, "dev", "eth0");
  }

  mend(how: Cut): void {
    if (how === "pulled") {
      ip("link", "set", this.#cable, "up");
      return;
    }
    ip("neigh", "del", this.#far, "dev", this.#cable);
    this.#inside("neigh", "del", this.#near, "dev", "eth0");
  }

  async close(): Promise<void> {
    this.#way.close();
    this.#holder.kill("SIGKILL");
    await once(this.#holder, "exit");
  }

  #inside(...words: readonly string[]): void {
    execFileSync("nsenter", ["--target", String(this.#holder.pid), "--net", "ip", ...words]);
  }
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words);
}
