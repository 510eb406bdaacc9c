/** Opening one camera or microphone of this browser, why that failed, how loud a track is, and silence. */

import type { DeskTrouble, Input } from "./model.ts";

/** Return what a person is told of why a device did not open. */
export function troubleOf(error: unknown): DeskTrouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}

/**
 * Open the device that was chosen; any other if it is not there any more, or none was.
 *
 * @param browserFilter Whether the browser takes noise out; not where a filter of ours does, since two
 *   in a row take parts of words away.
 * @throws DOMException As `getUserMedia`.
 */
export async function openTrack(
  kind: Input,
  id: string | undefined,
  browserFilter: boolean,
): Promise<MediaStreamTrack> {
  if (id === undefined) return await open(kind, {}, browserFilter);
  try {
    // Not `ideal`: among several wishes a browser may prefer another camera to the one chosen.
    return await open(kind, { deviceId: { exact: id } }, browserFilter);
  } catch (error) {
    // In some browsers it is no DOMException.
    if ((error as Partial<Error> | null)?.name !== "OverconstrainedError") throw error;
    return await open(kind, {}, browserFilter);
  }
}

async function open(
  kind: Input,
  device: MediaTrackConstraints,
  browserFilter: boolean,
): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia(
    kind === "camera"
      ? { video: { ...device, width: { ideal: 1280 }, height: { ideal: 720 } } }
      : { audio: { ...device, echoCancellation: true, noiseSuppression: browserFilter } },
  );
  const [track] = stream.getTracks();
  if (track === undefined) throw new DOMException("no track", "NotFoundError");
  return track;
}

/**
 * A track on which nothing is ever heard: sent in the place of a microphone that stopped in a call.
 *
 * Without its packets the other side would take a voice call for lost after seconds, and again after
 * each restart; and whoever watches the line would see when nobody can be heard.
 */
export class Silence {
  readonly #context = new AudioContext();
  readonly track: MediaStreamTrack | undefined;

  constructor() {
    const end = this.#context.createMediaStreamDestination();
    // Chromium makes packets only of what something plays into, though it play nothing.
    const nothing = new ConstantSourceNode(this.#context, { offset: 0 });
    nothing.connect(end);
    nothing.start();
    [this.track] = end.stream.getAudioTracks();
  }

  stop(): void {
    this.track?.stop();
    void this.#context.close();
  }
}

/** How loud a track is. */
export class Meter {
  readonly #context = new AudioContext();
  readonly #analyser = new AnalyserNode(this.#context, { fftSize: 512 });
  readonly #samples = new Float32Array(512);

  constructor(track: MediaStreamTrack) {
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
  }

  /** 0 to 1: the loudest sample of the last hundredth of a second, stretched to what ears expect. */
  level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const peak = this.#samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    return Math.min(1, Math.sqrt(peak));
  }

  close(): void {
    void this.#context.close();
  }
}
