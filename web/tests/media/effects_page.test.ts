/** The page's side of the effects, with a camera, a worker and an audio thread that are fakes. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BlurTrouble, blurBackground, blurSupport } from "../../media/effects/background_blur.ts";
import type { BlurOrder, BlurSaid } from "../../media/effects/blur_protocol.ts";
import type { NoiseOrder, NoiseSaid } from "../../media/effects/noise_protocol.ts";
import { noiseSupport, suppressNoise } from "../../media/effects/noise_suppression.ts";

vi.mock("../../media/trusted.ts", () => ({ scriptUrl: (url: string) => url }));

type Settings = { backgroundBlur?: boolean; noiseSuppression?: boolean };

/** A track whose browser does some things and not others. */
class FakeTrack extends EventTarget {
  readyState = "live";
  settings: Settings = { backgroundBlur: false, noiseSuppression: true };
  capabilities: { backgroundBlur?: boolean[] } = {};
  /** What the browser does with what it is asked for. */
  obeys = true;
  copies: FakeTrack[] = [];

  getSettings = () => this.settings;
  getCapabilities = () => this.capabilities;
  getConstraints = () => ({});
  async applyConstraints(wanted: Record<string, unknown>): Promise<void> {
    if (!this.obeys) throw new DOMException("no", "OverconstrainedError");
    const { backgroundBlur, noiseSuppression } = wanted;
    if (backgroundBlur !== undefined) this.settings.backgroundBlur = true;
    if (typeof noiseSuppression === "boolean") this.settings.noiseSuppression = noiseSuppression;
  }
  clone(): FakeTrack {
    const copy = new FakeTrack();
    Object.assign(copy, { obeys: this.obeys, capabilities: this.capabilities });
    this.copies.push(copy);
    return copy;
  }
  stop(): void {
    this.readyState = "ended";
  }
  get asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

/** A worker that does what the test says. */
class FakeWorker {
  static made: FakeWorker[] = [];
  onmessage: ((event: { data: BlurSaid }) => void) | undefined;
  onerror: (() => void) | undefined;
  orders: BlurOrder["op"][] = [];
  isTerminated = false;

  constructor() {
    FakeWorker.made.push(this);
  }
  postMessage({ op }: BlurOrder): void {
    this.orders.push(op);
  }
  terminate(): void {
    this.isTerminated = true;
  }
  say(said: BlurSaid): void {
    this.onmessage?.({ data: said });
  }
}

const fetched = vi.fn(async () => new Response(SCRIPT));
const SCRIPT = `var a = "data:application/octet-stream;base64,AGFzbQEAAAA="`;

beforeEach(() => {
  FakeWorker.made = [];
  fetched.mockClear();
  vi.stubGlobal("fetch", fetched);
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("OffscreenCanvas", class {});
  vi.stubGlobal("createImageBitmap", () => {});
  vi.stubGlobal(
    "MediaStreamTrackProcessor",
    class {
      readable = new ReadableStream();
    },
  );
  vi.stubGlobal(
    "MediaStreamTrackGenerator",
    class extends FakeTrack {
      writable = new WritableStream();
    },
  );
  vi.stubGlobal("navigator", {
    mediaDevices: { getSupportedConstraints: () => ({ noiseSuppression: true }) },
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("who blurs", () => {
  test("the browser where its camera can, else we, else nobody; nothing is loaded", () => {
    const camera = new FakeTrack();
    expect(blurSupport()).toBe("own");
    expect(blurSupport(camera.asTrack)).toBe("own");
    camera.capabilities = { backgroundBlur: [false] };
    expect(blurSupport(camera.asTrack)).toBe("own");
    camera.capabilities = { backgroundBlur: [false, true] };
    expect(blurSupport(camera.asTrack)).toBe("browser");
    vi.stubGlobal("Worker", undefined);
    Reflect.deleteProperty(globalThis, "Worker");
    expect(blurSupport()).toBe("none");
    expect(blurSupport(camera.asTrack)).toBe("browser");
    expect(fetched).not.toHaveBeenCalled();
    expect(FakeWorker.made).toEqual([]);
  });

  test("nobody: it is refused, and no track is given", async () => {
    Reflect.deleteProperty(globalThis, "Worker");
    await expect(blurBackground(new FakeTrack().asTrack)).rejects.toThrow(/unavailable/);
  });
});

describe("the browser's own blur", () => {
  async function start(change: (camera: FakeTrack) => void = () => {}, own = false) {
    const camera = new FakeTrack();
    camera.capabilities = { backgroundBlur: [false, true] };
    change(camera);
    const blurred = await blurBackground(camera.asTrack, { own });
    const [copy] = camera.copies;
    const troubles: BlurTrouble[] = [];
    blurred.onTrouble((trouble) => troubles.push(trouble));
    return { camera, blurred, copy, troubles };
  }

  test("is used on a copy, which ends alone", async () => {
    const { camera, blurred, copy } = await start();
    expect(blurred.by).toBe("browser");
    expect(blurred.track).toBe(copy);
    expect(FakeWorker.made).toEqual([]);
    await blurred.clear;
    blurred.stop();
    expect([copy?.readyState, camera.readyState]).toEqual(["ended", "live"]);
  });

  test("that does not come is replaced by ours", async () => {
    const { blurred, copy } = await start((camera) => {
      camera.obeys = false;
    });
    expect(blurred.by).toBe("own");
    expect(copy?.readyState).toBe("ended");
  });

  test("can be left aside", async () => {
    const { blurred, camera } = await start(() => {}, true);
    expect(blurred.by).toBe("own");
    expect(camera.copies).toEqual([]);
  });

  test("that is switched off from outside ends the track, and the page is told", async () => {
    const { copy, troubles } = await start();
    let ended = 0;
    copy?.addEventListener("ended", () => ended++);
    copy?.dispatchEvent(new Event("configurationchange"));
    expect([copy?.readyState, ended]).toEqual(["live", 0]); // something else changed
    if (copy) copy.settings.backgroundBlur = false;
    copy?.dispatchEvent(new Event("configurationchange"));
    expect([copy?.readyState, ended]).toEqual(["ended", 1]);
    expect(troubles).toEqual([BlurTrouble.SWITCHED_OFF]);
  });
});

describe("our own blur", () => {
  async function start() {
    const camera = new FakeTrack();
    const blurred = await blurBackground(camera.asTrack);
    const [worker] = FakeWorker.made;
    if (worker === undefined) throw new Error("no worker");
    return { camera, blurred, worker };
  }

  test("never gives the camera's own track", async () => {
    const { camera, blurred, worker } = await start();
    expect(blurred.track).not.toBe(camera);
    expect(worker.orders).toEqual(["streams"]);
  });

  test("is clear once the worker says so", async () => {
    const { blurred, worker } = await start();
    let isClear = false;
    void blurred.clear.then(() => {
      isClear = true;
    });
    await Promise.resolve();
    expect(isClear).toBe(false);
    worker.say({ said: "ready" });
    await blurred.clear;
  });

  test("tells each trouble once, also to who listens late", async () => {
    const { blurred, worker } = await start();
    const [early, late]: BlurTrouble[][] = [[], []];
    blurred.onTrouble((trouble) => early?.push(trouble));
    const quiet = blurred.onTrouble(() => expect.unreachable());
    quiet();
    worker.say({ said: "failed" });
    worker.say({ said: "failed" });
    for (let i = 0; i < 4; i++) worker.say({ said: "dropped" });
    expect(early).toEqual([BlurTrouble.WHOLE]);
    for (let i = 0; i < 4; i++) worker.say({ said: "dropped" });
    worker.onerror?.();
    expect(early).toEqual([BlurTrouble.WHOLE, BlurTrouble.NO_PICTURE]);
    expect(worker.isTerminated).toBe(true);
    blurred.onTrouble((trouble) => late?.push(trouble));
    await Promise.resolve();
    expect(late).toEqual(early);
  });

  test("who waits for figures is not left waiting by a worker that dies", async () => {
    const { blurred, worker } = await start();
    const figures = blurred.figures();
    worker.onerror?.();
    expect(await figures).toBeUndefined();
    expect(await blurred.figures()).toBeUndefined();
  });

  test("stop ends the track, and the worker also if it does not answer", async () => {
    vi.useFakeTimers();
    const { camera, blurred, worker } = await start();
    blurred.stop();
    blurred.stop();
    expect([blurred.track.readyState, camera.readyState]).toEqual(["ended", "live"]);
    expect(worker.orders).toEqual(["streams", "stop"]);
    expect(worker.isTerminated).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(worker.isTerminated).toBe(true);
    expect(await blurred.figures()).toBeUndefined();
  });
});

describe("noise", () => {
  /** What is connected to what. */
  let wires: [from: string, to: string][] = [];
  let node: FakeNode;
  let context: FakeContext;
  let isRunning = true;
  let output: FakeTrack;

  class FakeNode {
    onprocessorerror: (() => void) | undefined;
    orders: NoiseOrder[] = [];
    port = {
      onmessage: undefined as ((event: { data: NoiseSaid }) => void) | undefined,
      postMessage: (order: NoiseOrder) => {
        this.orders.push(order);
      },
    };
    constructor() {
      node = this;
      queueMicrotask(() => this.port.onmessage?.({ data: { said: "ready" } }));
    }
    connect(): void {
      wires.push(["filter", "out"]);
    }
  }

  class FakeContext {
    state = "running";
    onstatechange: (() => void) | undefined;
    audioWorklet = { addModule: async () => {} };
    constructor() {
      context = this;
    }
    resume(): Promise<void> {
      return isRunning ? Promise.resolve() : new Promise(() => {});
    }
    createMediaStreamSource() {
      return {
        connect: (to: unknown) => {
          wires.push(["microphone", to === node ? "filter" : "out"]);
          return to;
        },
        disconnect: () => {
          wires = wires.filter(([from]) => from !== "microphone");
        },
      };
    }
    createMediaStreamDestination() {
      return { stream: { getAudioTracks: () => [output.asTrack] } };
    }
    async close(): Promise<void> {
      this.state = "closed";
    }
  }

  beforeEach(() => {
    [wires, isRunning, output] = [[], true, new FakeTrack()];
    vi.stubGlobal("AudioWorkletNode", FakeNode);
    vi.stubGlobal("AudioContext", FakeContext);
    vi.stubGlobal("MediaStream", class {});
  });

  test("support is known without loading anything", () => {
    expect(noiseSupport()).toBe("own");
    Reflect.deleteProperty(globalThis, "AudioWorkletNode");
    expect(noiseSupport()).toBe("browser");
    vi.stubGlobal("navigator", {});
    expect(noiseSupport()).toBe("none");
    expect(fetched).not.toHaveBeenCalled();
  });

  test("goes through our filter, and the browser's is off", async () => {
    const microphone = new FakeTrack();
    const quiet = await suppressNoise(microphone.asTrack);
    expect([quiet.by, quiet.track]).toEqual(["own", output]);
    expect(wires).toEqual([
      ["microphone", "filter"],
      ["filter", "out"],
    ]);
    expect(microphone.settings.noiseSuppression).toBe(false);
    expect(await quiet.setOn(false)).toBe(true);
    expect(await quiet.setOn(true)).toBe(true);
    quiet.stop();
    quiet.stop();
    expect(node.orders.slice(0, 3)).toEqual([
      { op: "set", on: false },
      { op: "set", on: true },
      { op: "end" },
    ]);
    expect([output.readyState, microphone.readyState]).toEqual(["ended", "live"]);
    expect(context.state).toBe("closed");
  });

  test("a filter that fails is told of; switched on it says that it is not", async () => {
    const quiet = await suppressNoise(new FakeTrack().asTrack);
    let told = 0;
    quiet.onTrouble(() => told++);
    node.port.onmessage?.({ data: { said: "failed" } });
    expect(told).toBe(1);
    expect(await quiet.setOn(true)).toBe(false);
    expect(await quiet.setOn(false)).toBe(true);
  });

  test("an audio thread that dies lets the microphone by", async () => {
    const quiet = await suppressNoise(new FakeTrack().asTrack);
    let told = 0;
    node.onprocessorerror?.();
    expect(wires).toContainEqual(["microphone", "out"]);
    expect(wires).not.toContainEqual(["microphone", "filter"]);
    quiet.onTrouble(() => told++);
    await Promise.resolve();
    expect(told).toBe(1);
  });

  test.each([
    [
      "its file does not come",
      () => fetched.mockResolvedValueOnce(new Response("", { status: 404 })),
    ],
    ["its file is another", () => fetched.mockResolvedValueOnce(new Response("<!doctype html>"))],
    ["there is no audio thread", () => Reflect.deleteProperty(globalThis, "AudioWorkletNode")],
  ])("the browser filters if %s", async (_, change) => {
    change();
    const microphone = new FakeTrack();
    const quiet = await suppressNoise(microphone.asTrack);
    expect([quiet.by, quiet.track]).toEqual(["browser", microphone]);
    expect(microphone.settings.noiseSuppression).toBe(true);
    expect(await quiet.setOn(false)).toBe(true);
    expect(microphone.settings.noiseSuppression).toBe(false);
    microphone.obeys = false;
    expect(await quiet.setOn(true)).toBe(false);
    quiet.stop();
    expect(microphone.readyState).toBe("live");
  });

  test("an audio thread that never begins is waited for in vain, not for ever", async () => {
    vi.useFakeTimers();
    isRunning = false;
    const started = suppressNoise(new FakeTrack().asTrack);
    await vi.advanceTimersByTimeAsync(8100);
    expect((await started).by).toBe("browser");
    expect(context.state).toBe("closed");
  });
});
