/**
 * How long calls stay in their owner's history, and the three presets to choose from.
 *
 * Nothing is kept by chance: each setting is a field of `Settings`, and the table that a person sees
 * before choosing is made from the same fields (`changes`).
 *
 * Pure. Not for: taking out what has been kept long enough (`CallLog.expire` of `call_log.ts`).
 */

import { type Bytes, compare } from "./bytes.ts";
import { type Entry, Quality, Via } from "./call_entry.ts";
import { decodeRecord, encodeRecord } from "./content.ts";
import { KEEP_EVER, MAX_COUNT, Settings } from "./content_records.ts";
import { UsageError } from "./errors.ts";
import type { DeviceId } from "./ids.ts";

export { KEEP_EVER, Settings } from "./content_records.ts";

export const HOUR_S = 3_600;
export const DAY_H = 24;

/** Three answers for those who do not want to decide four times. */
export const Preset = {
  CONVENIENT: "convenient",
  BALANCED: "balanced",
  NOTHING_KEPT: "nothing kept",
} as const;
export type Preset = (typeof Preset)[keyof typeof Preset];

/** What a preset decides. */
export type Kept = Readonly<Pick<Settings, "keep" | "details" | "sync" | "trace">>;

/** What a person decides. */
export type Choices = Kept & Readonly<Pick<Settings, "neverRecord">>;

const UNDECIDED = { count: 0, device: null, neverRecord: false } as const;

export const PRESETS: Readonly<Record<Preset, Settings>> = {
  [Preset.CONVENIENT]: { keep: KEEP_EVER, details: true, sync: true, trace: true, ...UNDECIDED },
  [Preset.BALANCED]: { keep: 90 * DAY_H, details: true, sync: true, trace: true, ...UNDECIDED },
  [Preset.NOTHING_KEPT]: { keep: 0, details: false, sync: false, trace: false, ...UNDECIDED },
};
export const FIELDS = ["keep", "details", "sync", "trace"] as const satisfies (keyof Kept)[];
export const DEFAULT = PRESETS[Preset.BALANCED];

/** For each setting whose default is not its most private value: why. */
export const WHY_NOT_LESS: Readonly<Record<keyof Kept, string>> = {
  keep: "Last month's call is what a history is opened for; 90 days have it in them.",
  details: "They tell how a call was protected, and nothing of whom it was with or when.",
  sync: "Who has two devices asks either of them whether somebody called.",
  trace: "A telephone that nobody hears and that leaves no missed call does not work.",
};

/** What a preset would make of one setting. */
export type Change = Readonly<{
  name: keyof Kept;
  now: number | boolean;
  next: number | boolean;
}>;

/** Return every setting, what it is and what a preset makes of it: none is left out. */
export function changes(now: Settings, preset: Preset): readonly Change[] {
  const chosen = PRESETS[preset];
  return FIELDS.map((name) => ({ name, now: now[name], next: chosen[name] }));
}

/** Return which preset these settings are; undefined: the person's own choice. */
export function presetOf(settings: Settings): Preset | undefined {
  return Object.values(Preset).find((preset) =>
    FIELDS.every((name) => settings[name] === PRESETS[preset][name]),
  );
}

/**
 * Return the settings as changed on a device; what is not given stays.
 *
 * @param chosen `keep` in hours, 0 for no history, `KEEP_EVER` for no end; of `neverRecord` no preset
 *   says anything.
 * @throws UsageError Out of bounds.
 */
export function decided(now: Settings, device: DeviceId, chosen: Partial<Choices>): Settings {
  const { keep = now.keep, details = now.details, sync = now.sync, trace = now.trace } = chosen;
  if (!Number.isInteger(keep) || keep < 0 || keep > KEEP_EVER) {
    throw new UsageError("a history is kept for 0 hours or more");
  }
  const { neverRecord = now.neverRecord } = chosen;
  const count = Math.min(now.count + 1, MAX_COUNT);
  return { keep, details, sync, trace, count, device, neverRecord };
}

/**
 * Return which of two stands, the same one on all devices (CK-702).
 *
 * Clocks decide nothing: they may be wrong by years. Of two that were decided without knowing of
 * each other, the one that keeps less stands; and who said on either that they are never to be
 * recorded is not.
 */
export function newer(one: Settings, other: Settings): Settings {
  const order =
    one.count - other.count || other.keep - one.keep || compare(restOf(one), restOf(other));
  const stands = order >= 0 ? one : other;
  const isSaid = one.count === other.count && (one.neverRecord || other.neverRecord);
  return isSaid && !stands.neverRecord ? { ...stands, neverRecord: true } : stands;
}

function restOf(settings: Settings): Bytes {
  return encodeSettings({ ...settings, neverRecord: false });
}

/**
 * Return for how many seconds a call is kept after its end; null: until it is deleted.
 *
 * @param settings The account's.
 * @param ofContacts What the rules of each of its members say (`Rules.keeps`); the least counts.
 * @throws UsageError A call without members.
 */
export function keepsS(settings: Settings, ofContacts: readonly (number | null)[]): number | null {
  if (ofContacts.length === 0) throw new UsageError("a call is with somebody");
  const hours = Math.min(...ofContacts.map((one) => one ?? settings.keep));
  return hours >= KEEP_EVER ? null : hours * HOUR_S;
}

/** Return an entry with no more in it than the settings let be kept. */
export function asKept(entry: Entry, settings: Settings): Entry {
  if (settings.details) return entry;
  return { ...entry, via: Via.NONE, quality: Quality.UNKNOWN, suite: 0 };
}

/** Return the settings' one encoding. */
export function encodeSettings(settings: Settings): Bytes {
  return encodeRecord(Settings, settings);
}

/**
 * Decode what `encodeSettings` made.
 *
 * @throws PeerError `MALFORMED` (CK-250, CK-271).
 */
export function decodeSettings(data: Uint8Array): Settings {
  return decodeRecord(Settings, data);
}
