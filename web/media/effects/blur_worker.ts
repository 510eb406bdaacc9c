/**
 * The worker of one blurred camera: takes pictures, gives blurred ones. The camera's own never leave
 * it. It runs from its first picture on: until the segmenter is there, everything is blurred.
 */

import modelUrl from "@twilio/video-processors/dist/build/selfie_segmentation_landscape.tflite?url";
import programUrl from "@twilio/video-processors/dist/build/tflite-simd-1-0-0.wasm?url";
import { Code, UnavailableError } from "../../core/errors.ts";
import { BlurCanvas } from "./blur_canvas.ts";
import type { BlurFigures, BlurOrder, BlurSaid, Picture } from "./blur_protocol.ts";
import { Segmenter, type Segmenting } from "./segmenter.ts";
import { Veil } from "./veil.ts";

/** The worker's global object, as far as it is used. */
declare const self: {
  onmessage: ((event: MessageEvent<BlurOrder>) => void) | null;
  postMessage(message: BlurSaid, transfer?: Transferable[]): void;
  close(): void;
};

/** Where pictures are asked for: not more than 30 in a second. Higher costs battery. */
const PICTURE_MS = 1000 / 30;
/** As many are kept to take the median of. */
const MEASURED = 100;

class Times {
  readonly #kept: number[] = [];

  add(ms: number): void {
    if (this.#kept.push(ms) > MEASURED) this.#kept.shift();
  }

  median(): number {
    return this.#kept.toSorted((a, b) => a - b)[Math.floor(this.#kept.length / 2)] ?? 0;
  }
}

const times = { picture: new Times(), network: new Times() };
let [pictures, masked, dropped] = [0, 0, 0];
let reader: ReadableStreamDefaultReader<VideoFrame> | undefined;
let isOver = false;

const veil = new Veil(() => self.postMessage({ said: "failed" }));
let canvas: BlurCanvas | undefined;

/** Return the canvas with a blurred picture, or undefined if it could not be blurred. */
function blur(picture: Picture): OffscreenCanvas | undefined {
  const began = performance.now();
  try {
    canvas ??= new BlurCanvas(veil);
    const drawn = canvas.draw(picture);
    pictures++;
    times.picture.add(performance.now() - began);
    return drawn;
  } catch {
    dropped++;
    self.postMessage({ said: "dropped" });
    return undefined;
  }
}

async function pump(
  readable: ReadableStream<VideoFrame>,
  writable: WritableStream<VideoFrame>,
): Promise<void> {
  reader = readable.getReader();
  const writer = writable.getWriter();
  for (;;) {
    const { value: picture, done } = await reader.read();
    if (done) break;
    try {
      const drawn = blur(picture);
      const { timestamp } = picture;
      if (drawn !== undefined) await writer.write(new VideoFrame(drawn, { timestamp }));
    } finally {
      picture.close();
    }
  }
  await writer.close(); // its track ends with the camera's
}

function answer(picture: ImageBitmap | undefined): void {
  const began = performance.now();
  const drawn = picture && blur(picture);
  picture?.close();
  if (drawn !== undefined) {
    const blurred = drawn.transferToImageBitmap();
    self.postMessage({ said: "picture", picture: blurred }, [blurred]);
  }
  // A worker's clock runs on when the page is hidden; the page's own does not.
  setTimeout(askNext, Math.max(0, PICTURE_MS - (performance.now() - began)));
}

function askNext(): void {
  if (!isOver) self.postMessage({ said: "next" });
}

function figures(): BlurFigures {
  const [pictureMs, networkMs] = [times.picture.median(), times.network.median()];
  return { pictures, masked, dropped, pictureMs, networkMs };
}

async function stop(): Promise<void> {
  isOver = true;
  await reader?.cancel().catch(() => undefined);
  self.postMessage({ said: "stopped" });
  self.close();
}

self.onmessage = ({ data: order }) => {
  switch (order.op) {
    case "streams":
      // Broken off by the page's `stop`, or by a camera that went: either way nothing passes.
      void pump(order.readable, order.writable).catch(() => undefined);
      return;
    case "pictures":
      askNext();
      return;
    case "picture":
      answer(order.picture);
      return;
    case "figures":
      self.postMessage({ said: "figures", figures: figures() });
      return;
    case "stop":
      void stop();
      return;
  }
};

async function load(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const given = await fetch(url);
  if (!given.ok) throw new UnavailableError(Code.UNAVAILABLE, "a file of ours did not come");
  return new Uint8Array(await given.arrayBuffer());
}

/** The same segmenter, and how long it takes. */
function measured(segmenter: Segmenting): Segmenting {
  return {
    segment(pixels) {
      const began = performance.now();
      const mask = segmenter.segment(pixels);
      times.network.add(performance.now() - began);
      masked++;
      return mask;
    },
  };
}

Promise.all([load(programUrl), load(modelUrl)])
  .then(([program, model]) => {
    veil.use(measured(new Segmenter(program, model)));
    self.postMessage({ said: "ready" });
  })
  .catch(() => self.postMessage({ said: "failed" }));
