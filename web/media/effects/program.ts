/**
 * A WebAssembly program that was built by others, run without the JavaScript that came with it.
 *
 * It gets what we give it and nothing else: a way to copy inside its own memory, a bounded way to
 * grow it, and whatever its owner adds. All else that it asks for stops it. So it can read and write
 * its own memory, and that is all it can do, whatever is in it.
 */

import type { Bytes } from "../../core/bytes.ts";
import { Code, FatalError } from "../../core/errors.ts";

const PAGE = 65_536;

/** 64 MB: a program that wants more is not what it was. Three times what the larger one needs. */
const MAX_BYTES = 64 * 1024 * 1024;

/** How a program's imports and exports are called; a compiler made the names short. */
export type Names = Readonly<{
  memory: string;
  /** To be called once, before anything else. */
  start: string;
  /** `memcpy_big(to, from, length)`. */
  copy: string;
  /** `resize_heap(bytes)`: whether there is room now. */
  grow: string;
}>;

export class Program {
  readonly #exports: WebAssembly.Exports;
  readonly #memory: WebAssembly.Memory;

  /**
   * Compile and start it, in this thread.
   *
   * @param bytes The program.
   * @param names How it calls what we must know of.
   * @param harmless Further imports, by name, with what each answers.
   * @throws WebAssembly.CompileError, FatalError: it is not the program that was expected.
   */
  constructor(bytes: Bytes, names: Names, harmless: Readonly<Record<string, number>> = {}) {
    const module = new WebAssembly.Module(bytes);
    const given: Record<string, (...numbers: number[]) => number> = {
      [names.copy]: (to, from, length) => this.#copy(to, from, length),
      [names.grow]: (size) => this.#grow(size),
    };
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      if (kind !== "function") throw new FatalError(Code.REFUSED, "an import that is no function");
      const answer = harmless[name];
      imports[from] ??= {};
      imports[from][name] = given[name] ?? (answer === undefined ? refuse : () => answer);
    }
    this.#exports = new WebAssembly.Instance(module, imports).exports;
    const memory = this.#exports[names.memory];
    if (!(memory instanceof WebAssembly.Memory)) throw new FatalError(Code.REFUSED, "no memory");
    this.#memory = memory;
    this.call(names.start);
  }

  /** Call a function of the program, and return what it answers (0 for nothing). */
  call(name: string, ...numbers: readonly number[]): number {
    const called = this.#exports[name];
    if (typeof called !== "function") throw new FatalError(Code.REFUSED, "no such function");
    return Number(called(...numbers) ?? 0);
  }

  /** A view of its memory, good until the next call. */
  bytes(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, offset, length);
  }

  /** A view of its memory, good until the next call. */
  floats(offset: number, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, offset, count);
  }

  #copy(to = 0, from = 0, length = 0): number {
    new Uint8Array(this.#memory.buffer).copyWithin(to, from, from + length);
    return to;
  }

  #grow(size = 0): number {
    const wanted = size >>> 0;
    if (wanted > MAX_BYTES) return 0;
    const more = Math.ceil((wanted - this.#memory.buffer.byteLength) / PAGE);
    if (more > 0) this.#memory.grow(more);
    return 1;
  }
}

function refuse(): never {
  throw new FatalError(Code.REFUSED, "a program asked for more than it is given");
}
