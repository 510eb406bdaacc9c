/**
 * When this device's camera and microphone were used by the page, for its owner to look at.
 *
 * Kept in this device's sealed store and nowhere else: it is not in the vault, is told to no other
 * device, and no server learns of it. That is why it may hold the time of day. The newest `MOST` of
 * the last thirty days are kept. Not for: what somebody did in a call (`history.ts`).
 */

import { type Bytes, concat, uint } from "../core/bytes.ts";
import { decode, encode, isList } from "../core/cbor.ts";
import { Code, FatalError } from "../core/errors.ts";
import type { Books } from "./books.ts";
import type { Reader, Unit } from "./unit.ts";

const KIND = "use";
/** Uses that are kept. More would only tell whoever opens this device more. */
const MOST = 100;
const KEEP_S = 30 * 86_400;
const CHANCE_BYTES = 4;
/**
 * Devices open when a call begins, and what the call itself writes must not wait for this. Higher: a
 * page that dies has used a device for longer without a line about it.
 */
export const WRITE_AFTER_S = 2;

export const UseKind = {
  CAMERA: "camera",
  MICROPHONE: "microphone",
  NOTIFICATIONS: "notifications",
} as const;
export type UseKind = (typeof UseKind)[keyof typeof UseKind];

const KINDS: readonly unknown[] = Object.values(UseKind);

/** A time in which something was used. */
export type Use = Readonly<{
  kind: UseKind;
  /** Unix seconds when it began. */
  at: number;
  /** How long; undefined if it goes on, or the page was closed in the middle of it. */
  seconds: number | undefined;
}>;

/** A use that goes on. Neither fails: a full disk loses the line and nothing else. */
export type OpenUse = Readonly<{
  /** It is over. */
  end(): Promise<void>;
  /** It belongs to something that leaves no trace: keep nothing of it. */
  forget(): Promise<void>;
}>;

/** A use whose line is not written yet. */
type Waiting = Readonly<{ key: Bytes; kind: UseKind; at: number }>;

export class Uses {
  readonly #books: Pick<Books, "store" | "now" | "rng">;
  readonly #waiting = new Set<Waiting>();

  constructor(books: Pick<Books, "store" | "now" | "rng">) {
    this.#books = books;
  }

  /** Note that something is used from now on. */
  begin(kind: UseKind): OpenUse {
    const { now, rng } = this.#books;
    const at = now();
    const key = concat(uint(at, 8), rng(CHANCE_BYTES));
    const line: Waiting = { key, kind, at };
    this.#waiting.add(line);
    let written: Promise<void> | undefined;
    const timer = setTimeout(() => {
      written = this.#put(line);
    }, WRITE_AFTER_S * 1000);
    return {
      end: async () => {
        clearTimeout(timer);
        await written;
        written = this.#put(line, Math.max(0, now() - at));
        await written;
      },
      forget: async () => {
        clearTimeout(timer);
        this.#waiting.delete(line);
        await written;
        if (written !== undefined) await this.#write((unit) => void unit.delete(KIND, key));
      },
    };
  }

  /**
   * Return what is kept, newest first.
   *
   * @throws FatalError MALFORMED.
   */
  list(): Use[] {
    const written = this.#books.store.items(KIND).map(([, value]) => useOf(value));
    const waiting = [...this.#waiting].map(({ kind, at }) => ({ kind, at, seconds: undefined }));
    return [...written, ...waiting].reverse().sort((one, other) => other.at - one.at);
  }

  /** Delete all of it. */
  async clear(): Promise<void> {
    this.#waiting.clear();
    await this.#books.store.transaction((unit) => {
      for (const key of keysOf(unit)) unit.delete(KIND, key);
    });
  }

  /** Write a line, or its length; not one that was forgotten or deleted meanwhile. */
  async #put(line: Waiting, seconds?: number): Promise<void> {
    const { kind, at, key } = line;
    await this.#write((unit) => {
      if (!this.#waiting.delete(line) && unit.get(KIND, key) === undefined) return;
      unit.put(KIND, key, encode(seconds === undefined ? [kind, at] : [kind, at, seconds]));
      prune(unit, this.#books.now() - KEEP_S);
    });
  }

  async #write(work: (unit: Unit) => void): Promise<void> {
    await this.#books.store.transaction(work).catch(() => undefined);
  }
}

function prune(unit: Unit, oldest: number): void {
  const keys = keysOf(unit);
  const limit = uint(Math.max(0, oldest), 8);
  keys.forEach((key, i) => {
    if (i < keys.length - MOST || isBefore(key, limit)) unit.delete(KIND, key);
  });
}

function keysOf(reader: Reader): Bytes[] {
  return reader.items(KIND).map(([key]) => key);
}

function isBefore(key: Bytes, limit: Bytes): boolean {
  const differs = limit.findIndex((byte, i) => key[i] !== byte);
  return differs >= 0 && (key[differs] ?? 0) < (limit[differs] ?? 0);
}

function useOf(value: Bytes): Use {
  const read = decode(value);
  const [kind, at, seconds] = isList(read) ? read : [];
  const isWhole = seconds === undefined || typeof seconds === "number";
  if (!isKind(kind) || typeof at !== "number" || !isWhole) {
    throw new FatalError(Code.MALFORMED, "a use of the store cannot be read");
  }
  return { kind, at, seconds };
}

function isKind(value: unknown): value is UseKind {
  return KINDS.includes(value);
}
