/**
 * What a recording proves, from the file and public keys alone (R-51; twin of
 * `core/recording_proof.py`).
 *
 * That is who agreed to what, among whom, who took it back, and whether the file was altered.
 *
 * Whoever recorded signs the file (`vvrec.ts`), each member what they said
 * (`recording_statements.ts`). So nobody can put a yes into it that was not said, take one out, or
 * change a part, without this seeing it. It cannot see what a changed client recorded elsewhere. The
 * story is told as of the last mark; only a no, or a yes that was taken back, counts wherever it
 * stands, for its owner alone can sign that. Keys are made for one call: it names nobody.
 *
 *     prove(source) -> Proof: problems, members, how much was recorded of each
 *
 * Pure: the file is an argument, read in one pass, one chunk at a time. Not for: playing it.
 */

import { has, isWithin, setOf, without } from "./byte_sets.ts";
import { type Bytes, equal, hex } from "./bytes.ts";
import { Code, PeerError } from "./errors.ts";
import type { ConsentKey, Digest } from "./ids.ts";
import { isPart, membersHash, NOTHING } from "./recording_rules.ts";
import {
  askDigest,
  endsAt,
  type RecordingAsk,
  type RecordingGrant,
  type RecordingProgress,
  readStatement,
  type Statement,
} from "./recording_statements.ts";
import type { Kinds, Members } from "./recording_types.ts";
import { type Chunk, type Mark, type Part, read, type Source, verifyMark } from "./vvrec.ts";

/** One member, known by a key that was made for this call. */
export type MemberProof = Readonly<Member>;

type Member = {
  readonly key: ConsentKey;
  /** To what they agreed, last; nothing: they did not, or were not asked. */
  granted: Kinds;
  /** Whether they agreed to an export in the clear. */
  clear: boolean;
  /** When they said so, unix seconds, by their clock. */
  at: number | null;
  /** They said no. */
  refused: boolean;
  /** When they took it back, unix seconds; null: they have not. */
  withdrawn: number | null;
  /** How much there is of them, all kinds together. */
  recordedMs: number;
};

type Shown = Readonly<{
  members?: readonly MemberProof[];
  problems: readonly string[];
  truncated?: boolean;
  unproven?: number;
  ended?: boolean;
}>;

/** What a file shows. */
export class Proof {
  /** What was asked; null: the file has no proof at all. */
  readonly ask: RecordingAsk | null;
  /** Who agreed, refused, or was recorded; the one who asked first. */
  readonly members: readonly MemberProof[];
  /** What is wrong, in sentences; none: it was not altered. */
  readonly problems: readonly string[];
  /** It ends in the middle, as a crash leaves it; what is proven is whole. */
  readonly truncated: boolean;
  /** Chunks behind the last mark: nobody has signed them, and they count for nothing. */
  readonly unproven: number;
  /** Who asked said the end of it. */
  readonly ended: boolean;

  constructor(ask: RecordingAsk | null, shown: Shown) {
    this.ask = ask;
    this.members = shown.members ?? [];
    this.problems = shown.problems;
    this.truncated = shown.truncated ?? false;
    this.unproven = shown.unproven ?? 0;
    this.ended = shown.ended ?? false;
  }

  /** Whether something does not fit together. */
  get altered(): boolean {
    return this.ask !== null && this.problems.length > 0;
  }

  /** Whether it has a proof, and that holds. */
  get ok(): boolean {
    return this.ask !== null && this.problems.length === 0;
  }

  /**
   * Say whether an honest client plays this member's part, as far as the file knows.
   *
   * @param member One of `members`.
   * @param now Unix seconds.
   */
  isPlayable(member: MemberProof, now: number): boolean {
    if (this.ask === null || member.withdrawn !== null) return false;
    const isAsker = equal(member.key, this.ask.key);
    return (isAsker || member.granted.size > 0) && now < endsAt(this.ask);
  }
}

/** The file does not begin with a request, or nobody signed it. */
class NoProofError extends Error {}

/**
 * Read a whole file, and tell what it proves.
 *
 * @param source Of the file, at its beginning. What it throws is thrown on; it throws no PeerError.
 */
export async function prove(source: Source): Promise<Proof> {
  let teller: Teller | null = null;
  const problems: string[] = [];
  let truncated = false;
  try {
    for await (const [chunk, chain] of read(source)) {
      if (teller === null) teller = await begin(chunk, problems);
      else await teller.take(chunk, chain);
    }
  } catch (error) {
    if (error instanceof NoProofError) {
      return noProof("it does not begin with a signed request");
    }
    if (!(error instanceof PeerError)) throw error;
    truncated = error.code === Code.TOO_LARGE && error.detail.startsWith("CK-941");
    if (!truncated) add(problems, `it cannot be read: ${error.detail}`);
  }
  return teller?.told(truncated) ?? noProof("nobody has signed it");
}

function noProof(why: string): Proof {
  return new Proof(null, { problems: [`this file has no proof: ${why}`] });
}

function add(problems: string[], what: string): void {
  if (!problems.includes(what)) problems.push(what);
}

/** Take the first chunk; throws NoProofError, it is no signed request. */
async function begin(chunk: Chunk, problems: string[]): Promise<Teller> {
  if (chunk.word !== "said") throw new NoProofError();
  const ask = await readOrNull(chunk.statement);
  if (ask?.kind !== "recording.ask") throw new NoProofError();
  return new Teller(ask, problems);
}

/** Read a statement; null: nobody signed it so. */
async function readOrNull(data: Bytes): Promise<Statement | null> {
  try {
    return await readStatement(data);
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    return null;
  }
}

/** Takes chunk by chunk; what is told counts from one mark to the next. Keys are in hex. */
class Teller {
  readonly #ask: RecordingAsk;
  readonly #digest: Digest;
  readonly #problems: string[];
  readonly #sets = new Map<string, Members>();
  readonly #numbers = new Map<string, number>();
  readonly #members = new Map<string, Member>();
  readonly #among = new Map<string, Members>();
  #now: RecordingProgress | null = null;
  #parts = 0;
  #ended = false;
  #sinceMark = 1;
  #proven: readonly Member[] = [];
  #provenEnd = false;

  constructor(ask: RecordingAsk, problems: string[]) {
    this.#ask = ask;
    this.#digest = askDigest(ask);
    this.#problems = problems;
    this.#numbers.set(hex(ask.key), ask.number);
    const { kinds: granted, clear, at } = ask;
    Object.assign(this.#memberOf(ask.key), { granted, clear, at });
  }

  /** Tell it; null: nobody has signed it. */
  told(truncated: boolean): Proof | null {
    if (this.#proven.length === 0 && this.#problems.length === 0) return null;
    const members = this.#proven.map((member) => {
      const last = this.#memberOf(member.key);
      const withdrawn = member.withdrawn ?? last.withdrawn;
      const no = last.refused ? { refused: true, granted: last.granted } : {};
      return { ...member, withdrawn, ...no };
    });
    return new Proof(this.#ask, {
      members,
      problems: this.#problems,
      truncated,
      unproven: this.#sinceMark,
      ended: this.#provenEnd,
    });
  }

  async take(chunk: Chunk, chain: Bytes): Promise<void> {
    this.#sinceMark += 1;
    switch (chunk.word) {
      case "said":
        return await this.#said(chunk.statement);
      case "among":
        this.#sets.set(hex(membersHash(chunk.members)), chunk.members);
        return;
      case "part":
        return this.#part(chunk);
      case "mark":
        return await this.#mark(chunk, chain);
    }
  }

  #problem(what: string): void {
    add(this.#problems, what);
  }

  /** Return what is known of a member, nothing at first. */
  #memberOf(key: ConsentKey): Member {
    const known = this.#members.get(hex(key));
    if (known !== undefined) return known;
    const member: Member = {
      key,
      granted: NOTHING,
      clear: false,
      at: null,
      refused: false,
      withdrawn: null,
      recordedMs: 0,
    };
    this.#members.set(hex(key), member);
    return member;
  }

  async #mark(mark: Mark, chain: Bytes): Promise<void> {
    try {
      await verifyMark(mark, this.#ask.key, chain);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#problem("it was altered: who recorded has not signed what is before a signature");
      return;
    }
    this.#proven = [...this.#members.values()].map((member) => ({ ...member }));
    this.#provenEnd = this.#ended;
    this.#sinceMark = 0;
  }

  async #said(data: Bytes): Promise<void> {
    const said = await readOrNull(data);
    if (said === null) {
      this.#problem("it holds a statement that nobody signed so");
      return;
    }
    if (said.kind === "recording.ask" || !equal(said.ask, this.#digest)) {
      this.#problem("it holds a statement about another request");
      return;
    }
    const name = hex(said.key);
    // CK-930: what was said before cannot be put behind what was said since.
    if (!equal(said.call, this.#ask.call) || said.number <= (this.#numbers.get(name) ?? 0)) {
      this.#problem("it holds a statement twice, out of order, or of another call");
      return;
    }
    this.#numbers.set(name, said.number);
    const member = this.#memberOf(said.key);
    switch (said.kind) {
      case "recording.grant":
        return this.#granted(said, member);
      case "recording.refusal":
        member.refused = true;
        member.granted = NOTHING;
        return this.#stops(name);
      case "recording.withdrawal":
        member.withdrawn = said.at;
        return this.#stops(name);
      case "recording.progress":
        return this.#progress(said);
      case "recording.end":
        return this.#end(said.key);
    }
  }

  /** After a no of somebody who is there nothing is recorded until all have said yes again. */
  #stops(name: string): void {
    this.#among.delete(name);
    if (this.#now?.members.has(name)) this.#now = null;
  }

  #granted(said: RecordingGrant, member: Member): void {
    const among = this.#sets.get(hex(said.members));
    if (!isPart(said.kinds, this.#ask.kinds) || equal(said.key, this.#ask.key)) {
      this.#problem("it holds a yes to what nobody asked for");
    } else if (among === undefined || !has(among, said.key)) {
      this.#problem("it holds a yes, and not among whom it was said");
    } else {
      const { kinds: granted, clear, at } = said;
      Object.assign(member, { granted, clear, at, refused: false, withdrawn: null });
      this.#among.set(hex(said.key), among);
    }
  }

  #progress(said: RecordingProgress): void {
    if (!equal(said.key, this.#ask.key) || !has(said.members, said.key)) {
      this.#problem("somebody else than who asked says what is recorded");
      return;
    }
    this.#now = said;
    if (said.kinds.size === 0) return;
    for (const [name, key] of without(said.members, setOf(said.key))) {
      const [among, member] = [this.#among.get(name), this.#members.get(name)];
      if (among === undefined || member === undefined || !isWithin(said.members, among)) {
        this.#problem(`somebody was there who had not agreed: ${shown(key)}`);
        this.#now = null;
      } else if (!isPart(said.kinds, member.granted)) {
        this.#problem(`more was recorded than somebody agreed to: ${shown(key)}`);
        this.#now = null;
      }
    }
  }

  #end(by: ConsentKey): void {
    if (!equal(by, this.#ask.key)) {
      this.#problem("somebody else than who asked says that it ended");
      return;
    }
    this.#ended = true;
    this.#now = null;
  }

  #part(part: Part): void {
    if (part.number !== this.#parts) this.#problem("parts are missing, or stand twice");
    this.#parts = part.number + 1;
    const now = this.#now;
    // CK-943: nothing stands in it but what all who were there had agreed to, then.
    if (now === null || !now.kinds.has(part.kind) || !has(now.members, part.key)) {
      this.#problem("it holds a part to which not everybody had agreed");
      return;
    }
    this.#memberOf(part.key).recordedMs += part.length;
  }
}

/** Return how a member is called in words: the beginning of their key. */
function shown(key: ConsentKey): string {
  return hex(key.subarray(0, 4));
}
