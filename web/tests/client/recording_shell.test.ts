/** Consent to recordings on several devices of one call: what each does, in which order, and what not. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnConsents } from "../../client/consent_book.ts";
import { MyConsents } from "../../client/my_consents.ts";
import type { Answered, ConsentBook } from "../../client/recording_means.ts";
import { AGAIN_S } from "../../client/recording_shares.ts";
import { hex, utf8 } from "../../core/bytes.ts";
import { consentIn } from "../../core/consent_record.ts";
import type { RecordingSaid } from "../../core/content_recording.ts";
import { Code, UnavailableError, UsageError } from "../../core/errors.ts";
import { AccountId, CallId, Digest, Secret32 } from "../../core/ids.ts";
import { readConsent, State } from "../../core/recording_consent.ts";
import { readStatement, type Statement, signStatement } from "../../core/recording_statements.ts";
import { HOLD_S } from "../../core/recording_types.ts";
import { flipped } from "../core_vectors.ts";
import { NOW } from "./call_seam.ts";
import { MemoryStore } from "./memory_store.ts";
import { TERMS } from "./recording_fakes.ts";
import { kindsOf, lastOf, type Member, Party } from "./recording_party.ts";
import { VirtualClock } from "./virtual_clock.ts";

let clock: VirtualClock;
let party: Party;

beforeEach(() => {
  clock = new VirtualClock();
  clock.install();
  party = new Party(clock);
});
afterEach(() => {
  for (const member of party.members) member.close();
  vi.unstubAllGlobals();
});

/** Play a story to its end; nothing may have failed behind it. */
async function play(story: () => Promise<void>): Promise<void> {
  await clock.run(story());
  expect(party.failures).toEqual([]);
}

async function two(): Promise<readonly [Member, Member]> {
  return [await party.join("anna"), await party.join("ben")];
}

async function three(): Promise<readonly [Member, Member, Member]> {
  const [anna, ben] = await two();
  return [anna, ben, await party.join("carla")];
}

/** Somebody asks, and these agree to all of it. */
async function agreed(asker: Member, ...others: readonly Member[]): Promise<string> {
  const id = await asker.recording.ask(TERMS);
  await clock.wait(1);
  for (const other of others) await other.recording.agree(other.request, TERMS.kinds, false);
  await clock.wait(1);
  return id;
}

/** What the records of a book come to. */
async function statesIn(book: OwnConsents): Promise<State[]> {
  return await Promise.all(book.all().map(async (one) => (await consentIn(one)).state));
}

const BOTH = ["audio", "video"];
const conflict = expect.objectContaining({ code: Code.CONFLICT });
const noYes = expect.objectContaining({ code: Code.NO_YES });

describe("in a call of two", () => {
  it("is recorded once the other has said yes, and not before", () =>
    play(async () => {
      const [anna, ben] = await two();
      ben.diary.length = 0;
      const id = await anna.recording.ask(TERMS);
      await clock.wait(1);
      const { kinds, ...rest } = TERMS;
      expect(ben.recording.requests).toEqual([
        { id, by: "anna", kinds, ...rest, answer: null, agreed: [] },
      ]);
      expect(anna.recording.own).toEqual({
        ...{ id, kinds, recorded: [] },
        answers: [{ name: "ben", answer: null, kinds: [] }],
      });
      expect([anna.shown, ben.shown, anna.recorder.kinds.size]).toEqual([[], [], 0]);
      await ben.recording.agree(id, ["audio"], false);
      await clock.wait(1);
      expect(ben.recording.requests[0]).toMatchObject({ answer: "given", agreed: ["audio"] });
      expect(anna.recording.own?.answers).toEqual([
        { name: "ben", answer: "given", kinds: ["audio"] },
      ]);
      expect(anna.recording.recorded).toEqual([{ id, by: "anna", own: true, kinds: ["audio"] }]);
      expect(ben.recording.recorded).toEqual([{ id, by: "anna", own: false, kinds: ["audio"] }]);
      // The order is what the file's proof, and whoever is recorded, rest on.
      const [own, theirs] = [anna.diary.slice(0, 3), anna.diary.slice(3)];
      // His share comes whenever the server gives it.
      expect(theirs.filter((line) => line === "recorder: share")).toHaveLength(1);
      expect([...own, ...theirs.filter((line) => line !== "recorder: share")]).toEqual([
        "recorder: recording.ask",
        "recorder: share",
        "says recording.ask",
        "recorder: among 2",
        "recorder: recording.grant",
        "recorder: record audio",
        "recorder: recording.progress",
        "says recording.progress",
      ]);
      expect(ben.diary).toEqual(["says recording.grant"]);
      expect([...anna.recorder.shares.keys()].sort()).toEqual(
        [anna, ben].map((one) => hex(one.key)).sort(),
      );
    }));

  it("lays the share first, for as long as asked, and signs its hash", () =>
    play(async () => {
      const [anna, ben] = await two();
      await anna.recording.ask({ ...TERMS, days: 7 });
      await clock.wait(1);
      expect(party.shares.asked).toEqual(["lay"]);
      await ben.recording.agree(ben.request, ["video"], false);
      await clock.wait(1);
      expect(party.shares.asked).toEqual(["lay", "lay", "read"]);
      const [, laid] = [...party.shares.lying.values()];
      const grant = await lastOf(ben);
      if (laid === undefined || grant.kind !== "recording.grant") throw new Error("no yes");
      expect(grant.share).toEqual(Digest.sha256(laid.share));
      expect(laid.expires).toBe(Math.floor(1_800_000_000 / 86_400) + 8);
      const [said] = ben.said;
      expect([said?.slot, said?.read]).toEqual([laid.slot, laid.read]);
      expect(anna.recorder.shares.get(hex(ben.key))).toEqual(laid.share);
    }));

  it("a no ends it for both, and the call goes on; a share that sealed nothing goes", () =>
    play(async () => {
      const [anna, ben] = await two();
      const id = await anna.recording.ask(TERMS);
      await clock.wait(1);
      await ben.recording.refuse(ben.request);
      await clock.wait(1);
      expect(await kindsOf(ben)).toEqual(["refusal"]);
      expect(await kindsOf(anna)).toEqual(["ask", "end"]);
      expect(anna.recording.own).toBeNull();
      expect(anna.recording.ended).toEqual([{ id, own: true, reason: "refused", by: "ben" }]);
      expect(ben.recording.requests).toMatchObject([{ id, answer: "refused", agreed: [] }]);
      expect(party.shares.lying.size).toBe(0);
      // They may be asked anew, and then it counts.
      expect(anna.recording.mayNotAsk).toBeNull();
      await agreed(anna, ben);
      expect([anna.shown, ben.shown]).toEqual([BOTH, BOTH]);
    }));

  it("a yes taken back is said first, then its share goes, however often that takes", () =>
    play(async () => {
      const [anna, ben] = await two();
      const id = await agreed(anna, ben);
      const { asked, lying } = party.shares;
      expect(lying.size).toBe(2);
      asked.length = 0;
      party.shares.fails = 3;
      const saidBefore = ben.said.length;
      const spied = vi.spyOn(party.shares, "delete").mockImplementationOnce(async () => {
        expect(ben.said.length).toBe(saidBefore + 1);
        throw new UnavailableError(Code.UNAVAILABLE);
      });
      await ben.recording.withdraw(id);
      await clock.wait(1);
      expect(spied).toHaveBeenCalledTimes(1);
      expect([anna.shown, ben.shown, anna.recorder.kinds.size]).toEqual([[], [], 0]);
      expect(anna.recorder.told.slice(-4)).toEqual([
        "recording.withdrawal",
        "recording.end",
        "record nothing",
        "over",
      ]);
      expect(lying.size).toBe(2); // It could not be reached.
      await clock.wait(20 * AGAIN_S);
      expect(lying.size).toBe(1); // Hers stays: it sealed what was recorded.
      expect(asked.filter((one) => one === "delete").length).toBeGreaterThan(3);
      expect(ben.recording.ended).toMatchObject([{ id, reason: "withdrawn", by: null }]);
      await expect(ben.recording.withdraw(id)).rejects.toEqual(noYes);
    }));

  it("who asked ends it by one word", () =>
    play(async () => {
      const [anna, ben] = await two();
      await agreed(anna, ben);
      await anna.recording.stop();
      await clock.wait(1);
      expect([anna.shown, ben.shown]).toEqual([[], []]);
      expect(ben.recording.ended).toMatchObject([{ own: false, reason: "stopped", by: "anna" }]);
      await expect(anna.recording.stop()).rejects.toEqual(conflict);
      // What was agreed to can be taken back after that, too.
      await ben.recording.withdraw(ben.recording.ended[0]?.id ?? "");
      await clock.wait(1);
      expect(party.shares.lying.size).toBe(1);
    }));

  it("says nothing if no share can be laid, and tells the person", () =>
    play(async () => {
      const [anna, ben] = await two();
      party.shares.fails = 1;
      await expect(anna.recording.ask(TERMS)).rejects.toThrow(UnavailableError);
      expect(anna.recording.mayNotAsk).toBeNull();
      await anna.recording.ask(TERMS);
      await clock.wait(1);
      party.shares.fails = 1;
      await expect(ben.recording.agree(ben.request, BOTH_KINDS, false)).rejects.toThrow(
        UnavailableError,
      );
      await clock.wait(1);
      expect(await kindsOf(ben)).toEqual([]);
      expect(ben.recording.requests[0]?.answer).toBeNull();
      expect(anna.shown).toEqual([]);
      await ben.recording.agree(ben.request, BOTH_KINDS, false); // The control.
      await clock.wait(1);
      expect(anna.shown).toEqual(BOTH);
    }));

  it("deletes the share again if it was over meanwhile", () =>
    play(async () => {
      const [anna, ben] = await two();
      await anna.recording.ask(TERMS);
      await clock.wait(1);
      party.shares.until = clock.wait(5);
      const agreeing = ben.recording.agree(ben.request, BOTH_KINDS, false);
      const outcome = expect(agreeing).rejects.toEqual(conflict);
      await clock.wait(1);
      // One press counts once.
      await expect(ben.recording.agree(ben.request, BOTH_KINDS, false)).rejects.toEqual(conflict);
      await anna.recording.stop();
      await clock.wait(10);
      await outcome;
      expect(party.shares.lying.size).toBe(0);
      expect(await kindsOf(ben)).toEqual([]);
    }));

  it("nobody agrees to more than was asked for", () =>
    play(async () => {
      const [anna, ben] = await two();
      await anna.recording.ask(TERMS);
      await clock.wait(1);
      const { request } = ben;
      for (const [kinds, clear] of [
        [[], false],
        [["screen"], false],
        [["audio"], true],
      ] as const) {
        await expect(ben.recording.agree(request, kinds, clear)).rejects.toThrow(UsageError);
      }
      expect(party.shares.asked).toEqual(["lay"]);
      await expect(ben.recording.agree("00", ["audio"], false)).rejects.toEqual(conflict);
      await expect(ben.recording.withdraw(request)).rejects.toEqual(noYes);
    }));
});

const BOTH_KINDS = TERMS.kinds;

describe("what members say is dropped", () => {
  type Cast = Readonly<{ ben: Member; eve: Member; id: string }>;
  type Story = (cast: Cast) => Promise<RecordingSaid>;

  /** A yes in somebody's name, signed by whoever has this private half. */
  async function yes(id: string, from: Member, signer: Member, changes: Partial<Statement> = {}) {
    const state = from.shell.state;
    if (state?.kind !== "inCall") throw new Error("not in the call");
    const [members] = [...state.sets.values()].slice(-1);
    if (members === undefined) throw new Error("nobody is there");
    const known = from.shell.known.find((one) => hex(one.id) === id);
    if (known === undefined) throw new Error("not asked");
    const statement = {
      kind: "recording.grant",
      call: known.request.call,
      ...{ key: from.key, number: 9, at: 1, ask: known.id, kinds: known.request.kinds },
      ...{ members: members[0], clear: false, share: Digest.sha256(utf8("a share")) },
      ...changes,
    } as Statement;
    const signed = await signStatement(statement, signer.consent.privateKey);
    return { kind: "recording.said", statement: signed, slot: null, read: null } as const;
  }

  const stories: readonly (readonly [string, Story, Code])[] = [
    ["signed by another", ({ ben, eve, id }) => yes(id, ben, eve), Code.BAD_SIGNATURE],
    [
      "of another member (CK-981)",
      ({ ben, eve, id }) => yes(id, ben, eve, { key: eve.key }),
      Code.UNEXPECTED,
    ],
    [
      "of another call (CK-981)",
      ({ ben, id }) => yes(id, ben, ben, { call: Digest.sha256(utf8("another")) }),
      Code.UNEXPECTED,
    ],
    [
      "damaged",
      async ({ ben, id }) => {
        const said = await yes(id, ben, ben);
        return { ...said, statement: flipped(said.statement, 40) };
      },
      Code.BAD_SIGNATURE,
    ],
    [
      "no statement",
      async ({ ben, id }) => ({ ...(await yes(id, ben, ben)), statement: utf8("yes") }),
      Code.MALFORMED,
    ],
    [
      "to an export that nobody asked for (CK-931)",
      ({ ben, id }) => yes(id, ben, ben, { clear: true } as Partial<Statement>),
      Code.UNEXPECTED,
    ],
    [
      "to kinds that nobody asked for (CK-931)",
      ({ ben, id }) => yes(id, ben, ben, { kinds: new Set(["screen"]) } as Partial<Statement>),
      Code.UNEXPECTED,
    ],
  ];

  it.each(stories)("if it is %s", (_, story, code) =>
    play(async () => {
      const [anna, ben] = await two();
      const eve = await new Party(clock).join("eve");
      const id = await anna.recording.ask(TERMS);
      await clock.wait(1);
      await anna.shell.hear(ben.key, await story({ ben, eve, id }));
      expect([...anna.shell.dropped.keys()]).toEqual([code]);
      expect(anna.shown).toEqual([]);
      expect(anna.recorder.told).toEqual(["recording.ask", "share"]);
      // The control: his own word counts.
      await anna.shell.hear(ben.key, await yes(id, ben, ben));
      expect(anna.shown).toEqual(BOTH);
    }),
  );

  it("if it was said before, and nothing changes by that", () =>
    play(async () => {
      const [anna, ben] = await two();
      const id = await agreed(anna, ben);
      const [grant] = ben.said;
      if (grant === undefined) throw new Error("he said nothing");
      await ben.recording.withdraw(id);
      await clock.wait(1);
      expect(anna.shown).toEqual([]);
      await anna.shell.hear(ben.key, grant);
      expect([...anna.shell.dropped]).toEqual([[Code.REPLAYED, 1]]);
      // Nor is the old request one any more, said again by a server.
      const [ask] = anna.said;
      if (ask === undefined) throw new Error("she asked nothing");
      await ben.shell.hear(anna.key, ask);
      expect([...ben.shell.dropped]).toEqual([[Code.REPLAYED, 1]]);
      expect([anna.shown, ben.shown]).toEqual([[], []]);
    }));

  it("and so is a yes of another call with the same people", () =>
    play(async () => {
      const [anna, ben] = await two();
      const other = new Party(clock);
      const call = new CallId(utf8("another of those"));
      const [annaThere, benThere] = [
        await other.join("anna", { call }),
        await other.join("ben", { call }),
      ];
      await agreed(annaThere, benThere);
      const [grant] = benThere.said;
      if (grant === undefined) throw new Error("he said nothing");
      await anna.recording.ask(TERMS);
      await clock.wait(1);
      await anna.shell.hear(ben.key, grant);
      expect([...anna.shell.dropped.keys()]).toEqual([Code.UNEXPECTED]);
      expect(anna.shown).toEqual([]);
    }));

  it("CK-982: another share than the one of the yes is not taken", () =>
    play(async () => {
      const [anna, ben] = await two();
      party.shares.forged = new Secret32(new Uint8Array(32).fill(1));
      await agreed(anna, ben);
      expect(anna.recorder.shares.has(hex(ben.key))).toBe(false);
      expect([...anna.shell.dropped.keys()]).toEqual([Code.MALFORMED]);
      expect(anna.recorder.shares.has(hex(anna.key))).toBe(true); // The control: her own.
    }));

  it("a share that cannot be had yet is asked for again", () =>
    play(async () => {
      const [anna, ben] = await two();
      await anna.recording.ask(TERMS);
      await clock.wait(1);
      await ben.recording.agree(ben.request, BOTH_KINDS, false);
      party.shares.fails = 2;
      await clock.wait(20 * AGAIN_S);
      expect(anna.recorder.shares.has(hex(ben.key))).toBe(true);
      expect(anna.shell.dropped.size).toBe(0);
    }));
});

describe("whoever comes", () => {
  it("is held until all have said what is asked", () =>
    play(async () => {
      const [anna, ben] = await two();
      expect(ben.diary).toEqual(["hold", "release"]);
      expect(anna.diary).toEqual([]); // Whoever begins it waits for nobody.
      const carla = await party.join("carla");
      expect(carla.diary).toEqual(["hold", "release"]);
      expect(carla.recording.held).toBe(false);
    }));

  it("neither hears nor is heard until they have answered, and nothing is recorded meanwhile", () =>
    play(async () => {
      const [anna, ben] = await two();
      const id = await agreed(anna, ben);
      anna.recorder.told.length = 0;
      const carla = await party.join("carla");
      expect(anna.recorder.told).toEqual(["record nothing", "recording.progress"]);
      expect([anna.shown, ben.shown]).toEqual([[], []]);
      await clock.wait(60);
      expect([carla.held, carla.recording.held, carla.recording.mayNotAsk]).toEqual([
        true,
        true,
        "held",
      ]);
      expect(carla.recording.requests).toMatchObject([{ id, by: "anna", answer: null }]);
      // Ben is asked anew: he said yes among two.
      expect(ben.recording.requests).toMatchObject([{ id, answer: null }]);
      await carla.recording.agree(id, ["audio"], false);
      await clock.wait(1);
      expect([carla.held, anna.shown]).toEqual([false, []]);
      const laid = party.shares.asked.filter((one) => one === "lay").length;
      await ben.recording.agree(id, BOTH_KINDS, false);
      await clock.wait(1);
      expect([anna.shown, ben.shown, carla.shown]).toEqual([["audio"], ["audio"], ["audio"]]);
      // His share is that of before: it is the same recording.
      expect(party.shares.asked.filter((one) => one === "lay").length).toBe(laid);
      expect(anna.recorder.told.filter((one) => one.startsWith("among"))).toEqual(["among 3"]);
    }));

  it("may say no, which ends it for all, and is heard", () =>
    play(async () => {
      const [anna, ben] = await two();
      await agreed(anna, ben);
      const carla = await party.join("carla");
      await carla.recording.refuse(carla.request);
      await clock.wait(1);
      expect([carla.held, anna.shown, ben.shown]).toEqual([false, [], []]);
      expect(ben.recording.ended).toMatchObject([{ reason: "refused", by: "carla" }]);
    }));

  it("waits five seconds for a member that hangs, and no longer", () =>
    play(async () => {
      const anna = await party.join("anna");
      vi.spyOn(anna.shell, "asks", "get").mockReturnValue([Digest.sha256(utf8("never comes"))]);
      const ben = await party.join("ben");
      expect(ben.held).toBe(true);
      await clock.wait(HOLD_S - 2);
      expect(ben.held).toBe(true);
      await clock.wait(2);
      expect(ben.held).toBe(false);
    }));

  it("and is never to be recorded ends what is asked; while they are there nobody can ask", () =>
    play(async () => {
      const [anna, ben] = await two();
      await agreed(anna, ben);
      const carla = await party.join("carla", { never: true });
      expect([anna.shown, ben.shown, anna.recorder.kinds.size]).toEqual([[], [], 0]);
      expect([anna.recording.mayNotAsk, anna.recording.neverNames]).toEqual(["never", ["carla"]]);
      await expect(anna.recording.ask(TERMS)).rejects.toEqual(conflict);
      expect(carla.held).toBe(false);
      await party.leave(carla);
      expect([anna.recording.mayNotAsk, anna.recording.neverNames]).toEqual([null, []]);
    }));
});

describe("of three", () => {
  it("all have to agree, and only what all agree to is recorded", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      const id = await agreed(anna, ben);
      expect([anna.shown, ben.shown, carla.shown]).toEqual([[], [], []]);
      await carla.recording.agree(id, ["video"], false);
      await clock.wait(1);
      for (const one of [anna, ben, carla]) expect(one.shown).toEqual(["video"]);
      // A yes stands while people only leave.
      await party.leave(carla);
      await clock.wait(1);
      expect([anna.shown, ben.shown]).toEqual([BOTH, BOTH]);
    }));

  it("who asked and leaves records no more", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      await agreed(anna, ben, carla);
      await party.leave(anna);
      expect(anna.recorder.kinds.size).toBe(0);
      // The file has its end signed before it is closed; the others see that she is gone.
      expect(anna.recorder.told.slice(-3)).toEqual(["recording.end", "record nothing", "over"]);
      expect(await kindsOf(anna)).toEqual(["ask", "progress"]);
      const { statement, signed } = anna.recorder.statements.at(-1) ?? {};
      expect(await readStatement(signed ?? new Uint8Array())).toEqual(statement);
      expect([ben.shown, carla.shown]).toEqual([[], []]);
      expect(ben.recording.ended).toMatchObject([{ reason: "gone" }]);
    }));

  it("what was missed is said again, of what is over its end alone", () =>
    play(async () => {
      const [anna, ben, carla] = await three();
      party.loses = (_, to) => to === carla;
      const id = await agreed(anna, ben);
      expect(carla.recording.requests).toEqual([]);
      party.loses = () => false;
      for (const said of anna.shell.recent) party.deliver(anna, said);
      await clock.wait(1);
      expect(carla.recording.requests).toMatchObject([{ id, answer: null }]);
      await carla.recording.refuse(id);
      await clock.wait(1);
      const kinds = await Promise.all(
        anna.shell.recent.map(async ({ statement }) => (await readStatement(statement)).kind),
      );
      expect(kinds).toEqual(["recording.end"]);
      const dropped = [...ben.shell.dropped.values()];
      for (const said of anna.shell.recent) party.deliver(anna, said);
      await clock.wait(1);
      expect([...ben.shell.dropped.values()]).not.toEqual(dropped); // Said twice, it counts once.
      expect(ben.recording.ended).toHaveLength(1);
    }));
});

describe("nobody can ask", () => {
  it("alone, twice at a time, or more than three times in a call", () =>
    play(async () => {
      const anna = await party.join("anna");
      expect(anna.recording.mayNotAsk).toBe("alone");
      await expect(anna.recording.ask(TERMS)).rejects.toEqual(conflict);
      const ben = await party.join("ben");
      for (let times = 0; times < 3; times++) {
        expect(anna.recording.mayNotAsk).toBeNull();
        const asking = anna.recording.ask(TERMS);
        expect(anna.recording.mayNotAsk).toBe("asked");
        await expect(anna.recording.ask(TERMS)).rejects.toEqual(conflict);
        await asking;
        expect(anna.recording.mayNotAsk).toBe("asked");
        await clock.wait(1);
        await ben.recording.refuse(ben.request);
        await clock.wait(1);
      }
      expect(anna.recording.mayNotAsk).toBe("too_often");
      await expect(anna.recording.ask(TERMS)).rejects.toEqual(conflict);
    }));

  it("without what records, or a place for shares; others can, and are answered", () =>
    play(async () => {
      const anna = await party.join("anna", { records: false });
      const ben = await party.join("ben");
      expect([anna.recording.mayNotAsk, ben.recording.mayNotAsk]).toEqual(["unable", null]);
      await agreed(ben, anna);
      expect([anna.shown, ben.shown]).toEqual([BOTH, BOTH]);
    }));

  it("in a confidential call, and whoever asks all the same is refused without asking", () =>
    play(async () => {
      const anna = await party.join("anna");
      const ben = await party.join("ben", { confidential: true });
      expect(ben.recording.mayNotAsk).toBe("confidential");
      await expect(ben.recording.ask(TERMS)).rejects.toEqual(conflict);
      await anna.recording.ask(TERMS);
      await clock.wait(1);
      expect(await kindsOf(ben)).toEqual(["refusal"]);
      expect(ben.recording.requests).toMatchObject([{ answer: "refused" }]);
      expect(anna.recording.own).toBeNull();
    }));

  it("for what nobody can record", () =>
    play(async () => {
      const [anna] = await two();
      for (const terms of [
        { ...TERMS, kinds: [] },
        { ...TERMS, days: 31 },
        { ...TERMS, purpose: "" },
        { ...TERMS, named: "somebody else" },
      ]) {
        await expect(anna.recording.ask(terms)).rejects.toThrow(UsageError);
      }
      expect([party.shares.asked, anna.recording.mayNotAsk]).toEqual([[], null]);
    }));
});

describe("a book of consents", () => {
  it("has a share before the server does, every answer, and what is to be deleted until it is", () =>
    play(async () => {
      const written: string[] = [];
      const answered: Answered[] = [];
      const book: ConsentBook = {
        laying: async () => void written.push(`laying, ${party.shares.lying.size} there`),
        answered: async (answer) => {
          answered.push(answer);
          written.push("answered");
        },
        takeBack: async () => [],
        leaving: async () => void written.push("leaving"),
        gone: async () => void written.push(`gone, ${party.shares.lying.size} there`),
      };
      const anna = await party.join("anna");
      const ben = await party.join("ben", { book });
      const id = await agreed(anna, ben);
      await ben.recording.withdraw(id);
      await clock.wait(1);
      expect(written).toEqual([
        "laying, 1 there",
        "answered",
        "answered",
        "leaving",
        "gone, 1 there",
      ]);
      // What it has is a record that can be shown (`core/recording_consent.ts`).
      const [first, last] = answered;
      if (first === undefined || last === undefined) throw new Error("nothing was kept");
      const consent = await readConsent([first.request, first.answer, last.answer], ben.key);
      expect([consent.state, consent.ask.purpose]).toEqual(["withdrawn", TERMS.purpose]);
      expect(first.slot).toEqual(ben.said[0]?.slot);
    }));

  it("has a yes taken back whose request is over, signed, and who recorded to be told", () =>
    play(async () => {
      const book = new OwnConsents(new MemoryStore(), () => NOW);
      const where = { contact: new AccountId(utf8("an account of us")), group: null };
      const anna = await party.join("anna");
      const ben = await party.join("ben", { book, where });
      const id = await agreed(anna, ben);
      await anna.recording.stop();
      await clock.wait(1);
      expect(await statesIn(book)).toEqual([State.GIVEN]);
      const said = ben.said.length;
      await ben.recording.withdraw(id);
      expect(await statesIn(book)).toEqual([State.WITHDRAWN]);
      await clock.wait(1);
      expect(ben.said.length).toBe(said);
      expect(party.shares.lying.size).toBe(1); // Hers.
      const [record] = book.all();
      expect(record?.share).toBeNull();
      expect(book.untold()).toMatchObject([{ which: { key: ben.key } }]);
      expect(record?.signed.at(-1)).toEqual(book.untold()[0]?.statement);
      await expect(ben.recording.withdraw(id)).rejects.toEqual(noYes);
    }));

  it("that cannot be written keeps no share there", () =>
    play(async () => {
      const book = new OwnConsents(new MemoryStore(), () => NOW);
      const anna = await party.join("anna");
      const ben = await party.join("ben", { book });
      const id = await agreed(anna, ben);
      await anna.recording.stop();
      await clock.wait(1);
      vi.spyOn(book, "takeBack").mockRejectedValueOnce(new UnavailableError(Code.UNAVAILABLE));
      await expect(ben.recording.withdraw(id)).rejects.toThrow(UnavailableError);
      await clock.wait(1);
      expect(party.shares.lying.size).toBe(1);
    }));

  it("has a yes whose share went by itself, which is taken back like any other", () =>
    play(async () => {
      const book = new OwnConsents(new MemoryStore(), () => NOW);
      const where = { contact: new AccountId(utf8("an account of us")), group: null };
      const anna = await party.join("anna");
      const ben = await party.join("ben", { book, where });
      const carla = await party.join("carla");
      const id = await agreed(anna, ben);
      await carla.recording.refuse(id);
      await clock.wait(1);
      expect(party.shares.lying.size).toBe(0); // Nothing was ever recorded.
      const [record] = book.all();
      if (record === undefined) throw new Error("nothing was kept");
      expect([record.share, await statesIn(book)]).toEqual([null, [State.GIVEN]]);
      expect(await new MyConsents(book, party.shares, () => NOW).withdraw(record.ask)).toBe(true);
      expect(await statesIn(book)).toEqual([State.WITHDRAWN]);
      expect(book.untold()).toHaveLength(1);
    }));
});

describe("what a page sees", () => {
  it("is the same until something changes, and it is told of that", () =>
    play(async () => {
      const [anna, ben] = await two();
      const before = ben.recording.requests;
      expect(ben.recording.requests).toBe(before);
      const told = ben.told;
      await anna.recording.ask(TERMS);
      await clock.wait(1);
      expect(ben.told).toBeGreaterThan(told);
      expect(ben.recording.requests).not.toBe(before);
    }));

  it("is nothing once we are out of it", () =>
    play(async () => {
      const [anna, ben] = await two();
      const id = await agreed(anna, ben);
      await anna.shell.ended();
      expect([anna.shown, anna.recorder.kinds.size]).toEqual([[], 0]);
      anna.recording.unbind();
      expect(anna.recording.requests).toEqual([]);
      expect([anna.recording.own, anna.recording.mayNotAsk]).toEqual([null, "unable"]);
      await expect(anna.recording.withdraw(id)).rejects.toEqual(conflict);
    }));
});
