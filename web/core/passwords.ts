/**
 * Password rules (R-91; NIST SP 800-63B-4, 3.1.1.2) and passphrases.
 *
 * At least 15 code points when the password is the only factor, 8 beside a second one; counted after
 * NFKC; spaces and all of Unicode allowed; no rule on what kinds of characters must be there. A
 * password that attackers know, or that is made of our own names, is refused with the reason. That a
 * mix of letters, numbers and symbols is stronger is advice, never a condition.
 *
 * Pure: the list of known passwords is an argument.
 */

import { type Bytes, equal, hex, type Rng, utf8 } from "./bytes.ts";
import { Code, PeerError, UsageError } from "./errors.ts";
import { SHA256 } from "./mls/kdf.ts";
import { PHRASE_WORDS } from "./words.ts";

/** Code points when nothing else is asked for. */
export const MIN_ALONE = 15;
export const MIN_WITH_SECOND_FACTOR = 8;
/** Far above the 64 that must be allowed; bounds the work of hashing what somebody pastes. */
export const MAX_CODE_POINTS = 1024;
/** Shorter names are not looked for: they occur in good passwords by chance. */
export const MIN_CONTEXT = 4;
/** Words in a passphrase: 66 bits. Beyond guessing even for a thief of database and server key. */
export const DEFAULT_WORDS = 6;

/** Why a password is refused. */
export const Reason = {
  TOO_SHORT: "too_short",
  TOO_LONG: "too_long",
  KNOWN: "known",
  REPEATED: "repeated",
  CONTEXT: "context",
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

/** What a person reads beside each reason. */
export const SENTENCES: Readonly<Record<Reason, string>> = {
  too_short: "It is too short. Several unrelated words are easy to type, hard to guess.",
  too_long: `It is longer than ${MAX_CODE_POINTS} characters.`,
  known: "It is on lists of passwords that attackers try first.",
  repeated: "It repeats a few characters or runs through a row of them.",
  context: "It is mostly your own name, your handle or the name of this service.",
};

export const ADVICE_MIX = "A mix of letters, numbers and symbols makes it stronger still.";
export const ADVICE_LONGER = "A few more words make it much stronger.";

/** What the rules say. */
export type Verdict = Readonly<{
  /** Why it is refused; empty if it is accepted. */
  reasons: readonly Reason[];
  /** Sentences that would make it better; they refuse nothing. */
  advice: readonly string[];
}>;

/**
 * Throw unless the password may be used.
 *
 * @throws PeerError `WEAK_PASSWORD`; the detail names the reasons, never the password.
 */
export function requireAccepted(verdict: Verdict): void {
  if (verdict.reasons.length > 0) {
    throw new PeerError(Code.WEAK_PASSWORD, verdict.reasons.join(", "));
  }
}

/**
 * Return the form that is counted, checked and given to OPAQUE and Argon2id: NFKC.
 *
 * The same password typed on another keyboard may arrive in other code points.
 */
export function normalize(password: string): string {
  return password.normalize("NFKC");
}

export type CheckOptions = Readonly<{
  /**
   * Whether a password (NFKC, case folded) is known to attackers, such as `has` of a `Blocklist`.
   */
  known: (password: string) => boolean;
  /** Names that a guesser would try: handle, display name, server. */
  context?: Iterable<string>;
  /** Whether something else is asked for too. */
  secondFactor?: boolean;
}>;

/** Judge a password, as typed. */
export function check(
  password: string,
  { known, context = [], secondFactor = false }: CheckOptions,
): Verdict {
  const plain = normalize(password);
  const { length } = [...plain];
  if (length > MAX_CODE_POINTS) return { reasons: [Reason.TOO_LONG], advice: [] };
  const folded = fold(plain);
  const shortest = secondFactor ? MIN_WITH_SECOND_FACTOR : MIN_ALONE;
  const reasons: Reason[] = [];
  if (length < shortest) reasons.push(Reason.TOO_SHORT);
  if (known(folded) || known(folded.trim())) reasons.push(Reason.KNOWN);
  if (isRepeated([...folded])) reasons.push(Reason.REPEATED);
  if (leftWithout(folded, context) < shortest / 2) reasons.push(Reason.CONTEXT);
  return { reasons, advice: adviceFor(plain, length, shortest) };
}

/**
 * Return random words with hyphens between, 11 bits each.
 *
 * @param words At least 5: shorter passphrases could be under 15 characters.
 * @throws UsageError Fewer than 5 words.
 */
export function generatePassphrase(rng: Rng, words: number = DEFAULT_WORDS): string {
  if (words < 5) throw new UsageError("a passphrase has 5 words at least");
  const chosen = Array.from({ length: words }, () => {
    const [high = 0, low = 0] = rng(2);
    // 2,048 divides 65,536: no word is likelier than another.
    return PHRASE_WORDS[(256 * high + low) % PHRASE_WORDS.length];
  });
  return chosen.join("-");
}

/**
 * Fold case in full (Unicode, 3.13), which JavaScript has no function for.
 *
 * Down, up and down again, each code point by itself, is the same but for the dotless i, which
 * stands for itself, and for Cherokee, whose capitals came first.
 */
function fold(text: string): string {
  const each = (part: string, by: (char: string) => string) => [...part].map(by).join("");
  const down = (part: string) => each(part, (char) => char.toLowerCase());
  const up = (part: string) => each(part, (char) => char.toUpperCase());
  return each(text, (char) => {
    if (char === "ı") return char;
    return /\p{Script=Cherokee}/u.test(char) ? char.toUpperCase() : down(up(down(char)));
  });
}

/** Tell up to eight characters three times and more, or one long run such as 123456. */
function isRepeated(chars: readonly string[]): boolean {
  for (let size = 1; size <= Math.min(8, Math.floor(chars.length / 3)); size++) {
    if (chars.every((char, i) => char === chars[i % size])) return true;
  }
  const codes = chars.map((char) => char.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, i) => code - (codes[i] ?? 0));
  const longest = Math.max(...[-1, 0, 1].map((s) => steps.filter((step) => step === s).length));
  return steps.length > 2 && longest > 0.7 * steps.length;
}

/** Count the code points left when names and our own name are taken out. */
function leftWithout(folded: string, context: Iterable<string>): number {
  const parts = new Set(["visavis"]);
  for (const name of context) {
    const plain = fold(normalize(name));
    for (const part of [plain, ...plain.split(/[-.]/)]) parts.add(part);
  }
  const longestFirst = [...parts].sort((a, b) => [...b].length - [...a].length);
  let left = folded;
  for (const part of longestFirst) {
    if ([...part].length >= MIN_CONTEXT) left = left.replaceAll(part, "");
  }
  return [...left].length;
}

function adviceFor(plain: string, length: number, shortest: number): readonly string[] {
  const advice: string[] = [];
  if (length < shortest + 5) advice.push(ADVICE_LONGER);
  const isMixed = [/[\p{L}\p{M}]/u, /\p{N}/u, /[^\p{L}\p{M}\p{N}]/u].every((k) => k.test(plain));
  if (!isMixed) advice.push(ADVICE_MIX);
  return advice;
}

const FILTER_MAGIC = Uint8Array.of(...utf8("VVBF"), 1);
const FILTER_HEADER = FILTER_MAGIC.length + 1 + 4;

/**
 * A Bloom filter of known passwords: never misses one, and takes a few others for known.
 *
 * Layout: magic "VVBF" 0x01, number of hashes k (1 byte), number of entries (4 bytes, big endian),
 * bits. Bit positions of an entry: h1 + i * h2 modulo the number of bits, from SHA-256 of its UTF-8
 * (two 8-byte halves), as Kirsch and Mitzenmacher describe. Python makes the file.
 */
export class Blocklist {
  readonly #hashes: number;
  readonly #bits: Uint8Array;

  /**
   * @param data The filter's bytes.
   * @throws UsageError It is not a filter: the installation is damaged.
   */
  constructor(data: Uint8Array) {
    const magic = data.subarray(0, FILTER_MAGIC.length);
    if (!equal(magic, FILTER_MAGIC) || data.length <= FILTER_HEADER) {
      throw new UsageError("not a password filter");
    }
    this.#hashes = data[FILTER_MAGIC.length] ?? 0;
    this.#bits = data.subarray(FILTER_HEADER);
  }

  /** Tell whether a password (NFKC, case folded) is known, or taken for known. */
  has(password: string): boolean {
    const digest = SHA256.hash(utf8(password));
    const start = integer(digest.subarray(0, 8));
    const stride = integer(digest.subarray(8, 16)) | 1n;
    const size = BigInt(8 * this.#bits.length);
    for (let i = 0n; i < this.#hashes; i++) {
      const bit = Number((start + i * stride) % size);
      if ((((this.#bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0) return false;
    }
    return true;
  }
}

function integer(data: Bytes): bigint {
  return BigInt(`0x${hex(data)}`);
}
