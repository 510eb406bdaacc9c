/**
 * Text that others chose, made harmless to show: no invisible or direction-turning characters, no
 * towers of accents, no endless names; and whether one name could be taken for another.
 *
 * Not for: deciding who somebody is. Only a safety number does that.
 */

/** Clusters of a name that are shown; a longer one is clipped. */
export const NAME_CLUSTERS = 40;

const CLUSTERS = new Intl.Segmenter();
const REPLACEMENT = "\uFFFD";
/** Controls, direction marks and overrides, zero-width and other invisible characters, tags. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{DI}\p{Zl}\p{Zp}]/gu;
/** In a message, joiners belong to emoji and to many scripts; what turns a line around does not. */
const TURNING = /(?![\t\n])\p{Cc}|[\u061C\u2028-\u202E\u2066-\u206F\uFFF9-\uFFFB]/gu;
const TOWER = /(\p{M}{2})\p{M}+/gu;

/** Return a name that can be shown: on one line, everything in it visible. */
export function plainName(name: string): string {
  const shown = name.normalize("NFC").replace(UNSEEN, REPLACEMENT).replace(TOWER, "$1").trim();
  if (shown.length <= NAME_CLUSTERS) return shown || REPLACEMENT; // each has a unit at least
  const clusters = [...CLUSTERS.segment(shown.slice(0, 20 * NAME_CLUSTERS))];
  if (clusters.length <= NAME_CLUSTERS) return shown;
  return `${clusters
    .slice(0, NAME_CLUSTERS - 1)
    .map((cluster) => cluster.segment)
    .join("")}…`;
}

/** Return a message that can be shown: lines stay, nothing turns the text around. */
export function plainText(text: string): string {
  return text.replace(TURNING, REPLACEMENT).replace(TOWER, "$1");
}

/** What a face shows: the first letter or digit of a name. */
export function initial(name: string): string {
  return /[\p{L}\p{N}]/u.exec(plainName(name))?.[0]?.toLocaleUpperCase() ?? "?";
}

/** What stands for a group: the first letters or digits of the first two words of its name. */
export function initials(name: string): string {
  const words = plainName(name).match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu) ?? [];
  return words.slice(0, 2).map(initial).join("") || "?";
}

/** Characters that look alike in most fonts, folded onto one of them. */
const ALIKE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "oο0оօӧ",
    "lі1iıӏ|!ⅼⅰjј",
    "aаα",
    "cсϲ",
    "eеє",
    "pрρ",
    "xхχ",
    "yуγү",
    "sѕ5$",
    "bь8в",
    "gɡ9q",
    "hһн",
    "kкκ",
    "mмт",
    "nпη",
    "tтτ",
    "uυս",
    "vν",
    "wѡω",
    "dԁ",
    "zᴢ2",
  ].flatMap((group) => [...group].map((one) => [one, [...group][0] ?? one])),
);

/** Return a name without its accents, and without what is not seen. */
function bare(name: string): string {
  return name.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "").replace(UNSEEN, "");
}

/** Return a name with what could be mistaken for each other made equal. */
export function skeleton(name: string): string {
  const folded = Array.from(bare(name), (one) => ALIKE[one] ?? one).join("");
  return folded
    .replaceAll("rn", "m")
    .replaceAll("vv", "w")
    .replace(/[\s._\-~]/g, "");
}

/** Return the part of a handle that its owner chose: `anna` of `anna.48213`, whatever stands around it. */
function chosen(name: string): string {
  return bare(name)
    .replace(/~[0-9a-f]+$/, "")
    .replace(/[^\p{L}\p{N}]+\p{Nd}+[^\p{L}\p{N}]*$/u, "");
}

/** Say whether somebody could take one name for the other. */
export function resembles(one: string, other: string): boolean {
  if (one === other) return false;
  const [a, b] = [skeleton(chosen(one)), skeleton(chosen(other))];
  return a === b || (Math.min(a.length, b.length) >= 5 && near(a, b));
}

/** Say whether one letter more, less, other or swapped makes one of the other. */
function near(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  if (short.length < long.length) return short.slice(at) === long.slice(at + 1);
  const swapped = short[at] === long[at + 1] && short[at + 1] === long[at];
  return (
    short.slice(at + 1) === long.slice(at + 1) ||
    (swapped && short.slice(at + 2) === long.slice(at + 2))
  );
}
