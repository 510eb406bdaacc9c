/**
 * A peer connection on which nothing unsealed can be sent: SFrame on every sender and receiver.
 *
 * Three locks, each enough by itself (twins: `media/sframe_hooks.py`, CK-652 to CK-654):
 *
 * 1. `encodedInsertableStreams: true`: in Chromium a sender without a transform sends nothing at all,
 *    and a transform that is taken away stops the stream. Without it Chromium sends in the clear when
 *    a transform comes a moment late (measured; `tests/media/browser`). Others ignore the member.
 * 2. Transforms are attached in the same task that makes a transceiver, on both its ends, and in
 *    `track` for those that a description makes; a sender gets its track only after that.
 * 3. `check`: before anything can flow, every sender and receiver has its transform and nothing but
 *    our codecs and header extensions was negotiated; else the connection closes.
 */

import { Code, UnavailableError } from "../core/errors.ts";
import type { Kind } from "../core/frame_keys.ts";
import { MID_URI, TIME_URI } from "./sdp_guard.ts";
import type { PipeOptions } from "./worker_protocol.ts";

const CODECS: Readonly<Record<Kind, readonly string[]>> = {
  audio: ["audio/opus"],
  video: ["video/vp8", "video/rtx"],
};

const EXTENSIONS: readonly string[] = [MID_URI, TIME_URI];

/** Which layer a packet is of (RFC 8852, 3.1, 3.2): an SFU has to know, nobody else does. */
const LAYER_EXTENSIONS: readonly string[] = [
  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
];

/** What a connection has beyond a bare one. */
export type PeerRules = Readonly<{
  /** The place (`heard_places.ts`) at which a transceiver hears somebody; none in a call of two. */
  placeOf?: (transceiver: RTCRtpTransceiver) => string;
  /** Whether the other side is an SFU. */
  sfu?: boolean;
  /** The name of what sends pictures of a camera or a screen (`pictures_sent.ts`). */
  way?: string;
}>;

/**
 * Refuse to go on in a browser that cannot encrypt calls.
 *
 * @throws UnavailableError `NOT_ENCRYPTED`.
 */
export function requireEncryption(): void {
  if (!("RTCPeerConnection" in globalThis && "RTCRtpScriptTransform" in globalThis)) {
    throw new UnavailableError(Code.NOT_ENCRYPTED, "this browser cannot encrypt calls");
  }
}

/** An `RTCPeerConnection` and the transforms on it. */
export class ProtectedPeer {
  readonly pc: RTCPeerConnection;
  readonly #worker: Worker;
  readonly #rules: PeerRules | undefined;
  #configuration: RTCConfiguration;
  readonly #protected = new WeakSet<RTCRtpSender | RTCRtpReceiver>();

  /**
   * @param worker Runs `worker.ts` for this call.
   * @param configuration What the connection is made with.
   * @param rules Undefined: it is a call of two.
   * @throws UnavailableError `NOT_ENCRYPTED`: this browser cannot encrypt calls.
   */
  constructor(worker: Worker, configuration: RTCConfiguration, rules?: PeerRules) {
    requireEncryption();
    this.#rules = rules;
    this.#worker = worker;
    this.#configuration = failClosed(configuration);
    this.pc = new RTCPeerConnection(this.#configuration);
    // The first listener: no other one ever sees a receiver that is not protected.
    this.pc.addEventListener("track", ({ transceiver }) => this.#protect(transceiver));
  }

  /** Use these servers, before anything is gathered. */
  setServers(iceServers: RTCIceServer[]): void {
    this.pc.setConfiguration({ ...this.#configuration, iceServers });
  }

  /**
   * Have an allocation made at these relays before a description is in force, in browsers that can
   * (`iceCandidatePoolSize`; W3C webrtc-pc, 4.4.1.6; Chromium can for an offer of ours, and forgets it
   * for an answer). Asked again, another one is made: a relay that was started anew knows nothing of
   * the first.
   */
  allocateAhead(iceServers: RTCIceServer[]): void {
    this.#configuration = { ...this.#configuration, iceCandidatePoolSize: 0 };
    this.setServers(iceServers);
    this.#configuration = { ...this.#configuration, iceCandidatePoolSize: 1 };
    this.setServers(iceServers);
  }

  /**
   * Make a transceiver that would send and receive unless told otherwise, protected, with our codec.
   *
   * @param options.screen It is for a screen, and for no camera.
   */
  addTransceiver(
    kind: Kind,
    init: RTCRtpTransceiverInit = {},
    { screen = false } = {},
  ): RTCRtpTransceiver {
    const transceiver = this.pc.addTransceiver(kind, { direction: "sendrecv", ...init });
    this.#protect(transceiver, screen);
    pin(transceiver, kind);
    return transceiver;
  }

  /** Protect what a description of the other side made; call it in the task that applied it. */
  protectAll(): void {
    for (const transceiver of this.pc.getTransceivers()) {
      this.#protect(transceiver);
      pin(transceiver, kindOf(transceiver));
    }
  }

  /**
   * Check that all is protected; else close.
   *
   * @throws UnavailableError `NOT_ENCRYPTED`: CK-652, CK-653.
   */
  check(): void {
    for (const transceiver of this.pc.getTransceivers()) {
      const { sender, receiver } = transceiver;
      const hasTransforms = [sender, receiver].every(
        (end) => this.#protected.has(end) && end.transform instanceof RTCRtpScriptTransform,
      );
      if (!hasTransforms) this.#refuse("CK-653: a sender or receiver without its transform");
      const { codecs, headerExtensions } = sender.getParameters();
      const allowed = CODECS[kindOf(transceiver)];
      // Undefined before anything is negotiated, in some browsers.
      if (!(codecs ?? []).every((codec) => allowed.includes(codec.mimeType.toLowerCase()))) {
        this.#refuse("CK-652: another codec than Opus and VP8");
      }
      const known = this.#rules?.sfu ? [...EXTENSIONS, ...LAYER_EXTENSIONS] : EXTENSIONS;
      if (!(headerExtensions ?? []).every(({ uri }) => known.includes(uri))) {
        this.#refuse("CK-652: a header extension that says more than mid and send time");
      }
    }
  }

  #refuse(detail: string): never {
    this.pc.close();
    throw new UnavailableError(Code.NOT_ENCRYPTED, detail);
  }

  #protect(transceiver: RTCRtpTransceiver, screen = false): void {
    const kind = kindOf(transceiver);
    const way = kind === "video" ? this.#rules?.way : undefined;
    this.#attach(transceiver.sender, {
      ...{ kind, direction: "send" },
      ...(screen && { screen }),
      ...(way === undefined ? {} : { way }),
    });
    const place = this.#rules?.placeOf?.(transceiver);
    this.#attach(transceiver.receiver, {
      kind,
      direction: "receive",
      ...(place === undefined ? {} : { place }),
    });
  }

  /** Once for each end: a second transform would be a second context on one transport. */
  #attach(end: RTCRtpSender | RTCRtpReceiver, options: PipeOptions): void {
    if (this.#protected.has(end)) return;
    this.#protected.add(end);
    end.transform = new RTCRtpScriptTransform(this.#worker, options);
  }
}

/** In Chromium: no transform, no packet. */
function failClosed(configuration: RTCConfiguration): RTCConfiguration {
  const closed = { ...configuration, encodedInsertableStreams: true };
  return closed;
}

/** The kind of a transceiver. */
export function kindOf(transceiver: RTCRtpTransceiver): Kind {
  return transceiver.receiver.track.kind === "audio" ? "audio" : "video";
}

/** Leave one codec, and retransmission for VP8: AV1 and H264 cannot be sealed frame by frame. */
function pin(transceiver: RTCRtpTransceiver, kind: Kind): void {
  transceiver.setCodecPreferences(ours(kind));
}

/** What a browser can does not change, and asking takes a while. */
const known = new Map<Kind, RTCRtpCodec[]>();

function ours(kind: Kind): RTCRtpCodec[] {
  const before = known.get(kind);
  if (before !== undefined) return before;
  const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const wanted = all.filter((codec) => CODECS[kind].includes(codec.mimeType.toLowerCase()));
  if (wanted.length === 0) {
    throw new UnavailableError(Code.NOT_ENCRYPTED, "this browser has neither Opus nor VP8");
  }
  known.set(kind, wanted);
  return wanted;
}
