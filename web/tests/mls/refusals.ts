/** What the tests of MLS share: bytes from a seed, and refusals by check. */

import { shake256 } from "@noble/hashes/sha3.js";
import { expect } from "vitest";
import { concat, copy, type Rng, uint, utf8 } from "../../core/bytes.ts";
import { PeerError } from "../../core/errors.ts";
import { CHECKS, type CheckId } from "../../core/mls/checks.ts";

/** Make a source of random-looking bytes: the same ones for the same seed, in Python too. */
export function stream(seed = ""): Rng {
  let count = 0;
  return (size) => {
    count += 1;
    return copy(shake256(concat(utf8(seed), uint(count, 8)), { dkLen: size }));
  };
}

/** Expect one check to refuse, with its code. */
export async function refused(ck: CheckId, attempt: () => unknown): Promise<void> {
  let caught: unknown;
  try {
    await attempt();
  } catch (error) {
    caught = error;
  }
  expect(caught, `${ck} should refuse`).toBeInstanceOf(PeerError);
  if (!(caught instanceof PeerError)) return;
  expect(caught.detail).toMatch(new RegExp(`^${ck}: `));
  expect(caught.code).toBe(CHECKS[ck].code);
}
