/** Descriptions have one spelling; every other text is refused and never reaches the browser. */

import { describe, expect, test } from "vitest";
import { Code, PeerError, UsageError } from "../../core/errors.ts";
import { minimise } from "../../media/local_description.ts";
import {
  checkAnswer,
  type Description,
  type Direction,
  encode,
  MAX_DESCRIPTION,
  parse,
} from "../../media/sdp_guard.ts";
import {
  ANSWER,
  AUDIO,
  CHROMIUM_OFFER,
  CHROMIUM_VOICE_ANSWER,
  OFFER,
  PYTHON_OFFER,
  VIDEO,
} from "./descriptions.ts";

const VOICE: Description = { ...OFFER, video: undefined };
const GOOD = encode(OFFER);
const [AV = "", DATA = ""] = GOOD.split(/^(?=m=application)/m);
const PRINT = GOOD.split("a=fingerprint:sha-256 ")[1]?.split("\r\n")[0] ?? "";
const PRINT_LINE = `a=fingerprint:sha-256 ${PRINT}\r\n`;

function caught(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("the text is Python's, to the byte", () => {
  expect(GOOD).toBe(PYTHON_OFFER);
});

test.each([OFFER, VOICE, ANSWER])("what is encoded parses to the same", (description) => {
  expect(parse(encode(description), description.kind)).toEqual(description);
});

const HOSTILE: Readonly<Record<string, string>> = {
  "CK-660 oversize": GOOD + "a=x\r\n".repeat(20_000),
  "CK-660 not ASCII": GOOD.replace("s=-", "s=é"),
  "CK-661 H264": GOOD.replace("VP8/90000", "H264/90000"),
  "CK-661 another codec beside": GOOD.replace("SAVPF 97 98", "SAVPF 97 98 99").replace(
    "a=rtpmap:97",
    "a=rtpmap:99 AV1/90000\r\na=rtpmap:97",
  ),
  "CK-661 PCMU": GOOD.replace("opus/48000/2", "PCMU/8000"),
  "CK-661 variable-size Opus": GOOD.replace("cbr=1", "cbr=0"),
  "CK-661 DTX": GOOD.replace("usedtx=0", "usedtx=1"),
  "CK-661 static payload type": GOOD.replace("SAVPF 96", "SAVPF 0")
    .replace("rtpmap:96", "rtpmap:0")
    .replace("fmtp:96", "fmtp:0"),
  "CK-661 unencrypted RTP": GOOD.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
  "CK-662 host candidate": `${GOOD}a=candidate:1 1 udp 2130706431 192.0.2.7 4444 typ host\r\n`,
  "CK-662 connection address": GOOD.replace("c=IN IP4 0.0.0.0", "c=IN IP4 192.0.2.7"),
  "CK-662 origin address": GOOD.replace("o=- 0 0 IN IP4 0.0.0.0", "o=- 0 0 IN IP4 192.0.2.7"),
  "CK-662 name": GOOD.replace("c=IN IP4 0.0.0.0", "c=IN IP4 example.invalid"),
  "CK-661 port": GOOD.replace("m=audio 9 ", "m=audio 4444 "),
  "CK-663 no fingerprint": GOOD.replace(PRINT_LINE, ""),
  "CK-663 two fingerprints": GOOD.replace(PRINT_LINE, PRINT_LINE + PRINT_LINE),
  "CK-66 different fingerprints": GOOD.replace(PRINT, `AA${PRINT.slice(2)}`),
  "CK-66 short fingerprint": GOOD.replace(PRINT, PRINT.slice(0, -3)),
  "CK-66 weak hash": GOOD.replace("sha-256", "sha-1"),
  "CK-66 wrong role in one section": GOOD.replace("actpass", "active"),
  "CK-663 wrong role": GOOD.replaceAll("actpass", "active"),
  "CK-66 second video": AV + AV.slice(AV.indexOf("m=video")).replace("a=mid:1", "a=mid:2") + DATA,
  "CK-66 only video": GOOD.slice(0, GOOD.indexOf("m=audio")) + GOOD.slice(GOOD.indexOf("m=video")),
  "CK-664 no text": AV.replace("BUNDLE 0 1 2", "BUNDLE 0 1"),
  "CK-664 no text, but announced": AV,
  "CK-664 text twice": GOOD + DATA.replace("a=mid:2", "a=mid:3"),
  "CK-664 text twice under one mid": GOOD + DATA,
  "CK-66 text first":
    GOOD.slice(0, GOOD.indexOf("m=audio")) + DATA + AV.slice(AV.indexOf("m=audio")),
  "CK-66 text alone": GOOD.slice(0, GOOD.indexOf("m=audio")) + DATA,
  "CK-664 text outside the bundle": GOOD.replace("BUNDLE 0 1 2", "BUNDLE 0 1"),
  "CK-664 the mid of the picture": GOOD.replace("a=mid:2", "a=mid:1"),
  "CK-66 another mid": GOOD.replace("a=mid:2", "a=mid:7"),
  "CK-66 another SCTP port": GOOD.replace("sctp-port:5000", "sctp-port:5001"),
  "CK-66 long messages": GOOD.replace("message-size:65536", "message-size:1073741823"),
  "CK-66 messages of any length": GOOD.replace("message-size:65536", "message-size:0"),
  "CK-66 no length": GOOD.replace("a=max-message-size:65536\r\n", ""),
  "CK-664 old SCTP": GOOD.replace(
    "UDP/DTLS/SCTP webrtc-datachannel",
    "DTLS/SCTP 5000\r\na=sctpmap:5000 webrtc-datachannel 9",
  ),
  "CK-664 TCP": GOOD.replace("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
  "CK-66 channels of their choice": GOOD.replace(
    "a=sctp-port",
    'a=dcmap:2 label="files"\r\na=sctp-port',
  ),
  "CK-66 another ICE password for text": AV + DATA.replace("x".repeat(22), "y".repeat(22)),
  "CK-66 another fingerprint for text": AV + DATA.replace(PRINT, `AA${PRINT.slice(2)}`),
  "CK-664 simulcast": `${GOOD}a=rid:h send\r\na=simulcast:send h\r\n`,
  "CK-664 ICE lite": GOOD.replace("a=group", "a=ice-lite\r\na=group"),
  "CK-664 another spelling": GOOD.replace("a=ssrc:1001", "a=ssrc:01001"),
  "CK-66 bare line ends": GOOD.replaceAll("\r\n", "\n"),
  "CK-66 a line behind": `${GOOD}\n`,
  "CK-664 SSRC twice": GOOD.replaceAll("1002", "1001"),
  "CK-664 SSRC too large": GOOD.replace("1001", "4294967296"),
  "CK-664 half a retransmission": GOOD.replace("a=ssrc-group:FID 1002 1003\r\n", ""),
  "CK-664 a BUNDLE that does not fit": GOOD.replace("BUNDLE 0 1 2", "BUNDLE 0 1"),
  "CK-66 two passwords": GOOD.replace("x".repeat(22), "y".repeat(22)),
  "CK-665 audio level": GOOD.replace(
    "a=mid:0",
    "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=mid:0",
  ),
  "CK-665 clashing ids": GOOD.replace("a=extmap:3", "a=extmap:1"),
  "CK-665 id out of range": GOOD.replace("a=extmap:3", "a=extmap:15"),
  "CK-665 two tables of ids": GOOD.replace("a=extmap:1", "a=extmap:2"),
  "CK-664 sending without an SSRC": GOOD.replace("a=ssrc:1001 cname:visavis\r\n", ""),
  "CK-664 an SSRC without sending": GOOD.replace("a=sendrecv", "a=recvonly"),
  "CK-66 empty": "",
  "CK-66 a number too many": GOOD.replace("1001", "9".repeat(4000)),
};

describe("hostile descriptions are malformed", () => {
  test.each(Object.entries(HOSTILE))("%s", (name, text) => {
    expect(text).not.toBe(GOOD);
    const error = caught(() => parse(text, "offer"));
    expect(error).toBeInstanceOf(PeerError);
    expect(error).toMatchObject({ code: Code.MALFORMED });
    const [check = ""] = name.split(" ");
    expect((error as PeerError).detail).toContain(check);
  });

  test("an answer is no offer", () => {
    expect(caught(() => parse(encode(ANSWER), "offer"))).toBeInstanceOf(PeerError);
  });

  test("whatever parses encodes to the same text", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    let refused = 0;
    for (let run = 0; run < 2000; run++) {
      const [at, size] = [random(GOOD.length), 1 + random(40)];
      const changed = [
        GOOD.slice(0, at) + String.fromCharCode(random(256)) + GOOD.slice(at + 1),
        GOOD.slice(0, at) + GOOD.slice(at + size),
        GOOD.slice(0, at) + GOOD.slice(at, at + size) + GOOD.slice(at),
      ][random(3)];
      if (changed === undefined) throw new Error("no change");
      try {
        expect(encode(parse(changed, "offer"))).toBe(changed);
      } catch (error) {
        expect(error).toMatchObject({ code: Code.MALFORMED });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
    expect(MAX_DESCRIPTION).toBe(65_536);
  });
});

describe("an answer fits the offer", () => {
  test.each<[string, Description]>([
    ["sections", { ...ANSWER, video: undefined }],
    ["payload type", { ...ANSWER, audio: { ...AUDIO, payloadType: 100 } }],
    ["retransmission", { ...ANSWER, video: { ...VIDEO, rtxPayloadType: 99 } }],
    ["mid", { ...ANSWER, audio: { ...AUDIO, midExtension: 4 } }],
    ["send time", { ...ANSWER, video: { ...VIDEO, timeExtension: 5 } }],
  ])("CK-666: %s", (_, answer) => {
    checkAnswer(OFFER, ANSWER, true);
    expect(caught(() => checkAnswer(OFFER, answer, true))).toMatchObject({
      code: Code.MALFORMED,
      detail: expect.stringContaining("CK-666"),
    });
  });

  test("CK-666: it does not send what was not asked for", () => {
    const offer = { ...OFFER, video: { ...VIDEO, direction: "sendonly" } as const };
    expect(caught(() => checkAnswer(offer, ANSWER, true))).toMatchObject({
      detail: expect.stringContaining("CK-666"),
    });
  });

  test.each<Direction>(["sendrecv", "sendonly", "recvonly"])("CK-369: %s", (direction) => {
    const receives = { ...VIDEO, direction, ssrc: undefined, rtxSsrc: undefined };
    const video = direction === "recvonly" ? receives : { ...VIDEO, direction };
    const answer = { ...ANSWER, video };
    expect(caught(() => checkAnswer(OFFER, answer, false))).toMatchObject({
      code: Code.MALFORMED,
      detail: expect.stringContaining("CK-369"),
    });
    // The controls: the same answer in a video call, and an honest answer in a voice call.
    checkAnswer(OFFER, answer, true);
    const none = { ...receives, direction: "inactive" } as const;
    checkAnswer(OFFER, { ...ANSWER, video: none }, false);
  });
});

describe("what our browser writes is reduced to ours", () => {
  test("an offer of Chromium", () => {
    const ours = encode(minimise(CHROMIUM_OFFER, "offer"));
    for (const word of ["candidate", "audio-level", "192.0.2.7", "transport-cc", "riTyREAZ"]) {
      expect(CHROMIUM_OFFER).toContain(word);
      expect(ours).not.toContain(word);
    }
    expect(parse(ours, "offer")).toMatchObject({
      ufrag: "fhwM",
      password: "exYz7pvx4gJ3BfSRZanndQDP",
      setup: "actpass",
      audio: { payloadType: 111, ssrc: 952305024, midExtension: 4, timeExtension: undefined },
      video: {
        payloadType: 96,
        rtxPayloadType: 97,
        ssrc: 3532052516,
        rtxSsrc: 1231727493,
        timeExtension: 2,
      },
    });
  });

  test("an answer without a picture", () => {
    const ours = encode(minimise(CHROMIUM_VOICE_ANSWER, "answer"));
    const answer = parse(ours, "answer");
    expect(answer.video).toMatchObject({ direction: "inactive", ssrc: undefined });
    checkAnswer(OFFER, answer, false);
  });

  test("an offer of Firefox, whose bundled sections have port 0", () => {
    const text = CHROMIUM_OFFER.replace("m=video 9", "m=video 0").replace(
      "m=application 9",
      "m=application 0",
    );
    expect(minimise(text, "offer")).toEqual(minimise(CHROMIUM_OFFER, "offer"));
  });

  test("what may be said once for all is found there too", () => {
    const said = /a=(?:ice-ufrag|ice-pwd|fingerprint|setup):.*\r\n/g;
    const once = CHROMIUM_OFFER.match(said)?.slice(0, 4).join("") ?? "";
    const text = CHROMIUM_OFFER.replace(said, "").replace("m=audio", `${once}m=audio`);
    expect(text).not.toBe(CHROMIUM_OFFER);
    expect(minimise(text, "offer")).toEqual(minimise(CHROMIUM_OFFER, "offer"));
  });

  test.each([
    ["another codec", CHROMIUM_OFFER.replace("SAVPF 111", "SAVPF 111 0")],
    ["another first codec", CHROMIUM_OFFER.replace("VP8/90000", "H264/90000")],
    ["text twice", `${CHROMIUM_OFFER}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n`],
    ["no text", CHROMIUM_OFFER.replace(/m=application[\s\S]*$/, "")],
    ["text under another mid", CHROMIUM_OFFER.replace("a=mid:2", "a=mid:1")],
    ["no audio", CHROMIUM_OFFER.replace(/m=audio[\s\S]*(?=m=video)/, "")],
    ["another mid", CHROMIUM_OFFER.replace("a=mid:0", "a=mid:audio")],
    ["no mid in RTP", CHROMIUM_OFFER.replaceAll("sdes:mid", "sdes:other")],
    ["two certificates", CHROMIUM_OFFER.replace("sha-256 00:01", "sha-256 00:02")],
    ["no certificate", CHROMIUM_OFFER.replaceAll("a=fingerprint", "a=print")],
    ["no credentials", CHROMIUM_OFFER.replaceAll("a=ice-pwd", "a=pwd")],
    ["no SSRC", CHROMIUM_OFFER.replaceAll("a=ssrc", "a=source")],
  ])("what no call has is ours to notice: %s", (_, text) => {
    expect(text).not.toBe(CHROMIUM_OFFER);
    expect(caught(() => minimise(text, "offer"))).toBeInstanceOf(UsageError);
  });
});
