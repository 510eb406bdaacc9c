/**
 * A relay and media connections without sockets, for calls on a virtual clock.
 *
 * Real: the SFrame keys. Each fake sends a frame every half second through them, and what the other
 * side cannot decrypt does not count. Faked: sockets, ICE, DTLS, codecs.
 */

import { type Bytes, copy, utf8 } from "../../core/bytes.ts";
import { Code, PeerError, UnavailableError, VisavisError } from "../../core/errors.ts";
import { type FrameKind, type FrameSender, SendingEpoch } from "../../core/frame_keys.ts";
import { FrameReceiver } from "../../core/frame_receiver.ts";
import { type Carried, NOTHING_CARRIED } from "../../core/meter.ts";
import { BLOCK_EVERY_S } from "../../core/realtime_text.ts";
import { PRODUCT_SUITE } from "../../core/sframe.ts";
import {
  type ConnectionOptions,
  type FrameKeys,
  type LocalMedia,
  type MediaConnection,
  MediaEvent,
  type MediaStats,
  type RemoteMedia,
  type TextEnd,
  type TurnServer,
} from "../../media/interfaces.ts";
import type { VirtualClock } from "./virtual_clock.ts";

const CONNECT_S = 0.3;
const FRAME_S = 0.5;
const SILENCE_S = 3;
const GATHER_S = 0.1;

/** SFrame keys as a worker would hold them. */
export class FakeKeys implements FrameKeys {
  wiped = false;
  /** Nothing passes for now. */
  held = false;
  holds = 0;
  /** What was given, to see that it is overwritten. */
  readonly given: Bytes[] = [];
  /** Answer nothing any more, as a worker that died. */
  dead = false;
  readonly #clock: VirtualClock;
  readonly #receiver = new FrameReceiver();
  #sending: SendingEpoch | undefined;
  #senders = new Map<SendingEpoch, Promise<FrameSender>>();
  readonly #texts = new Map<SendingEpoch, Promise<FrameSender>>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get canSend(): boolean {
    return this.#sending !== undefined;
  }

  get canReceive(): boolean {
    return this.#receiver.epochs.length > 0;
  }

  async install(epoch: bigint, baseKey: Bytes, members: ReadonlySet<number>): Promise<void> {
    this.given.push(baseKey);
    if (this.dead) await new Promise(() => {});
    const own = copy(baseKey);
    await this.#clock.wait(0.002);
    this.#receiver.install(epoch, own, members);
    this.#receiver.tick(this.#clock.now);
  }

  async sendIn(epoch: bigint, baseKey: Bytes, leaf: number): Promise<void> {
    this.given.push(baseKey);
    this.#sending?.wipe();
    this.#sending = new SendingEpoch(PRODUCT_SUITE, baseKey, epoch, leaf);
  }

  async hold(): Promise<void> {
    this.held = true;
    this.holds += 1;
  }

  async release(): Promise<void> {
    this.held = false;
  }

  async wipe(): Promise<void> {
    this.wiped = true;
    this.#sending?.wipe();
    this.#sending = undefined;
    this.#receiver.wipe();
  }

  /** A new transport takes a context of its own. */
  newTransport(): void {
    this.#senders = new Map();
  }

  async seal(frame: Bytes, kind: FrameKind = "audio"): Promise<Bytes | undefined> {
    const epoch = this.#sending;
    if (epoch === undefined || this.held) return undefined;
    const senders = kind === "text" ? this.#texts : this.#senders;
    const sender = senders.get(epoch) ?? epoch.newSender();
    senders.set(epoch, sender);
    return await (await sender).encrypt(frame, kind);
  }

  async open(frame: Bytes, kind: FrameKind = "audio"): Promise<Bytes> {
    return (await this.#receiver.decrypt(frame, kind, this.#clock.now)).frame;
  }
}

/** All fake media meets here; it can die and come back. */
export class FakeRelay {
  running = true;
  gathered = 0;
  /** User names that it does not know: they were another relay's, before a restart. */
  readonly unknown = new Set<string>();
  /** How often somebody gathered with such a name: a browser cannot gather again after that. */
  refused = 0;
  /** The next one made answers with a picture, whatever was agreed. */
  nextAnswersVideo = false;
  readonly made: FakeMedia[] = [];
  readonly clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  stop(): void {
    this.running = false;
    for (const media of this.made) media.lose();
  }
}

/** One call's media on one device. */
export class FakeMedia implements MediaConnection {
  readonly keys: FakeKeys;
  readonly number: number;
  video: boolean;
  closed = false;
  connected = false;
  relayOnly = true;
  sent = 0;
  decoded = 0;
  undecodable = 0;
  refused = 0;
  /** Blocks of text that left. */
  blocks = 0;
  /** Offers that it wrote. */
  offers = 0;
  #text: TextEnd | undefined;
  readonly #answersVideo: boolean;
  readonly #relay: FakeRelay;
  readonly #options: ConnectionOptions;
  #generation = 0;
  #other: readonly [number: number, generation: number] | undefined;
  #lines = new Set<string>();
  #gathered = false;
  #hadFrame = false;

  constructor(relay: FakeRelay, options: ConnectionOptions) {
    this.#relay = relay;
    this.#options = options;
    this.video = options.video;
    this.keys = new FakeKeys(relay.clock);
    this.number = relay.made.length;
    this.#answersVideo = relay.nextAnswersVideo;
    relay.made.push(this);
  }

  get #hostLine(): string {
    return `${this.#line} host`;
  }

  /** The direct one if each has the other's host candidate, as ICE would find it. */
  get path(): "relayed" | "direct" {
    const other = this.#peer();
    const isDirect =
      other !== undefined && this.#lines.has(other.#hostLine) && other.#lines.has(this.#hostLine);
    return isDirect ? "direct" : "relayed";
  }

  get #line(): string {
    return `candidate:${this.number}.${this.#generation}`;
  }

  /** Whether a call has it; else it was made ahead, and nobody wanted it. */
  get isUsed(): boolean {
    return this.#text !== undefined;
  }

  carryText(end: TextEnd): void {
    this.#text = end;
  }

  async createOffer(): Promise<string> {
    this.offers += 1;
    return `offer ${this.number} ${this.#generation} ${this.video}`;
  }

  async acceptOffer(sdp: string): Promise<string> {
    this.#other = parse(sdp, "offer");
    this.#maybeConnect();
    const video = this.video || this.#answersVideo;
    return `answer ${this.number} ${this.#generation} ${video} ${this.#other.join(" ")}`;
  }

  async acceptAnswer(sdp: string): Promise<void> {
    const other = parse(sdp, "answer");
    const [, , , video, ...to] = sdp.split(" ");
    if (to.join(" ") !== `${this.number} ${this.#generation}`) {
      throw new PeerError(Code.MALFORMED, "an answer to another offer");
    }
    if (video === "true" && !this.video) throw new PeerError(Code.MALFORMED, "CK-369 a picture");
    this.#other = other;
    this.#maybeConnect();
  }

  async closeVideo(): Promise<void> {
    this.video = false;
    this.#options.local.closeVideo();
  }

  async prepare(servers: readonly TurnServer[]): Promise<boolean> {
    if (servers.length === 0) throw new Error("no server");
    return this.#relay.running;
  }

  async gather(servers: readonly TurnServer[]): Promise<readonly string[]> {
    if (servers.length === 0) throw new Error("no server");
    const generation = this.#generation;
    await this.#options.local.start();
    await this.#relay.clock.wait(GATHER_S);
    if (generation !== this.#generation || this.closed) {
      throw new UnavailableError(Code.UNAVAILABLE, "restarted meanwhile");
    }
    const isKnown = servers.every(({ username }) => !this.#relay.unknown.has(username));
    if (!isKnown) this.#relay.refused += 1;
    if (!this.#relay.running || !isKnown) throw new UnavailableError(Code.NO_RELAY, "no relay");
    this.#relay.gathered += 1;
    this.#gathered = true;
    this.#maybeConnect();
    return this.relayOnly ? [this.#line] : [this.#line, this.#hostLine];
  }

  async addRemoteCandidates(lines: readonly string[]): Promise<void> {
    if (!lines.every((line) => line.startsWith("candidate:"))) {
      throw new PeerError(Code.MALFORMED, "no candidate");
    }
    if (this.relayOnly && lines.some((line) => line.includes("host"))) {
      throw new PeerError(Code.MALFORMED, "CK-668: a candidate that is not relayed");
    }
    for (const line of lines) this.#lines.add(line);
    this.#maybeConnect();
  }

  async restart({ relayOnly = true } = {}): Promise<void> {
    this.relayOnly = relayOnly;
    this.#generation += 1;
    this.#other = undefined;
    this.#lines = new Set(); // They were the old transport's.
    this.#gathered = false;
    this.connected = false;
    this.keys.newTransport();
  }

  get carried(): Carried {
    return { ...NOTHING_CARRIED, relaySent: this.sent, relayReceived: this.decoded };
  }

  async stats(): Promise<MediaStats> {
    return {
      framesSent: this.sent,
      framesDecoded: this.decoded,
      decryptFailures: this.undecodable,
      encryptRefusals: this.refused,
      audioPackets: 0,
      audioDecodedS: 0,
      audioPacketSizes: new Map(),
      pictureSizes: new Map(),
      path: this.connected ? this.path : "none",
      rttMs: this.connected ? 42 : undefined,
      connected: this.connected,
      firstFrameAt: undefined,
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.connected = false;
    this.#options.local.close();
    this.#options.remote.close();
  }

  /** Let the path die: noticed after three seconds of silence. */
  lose(): void {
    if (!this.connected) return;
    this.connected = false;
    const generation = this.#generation;
    this.#relay.clock.later(SILENCE_S, () => {
      if (generation === this.#generation) this.tell(MediaEvent.LOST);
    });
  }

  tell(event: MediaEvent): void {
    if (!this.closed) this.#options.onEvent(event);
  }

  #peer(): FakeMedia | undefined {
    return this.#other && this.#relay.made[this.#other[0]];
  }

  #isReadyFor(other: FakeMedia): boolean {
    const expects = this.#other?.[0] === other.number && this.#other[1] === other.#generation;
    return this.#gathered && expects && this.#lines.has(other.#line);
  }

  #maybeConnect(): void {
    const other = this.#peer();
    if (other === undefined || !this.#isReadyFor(other) || !other.#isReadyFor(this)) return;
    for (const end of [this, other]) {
      const generation = end.#generation;
      this.#relay.clock.later(CONNECT_S, () => end.#connect(generation));
    }
  }

  #connect(generation: number): void {
    const other = this.#peer();
    const isUp = this.#relay.running && !this.closed && other !== undefined && !other.closed;
    if (!isUp || generation !== this.#generation || this.connected) return;
    this.connected = true;
    this.tell(MediaEvent.CONNECTED);
    void this.#sendFrames(generation);
    void this.#sendText(generation);
  }

  async #sendText(generation: number): Promise<void> {
    for (;;) {
      const other = this.#peer();
      const isOver = this.closed || generation !== this.#generation || !this.connected;
      if (isOver || other === undefined || other.closed) return;
      const block = this.#text?.nextTextBlock();
      const sealed = block && (await this.keys.seal(block, "text").catch(() => undefined));
      if (sealed !== undefined) {
        this.blocks += 1;
        const opened = await other.keys.open(sealed, "text").catch(() => undefined);
        if (opened !== undefined) other.#text?.takeTextBlock(opened);
      }
      await this.#relay.clock.wait(BLOCK_EVERY_S);
    }
  }

  async #sendFrames(generation: number): Promise<void> {
    for (;;) {
      const other = this.#peer();
      const isOver = this.closed || generation !== this.#generation || !this.connected;
      if (isOver || other === undefined) return;
      if (other.closed) return this.lose();
      const sealed = await this.keys.seal(utf8("voice")).catch(() => undefined);
      if (sealed === undefined) {
        this.refused += 1;
      } else {
        this.sent += 1;
        await other.#receive(sealed);
      }
      await this.#relay.clock.wait(FRAME_S);
    }
  }

  async #receive(sealed: Bytes): Promise<void> {
    if (this.keys.held) return;
    try {
      await this.keys.open(sealed);
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      this.undecodable += 1;
      return;
    }
    this.decoded += 1;
    if (this.#hadFrame) return;
    this.#hadFrame = true;
    this.tell(MediaEvent.FIRST_FRAME);
  }
}

function parse(sdp: string, kind: string): readonly [number, number] {
  const [word, number, generation] = sdp.split(" ");
  if (word !== kind) throw new PeerError(Code.MALFORMED, `not an ${kind}`);
  return [Number(number), Number(generation)];
}

/** What is sent and where the other side's goes; remembers whether it was closed. */
export class FakeEnds implements LocalMedia, RemoteMedia {
  readonly tracks = { audio: undefined, video: undefined, isScreen: false };
  started = 0;
  closed = 0;
  videoClosed = 0;
  mayShare = true;

  async start(): Promise<void> {
    this.started += 1;
  }

  forbidSharing(): void {
    this.mayShare = false;
  }

  onTracks(): () => void {
    return () => {};
  }

  onStream(): void {}

  closeVideo(): void {
    this.videoClosed += 1;
  }

  close(): void {
    this.closed += 1;
  }
}
