/**
 * One call's media in a browser: `MediaConnection` of `interfaces.ts`, from the first description to
 * the last frame (twin: `src/visavis/media/connection.py`).
 *
 * What it is not for: deciding. When to offer, accept, restart or end is the call machine's business;
 * this object does what it is told and tells what happens. Until `prepare` (which asks the relay and
 * nobody else) or `gather` no packet of any kind leaves, so an offer tells nobody where the caller is
 * and a ringing callee is silent.
 *
 *     connection.ts   the call: events, figures over all transports, restart
 *     transport.ts    one RTCPeerConnection
 *     protect.ts      SFrame on all its ends        worker.ts, frames_pipe.ts   the keys, the frames
 *     gathering.ts    the relay                     sdp_guard.ts, candidates.ts what travels
 */

import { Code, PeerError, UsageError } from "../core/errors.ts";
import type { PictureKind } from "../core/frame_keys.ts";
import type { Carried } from "../core/meter.ts";
import { WorkerKeys } from "./call_frames.ts";
import { MAX_CANDIDATES, parse } from "./candidates.ts";
import { type Bytes, NO_BYTES, type Reading } from "./figures.ts";
import { startFrameWorker } from "./frame_worker.ts";
import type {
  ConnectionOptions,
  FrameKeys,
  MediaFactory,
  MediaStats,
  TextEnd,
} from "./interfaces.ts";
import { type MediaConnection, MediaEvent, type TurnServer } from "./interfaces.ts";
import { requireEncryption } from "./protect.ts";
import { standing } from "./standing.ts";
import { type TextChannel, TextLink } from "./text_link.ts";
import { Transport } from "./transport.ts";

/** How connections are made. */
export type FactoryOptions = Readonly<{
  /** Let loopback relays pass: demo and tests only. */
  allowLoopback?: boolean;
}>;

/**
 * Return the product's factory: relay-only connections, each with a worker for its keys.
 *
 * The factory throws UnavailableError `NOT_ENCRYPTED` in a browser that cannot encrypt calls.
 */
export function relayedMedia(options: FactoryOptions = {}): MediaFactory {
  let ready: Worker | undefined;
  const make = (call: ConnectionOptions) => {
    requireEncryption(); // before a worker is started for nothing
    const worker = ready ?? startFrameWorker();
    ready = undefined;
    return new RelayedConnection(call, worker, options);
  };
  const expect = () => {
    const worker = startFrameWorker();
    ready?.terminate();
    ready = worker;
    return () => {
      if (ready !== worker) return;
      worker.terminate();
      ready = undefined;
    };
  };
  return Object.assign(make, { expect });
}

type Sums = Readonly<{ framesDecoded: number; audioDecodedS: number; bytes: Bytes }>;

/** The media of one call with one other device: over relays only, until `restart` says otherwise. */
export class RelayedConnection implements MediaConnection {
  readonly #options: ConnectionOptions;
  readonly #worker: Worker;
  readonly #keys: WorkerKeys;
  readonly #text: TextLink;
  readonly #allowLoopback: boolean;
  #transport: Transport;
  #video: boolean;
  #remoteCandidates = 0;
  #relayOnly = true;
  #watching = new AbortController();
  #connected = false;
  #closing: Promise<void> | undefined;
  #firstFrameAt: number | undefined;
  /** Summed over the transports that were dropped. */
  #before: Sums = { framesDecoded: 0, audioDecodedS: 0, bytes: NO_BYTES };
  #sound: Readonly<{ packets: number; sizes: number }> = { packets: 0, sizes: 0 };
  /** When the present transport had its relay; seconds of those before; addresses of ours were told. */
  #relayedAt: number | undefined;
  #relayedS = 0;
  #addressTold = false;

  /**
   * @param options The call.
   * @param worker Runs `worker.ts`, for this call alone.
   */
  constructor(options: ConnectionOptions, worker: Worker, { allowLoopback }: FactoryOptions = {}) {
    this.#options = options;
    this.#worker = worker;
    this.#allowLoopback = allowLoopback ?? false;
    this.#video = options.video;
    this.#keys = new WorkerKeys(worker);
    this.#keys.onKeyFrameWanted = () => void this.#transport.forceKeyFrame();
    this.#keys.onDeath = () => this.#fail();
    // Messages to a worker stay in order: this comes before any key.
    if (options.steady) void this.#keys.steady().catch(() => this.#fail());
    this.#text = new TextLink(this.#keys);
    this.#transport = this.#newTransport();
  }

  get keys(): FrameKeys {
    return this.#keys;
  }

  carryText(end: TextEnd): void {
    this.#text.join(end);
  }

  async createOffer(): Promise<string> {
    this.#checkOpen();
    return this.#transport.createOffer();
  }

  async acceptOffer(sdp: string): Promise<string> {
    this.#checkOpen();
    return this.#transport.acceptOffer(sdp);
  }

  async acceptAnswer(sdp: string): Promise<void> {
    this.#checkOpen();
    await this.#transport.acceptAnswer(sdp);
  }

  async closeVideo(): Promise<void> {
    this.#checkOpen();
    if (!this.#video) return;
    this.#video = false;
    // Three locks: the camera is let go, the sender has no track, the worker passes no picture.
    this.#options.local.closeVideo();
    this.#transport.dropVideo();
    await this.#keys.closeVideo();
  }

  async prepare(servers: readonly TurnServer[], { allocate = false } = {}): Promise<boolean> {
    this.#checkOpen();
    return this.#transport.prepare(servers, allocate);
  }

  async gather(servers: readonly TurnServer[]): Promise<readonly string[]> {
    this.#checkOpen();
    const transport = this.#transport;
    const lines = await transport.gather(servers);
    this.#relayedAt ??= now();
    this.#addressTold ||= lines.some((line) => !line.includes(" typ relay"));
    if (transport === this.#transport && this.#closing === undefined) {
      this.#watching.abort();
      this.#watching = new AbortController();
      void this.#watch(transport, this.#watching.signal);
    }
    return lines;
  }

  async addRemoteCandidates(lines: readonly string[]): Promise<void> {
    this.#checkOpen();
    if (this.#remoteCandidates + lines.length > MAX_CANDIDATES) {
      throw new PeerError(Code.MALFORMED, "CK-671: too many candidates");
    }
    const rules = { relayOnly: this.#relayOnly, allowLoopback: this.#allowLoopback };
    const checked = lines.map((line) => parse(line, rules));
    this.#remoteCandidates += checked.length;
    await this.#transport.addCandidates(checked);
  }

  async restart({ relayOnly = true }: Readonly<{ relayOnly?: boolean }> = {}): Promise<void> {
    this.#checkOpen();
    this.#relayOnly = relayOnly;
    this.#dropTransport();
    this.#before = this.#sum(this.#transport.reading);
    this.#transport = this.#newTransport();
  }

  async stats(): Promise<MediaStats> {
    const [, counts] = await Promise.all([this.#transport.measure(), this.#keys.counts()]);
    const { reading } = this.#transport; // of the present one, if a restart came in between
    const sum = this.#sum(reading);
    this.#sound = { packets: counts.sealed.audio, sizes: counts.audioSizes.size };
    return {
      framesSent: counts.sealed.video,
      framesDecoded: sum.framesDecoded,
      decryptFailures: counts.failed.audio + counts.failed.video,
      encryptRefusals: counts.refused.audio + counts.refused.video,
      audioPackets: counts.sealed.audio,
      audioDecodedS: sum.audioDecodedS,
      audioPacketSizes: counts.audioSizes,
      pictureSizes: counts.pictureSizes,
      path: this.#connected ? reading.path : "none",
      rttMs: reading.rttMs,
      connected: this.#connected,
      firstFrameAt: this.#firstFrameAt,
    };
  }

  get carried(): Carried {
    const seconds = this.#relayedAt === undefined ? 0 : now() - this.#relayedAt;
    return {
      ...this.#sum(this.#transport.reading).bytes,
      relayS: Math.round(this.#relayedS + seconds),
      addressTold: this.#addressTold,
      soundPackets: this.#sound.packets,
      soundSizes: this.#sound.sizes,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#text.close();
    this.#dropTransport();
    this.#options.local.close();
    this.#options.remote.close();
    await this.#keys.dispose();
  }

  #newTransport(): Transport {
    this.#remoteCandidates = 0;
    const { local, remote } = this.#options;
    const onStream = (stream: MediaStream) => remote.onStream(stream);
    const { steady = false } = this.#options;
    const relayOnly = this.#relayOnly;
    const onText = (channel: TextChannel) => this.#text.use(channel);
    const say = (way: string, of: PictureKind | undefined) => this.#keys.setPictures(way, of);
    const options = { worker: this.#worker, local, onText, onStream, steady, relayOnly, say };
    return new Transport(options, this.#video);
  }

  /** Stop watching the transport and close it; its figures stay. */
  #dropTransport(): void {
    this.#watching.abort();
    this.#connected = false;
    this.#transport.close();
    if (this.#relayedAt !== undefined) this.#relayedS += now() - this.#relayedAt;
    this.#relayedAt = undefined;
  }

  #sum({ framesDecoded, audioDecodedS, bytes }: Reading): Sums {
    const before = this.#before.bytes;
    return {
      framesDecoded: this.#before.framesDecoded + framesDecoded,
      audioDecodedS: this.#before.audioDecodedS + audioDecodedS,
      bytes: {
        relaySent: before.relaySent + bytes.relaySent,
        relayReceived: before.relayReceived + bytes.relayReceived,
        directSent: before.directSent + bytes.directSent,
        directReceived: before.directReceived + bytes.directReceived,
      },
    };
  }

  /** Tell once that a transport came to stand, and once that it is gone. */
  async #watch(transport: Transport, signal: AbortSignal): Promise<void> {
    const end = await standing(transport, signal, {
      stands: () => {
        this.#connected = true;
        this.#tell(MediaEvent.CONNECTED);
      },
      looked: (reading) => this.#lookForFirstFrame(reading),
    });
    if (end === undefined) return;
    this.#connected = false;
    this.#tell(end);
  }

  /** The first picture counts as the call's first frame; in a voice call, the first sound does. */
  async #lookForFirstFrame(reading: Reading): Promise<void> {
    if (this.#firstFrameAt !== undefined) return;
    // A browser decodes sound only where a page plays it; what opened will be decoded.
    const isThere = this.#video
      ? reading.framesDecoded > 0
      : (await this.#keys.counts()).opened.audio > 0;
    if (!isThere || this.#firstFrameAt !== undefined) return;
    this.#firstFrameAt = now();
    this.#tell(MediaEvent.FIRST_FRAME);
  }

  /** The worker died: nothing passes any more, and no restart helps. */
  #fail(): void {
    if (this.#closing !== undefined) return;
    this.#watching.abort();
    this.#connected = false;
    this.#transport.close();
    this.#tell(MediaEvent.FAILED);
  }

  #tell(event: MediaEvent): void {
    this.#options.onEvent(event);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new UsageError("this call's media is closed");
  }
}

function now(): number {
  return performance.now() / 1000;
}
