/**
 * What the end-to-end tests stand on: the real server with the built pages, and real browsers.
 *
 * Everything runs inside a network namespace (`run.ts`), where the server is started as a person
 * starts it; its relay has one address (10.99.0.1) that browsers take for a network.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as elapsed } from "node:timers/promises";
import puppeteer, { type Browser, type Page, type Permission } from "puppeteer-core";

const ROOT = join(import.meta.dirname, "../../..");
const PROGRAM = join(ROOT, ".venv/bin/visavis");
const PYTHON = join(ROOT, ".venv/bin/python");
export const PORT = 8420;
export const ORIGIN = `http://localhost:${PORT}`;
export const PASSWORD = "seven purple otters juggle";
export const CLIP = join(ROOT, "src/visavis/testing/data/clip.webm");

export type Kind = "chromium" | "firefox";

/** A browser that differs from the usual one; opened once per name. */
export type Setting = Readonly<{
  name: string;
  kind: Kind;
  /** Chromium: the value of `--use-fake-device-for-media-stream`; `false`: the machine's own devices. */
  fakes?: string | false;
  /** Firefox: on top of the usual ones. */
  prefs?: Readonly<Record<string, boolean | number>>;
  /** What the page may use unasked (Chromium); the usual: all that a call needs. */
  allowed?: readonly Permission[];
  /** Another program than the machine's browser (`host.ts`). */
  program?: string;
  /** Chromium: one profile, on the disk, that outlives the browser. */
  kept?: boolean;
}>;

/** Three cameras. The second of Chromium's fakes sees depth, and no pictures come of it. */
export const CAMERAS: Setting = {
  name: "cameras",
  kind: "chromium",
  fakes: "device-count=3,fps=5",
};

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-gpu",
  "--autoplay-policy=no-user-gesture-required",
];

/** Firefox: its own pattern and tone, no question about permissions, nothing sent home. */
const FIREFOX_PREFS = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "media.gmp-manager.updateEnabled": false,
  "services.settings.server": "http://127.0.0.1:9/",
  "dom.security.https_first": false,
};

/** Poll until something is there; a busy machine is no failure. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  seconds = 120,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`did not come: ${what}`);
    await elapsed(100);
  }
}

/** A server, its folder, and every browser that was opened. */
export class Stage {
  readonly folder: string;
  /** What Chromium is started with, besides the usual; for its first page. */
  readonly chromiumFlags: string[] = [];
  readonly #browsers = new Map<string, Browser>();
  readonly #pages: Page[] = [];
  /** What was run at the command line, and what it said. */
  readonly #programs: { readonly process: ChildProcess; said: string }[] = [];
  /** Where people find the server. */
  readonly origin: string;
  readonly #apart: boolean;
  readonly #port: number;
  #server: ChildProcess | undefined;
  readonly #more: Readonly<Record<string, unknown>>;

  /**
   * @param options.apart Each page in a browser of its own, not only in a profile of its own.
   * @param options.at The port at which people find the server; of a second one, another.
   * @param options.behind The server's port, where something else stands before it.
   * @param options.more More settings of the server, by the names of ServerConfig.
   */
  constructor({
    apart = false,
    at = PORT,
    behind = at,
    more = {},
  }: Readonly<{
    apart?: boolean;
    at?: number;
    behind?: number;
    more?: Readonly<Record<string, unknown>>;
  }> = {}) {
    this.origin = `http://localhost:${at}`;
    this.#apart = apart;
    this.#port = behind;
    this.#more = more;
    this.folder = mkdtempSync(join(tmpdir(), "visavis-e2e-"));
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  async startServer(): Promise<void> {
    const log = openSync(join(this.folder, "server.log"), "a");
    const args = ["-m", "visavis.testing.server_process", this.#settings()];
    this.#server = spawn(PYTHON, args, { stdio: ["ignore", log, log], env: this.environment() });
    await until("the server", async () => {
      if (this.#server?.exitCode !== null) throw new Error(this.serverLog());
      return fetch(`http://127.0.0.1:${this.#port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
  }

  /** What `make run` runs, with logins that cost no work: all tests come from one address. */
  #settings(): string {
    const values = {
      data_dir: this.#data,
      origin: this.origin,
      host: "127.0.0.1",
      port: this.#port,
      web_dir: join(ROOT, "web/dist"),
      free_attempts: 1_000_000,
      call_per_minute: 1_000_000,
      ...this.#more,
    };
    return Buffer.from(JSON.stringify(values)).toString("base64");
  }

  /** The relay's process, which the server started. */
  get relayPid(): number {
    const { pid } = this.#server ?? {};
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    const relays = children.filter((child) => {
      return readFileSync(`/proc/${child}/comm`, "utf8").startsWith("turnserver");
    });
    if (relays.length !== 1) throw new Error(`the server has ${relays.length} relays`);
    return Number(relays[0]);
  }

  async killServer(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const running = this.#server;
    this.#server = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await ended;
  }

  serverLog(): string {
    return readFileSync(join(this.folder, "server.log"), "utf8");
  }

  environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
    const home = join(this.folder, "home");
    mkdirSync(home, { recursive: true });
    return { ...process.env, PYTHONPATH: join(ROOT, "src"), HOME: home, ...more };
  }

  /** Return a sign-up link, as the operator's command makes it. */
  signupLink(): string {
    const script =
      "import sys\nfrom pathlib import Path\nfrom visavis.server.signup_links import make_link\n" +
      "print(make_link(Path(sys.argv[1]), sys.argv[2]))";
    const env = this.environment();
    return execFileSync(PYTHON, ["-c", script, this.#data, this.origin], {
      env,
      encoding: "utf8",
    }).trim();
  }

  /** An empty page in a fresh profile of a browser. */
  async blank(wanted: Kind | Setting): Promise<Page> {
    const setting = typeof wanted === "string" ? { name: wanted, kind: wanted } : wanted;
    const browser = await this.#browser(setting);
    const { kept = false } = setting;
    const context = kept ? browser.defaultBrowserContext() : await browser.createBrowserContext();
    if (setting.kind === "chromium") {
      const allowed = setting.allowed ?? ["camera", "microphone", "notifications"];
      await context.overridePermissions(this.origin, [...allowed]);
    }
    const page = await context.newPage();
    this.#pages.push(page);
    await page.setViewport({ width: 390, height: 844 });
    page.setDefaultTimeout(60_000);
    return page;
  }

  async #browser(setting: Setting): Promise<Browser> {
    const name = this.#apart ? `${setting.name}-${this.#browsers.size}` : setting.name;
    const open = this.#browsers.get(name);
    if (open !== undefined) return open;
    const home = join(this.folder, name);
    mkdirSync(home, { recursive: true });
    const env = this.environment({ HOME: home });
    const { fakes = "fps=10" } = setting;
    // A busy machine is no failure.
    // A command that a browser never answers is given up a little after what may take longest.
    const waits = { timeout: 120_000, protocolTimeout: 150_000 };
    const flag = `--use-fake-device-for-media-stream=${fakes}`;
    const browser = await puppeteer.launch(
      setting.kind === "chromium"
        ? {
            ...waits,
            executablePath: setting.program ?? "/usr/bin/chromium",
            args: [...CHROMIUM_FLAGS, ...(fakes === false ? [] : [flag]), ...this.chromiumFlags],
            // Not by a socket: the browser may be on another host, or lose its network.
            pipe: true,
            userDataDir: join(home, "profile"),
            env,
          }
        : {
            ...waits,
            browser: "firefox",
            executablePath: setting.program ?? "/usr/bin/firefox-esr",
            extraPrefsFirefox: { ...FIREFOX_PREFS, ...setting.prefs },
            env,
          },
    );
    this.#browsers.set(name, browser);
    return browser;
  }

  /** Kill all tabs of a Chromium, which lives on. */
  async killTabs(name: string): Promise<void> {
    const session = await this.#browsers.get(name)?.target().createCDPSession();
    if (session === undefined) throw new Error(`no browser ${name}`);
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    const tabs = processInfo.filter(({ type }) => type === "renderer");
    if (tabs.length === 0) throw new Error("no tab is open");
    for (const { id } of tabs) process.kill(id, "SIGKILL");
    await session.detach();
  }

  /** Kill a browser with all that it has open. */
  async killBrowser(name: string): Promise<void> {
    const process = this.#browsers.get(name)?.process();
    this.#browsers.delete(name);
    if (!process) throw new Error(`no browser ${name}`);
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  }

  /** Run the command-line program with a profile of its own. */
  program(profile: string, ...words: string[]): ChildProcess {
    const file = join(this.folder, "password");
    writeFileSync(file, `${PASSWORD}\n`, { mode: 0o600 });
    const env = this.environment({ VISAVIS_PASSWORD_FILE: file, COLUMNS: "200" });
    const process = spawn(PROGRAM, ["--profile", join(this.folder, profile), ...words], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ran = { process, said: "" };
    process.stderr?.on("data", (data) => (ran.said += data));
    this.#programs.push(ran);
    return process;
  }

  /** Press Ctrl-C in every program that runs. */
  interrupt(): void {
    for (const { process } of this.#programs) process.kill("SIGINT");
  }

  /** Run it to its end and return what it printed with `--json`. */
  async answer(profile: string, ...words: string[]): Promise<Record<string, unknown>> {
    const process = this.program(profile, ...words, "--json");
    let out = "";
    let err = "";
    process.stdout?.on("data", (data) => (out += data));
    process.stderr?.on("data", (data) => (err += data));
    await new Promise((resolve) => process.once("close", resolve));
    const last = out.trim().split("\n").at(-1) ?? "";
    try {
      return JSON.parse(last) as Record<string, unknown>;
    } catch {
      throw new Error(`visavis ${words.join(" ")}: ${out}${err}`);
    }
  }

  /** What stands on every page that is open, and what programs said, for a test that failed. */
  async shown(): Promise<string> {
    const open = this.#pages.filter((page) => !page.isClosed());
    const texts = open.map((page) => {
      const text = page.evaluate(() => document.body.innerText);
      const hangs = elapsed(5000, "it does not answer");
      return Promise.race([text, hangs]).catch((error: Error) => error.message);
    });
    const pages = (await Promise.all(texts)).map((text) => `--- on a page:\n${text}`);
    const said = this.#programs.map((one) => `--- the program said:\n${one.said}`);
    return [...pages, ...said].join("\n");
  }

  /** Close all browsers: what they write about themselves is whole then. */
  async closeBrowsers(): Promise<void> {
    const closing = [...this.#browsers.values()].map((browser) => browser.close());
    this.#browsers.clear();
    await Promise.all(closing);
  }

  /** End all that was begun, each by itself, so that one that fails leaves none behind. */
  async close(): Promise<void> {
    for (const { process } of this.#programs) process.kill("SIGKILL");
    const ends = await Promise.allSettled([this.closeBrowsers(), this.killServer("SIGTERM")]);
    rmSync(this.folder, { recursive: true, force: true });
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }
}
