/**
 * The shapes that a call's media is wired from: connection, keys, what is sent, what is shown,
 * servers, events, figures (the browser's twin of `src/visavis/media/interfaces.py`).
 *
 * Nothing here does anything. The shell of the call machine (`client/call_shell.ts`) imports these
 * names, `web/media` implements them, tests fake them. Where Python takes frames from a source and
 * gives frames to a sink, a browser has tracks and streams: it captures, encodes and plays itself.
 */

import type { Bytes } from "../core/bytes.ts";
import type { Carried } from "../core/meter.ts";
import type { Statement } from "../core/recording_statements.ts";
import type { Members } from "../core/recording_types.ts";

/** The two kinds of media a call has; also the kinds of an SDP media section (RFC 8866, 5.14). */
export type { Kind } from "../core/frame_keys.ts";

/** What is sent now. No track of a kind: nothing of that kind is sent, the call goes on. */
export type LocalTracks = Readonly<{
  audio: MediaStreamTrack | undefined;
  video: MediaStreamTrack | undefined;
  /** `video` is a screen that is shared, in the camera's place. */
  isScreen: boolean;
}>;

/**
 * What a call shows and says, as the connection sees it. One outlives any number of restarts of the
 * transport, and in a glare it passes on to the call that stands.
 *
 * Mute, camera off, another device, a shared screen: each is a change of `tracks`, in the middle of
 * a call, without a new description (RTCRtpSender.replaceTrack). A page steers it by `LocalControls`.
 */
export interface LocalMedia {
  /** What is sent now. */
  readonly tracks: LocalTracks;
  /**
   * Open devices, if that was not done. Harmless when repeated.
   *
   * @throws UnavailableError `NO_DEVICE`: there is no such camera or microphone, or no permission.
   */
  start(): Promise<void>;
  /**
   * Be told of each change of `tracks`, also when one ends by itself (a camera is unplugged, the
   * browser's "stop sharing"); what it returns ends that.
   */
  onTracks(listener: (tracks: LocalTracks) => void): () => void;
  /**
   * Share no screen from here on, for good, and end what is shared: the call is confidential. What
   * has none cannot be in such a call.
   */
  forbidSharing?(): void;
  /** Let the camera go, for good: no picture will be asked for. Also before `start`, and repeated. */
  closeVideo(): void;
  /** Stop every track and free the devices. Harmless when repeated. */
  close(): void;
}

/** What a page may do to what is sent, before and during a call. */
export interface LocalControls extends LocalMedia {
  readonly muted: boolean;
  readonly cameraOn: boolean;
  readonly sharing: boolean;
  setMuted(muted: boolean): void;
  /** @throws UnavailableError `NO_DEVICE`. */
  setCamera(on: boolean): Promise<void>;
  /** @throws UnavailableError `NO_DEVICE`; what was used before goes on. */
  switchMicrophone(deviceId: string): Promise<void>;
  /** @throws UnavailableError `NO_DEVICE`; what was used before goes on. */
  switchCamera(deviceId: string): Promise<void>;
  /**
   * Send a screen or window in the camera's place: this one, which the person has seen, or else one
   * that the browser lets them pick now.
   *
   * @throws UnavailableError `NO_DEVICE`.
   * @throws UsageError After `forbidSharing`.
   */
  shareScreen(stream?: MediaStream): Promise<void>;
  /** Send the camera again, if it was on. Harmless when nothing is shared. */
  stopSharing(): void;
}

/** Where the other person's picture and sound go. Calls must return at once. */
export interface RemoteMedia {
  /**
   * Take the other side's stream: once it is there, and again after each restart that made another.
   * It has no video track in a voice call, whatever the other side sends (CK-369).
   */
  onStream(stream: MediaStream): void;
  /** It is over: show nothing any more. Harmless when repeated. */
  close(): void;
}

/**
 * All SFrame keys of one call, and the way to where they live (`media/call_frames.py`).
 *
 * They live in the worker of the encoded transforms. Receiving starts with `install`, sending only
 * with `sendIn`, so that every member can hold an epoch's receive keys before anybody sends in it
 * (protocol P10, RFC 9605, 5.2). Before `sendIn` every frame of ours is dropped; old epochs' keys die
 * 2 s after a newer `install` by the worker's own clock, also when no frame arrives.
 *
 * Calls take effect in the order in which they were made, and each promise is kept once the worker
 * has done it: `call.ready` must not be said before. The base key is posted (copied or transferred)
 * before the first wait; the caller overwrites its own after it.
 */
export interface FrameKeys {
  /**
   * Accept the others' frames of an epoch.
   *
   * @param epoch MLS epoch, newer than all before.
   * @param baseKey `MLS-Exporter("SFrame 1.0 Base Key", "", 32)`.
   * @param members Leaf indices of the other members.
   */
  install(epoch: bigint, baseKey: Bytes, members: ReadonlySet<number>): Promise<void>;
  /**
   * Send in an epoch from the next frame on; the keys of the epoch before are dropped.
   *
   * @param epoch MLS epoch, newer than every one sent in before.
   * @param baseKey As in `install`.
   * @param leaf Our own leaf index.
   * @throws UsageError CK-672: contexts and counters would start again under the same key, and
   *   repeat nonces.
   */
  sendIn(epoch: bigint, baseKey: Bytes, leaf: number): Promise<void>;
  /**
   * Seal and open nothing until `release`, whatever keys there are: whoever comes into a call is held
   * until they have answered whoever asks to record it. What is dropped meanwhile is nobody's fault,
   * and is not counted.
   */
  hold(): Promise<void>;
  /** Seal and open again. Harmless when nothing is held. */
  release(): Promise<void>;
  /** Drop all keys, here and in the worker: the end of the call. Harmless when repeated. */
  wipe(): Promise<void>;
  /** What has this call recorded; without it nothing can be. */
  readonly tape?: FrameTape | undefined;
}

/**
 * Has a call recorded where its frames are opened (`tapes.ts`): sealed chunks alone come out. Calls
 * return at once, take effect in order with those of `FrameKeys`, and never throw.
 */
export interface FrameTape {
  /** Say whose leaf is whose, by consent key; before a frame key of that epoch is in place. */
  leaves(leaves: ReadonlyMap<number, Bytes>): void;
  /**
   * Begin a recording.
   *
   * @param ask The request, in hex.
   * @param parts The request as it was signed, our half of the keys, our consent key. Copied.
   * @param taken Given each chunk, in order; undefined: something could not be recorded, and nothing
   *   more of this recording is to be counted on.
   */
  begin(
    ask: string,
    parts: Readonly<{ request: Bytes; secret: Bytes; privateKey: Bytes; own: Bytes }>,
    taken: (chunk: Bytes | undefined) => void,
  ): Reel;
}

/** One recording that goes on (`core/recording_tape.ts`). */
export interface Reel {
  /** Take what was signed about it. */
  said(said: Readonly<{ signed: Bytes; statement: Statement }>): void;
  /** Take a member's share of the key, or ours; copied. */
  share(key: Bytes, share: Bytes): void;
  /** Take who is there: among whom the next yes is said. */
  among(members: Members): void;
  /** End the parts that grow now. */
  pause(): void;
  /** Sign all that is written so far. */
  mark(): void;
  /** Write what there is, sign it, and end it; all chunks were given when this returns. */
  end(): Promise<void>;
}

/** Who writes and reads real-time text: `core/realtime_text.ts`, by way of a call's own object. */
export interface TextEnd {
  /** Return the block to send now, undefined for none. */
  nextTextBlock(): Bytes | undefined;
  /** @throws PeerError `MALFORMED`: it opened, and was no block. */
  takeTextBlock(block: Bytes): void;
}

/** A relay as the server hands it out (RFC 8656; URLs: RFC 7065), tried in the order of `urls`. */
export type TurnServer = Readonly<{
  urls: readonly string[];
  username: string;
  /** Never printed, never kept longer than the call. */
  credential: string;
}>;

/** What a `MediaConnection` tells the call machine, by `ConnectionOptions.onEvent`. */
export const MediaEvent = {
  /** ICE and DTLS stand on the present transport. */
  CONNECTED: "connected",
  /** The first frame of the other side was decoded; once per `MediaConnection`. */
  FIRST_FRAME: "first_frame",
  /** Nothing has arrived for some seconds, or the transport closed: `restart` is called for. */
  LOST: "lost",
  /** This transport never came to stand; `restart` may help. */
  FAILED: "failed",
} as const;

export type MediaEvent = (typeof MediaEvent)[keyof typeof MediaEvent];

/** How packets travel; "none" while unconnected. */
export type MediaPath = "relayed" | "direct" | "none";

/** Figures of one call, summed over all its transports. */
export type MediaStats = Readonly<{
  /** Pictures encoded, sealed and handed to the transport. */
  framesSent: number;
  /** Pictures decoded. */
  framesDecoded: number;
  /** Frames of either kind that arrived whole and did not decrypt. */
  decryptFailures: number;
  /** Frames dropped before the transport because there was no key. */
  encryptRefusals: number;
  /** Audio packets sealed and handed to the transport. */
  audioPackets: number;
  /** Seconds of sound decoded. */
  audioDecodedS: number;
  /** Payload size in bytes -> audio packets of that size sent. */
  audioPacketSizes: ReadonlyMap<number, number>;
  /** Size in bytes -> sealed pictures of that size sent; counted in a confidential call. */
  pictureSizes: ReadonlyMap<number, number>;
  path: MediaPath;
  /** Round trip as RTCP or ICE measures it, undefined until measured. */
  rttMs: number | undefined;
  /** ICE and DTLS stand now. */
  connected: boolean;
  /** Monotonic seconds of the first decoded frame, undefined before. */
  firstFrameAt: number | undefined;
}>;

/**
 * One call's media, from the first description to the last frame (`media/connection.py`).
 *
 *     caller                               callee
 *     createOffer   --- call.invite --->   (rings; nothing leaves)
 *                                          acceptOffer after a person's tap
 *     acceptAnswer  <-- call.accept ----
 *     gather        --- candidates ---->   gather after call.taken
 *     addRemoteCandidates                  addRemoteCandidates
 *     ... CONNECTED, FIRST_FRAME ...
 *
 *     after LOST, on both sides: restart, then the same steps again inside the call group
 *
 * Until `prepare` or `gather` no packet of any kind leaves, and `prepare` asks relays only. Candidates
 * are relayed ones only unless `restart` said otherwise, and never in the
 * descriptions (docs/adr/0003). After `close` every other method throws UsageError, no event is told,
 * and `stats` still answers with the last figures.
 *
 * Only one step is asked for at a time, with these exceptions: `addRemoteCandidates`, `prepare` and
 * `stats` may come at any time; `restart` and `close` may come while another step is under way, which then throws
 * UnavailableError `UNAVAILABLE` and has no effect.
 */
export interface MediaConnection {
  /** Its SFrame keys. Without keys nothing is sent and nothing is decoded. */
  readonly keys: FrameKeys;
  /** What it carried, for the metadata meter, as of the last look at the figures. */
  readonly carried: Carried;
  /** Carry the real-time text of this end from the connection on. */
  carryText(end: TextEnd): void;
  /** Return an offer without candidates and without addresses; sends nothing. */
  createOffer(): Promise<string>;
  /**
   * Return an answer without candidates; sends nothing.
   *
   * @throws PeerError `MALFORMED`: not an offer as we write them (`sdp_guard`).
   */
  acceptOffer(sdp: string): Promise<string>;
  /**
   * Take the answer to our offer, before or after `gather`.
   *
   * @throws PeerError `MALFORMED`: not an answer as we write them, or not to this offer, or with a
   *   picture after `closeVideo`.
   */
  acceptAnswer(sdp: string): Promise<void>;
  /**
   * Make this a voice call, for good; harmless when repeated.
   *
   * CK-369: from here on no picture is sent or shown, over this transport or a later one, and an
   * answer that wants one is refused. No picture leaves any more once the call returns, also before
   * the promise is kept.
   */
  closeVideo(): Promise<void>;
  /**
   * Look for a relay that answers, so that `gather` need not: while it rings at the other side. In
   * browsers that can, an allocation is made there, which a later look replaces. Nobody else hears of
   * it.
   *
   * @param servers The very ones that `gather` will be given.
   * @param options.allocate Instead, allocate for good, once there is a description; for whoever will
   *   need it in a moment, while the caller has yet to take this device.
   * @returns Whether one answered, or was asked for good; `gather` forgets it again after some seconds.
   */
  prepare(
    servers: readonly TurnServer[],
    options?: Readonly<{ allocate?: boolean }>,
  ): Promise<boolean>;
  /**
   * Start what is sent (`LocalMedia.start`), allocate at a relay, begin to connect.
   *
   * @param servers Fresh credentials.
   * @returns Our candidates, as lines for `call.candidates`: all of them, and one at least.
   * @throws UnavailableError `NO_RELAY`, `NO_DEVICE` or `NO_MEDIA`. It may be called again.
   */
  gather(servers: readonly TurnServer[]): Promise<readonly string[]>;
  /**
   * Take the other side's candidates, any number of times, all or none of a list.
   *
   * @throws PeerError `MALFORMED`: CK-667 to CK-669, or CK-671: more than 16 for one transport.
   */
  addRemoteCandidates(lines: readonly string[]): Promise<void>;
  /**
   * Drop the transport and make a new one, undescribed, for the same local and remote media.
   *
   * Afterwards `createOffer` or `acceptOffer` and so on run as in a new call; the roles may be
   * swapped. The Python side has no ICE restart (RFC 8445, 2.4), so it is a new RTCPeerConnection.
   * Keys stay where they are; each encoder of the new transport takes a context of its own.
   *
   * @param options.relayOnly False for the direct path besides (docs/adr/0017): then, and only on this
   *   transport, candidates that are not relayed are gathered, returned and taken. True unless told
   *   otherwise.
   */
  restart(options?: Readonly<{ relayOnly?: boolean }>): Promise<void>;
  /** Return the call's figures so far. Never throws. */
  stats(): Promise<MediaStats>;
  /** End it: transport, local and remote media. Harmless when repeated; the keys are wiped apart. */
  close(): Promise<void>;
}

/** What a connection is made for. */
export type ConnectionOptions = Readonly<{
  /** Whether we send and want pictures; the lesser media of both sides holds. */
  video: boolean;
  /** Send pictures of few sizes (`picture_padding.ts`): the call is confidential. */
  steady?: boolean;
  /** What we show and say; started at `gather`, closed at `close`. */
  local: LocalMedia;
  /** Where the other side's stream goes; closed at `close`. */
  remote: RemoteMedia;
  /** Takes what happens; never called before the constructor has returned. */
  onEvent: (event: MediaEvent) => void;
}>;

/**
 * Makes the media of one call: a connection that sends nothing yet, and the worker of its keys. The
 * product's is `relayedMedia` in `media/connection.ts`.
 */
export interface MediaFactory {
  (options: ConnectionOptions): MediaConnection;
  /**
   * One will perhaps be made soon: start its worker, and no connection. What it returns stops that
   * worker, unless a connection has it.
   */
  expect?(): () => void;
}
