/**
 * The page of the media tests: several ends of calls, steered from Node by `harness.ts`.
 *
 * It uses the product's own factory and worker. What it adds: a camera that may be swapped, a look
 * at every peer connection's statistics, and connections without any protection, as controls.
 */

import "./group.ts";
import "./sfu.ts";
import { type Bytes, fromHex } from "../../../../core/bytes.ts";
import { RealtimeText } from "../../../../core/realtime_text.ts";
import type { Kind } from "../../../../core/recording_types.ts";
import { relayedMedia } from "../../../../media/connection.ts";
import type {
  LocalMedia,
  LocalTracks,
  MediaConnection,
  TurnServer,
} from "../../../../media/interfaces.ts";
import { made, Original } from "./peers.ts";
import { record } from "./recording.ts";

/** A camera and a microphone; Chromium's fake ones. */
class Devices implements LocalMedia {
  tracks: LocalTracks = { audio: undefined, video: undefined, isScreen: false };
  readonly #video: boolean;
  readonly #listeners = new Set<(tracks: LocalTracks) => void>();

  constructor(video: boolean) {
    this.#video = video;
  }

  async start(): Promise<void> {
    if (this.tracks.audio !== undefined) return;
    const size = { width: 320, height: 240, frameRate: 15 };
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: this.#video ? size : false,
    });
    const [video] = stream.getVideoTracks();
    this.change({ audio: stream.getAudioTracks()[0], video, isScreen: false });
  }

  change(tracks: LocalTracks): void {
    this.tracks = tracks;
    for (const listener of this.#listeners) listener(tracks);
  }

  onTracks(listener: (tracks: LocalTracks) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  closeVideo(): void {
    this.tracks.video?.stop();
    this.change({ audio: this.tracks.audio, video: undefined, isScreen: false });
  }

  close(): void {
    this.tracks.audio?.stop();
    this.tracks.video?.stop();
  }
}

/** What may be asked of a connection as it ends. */
export type Asked = "figures" | "candidates";

const CANDIDATE = "candidate:1 1 udp 16777215 192.0.2.7 4444 typ relay raddr 0.0.0.0 rport 9";

/** Every worker that anybody started here, and whether it was stopped. */
const workers: { stopped: boolean }[] = [];
globalThis.Worker = class extends Worker {
  readonly #own = { stopped: false };

  constructor(script: string | URL, options?: WorkerOptions) {
    super(script, options);
    workers.push(this.#own);
  }
  override terminate(): void {
    this.#own.stopped = true;
    super.terminate();
  }
};

type End = {
  connection: MediaConnection;
  devices: Devices;
  screen: HTMLVideoElement;
  events: { event: string; atMs: number }[];
  text: RealtimeText;
};

const ends = new Map<string, End>();

/** Each ends a recording of an end, and looks at it. */
const recordings = new Map<string, Awaited<ReturnType<typeof record>>>();

function end(name: string): End {
  const found = ends.get(name);
  if (found === undefined) throw new Error(`no end ${name}`);
  return found;
}

/** What RTP says of one end, whatever the product says of itself. */
export type Rtp = Record<
  | "audioSent"
  | "videoSent"
  | "audioReceived"
  | "videoReceived"
  | "decoded"
  | "energy"
  | "keyFrames"
  | "keyFrameRequests"
  | "width",
  number
>;

/** The connection of an end's present transport. */
function present(name: string): readonly RTCPeerConnection[] {
  return made.filter((pc) => mine.get(pc) === name).slice(-1);
}

async function rtpOf(pcs: readonly RTCPeerConnection[]): Promise<Rtp> {
  const rtp: Rtp = {
    audioSent: 0,
    videoSent: 0,
    audioReceived: 0,
    videoReceived: 0,
    decoded: 0,
    energy: 0,
    keyFrames: 0,
    keyFrameRequests: 0,
    width: 0,
  };
  for (const pc of pcs) {
    const report = await pc.getStats();
    report.forEach((entry) => {
      const isAudio = entry.kind === "audio";
      if (entry.type === "outbound-rtp") {
        rtp[isAudio ? "audioSent" : "videoSent"] += entry.packetsSent;
        rtp.keyFrames += entry.keyFramesEncoded ?? 0;
        rtp.keyFrameRequests += (entry.pliCount ?? 0) + (entry.firCount ?? 0);
      }
      if (entry.type === "inbound-rtp") {
        rtp[isAudio ? "audioReceived" : "videoReceived"] += entry.packetsReceived;
        rtp.decoded += entry.framesDecoded ?? 0;
        rtp.energy += entry.totalAudioEnergy ?? 0;
        rtp.width = entry.frameWidth ?? rtp.width;
      }
    });
  }
  return rtp;
}

const factory = relayedMedia();
/** Stops the worker that was started ahead. */
let stopAhead = () => {};

const api = {
  make(name: string, video: boolean, steady = false): void {
    const screen = document.createElement("video");
    screen.autoplay = true;
    document.body.append(screen);
    const devices = new Devices(video);
    const events: End["events"] = [];
    const connection = factory({
      video,
      steady,
      local: devices,
      remote: {
        onStream(stream) {
          screen.srcObject = stream;
        },
        close() {
          screen.srcObject = null;
        },
      },
      onEvent: (event) => events.push({ event, atMs: performance.now() }),
    });
    const text = new RealtimeText();
    connection.carryText({
      nextTextBlock: () => text.nextBlock(),
      takeTextBlock: (block) => void text.receive(block),
    });
    ends.set(name, { connection, devices, screen, events, text });
  },
  /** A connection will perhaps be made. */
  expect(): void {
    stopAhead = factory.expect?.() ?? stopAhead;
  },
  expectNothing(): void {
    stopAhead();
  },
  started: () => ({
    workers: workers.length,
    running: workers.filter(({ stopped }) => !stopped).length,
    connections: made.length,
  }),
  canEncrypt(): string {
    const { RTCRtpScriptTransform: kept } = globalThis;
    try {
      Reflect.deleteProperty(globalThis, "RTCRtpScriptTransform");
      api.make("none", true);
      return "made";
    } catch (error) {
      return String(error);
    } finally {
      globalThis.RTCRtpScriptTransform = kept;
    }
  },
  createOffer: (name: string) => end(name).connection.createOffer(),
  acceptOffer: (name: string, sdp: string) => end(name).connection.acceptOffer(sdp),
  acceptAnswer: (name: string, sdp: string) => end(name).connection.acceptAnswer(sdp),
  prepare: (name: string, servers: TurnServer[], allocate: boolean) =>
    end(name).connection.prepare(servers, { allocate }),
  /** What there is before anything was to be gathered. */
  ahead(name: string) {
    const candidates = present(name)[0]?.localDescription?.sdp.match(/^a=candidate.*$/gm) ?? [];
    return { candidates: [...candidates], devices: end(name).devices.tracks.audio !== undefined };
  },
  gather: (name: string, servers: TurnServer[]) => end(name).connection.gather(servers),
  candidates: (name: string, lines: string[]) => end(name).connection.addRemoteCandidates(lines),
  restart: (name: string) => end(name).connection.restart(),
  closeVideo: (name: string) => end(name).connection.closeVideo(),
  close: (name: string) => end(name).connection.close(),
  wipe: (name: string) => end(name).connection.keys.wipe(),
  install: (name: string, epoch: number, key: string, members: number[]) =>
    end(name).connection.keys.install(BigInt(epoch), bytes(key), new Set(members)),
  sendIn: (name: string, epoch: number, key: string, leaf: number) =>
    end(name).connection.keys.sendIn(BigInt(epoch), bytes(key), leaf),
  async stats(name: string) {
    const { audioPacketSizes, pictureSizes, ...stats } = await end(name).connection.stats();
    return { ...stats, sizes: [...audioPacketSizes.keys()], pictureSizes: [...pictureSizes] };
  },
  /** Ask for the figures and end their connection in the same moment: are they answered? */
  /** Ask something of a connection that is made anew or closed meanwhile; say whether it is over. */
  async asItEnds(name: string, what: Asked, how: "restart" | "close"): Promise<boolean> {
    const { connection } = end(name);
    const ask = {
      figures: () => connection.stats(),
      candidates: () => connection.addRemoteCandidates([CANDIDATE]),
    }[what];
    const over = ask().then(
      () => true,
      () => true,
    );
    await connection[how]();
    return Promise.race([over, elapsed(5000).then(() => false)]);
  },
  /** Record what an end sends and gets, from a member of this leaf. */
  async record(name: string, theirLeaf: number, kinds?: readonly Kind[]): Promise<void> {
    recordings.set(name, await record(end(name).connection.keys, theirLeaf, kinds));
  },
  endRecording(name: string) {
    const ending = recordings.get(name);
    if (ending === undefined) throw new Error("it is not recorded");
    return ending();
  },
  write(name: string, text: string): void {
    end(name).text.open();
    end(name).text.type(text);
  },
  /** What the other end wrote: finished lines and the one that is being written. */
  theirText(name: string): string {
    const { lines, theirs } = end(name).text;
    return [...lines.filter(({ who }) => who === "theirs").map(({ text }) => text), theirs].join(
      "\n",
    );
  },
  rtp: (name: string) => rtpOf(present(name)),
  mute(name: string, muted: boolean): void {
    const { audio } = end(name).devices.tracks;
    if (audio !== undefined) audio.enabled = !muted;
  },
  /** What a mistake, or another script of the page, might do. */
  takeTransformsAway(name: string): void {
    for (const pc of present(name)) for (const sender of pc.getSenders()) sender.transform = null;
  },
  sdp: (name: string) => present(name).map((pc) => pc.localDescription?.sdp)[0],
  events: (name: string) => end(name).events.map(({ event }) => event),
  now: () => performance.now(),
  eventAt: (name: string, event: string) =>
    end(name).events.findLast((one) => one.event === event)?.atMs,
  tracksShown(name: string): string[] {
    const stream = end(name).screen.srcObject;
    return stream instanceof MediaStream ? stream.getTracks().map((track) => track.kind) : [];
  },
  /** What a person would see: the middle pixel, and whether it is anything but black. */
  pixels(name: string): number[] {
    const { screen } = end(name);
    const canvas = new OffscreenCanvas(32, 24);
    const context = canvas.getContext("2d");
    context?.drawImage(screen, 0, 0, 32, 24);
    return [...(context?.getImageData(16, 12, 1, 1).data ?? [])];
  },
  async share(name: string): Promise<void> {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    const { devices } = end(name);
    const { audio } = devices.tracks;
    devices.change({ audio, video: stream.getVideoTracks()[0], isScreen: true });
  },
  /** Two connections without any transform: does anything leave? */
  async unprotected(servers: RTCIceServer[], closed: boolean): Promise<Rtp> {
    const configuration = {
      iceServers: servers,
      iceTransportPolicy: "relay",
      encodedInsertableStreams: closed,
    } as const;
    const [one, other] = [new Original(configuration), new Original(configuration)];
    try {
      one.onicecandidate = ({ candidate }) => other.addIceCandidate(candidate ?? undefined);
      other.onicecandidate = ({ candidate }) => one.addIceCandidate(candidate ?? undefined);
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      for (const track of stream.getTracks()) one.addTrack(track, stream);
      await one.setLocalDescription();
      await other.setRemoteDescription(one.localDescription ?? { type: "offer" });
      await other.setLocalDescription();
      await one.setRemoteDescription(other.localDescription ?? { type: "answer" });
      while (one.connectionState !== "connected") await elapsed(50);
      await elapsed(1500);
      for (const track of stream.getTracks()) track.stop();
      return await rtpOf([one, other]);
    } finally {
      one.close();
      other.close();
    }
  },
};

/** Which end a connection belongs to: the one whose method was running when it was made. */
const mine = new WeakMap<RTCPeerConnection, string>();
const methods = ["make", "restart"] as const;
for (const method of methods) {
  const original: (name: string, ...rest: boolean[]) => unknown = api[method];
  Object.assign(api, {
    [method](name: string, ...rest: boolean[]) {
      const before = made.length;
      const result = original(name, ...rest);
      for (const pc of made.slice(before)) mine.set(pc, name);
      return result;
    },
  });
}

function bytes(key: string): Bytes {
  return fromHex(key);
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export type Api = typeof api;

Object.assign(globalThis, { e2e: api });
