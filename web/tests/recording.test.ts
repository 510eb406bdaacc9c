/** What is signed about a recording (P17): encoded, named and refused as in Python. */

import { describe, expect, test } from "vitest";
import { setOf } from "../core/byte_sets.ts";
import { fromHex, hex, utf8 } from "../core/bytes.ts";
import { CallId, ConsentKey } from "../core/ids.ts";
import { CONSENT_EXTENSION, consentExtension, consentOf } from "../core/recording_leaf.ts";
import { membersHash } from "../core/recording_rules.ts";
import {
  askDigest,
  callReference,
  type RecordingAsk,
  readStatement,
  type Statement,
  signStatement,
} from "../core/recording_statements.ts";
import { loadCore, outcome, plain, rows } from "./core_vectors.ts";
import { recordingEvent, recordingState } from "./machine_readers_recording.ts";
import { MismatchError } from "./vector_element.ts";

type Signed = readonly [fields: unknown, data: string, digest: string | null];
type Named = readonly [of: string, hash: string];
type Among = readonly [keys: readonly string[], hash: string];
type Leaf = readonly [data: string | null, outcome: string];
type Tried = readonly [data: string, outcome: string];
type Unsigned = readonly [changes: Partial<RecordingAsk>, outcome: string];

const VECTORS = loadCore("recording");
const PRIVATE = fromHex(VECTORS.text("private"));
const STATEMENTS = rows<Signed>(VECTORS, "statements");
const CALLS = rows<Named>(VECTORS, "calls");
const MEMBERS = rows<Among>(VECTORS, "members");
const LEAVES = rows<Leaf>(VECTORS, "leaves");
const REFUSED = rows<Tried>(VECTORS, "refused");
const UNSIGNED = rows<Unsigned>(VECTORS, "unsigned");

/** Return the first request of the vectors. */
async function request(): Promise<RecordingAsk> {
  for (const [, data] of STATEMENTS) {
    const statement = await readStatement(fromHex(data));
    if (statement.kind === "recording.ask") return statement;
  }
  throw new Error("no request");
}

describe("statements about a recording", () => {
  test("are read, and signed, byte for byte", async () => {
    const kinds = new Set<Statement["kind"]>();
    for (const [fields, data, digest] of STATEMENTS) {
      const statement = await readStatement(fromHex(data));
      expect(plain(statement)).toEqual(fields);
      expect(hex(await signStatement(statement, PRIVATE))).toBe(data);
      const isAsk = statement.kind === "recording.ask";
      expect(isAsk ? hex(askDigest(statement)) : null).toBe(digest);
      expect(`${statement}`).not.toContain("Minutes");
      kinds.add(statement.kind);
    }
    expect(kinds.size).toBe(6);
  });

  test("name calls and members", () => {
    for (const [call, reference] of CALLS) {
      expect(hex(callReference(new CallId(fromHex(call))))).toBe(reference);
    }
    for (const [keys, hash] of MEMBERS) {
      const those = keys.map((key) => new ConsentKey(fromHex(key)));
      expect(hex(membersHash(setOf(...those)))).toBe(hash);
      expect(hex(membersHash(setOf(...those.reverse())))).toBe(hash);
    }
  });

  test("are refused for the same reason", async () => {
    const seen = new Set<string>();
    for (const [data, expected] of REFUSED) {
      const found = await outcome(() => readStatement(fromHex(data)));
      expect(found, data).toBe(expected);
      seen.add(found);
    }
    expect(seen.has("ok")).toBe(false);
    expect([...seen].sort()).toEqual([
      "bad_signature",
      "malformed",
      "malformed CK-250",
      "malformed CK-271",
      "malformed CK-935",
      "too_large CK-935",
    ]);
  });

  test("every flipped bit is refused", async () => {
    const data = fromHex(STATEMENTS[0]?.[1] ?? "");
    expect(await outcome(() => readStatement(data))).toBe("ok");
    for (const at of data.keys()) {
      const changed = data.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte));
      expect(await outcome(() => readStatement(changed)), `byte ${at}`).not.toBe("ok");
    }
  });

  test("we sign nothing that others refuse", async () => {
    const ask = await request();
    const seen = new Set<string>();
    for (const [changes, expected] of UNSIGNED) {
      expect(await outcome(() => signStatement({ ...ask, ...changes }, PRIVATE))).toBe(expected);
      seen.add(expected);
    }
    expect(seen.has("ok"), "the control").toBe(true);
    expect(seen.size).toBeGreaterThanOrEqual(4);
    VECTORS.finish();
  });
});

test("sets and mappings of the machine's vectors are read strictly", () => {
  const [one, other] = ["0a".repeat(32), "0b".repeat(32)];
  const state = {
    kind: "inCall",
    own: one,
    members: [one, other],
    never: [],
    sets: [],
    asks: [],
    over: [],
    numbers: [[other, 5]],
    said: 1,
    counts: [],
    waits: [],
    named: [],
    holdUntil: null,
    held: false,
  };
  expect(recordingState(state)).toMatchObject({ kind: "inCall", said: 1 });
  const changes = [
    { members: [one, one] },
    { numbers: [[other]] },
    { numbers: [[other, 5, 5]] },
    {
      numbers: [
        [other, 5],
        [other, 6],
      ],
    },
    { held: 0 },
  ];
  for (const change of changes) {
    expect(() => recordingState({ ...state, ...change })).toThrow(MismatchError);
  }
  const wanted = { kind: "askWanted", ask: one, kinds: ["audio"] };
  expect(recordingEvent(wanted)).toMatchObject({ kinds: new Set(["audio"]) });
  for (const kinds of [["audio", "audio"], ["everything"], "audio"]) {
    expect(() => recordingEvent({ ...wanted, kinds })).toThrow(MismatchError);
  }
});

test("what a leaf says is read and refused as in Python, and written byte for byte", async () => {
  const seen = new Set<string>();
  for (const [data, expected] of LEAVES) {
    const own = data === null ? [] : [{ extensionType: CONSENT_EXTENSION, data: fromHex(data) }];
    const member = { extensions: [{ extensionType: 0xf0a1, data: utf8("another's") }, ...own] };
    const found = await outcome(async () => {
      expect(hex(consentExtension(consentOf(member)).data)).toBe(data);
    });
    expect(found, data ?? "none").toBe(expected);
    seen.add(found);
  }
  expect([...seen].sort()).toEqual(["bad_credential CK-937", "ok"]);
});
