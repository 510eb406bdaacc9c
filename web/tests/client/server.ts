/**
 * A real server for tests, and people at it who use the Python SDK (`serve.py`, a child process).
 *
 *     const server = await startServer();
 *     const bob = await server.signup("bob");             // a Python person
 *     await server.ask("send", { who: "bob", contact: "anna", text: "hello" });
 *     await server.stop();
 */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Code } from "../../core/errors.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SCRIPT = fileURLToPath(new URL("serve.py", import.meta.url));
const START_MS = 60_000;

/** Good enough for everybody. */
export const PASSWORD = "correct horse battery staple";

/** What a Python person's command was refused with. */
export class PythonError extends Error {
  readonly code: Code | string;

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

export type Person = Readonly<{ handle: string; recovery: string }>;
type Answer = Readonly<{
  id?: number;
  origin?: string;
  ok?: unknown;
  error?: Readonly<{ code: string; detail: string }>;
}>;
type Waiting = Readonly<{ resolve: (ok: unknown) => void; reject: (error: Error) => void }>;

/** A running server. */
export class TestServer {
  origin = "";
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = 0;
  #said = "";

  constructor(settings: Readonly<Record<string, unknown>>) {
    const python = `${ROOT}.venv/bin/python`;
    this.#child = spawn(python, [SCRIPT, JSON.stringify(settings)], {
      env: { ...process.env, PYTHONPATH: `${ROOT}src:${ROOT}` },
    });
    this.#child.stderr.on("data", (data: Buffer) => {
      this.#said = `${this.#said}${data}`.slice(-4000);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", () => {
        for (const { reject } of this.#waiting.values()) reject(this.#gone());
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Wait until it answers. */
  async ready(): Promise<this> {
    const lines = createInterface({ input: this.#child.stdout });
    const started = Promise.withResolvers<string>();
    const timer = setTimeout(() => started.reject(this.#gone()), START_MS);
    lines.on("line", (line) => {
      const answer: Answer = JSON.parse(line);
      if (answer.origin !== undefined) started.resolve(answer.origin);
      else this.#answered(answer);
    });
    this.#child.once("close", () => started.reject(this.#gone()));
    try {
      this.origin = await started.promise;
    } finally {
      clearTimeout(timer);
    }
    return this;
  }

  /**
   * Carry out a command of `serve.py`.
   *
   * @throws PythonError What the SDK raised, with its code.
   */
  ask<T = unknown>(name: string, options: Readonly<Record<string, unknown>> = {}): Promise<T> {
    this.#next += 1;
    const id = this.#next;
    return new Promise<T>((resolve, reject) => {
      // What a command answers is said in `serve.py`, and asked for by the test.
      this.#waiting.set(id, { resolve: (ok) => resolve(ok as T), reject });
      this.#child.stdin.write(`${JSON.stringify({ id, do: name, ...options })}\n`);
    });
  }

  /** Make a sign-up link. */
  link(): Promise<string> {
    return this.ask<string>("link");
  }

  /** Let somebody with the Python SDK sign up. */
  signup(who: string, password = PASSWORD): Promise<Person> {
    return this.ask<Person>("signup", { who, password });
  }

  /** End the server and everybody. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 20_000);
    await this.#ended;
    clearTimeout(timer);
  }

  #answered({ id = 0, ok, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(ok);
    else waiting?.reject(new PythonError(error.code, error.detail));
  }

  #gone(): Error {
    return new Error(`the test server is gone: ${this.#said}`);
  }
}

/**
 * Start a server with work asked from nobody.
 *
 * @param settings Fields of Python's `ServerConfig`.
 */
export function startServer(settings: Readonly<Record<string, unknown>> = {}): Promise<TestServer> {
  return new TestServer(settings).ready();
}
