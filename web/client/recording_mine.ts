/**
 * Our own requests in one call: what was asked, with which share, and what is recorded of it.
 *
 * A recorder is told in the order that the file's proof wants: who was there before a yes that names
 * them, and a statement before what follows from it. Not for: whether something may be recorded
 * (`core/recording.ts`).
 */

import { get } from "../core/byte_sets.ts";
import { copy, hex } from "../core/bytes.ts";
import type { RecordingSaid } from "../core/content_recording.ts";
import { type Code, UsageError } from "../core/errors.ts";
import { type ConsentKey, type Digest, Secret32 } from "../core/ids.ts";
import type { RecordingAsk, RecordingGrant, Statement } from "../core/recording_statements.ts";
import type { InCall, Kinds } from "../core/recording_types.ts";
import type { OwnConsent } from "./consent_key.ts";
import type { Laid, Recorder, SaidStatement } from "./recording_means.ts";
import type { CallShares } from "./recording_shares.ts";
import type { Speech } from "./recording_speech.ts";

type Mine = {
  readonly request: RecordingAsk;
  readonly laid: Laid;
  /** As it was sent. */
  signed: SaidStatement | undefined;
  /** Something was recorded of it. */
  wasRecorded: boolean;
  /** Sets of members that the recorder was told of, by the hex of their hash. */
  readonly among: Set<string>;
};

/** Our requests, and whatever records. */
export class OwnRequests {
  readonly #own: OwnConsent;
  readonly #speech: Speech;
  readonly #shares: CallShares;
  readonly #makeRecorder: () => Recorder | undefined;
  readonly #name: (key: ConsentKey) => string;
  readonly #requests = new Map<string, Mine>();
  #recorder: Recorder | undefined;

  /**
   * @param makeRecorder Makes what records this call, once.
   * @param name Returns what somebody is called.
   */
  constructor(
    own: OwnConsent,
    speech: Speech,
    shares: CallShares,
    makeRecorder: () => Recorder | undefined,
    name: (key: ConsentKey) => string,
  ) {
    this.#name = name;
    this.#own = own;
    this.#speech = speech;
    this.#shares = shares;
    this.#makeRecorder = makeRecorder;
  }

  /** Return a request of ours. */
  find(ask: Digest): RecordingAsk | undefined {
    return this.#requests.get(hex(ask))?.request;
  }

  /** Keep a request that is about to be said. */
  add(ask: Digest, request: RecordingAsk, laid: Laid): void {
    const mine = { request, laid, signed: undefined, wasRecorded: false, among: new Set<string>() };
    this.#requests.set(hex(ask), mine);
  }

  /** Sign a request and send it, with the way to our share. */
  async send(ask: Digest): Promise<void> {
    const mine = this.#need(ask);
    const signed = await this.#speech.sign(mine.request);
    mine.signed = signed;
    this.#recorder ??= this.#makeRecorder();
    this.#recorder?.said(signed);
    const { share, slot, read } = mine.laid;
    this.#recorder?.share(ask, this.#own.key, new Secret32(copy(share)), { name: "", slot, read });
    void this.#speech.say(signed, mine.laid);
  }

  /** Send it once more as it was. */
  sendAgain(ask: Digest): void {
    const { laid, signed } = this.#need(ask);
    if (signed !== undefined) void this.#speech.say(signed, laid);
  }

  /** Sign what is so about a request of ours now, and send it. */
  async tell(statement: Exclude<Statement, RecordingAsk>): Promise<void> {
    void this.#speech.say(await this.note(statement));
  }

  /** Sign what is so about a request of ours, for the recording alone. */
  async note(statement: Exclude<Statement, RecordingAsk>): Promise<SaidStatement> {
    const signed = await this.#speech.sign(statement);
    this.#recorder?.said(signed);
    return signed;
  }

  /** Record exactly these kinds from now on. */
  record(ask: Digest, kinds: Kinds): void {
    if (kinds.size > 0) this.#need(ask).wasRecorded = true;
    this.#recorder?.record(ask, kinds);
  }

  /**
   * Take what a member said about a request of ours, after the machine took it.
   *
   * @param state Before that.
   * @param way Where the member's share lies.
   * @param wanted Returns whether the request goes on.
   * @param refused Told that their share is not the one of their yes.
   */
  heard(
    state: InCall,
    said: SaidStatement,
    way: RecordingSaid,
    wanted: () => boolean,
    refused: (code: Code) => void,
  ): void {
    const { statement } = said;
    if (statement.kind === "recording.grant") {
      const { among } = this.#need(statement.ask);
      const members = get(state.sets, statement.members);
      if (members === undefined) return; // CK-934: the machine took no notice of it either.
      if (!among.has(hex(statement.members))) this.#recorder?.among(statement.ask, members);
      among.add(hex(statement.members));
    }
    this.#recorder?.said(said);
    if (statement.kind === "recording.grant") this.#fetch(statement, way, wanted, refused);
  }

  /** Get the share of who agreed; without it nothing of them is recorded. */
  #fetch(
    { ask, key, share: promised }: RecordingGrant,
    { slot, read }: RecordingSaid,
    wanted: () => boolean,
    refused: (code: Code) => void,
  ): void {
    if (slot === null || read === null) return;
    const take = (share: Secret32) => {
      this.#recorder?.share(ask, key, share, { name: this.#name(key), slot, read });
    };
    this.#shares.read({ slot, read }, promised, { wanted, take, refused });
  }

  /** It is over: a share of ours that nothing was sealed with goes. */
  over(ask: Digest): void {
    const mine = this.#requests.get(hex(ask));
    if (mine === undefined) return;
    if (!mine.wasRecorded) this.#shares.remove(mine.laid);
    this.#recorder?.over(ask);
  }

  #need(ask: Digest): Mine {
    const mine = this.#requests.get(hex(ask));
    if (mine === undefined) throw new UsageError("no request of ours");
    return mine;
  }
}
