/**
 * Recording with everybody's yes, as a page sees it: `recording` of a `Call` and of a `CallOfMany`.
 *
 * It shows what is asked and what is or may be recorded, and passes on what the person wants. A page
 * subscribes to the call, and reads again each time it is told. Not for: what counts as a yes
 * (`core/recording.ts`), or recording itself (`Recorder`).
 */

import { get, isWithin } from "../core/byte_sets.ts";
import { equal, fromHex, hex } from "../core/bytes.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import { type ConsentKey, Digest } from "../core/ids.ts";
import type { Place, Recipients, RecordingAsk } from "../core/recording_statements.ts";
import {
  type Ask,
  Kind,
  type Kinds,
  type Members,
  type OverReason,
} from "../core/recording_types.ts";
import { CallReceipts } from "./call_receipt_objects.ts";
import type { CallReceipting } from "./call_receipting.ts";
import type { Known, MayNotAsk } from "./recording_parts.ts";
import type { RecordingShell } from "./recording_shell.ts";

export type { MayNotAsk } from "./recording_parts.ts";

/** What somebody wants to record. Nothing of it may be left open. */
export type Terms = Readonly<{
  kinds: readonly Kind[];
  /** What for, in the words of who asks. */
  purpose: string;
  place: Place;
  /** After so many, 1 to 30, nothing of it can be played any more. */
  days: number;
  recipients: Recipients;
  /** An export that is not sealed is asked for, too: nobody can take that back. */
  clear: boolean;
  /** Who else is to get that export, in the words of who asks. */
  named: string | null;
}>;

/** Somebody's answer; null: none, which is no. */
export type Answer = "given" | "refused" | null;

/** Somebody asks. Names, and words of theirs, are texts of a stranger. */
export type AskedOfUs = Terms &
  Readonly<{
    id: string;
    by: string;
    answer: Answer;
    /** What we agreed to. */
    agreed: readonly Kind[];
  }>;

/** What is recorded now, or may be. */
export type Recorded = Readonly<{
  /** Of the request. */
  id: string;
  /** Who records. */
  by: string;
  /** It is this device. */
  own: boolean;
  kinds: readonly Kind[];
}>;

/** What we ask, while it goes on. */
export type OwnAsk = Readonly<{
  id: string;
  kinds: readonly Kind[];
  /** Of everybody else who is there now. */
  answers: readonly Readonly<{ name: string; answer: Answer; kinds: readonly Kind[] }>[];
  recorded: readonly Kind[];
}>;

/** Something that is asked no longer. */
export type Ended = Readonly<{
  id: string;
  /** It was ours. */
  own: boolean;
  reason: OverReason;
  /** By whose word, if it was another member's. */
  by: string | null;
}>;

type View = Readonly<{
  requests: readonly AskedOfUs[];
  recorded: readonly Recorded[];
  own: OwnAsk | null;
  ended: readonly Ended[];
  held: boolean;
  mayNotAsk: MayNotAsk | null;
  neverNames: readonly string[];
}>;

const NONE: View = {
  ...{ requests: [], recorded: [], own: null, ended: [], held: false },
  ...{ mayNotAsk: "unable", neverNames: [] },
};

/** Recording in one call: the same lists and objects until something changes. */
export class CallRecording {
  /** Signed receipts of the call: told of with the rest. */
  readonly receipts = new CallReceipts((key) => this.name(key));
  readonly #tell: () => void;
  readonly #names = new Map<string, string>();
  #shell: RecordingShell | undefined;
  #view: View | undefined;
  #wasRecorded = false;

  /** @param tell Has whoever subscribed to the call look again. */
  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** What others ask: what goes on, and what we said no to. */
  get requests(): readonly AskedOfUs[] {
    return this.#now.requests;
  }

  /** What is recorded now, or may be: to be shown for as long as it stands here. */
  get recorded(): readonly Recorded[] {
    return this.#now.recorded;
  }

  /** Whether anything was shown to be recorded at any time; also once the call is over. */
  get wasRecorded(): boolean {
    return this.#wasRecorded;
  }

  /** What we ask; null: nothing. */
  get own(): OwnAsk | null {
    return this.#now.own;
  }

  /** What is asked no longer, in the order in which it ended. */
  get ended(): readonly Ended[] {
    return this.#now.ended;
  }

  /** Whether we neither hear nor are heard yet: the others say first what is asked, and we answer. */
  get held(): boolean {
    return this.#now.held;
  }

  /** Why we cannot ask now; null: we can. */
  get mayNotAsk(): MayNotAsk | null {
    return this.#now.mayNotAsk;
  }

  /** Who in the call is never to be recorded. */
  get neverNames(): readonly string[] {
    return this.#now.neverNames;
  }

  /**
   * Ask everybody in the call; returns the request.
   *
   * @throws UnavailableError CONFLICT, we may not ask now; or why it could not be said.
   * @throws PeerError TOO_LARGE.
   * @throws UsageError Nobody can ask for that.
   */
  async ask({ kinds, ...terms }: Terms): Promise<string> {
    const { purpose, place, days, recipients, clear, named } = terms;
    const rest = { purpose, place, days, recipients, clear, named };
    return hex(await this.#need().ask({ kinds: new Set(kinds), ...rest }));
  }

  /**
   * Agree to these kinds; `clear`: to an export that is not sealed, too.
   *
   * @throws UnavailableError CONFLICT, it is asked no longer; or why it could not be said.
   * @throws UsageError Nobody asked for that.
   */
  async agree(id: string, kinds: readonly Kind[], clear: boolean): Promise<void> {
    await this.#need().agree(this.#idOf(id), new Set(kinds), clear);
  }

  /** Do not agree. @throws UnavailableError CONFLICT, it is asked no longer. */
  async refuse(id: string): Promise<void> {
    await this.#need().refuse(this.#idOf(id));
  }

  /** Take back each yes of ours to a request. @throws UnavailableError NO_YES, there is none. */
  async withdraw(id: string): Promise<void> {
    // Also what is not asked any more, or was in an entry before.
    await this.#need().withdraw(new Digest(fromHex(id)));
  }

  /** End what we ask, and record. @throws UnavailableError CONFLICT, we ask for nothing. */
  async stop(): Promise<void> {
    await this.#need().stop();
  }

  // For the service

  /** Follow one entry into the call. */
  bind(shell: RecordingShell, receipting?: CallReceipting): void {
    this.#shell = shell;
    if (receipting !== undefined) this.receipts.bind(receipting);
    this.changed();
  }

  /** We are out of it, for now or for good. */
  unbind(): void {
    this.#shell = undefined;
    this.receipts.unbind();
    this.changed();
  }

  /** Learn what somebody is called. */
  learn(key: ConsentKey, name: string): void {
    if (this.#names.get(hex(key)) === name) return;
    this.#names.set(hex(key), name);
    this.receipts.changed();
    this.#view = undefined;
  }

  /** Something of it was recorded before the page was reloaded. */
  noteRecorded(): void {
    this.#wasRecorded = true;
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#shell !== undefined && this.#shell.shown.length > 0) this.#wasRecorded = true;
    this.#view = undefined;
    this.receipts.changed();
    this.#tell();
  }

  get #now(): View {
    this.#view ??= this.#shell === undefined ? NONE : this.#look(this.#shell);
    return this.#view;
  }

  #look(shell: RecordingShell): View {
    const { known, mayNotAsk, over, own, shown, state } = shell;
    if (state?.kind !== "inCall") return { ...NONE, ended: this.#ended(shell) };
    const { held, members, never } = state;
    const isMine = (key: ConsentKey) => equal(key, own);
    const ofOthers = known.filter(({ ask }) => !isMine(ask.by));
    const mine = known.find(({ ask }) => isMine(ask.by));
    const refused = over.filter(({ id }) => shell.hasRefused(id));
    return {
      requests: [
        ...ofOthers.map(({ id, request, ask }) => {
          const agreed = standing(ask, own, members);
          return this.#asked(id, request, agreed === null ? null : "given", agreed);
        }),
        ...refused.map(({ id, request }) => this.#asked(id, request, "refused", null)),
      ],
      recorded: shown.map(({ id, by, kinds }) => {
        return { id: hex(id), by: this.name(by), own: isMine(by), kinds: listed(kinds) };
      }),
      own: mine === undefined ? null : this.#ownAsk(mine, members),
      ended: this.#ended(shell),
      held,
      mayNotAsk,
      neverNames: [...never.values()].map((key) => this.name(key)),
    };
  }

  #asked(id: Digest, request: RecordingAsk, answer: Answer, agreed: Kinds | null): AskedOfUs {
    const { key, kinds, purpose, place, days, recipients, clear, named } = request;
    const terms = { purpose, place, days, recipients, clear, named };
    const ours = { answer, agreed: listed(agreed ?? new Set()) };
    return { id: hex(id), by: this.name(key), kinds: listed(kinds), ...terms, ...ours };
  }

  #ownAsk({ id, ask }: Known, members: Members): OwnAsk {
    const others = [...members.values()].filter((key) => !equal(key, ask.by));
    const answers = others.map((key) => {
      const kinds = standing(ask, key, members);
      const answer: Answer = kinds === null ? null : "given";
      return { name: this.name(key), answer, kinds: listed(kinds ?? new Set()) };
    });
    return { id: hex(id), kinds: listed(ask.kinds), answers, recorded: listed(ask.recorded) };
  }

  #ended({ over, own }: RecordingShell): readonly Ended[] {
    return over.map(({ id, request, reason, by }) => {
      const whose = by === undefined ? null : this.name(by);
      return { id: hex(id), own: equal(request.key, own), reason, by: whose };
    });
  }

  /** What somebody is called. */
  name(key: ConsentKey): string {
    return this.#names.get(hex(key)) ?? "";
  }

  #idOf(id: string): Digest {
    const { known, over } = this.#need();
    const found = [...known, ...over].find((one) => hex(one.id) === id);
    if (found === undefined) throw new UnavailableError(Code.CONFLICT, "this is not asked");
    return found.id;
  }

  #need(): RecordingShell {
    if (this.#shell === undefined) throw new UnavailableError(Code.CONFLICT, "we are in no call");
    return this.#shell;
  }
}

/** Return to what somebody's yes is that stands among all who are there; null: there is none. */
function standing(ask: Ask, key: ConsentKey, members: Members): Kinds | null {
  const grant = get(ask.grants, key);
  return grant !== undefined && isWithin(members, grant.members) ? grant.kinds : null;
}

/** Return kinds in the order in which people read them. */
function listed(kinds: Kinds): readonly Kind[] {
  return Object.values(Kind).filter((kind) => kinds.has(kind));
}
