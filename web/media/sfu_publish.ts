/**
 * What this device sends to the SFU: sound, the camera in three layers, a screen while one is shared.
 *
 *     offer  -- room.publish -->  <-- room.published --  accept
 *
 * Nothing is sent before `accept`: no sender has a track until all that was agreed on is checked, and
 * the worker drops every frame for which there is no key (`frames_pipe.ts`). Every encoder has a
 * context of its own: six with a screen and the call's text, of 15 in an epoch. Not for: when to
 * publish, and who may see it (`room.publish` of docs/protocol/call-room.md).
 */

import { UsageError } from "../core/errors.ts";
import type { TurnServer } from "./interfaces.ts";
import { type Role, SECTIONS } from "./sections.ts";
import { SfuPeer, withOurSound } from "./sfu_peer.ts";

/**
 * Layers of a camera, the largest first, as the SFU counts them down from 2. Each is half as wide and
 * high as the one before. Higher rates look better, and fewer people fit on a line.
 */
export const LAYERS: readonly Readonly<RTCRtpEncodingParameters>[] = [
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1_500_000, maxFramerate: 30 },
  { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000, maxFramerate: 30 },
  { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 30 },
];

/** A screen is read: its lines stay, its frames go. */
const SCREEN: Readonly<RTCRtpEncodingParameters> = { maxBitrate: 1_500_000, maxFramerate: 15 };

/** What is sent now; undefined: nothing of that kind. */
export type SentTracks = Readonly<Record<Role, MediaStreamTrack | undefined>>;

const NOTHING_SENT: SentTracks = { audio: undefined, camera: undefined, screen: undefined };

/** One connection that sends. */
export class SfuPublish {
  readonly #peer: SfuPeer;
  readonly #senders = new Map<Role, RTCRtpTransceiver>();
  #tracks = NOTHING_SENT;
  #offered = false;
  #accepted = false;

  /**
   * @param worker Runs `worker.ts` for this call.
   * @param options.video Whether there is a section for a camera, and may be one for a screen.
   * @throws UnavailableError `NOT_ENCRYPTED`: this browser cannot encrypt calls.
   */
  constructor(worker: Worker, { video = true } = {}) {
    this.#peer = new SfuPeer(worker);
    this.#add("audio");
    if (video) this.#add("camera", LAYERS);
  }

  get state(): RTCPeerConnectionState {
    return this.#peer.pc.connectionState;
  }

  /**
   * Describe what is sent: at first, after `openScreen`, and to find the way again.
   *
   * @param servers Relays with fresh credentials.
   * @param options.restart The way was lost: find another one (RFC 8445, 2.4).
   * @returns For `room.publish`; without candidates.
   * @throws UnavailableError `NO_RELAY`.
   */
  async offer(servers: readonly TurnServer[], { restart = false } = {}): Promise<string> {
    if (this.#offered) throw new UsageError("an offer is not answered yet");
    this.#offered = true;
    try {
      if (restart || !this.#accepted) await this.#peer.reach(servers);
      this.#peer.protected.check();
      const { pc } = this.#peer;
      const description = await this.#peer.answered(pc.createOffer({ iceRestart: restart }));
      this.#checkNames(description.sdp ?? "");
      return await this.#peer.setLocal(description);
    } catch (error) {
      this.#offered = false;
      throw error;
    }
  }

  /**
   * Take the SFU's answer, and send from now on.
   *
   * @throws PeerError `MALFORMED`: CK-892. The connection stays as it was.
   * @throws UnavailableError `NOT_ENCRYPTED`: nothing is sent, it is closed.
   */
  async accept(answer: string): Promise<void> {
    if (!this.#offered) throw new UsageError("an answer without an open offer");
    await this.#peer.setRemote("answer", withOurSound(answer));
    this.#offered = false;
    this.#accepted = true;
    await this.#put();
  }

  /** Send these from now on, without a new description where the section is there already. */
  async use(tracks: SentTracks): Promise<void> {
    this.#tracks = tracks;
    await this.#put();
  }

  /**
   * Have a section for a screen, with the next `offer`. Once there it stays: a screen that is no
   * longer shared is a section without packets, and the next one needs no description.
   *
   * @returns Whether one has to be made.
   */
  openScreen(): boolean {
    if (this.#senders.has("screen")) return false;
    this.#add("screen", [SCREEN]);
    return true;
  }

  /** Have every encoder of pictures make its next one a key frame. */
  async forceKeyFrame(): Promise<void> {
    for (const role of ["camera", "screen"] as const) {
      const sender = this.#senders.get(role)?.sender;
      if (sender === undefined) continue;
      const parameters = sender.getParameters();
      const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
      await sender.setParameters(parameters, { encodingOptions }).catch(() => {});
    }
  }

  /** Send nothing any more. The tracks are the caller's. Harmless when repeated. */
  close(): void {
    this.#peer.close();
  }

  #add(role: Role, encodings?: readonly Readonly<RTCRtpEncodingParameters>[]): void {
    const kind = role === "audio" ? "audio" : "video";
    const init: RTCRtpTransceiverInit = {
      direction: "sendonly",
      ...(encodings === undefined ? {} : { sendEncodings: encodings.map((one) => ({ ...one })) }),
    };
    const transceiver = this.#peer.protected.addTransceiver(kind, init, {
      screen: role === "screen",
    });
    this.#senders.set(role, transceiver);
  }

  /** Whoever watches knows what a section is by its name alone. */
  #checkNames(offer: string): void {
    const names = [...offer.matchAll(/^a=mid:(.*?)\r?$/gm)].map(([, name]) => name);
    const wanted = [...this.#senders.keys()].map((role) => SECTIONS[role]);
    if (names.length !== wanted.length || !wanted.every((name, at) => names[at] === name)) {
      throw new UsageError("a browser that names sections in its own way");
    }
  }

  async #put(): Promise<void> {
    if (!this.#accepted) return;
    const { screen } = this.#tracks;
    if (screen !== undefined) screen.contentHint = "detail";
    for (const [role, { sender, currentDirection }] of this.#senders) {
      // A section that is not agreed on yet has not been checked either.
      const track = currentDirection === "sendonly" ? this.#tracks[role] : undefined;
      // Refused only if the connection closed meanwhile: then nothing is sent anyway.
      await sender.replaceTrack(track ?? null).catch(() => {});
    }
  }
}
