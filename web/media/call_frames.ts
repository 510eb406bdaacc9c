/**
 * A call's SFrame keys as the page holds them: `FrameKeys` of `interfaces.ts`, and `GroupFrames` of
 * `group_interfaces.ts`, by messages to the worker where the keys live (`worker.ts`). The page keeps no key.
 *
 * The worker lives as long as either the keys or the connection do: `wipe` and `dispose` in any
 * order end it.
 */

import { type Bytes, copy } from "../core/bytes.ts";
import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import type { PictureKind } from "../core/frame_keys.ts";
import type { Counts } from "./frames_keys.ts";
import type { GroupFrames } from "./group_interfaces.ts";
import type { FrameTape, Reel } from "./interfaces.ts";
import type {
  Order,
  Places,
  Reply,
  Request,
  Taped,
  TapeOrder,
  TextOrder,
  Want,
} from "./worker_protocol.ts";

/** What is used of a `Worker`; tests have fakes. */
export interface FrameWorker {
  postMessage(message: Request, transfer: Transferable[]): void;
  addEventListener(
    type: "message",
    listener: (event: MessageEvent<Reply | Want | Taped>) => void,
  ): void;
  addEventListener(type: "error" | "messageerror", listener: () => void): void;
  terminate(): void;
}

type Waiting = Readonly<{
  resolve: (reply: Reply) => void;
  reject: (error: Error) => void;
}>;

const NONE: Counts = {
  sealed: { audio: 0, video: 0 },
  refused: { audio: 0, video: 0 },
  opened: { audio: 0, video: 0 },
  failed: { audio: 0, video: 0 },
  repeated: { audio: 0, video: 0 },
  misplaced: { audio: 0, video: 0 },
  heard: new Map(),
  byLeaf: new Map(),
  unopened: new Set(),
  audioSizes: new Map(),
  pictureSizes: new Map(),
};

/** The keys of one call. */
export class WorkerKeys implements GroupFrames {
  /** What has this call recorded. */
  readonly tape: FrameTape = {
    leaves: (leaves) => this.#leaves(leaves),
    begin: (ask, parts, taken) => this.#begin(ask, parts, taken),
  };
  /** The encoder of our pictures owes a key frame. */
  onKeyFrameWanted: () => void = () => {};
  /** It is time for a block of text. */
  onTextBeat: () => void = () => {};
  /** The worker is dead: nothing passes any more, in either direction. */
  onDeath: () => void = () => {};
  readonly #worker: FrameWorker;
  readonly #waiting = new Map<number, Waiting>();
  /** By the hex of the request. */
  readonly #reels = new Map<string, (chunk: Bytes | undefined) => void>();
  /** Orders about recordings that are not written yet: the worker lives until they are. */
  #writing = 0;
  #asked = 0;
  #last = NONE;
  #wiped = false;
  #disposed = false;
  #dead = false;

  /** @param worker A worker that runs `worker.ts`, for this call alone. */
  constructor(worker: FrameWorker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => this.#take(data));
    worker.addEventListener("error", () => this.#die());
    worker.addEventListener("messageerror", () => this.#die());
  }

  async install(epoch: bigint, baseKey: Bytes, members: ReadonlySet<number>): Promise<void> {
    const order = { op: "install", epoch, baseKey: copy(baseKey), members: [...members] } as const;
    await this.#order(order, [order.baseKey.buffer]);
  }

  async sendIn(epoch: bigint, baseKey: Bytes, leaf: number): Promise<void> {
    const order = { op: "sendIn", epoch, baseKey: copy(baseKey), leaf } as const;
    await this.#order(order, [order.baseKey.buffer]);
  }

  /** CK-861: see `GroupFrames`; in the order of `install` and `sendIn`. */
  async removeLeaf(leaf: number): Promise<void> {
    await this.#order({ op: "removeLeaf", leaf });
  }

  async hold(): Promise<void> {
    await this.#order({ op: "hold" });
  }

  async release(): Promise<void> {
    await this.#order({ op: "release" });
  }

  async wipe(): Promise<void> {
    if (this.#wiped) return;
    const wiping = this.#dead ? undefined : this.#order({ op: "wipe" });
    this.#wiped = true;
    // A worker that died took the keys with it.
    await wiping?.catch(() => {});
    this.#endIfDone();
  }

  /** CK-369: let no picture pass any more, in either direction. */
  async closeVideo(): Promise<void> {
    if (!this.#dead) await this.#order({ op: "closeVideo" });
  }

  /**
   * Say who is heard where from now on; kept once nothing of anybody else passes there.
   *
   * @param screens Which of these places show a screen, and no camera, as the others show no screen;
   *   undefined: a screen may come in the camera's place.
   */
  async setPlaces(places: Places, screens?: ReadonlySet<string>): Promise<void> {
    await this.#order({ op: "places", places, screens });
  }

  /**
   * Say what is sent by a sender of pictures from now on (`pictures_sent.ts`).
   *
   * @param of Undefined: its track is about to be another. Kept once nothing of the one before passes.
   */
  async setPictures(way: string, of: PictureKind | undefined): Promise<void> {
    await this.#order({ op: "pictures", way, of });
  }

  #leaves(leaves: ReadonlyMap<number, Bytes>): void {
    // Nobody waits: messages stay in order, and without the worker nothing is recorded.
    if (!this.#dead) void this.#order({ op: "leaves", leaves }).catch(() => {});
  }

  /** Begin a recording; see `FrameTape`. */
  #begin(
    ask: string,
    { request, secret, privateKey, own }: Parameters<FrameTape["begin"]>[1],
    taken: (chunk: Bytes | undefined) => void,
  ): Reel {
    this.#reels.set(ask, taken);
    const order = { do: "begin", request: copy(request), own: copy(own) } as const;
    const secrets = { secret: copy(secret), privateKey: copy(privateKey) };
    const transfer = [secrets.secret.buffer, secrets.privateKey.buffer];
    void this.#tape(ask, { ...order, ...secrets }, transfer);
    return {
      said: ({ signed, statement }) => void this.#tape(ask, { do: "said", signed, statement }),
      share: (key, share) => {
        const own = copy(share);
        void this.#tape(ask, { do: "share", key, share: own }, [own.buffer]);
      },
      among: (members) => void this.#tape(ask, { do: "among", members: [...members.values()] }),
      pause: () => void this.#tape(ask, { do: "pause" }),
      mark: () => void this.#tape(ask, { do: "mark" }),
      end: async () => {
        await this.#tape(ask, { do: "end" });
        this.#reels.delete(ask);
      },
    };
  }

  /** Have something written; whoever takes the chunks is told if it cannot be. Never rejects. */
  async #tape(ask: string, tape: TapeOrder, transfer: Transferable[] = []): Promise<void> {
    this.#writing += 1;
    try {
      await this.#order({ op: "tape", ask, tape }, transfer);
    } catch {
      this.#reels.get(ask)?.(undefined);
    } finally {
      this.#writing -= 1;
      this.#endIfDone();
    }
  }

  /** Send pictures of few sizes from here on, for good. */
  async steady(): Promise<void> {
    await this.#order({ op: "steady" });
  }

  /** Have `onTextBeat` called every `BLOCK_EVERY_S` from now on. Harmless when repeated. */
  async startTextBeat(): Promise<void> {
    await this.#order({ op: "textBeat" });
  }

  /**
   * Seal a block of text.
   *
   * @throws UnavailableError `NOT_ENCRYPTED`: there is no key.
   */
  async sealText(block: Bytes): Promise<Bytes> {
    return await this.#text({ op: "sealText", text: copy(block) });
  }

  /**
   * Open a block of text.
   *
   * @throws VisavisError It does not open, was seen before, or there is no key.
   */
  async openText(sealed: Bytes): Promise<Bytes> {
    return await this.#text({ op: "openText", text: copy(sealed) });
  }

  /** Return what became of the call's frames so far, or what was known last. */
  async counts(): Promise<Counts> {
    if (this.#dead) return this.#last;
    return this.#order({ op: "counts" }).catch(() => this.#last);
  }

  /** No transport needs it any more; the keys are wiped apart. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    await this.counts();
    this.#disposed = true;
    this.#endIfDone();
  }

  async #order(order: Order, transfer: Transferable[] = []): Promise<Counts> {
    const reply = await this.#ask(order, transfer);
    return "counts" in reply ? reply.counts : this.#last;
  }

  async #text(order: TextOrder): Promise<Bytes> {
    const reply = await this.#ask(order, [order.text.buffer]);
    if ("text" in reply) return reply.text;
    throw new UsageError("a worker that answers something else");
  }

  #ask(order: Order, transfer: Transferable[]): Promise<Reply> {
    if (this.#dead) return Promise.reject(dead());
    // After `wipe` there is nothing to install keys for: the call is over.
    if (this.#wiped && (order.op === "install" || order.op === "sendIn")) {
      return Promise.reject(new UsageError("CK-216: this call's keys are wiped"));
    }
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, order }, transfer);
    });
  }

  #take(message: Reply | Want | Taped): void {
    if ("taped" in message) {
      this.#reels.get(message.taped)?.("chunk" in message ? message.chunk : undefined);
      return;
    }
    if ("want" in message) {
      if (message.want === "keyFrame") this.onKeyFrameWanted();
      else this.onTextBeat();
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (!("error" in message)) {
      if ("counts" in message) this.#last = message.counts;
      waiting?.resolve(message);
      return;
    }
    const { code, detail } = message.error;
    waiting?.reject(
      code === Code.USAGE ? new UsageError(detail) : new UnavailableError(code, detail),
    );
  }

  #die(): void {
    if (this.#dead) return;
    this.#end();
    this.onDeath();
  }

  #endIfDone(): void {
    if (this.#wiped && this.#disposed && !this.#dead && this.#writing === 0) this.#end();
  }

  #end(): void {
    this.#dead = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(dead());
    this.#waiting.clear();
    for (const taken of this.#reels.values()) taken(undefined);
  }
}

function dead(): UnavailableError {
  return new UnavailableError(Code.NOT_ENCRYPTED, "the worker that encrypts this call has ended");
}
