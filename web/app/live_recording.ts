/**
 * Recording with everybody's yes, in the call that goes on, as screens see it and what they ask for.
 *
 * Not for: what counts as a yes (`core/recording.ts`), or what a call's shell does about it.
 */

import type { CallReceipts } from "../client/call_receipt_objects.ts";
import type { Client } from "../client/client.ts";
import type { CallRecording } from "../client/recording_objects.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type {
  Kind,
  RecordingActions,
  RecordingState,
  RecordingView,
  Terms,
} from "./model_recording.ts";

/** What a page without a call, or whose call has no word in it yet, knows of recording. */
export const NO_RECORDING: RecordingState = { never: false, keeps: true, call: undefined };

/** The recording of the call on the screen. */
export class LiveRecording {
  readonly #show: (view: RecordingView | undefined) => void;
  #recording: CallRecording | undefined;
  #view: RecordingView | undefined;

  /** @param show Given what is new. */
  constructor(show: (view: RecordingView | undefined) => void) {
    this.#show = show;
  }

  /** Follow the call that is on the screen now; undefined: there is none. */
  follow(recording: CallRecording | undefined): void {
    const view = recording === undefined ? undefined : viewOf(recording);
    const isSame = recording === this.#recording && isAlike(view, this.#view);
    this.#recording = recording;
    if (isSame) return;
    this.#view = view;
    this.#show(view);
  }

  async ask(terms: Terms): Promise<void> {
    await this.#need().ask(terms);
    this.#again();
  }

  async agree(id: string, kinds: readonly Kind[], clear: boolean): Promise<void> {
    await this.#need().agree(id, kinds, clear);
    this.#again();
  }

  async refuse(id: string): Promise<void> {
    await this.#need().refuse(id);
    this.#again();
  }

  async withdraw(id: string): Promise<void> {
    await this.#need().withdraw(id);
    this.#again();
  }

  async stop(): Promise<void> {
    await this.#need().stop();
    this.#again();
  }

  /** Do something with the receipts of the call. */
  async withReceipts<T>(work: (receipts: CallReceipts) => Promise<T>): Promise<T> {
    const done = await work(this.#need().receipts);
    this.#again();
    return done;
  }

  /** What a person did shows at once, before the call says that something changed. */
  #again(): void {
    this.follow(this.#recording);
  }

  #need(): CallRecording {
    if (this.#recording === undefined)
      throw new UnavailableError(Code.CONFLICT, "there is no call");
    return this.#recording;
  }
}

function viewOf(recording: CallRecording): RecordingView {
  const { requests, recorded, own, held, mayNotAsk, neverNames } = recording;
  const receipts = recording.receipts.now;
  return { requests, recorded, own, held, mayNotAsk, neverNames, receipts };
}

/** Whether nothing changed: the client returns the same lists until something did. */
function isAlike(one: RecordingView | undefined, other: RecordingView | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (Object.keys(one) as (keyof RecordingView)[]).every((name) => one[name] === other[name]);
}

/** Return what screens can ask for. */
export function recordingActions(
  live: LiveRecording,
  client: () => Client,
  setNever: (never: boolean) => Promise<void>,
): RecordingActions {
  const kept = () => import("./live_kept.ts");
  const consents = async () => (await kept()).liveConsents(client);
  const receipts = async () => (await import("./live_receipts.ts")).liveReceipts(client);
  const recordings = async () => (await kept()).liveRecordings(client);
  return {
    ask: (terms) => live.ask(terms),
    agree: (id, kinds, clear) => live.agree(id, kinds, clear),
    refuse: (id) => live.refuse(id),
    withdraw: (id) => live.withdraw(id),
    stop: () => live.stop(),
    setNever,
    consents: {
      list: async () => (await consents()).list(),
      withdraw: async (id) => (await consents()).withdraw(id),
      receipt: async (id) => (await consents()).receipt(id),
      kantara: async (id) => (await consents()).kantara(id),
    },
    receipts: {
      ask: async () => void (await live.withReceipts((all) => all.ask())),
      sign: (id) => live.withReceipts((all) => all.sign(id)),
      refuse: (id) => live.withReceipts((all) => all.refuse(id)),
      fileNow: (id, fields) => live.withReceipts((all) => all.file(id, fields)),
      list: async () => (await receipts()).list(),
      file: async (...how) => (await receipts()).file(...how),
      remove: async (id) => (await receipts()).remove(id),
    },
    recordings: {
      list: async () => (await recordings()).list(),
      play: async (id) => (await recordings()).play(id),
      export: async (...how) => (await recordings()).export(...how),
      file: async (id) => (await recordings()).file(id),
      remove: async (id) => (await recordings()).remove(id),
    },
  };
}
