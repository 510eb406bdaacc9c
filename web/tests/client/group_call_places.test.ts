/** What a person does about a member is done about them, or not at all (CK-876). */

import { expect, test } from "vitest";
import { requireThere } from "../../client/group_call_roster.ts";
import { utf8 } from "../../core/bytes.ts";
import { Code } from "../../core/errors.ts";
import { SignatureKey } from "../../core/ids.ts";
import type { MemberInfo } from "../../core/mls/index.ts";

const key = (number: number) => new SignatureKey(new Uint8Array(32).fill(number));
const member = (leafIndex: number, number: number): MemberInfo => ({
  leafIndex,
  identity: utf8("somebody"),
  signatureKey: key(number),
});
const LOOKED_AT = { leaf: 1, key: key(3) };

test("whoever was looked at is there", () => {
  const there = member(1, 3);
  expect(requireThere(new Map([[1, there]]), LOOKED_AT)).toBe(there);
});

test.each([
  ["another's", [member(1, 4), member(2, 3)]],
  ["nobody's", [member(2, 3)]],
] as const)("their place is %s", (_, members) => {
  const now = new Map(members.map((one) => [one.leafIndex ?? -1, one]));
  expect(() => requireThere(now, LOOKED_AT)).toThrowError(
    expect.objectContaining({ code: Code.CONFLICT }),
  );
});
