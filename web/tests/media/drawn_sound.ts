/** Sounds to filter, always the same: noise, and something that RNNoise takes for a voice. */

const RATE = 48_000;

/** White noise of this standard deviation. */
export function noise(samples: number, deviation: number): Float32Array<ArrayBuffer> {
  let state = 0x2545_f491;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const out = new Float32Array(samples);
  for (let i = 0; i < samples; i++) out[i] = (random() - 0.5) * Math.sqrt(12) * deviation;
  return out;
}

/** Resonances of a mouth that says "ah", hertz, and how narrow each is. */
const FORMANTS = [
  [730, 90],
  [1090, 110],
  [2440, 170],
] as const;

/**
 * A throat's pulses (100 to 130 a second, up and down as in speech) through a mouth, in syllables of
 * a quarter of a second.
 */
export function voice(samples: number, peak: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(samples);
  let phase = 0;
  for (let i = 0; i < samples; i++) {
    const t = i / RATE;
    phase += (115 + 15 * Math.sin(2 * Math.PI * 2.3 * t)) / RATE;
    let sum = 0;
    for (let harmonic = 1; harmonic <= 30; harmonic++) {
      const hertz = harmonic * 115;
      const gain = FORMANTS.reduce(
        (most, [centre, width]) => Math.max(most, 1 / (1 + ((hertz - centre) / width) ** 2)),
        0.02,
      );
      sum += (gain / Math.sqrt(harmonic)) * Math.sin(2 * Math.PI * harmonic * phase);
    }
    const syllable = Math.min(1, 4 * Math.sin(Math.PI * ((t * 4) % 1)) ** 2);
    out[i] = sum * (0.15 + 0.85 * syllable);
  }
  const most = out.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return out.map((one) => (one / most) * peak);
}
