/** What is sent of camera and microphone while they are blurred and filtered, and when that fails. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CameraPicture } from "../../app/live_blur.ts";
import { MicrophoneSound } from "../../app/live_noise.ts";

type Trouble = "whole" | "no_picture" | "switched_off";

const blurring = vi.hoisted(() => ({ blurBackground: vi.fn() }));
const filtering = vi.hoisted(() => ({ suppressNoise: vi.fn() }));
vi.mock("../../media/effects/background_blur.ts", () => blurring);
vi.mock("../../media/effects/noise_suppression.ts", () => filtering);

/** As much of a track as is used. */
function track(name: string) {
  const made = {
    name,
    enabled: true,
    isStopped: false,
    stop: () => {
      made.isStopped = true;
    },
    getConstraints: () => ({ echoCancellation: true }),
    applyConstraints: vi.fn(async () => undefined),
  };
  return made;
}

const asTrack = (made: ReturnType<typeof track>) => made as unknown as MediaStreamTrack;
const nameOf = (sent: MediaStreamTrack | undefined) =>
  (sent as unknown as { name: string } | undefined)?.name;

/** A blur that a test drives. */
function blur(name = "blurred") {
  const clear = Promise.withResolvers<void>();
  const listeners: ((trouble: Trouble) => void)[] = [];
  const made = {
    track: track(name),
    by: "own",
    clear: clear.promise,
    isStopped: false,
    onTrouble: (listener: (trouble: Trouble) => void) => {
      listeners.push(listener);
      return () => undefined;
    },
    stop: () => {
      made.isStopped = true;
    },
    becomesClear: () => clear.resolve(),
    has: (trouble: Trouble) => {
      for (const listener of listeners) listener(trouble);
    },
  };
  return made;
}

const soon = () => new Promise((resolve) => setTimeout(resolve));

describe("a camera whose background is to be blurred", () => {
  let camera: ReturnType<typeof track>;
  let picture: CameraPicture;
  /** Every track that could have been sent, in order. */
  let sent: (string | undefined)[];

  beforeEach(() => {
    blurring.blurBackground.mockReset();
    camera = track("camera");
    sent = [];
    picture = new CameraPicture(asTrack(camera), () => sent.push(nameOf(picture.track)));
  });

  test("gives its own picture while no blur is wanted", async () => {
    expect(nameOf(picture.track)).toBe("camera");
    await picture.setBlur(false);
    expect([sent, picture.blur]).toEqual([[], "off"]);
    expect(blurring.blurBackground).not.toHaveBeenCalled();
  });

  test("gives none until there is a blurred one, and never its own again", async () => {
    const made = blur();
    const ready = Promise.withResolvers<typeof made>();
    blurring.blurBackground.mockReturnValue(ready.promise);
    const wanted = picture.setBlur(true);
    expect([picture.blur, picture.track]).toEqual(["starting", undefined]);
    ready.resolve(made);
    await wanted;
    expect([picture.blur, nameOf(picture.track)]).toEqual(["starting", "blurred"]);
    made.becomesClear();
    await soon();
    expect(picture.blur).toBe("on");
    expect(sent).toEqual([undefined, "blurred", "blurred"]);
  });

  test("gives its own when that is wanted, and stops the blur", async () => {
    const made = blur();
    blurring.blurBackground.mockResolvedValue(made);
    await picture.setBlur(true);
    await picture.setBlur(false);
    expect([picture.blur, nameOf(picture.track), made.isStopped]).toEqual(["off", "camera", true]);
    made.becomesClear();
    await soon();
    expect(picture.blur).toBe("off");
  });

  test("says so when the person is not found; all stays blurred", async () => {
    const made = blur();
    blurring.blurBackground.mockResolvedValue(made);
    await picture.setBlur(true);
    made.has("whole");
    expect([picture.blur, nameOf(picture.track)]).toEqual(["whole", "blurred"]);
  });

  test("gives none when blurring ends, whatever comes after", async () => {
    const made = blur();
    blurring.blurBackground.mockResolvedValue(made);
    await picture.setBlur(true);
    made.has("no_picture");
    expect([picture.blur, picture.track, made.isStopped]).toEqual(["failed", undefined, true]);
    made.becomesClear();
    made.has("switched_off");
    await soon();
    expect([picture.blur, picture.track]).toEqual(["failed", undefined]);
    expect(sent).not.toContain("camera");
  });

  test("gives none when nothing can blur, or its code does not come", async () => {
    blurring.blurBackground.mockRejectedValue(new Error("no"));
    await picture.setBlur(true);
    expect([picture.blur, picture.track]).toEqual(["failed", undefined]);
    expect(sent).toEqual([undefined, undefined]);
  });

  test("goes on with ours when the browser's own is switched off, with a gap and not clear", async () => {
    const [theirs, ours] = [blur("theirs"), blur("ours")];
    blurring.blurBackground.mockResolvedValueOnce(theirs).mockResolvedValueOnce(ours);
    await picture.setBlur(true);
    theirs.has("switched_off");
    expect([picture.blur, picture.track]).toEqual(["starting", undefined]);
    await soon();
    expect(nameOf(picture.track)).toBe("ours");
    expect(blurring.blurBackground.mock.calls.map(([, how]) => how.own)).toEqual([false, true]);
    expect(sent).not.toContain("camera");
  });

  test("puts away a blur that comes when it is wanted no more", async () => {
    const made = blur();
    const ready = Promise.withResolvers<typeof made>();
    blurring.blurBackground.mockReturnValue(ready.promise);
    const wanted = picture.setBlur(true);
    picture.stop();
    ready.resolve(made);
    await wanted;
    expect([made.isStopped, camera.isStopped]).toEqual([true, true]);
    expect(picture.track).toBeUndefined();
  });
});

describe("a microphone whose noise is to be filtered", () => {
  let microphone: ReturnType<typeof track>;
  let sound: MicrophoneSound;
  let fails: () => void;

  const filter = (by: "own" | "browser" | "none", of = track("filtered")) => ({
    track: of,
    by,
    onTrouble: (listener: () => void) => {
      fails = listener;
      return () => undefined;
    },
    stop: vi.fn(),
  });

  beforeEach(() => {
    filtering.suppressNoise.mockReset();
    microphone = track("microphone");
    sound = new MicrophoneSound(asTrack(microphone), () => undefined);
  });

  afterEach(() => {
    // Whatever happens, there is sound.
    expect(sound.track).toBeDefined();
  });

  test("is heard unfiltered until the filter runs", async () => {
    const ready = Promise.withResolvers<ReturnType<typeof filter>>();
    filtering.suppressNoise.mockReturnValue(ready.promise);
    const wanted = sound.setFilter(true);
    expect([sound.noise, nameOf(sound.track)]).toEqual(["starting", "microphone"]);
    ready.resolve(filter("own"));
    await wanted;
    expect([sound.noise, nameOf(sound.track)]).toEqual(["on", "filtered"]);
  });

  test.each([
    ["own", "on"],
    ["browser", "browser"],
    ["none", "failed"],
  ] as const)("filtered by %s it says %s", async (by, state) => {
    filtering.suppressNoise.mockResolvedValue(filter(by));
    await sound.setFilter(true);
    expect(sound.noise).toBe(state);
  });

  test("is muted on both sides, also if the filter comes later", async () => {
    const made = filter("own");
    filtering.suppressNoise.mockResolvedValue(made);
    sound.setOn(false);
    await sound.setFilter(true);
    expect([microphone.enabled, made.track.enabled]).toEqual([false, false]);
    sound.setOn(true);
    expect([microphone.enabled, made.track.enabled]).toEqual([true, true]);
  });

  test("has the browser's own filter again afterwards", async () => {
    const made = filter("own");
    filtering.suppressNoise.mockResolvedValue(made);
    await sound.setFilter(true);
    await sound.setFilter(false);
    expect([sound.noise, nameOf(sound.track)]).toEqual(["off", "microphone"]);
    expect(made.stop).toHaveBeenCalled();
    expect(microphone.applyConstraints).toHaveBeenLastCalledWith({
      echoCancellation: true,
      noiseSuppression: true,
    });
  });

  test("goes on when the filter fails, or its code does not come", async () => {
    filtering.suppressNoise.mockResolvedValue(filter("own"));
    await sound.setFilter(true);
    fails();
    expect([sound.noise, nameOf(sound.track)]).toEqual(["failed", "filtered"]);
    await sound.setFilter(false);
    filtering.suppressNoise.mockRejectedValue(new Error("offline"));
    await sound.setFilter(true);
    expect([sound.noise, nameOf(sound.track)]).toEqual(["failed", "microphone"]);
  });

  test("puts away a filter that comes when it is wanted no more", async () => {
    const made = filter("own");
    const ready = Promise.withResolvers<typeof made>();
    filtering.suppressNoise.mockReturnValue(ready.promise);
    const wanted = sound.setFilter(true);
    await sound.setFilter(false);
    ready.resolve(made);
    await wanted;
    expect([made.stop.mock.calls.length, nameOf(sound.track)]).toEqual([1, "microphone"]);
  });
});
