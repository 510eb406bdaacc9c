/**
 * From a browser's own descriptions to ours (`sdp_guard.ts`): keep a dozen values, leave the rest.
 *
 * Browsers differ in order, in what they put at session level and in what they offer beyond a call's
 * needs; none of that travels. What is reduced here stays in force inside the browser, so the other
 * side's answer, which is in our one text, is what both narrow down to. The way back needs nothing:
 * our text is SDP that every browser takes. Not for a peer's text. Pure.
 */

import { fromHex } from "../core/bytes.ts";
import { UsageError } from "../core/errors.ts";
import type { Kind } from "../core/frame_keys.ts";
import {
  type Description,
  type DescriptionType,
  type Direction,
  MID_URI,
  type Section,
  type Setup,
  sends,
  TIME_URI,
} from "./sdp_guard.ts";

const CODECS = { audio: "opus/48000/2", video: "vp8/90000" } as const;
const MIDS = { audio: "0", video: "1" } as const;
/** Bundled sections have port 0 in Firefox's offers (RFC 8843, 6). */
const DATA = /^(?:0|9|[1-9][0-9]{1,4}) UDP\/DTLS\/SCTP webrtc-datachannel$/;
const DIRECTIONS: readonly string[] = ["sendrecv", "sendonly", "recvonly", "inactive"];
const SETUPS: readonly string[] = ["actpass", "active", "passive"];

/** The lines of one part of a description: the session, or one media section. */
class Lines {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/);
  }

  /** Return what follows a prefix, for each line that has it. */
  after(prefix: string): readonly string[] {
    return this.#lines
      .filter((line) => line.startsWith(prefix))
      .map((line) => line.slice(prefix.length));
  }

  has(line: string): boolean {
    return this.#lines.includes(line);
  }
}

/**
 * Reduce what our browser wrote to what we send: no address, no audio level, one fingerprint.
 *
 * @param text `createOffer().sdp` or `createAnswer().sdp`; never a peer's text.
 * @param kind Offer or answer.
 * @throws UsageError The browser wrote something that no Visavis call has.
 */
export function minimise(text: string, kind: DescriptionType): Description {
  const [head = "", ...bodies] = text.split(/^(?=m=)/m);
  const session = new Lines(head);
  const sections = bodies.map((body) => new Lines(body));
  const data = sections.at(-1);
  const [audio, video, beyond] = sections.slice(0, -1);
  if (audio === undefined || data === undefined || beyond !== undefined) {
    throw new UsageError("a description without the sections of a call");
  }
  const [carries = ""] = data.after("m=application ");
  if (!DATA.test(carries) || !data.has(`a=mid:${video === undefined ? 1 : 2}`)) {
    throw new UsageError("a description without the section of text, last");
  }
  // A browser may say it once for all, or in each section; bundled sections share the first one's.
  const shared = (prefix: string) => audio.after(prefix)[0] ?? session.after(prefix)[0];
  const hash = shared("a=fingerprint:sha-256 ");
  const prints = [session, ...sections].flatMap((lines) => lines.after("a=fingerprint:sha-256 "));
  if (hash === undefined || prints.some((other) => other !== hash)) {
    throw new UsageError("a description without one SHA-256 fingerprint");
  }
  const [ufrag, password] = [shared("a=ice-ufrag:"), shared("a=ice-pwd:")];
  const setup = shared("a=setup:") ?? "";
  if (ufrag === undefined || password === undefined || !SETUPS.includes(setup)) {
    throw new UsageError("a description without ICE credentials or a DTLS role");
  }
  return {
    kind,
    ufrag,
    password,
    fingerprint: fromHex(hash.replaceAll(":", "")),
    setup: setup as Setup,
    audio: reduce(audio, "audio"),
    video: video === undefined ? undefined : reduce(video, "video"),
  };
}

function reduce(lines: Lines, kind: Kind): Section {
  const [media] = lines.after(`m=${kind} `);
  if (media === undefined || !lines.has(`a=mid:${MIDS[kind]}`)) {
    throw new UsageError("a description with its sections in another order");
  }
  const listed = media.split(" ").slice(2);
  const codecs = new Map(
    lines.after("a=rtpmap:").map((line): [string, string] => {
      const [payload = "", codec = ""] = line.split(" ");
      return [payload, codec.toLowerCase()];
    }),
  );
  const main = listed.filter((payload) => codecs.get(payload) !== "rtx/90000");
  const [payload] = main;
  if (payload === undefined || main.length !== 1 || codecs.get(payload) !== CODECS[kind]) {
    throw new UsageError("a description with other codecs than Opus and VP8");
  }
  const rtx = listed.find(
    (other) =>
      codecs.get(other) === "rtx/90000" && lines.has(`a=fmtp:${other} apt=${Number(payload)}`),
  );
  const direction = DIRECTIONS.find((one) => lines.has(`a=${one}`)) ?? "sendrecv";
  // The id may carry a direction of its own ("3/sendonly"); RFC 8285, 8.
  const extensions = new Map(
    lines.after("a=extmap:").map((line): [string, number] => {
      const [id = "", uri = ""] = line.split(" ");
      return [uri, Number.parseInt(id, 10)];
    }),
  );
  const midExtension = extensions.get(MID_URI);
  if (midExtension === undefined) throw new UsageError("a description without mid in RTP");
  const section = {
    direction: direction as Direction,
    payloadType: Number(payload),
    midExtension,
    rtxPayloadType: rtx === undefined ? undefined : Number(rtx),
    timeExtension: kind === "video" ? extensions.get(TIME_URI) : undefined,
    ssrc: undefined,
    rtxSsrc: undefined,
  };
  if (!sends(section)) return section;
  const [pair] = lines.after("a=ssrc-group:FID ").map((group) => group.split(" ").map(Number));
  const [first] = lines.after("a=ssrc:").map((line) => Number.parseInt(line, 10));
  const ssrc = pair?.[0] ?? first;
  if (ssrc === undefined) throw new UsageError("a description that sends without an SSRC");
  const rtxSsrc = rtx === undefined ? undefined : pair?.[1];
  // Retransmission without its SSRC is none.
  const rtxPayloadType = rtxSsrc === undefined ? undefined : section.rtxPayloadType;
  return { ...section, ssrc, rtxPayloadType, rtxSsrc };
}
