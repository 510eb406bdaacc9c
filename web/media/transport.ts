/**
 * One transport of a call: one `RTCPeerConnection` from its making to its end (twin:
 * `src/visavis/media/transport.py`).
 *
 * The Python side cannot restart ICE, so `connection.ts` makes a new transport instead and drops the
 * old one. This file knows one of them and no more.
 *
 *     made -> described (offer or answer) -> gathered -> connected -> closed
 *
 * Nothing is sent before `gather`: a browser gathers and connects only once its own description is
 * set, so that is what `gather` does.
 */

import { Code, PeerError, UnavailableError, UsageError } from "../core/errors.ts";
import type { Kind } from "../core/frame_keys.ts";
import { type Candidate, encode as encodeCandidate } from "./candidates.ts";
import { NOTHING, type Reading, read } from "./figures.ts";
import {
  configurationFor,
  firstOf,
  gather,
  iceServers,
  RelayFinder,
  withStun,
} from "./gathering.ts";
import type { LocalMedia, LocalTracks, TurnServer } from "./interfaces.ts";
import { minimise } from "./local_description.ts";
import { STEADY_BIT_RATE, STEADY_FRAME_RATE } from "./picture_padding.ts";
import { PictureTrack, type SayPictures } from "./picture_track.ts";
import { kindOf, ProtectedPeer } from "./protect.ts";
import { checkAnswer, type Description, encode, parse } from "./sdp_guard.ts";
import { type Sound, soundOf } from "./speaking.ts";
import { openChannel, type TextChannel } from "./text_link.ts";

/** What a transport is made with. */
export type TransportOptions = Readonly<{
  /** Runs `worker.ts` for this call. */
  worker: Worker;
  /** What is sent. */
  local: LocalMedia;
  /** Tells the worker whether a camera or a screen is sent. */
  say: SayPictures;
  /** Takes the channel of this transport for the call's text. */
  onText: (channel: TextChannel) => void;
  /** Takes the other side's stream, once it is there. */
  onStream: (stream: MediaStream) => void;
  /** Hold the encoder of pictures to a rate at which nearly all have one size. */
  steady: boolean;
  /** Relayed candidates alone. */
  relayOnly: boolean;
  /** Where the other side is heard, in a call of several (`heard_places.ts`). */
  place?: string;
}>;

/** A peer connection with SFrame on every sender and receiver. */
export class Transport {
  readonly #peer: ProtectedPeer;
  readonly #local: LocalMedia;
  readonly #onText: (channel: TextChannel) => void;
  readonly #onStream: (stream: MediaStream) => void;
  readonly #stream = new MediaStream();
  readonly #ended = new AbortController();
  /** Kept once this is closed. */
  readonly #over = new Promise<undefined>((resolve) => {
    this.#ended.signal.addEventListener("abort", () => resolve(undefined));
  });
  readonly #finder = new RelayFinder();
  readonly #relayOnly: boolean;
  #description: RTCSessionDescriptionInit | undefined;
  #offer: Description | undefined;
  #answer: Description | undefined;
  #waiting: Candidate[] = [];
  readonly #steady: boolean;
  #video: boolean;
  #gathering = false;
  #isSet = false;
  #allocated: Promise<readonly string[]> | undefined;
  #hasRemote = false;
  #stopTracks: () => void = () => {};
  readonly #pictures: PictureTrack;
  #reading = NOTHING;

  /**
   * @param video Whether we send and want pictures.
   * @throws UnavailableError `NOT_ENCRYPTED`: this browser cannot encrypt calls.
   */
  constructor(options: TransportOptions, video: boolean) {
    this.#local = options.local;
    this.#onText = options.onText;
    this.#onStream = options.onStream;
    this.#steady = options.steady;
    this.#relayOnly = options.relayOnly;
    this.#video = video;
    // CK-670: no server of anybody's choice but the ones that `gather` is given.
    const { place } = options;
    this.#pictures = new PictureTrack(options.say, (track) => this.#replace("video", track));
    this.#peer = new ProtectedPeer(options.worker, configurationFor([], this.#relayOnly), {
      way: this.#pictures.way,
      ...(place === undefined ? {} : { placeOf: () => place }),
    });
    this.#peer.pc.addEventListener("track", ({ track }) => {
      if (track.kind === "audio" || this.#video) this.#stream.addTrack(track);
    });
  }

  /** Whether both descriptions are in force, so that checks run. */
  get mayConnect(): boolean {
    return this.#isSet && this.#hasRemote;
  }

  /** Wait until the connection's state changes, but no longer than some seconds. */
  changed(seconds: number): Promise<void> {
    const { pc } = this.#peer;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        pc.removeEventListener("connectionstatechange", end);
        resolve();
      };
      const timer = setTimeout(end, seconds * 1000);
      pc.addEventListener("connectionstatechange", end);
    });
  }

  get state(): RTCPeerConnectionState {
    return this.#peer.pc.connectionState;
  }

  /** The last figures that were read. */
  get reading(): Reading {
    return this.#reading;
  }

  /** Return our offer. */
  async createOffer(): Promise<string> {
    this.#checkUndescribed();
    this.#peer.addTransceiver("audio");
    if (this.#video) this.#peer.addTransceiver("video");
    this.#onText(openChannel(this.#peer.pc));
    this.#peer.check();
    const description = await this.#own(this.#peer.pc.createOffer());
    this.#offer = minimise(description.sdp ?? "", "offer");
    return encode(this.#offer);
  }

  /** Return our answer to an offer; `PeerError` if it is not one of ours. */
  async acceptOffer(text: string): Promise<string> {
    this.#checkUndescribed();
    const offer = parse(text, "offer");
    await this.#setRemote(offer);
    this.#onText(openChannel(this.#peer.pc));
    for (const transceiver of this.#peer.pc.getTransceivers()) {
      // The lesser media of the two sides: a voice call answers pictures with "inactive".
      const takesPart = kindOf(transceiver) === "audio" || this.#video;
      transceiver.direction = takesPart ? "sendrecv" : "inactive";
    }
    const description = await this.#own(this.#peer.pc.createAnswer());
    return encode(minimise(description.sdp ?? "", "answer"));
  }

  /** Take the answer to our offer; kept until `gather` if that has not run. */
  async acceptAnswer(text: string): Promise<void> {
    if (this.#offer === undefined || this.#answer !== undefined) {
      throw new UsageError("an answer without an open offer");
    }
    const answer = parse(text, "answer");
    checkAnswer(this.#offer, answer, this.#video);
    this.#answer = answer;
    if (this.#isSet) await this.#setRemote(answer);
  }

  /** Let go of the picture for good, whatever is or was negotiated (CK-369). */
  dropVideo(): void {
    this.#video = false;
    this.#use(this.#local.tracks);
    for (const track of this.#stream.getVideoTracks()) {
      this.#stream.removeTrack(track);
      track.stop();
    }
  }

  /** See `MediaConnection.prepare`. */
  async prepare(turn: readonly TurnServer[], allocate: boolean): Promise<boolean> {
    if (this.#allocated !== undefined) return true;
    try {
      const servers = iceServers(turn);
      // Without a scout, which would cost as much time again. A relay that is being restarted is still
      // found: browsers repeat over UDP what was not answered.
      if (allocate && this.#description !== undefined) void this.#allocate(servers);
      else await this.#look(servers);
      return true;
    } catch {
      return false;
    }
  }

  async #look(servers: RTCIceServer[]): Promise<void> {
    // Now, and again if nobody answered: what was tried in vain is not tried again by itself.
    const ahead = () => {
      if (this.#allocated === undefined && this.#relayOnly) {
        this.#peer.allocateAhead(firstOf(servers));
      }
    };
    ahead();
    await this.#finder.again(servers, this.#ended.signal, ahead);
  }

  /** Start what is sent, allocate at a relay, begin to connect, and return our candidates. */
  async gather(turn: readonly TurnServer[]): Promise<readonly string[]> {
    if (this.#description === undefined || this.#gathering) {
      throw new UsageError("gathering needs a description, once");
    }
    const servers = iceServers(turn);
    const over = new AbortController();
    this.#gathering = true;
    try {
      return await this.#gather(servers, AbortSignal.any([this.#ended.signal, over.signal]));
    } catch (error) {
      this.#checkAlive(); // whatever went wrong, it was dropped
      throw error;
    } finally {
      over.abort(); // without a camera, the scout may come home
      this.#gathering = false;
    }
  }

  async #gather(servers: readonly RTCIceServer[], signal: AbortSignal): Promise<readonly string[]> {
    const relay = this.#allocated === undefined ? this.#finder.find(servers, signal) : undefined;
    const [found = []] = await Promise.all([relay, this.#local.start()]);
    this.#checkAlive();
    this.#stopTracks();
    this.#stopTracks = this.#local.onTracks((tracks) => this.#use(tracks));
    this.#use(this.#local.tracks);
    this.#peer.check();
    const lines = await (this.#allocated ?? this.#allocate(found));
    this.#checkAlive();
    return lines;
  }

  /**
   * Put our description in force, and with it have an allocation made at the relay that was found. A
   * browser does so once.
   */
  #allocate(relay: RTCIceServer[]): Promise<readonly string[]> {
    this.#allocated = this.#putInForce(relay);
    this.#allocated.catch(() => {}); // whoever gathers is told
    return this.#allocated;
  }

  async #putInForce(relay: RTCIceServer[]): Promise<readonly string[]> {
    const { pc } = this.#peer;
    this.#peer.check();
    const gathered = gather(pc, this.#relayOnly, this.#ended.signal);
    // It may be awaited only after something else has failed.
    gathered.catch(() => {});
    this.#peer.setServers(this.#relayOnly ? relay : withStun(relay));
    await this.#answered(pc.setLocalDescription(this.#description));
    this.#isSet = true;
    if (this.#answer !== undefined) await this.#setRemote(this.#answer);
    else if (this.#hasRemote) this.#settle();
    return gathered;
  }

  /** Take checked candidates, before or after the remote description. */
  async addCandidates(candidates: readonly Candidate[]): Promise<void> {
    this.#waiting.push(...candidates);
    if (this.#hasRemote) await this.#flush();
  }

  /** How much sound of the other side was decoded, for `speaking.ts`. Never throws. */
  async sound(): Promise<Sound | undefined> {
    let found: Sound | undefined;
    for (const { receiver } of this.#of("audio")) {
      const report = await this.#answered(receiver.getStats()).catch(() => undefined);
      report?.forEach((entry) => {
        if (entry.type === "inbound-rtp") found = soundOf(entry);
      });
    }
    return found;
  }

  /** Read the figures. Never throws. */
  async measure(): Promise<Reading> {
    if (!this.#ended.signal.aborted) {
      const report = await this.#answered(this.#peer.pc.getStats()).catch(() => undefined);
      if (report !== undefined) {
        // Typed without the members of its entries, which no two browsers share.
        this.#reading = read(report as ReadonlyMap<string, Readonly<Record<string, unknown>>>);
      }
    }
    return this.#reading;
  }

  /** Have the encoder make its next picture a key frame. */
  async forceKeyFrame(): Promise<void> {
    for (const { sender } of this.#of("video")) {
      const parameters = sender.getParameters();
      const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
      await sender.setParameters(parameters, { encodingOptions }).catch(() => {});
    }
  }

  /** Close everything; what goes on here then ends with UNAVAILABLE. */
  close(): void {
    this.#ended.abort();
    this.#stopTracks();
    this.#peer.pc.close();
  }

  /** Higher rates would only make pictures outgrow their size: no secret hangs on it. */
  async #slowDown(): Promise<void> {
    for (const { sender } of this.#of("video")) {
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) {
        encoding.maxBitrate = STEADY_BIT_RATE;
        encoding.maxFramerate = STEADY_FRAME_RATE;
      }
      await sender.setParameters(parameters).catch(() => {});
    }
  }

  #of(kind: Kind): readonly RTCRtpTransceiver[] {
    return this.#peer.pc.getTransceivers().filter((one) => kindOf(one) === kind);
  }

  /** Send these tracks from now on, without a new description. */
  #use({ audio, video, isScreen }: LocalTracks): void {
    if (this.#ended.signal.aborted) return;
    // Refused only if the connection closed meanwhile: then nothing is sent anyway.
    this.#replace("audio", audio).catch(() => {});
    this.#pictures.put(this.#video ? video : undefined, isScreen ? "screen" : "video");
  }

  async #replace(kind: Kind, track: MediaStreamTrack | undefined): Promise<void> {
    await Promise.all(this.#of(kind).map(({ sender }) => sender.replaceTrack(track ?? null)));
  }

  async #own(making: Promise<RTCSessionDescriptionInit>): Promise<RTCSessionDescriptionInit> {
    const description = await this.#answered(making);
    this.#description = description;
    return description;
  }

  async #setRemote(description: Description): Promise<void> {
    const { pc } = this.#peer;
    try {
      const sdp = encode(description);
      await this.#answered(pc.setRemoteDescription({ type: description.kind, sdp }));
    } catch {
      this.#checkAlive();
      throw new PeerError(Code.MALFORMED, "CK-666: a description that does not fit");
    }
    this.#peer.protectAll();
    this.#peer.check();
    this.#hasRemote = true;
    if (this.#isSet) this.#settle();
    await this.#flush();
  }

  /** Both descriptions are in force. */
  #settle(): void {
    this.#peer.check();
    if (this.#steady) void this.#slowDown();
    this.#onStream(this.#stream);
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const candidate of waiting) {
      const line = { candidate: encodeCandidate(candidate), sdpMid: "0" };
      await this.#answered(this.#peer.pc.addIceCandidate(line)).catch(() => {
        this.#checkAlive();
        throw new PeerError(Code.MALFORMED, "CK-667: a candidate that the browser does not take");
      });
    }
  }

  /**
   * Wait for what the connection was asked. Once it is closed it answers nothing any more, and
   * whoever waited would wait for ever.
   */
  async #answered<T>(asked: Promise<T>): Promise<T> {
    const answer = await Promise.race([asked, this.#over]).catch((error: unknown) => {
      this.#checkAlive();
      throw error;
    });
    this.#checkAlive();
    return answer as T;
  }

  #checkUndescribed(): void {
    if (this.#description !== undefined) {
      throw new UsageError("this transport is described already");
    }
  }

  #checkAlive(): void {
    if (this.#ended.signal.aborted) {
      throw new UnavailableError(Code.UNAVAILABLE, "this transport was dropped meanwhile");
    }
  }
}
