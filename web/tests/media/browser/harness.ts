/**
 * What the media tests in browsers stand on: a relay, a page in Chromium, an end in Python.
 *
 * All of it runs inside a network namespace that `run.ts` makes, with one address (`HOST`) on a veth
 * pair: a browser finds no candidates on loopback, and nothing here reaches another network.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as elapsed } from "node:timers/promises";
import { type Browser, chromium } from "playwright-core";
import type { TurnServer } from "../../../media/interfaces.ts";
import { buildPage } from "../../build_page.ts";
import { HOST } from "../../namespace.ts";
import { serveFolder } from "../../serve_folder.ts";
import { Firefox } from "./firefox.ts";
import type { GroupApi } from "./page/group.ts";
import type { Api, Rtp } from "./page/main.ts";
import type { SfuApi } from "./page/sfu.ts";

const TURN_PORT = 3478;
const HERE = import.meta.dirname;
const ROOT = join(HERE, "../../../..");
const PYTHON = join(ROOT, ".venv/bin/python");

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-gpu",
  "--use-fake-device-for-media-stream=fps=15",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
];

/** A turnserver with the product's own configuration. */
export class Relay {
  readonly #folder: string;
  readonly #secret = randomBytes(16).toString("hex");
  #process: ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const file = join(this.#folder, "turn.conf");
    const script =
      "import sys\nfrom visavis.media.coturn_config import *\n" +
      `s = RelaySettings(listen_ips=("${HOST}",), relay_ip="${HOST}", host="${HOST}", ` +
      `port=${TURN_PORT}, min_port=30000, max_port=30999)\n` +
      `sys.stdout.write(render(s, secret="${this.#secret}", realm="test.invalid"))`;
    const env = { ...process.env, PYTHONPATH: join(ROOT, "src") };
    writeFileSync(file, execFileSync(PYTHON, ["-c", script], { env }));
    this.#process = spawn("turnserver", ["-c", file], { stdio: "ignore", cwd: this.#folder });
    await elapsed(700);
  }

  async kill(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  }

  /** Fresh credentials, as the server would hand them out. */
  servers(transports: readonly string[] = ["udp", "tcp"]): TurnServer[] {
    const username = `${Math.floor(Date.now() / 1000) + 600}:${randomBytes(8).toString("hex")}`;
    const credential = createHmac("sha1", this.#secret).update(username).digest("base64");
    const urls = transports.map((one) => `turn:${HOST}:${TURN_PORT}?transport=${one}`);
    return [{ urls, username, credential }];
  }
}

type Method = keyof Api;

/** Where a page's code runs: Chromium's page, or Firefox's. */
export interface Evaluator {
  evaluate(expression: string): Promise<unknown>;
}

/** The ends of calls in browsers: "b" and "firefox" on pages of their own, all others on one. */
export class Ends {
  readonly #first: Evaluator;
  readonly #others: ReadonlyMap<string, Evaluator>;
  #made: string[] = [];

  constructor(first: Evaluator, others: ReadonlyMap<string, Evaluator>) {
    this.#first = first;
    this.#others = others;
  }

  get hasFirefox(): boolean {
    return this.#others.has("firefox");
  }

  /** Call a function of `page/main.ts`. */
  do<M extends Method>(
    method: M,
    ...rest: Parameters<Api[M]>
  ): Promise<Awaited<ReturnType<Api[M]>>> {
    const [name] = rest;
    if (method === "make") this.#made.push(String(name));
    const page = this.#others.get(String(name)) ?? this.#first;
    // `globalThis.e2e` is typed on the page's side only.
    return page.evaluate(`e2e.${method}(...${JSON.stringify(rest)})`) as Promise<
      Awaited<ReturnType<Api[M]>>
    >;
  }

  /** Call a function of `page/sfu.ts`; the member "b" is on a page of its own. */
  sfu<M extends keyof SfuApi>(
    method: M,
    ...rest: Parameters<SfuApi[M]>
  ): Promise<Awaited<ReturnType<SfuApi[M]>>> {
    const page = this.#others.get(String(rest[0])) ?? this.#first;
    return page.evaluate(`sfu.${method}(...${JSON.stringify(rest)})`) as Promise<
      Awaited<ReturnType<SfuApi[M]>>
    >;
  }

  /** Call a function of `page/group.ts`; the member "b" is on a page of its own. */
  group<M extends keyof GroupApi>(
    method: M,
    ...rest: Parameters<GroupApi[M]>
  ): Promise<Awaited<ReturnType<GroupApi[M]>>> {
    const page = this.#others.get(String(rest[0])) ?? this.#first;
    return page.evaluate(`group.${method}(...${JSON.stringify(rest)})`) as Promise<
      Awaited<ReturnType<GroupApi[M]>>
    >;
  }

  /** Close what the test made. */
  async closeAll(): Promise<void> {
    for (const name of this.#made) {
      await this.do("close", name);
      await this.do("wipe", name);
    }
    this.#made = [];
  }
}

/** One Python end. */
export class PythonEnd {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  errors = "";

  /** @param script What it runs, of this folder. */
  constructor(script = "peer.py") {
    this.#process = spawn(PYTHON, [join(HERE, script)], {
      env: { ...process.env, PYTHONPATH: `${join(ROOT, "src")}:${ROOT}` },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error("no pipes");
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    stderr.on("data", (data) => {
      this.errors += String(data);
    });
  }

  async do<T = null>(method: string, ...rest: readonly unknown[]): Promise<T> {
    this.#process.stdin?.write(`${JSON.stringify([method, ...rest])}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error(`the Python end died: ${this.errors}`);
    const answer = JSON.parse(line) as { value: T; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin?.end();
    await Promise.race([ended, elapsed(3000)]);
    this.#process.kill("SIGKILL");
  }
}

/** Figures of a Python end. */
export type PythonStats = Readonly<{
  framesSent: number;
  framesDecoded: number;
  decryptFailures: number;
  encryptRefusals: number;
  audioPackets: number;
  audioDecodedS: number;
  sizes: number[];
  path: string;
  connected: boolean;
  energy: number;
  pixel: number[];
}>;

/** Everything one run of the tests uses. */
export type Bench = Readonly<{ relay: Relay; ends: Ends; close: () => Promise<void> }>;

/** The policy under which the product's pages run: a worker that it forbids would be noticed. */
function contentSecurityPolicy(): string {
  const script = "from visavis.server.web_headers import *\nprint(CONTENT_SECURITY_POLICY)";
  const env = { ...process.env, PYTHONPATH: join(ROOT, "src") };
  return execFileSync(PYTHON, ["-c", script], { env, encoding: "utf8" }).trim();
}

/** Build the page, start relay and browser. */
export async function setUp(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "visavis-media-"));
  const www = join(folder, "www");
  await buildPage(join(HERE, "page"), www);
  const policy = { "content-security-policy": contentSecurityPolicy() };
  const [server, origin] = await serveFolder(www, { headers: policy });
  const url = origin.replace("127.0.0.1", "localhost");
  const relay = new Relay(folder);
  await relay.start();
  const { VISAVIS_CHROMIUM: executablePath = "/usr/bin/chromium" } = process.env;
  const browser: Browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
  const open = async () => {
    const page = await browser.newPage();
    page.on("pageerror", (error) => process.stderr.write(`page: ${error.message}\n`));
    await page.goto(url);
    await page.waitForFunction("globalThis.e2e !== undefined");
    return page;
  };
  const first = await open();
  const others = new Map<string, Evaluator>([["b", await open()]]);
  const firefox = await Firefox.start(folder, url);
  if (firefox !== undefined) others.set("firefox", firefox);
  const ends = new Ends(first, others);
  const close = async () => {
    await firefox?.close();
    await browser.close();
    await relay.kill();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { relay, ends, close };
}

/** Poll until something holds, and return it. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutS = 15,
): Promise<T> {
  const deadline = Date.now() + timeoutS * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`did not come in time: ${what}`);
    await elapsed(50);
  }
}

/** More than comfort noise makes; a beep of a fake microphone comes every second. */
export const LOUD = 1e-3;

/** Wait until an end received pictures and sound. */
export function seenAndHeard(ends: Ends, name: string, pictures = 10): Promise<Rtp> {
  return until(`picture and sound at ${name}`, async () => {
    const rtp = await ends.do("rtp", name);
    return rtp.decoded >= pictures && rtp.energy > LOUD && rtp;
  });
}

export const KEY = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
export const OTHER_KEY = "ff".repeat(32);

/** Exchange descriptions and candidates between two ends of the page. */
export async function connect(bench: Bench, caller: string, callee: string): Promise<void> {
  const { ends, relay } = bench;
  const offer = await ends.do("createOffer", caller);
  const answer = await ends.do("acceptOffer", callee, offer);
  await ends.do("acceptAnswer", caller, answer);
  const [ours, theirs] = await Promise.all([
    ends.do("gather", caller, relay.servers()),
    ends.do("gather", callee, relay.servers()),
  ]);
  await ends.do("candidates", callee, [...ours]);
  await ends.do("candidates", caller, [...theirs]);
}

/** Give two ends of the page the keys of an epoch. */
export async function key(ends: Ends, one: string, other: string, epoch = 1, hex = KEY) {
  await ends.do("install", one, epoch, hex, [1]);
  await ends.do("install", other, epoch, hex, [0]);
  await ends.do("sendIn", one, epoch, hex, 0);
  await ends.do("sendIn", other, epoch, hex, 1);
}

export { elapsed };
