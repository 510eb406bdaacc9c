/**
 * The worker of one call: its keys, and the encoded transforms through which every frame passes.
 *
 * What it is: the browser's side of `frames_pipe.ts`. Keys come by message, with their epoch, and
 * never leave. A stream that breaks off ends with nothing more passing, so it fails closed. What is
 * recorded with everybody's yes leaves it sealed (`tapes.ts`). What it is not for: deciding which keys,
 * or logging; it has no way to tell anybody a frame's content.
 */

import { Code, UnavailableError, VisavisError } from "../core/errors.ts";
import { OLD_EPOCH_S } from "../core/frame_receiver.ts";
import { BLOCK_EVERY_S } from "../core/realtime_text.ts";
import { CallFrames } from "./frames_keys.ts";
import { type EncodedFrame, ReceivePipe, Sealer, SendPipe } from "./frames_pipe.ts";
import { TURN_S } from "./pictures_sent.ts";
import { Tapes } from "./tapes.ts";
import type {
  Order,
  PipeOptions,
  RecordingOrder,
  Reply,
  Request,
  Taped,
  TextOrder,
  Want,
} from "./worker_protocol.ts";

/** W3C WebRTC Encoded Transform, 4.3; the two requests are each in some browsers only. */
type Transformer = Readonly<{
  readable: ReadableStream<EncodedFrame>;
  writable: WritableStream<EncodedFrame>;
  options: PipeOptions;
  generateKeyFrame?: () => Promise<unknown>;
  sendKeyFrameRequest?: () => Promise<unknown>;
}>;

/** The worker's global object, as far as it is used. */
declare const self: {
  onrtctransform: ((event: Readonly<{ transformer: Transformer }>) => void) | null;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply | Want | Taped, transfer?: Transferable[]): void;
};

const frames = new CallFrames(() => performance.now() / 1000);

const tapes = new Tapes(
  (said, transfer) => self.postMessage(said, transfer),
  frames.monotonic,
  (tap) => {
    frames.tap = tap;
  },
);

/** One context of the call's, in each epoch: its counter goes on over all transports. */
const text = new Sealer(frames);
let beat: ReturnType<typeof setInterval> | undefined;

/** A little later than due, so that the keys are due when it looks. */
const OLD_EPOCH_MS = OLD_EPOCH_S * 1000 + 5;

/** The same for a key frame of what is sent instead. */
const TURN_MS = TURN_S * 1000 + 5;

function pipeOf(transformer: Transformer): SendPipe | ReceivePipe {
  const { kind, direction, place, ...sent } = transformer.options;
  const ignore = () => {}; // no picture flows now, so nobody waits for a key frame
  if (direction === "receive") {
    const askKeyFrame = () => transformer.sendKeyFrameRequest?.().catch(ignore);
    return new ReceivePipe(frames, kind, askKeyFrame, place);
  }
  const askKeyFrame = () => {
    if (transformer.generateKeyFrame === undefined) self.postMessage({ want: "keyFrame" });
    else transformer.generateKeyFrame().catch(ignore);
  };
  return new SendPipe(frames, kind, askKeyFrame, sent);
}

self.onrtctransform = ({ transformer }) => {
  const pipe = pipeOf(transformer);
  const transform = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      if (await pipe.pass(frame)) controller.enqueue(frame);
    },
  });
  // It ends when the transport closes; by then nothing is left to be done.
  transformer.readable
    .pipeThrough(transform)
    .pipeTo(transformer.writable)
    .catch(() => {});
};

function carryOut(order: Exclude<Order, TextOrder | RecordingOrder>): void {
  switch (order.op) {
    case "install":
      frames.install(order.epoch, order.baseKey, order.members);
      // CK-212: old keys die by this clock, also when no frame arrives.
      setTimeout(() => frames.tick(), OLD_EPOCH_MS);
      return;
    case "sendIn":
      frames.sendIn(order.epoch, order.baseKey, order.leaf);
      return;
    case "removeLeaf":
      frames.removeLeaf(order.leaf);
      return;
    case "hold":
      frames.held = true;
      return;
    case "release":
      frames.held = false;
      return;
    case "wipe":
      clearInterval(beat);
      frames.wipe();
      return;
    case "textBeat":
      // Here, for a page's own timers slow down when it is hidden, and the relay would see that.
      beat ??= setInterval(() => self.postMessage({ want: "textBlock" }), BLOCK_EVERY_S * 1000);
      return;
    case "closeVideo":
      frames.closeVideo();
      return;
    case "steady":
      frames.steady = true;
      return;
    case "places":
      for (const [place, leaves] of order.places) {
        const of = order.screens?.has(place) ? "screen" : "video";
        frames.places.set(place, leaves, order.screens && of);
      }
      return;
    case "pictures":
      if (order.of === undefined) {
        frames.pictures.turn(order.way);
        return;
      }
      frames.pictures.begin(order.way, order.of);
      setTimeout(() => frames.pictures.askKeyFrame(order.way), TURN_MS);
      return;
    case "leaves":
      tapes.leaves(order.leaves);
      return;
    case "counts":
      return;
  }
}

/** Seal or open a block of text, and answer with it. */
async function passText(id: number, { op, text: block }: TextOrder): Promise<void> {
  try {
    if (frames.held) throw new UnavailableError(Code.NOT_ENCRYPTED, "nothing passes yet");
    const passed =
      op === "sealText" ? await text.encrypt(block, "text") : await frames.openText(block);
    self.postMessage({ id, text: passed }, [passed.buffer]);
  } catch (thrown) {
    refuse(id, thrown);
  }
}

/** Have something recorded, and answer when it is written. */
async function record(id: number, { ask, tape }: RecordingOrder): Promise<void> {
  try {
    await tapes.carryOut(ask, tape);
    self.postMessage({ id, counts: frames.counts });
  } catch (thrown) {
    refuse(id, thrown);
  }
}

function refuse(id: number, thrown: unknown): void {
  const error =
    thrown instanceof VisavisError
      ? thrown
      : new UnavailableError(Code.NOT_ENCRYPTED, "the frame keys could not be used");
  self.postMessage({ id, error: { code: error.code, detail: error.detail } });
}

self.onmessage = ({ data: { id, order } }) => {
  if ("text" in order) {
    void passText(id, order);
    return;
  }
  if (order.op === "tape") {
    void record(id, order);
    return;
  }
  try {
    carryOut(order);
  } catch (thrown) {
    refuse(id, thrown);
    return;
  }
  self.postMessage({ id, counts: frames.counts });
};
