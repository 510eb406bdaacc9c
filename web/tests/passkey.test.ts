/** The account root under a passkey: what Python wrapped opens here, and the other way round. */

import { expect, test } from "vitest";
import { fromHex, hex } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import { AccountId } from "../core/ids.ts";
import { openRoot, PRF_SALT, ROOT_WRAP_BYTES, wrapRoot } from "../core/passkey.ts";
import { loadCore, outcome, rows } from "./core_vectors.ts";

const vectors = loadCore("passkey");
const account = new AccountId(vectors.data("account"));

test("as in Python: the same salt and bytes, and they open", async () => {
  expect(hex(PRF_SALT)).toBe(vectors.text("salt"));
  for (const e of vectors.children("wrapped")) {
    const [prf, root, nonce] = [e.data("prf"), e.data("root"), e.data("nonce")];
    const opened = { root, handle: e.text("handle") };
    const wrapped = await wrapRoot(prf, account, opened, () => nonce);
    expect(hex(wrapped)).toBe(e.text("wrapped"));
    expect(wrapped.length).toBe(ROOT_WRAP_BYTES);
    expect(await openRoot(prf, account, wrapped)).toEqual(opened);
  }
  const [prf, root] = [new Uint8Array(32), new Uint8Array(32)];
  const rng = (size: number) => new Uint8Array(size);
  const wrong = wrapRoot(prf, account, { root, handle: "anna" }, rng);
  await expect(wrong).rejects.toBeInstanceOf(UsageError);
  expect(await outcome(() => wrong)).toBe(vectors.text("refused_handle"));
  const short = wrapRoot(prf.subarray(1), account, { root, handle: "anna.48213" }, rng);
  await expect(short).rejects.toBeInstanceOf(UsageError);
});

test("CK-446, CK-257: another key, another account, damage and what is not whole", async () => {
  type Row = readonly [prf: string, account: string, wrapped: string, outcome: string];
  for (const [prf, whose, wrapped, expected] of rows<Row>(vectors, "opened")) {
    const attempt = () => openRoot(fromHex(prf), new AccountId(fromHex(whose)), fromHex(wrapped));
    expect(await outcome(attempt)).toBe(expected);
  }
  vectors.finish();
});
