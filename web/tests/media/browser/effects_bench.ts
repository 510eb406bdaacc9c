/**
 * A page with the product's effects, served with the product's own headers, in a Chromium of its own:
 * everything it asks for is written down, and a file may be withheld.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { buildPage } from "../../build_page.ts";
import { answerFile, pathOf } from "../../serve_folder.ts";
import type { EffectsApi } from "./effects_page/main.ts";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../../../..");

const FLAGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--disable-gpu",
  "--use-fake-device-for-media-stream=fps=30",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
];

type Headers = readonly (readonly [name: string, value: string])[];

/** The headers of `server/web_headers.py`, for documents and for the rest. */
function productHeaders(document: boolean): Headers {
  const script =
    "import json\nfrom visavis.server.web_headers import security\n" +
    `print(json.dumps(security(document=${document ? "True" : "False"}, https=False)))`;
  const env = { ...process.env, PYTHONPATH: join(ROOT, "src") };
  const python = join(ROOT, ".venv/bin/python");
  return JSON.parse(execFileSync(python, ["-c", script], { env, encoding: "utf8" })) as Headers;
}

let built: string | undefined;

/** Build the page once for all tests. */
async function folder(): Promise<string> {
  if (built === undefined) {
    const made = mkdtempSync(join(tmpdir(), "visavis-effects-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    await buildPage(join(HERE, "effects_page"), made);
    built = made;
  }
  return built;
}

/** How a request for a file whose name holds some text is met: late, or not at all. */
export type Withheld = Readonly<{ name: string; until?: Promise<void>; missing?: boolean }>;

/** One page in a browser of its own, and all that it did. */
export class EffectsPage {
  /** Paths that the server was asked for, in order. */
  readonly asked: string[] = [];
  /** Requests to anybody else, from page or worker. */
  readonly strange: string[] = [];
  /** What the browser had to complain of. */
  readonly complaints: string[] = [];
  readonly #server: Server;
  #browser: Browser | undefined;
  #page: Page | undefined;

  private constructor(files: string, withheld: Withheld | undefined) {
    const [documents, rest] = [productHeaders(true), productHeaders(false)];
    this.#server = createServer((request, response) => {
      const path = pathOf(request.url);
      this.asked.push(path);
      const isMeant = withheld !== undefined && path.includes(withheld.name);
      const answer = () => {
        if (isMeant && withheld.missing) {
          response.writeHead(404).end();
          return;
        }
        const headers = path.endsWith(".html") ? documents : rest;
        answerFile(files, path, response, Object.fromEntries(headers));
      };
      if (isMeant && withheld.until !== undefined) void withheld.until.then(answer);
      else answer();
    });
  }

  static async open(withheld?: Withheld): Promise<EffectsPage> {
    const opened = new EffectsPage(await folder(), withheld);
    const url = await opened.#listen();
    const { VISAVIS_CHROMIUM: executablePath = "/usr/bin/chromium" } = process.env;
    opened.#browser = await chromium.launch({ executablePath, args: FLAGS });
    const context = await opened.#browser.newContext();
    context.on("request", (request) => {
      if (!request.url().startsWith(url)) opened.strange.push(request.url());
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") opened.complaints.push(message.text());
    });
    page.on("pageerror", (error) => opened.complaints.push(error.message));
    await page.goto(url);
    await page.waitForFunction("globalThis.effects !== undefined");
    opened.#page = page;
    return opened;
  }

  /** Call a function of `effects_page/main.ts`. */
  do<M extends keyof EffectsApi>(
    method: M,
    ...rest: Parameters<EffectsApi[M]>
  ): Promise<Awaited<ReturnType<EffectsApi[M]>>> {
    if (this.#page === undefined) throw new Error("no page");
    return this.#page.evaluate(`effects.${method}(...${JSON.stringify(rest)})`) as Promise<
      Awaited<ReturnType<EffectsApi[M]>>
    >;
  }

  /** Bytes of the files asked for so far whose names hold some text. */
  bytesOf(name: string): number {
    const asked = new Set(this.asked.filter((path) => path.includes(name)));
    return [...asked].reduce((sum, path) => sum + statSync(join(built ?? "", path)).size, 0);
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return `http://localhost:${address.port}/`;
  }
}
