/** The page's side of our own blur: the worker, its track, and what becomes of both. */

import { scriptUrl } from "../trusted.ts";
import type { BlurFigures, BlurOrder, BlurSaid } from "./blur_protocol.ts";
import { type BlurredTrack, byCanvas, byStreams, hasStreams } from "./blur_tracks.ts";
import workerUrl from "./blur_worker.ts?worker&url";
import { type BlurredBackground, BlurTrouble } from "./blurred.ts";
import { Told } from "./told.ts";

/** Pictures that may fail before the person is told: a camera changes its size, once. */
const FAILURES = 5;
/** How long a worker may take to let the camera's pictures go. */
const STOP_MS = 1000;

/**
 * Start a worker that blurs.
 *
 * @throws UnavailableError There is no way to make a track here.
 */
export async function blurHere(camera: MediaStreamTrack): Promise<BlurredBackground> {
  const blur = new OwnBlur();
  try {
    return blur.begin(
      hasStreams() ? byStreams(camera, blur.post) : await byCanvas(camera, blur.post),
    );
  } catch (error) {
    blur.end();
    throw error;
  }
}

class OwnBlur {
  readonly #worker = new Worker(scriptUrl(workerUrl), { type: "module", name: "visavis-blur" });
  readonly #troubles = new Told<BlurTrouble>();
  readonly #clear = Promise.withResolvers<void>();
  #waiting: ((figures: BlurFigures | undefined) => void)[] = [];
  #failures = 0;
  #isStopped = false;
  #hasEnded = false;
  #track: BlurredTrack | undefined;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<BlurSaid>) => this.#hear(data);
    this.#worker.onerror = () => {
      this.#troubles.tell(BlurTrouble.NO_PICTURE);
      this.end();
    };
  }

  readonly post = (order: BlurOrder, transfer: Transferable[] = []): void => {
    this.#worker.postMessage(order, transfer);
  };

  begin(blurred: BlurredTrack): BlurredBackground {
    this.#track = blurred;
    return {
      track: blurred.track,
      by: "own",
      clear: this.#clear.promise,
      onTrouble: (listener) => this.#troubles.listen(listener),
      figures: () => this.#figures(),
      stop: () => this.#stop(),
    };
  }

  /** End the worker, and nobody waits for it. */
  end(): void {
    this.#hasEnded = true;
    this.#worker.terminate();
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }

  #hear(said: BlurSaid): void {
    switch (said.said) {
      case "ready":
        this.#clear.resolve();
        return;
      case "failed":
        this.#troubles.tell(BlurTrouble.WHOLE);
        return;
      case "dropped":
        if (++this.#failures === FAILURES) this.#troubles.tell(BlurTrouble.NO_PICTURE);
        return;
      case "next":
        this.#track?.onNext();
        return;
      case "picture":
        this.#track?.onPicture(said.picture);
        return;
      case "figures":
        this.#waiting.shift()?.(said.figures);
        return;
      case "stopped":
        this.end();
        return;
    }
  }

  #figures(): Promise<BlurFigures | undefined> {
    if (this.#hasEnded || this.#isStopped) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.post({ op: "figures" });
    });
  }

  #stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#track?.stop();
    this.post({ op: "stop" }); // it lets the camera's pictures go, which a dead worker would keep
    setTimeout(() => this.end(), STOP_MS);
  }
}
