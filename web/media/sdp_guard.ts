/**
 * Session descriptions as this product sends and accepts them: one spelling, nothing optional (twin
 * of `src/visavis/media/sdp_guard.py`).
 *
 * SDP (RFC 8866) as browsers speak it is a large language, and every reader understands it a little
 * differently. A call needs a dozen values of it. So both ends send these values in one fixed text,
 * and `parse` refuses every text that is not, to the byte, what `encode` would write. What a stranger
 * sends is thereby never shown to the browser's large parser: that one only ever sees our own text.
 * Not for: what the browser itself writes (`local_description.ts`). Pure.
 *
 *     v=0 ... a=group:BUNDLE 0 1 2
 *     m=audio 9 UDP/TLS/RTP/SAVPF <pt>          Opus, constant size (RFC 7587)
 *     m=video 9 UDP/TLS/RTP/SAVPF <pt> [<rtx>]  VP8 (RFC 7741), retransmission (RFC 4588)
 *     m=application 9 UDP/DTLS/SCTP ...         real-time text (RFC 8841), always, last
 *
 * What is refused, and why:
 *
 * - CK-660: more than 64 KiB, or bytes that are not ASCII: nothing here needs them.
 * - CK-661: other codecs, other fmtp: variable-size Opus shows what is said, AV1 and H264 cannot be
 *   sealed frame by frame.
 * - CK-662: addresses and candidates: they would tell the other side where we are before a tap, or
 *   make us send packets to a host of their choice. Candidates travel apart; see `candidates.ts`.
 * - CK-663: a missing, doubled or short fingerprint: DTLS would accept any certificate.
 * - CK-664: sections beyond one audio, one video and one of data channels, simulcast, ICE lite. Which
 *   channel there is stands in no description: both ends make it (`text_channel.ts`).
 * - CK-665: header extensions other than mid and send time: the audio level (RFC 6464) travels
 *   outside SRTP's encryption and tells the relay when somebody speaks.
 * - CK-666: an answer that does not fit our offer.
 * - CK-369: an answer with a picture in a call that was accepted as a voice call.
 */

import { type Bytes, fromHex, hex } from "../core/bytes.ts";
import { Code, PeerError } from "../core/errors.ts";
import type { Kind } from "../core/frame_keys.ts";

/** Bytes. The longest description `encode` can write is under 2 KiB. */
export const MAX_DESCRIPTION = 65_536;

export const OPUS_PARAMETERS = "cbr=1;usedtx=0;useinbandfec=0";

export type DescriptionType = "offer" | "answer";
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";
export type Setup = "actpass" | "active" | "passive";

export const MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid";
export const TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
const SCTP_PORT = 5000;
/** Bytes that an end says it takes in one message (RFC 8841, 6); ours have 152. */
const MAX_MESSAGE = 65_536;
const FEEDBACK = ["nack", "nack pli", "goog-remb"] as const;

/** One media section. */
export type Section = Readonly<{
  /** From the point of view of whoever wrote the description (RFC 3264, 5.1). */
  direction: Direction;
  /** 96 to 127. */
  payloadType: number;
  /** Present exactly if the writer would send. */
  ssrc: number | undefined;
  /** Header extension id 1 to 14 of `mid` (RFC 8843, 15). */
  midExtension: number;
  /** Video only, undefined if retransmission is off. */
  rtxPayloadType: number | undefined;
  /** Present exactly if `ssrc` and `rtxPayloadType` are. */
  rtxSsrc: number | undefined;
  /** Video only: header extension id of the send time, undefined if unused. */
  timeExtension: number | undefined;
}>;

/** One whole offer or answer. It holds a password: it is not for printing. */
export type Description = Readonly<{
  /** Offer or answer; not part of the text. */
  kind: DescriptionType;
  /** ICE user name fragment, 4 to 32 characters (RFC 8839, 5.4). */
  ufrag: string;
  /** ICE password, 22 to 128 characters. */
  password: string;
  /** SHA-256 of the DTLS certificate, 32 bytes (RFC 8122, 5). */
  fingerprint: Bytes;
  /** DTLS role (RFC 8842, 5). */
  setup: Setup;
  audio: Section;
  /** Undefined in a voice call. */
  video: Section | undefined;
}>;

/** Whether the writer of the section would send. */
export function sends(section: Section): boolean {
  return section.direction === "sendrecv" || section.direction === "sendonly";
}

/** Return the one text of a description. */
export function encode(description: Description): string {
  const { audio, video } = description;
  const lines = [
    "v=0",
    "o=- 0 0 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE 0 1${video === undefined ? "" : " 2"}`,
    "a=msid-semantic:WMS *",
    ...encodeSection(description, "audio", "0", audio),
    ...(video === undefined ? [] : encodeSection(description, "video", "1", video)),
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    `a=mid:${video === undefined ? "1" : "2"}`,
    `a=sctp-port:${SCTP_PORT}`,
    `a=max-message-size:${MAX_MESSAGE}`,
    ...encodeTransport(description),
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

function encodeSection(whole: Description, kind: Kind, mid: string, section: Section): string[] {
  const { payloadType: payload, rtxPayloadType: rtx, ssrc, rtxSsrc } = section;
  const lines = [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payload}${rtx === undefined ? "" : ` ${rtx}`}`,
    "c=IN IP4 0.0.0.0",
    `a=${section.direction}`,
    `a=extmap:${section.midExtension} ${MID_URI}`,
  ];
  if (section.timeExtension !== undefined) {
    lines.push(`a=extmap:${section.timeExtension} ${TIME_URI}`);
  }
  lines.push(`a=mid:${mid}`, `a=msid:visavis ${kind}`, "a=rtcp-mux");
  if (rtxSsrc !== undefined) lines.push(`a=ssrc-group:FID ${ssrc} ${rtxSsrc}`);
  for (const source of [ssrc, rtxSsrc]) {
    if (source !== undefined) lines.push(`a=ssrc:${source} cname:visavis`);
  }
  if (kind === "audio") {
    lines.push(`a=rtpmap:${payload} opus/48000/2`, `a=fmtp:${payload} ${OPUS_PARAMETERS}`);
  } else {
    lines.push(`a=rtpmap:${payload} VP8/90000`);
    for (const feedback of FEEDBACK) lines.push(`a=rtcp-fb:${payload} ${feedback}`);
  }
  if (rtx !== undefined) lines.push(`a=rtpmap:${rtx} rtx/90000`, `a=fmtp:${rtx} apt=${payload}`);
  return [...lines, ...encodeTransport(whole)];
}

function encodeTransport(whole: Description): string[] {
  const fingerprint = hex(whole.fingerprint).toUpperCase().match(/../g)?.join(":") ?? "";
  return [
    `a=ice-ufrag:${whole.ufrag}`,
    `a=ice-pwd:${whole.password}`,
    "a=ice-options:trickle",
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${whole.setup}`,
  ];
}

/**
 * Read a description that came from the other side.
 *
 * @param text The description as it was received.
 * @param kind Which of the two it has to be.
 * @returns The values; `encode(parse(text, kind)) === text`.
 * @throws PeerError `MALFORMED`, for any of CK-660 to CK-665.
 */
export function parse(text: string, kind: DescriptionType): Description {
  if (text.length > MAX_DESCRIPTION) throw malformed("CK-660: a description over 64 KiB");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII has them.
  if (!/^[\x00-\x7f]*$/.test(text)) throw malformed("CK-660: a description that is not ASCII");
  const values = TEXT.exec(text)?.groups;
  if (values === undefined) throw malformed(likelyReason(text));
  const { ufrag = "", password = "", fingerprint = "", setup, v_pt: videoPayload } = values;
  const description: Description = {
    kind,
    ufrag,
    password,
    fingerprint: fromHex(fingerprint.replaceAll(":", "")),
    setup: setup as Setup, // the grammar has these three words only
    audio: readSection(values, "a_"),
    video: videoPayload === undefined ? undefined : readSection(values, "v_"),
  };
  checkValues(description);
  // Leading zeros, a BUNDLE that does not fit: whatever the grammar left open, there is one spelling.
  if (encode(description) !== text) {
    throw malformed("CK-664: a description in another spelling than ours");
  }
  return description;
}

/**
 * Check that an answer fits the offer (RFC 3264, 6) and what was agreed.
 *
 * @param offer Ours.
 * @param answer Theirs.
 * @param video Whether the two people agreed on a picture.
 * @throws PeerError `MALFORMED`, CK-666, CK-369.
 */
export function checkAnswer(offer: Description, answer: Description, video: boolean): void {
  if (!video && answer.video !== undefined && answer.video.direction !== "inactive") {
    throw malformed("CK-369: the answer of a voice call has a picture");
  }
  if ((offer.video === undefined) !== (answer.video === undefined)) {
    throw malformed("CK-666: the answer has other sections than the offer");
  }
  checkSection(offer.audio, answer.audio);
  if (offer.video !== undefined && answer.video !== undefined) {
    checkSection(offer.video, answer.video);
  }
}

function checkSection(ours: Section, theirs: Section): void {
  const absentOr = (their: number | undefined, our: number | undefined) =>
    their === undefined || their === our;
  if (
    theirs.payloadType !== ours.payloadType ||
    !absentOr(theirs.rtxPayloadType, ours.rtxPayloadType)
  ) {
    throw malformed("CK-666: the answer has other payload types than the offer");
  }
  if (
    theirs.midExtension !== ours.midExtension ||
    !absentOr(theirs.timeExtension, ours.timeExtension)
  ) {
    throw malformed("CK-666: the answer has other header extensions than the offer");
  }
  if (sends(theirs) && ours.direction !== "sendrecv" && ours.direction !== "recvonly") {
    throw malformed("CK-666: the answer sends what was not asked for");
  }
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

/** The grammar. Every repetition is bounded, so matching is linear in the text. */
function pattern(): RegExp {
  const [number, token] = ["[0-9]{1,10}", "[A-Za-z0-9+/]"];
  const lines = (...parts: readonly string[]) => parts.map((part) => `${part}\\r\\n`).join("");

  const transport = (first: boolean) => {
    const once = (group: string, inner: string) =>
      first ? `(?<${group}>${inner})` : `\\k<${group}>`;
    return lines(
      `a=ice-ufrag:${once("ufrag", `${token}{4,32}`)}`,
      `a=ice-pwd:${once("password", `${token}{22,128}`)}`,
      "a=ice-options:trickle",
      `a=fingerprint:sha-256 ${once("fingerprint", "[0-9A-F]{2}(?::[0-9A-F]{2}){31}")}`,
      `a=setup:${once("setup", "actpass|active|passive")}`,
    );
  };

  const section = (kind: Kind, prefix: string, first: boolean) => {
    const name = (group: string, inner: string) => `(?<${prefix}${group}>${inner})`;
    const payload = `\\k<${prefix}pt>`;
    const head = [
      lines(
        `m=${kind} 9 UDP/TLS/RTP/SAVPF ${name("pt", number)}` +
          (first ? "" : `(?: ${name("rtx", number)})?`),
        "c=IN IP4 0\\.0\\.0\\.0",
        `a=${name("direction", "sendrecv|sendonly|recvonly|inactive")}`,
        `a=extmap:${name("mid", number)} ${literal(MID_URI)}`,
      ),
      first ? "" : `(?:${lines(`a=extmap:${name("time", number)} ${literal(TIME_URI)}`)})?`,
      lines(`a=mid:${first ? "0" : "1"}`, `a=msid:visavis ${kind}`, "a=rtcp-mux"),
    ];
    const source = `(?:${lines(`a=ssrc:${name("ssrc", number)} cname:visavis`)})?`;
    const body = first
      ? [
          source,
          lines(
            `a=rtpmap:${payload} opus/48000/2`,
            `a=fmtp:${payload} ${literal(OPUS_PARAMETERS)}`,
          ),
        ]
      : [
          `(?:${lines(`a=ssrc-group:FID ${number} ${name("rtx_ssrc", number)}`)})?`,
          source,
          `(?:${lines(`a=ssrc:${number} cname:visavis`)})?`,
          lines(
            `a=rtpmap:${payload} VP8/90000`,
            ...FEEDBACK.map((feedback) => `a=rtcp-fb:${payload} ${feedback}`),
          ),
          `(?:${lines(`a=rtpmap:${number} rtx/90000`, `a=fmtp:${number} apt=${number}`)})?`,
        ];
    return [...head, ...body, transport(first)].join("");
  };

  const head = lines(
    "v=0",
    "o=- 0 0 IN IP4 0\\.0\\.0\\.0",
    "s=-",
    "t=0 0",
    "a=group:BUNDLE 0 1(?: 2)?",
    "a=msid-semantic:WMS \\*",
  );
  const data = lines(
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0\\.0\\.0\\.0",
    "a=mid:[12]",
    `a=sctp-port:${SCTP_PORT}`,
    `a=max-message-size:${MAX_MESSAGE}`,
  );
  const media = `${section("audio", "a_", true)}(?:${section("video", "v_", false)})?`;
  return new RegExp(`^${head}${media}${data}${transport(false)}$`);
}

const TEXT = pattern();

type Values = Readonly<Record<string, string | undefined>>;

function readSection(values: Values, prefix: string): Section {
  const number = (name: string) => {
    const value = values[prefix + name];
    return value === undefined ? undefined : Number(value);
  };
  return {
    direction: values[`${prefix}direction`] as Direction, // the grammar has these four words only
    payloadType: number("pt") ?? 0,
    ssrc: number("ssrc"),
    midExtension: number("mid") ?? 0,
    rtxPayloadType: number("rtx"),
    rtxSsrc: number("rtx_ssrc"),
    timeExtension: number("time"),
  };
}

/** Check ranges and that no number is used twice. */
function checkValues(description: Description): void {
  const sections = [description.audio, description.video].filter((part) => part !== undefined);
  const all = (...get: readonly ((section: Section) => number | undefined)[]) =>
    sections
      .flatMap((section) => get.map((one) => one(section)))
      .filter((value) => value !== undefined);
  const payloads = all(
    (section) => section.payloadType,
    (section) => section.rtxPayloadType,
  );
  const sources = all(
    (section) => section.ssrc,
    (section) => section.rtxSsrc,
  );
  const mids = new Set(all((section) => section.midExtension));
  const times = new Set(all((section) => section.timeExtension));
  if (!payloads.every((payload) => payload >= 96 && payload <= 127)) {
    throw malformed("CK-661: a payload type that is not dynamic");
  }
  if (!sources.every((source) => source > 0 && source < 2 ** 32)) {
    throw malformed("CK-664: an SSRC out of range");
  }
  if (new Set(payloads).size !== payloads.length || new Set(sources).size !== sources.length) {
    throw malformed("CK-664: one number used twice");
  }
  // Bundled sections share one table of extension ids (RFC 8843, 7.1.3).
  if (mids.size !== 1 || [...mids].some((id) => times.has(id))) {
    throw malformed("CK-665: header extension ids that clash");
  }
  if (![...mids, ...times].every((id) => id > 0 && id < 15)) {
    throw malformed("CK-665: a header extension id out of range");
  }
  for (const section of sections) {
    if (sends(section) !== (section.ssrc !== undefined)) {
      throw malformed("CK-664: an SSRC without sending, or sending without an SSRC");
    }
    const hasRtx = section.ssrc !== undefined && section.rtxPayloadType !== undefined;
    if (hasRtx !== (section.rtxSsrc !== undefined)) {
      throw malformed("CK-664: retransmission half described");
    }
  }
  if ((description.setup === "actpass") !== (description.kind === "offer")) {
    throw malformed("CK-663: a DTLS role that does not fit an offer or an answer");
  }
}

/** For the developer's detail only; the grammar has refused the text already. */
const REASONS = [
  ["a=candidate:", "CK-662: a candidate inside a description"],
  ["a=remote-candidates:", "CK-662: a candidate inside a description"],
  ["a=simulcast", "CK-664: simulcast"],
  ["a=rid", "CK-664: simulcast"],
  ["a=ice-lite", "CK-664: ICE lite"],
  ["ssrc-audio-level", "CK-665: the audio level in the clear"],
] as const;

function likelyReason(text: string): string {
  for (const [needle, reason] of REASONS) if (text.includes(needle)) return reason;
  const count = (needle: string) => text.split(needle).length;
  if (count("\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n") !== 2) {
    return "CK-664: not one section for data channels";
  }
  if (count("a=fingerprint:") !== count("\nm=")) {
    return "CK-663: not one fingerprint for each section";
  }
  if (/^[co]=(?!.* 0\.0\.0\.0\r?$)/m.test(text)) return "CK-662: an address inside a description";
  return "CK-661: codecs, parameters or attributes beyond Opus and VP8 as we use them";
}

function malformed(detail: string): PeerError {
  return new PeerError(Code.MALFORMED, detail);
}
