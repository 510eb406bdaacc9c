/** Settings of the history: shown whole, changed one by one, and what they let be kept. */

import { describe, expect, test } from "vitest";
import { type Entry, NO_MARK, Quality, Via } from "../core/call_entry.ts";
import { PeerError, UsageError } from "../core/errors.ts";
import { AccountId, CallId, DeviceId } from "../core/ids.ts";
import {
  asKept,
  changes,
  DEFAULT,
  decided,
  decodeSettings,
  encodeSettings,
  FIELDS,
  KEEP_EVER,
  keepsS,
  newer,
  PRESETS,
  Preset,
  presetOf,
  WHY_NOT_LESS,
} from "../core/keeping.ts";

const PHONE = new DeviceId(new Uint8Array(16).fill(1));
const LAPTOP = new DeviceId(new Uint8Array(16).fill(2));

const PLAIN: Entry = {
  call: new CallId(new Uint8Array(16)),
  members: [new AccountId(new Uint8Array(16))],
  direction: "incoming",
  media: "voice",
  outcome: "missed",
  at: 1_800_000_000,
  seconds: 0,
  verified: false,
  recorded: false,
  via: Via.NONE,
  quality: Quality.UNKNOWN,
  suite: 0,
  mark: NO_MARK,
};

describe("settings", () => {
  test("are shown whole, with the reason for each that is not the least", () => {
    const rowsShown = changes(DEFAULT, Preset.NOTHING_KEPT);
    expect(rowsShown.map(({ name }) => name)).toEqual(FIELDS);
    expect(rowsShown.every(({ now, next }) => now !== next)).toBe(true);
    expect(Object.keys(WHY_NOT_LESS)).toEqual(FIELDS);
    for (const preset of Object.values(Preset)) expect(presetOf(PRESETS[preset])).toBe(preset);
  });

  test("change one by one, and count", () => {
    const mine = decided(DEFAULT, PHONE, { trace: false });
    expect(mine).toEqual({ ...DEFAULT, trace: false, count: 1, device: PHONE });
    expect(presetOf(mine)).toBeUndefined();
    expect(newer(DEFAULT, mine)).toBe(mine);
    for (const keep of [-1, 0.5, KEEP_EVER + 1]) {
      expect(() => decided(DEFAULT, PHONE, { keep })).toThrow(UsageError);
    }
    expect(decided(mine, LAPTOP, { keep: KEEP_EVER }).keep).toBe(KEEP_EVER);
    expect(() => keepsS(DEFAULT, [])).toThrow(UsageError);
    expect(() => decodeSettings(new Uint8Array())).toThrow(PeerError);
  });

  test("never record me: no preset says it, and said on one device it stands on all (R-48)", () => {
    const device = (at: number) => new DeviceId(new Uint8Array(16).fill(at));
    const never = decided(DEFAULT, device(1), { neverRecord: true });
    expect(presetOf(never)).toBe(presetOf(DEFAULT));
    const less = decided(DEFAULT, device(2), { keep: 0 });
    const both = newer(never, less);
    expect(both).toEqual(newer(less, never));
    expect([both.keep, both.neverRecord]).toEqual([0, true]);
    expect(newer(both, less)).toBe(both);
    const back = decided(both, device(2), { neverRecord: false });
    expect([newer(never, back), newer(back, never)]).toEqual([back, back]);
    // Absent means no; no is written by its absence.
    expect(decodeSettings(encodeSettings(never))).toEqual(never);
    expect(encodeSettings(never).length - encodeSettings(back).length).toBeGreaterThan(12);
  });

  test("let no more be kept than they say", () => {
    const whole = { ...PLAIN, via: Via.DIRECT, quality: Quality.GOOD, suite: 0xf04d };
    expect(asKept(whole, DEFAULT)).toBe(whole);
    expect(asKept(whole, PRESETS[Preset.NOTHING_KEPT])).toEqual(PLAIN);
  });
});
