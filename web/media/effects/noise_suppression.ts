/**
 * Takes the noise out of a microphone's sound on this device: RNNoise on the audio thread, or the
 * browser's own filter where that cannot run. Nothing is loaded before it is asked for, and nothing
 * from anywhere but our own origin (1.9 MB, 1.3 MB as it is sent).
 *
 * Sound goes on whatever happens: if the filter fails, with the noise. It is not for hiding anything:
 * who speaks in the background is heard, if not as well.
 */

import rnnoiseUrl from "@jitsi/rnnoise-wasm/dist/rnnoise-sync.js?url";
import type { Bytes } from "../../core/bytes.ts";
import { Code, UnavailableError } from "../../core/errors.ts";
import { scriptUrl } from "../trusted.ts";
import { NOISE_PROCESSOR, type NoiseOrder, type NoiseSaid } from "./noise_protocol.ts";
import workletUrl from "./noise_worklet.ts?worker&url";
import { RATE, unpack } from "./rnnoise.ts";
import { browserFilters, type NoiseFilter, noiseSupport } from "./support.ts";
import { Told } from "./told.ts";

export { type NoiseFilter, noiseSupport };

/**
 * How long an audio thread may take to begin, once all files are there. A browser that wants a tap
 * first never does. Higher has whoever waits for it wait longer; lower gives up on slow devices.
 */
const START_MS = 8000;

/** A microphone's track, filtered. */
export type SuppressedNoise = Readonly<{
  /** To be sent and measured. The very same track if the browser filters. */
  track: MediaStreamTrack;
  by: NoiseFilter;
  /**
   * Filter or not, also in a running call, without a gap. It is on at first.
   *
   * @returns Whether it is now as wanted.
   */
  setOn(on: boolean): Promise<boolean>;
  /** Be told once that the filter failed and sound goes on unfiltered; what it returns ends that. */
  onTrouble(listener: () => void): () => void;
  /** Free what it holds and end its own track. The microphone's stays open. Harmless when repeated. */
  stop(): void;
}>;

/**
 * Filter a microphone's sound. Its echo cancellation stays; its own noise filter is turned off while
 * ours runs, since two in a row take parts of words away.
 *
 * @param microphone Stays the caller's. When it ends, silence follows: listen to it, not to ours.
 */
export async function suppressNoise(microphone: MediaStreamTrack): Promise<SuppressedNoise> {
  if (noiseSupport() === "own") {
    try {
      return await filterHere(microphone);
    } catch {
      // No audio thread, another rate than the microphone's, a file that did not come.
    }
  }
  return filterThere(microphone);
}

async function filterHere(microphone: MediaStreamTrack): Promise<SuppressedNoise> {
  const program = await load(); // as long as the network takes
  const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
  try {
    const graph = await withinTime(build(context, microphone, program));
    await setBrowserFilter(microphone, false);
    return graph;
  } catch (error) {
    void context.close();
    throw error;
  }
}

async function build(
  context: AudioContext,
  microphone: MediaStreamTrack,
  program: Bytes,
): Promise<SuppressedNoise> {
  const source = context.createMediaStreamSource(new MediaStream([microphone]));
  const destination = context.createMediaStreamDestination();
  destination.channelCount = 1;
  await Promise.all([context.audioWorklet.addModule(scriptUrl(workletUrl)), context.resume()]);
  const node = new AudioWorkletNode(context, NOISE_PROCESSOR, {
    numberOfInputs: 1,
    numberOfOutputs: 1,
    outputChannelCount: [1],
    processorOptions: { program },
  });
  const order = (what: NoiseOrder) => node.port.postMessage(what);
  const trouble = new Told<"failed">();
  await new Promise<void>((resolve, reject) => {
    node.onprocessorerror = () => {
      reject(new UnavailableError(Code.UNAVAILABLE, "the audio thread refused the filter"));
      // It will never make a sound again: let the microphone by.
      source.disconnect();
      if (context.state !== "closed") source.connect(destination);
      trouble.tell("failed");
    };
    node.port.onmessage = ({ data }: MessageEvent<NoiseSaid>) => {
      if (data.said === "ready") resolve();
      else trouble.tell("failed");
    };
  });
  // A phone call, or another page that wants the loudspeaker, may stop it: go on when that is over.
  context.onstatechange = () => {
    if (context.state !== "running" && context.state !== "closed") {
      void context.resume().catch(() => undefined);
    }
  };
  source.connect(node).connect(destination);
  const [track] = destination.stream.getAudioTracks();
  if (track === undefined) throw new UnavailableError(Code.UNAVAILABLE, "no track");
  return {
    track,
    by: "own",
    async setOn(on) {
      order({ op: "set", on });
      return !on || !trouble.has("failed");
    },
    onTrouble: (listener) => trouble.listen(listener),
    stop() {
      order({ op: "end" });
      track.stop();
      source.disconnect();
      if (context.state !== "closed") void context.close();
    },
  };
}

async function filterThere(microphone: MediaStreamTrack): Promise<SuppressedNoise> {
  const can = browserFilters() && (await setBrowserFilter(microphone, true));
  return {
    track: microphone,
    by: can ? "browser" : "none",
    setOn: async (on) => (can ? setBrowserFilter(microphone, on) : !on),
    onTrouble: () => () => {},
    stop() {},
  };
}

/** Return whether the browser's own filter is now as wanted. */
async function setBrowserFilter(microphone: MediaStreamTrack, on: boolean): Promise<boolean> {
  try {
    await microphone.applyConstraints({ ...microphone.getConstraints(), noiseSuppression: on });
  } catch {
    // What it is set to counts.
  }
  return microphone.getSettings().noiseSuppression === on;
}

async function load(): Promise<Bytes> {
  const answer = await fetch(rnnoiseUrl);
  if (!answer.ok) throw new UnavailableError(Code.UNAVAILABLE, "a file of ours did not come");
  return unpack(await answer.text());
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new UnavailableError(Code.UNAVAILABLE, "the audio thread did not begin"));
    }, START_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
