/**
 * The calls of one end without any encryption but the browser's own: what stands in the place of the
 * client's `CallService` behind the product's screens, to measure what encryption adds to them.
 *
 * Offer, answer and candidates go as they are over one WebSocket to a server that hands them on. The
 * caller gathers when it calls, the callee when it accepts; nothing is asked of anybody before.
 */

import { Call } from "../../../client/call_objects.ts";
import { CallQueue } from "../../../client/call_queue.ts";
import type { CallShell } from "../../../client/call_shell.ts";
import { Signal } from "../../../client/lock.ts";
import { EndReason, type Media } from "../../../core/call_effects.ts";
import type { State } from "../../../core/call_types.ts";
import { type AccountId, CallId } from "../../../core/ids.ts";
import { read } from "../../../media/figures.ts";
import type { LocalMedia, LocalTracks, RemoteMedia } from "../../../media/interfaces.ts";

type Ends = Readonly<{ local: LocalMedia; remote: RemoteMedia }>;
type Said = Readonly<{
  offer?: RTCSessionDescriptionInit;
  answer?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit;
  over?: true;
}>;

/** As often as the product looks (`STATS_EVERY_S`). */
const LOOK_MS = 500;

/** Somebody calls: as much of the client's `IncomingCall` as the screens use. */
export type PlainIncoming = Readonly<{
  contact: AccountId;
  media: Media;
  confidential: false;
  isRinging: boolean;
  ended(): Promise<void>;
  expectAccept(): void;
  accept(how: Ends & Readonly<{ media?: Media }>): Promise<Call>;
  decline(): Promise<void>;
}>;

/** All calls of one end, one at a time, with the one contact there is. */
export class PlainService {
  /** Used from the next call on. */
  relays: RTCIceServer[] = [];
  readonly #socket: WebSocket;
  readonly #contact: AccountId;
  readonly #queue = new CallQueue<PlainIncoming>();
  #talk: Talk | undefined;
  #early: RTCIceCandidateInit[] = [];

  /**
   * @param socket Open, to whoever hands on.
   * @param contact Who is at the other end.
   */
  constructor(socket: WebSocket, contact: AccountId) {
    this.#socket = socket;
    this.#contact = contact;
    socket.onmessage = ({ data }) => void this.#hear(JSON.parse(new TextDecoder().decode(data)));
  }

  incoming(signal?: AbortSignal): AsyncGenerator<PlainIncoming, void, undefined> {
    return this.#queue.read(signal);
  }

  /** The plain call makes its connection when it is placed. */
  expectCall(): void {}

  async call(_: AccountId, media: Media, ends: Ends): Promise<Call> {
    const talk = this.#begin(media, ends);
    talk.show("calling");
    await ends.local.start();
    talk.send(ends.local.tracks);
    const offer = await talk.pc.createOffer();
    this.#say({ offer });
    talk.call.onSaid();
    await talk.pc.setLocalDescription(offer);
    return talk.call;
  }

  /** What the product's `Call` tells its service: the person hangs up. */
  happenedHere(): void {
    this.#say({ over: true });
    this.#end(EndReason.HUNG_UP);
  }

  monotonic(): number {
    return performance.now() / 1000;
  }

  #begin(media: Media, ends: Ends): Talk {
    this.#early = [];
    const call = new Call(this, this.#contact, "");
    call.bind({ call: new CallId(new Uint8Array(CallId.LENGTH)) } as CallShell);
    const talk = new Talk(call, media, ends, this.relays, (candidate) => this.#say({ candidate }));
    this.#talk = talk;
    return talk;
  }

  async #hear({ offer, answer, candidate, over }: Said): Promise<void> {
    const pc = this.#talk?.pc;
    if (offer) this.#rings(offer);
    if (answer && pc) {
      this.#talk?.show("connecting");
      await pc.setRemoteDescription(answer);
      await this.#flush(pc);
    }
    if (candidate) {
      if (pc?.remoteDescription) await pc.addIceCandidate(candidate);
      else this.#early.push(candidate);
    }
    if (over) this.#end(EndReason.HUNG_UP_THERE);
  }

  #rings(offer: RTCSessionDescriptionInit): void {
    const over = new Signal();
    this.#early = [];
    this.#queue.push({
      contact: this.#contact,
      media: "video" as Media,
      confidential: false,
      isRinging: true,
      ended: () => over.wait(),
      accept: async (ends) => {
        const early = this.#early;
        const talk = this.#begin("video" as Media, ends);
        this.#early = early;
        talk.show("connecting");
        await ends.local.start();
        await talk.pc.setRemoteDescription(offer);
        talk.send(ends.local.tracks);
        await this.#flush(talk.pc);
        const answer = await talk.pc.createAnswer();
        this.#say({ answer });
        talk.call.onSaid();
        await talk.pc.setLocalDescription(answer);
        over.set();
        return talk.call;
      },
      expectAccept: () => {},
      decline: async () => over.set(),
    });
  }

  async #flush(pc: RTCPeerConnection): Promise<void> {
    const waiting = this.#early;
    this.#early = [];
    for (const candidate of waiting) await pc.addIceCandidate(candidate);
  }

  #end(reason: EndReason): void {
    this.#talk?.end(reason);
    this.#talk = undefined;
  }

  #say(message: Said): void {
    this.#socket.send(new TextEncoder().encode(JSON.stringify(message)));
  }
}

/** One call: its connection, and what the screens are told of it. */
class Talk {
  readonly call: Call;
  readonly pc: RTCPeerConnection;
  readonly #media: Media;
  readonly #ends: Ends;
  readonly #looking: ReturnType<typeof setInterval>;

  constructor(
    call: Call,
    media: Media,
    ends: Ends,
    iceServers: RTCIceServer[],
    say: (candidate: RTCIceCandidateInit) => void,
  ) {
    this.call = call;
    this.#media = media;
    this.#ends = ends;
    this.pc = new RTCPeerConnection({
      iceServers,
      iceTransportPolicy: "relay",
      bundlePolicy: "max-bundle",
      rtcpMuxPolicy: "require",
    });
    this.pc.onicecandidate = ({ candidate }) => candidate && say(candidate.toJSON());
    this.pc.ontrack = ({ streams: [stream] }) => stream && ends.remote.onStream(stream);
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === "connected") this.show("inCall");
    };
    this.#looking = setInterval(() => void this.#look(), LOOK_MS);
  }

  /** Send these, with the codecs that the product uses. */
  send({ audio, video }: LocalTracks): void {
    const stream = new MediaStream();
    for (const track of [audio, video]) if (track) this.pc.addTrack(track, stream);
    for (const transceiver of this.pc.getTransceivers()) {
      const { kind } = transceiver.receiver.track;
      const wanted = kind === "video" ? "video/VP8" : "audio/opus";
      const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
      transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === wanted));
    }
  }

  show(kind: "calling" | "connecting" | "inCall"): void {
    const media = this.#media;
    this.call.onState({ kind, media, link: { media } } as unknown as State);
  }

  end(reason: EndReason): void {
    clearInterval(this.#looking);
    this.pc.close();
    this.#ends.local.close();
    this.#ends.remote.close();
    this.call.onState({ kind: "ended", reason } as unknown as State);
    this.call.onEnd(reason, undefined);
  }

  async #look(): Promise<void> {
    const report = await this.pc.getStats();
    const { path, rttMs, framesDecoded, audioDecodedS } = read(
      report as ReadonlyMap<string, Readonly<Record<string, unknown>>>,
    );
    this.call.onStats({
      framesSent: 0,
      framesDecoded,
      decryptFailures: 0,
      encryptRefusals: 0,
      audioPackets: 0,
      audioDecodedS,
      audioPacketSizes: new Map(),
      pictureSizes: new Map(),
      path,
      rttMs,
      connected: this.pc.connectionState === "connected",
      firstFrameAt: undefined,
    });
  }
}
