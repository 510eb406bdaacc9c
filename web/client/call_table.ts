/**
 * The calls that have a shell on this device, and the `Call` by which a person sees each of them.
 *
 * They are not always of one pair: after a glare the person's `Call` goes on with the shell of the
 * call that stands.
 *
 * Not for: deciding which calls there are (`calls.ts` and its board).
 */

import { equal, hex } from "../core/bytes.ts";
import type { Exchange, NoteMissed } from "../core/call_board.ts";
import { Media } from "../core/call_effects.ts";
import type { Event } from "../core/call_events.ts";
import type { State } from "../core/call_types.ts";
import { UsageError } from "../core/errors.ts";
import type { AccountId, CallId } from "../core/ids.ts";
import { type Beginning, CallNotes } from "./call_notes.ts";
import { Call, type Service } from "./call_objects.ts";
import { CallShell } from "./call_shell.ts";
import { type CallServiceOptions, type Expected, shareNothing } from "./call_terms.ts";
import { MediaAhead } from "./media_ahead.ts";
import type { CallSeam } from "./seam.ts";

/** Shells and faces, by call. */
export class CallTable {
  readonly #service: Service;
  readonly #seam: CallSeam;
  readonly #options: CallServiceOptions;
  readonly #happened: (call: CallId, event: Event) => void;
  readonly #shells = new Map<string, CallShell>();
  readonly #faces = new Map<string, Call>();
  readonly #notes: CallNotes;
  #ahead: MediaAhead | undefined;

  /**
   * @param service What the calls pass on to that a person wants.
   * @param seam The session.
   * @param options What makes media connections, and what calls are given for recordings.
   * @param happened Takes what a shell says that happened to its call.
   */
  constructor(
    service: Service,
    seam: CallSeam,
    options: CallServiceOptions,
    happened: (call: CallId, event: Event) => void,
  ) {
    this.#service = service;
    this.#seam = seam;
    this.#options = options;
    this.#happened = happened;
    this.#notes = new CallNotes(seam);
  }

  /** Return a call's shell, if it has one. */
  find(call: CallId): CallShell | undefined {
    return this.#shells.get(hex(call));
  }

  /**
   * Return the shell of a call that is live.
   *
   * @throws UsageError It is not.
   */
  shellOf(call: CallId): CallShell {
    const shell = this.find(call);
    if (shell === undefined) throw new UsageError("a live call has a shell");
    return shell;
  }

  /** Return how a person sees a call that is live. Throws as `shellOf`. */
  faceOf(call: CallId): Call {
    const face = this.#faces.get(hex(call));
    if (face === undefined) throw new UsageError("a live call has a face");
    return face;
  }

  /** Make a call's shell and its face; they go when it is over, and it is noted in the history. */
  make(contact: AccountId, call: CallId, beginning: Beginning): CallShell {
    this.#notes.begins(call, beginning);
    const face = new Call(this.#service, contact, this.#seam.contactName(contact));
    const feed = (event: Event) => this.#happened(call, event);
    const { makeMedia, recording = {} } = this.#options;
    const shell = new CallShell(this.#seam, makeMedia, feed, contact, call, face, recording);
    face.bind(shell);
    face.notedAs = beginning.again ?? call;
    this.#shells.set(hex(call), shell);
    this.#faces.set(hex(call), face);
    void shell.over.wait().then(() => {
      this.#notes.over(call, this.faceOf(call));
      this.#shells.delete(hex(call));
      this.#faces.delete(hex(call));
    });
    return shell;
  }

  /** Make the media of a call that is about to be placed; undefined: it is not any more. */
  expect(wanted: Expected | undefined): void {
    void this.#ahead?.close();
    this.#ahead =
      wanted &&
      MediaAhead.make(this.#options.makeMedia, {
        video: wanted.media === Media.VIDEO,
        steady: wanted.confidential,
      });
  }

  /** As `make`, for a call of ours: it gets the media that were made for it. */
  place(contact: AccountId, call: CallId, again: CallId | null): CallShell {
    const shell = this.make(contact, call, { outgoing: true, again });
    if (this.#ahead !== undefined) shell.transport.expect(this.#ahead);
    this.#ahead = undefined;
    return shell;
  }

  /** Note a call that did not ring here. */
  noteMissed({ call, contact, media }: NoteMissed): void {
    this.#notes.missed(call, contact, media);
  }

  /** Make a call a confidential one, for good, before its media is made. */
  confide(shell: CallShell): void {
    shell.transport.steady = true;
    this.faceOf(shell.call).confidential = true;
  }

  /** Show a call's state to its shell and to the person. */
  show(call: CallId, state: State): void {
    const shell = this.find(call);
    if (shell !== undefined) shell.state = state;
    const face = this.#faces.get(hex(call));
    face?.counted.follow(state);
    face?.onState(state);
  }

  /** Let the person's call go on as the one that stands (P9, glare). */
  exchange({ givenUp, standing }: Exchange): void {
    const old = this.find(givenUp);
    if (old === undefined) return; // Never placed: the person called somebody who was ringing here.
    const shell = this.shellOf(standing);
    const ends = old.transport.takeBack();
    shell.transport.lend(ends);
    const face = this.faceOf(givenUp);
    this.#notes.exchange(givenUp, standing);
    // One that goes on with another is that one; after a glare it is the other's.
    const { notedAs } = this.faceOf(standing);
    if (notedAs === undefined || !equal(notedAs, givenUp)) face.notedAs = notedAs;
    face.bind(shell);
    face.text.startOver();
    face.counted.takeOver(this.faceOf(standing).counted);
    this.#faces.set(hex(standing), face);
    shell.face = face;
    if (shell.transport.steady || face.confidential) {
      // What either of the two promised.
      this.confide(shell);
      shareNothing(ends.local);
    }
    const silent = new Call(this.#service, old.contact, face.contactName);
    silent.counted = face.counted; // What is still said of it belongs to the person's call.
    this.#faces.set(hex(givenUp), silent);
    old.face = silent;
  }
}
