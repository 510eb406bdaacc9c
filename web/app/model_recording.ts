/**
 * Recording with everybody's yes, as screens read it, and what they can ask of it: a part of the
 * border (`model.ts`). What counts as a yes is decided in `core/recording.ts`, not here.
 */

import type { Bytes } from "../core/bytes.ts";
import type { Place, Recipients } from "../core/recording_statements.ts";
import type { Kind } from "../core/recording_types.ts";

import type { ReceiptActions, ReceiptsView } from "./model_receipt.ts";

export type { Kind, Place, Recipients };

/** In the order in which people read them; each is agreed to by itself. */
export const KINDS: readonly Kind[] = ["audio", "video", "screen", "transcript"];

/** The longest that a recording can be kept, and the protocol's default. */
export const MAX_DAYS = 30;

/** Bytes of UTF-8 that a purpose, or who is to get an export, may have. */
export const MAX_WORDS_BYTES = 600;

/** What somebody wants to record. Nothing of it may be left open. */
export type Terms = Readonly<{
  kinds: readonly Kind[];
  purpose: string;
  place: Place;
  /** 1 to 30. */
  days: number;
  recipients: Recipients;
  /** An export that is not sealed is asked for, too. */
  clear: boolean;
  /** Who else is to get that export, in the words of who asks. */
  named: string | null;
}>;

export type Answer = null | "given" | "refused";

/** Somebody asks. `by`, `purpose` and `named` are texts of a stranger. */
export type AskedView = Terms &
  Readonly<{
    id: string;
    by: string;
    /** Ours; null: none. Silence is no yes. */
    answer: Answer;
    agreed: readonly Kind[];
  }>;

/** What is recorded now. */
export type RecordedView = Readonly<{
  /** Of the request. */
  id: string;
  /** Who records. */
  by: string;
  /** It is this device. */
  own: boolean;
  kinds: readonly Kind[];
}>;

export type OwnAskView = Readonly<{
  id: string;
  kinds: readonly Kind[];
  answers: readonly Readonly<{ name: string; answer: Answer; kinds: readonly Kind[] }>[];
  recorded: readonly Kind[];
}>;

/**
 * Why one cannot ask. "never": somebody is never to be recorded; "alone": nobody else is there;
 * "asked": one's own request goes on; "too_often": three times in this call; "held": one neither hears
 * nor is heard yet; "unable": this device or this call cannot record.
 */
export type MayNotAsk =
  | "never"
  | "alone"
  | "asked"
  | "too_often"
  | "held"
  | "confidential"
  | "unable";

/** Recording in the call that goes on. */
export type RecordingView = Readonly<{
  requests: readonly AskedView[];
  /** What the indicator shows, and all that it is driven by. */
  recorded: readonly RecordedView[];
  own: OwnAskView | null;
  /** One neither hears nor is heard yet: the others say first what is asked, and one answers. */
  held: boolean;
  mayNotAsk: MayNotAsk | null;
  /** Who in the call is never to be recorded. */
  neverNames: readonly string[];
  /** Signed receipts of it. */
  receipts: ReceiptsView;
}>;

/** Recording, whether one is in a call or not. */
export type RecordingState = Readonly<{
  /** One is never to be recorded, in no call. */
  never: boolean;
  /** This client keeps what one agreed to, and can record; else screens leave that out. */
  keeps: boolean;
  call: RecordingView | undefined;
}>;

export type ConsentState = "given" | "refused" | "withdrawn" | "expired";

/** A request that one answered. `by`, `purpose` and `where` are texts of strangers. */
export type ConsentView = Readonly<{
  id: string;
  state: ConsentState;
  by: string;
  /** The name of the conversation. */
  where: string;
  /** An ISO day. */
  day: string;
  /** What one agreed to; of a no, what was asked for. */
  kinds: readonly Kind[];
  purpose: string;
  days: number;
  clear: boolean;
}>;

export interface ConsentActions {
  list(): Promise<readonly ConsentView[]>;
  /** Take back a yes, for good. */
  withdraw(id: string): Promise<void>;
  /** The signed receipt: JSON-LD. */
  receipt(id: string): Promise<Bytes>;
  /** The same in the form of the Kantara Initiative, unsigned; only of a yes that stands. */
  kantara(id: string): Promise<Bytes>;
}

/** Whose tracks can be played, and why the others cannot. */
export type Playable = Readonly<{
  name: string;
  playable: boolean;
  why: null | "withdrawn" | "expired";
}>;

/** A recording of ours. `with` is the name of the conversation, a text of a stranger. */
export type RecordingRow = Readonly<{
  id: string;
  with: string;
  /** An ISO day. */
  day: string;
  length_s: number;
  kinds: readonly Kind[];
  /** Until its keys are gone, and nobody can play it. */
  daysLeft: number;
  /** As far as this device was told; once it is opened, as its file proves and the server has it. */
  playable: readonly Playable[];
  /** Everybody agreed to an export that is not sealed. */
  mayExport: boolean;
}>;

/** Some seconds of one member's track: a WebM file that plays by itself. */
export type Part = Readonly<{
  id: string;
  name: string;
  kind: "audio" | "video" | "screen";
  /** Seconds since the recording began. */
  at: number;
  length: number;
  /** Opens it: the member's share of the key is fetched for that, and not kept. */
  open: () => Promise<Blob>;
}>;

/** A recording that was opened: its file proves itself, and the server was asked for each key. */
export type OpenedRecording = Readonly<{ row: RecordingRow; parts: readonly Part[] }>;

export interface RecordingsActions {
  list(): Promise<readonly RecordingRow[]>;
  /** Open it; its parts are what there is to play, in order of time. */
  play(id: string): Promise<OpenedRecording>;
  /** Everything in one WebM file, not sealed; `progress` is told the part that is done, 0 to 1. */
  export(id: string, progress: (done: number) => void, signal: AbortSignal): Promise<Blob>;
  /** The sealed file with its proof. */
  file(id: string): Promise<Blob>;
  remove(id: string): Promise<void>;
}

export interface RecordingActions {
  ask(terms: Terms): Promise<void>;
  agree(id: string, kinds: readonly Kind[], clear: boolean): Promise<void>;
  refuse(id: string): Promise<void>;
  withdraw(id: string): Promise<void>;
  /** End one's own request, and what is recorded of it. */
  stop(): Promise<void>;
  setNever(never: boolean): Promise<void>;
  readonly consents: ConsentActions;
  readonly recordings: RecordingsActions;
  readonly receipts: ReceiptActions;
}
