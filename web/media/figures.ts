/**
 * What a call needs of a browser's statistics (W3C webrtc-stats): a few figures, the same from every
 * browser. Pure.
 */

import type { MediaPath } from "./interfaces.ts";

/** One transport's figures at one moment. */
export type Reading = Readonly<{
  /** Grows with every packet that arrives, RTP or RTCP. */
  arrived: number;
  framesDecoded: number;
  audioDecodedS: number;
  path: MediaPath;
  rttMs: number | undefined;
  /** Bytes over the relay and without it, as far as the browser counts them for its pairs. */
  bytes: Bytes;
}>;

/** Payload of ICE: without TURN's framing and without checks. */
export type Bytes = Readonly<{
  relaySent: number;
  relayReceived: number;
  directSent: number;
  directReceived: number;
}>;

export const NO_BYTES: Bytes = {
  relaySent: 0,
  relayReceived: 0,
  directSent: 0,
  directReceived: 0,
};

export const NOTHING: Reading = {
  arrived: 0,
  framesDecoded: 0,
  audioDecodedS: 0,
  path: "none",
  rttMs: undefined,
  bytes: NO_BYTES,
};

/** One entry of a report. Its members differ from type to type, and from browser to browser. */
type Entry = Readonly<Record<string, unknown>>;

function member(entry: Entry | undefined, name: string): unknown {
  return entry?.[name];
}

/** Read the figures of one transport from `RTCPeerConnection.getStats()`. */
export function read(report: ReadonlyMap<string, Entry>): Reading {
  const entries = [...report.values()];
  const of = (type: string) => entries.filter((entry) => member(entry, "type") === type);
  const pair = selectedPair(report, of("transport"), of("candidate-pair"));
  const inbound = of("inbound-rtp");
  const video = inbound.filter((entry) => member(entry, "kind") === "video");
  const audio = inbound.filter((entry) => member(entry, "kind") === "audio");
  const trips = [
    number(member(pair, "currentRoundTripTime")),
    ...of("remote-inbound-rtp").map((entry) => number(member(entry, "roundTripTime"))),
  ].filter((trip) => trip !== undefined && trip > 0);
  const [rtt] = trips;
  return {
    arrived: arrived(entries),
    framesDecoded: sum(video, "framesDecoded"),
    audioDecodedS: (sum(audio, "totalSamplesReceived") - sum(audio, "concealedSamples")) / 48_000,
    path: pathOf(report, pair),
    rttMs: rtt === undefined ? undefined : rtt * 1000,
    bytes: bytesOf(report, of("candidate-pair")),
  };
}

/**
 * Not every browser counts packets of the transport, so all counts that any of them has are added:
 * what matters is that the sum stands still if nothing arrives.
 */
function arrived(entries: readonly Entry[]): number {
  const of = (type: string) => entries.filter((entry) => member(entry, "type") === type);
  return (
    sum(of("transport"), "packetsReceived") +
    sum(of("inbound-rtp"), "packetsReceived") +
    sum(of("remote-inbound-rtp"), "roundTripTimeMeasurements") +
    sum(of("remote-outbound-rtp"), "reportsSent")
  );
}

function selectedPair(
  report: ReadonlyMap<string, Entry>,
  transports: readonly Entry[],
  pairs: readonly Entry[],
): Entry | undefined {
  for (const transport of transports) {
    const id = member(transport, "selectedCandidatePairId");
    if (typeof id === "string" && report.has(id)) return report.get(id);
  }
  // Firefox names it on the pair itself.
  return pairs.find((pair) => member(pair, "selected") === true);
}

function bytesOf(report: ReadonlyMap<string, Entry>, pairs: readonly Entry[]): Bytes {
  const relayed = pairs.filter((pair) => pathOf(report, pair) === "relayed");
  const direct = pairs.filter((pair) => pathOf(report, pair) === "direct");
  return {
    relaySent: sum(relayed, "bytesSent"),
    relayReceived: sum(relayed, "bytesReceived"),
    directSent: sum(direct, "bytesSent"),
    directReceived: sum(direct, "bytesReceived"),
  };
}

function pathOf(report: ReadonlyMap<string, Entry>, pair: Entry | undefined): MediaPath {
  if (pair === undefined) return "none";
  const types = ["localCandidateId", "remoteCandidateId"].map((name) => {
    const id = member(pair, name);
    return typeof id === "string" ? member(report.get(id), "candidateType") : undefined;
  });
  return types.includes("relay") ? "relayed" : "direct";
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function sum(entries: readonly Entry[], name: string): number {
  return entries.reduce((total, entry) => total + (number(member(entry, name)) ?? 0), 0);
}
