/**
 * Judge a password on the client: core's rules, the shipped list, an estimate.
 *
 * The list of known passwords is a Bloom filter, the one that the Python client ships: it never
 * misses an entry, and refuses about 1 in 35,000 other passwords by mistake; the person chooses
 * another one. It comes from our own server, like the page; nobody is asked about a password.
 */

import { type Bytes, copy } from "../core/bytes.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import {
  Blocklist,
  check,
  normalize,
  type Reason,
  requireAccepted,
  type Verdict,
} from "../core/passwords.ts";
import { bitsOf, type Score, scoreOf } from "./password_bits.ts";

export { Reason as PasswordReason } from "../core/passwords.ts";
export type { Score } from "./password_bits.ts";

/** For a meter: how strong it is at most, and why it is refused, if it is. */
export type Rating = Readonly<{ score: Score; reasons: readonly Reason[] }>;

/** What a password is judged beside. */
export type JudgeOptions = Readonly<{
  /** Handle, display name, server: what a guesser would try. */
  context?: readonly string[];
  /** Whether something else is asked for too. */
  secondFactor?: boolean;
}>;

const LIST = new URL("../../src/visavis/sdk/passwords_data/blocklist.bloom", import.meta.url);

let loading: Promise<Blocklist> | undefined;
let loaded: Blocklist | undefined;

/**
 * Load the shipped list of known passwords; a page does so when it begins to ask for a password.
 *
 * @throws UnavailableError It cannot be fetched now.
 */
export function blocklist(): Promise<Blocklist> {
  loading ??= loadFresh();
  return loading;
}

async function loadFresh(): Promise<Blocklist> {
  try {
    loaded = new Blocklist(await read(LIST));
    return loaded;
  } catch {
    loading = undefined; // the network may be back at the next try
    throw new UnavailableError(Code.UNAVAILABLE, "the list of known passwords is not there");
  }
}

async function read(url: URL): Promise<Bytes> {
  // In Node (tests) modules are files, which `fetch` does not read.
  if (url.protocol === "file:") return copy(process.getBuiltinModule("node:fs").readFileSync(url));
  const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer" });
  if (!response.ok) throw new UnavailableError(Code.UNAVAILABLE);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Judge a password: core's verdict with the shipped list. `requireAccepted` refuses.
 *
 * @throws UnavailableError The list cannot be fetched now.
 */
export async function judge(password: string, options: JudgeOptions = {}): Promise<Verdict> {
  const known = await blocklist();
  return check(password, { ...options, known: (folded) => known.has(folded) });
}

/**
 * Rate a password as it is typed.
 *
 * Does not wait: before `blocklist()` has come, known passwords are not recognised as such. What
 * decides is `requirePassword`.
 *
 * @param password As typed.
 * @param context Handle or name, and server.
 */
export function rate(password: string, ...context: readonly string[]): Rating {
  const list = loaded;
  const known = (folded: string) => list?.has(folded) ?? false;
  const { reasons } = check(password, { known, context });
  if (reasons.length > 0) return { score: 0, reasons };
  return { score: scoreOf(bitsOf(normalize(password), known, context)), reasons };
}

/**
 * Refuse a password that is too short or known.
 *
 * @throws PeerError `WEAK_PASSWORD`.
 * @throws UnavailableError The list cannot be fetched now.
 */
export async function requirePassword(
  password: string,
  ...context: readonly string[]
): Promise<void> {
  requireAccepted(await judge(password, { context }));
}
