/**
 * The browser's audio thread, as far as noise suppression goes: `Framing` and `Denoiser` in an
 * AudioWorklet. The program comes with the node, since nothing can be fetched from here.
 */

import type { Bytes } from "../../core/bytes.ts";
import { Framing } from "./framing.ts";
import { NOISE_PROCESSOR, type NoiseOrder, type NoiseSaid } from "./noise_protocol.ts";
import { Denoiser } from "./rnnoise.ts";

/** Web Audio API, 1.32: not in TypeScript's library for pages. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, made: typeof NoiseProcessor): void;

type Channels = readonly Float32Array[];

class NoiseProcessor extends AudioWorkletProcessor {
  readonly #framing: Framing;
  #isOver = false;
  /** All channels of a portion as one; made once, since this thread must not wait for memory. */
  #mono = new Float32Array(128);

  constructor({ processorOptions }: Readonly<{ processorOptions: { program: Bytes } }>) {
    super();
    const say = (said: NoiseSaid) => this.port.postMessage(said);
    const denoiser = new Denoiser(processorOptions.program);
    this.#framing = new Framing(denoiser, () => say({ said: "failed" }));
    this.port.onmessage = ({ data: order }: MessageEvent<NoiseOrder>) => {
      if (order.op === "set") this.#framing.setOn(order.on);
      else this.#isOver = true;
    };
    say({ said: "ready" });
  }

  process([input]: readonly Channels[], [output]: readonly Channels[]): boolean {
    const [out] = output ?? [];
    if (out !== undefined) this.#framing.pass(this.#mix(input ?? [], out.length), out);
    return !this.#isOver;
  }

  #mix(channels: Channels, length: number): Float32Array | undefined {
    if (channels.length <= 1) return channels[0];
    if (this.#mono.length !== length) this.#mono = new Float32Array(length);
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i] ?? 0;
      this.#mono[i] = sum / channels.length;
    }
    return this.#mono;
  }
}

registerProcessor(NOISE_PROCESSOR, NoiseProcessor);
