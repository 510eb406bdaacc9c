/**
 * The media side of one call: the connection, what it tells, and the steps of negotiation.
 *
 * What may take seconds (TURN, gathering, ICE restarts) runs in tasks of its own and comes back as an
 * event of the call machine. One negotiation at a time: a newer one takes the older one's place.
 * What an older one waits for cannot be stopped, so it looks after each wait whether it still counts.
 *
 * Not for: deciding (the call machine), keys (`call_group.ts`), or ICE itself (`web/media`).
 */

import { equal, utf8 } from "../core/bytes.ts";
import { Media, Path } from "../core/call_effects.ts";
import type { InCall } from "../core/content_call.ts";
import { Code, PeerError, UsageError } from "../core/errors.ts";
import { Digest } from "../core/ids.ts";
import type { Meter } from "../core/meter.ts";
import type { MediaConnection, MediaEvent, MediaFactory, TextEnd } from "../media/interfaces.ts";
import { closeEnds, type Ends, LentLocal, LentRemote } from "./call_media.ts";
import { answerOf, type Negotiation, refusalOf, still } from "./call_steps.ts";
import type { MediaAhead } from "./media_ahead.ts";
import { MediaWatch, type Watcher } from "./media_watch.ts";
import { RelayAhead } from "./relay_ahead.ts";
import type { CallSeam, Spawned } from "./seam.ts";

/** Candidates that may wait for a transport that is being made; a relayed call needs one. */
export const MAX_EARLY = 64;

/** What the media side needs of the call's shell. */
export interface Owner extends Watcher {
  /** What counts for the call. */
  readonly meter: Meter;
  /** Remember a breach. */
  note(code: Code): void;
  /** Say something in the call group. */
  tell(content: InCall): Promise<void>;
  /** Make sure that there are SFrame contexts for one more transport. */
  prepareTransport(): Promise<void>;
  /** Who writes and reads real-time text. */
  readonly textEnd: TextEnd;
}

/** The media of one call, over any number of transports. */
export class CallTransport {
  /** Send pictures of few sizes, in a confidential call; set before the media is made. */
  steady = false;
  readonly #seam: CallSeam;
  readonly #makeMedia: MediaFactory;
  readonly #owner: Owner;
  #lent: Readonly<{ local: LentLocal; remote: LentRemote }> | undefined;
  #ahead: MediaAhead | undefined;
  /** Ours, if it was written ahead. */
  #offer: Promise<string> | undefined;
  #media: MediaConnection | undefined;
  readonly #watch: MediaWatch;
  readonly #tasks = new Set<Spawned>();
  #negotiation: Spawned | undefined;
  readonly #relay: RelayAhead;
  #early: string[] | undefined;
  /** Which offer of ours was told and not answered. */
  #offered: Digest | undefined;

  /**
   * @param seam The session.
   * @param makeMedia Makes the media connection.
   * @param owner The call's shell.
   */
  constructor(seam: CallSeam, makeMedia: MediaFactory, owner: Owner) {
    this.#seam = seam;
    this.#makeMedia = makeMedia;
    this.#owner = owner;
    this.#watch = new MediaWatch(seam, owner);
    this.#relay = new RelayAhead(
      seam,
      () => this.media,
      () => this.#owner.meter,
      (work) => this.#begin(work),
    );
  }

  /** Take what the person shows and hears with. */
  lend({ local, remote }: Ends): void {
    this.#lent = { local: new LentLocal(local), remote: new LentRemote(remote) };
  }

  /** Return it, for the call that stands in a glare. */
  takeBack(): Ends {
    if (this.#lent === undefined) throw new UsageError("nothing was lent");
    return { local: this.#lent.local.keep(), remote: this.#lent.remote.keep() };
  }

  /** Use this connection, if it fits what is wanted then. */
  expect(ahead: MediaAhead): void {
    this.#ahead = ahead;
  }

  /** A connection will perhaps be made soon; what it returns, if anything, says that none will. */
  expectMedia(): (() => void) | undefined {
    return this.#media === undefined ? this.#makeMedia.expect?.() : undefined;
  }

  /** Make the connection; nothing is sent. */
  start(wanted: Media): MediaConnection {
    if (this.#lent === undefined) throw new UsageError("a call needs something to show and hear");
    if (this.#media !== undefined) return this.#media; // An invite that could not be made before.
    const media = this.#made(wanted, this.#lent, (event) => this.#watch.hear(event));
    this.#media = media;
    media.carryText(this.#owner.textEnd);
    this.#begin((signal) => this.#watch.run(media, signal));
    return media;
  }

  #made(media: Media, lent: Ends, onEvent: (event: MediaEvent) => void): MediaConnection {
    const wanted = { video: media === Media.VIDEO, steady: this.steady };
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.fits(wanted)) {
      this.#offer = ahead.offer;
      return ahead.use(lent, onEvent);
    }
    void ahead?.close();
    return this.#makeMedia({ ...wanted, ...lent, onEvent });
  }

  /** Make the connection, and return our offer. */
  async createOffer(wanted: Media): Promise<string> {
    const media = this.start(wanted);
    return await (this.#offer ?? media.createOffer());
  }

  /** The connection. */
  get media(): MediaConnection {
    if (this.#media === undefined) throw new UsageError("there is no media yet");
    return this.#media;
  }

  /** Whether a connection was made, which has keys to be wiped. */
  get isStarted(): boolean {
    return this.#media !== undefined;
  }

  /**
   * Hold the call to what its two people agreed on, then take the answer.
   *
   * CK-369: `agreed` is what the machine made of `call.accept`, and what the person is shown. The
   * answer is another text by the same hand, and has no say in it.
   *
   * @throws PeerError MALFORMED, also for a picture in the answer of a voice call.
   */
  async applyAnswer(agreed: Media, sdp: string): Promise<void> {
    if (agreed === Media.VOICE) await this.media.closeVideo();
    await this.media.acceptAnswer(sdp);
  }

  /** A person is about to accept: ask for the relay's credentials while devices open. */
  askForRelay(): void {
    this.#relay.ask();
  }

  /**
   * Find a relay before it is needed: by the caller while it rings, by the callee once a person has
   * accepted. Nothing is sent to the other side, and nothing comes of it if it fails. Harmless when
   * repeated.
   *
   * @param options.allocate The call is about to begin: have an allocation made there as well.
   */
  prepare(options: Readonly<{ allocate?: boolean }> = {}): void {
    this.#relay.look(options);
  }

  /** Do so anew, if it was done and gathering has not begun: the server is back after it was away. */
  prepareAnew(): void {
    if (this.#negotiation === undefined) this.#relay.lookAnew();
  }

  /** Begin to gather; `candidatesGathered` or `failed` follows. */
  gather(): void {
    this.#negotiate((signal) => this.#gather(signal));
  }

  /** Begin an ICE restart of ours; `candidatesGathered` or `restartFailed` follows. */
  restart(path: Path): void {
    this.#early = undefined;
    this.#offered = undefined;
    this.#negotiate((signal) => this.#restart(path, signal));
  }

  /** Begin to answer theirs; `candidatesGathered` or `restartFailed` follows. */
  answerRestart(sdp: string, path: Path): void {
    // What follows their offer is for the transport that answers it, which is not there yet:
    // credentials are fetched first, and the old transport would swallow the candidates.
    this.#early = [];
    this.#offered = undefined;
    this.#negotiate((signal) => this.#answerRestart(sdp, path, signal));
  }

  /**
   * Take the answer to this restart offer of ours. One that answers no open offer is dropped: it was on
   * its way when we began another restart, or somebody says it twice (CK-386).
   *
   * @throws PeerError MALFORMED.
   */
  async acceptRestartAnswer(sdp: string, offer: Digest): Promise<void> {
    if (this.#offered === undefined || !equal(this.#offered, offer)) return;
    this.#offered = undefined;
    await this.media.acceptAnswer(sdp);
  }

  /**
   * Take the other side's candidates, now or when their transport is there.
   *
   * @throws PeerError MALFORMED.
   */
  async addCandidates(lines: readonly string[]): Promise<void> {
    if (this.#early === undefined) {
      await this.media.addRemoteCandidates(lines);
    } else {
      this.#early.push(...lines.slice(0, MAX_EARLY - this.#early.length));
    }
  }

  /** Close everything; the last figures are shown first. Harmless when repeated. */
  async stop(): Promise<void> {
    for (const task of this.#tasks) task.cancel();
    this.#negotiation = undefined;
    void this.#ahead?.close(); // it ended before the invite was made
    this.#ahead = undefined;
    if (this.#media !== undefined) {
      await this.#watch.refresh(this.#media);
      this.#owner.meter.carry(this.#media.carried);
      await answerOf(this.#media.close());
    } else if (this.#lent !== undefined) {
      closeEnds(this.#lent); // It ended before there was a connection to close them.
    }
  }

  #isReconnecting(): boolean {
    return this.#owner.state.kind === "reconnecting";
  }

  async #gather(signal: AbortSignal): Promise<void> {
    this.#relay.stop();
    try {
      const candidates = await this.#gathered(signal);
      this.#owner.feed({ kind: "candidatesGathered", candidates });
    } catch (error) {
      const { code } = refusalOf(error, signal);
      this.#owner.feed({ kind: "failed", code });
    }
  }

  /** Gather over the relay that was found, or, if that is gone, over the one that is there now. */
  async #gathered(signal: AbortSignal): Promise<readonly string[]> {
    const found = this.#relay.take();
    if (found !== undefined) {
      try {
        return await still(signal, this.media.gather([found]));
      } catch (error) {
        // A server that was started anew has another relay, with other credentials.
        if (refusalOf(error, signal).code !== Code.NO_RELAY) throw error;
      }
    }
    const server = await still(signal, this.#relay.server());
    return await still(signal, this.media.gather([server]));
  }

  /** Restart ICE: the relay first, so that nothing is sent while there is none. */
  async #restart(path: Path, signal: AbortSignal): Promise<void> {
    const { media } = this;
    try {
      const server = await still(signal, this.#relay.server());
      await still(signal, this.#owner.prepareTransport());
      await still(signal, media.restart({ relayOnly: path === Path.RELAYED })); // CK-384
      const sdp = await still(signal, media.createOffer());
      const candidates = await still(signal, media.gather([server]));
      this.#offered = Digest.sha256(utf8(sdp));
      await still(signal, this.#owner.tell({ kind: "call.offer", sdp, path }));
      this.#owner.feed({ kind: "candidatesGathered", candidates });
    } catch (error) {
      refusalOf(error, signal);
      this.#owner.feed({ kind: "restartFailed", now: this.#seam.monotonic() });
    }
  }

  async #answerRestart(offer: string, path: Path, signal: AbortSignal): Promise<void> {
    const { media } = this;
    try {
      const server = await still(signal, this.#relay.server());
      await still(signal, this.#owner.prepareTransport());
      await still(signal, media.restart({ relayOnly: path === Path.RELAYED })); // CK-384
      const sdp = await still(signal, media.acceptOffer(offer));
      await still(signal, this.#addEarly());
      await still(
        signal,
        this.#owner.tell({ kind: "call.answer", sdp, offer: Digest.sha256(utf8(offer)) }),
      );
      const candidates = await still(signal, media.gather([server]));
      this.#owner.feed({ kind: "candidatesGathered", candidates });
    } catch (error) {
      const refusal = refusalOf(error, signal);
      this.#early = undefined;
      if (refusal instanceof PeerError) this.#owner.note(refusal.code);
      if (!this.#isReconnecting()) return;
      this.#owner.feed({ kind: "restartFailed", now: this.#seam.monotonic() });
    }
  }

  async #addEarly(): Promise<void> {
    const early = this.#early ?? [];
    this.#early = undefined;
    if (early.length === 0) return;
    try {
      await this.media.addRemoteCandidates(early);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#owner.note(error.code); // Dropped, as late ones are; the offer was good.
    }
  }

  #begin(work: Negotiation): Spawned {
    const task = this.#seam.spawn(async (signal) => {
      try {
        await work(signal);
      } catch (error) {
        if (signal.aborted) return; // It was told to stop, and did.
        // A bug must not leave a call that hangs; and it is not swallowed.
        this.#owner.feed({ kind: "failed", code: Code.USAGE });
        throw error;
      }
    });
    this.#tasks.add(task);
    void task.done.then(() => this.#tasks.delete(task));
    return task;
  }

  #negotiate(work: Negotiation): void {
    this.#negotiation?.cancel();
    this.#negotiation = this.#begin(work);
  }
}
