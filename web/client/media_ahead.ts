/**
 * The media of a call that is about to be placed, made while its person looks at the preview: a worker
 * runs, there is a connection, and the offer is written. That takes a browser as long as all else that
 * a press sets going.
 *
 * Nothing leaves, and no device is opened. For the caller alone: where it rings there is no connection
 * before a person has accepted.
 */

import { UnavailableError } from "../core/errors.ts";
import type {
  ConnectionOptions,
  MediaConnection,
  MediaEvent,
  MediaFactory,
} from "../media/interfaces.ts";
import { type Ends, LentLocal, LentRemote } from "./call_media.ts";
import { answerOf } from "./call_steps.ts";

/** What media are made for. */
export type WantedMedia = Required<Pick<ConnectionOptions, "video" | "steady">>;

/** One connection that nobody uses yet. */
export class MediaAhead {
  /** Our offer. */
  readonly offer: Promise<string>;
  readonly #wanted: WantedMedia;
  readonly #local = new LentLocal();
  readonly #remote = new LentRemote();
  readonly #connection: MediaConnection;
  #onEvent: (event: MediaEvent) => void = () => {
    this.#isBroken = true; // it fails before it was used
  };
  #isBroken = false;

  /**
   * Return one, or undefined if none can be made now: whoever needs one then is told why.
   *
   * @param makeMedia Makes the connection.
   * @param wanted What the person will probably want.
   */
  static make(makeMedia: MediaFactory, wanted: WantedMedia): MediaAhead | undefined {
    try {
      return new MediaAhead(makeMedia, wanted);
    } catch (error) {
      if (error instanceof UnavailableError) return undefined;
      throw error;
    }
  }

  private constructor(makeMedia: MediaFactory, wanted: WantedMedia) {
    this.#wanted = wanted;
    this.#connection = makeMedia({
      ...wanted,
      local: this.#local,
      remote: this.#remote,
      onEvent: (event) => this.#onEvent(event),
    });
    this.offer = this.#connection.createOffer();
    this.offer.catch(() => {
      this.#isBroken = true;
    });
  }

  /** Whether it can be used for this. */
  fits({ video, steady }: WantedMedia): boolean {
    return !this.#isBroken && video === this.#wanted.video && steady === this.#wanted.steady;
  }

  /**
   * Use it, once; whoever does closes it.
   *
   * @param ends What it shows, and where the other side's goes.
   * @param onEvent Takes what happens.
   */
  use({ local, remote }: Ends, onEvent: (event: MediaEvent) => void): MediaConnection {
    this.#local.lend(local);
    this.#remote.lend(remote);
    this.#onEvent = onEvent;
    return this.#connection;
  }

  /** Close it: nobody will use it. */
  async close(): Promise<void> {
    await answerOf(this.#connection.close());
  }
}
