/**
 * How many guesses a password stands, at most: an estimate for a meter, which refuses nothing.
 *
 * The password is cut into pieces that a guesser has in a table (words, known passwords, years, names
 * of our own, rows and repetitions), each of which costs as much as its place in the table; what is
 * left costs by the character, as little as people's own choice of characters is worth. It errs
 * towards "weaker": a meter that flatters does harm.
 */

import { PHRASE_WORDS } from "../core/words.ts";

/** 0 refused, 1 weak, 2 fair, 3 good, 4 strong. */
export type Score = 0 | 1 | 2 | 3 | 4;

/** Beyond this many characters a password is strong, or a repetition. */
const LONGEST = 128;
/** Shortest piece that is looked for in the list of known passwords: it has no shorter ones. */
const MIN_KNOWN = 8;
const MAX_KNOWN = 24;
const MIN_WORD = 3;
const MAX_WORD = 8;

const WORD_BITS = 11;
const KNOWN_BITS = 14;
const YEAR_BITS = 7;
const OWN_BITS = 2;
/** For one more of the same, or the next in a row. */
const ROW_BITS = 0.5;
const LETTER_BITS = 2.5;
const DIGIT_BITS = 3;
const OTHER_BITS = 4;
/** What a guesser pays for a capital or a figure in a letter's place. */
const TWIST_BITS = 1;

/** Chosen once, then used between all words. */
const SEPARATORS = /^[\s\-_.,;:/+]$/;
const WORDS: ReadonlySet<string> = new Set(PHRASE_WORDS);
const TWISTS: ReadonlyMap<string, string> = new Map([
  ["0", "o"],
  ["1", "i"],
  ["3", "e"],
  ["4", "a"],
  ["5", "s"],
  ["7", "t"],
  ["@", "a"],
  ["$", "s"],
  ["!", "i"],
]);

/** Return the score for so many bits. Guessing offline costs an Argon2id for each try. */
export function scoreOf(bits: number): Score {
  if (bits < 28) return 1;
  if (bits < 42) return 2;
  return bits < 55 ? 3 : 4;
}

/**
 * Estimate a password.
 *
 * @param password In NFKC.
 * @param known Whether a password (case folded) is known to attackers.
 * @param context Names that a guesser would try.
 */
export function bitsOf(
  password: string,
  known: (folded: string) => boolean,
  context: readonly string[] = [],
): number {
  const typed = [...password].slice(0, LONGEST);
  const plain = typed.map((char) => char.toLowerCase());
  const straight = plain.map((char) => TWISTS.get(char) ?? char);
  const names = ["visavis", ...context]
    .flatMap((name) => name.toLowerCase().split(/[\s.\-_:/]+/))
    .filter((name) => name.length >= MIN_WORD);
  const seen = new Set<string>();
  let bits = 0;
  let before = "";
  for (let at = 0; at < typed.length; ) {
    const piece = pieceAt(plain, at, names, known) ?? twisted(pieceAt(straight, at, names, known));
    if (piece === undefined) {
      const char = plain[at] ?? "";
      const isChosen = SEPARATORS.test(char) && seen.has(char);
      bits += isChosen ? ROW_BITS : charBits(char, before);
      seen.add(char);
      before = char;
      at += 1;
      continue;
    }
    // The same piece again, and be it with other figures, is one guess more, not a second choice.
    const name = straight.slice(at, at + piece.size).join("");
    bits += seen.has(name) ? TWIST_BITS : piece.bits;
    if (isMixedCase(typed.slice(at, at + piece.size))) bits += TWIST_BITS;
    seen.add(name);
    before = "";
    at += piece.size;
  }
  return bits;
}

type Piece = Readonly<{ size: number; bits: number }>;

/** Return the longest piece of a guesser's tables that begins here. */
function pieceAt(
  chars: readonly string[],
  at: number,
  names: readonly string[],
  known: (folded: string) => boolean,
): Piece | undefined {
  const part = (size: number) => chars.slice(at, at + size).join("");
  const left = chars.length - at;
  const name = names.filter((own) => part([...own].length) === own).sort(longestFirst)[0];
  if (name !== undefined) return { size: [...name].length, bits: OWN_BITS };
  // Not across words: there the list, which takes a few for known that are not, is asked too often.
  const gap = chars.slice(at, at + MAX_KNOWN).findIndex((char) => SEPARATORS.test(char));
  const run = gap < 0 ? Math.min(MAX_KNOWN, left) : gap;
  for (let size = run; size >= MIN_KNOWN; size--) {
    if (known(part(size))) return { size, bits: KNOWN_BITS };
  }
  for (let size = Math.min(MAX_WORD, left); size >= MIN_WORD; size--) {
    if (WORDS.has(part(size))) return { size, bits: WORD_BITS };
  }
  if (/^(?:19|20)\d\d$/.test(part(4))) return { size: 4, bits: YEAR_BITS };
  return undefined;
}

function longestFirst(one: string, other: string): number {
  return other.length - one.length;
}

function twisted(piece: Piece | undefined): Piece | undefined {
  return piece && { ...piece, bits: piece.bits + TWIST_BITS };
}

function charBits(char: string, before: string): number {
  const step = (char.codePointAt(0) ?? 0) - (before.codePointAt(0) ?? -9);
  if (before !== "" && Math.abs(step) <= 1) return ROW_BITS;
  if (/\p{L}/u.test(char)) return LETTER_BITS;
  return /\p{N}/u.test(char) ? DIGIT_BITS : OTHER_BITS;
}

function isMixedCase(chars: readonly string[]): boolean {
  return chars.some((char) => char !== char.toLowerCase());
}
