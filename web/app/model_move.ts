/** What screens can ask about moving to another server: part of the border (`model.ts`). */

import type { Why } from "../core/move_file.ts";
import type { PersonId } from "./model.ts";
import type { Proof } from "./model_actions.ts";

/** Why a file is refused; "unreadable": the browser cannot read it. */
export type MoveRefusal = Why | "unreadable";

/** A file for another server was made. */
export type MadeFile = Readonly<{
  file: Blob;
  /** To show, this once. */
  passphrase: string;
  contacts: number;
  calls: number;
}>;

/** The account of a file that was opened: what the person sees of it. */
export type Brought = Readonly<{
  /** At the server of before. */
  handle: string;
  contacts: number;
  calls: number;
}>;

/** What contacts would read; or whose link it is instead: somebody's, or one to this very server. */
export type MoveMessage = Readonly<{ text: string }> | Readonly<{ wrong: "other" | "here" }>;

export interface MoveActions {
  /** Put the account into a file; without a passphrase of one's own, words are made. */
  make(proof: Proof, passphrase: string | undefined): Promise<MadeFile>;
  /** Look at a file before its passphrase is asked for; undefined: it can be opened. */
  check(file: File): Promise<MoveRefusal | undefined>;
  open(file: File, passphrase: string): Promise<Brought | Readonly<{ refused: MoveRefusal }>>;
  /** As `DoorActions.signUp`, with what `open` returned. */
  signUp(link: string, name: string, password: string | undefined, brought: Brought): Promise<void>;
  /** Make the link that brings contacts of before here. */
  invite(): Promise<string>;
  /** @param words In them `{origin}` and `{link}` are filled in. */
  message(link: string, words: string): Promise<MoveMessage>;
  /** Send it to people; returns to whom it could not be sent. */
  tell(people: readonly PersonId[], link: string, words: string): Promise<readonly PersonId[]>;
}
