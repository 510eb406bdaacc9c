/**
 * Firefox with one page, steered by WebDriver BiDi over Node's own WebSocket: Debian has no
 * geckodriver, and Playwright cannot drive a distribution's Firefox.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = "/usr/bin/firefox-esr";
const PORT = 18_222;

/** Fake devices without a question, and no traffic of Firefox's own. */
const PREFERENCES = {
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
  "media.gmp-manager.url": "",
  "extensions.systemAddon.update.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "services.settings.server": "http://127.0.0.1:9/",
  "dom.security.https_first": false,
  "remote.active-protocols": 1,
};

type Message = Readonly<{ id?: number; type?: string; result?: unknown; message?: string }>;

/** One running Firefox. */
export class Firefox {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #context = "";
  #asked = 0;

  private constructor(process: ChildProcess, socket: WebSocket) {
    this.#process = process;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    });
  }

  /** Start it with a profile in a folder and open a page; undefined if it is not installed. */
  static async start(folder: string, url: string): Promise<Firefox | undefined> {
    if (!existsSync(PROGRAM)) return undefined;
    const profile = join(folder, "firefox");
    mkdirSync(profile);
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, "user.js"), lines.join(""));
    const flags = ["--headless", "--no-remote", "--profile", profile];
    const child = spawn(PROGRAM, [...flags, "--remote-debugging-port", String(PORT)], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HOME: profile },
    });
    const address = await listening(child);
    const socket = new WebSocket(`${address}/session`);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    child.stderr.resume();
    const firefox = new Firefox(child, socket);
    await firefox.#open(url);
    return firefox;
  }

  async #open(url: string): Promise<void> {
    await this.#command("session.new", { capabilities: {} });
    const made = await this.#command("browsingContext.create", { type: "tab" });
    this.#context = (made as { context: string }).context;
    const where = { context: this.#context, url, wait: "complete" };
    await this.#command("browsingContext.navigate", where);
  }

  /** Evaluate an expression and return what its promise is kept with. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.#command("script.evaluate", {
      expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
      target: { context: this.#context },
      awaitPromise: true,
    });
    const { type, result, exceptionDetails } = answer as {
      type: string;
      result?: { value: string };
      exceptionDetails?: { text: string };
    };
    if (type !== "success") throw new Error(exceptionDetails?.text ?? type);
    return JSON.parse(result?.value ?? "null") ?? undefined;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    await this.#command("browser.close", {}).catch(() => {});
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(timer);
  }

  #command(method: string, params: object): Promise<unknown> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (message) => {
        this.#waiting.delete(id);
        if (message.type === "error") reject(new Error(message.message));
        else resolve(message.result);
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }
}

async function listening(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error("no pipe");
  for await (const line of createInterface({ input: child.stderr })) {
    const [address] = /ws:\/\/\S+/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error("Firefox ended while it started");
}
