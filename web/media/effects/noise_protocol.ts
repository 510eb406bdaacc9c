/** What page and audio thread say to each other. */

export const NOISE_PROCESSOR = "visavis-noise";

export type NoiseOrder = Readonly<{ op: "set"; on: boolean } | { op: "end" }>;

export type NoiseSaid = Readonly<{ said: "ready" | "failed" }>;
