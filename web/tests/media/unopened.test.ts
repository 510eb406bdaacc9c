/** Members of whom nothing opens (twin: `tests/sdk/test_group_call_unopened.py`). */

import { expect, test } from "vitest";
import { MANY, Unopened } from "../../media/unopened.ts";

test("many frames in a row name a member, and one that opens clears it", () => {
  const book = new Unopened();
  for (let at = 1; at < MANY; at += 1) book.refused(3, "audio");
  expect([...book.leaves()]).toEqual([]);
  book.refused(3, "audio");
  book.refused(5, "audio");
  expect([...book.leaves()]).toEqual([3]);
  book.opened(3, "video"); // sound still does not open
  expect([...book.leaves()]).toEqual([3]);
  book.opened(3, "audio");
  expect([...book.leaves()]).toEqual([]);
});

test("losses now and then name nobody, and whoever is gone is forgotten", () => {
  const book = new Unopened();
  for (let at = 0; at < 3 * MANY; at += 1) {
    book.refused(3, "video");
    if (at % 50 === 0) book.opened(3, "video");
  }
  expect([...book.leaves()]).toEqual([]);
  for (let at = 0; at < MANY; at += 1) for (const leaf of [3, 4]) book.refused(leaf, "video");
  expect([...book.leaves()].sort()).toEqual([3, 4]);
  book.gone(3);
  expect([...book.leaves()]).toEqual([4]);
  book.refused(3, "video"); // another one at its place begins from nought
  expect([...book.leaves()]).toEqual([4]);
  book.members(new Set([3, 4]));
  expect([...book.leaves()]).toEqual([4]);
  book.members(new Set([3]));
  expect([...book.leaves()]).toEqual([]);
});
