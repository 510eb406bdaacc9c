/**
 * People in a call as its consent to recordings sees it: shells with real keys and real statements, a
 * network that delivers in order, and a diary of all that each of them does.
 */

import type { OwnConsent } from "../../client/consent_key.ts";
import type { ConsentBook } from "../../client/recording_means.ts";
import { CallRecording } from "../../client/recording_objects.ts";
import { RecordingShell } from "../../client/recording_shell.ts";
import { setOf } from "../../core/byte_sets.ts";
import { utf8 } from "../../core/bytes.ts";
import type { Where } from "../../core/consent_record.ts";
import { decodeInGroupCall, encodeInGroupCall } from "../../core/content.ts";
import type { RecordingSaid } from "../../core/content_recording.ts";
import { CallId } from "../../core/ids.ts";
import { readStatement, type Statement } from "../../core/recording_statements.ts";
import { NOW, rng } from "./call_seam.ts";
import { newConsent } from "./consents.ts";
import { FakeRecorder, FakeShares } from "./recording_fakes.ts";
import type { VirtualClock } from "./virtual_clock.ts";

export const CALL = new CallId(utf8("a call to record"));
const LATENCY_S = 0.02;

type Options = Readonly<{
  never?: boolean;
  confidential?: boolean;
  call?: CallId;
  /** They have what records; true unless told otherwise. */
  records?: boolean;
  book?: ConsentBook;
  /** In which conversation the call is. */
  where?: Where;
}>;

/** Somebody in the call. */
export class Member {
  readonly name: string;
  readonly consent: OwnConsent;
  readonly shell: RecordingShell;
  readonly recording: CallRecording;
  readonly recorder: FakeRecorder;
  /** All that happened here, in order. */
  readonly diary: string[] = [];
  /** What they said, as it was sent. */
  readonly said: RecordingSaid[] = [];
  held = false;
  /** How often a page was told to look again. */
  told = 0;
  readonly #stop = new AbortController();

  constructor(name: string, consent: OwnConsent, party: Party, options: Options) {
    const note = (line: string) => void this.diary.push(line);
    this.name = name;
    this.consent = consent;
    this.recorder = new FakeRecorder((line) => note(`recorder: ${line}`));
    const { shares } = party;
    const { book, records = true, where = null } = options;
    const recorder = () => this.recorder;
    this.recording = new CallRecording(() => {
      this.told += 1;
    });
    this.shell = new RecordingShell({
      call: options.call ?? CALL,
      own: consent,
      where,
      means: { shares, ...(book && { book }), ...(records && { recorder }) },
      rng,
      unix: () => NOW,
      monotonic: () => party.clock.now,
      frames: {
        hold: async () => {
          this.held = true;
          note("hold");
        },
        release: async () => {
          this.held = false;
          note("release");
        },
      },
      say: async (said) => {
        this.said.push(said);
        note(`says ${(await readStatement(said.statement)).kind}`);
        party.deliver(this, said);
      },
      spawn: (work) => void work(this.#stop.signal).catch((error) => party.failed(error)),
      confidential: () => options.confidential ?? false,
      changed: () => this.recording.changed(),
    });
    this.recording.bind(this.shell);
  }

  get key() {
    return this.consent.key;
  }

  /** The one request that others ask of us, and that we have not answered. */
  get request(): string {
    const open = this.recording.requests.filter(({ answer }) => answer === null);
    if (open.length !== 1 || open[0] === undefined) throw new Error(`${open.length} requests`);
    return open[0].id;
  }

  /** What they were shown last to be recorded. */
  get shown(): readonly string[] {
    return this.recording.recorded.flatMap(({ kinds }) => kinds);
  }

  /** The program ends. */
  close(): void {
    this.#stop.abort(new Error("closed"));
  }
}

/** A call. */
export class Party {
  readonly clock: VirtualClock;
  readonly shares = new FakeShares();
  members: Member[] = [];
  readonly failures: unknown[] = [];
  /** What is lost on its way. */
  loses: (from: Member, to: Member) => boolean = () => false;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  /** Somebody comes, with a key of their own; the others say that they are ready. */
  async join(name: string, options: Options = {}): Promise<Member> {
    const consent = await newConsent({ never: options.never ?? false });
    const member = new Member(name, consent, this, options);
    const others = this.members;
    this.members = [...others, member];
    for (const one of this.members) {
      for (const each of this.members) one.recording.learn(each.key, each.name);
    }
    const [all, never] = [this.#keys(), this.#never()];
    await Promise.all(others.map(({ shell }) => shell.members(all, never)));
    await member.shell.begin(all, never);
    for (const other of others) {
      this.clock.later(LATENCY_S, () => void member.shell.ready(other.key, other.shell.asks));
      for (const said of other.shell.recent) this.#pass(other, member, said);
    }
    await this.clock.wait(1);
    return member;
  }

  async leave(member: Member): Promise<void> {
    this.members = this.members.filter((one) => one !== member);
    await member.shell.ended();
    const [all, never] = [this.#keys(), this.#never()];
    await Promise.all(this.members.map(({ shell }) => shell.members(all, never)));
  }

  deliver(from: Member, said: RecordingSaid): void {
    for (const to of this.members) if (to !== from) this.#pass(from, to, said);
  }

  failed(error: unknown): void {
    if (!(error instanceof Error && error.message === "closed")) this.failures.push(error);
  }

  #pass(from: Member, to: Member, said: RecordingSaid): void {
    if (this.loses(from, to)) return;
    const travelled = decodeInGroupCall(encodeInGroupCall(said));
    if (travelled.kind !== "recording.said") throw new Error("it was something else");
    this.clock.later(LATENCY_S, () => {
      to.shell.hear(from.key, travelled).catch((error) => this.failures.push(error));
    });
  }

  #keys() {
    return setOf(...this.members.map(({ key }) => key));
  }

  #never() {
    return setOf(...this.members.flatMap((one) => (one.consent.never ? [one.key] : [])));
  }
}

/** Return what somebody said last. */
export async function lastOf({ said }: Member): Promise<Statement> {
  const last = said.at(-1);
  if (last === undefined) throw new Error("they said nothing");
  return await readStatement(last.statement);
}

/** Return which statements of somebody went out. */
export async function kindsOf({ said }: Member): Promise<string[]> {
  const read = await Promise.all(said.map(({ statement }) => readStatement(statement)));
  return read.map(({ kind }) => kind.replace("recording.", ""));
}
