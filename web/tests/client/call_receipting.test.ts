/** Signed receipts of a call on several devices: who is asked, what all must sign, and what is dropped. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallReceiptBook, type KeptReceipt } from "../../client/call_receipt_book.ts";
import { CallReceipts } from "../../client/call_receipt_objects.ts";
import { CallReceipting } from "../../client/call_receipting.ts";
import type { OwnConsent } from "../../client/consent_key.ts";
import { setOf } from "../../core/byte_sets.ts";
import { hex, utf8 } from "../../core/bytes.ts";
import {
  ASK_S,
  encodeField,
  MAX_ASKS,
  makeTerms,
  signTerms,
  verifyBinding,
} from "../../core/call_receipt.ts";
import { verifyFile } from "../../core/call_receipt_file.ts";
import { decodeInGroupCall, encodeInGroupCall } from "../../core/content.ts";
import type { AboutReceipt, ReceiptAsk } from "../../core/content_receipt.ts";
import { Code } from "../../core/errors.ts";
import { CallId, Digest, SignatureKey } from "../../core/ids.ts";
import { NOW, rng } from "./call_seam.ts";
import { newConsent } from "./consents.ts";
import { MemoryStore } from "./memory_store.ts";
import { VirtualClock } from "./virtual_clock.ts";

const CALL = new CallId(utf8("a call to sign16"));
const conflict = expect.objectContaining({ code: Code.CONFLICT });

const DEVICE = new SignatureKey(new Uint8Array(32).fill(7));

let clock: VirtualClock;
let there: Member[];
let unix: number;
/** Whether nothing arrives. */
let isDeaf: boolean;

class Member {
  readonly name: string;
  readonly consent: OwnConsent;
  readonly book = new CallReceiptBook(new MemoryStore(), () => DEVICE);
  readonly said: AboutReceipt[] = [];
  readonly receipts: CallReceipts;
  readonly receipting: CallReceipting;
  confidential = false;
  /** Seconds by which their clock is wrong. */
  skew = 0;

  constructor(name: string, consent: OwnConsent, call = CALL) {
    this.name = name;
    this.consent = consent;
    const named = (key: Uint8Array) =>
      there.find((one) => hex(one.consent.key) === hex(key))?.name ?? "?";
    this.receipts = new CallReceipts(named);
    this.receipting = new CallReceipting({
      ...{ call, own: consent, book: this.book, rng, name: named },
      unix: () => unix + this.skew,
      say: async (said) => {
        this.said.push(said);
        for (const one of there) if (one !== this && !isDeaf) pass(this, one, said);
      },
      media: () => "video",
      confidential: () => this.confidential,
      title: () => "the choir",
      changed: () => this.receipts.changed(),
    });
    this.receipts.bind(this.receipting);
  }

  /** What is asked of us. */
  get id(): string {
    const { asked } = this.receipts;
    if (asked === null) throw new Error("nothing is asked");
    return asked.id;
  }

  get kept(): readonly KeptReceipt[] {
    return this.book.all();
  }

  get ends(): readonly string[] {
    return this.receipts.ended.map(({ why }) => why);
  }
}

/** As it travels in the call's group. */
function pass(from: Member, to: Member, said: AboutReceipt): void {
  const travelled = decodeInGroupCall(encodeInGroupCall(said)) as AboutReceipt;
  clock.later(0.02, () => void to.receipting.hear(from.consent.key, travelled));
}

async function join(name: string, call = CALL): Promise<Member> {
  const member = new Member(name, await newConsent(), call);
  there = [...there, member];
  follow();
  return member;
}

function follow(): void {
  for (const one of there) one.receipting.follow(setOf(...there.map(({ consent }) => consent.key)));
}

async function three(): Promise<readonly [Member, Member, Member]> {
  return [await join("anna"), await join("ben"), await join("carla")];
}

beforeEach(() => {
  clock = new VirtualClock();
  clock.install();
  [there, unix, isDeaf] = [[], NOW, false];
});
afterEach(() => vi.unstubAllGlobals());

const play = (story: () => Promise<void>) => clock.run(story());

/** An ask as somebody else might send it. */
async function forged(
  by: Member,
  change: { at?: number; since?: number; members?: Member[] } = {},
) {
  const { at = unix, since = unix, members = there } = change;
  // Field by field: ours would not be made to say what others refuse.
  const opened = [
    encodeField("at", rng(16), at),
    encodeField("media", rng(16), "voice"),
    encodeField("since", rng(16), since),
  ];
  const terms = makeTerms(CALL, setOf(...members.map(({ consent }) => consent.key)), opened);
  const signature = await signTerms(terms, by.consent.privateKey);
  const said: ReceiptAsk = {
    kind: "receipt.ask",
    terms,
    fields: opened,
    signature,
  };
  return said;
}

describe("all sign", () => {
  it("and each of them holds it, with what verifies without us", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      unix += 60;
      const id = await anna.receipts.ask();
      await clock.wait(1);
      expect(ben.receipts.asked).toEqual({
        ...{ id, by: "anna", own: false, at: NOW + 60, since: NOW, media: "video" },
        ...{ haveSigned: false, signed: ["anna"], missing: ["carla"] },
      });
      expect(anna.receipts.asked).toMatchObject({ own: true, haveSigned: true, signed: [] });
      await ben.receipts.sign(ben.id);
      await clock.wait(1);
      expect([anna.kept, ben.kept, carla.kept]).toEqual([[], [], []]);
      await carla.receipts.sign(id);
      await clock.wait(1);
      for (const one of there) {
        expect([one.ends, one.receipts.asked]).toEqual([["complete"], null]);
        expect(one.kept).toMatchObject([{ title: "the choir" }]);
        expect(one.kept[0]?.names.toSorted()).toEqual(
          ["", ...there.filter((each) => each !== one).map(({ name }) => name)].toSorted(),
        );
        const file = await verifyFile(await one.receipts.file(id, ["media"]));
        expect(file.disclosed).toEqual(new Map([["media", "video"]]));
        expect(file.terms.members.size).toBe(3);
      }
    }));

  it("with what shows whose key it was, beyond the call's end", () =>
    play(async () => {
      const [anna, ben] = [await join("anna"), await join("ben")];
      await anna.receipts.ask();
      await clock.wait(1);
      await ben.receipts.sign(ben.id);
      await clock.wait(1);
      await anna.receipting.ended();
      anna.consent.wipe();
      const { bound, own, receipt } = anna.kept[0] as KeptReceipt;
      await verifyBinding(receipt.terms, own, DEVICE, bound?.binding ?? new Uint8Array(64));
      expect(anna.receipts.mayNotAsk).toBe("unable");
    }));

  it("or nobody keeps anything: one no ends it for all", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      await anna.receipts.ask();
      await clock.wait(1);
      await ben.receipts.sign(ben.id);
      await clock.wait(1);
      await carla.receipts.refuse(carla.id);
      await clock.wait(1);
      for (const one of there) expect([one.ends, one.kept]).toEqual([["refused"], []]);
      expect(anna.receipts.ended).toMatchObject([{ own: true, by: "carla" }]);
      await expect(ben.receipting.sign(new Digest(new Uint8Array(32)))).rejects.toEqual(conflict);
    }));

  it("silence is no", () =>
    play(async () => {
      const [anna, ben] = [await join("anna"), await join("ben")];
      const id = await anna.receipting.ask();
      await clock.wait(ASK_S + 1);
      for (const one of there) expect([one.ends, one.kept]).toEqual([["late"], []]);
      await expect(ben.receipting.sign(id)).rejects.toEqual(conflict);
    }));

  it("who comes or leaves ends it", () =>
    play(async () => {
      const [anna, ben] = [await join("anna"), await join("ben")];
      await anna.receipts.ask();
      await clock.wait(1);
      await join("carla");
      expect([anna.ends, ben.ends]).toEqual([["changed"], ["changed"]]);
      await ben.receipts.ask();
      await clock.wait(1);
      there = [anna, ben];
      follow();
      expect(anna.ends).toEqual(["changed", "changed"]);
      expect(anna.kept).toEqual([]);
    }));
});

describe("what may be asked", () => {
  it("one at a time, and three times by one", () =>
    play(async () => {
      const [anna, ben] = [await join("anna"), await join("ben")];
      for (let times = 0; times < MAX_ASKS; times++) {
        await anna.receipts.ask();
        await clock.wait(1);
        expect([anna.receipts.mayNotAsk, ben.receipts.mayNotAsk]).toEqual(["asked", "asked"]);
        await ben.receipts.refuse(ben.id);
        await clock.wait(1);
      }
      expect([anna.receipts.mayNotAsk, ben.receipts.mayNotAsk]).toEqual(["too_often", null]);
      await expect(anna.receipts.ask()).rejects.toEqual(conflict);
      // CK-1005, by who does not keep to it.
      await ben.receipting.hear(anna.consent.key, await forged(anna));
      expect(ben.receipts.asked).toBeNull();
    }));

  it("not alone, and in no confidential call, whoever asks", () =>
    play(async () => {
      const anna = await join("anna");
      expect(anna.receipts.mayNotAsk).toBe("alone");
      const ben = await join("ben");
      ben.confidential = true;
      ben.receipts.changed();
      expect(ben.receipts.mayNotAsk).toBe("confidential");
      await anna.receipts.ask();
      await clock.wait(1);
      expect([ben.receipts.asked, ben.receipting.dropped.get(Code.UNEXPECTED)]).toEqual([null, 1]);
    }));

  it("of two that are asked at once, all keep to one", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      const ids = await Promise.all([anna.receipts.ask(), ben.receipts.ask()]);
      await clock.wait(1);
      const first = ids.toSorted()[0];
      expect([anna.id, ben.id, carla.id]).toEqual([first, first, first]);
    }));
});

describe("what is dropped", () => {
  it.each([
    ["CK-1003 another time", { at: NOW + ASK_S + 1 }],
    ["CK-1003 together since before", { since: NOW - ASK_S - 1 }],
    ["CK-1003 since later than it was asked", { at: NOW - 2, since: NOW - 1 }],
  ])("%s", (_, change) =>
    play(async () => {
      const [anna, ben] = [await join("anna"), await join("ben")];
      await ben.receipting.hear(anna.consent.key, await forged(anna, change));
      expect(ben.receipts.asked).toBeNull();
      await ben.receipting.hear(anna.consent.key, await forged(anna));
      expect(ben.receipts.asked).not.toBeNull();
    }),
  );

  it("CK-1001 others than those who are here, or another call", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      await carla.receipting.hear(anna.consent.key, await forged(anna, { members: [anna, carla] }));
      expect(carla.receipts.asked).toBeNull();
      const far = await join("far", new CallId(utf8("another call, 16")));
      await far.receipting.hear(anna.consent.key, await forged(anna));
      expect(far.receipts.asked).toBeNull();
      await ben.receipting.hear(anna.consent.key, await forged(anna));
      expect(ben.receipts.asked).not.toBeNull();
    }));

  it("CK-1004 a signature by somebody else, or over something else", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      isDeaf = true;
      const of = await anna.receipting.ask();
      const [ask] = anna.said as [ReceiptAsk];
      await ben.receipting.hear(carla.consent.key, ask); // She says hers is Anna's.
      expect([ben.receipts.asked, ben.receipting.dropped.get(Code.BAD_SIGNATURE)]).toEqual([
        null,
        1,
      ]);
      await ben.receipting.hear(anna.consent.key, ask);
      const theirs = await signTerms(ask.terms, ben.consent.privateKey);
      const said = { kind: "receipt.signed", of, signature: theirs } as const;
      await ben.receipting.hear(carla.consent.key, said);
      expect(ben.receipting.dropped.get(Code.BAD_SIGNATURE)).toBe(2);
      expect(ben.receipts.asked?.missing).toEqual(["carla"]);
      await ben.receipting.hear(carla.consent.key, { ...said, of: new Digest(new Uint8Array(32)) });
      expect(ben.receipts.asked?.missing).toEqual(["carla"]);
    }));

  it("CK-1005 what was asked before, said again", () =>
    play(async () => {
      const [anna, ben] = [await join("anna"), await join("ben")];
      await anna.receipts.ask();
      await clock.wait(1);
      await ben.receipts.refuse(ben.id);
      await clock.wait(1);
      await ben.receipting.hear(anna.consent.key, anna.said[0] as ReceiptAsk);
      expect(ben.receipts.asked).toBeNull();
      expect(ben.receipting.dropped.get(Code.REPLAYED)).toBe(1);
    }));
});
