/** Every sender and receiver has its transform before anything can flow; else the connection closes. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Code, UnavailableError, UsageError } from "../../core/errors.ts";
import { NO_BYTES, read } from "../../media/figures.ts";
import { configurationFor, iceServers } from "../../media/gathering.ts";
import { ProtectedPeer, requireEncryption } from "../../media/protect.ts";
import { MID_URI } from "../../media/sdp_guard.ts";

class FakeTransform {
  readonly options: unknown;

  constructor(_: unknown, options: unknown) {
    this.options = options;
  }
}

function transceiverOf(kind: string) {
  const parameters = {
    codecs: [{ mimeType: kind === "audio" ? "audio/opus" : "video/VP8" }],
    headerExtensions: [{ uri: MID_URI }],
  };
  return {
    sender: { transform: null as unknown, getParameters: () => parameters },
    receiver: { transform: null as unknown, track: { kind } },
    parameters,
    setCodecPreferences: vi.fn(),
  };
}

type FakeTransceiver = ReturnType<typeof transceiverOf>;

class FakePc extends EventTarget {
  static last: FakePc;
  readonly configuration: RTCConfiguration;
  readonly transceivers: FakeTransceiver[] = [];
  readonly setConfiguration = vi.fn();
  closed = false;

  constructor(configuration: RTCConfiguration) {
    super();
    this.configuration = configuration;
    FakePc.last = this;
  }

  addTransceiver(kind: string): FakeTransceiver {
    const made = transceiverOf(kind);
    this.transceivers.push(made);
    return made;
  }

  getTransceivers(): FakeTransceiver[] {
    return this.transceivers;
  }

  close(): void {
    this.closed = true;
  }
}

const CODECS = {
  audio: ["audio/opus", "audio/red", "audio/PCMU"],
  video: ["video/AV1", "video/VP8", "video/rtx", "video/H264"],
};

let peer: ProtectedPeer;
let pc: FakePc;

beforeEach(() => {
  vi.stubGlobal("RTCPeerConnection", FakePc);
  vi.stubGlobal("RTCRtpScriptTransform", FakeTransform);
  vi.stubGlobal("RTCRtpReceiver", {
    getCapabilities: (kind: "audio" | "video") => ({
      codecs: CODECS[kind].map((mimeType) => ({ mimeType })),
    }),
  });
  // Only handed on to the transform.
  peer = new ProtectedPeer({} as Worker, configurationFor([], true));
  pc = FakePc.last;
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function refusal(): unknown {
  try {
    peer.check();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("CK-219: what sends pictures of either kind has a name, what sends a screen alone says so", () => {
  const named = new ProtectedPeer({} as Worker, {}, { way: "way:7" });
  const { transceivers } = FakePc.last;
  named.addTransceiver("audio");
  named.addTransceiver("video");
  peer.addTransceiver("video", {}, { screen: true });
  const sent = [...transceivers, ...pc.transceivers].map(({ sender }) => sender.transform);
  expect(sent).toEqual([
    new FakeTransform(0, { kind: "audio", direction: "send" }),
    new FakeTransform(0, { kind: "video", direction: "send", way: "way:7" }),
    new FakeTransform(0, { kind: "video", direction: "send", screen: true }),
  ]);
});

test("a browser that cannot encrypt is refused before anything is made", () => {
  requireEncryption();
  vi.stubGlobal("RTCRtpScriptTransform", undefined);
  Reflect.deleteProperty(globalThis, "RTCRtpScriptTransform");
  expect(() => requireEncryption()).toThrow(UnavailableError);
  expect(() => new ProtectedPeer({} as Worker, {})).toThrow("cannot encrypt");
});

test("the connection fails closed, is relayed only, and asks nobody by default", () => {
  expect(pc.configuration).toEqual({
    encodedInsertableStreams: true,
    iceServers: [],
    iceTransportPolicy: "relay",
    bundlePolicy: "max-bundle",
    rtcpMuxPolicy: "require",
  });
  peer.setServers([{ urls: ["turn:relay.example"] }]);
  expect(pc.setConfiguration).toHaveBeenCalledWith({
    ...pc.configuration,
    iceServers: [{ urls: ["turn:relay.example"] }],
  });
});

test("both ends are protected in the call that makes them, once", () => {
  peer.addTransceiver("audio");
  const [made] = pc.transceivers;
  if (made === undefined) throw new Error("no transceiver");
  const { sender, receiver } = made;
  expect(sender.transform).toEqual(new FakeTransform(0, { kind: "audio", direction: "send" }));
  expect(receiver.transform).toEqual(new FakeTransform(0, { kind: "audio", direction: "receive" }));
  const { transform } = sender;
  peer.protectAll();
  expect(sender.transform).toBe(transform);
  expect(refusal()).toBeUndefined();
});

test("what a description makes is protected in `track`, or right after", () => {
  const [told, silent] = [transceiverOf("audio"), transceiverOf("video")];
  pc.transceivers.push(told, silent);
  pc.dispatchEvent(Object.assign(new Event("track"), { transceiver: told }));
  expect(told.receiver.transform).toBeInstanceOf(FakeTransform);
  expect(told.sender.transform).toBeInstanceOf(FakeTransform);
  expect(silent.sender.transform).toBeNull();
  peer.protectAll();
  expect(silent.sender.transform).toBeInstanceOf(FakeTransform);
  expect(refusal()).toBeUndefined();
});

test("codecs are pinned to Opus and VP8", () => {
  peer.addTransceiver("audio");
  peer.addTransceiver("video");
  const pinned = pc.transceivers.map(
    ({ setCodecPreferences }) => setCodecPreferences.mock.lastCall,
  );
  expect(pinned).toEqual([
    [[{ mimeType: "audio/opus" }]],
    [[{ mimeType: "video/VP8" }, { mimeType: "video/rtx" }]],
  ]);
});

describe("the check closes the connection", () => {
  const cases: readonly [string, string, (one: FakeTransceiver) => void][] = [
    ["a sender without a transform", "CK-653", (one) => (one.sender.transform = null)],
    ["a receiver without a transform", "CK-653", (one) => (one.receiver.transform = null)],
    ["another transform", "CK-653", (one) => (one.sender.transform = {})],
    ["another codec", "CK-652", (one) => one.parameters.codecs.push({ mimeType: "audio/PCMU" })],
    [
      "the audio level",
      "CK-652",
      (one) =>
        one.parameters.headerExtensions.push({
          uri: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        }),
    ],
  ];
  test.each(cases)("%s", (_, check, spoil) => {
    peer.addTransceiver("audio");
    const [made] = pc.transceivers;
    if (made === undefined) throw new Error("no transceiver");
    expect(refusal()).toBeUndefined();
    spoil(made);
    expect(refusal()).toMatchObject({
      code: Code.NOT_ENCRYPTED,
      detail: expect.stringContaining(check),
    });
    expect(pc.closed).toBe(true);
  });

  test("a transceiver that somebody else made", () => {
    pc.addTransceiver("video");
    expect(refusal()).toMatchObject({ detail: expect.stringContaining("CK-653") });
    expect(pc.closed).toBe(true);
  });
});

describe("CK-670: servers are TURN servers", () => {
  const server = (...urls: string[]) => [{ urls, username: "u", credential: "c" }];

  test("as they are handed out", () => {
    const urls = [
      "turn:192.0.2.7:3478?transport=udp",
      "turn:[2001:db8::7]:3478?transport=tcp",
      "turns:relay.example:5349?transport=tcp",
      "turn:relay.example",
    ];
    expect(iceServers(server(...urls))).toEqual([{ urls, username: "u", credential: "c" }]);
    expect(iceServers([...server(), ...server("turn:a")])).toHaveLength(1);
  });

  test.each([
    "stun:stun.example",
    "turn:relay.example?transport=tls",
    "turn:user@relay.example",
    "turn:relay.example:123456",
    "turns:relay.example?transport=udp",
    "https://relay.example",
    "",
  ])("and nothing else: %s", (url) => {
    expect(() => iceServers(server(url))).toThrow(UsageError);
  });
});

describe("figures", () => {
  const chromium = new Map<string, Record<string, unknown>>([
    ["T", { type: "transport", packetsReceived: 900, selectedCandidatePairId: "P" }],
    [
      "P",
      {
        type: "candidate-pair",
        localCandidateId: "L",
        remoteCandidateId: "R",
        currentRoundTripTime: 0.04,
      },
    ],
    ["L", { type: "local-candidate", candidateType: "relay" }],
    ["R", { type: "remote-candidate", candidateType: "prflx" }],
    [
      "A",
      {
        type: "inbound-rtp",
        kind: "audio",
        packetsReceived: 50,
        totalSamplesReceived: 96_000,
        concealedSamples: 48_000,
      },
    ],
    ["V", { type: "inbound-rtp", kind: "video", packetsReceived: 30, framesDecoded: 12 }],
  ]);

  test("of Chromium", () => {
    expect(read(chromium)).toEqual({
      arrived: 980,
      framesDecoded: 12,
      audioDecodedS: 1,
      path: "relayed",
      rttMs: 40,
      bytes: NO_BYTES,
    });
  });

  test("of Firefox, which marks the pair", () => {
    const firefox = new Map(chromium);
    firefox.delete("T");
    firefox.set("P", { ...chromium.get("P"), selected: true, currentRoundTripTime: undefined });
    firefox.set("L", { type: "local-candidate", candidateType: "host" });
    firefox.set("I", { type: "remote-inbound-rtp", roundTripTime: 0.2 });
    expect(read(firefox)).toMatchObject({ path: "direct", rttMs: 200, arrived: 80 });
  });

  test("of nothing yet", () => {
    expect(read(new Map())).toEqual({
      arrived: 0,
      framesDecoded: 0,
      audioDecodedS: 0,
      path: "none",
      rttMs: undefined,
      bytes: NO_BYTES,
    });
  });
});
