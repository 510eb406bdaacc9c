/** Who was let in, who asks again, and who only seems to. */

import { expect, test } from "vitest";
import { Joiners, MAX_USED } from "../../client/group_call_joiners.ts";
import { type Began, joinerOf } from "../../client/group_call_keys.ts";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import { Code } from "../../core/errors.ts";

const PACKAGE = utf8("a key package");
const WELCOME = utf8("a Welcome");

function began({ admits, loses }: Readonly<{ admits?: Bytes; loses?: number }>): Began {
  const admitted = admits === undefined ? [] : [{ joiner: joinerOf(admits), leaf: 1 }];
  const went = new Set(loses === undefined ? [] : [loses]);
  const [leaves, came] = [new Set([0]), new Set<number>()];
  return { epoch: 2, own: 0, leaves, came, went, admitted, welcome: WELCOME };
}

function refuses(joiners: Joiners, keyPackage: Bytes): boolean {
  try {
    expect(joiners.isIn(keyPackage, () => expect.unreachable())).toBe(false);
  } catch (error) {
    expect(error).toMatchObject({ code: Code.REPLAYED });
    return true;
  }
  return false;
}

test("who came in and went does not come by the same key package (CK-877)", () => {
  const joiners = new Joiners();
  joiners.epoch(began({ admits: PACKAGE }));
  joiners.isHere(1);
  const answered: Bytes[] = [];
  // While it is in, it is only answered again.
  expect(joiners.isIn(PACKAGE, (welcome) => answered.push(welcome))).toBe(true);
  expect(answered).toEqual([WELCOME]);
  joiners.epoch(began({ loses: 1 }));
  expect(refuses(joiners, PACKAGE)).toBe(true);
  expect(refuses(joiners, utf8("another key package"))).toBe(false);
});

test("who never read the Welcome may ask again", () => {
  const joiners = new Joiners();
  joiners.epoch(began({ admits: PACKAGE }));
  joiners.isHere(2); // Somebody else.
  joiners.epoch(began({ loses: 1 }));
  expect(refuses(joiners, PACKAGE)).toBe(false);
});

test("so many are remembered", () => {
  const joiners = new Joiners();
  const packages = Array.from({ length: MAX_USED + 1 }, (_, n) => new Uint8Array([n >> 8, n]));
  for (const admits of packages) {
    joiners.epoch(began({ admits }));
    joiners.isHere(1);
    joiners.epoch(began({ loses: 1 }));
  }
  const [first, ...rest] = packages.map((one) => refuses(joiners, one));
  expect(first).toBe(false);
  expect(rest.every(Boolean)).toBe(true);
});
