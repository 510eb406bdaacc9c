/** Devices as a call sees them: muted stays muted, and what stops by itself is told and replaced. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LiveDesk } from "../../app/live_desk.ts";
import type { Desk } from "../../app/model.ts";
import { UnavailableError } from "../../core/errors.ts";

class FakeTrack extends EventTarget {
  enabled = true;
  readyState: "live" | "ended" = "live";
  readonly kind: string;
  readonly id: string;

  constructor(kind: string, id: string) {
    super();
    this.kind = kind;
    this.id = id;
  }

  stop(): void {
    this.readyState = "ended";
  }

  /** End as an unplugged device does. */
  unplug(): void {
    this.stop();
    this.dispatchEvent(new Event("ended"));
  }

  getSettings() {
    return { deviceId: this.id };
  }

  getConstraints() {
    return {};
  }

  async applyConstraints(): Promise<void> {}
}

type Tracks = readonly FakeTrack[];

class FakeStream {
  readonly tracks: Tracks;
  constructor(tracks: Tracks) {
    this.tracks = tracks;
  }
  getTracks(): Tracks {
    return this.tracks;
  }
  getVideoTracks(): Tracks {
    return this.tracks.filter(({ kind }) => kind === "video");
  }
  getAudioTracks(): Tracks {
    return this.tracks.filter(({ kind }) => kind === "audio");
  }
}

class FakeContext {
  createMediaStreamSource() {
    return { connect() {} };
  }
  createMediaStreamDestination() {
    return { stream: new FakeStream([new FakeTrack("audio", "silence")]) };
  }
  async close(): Promise<void> {}
}

class FakeSource {
  connect() {}
  start() {}
}

/** Every track that was handed out, and why the next is not. */
let opened: FakeTrack[];
let refusal: DOMException | undefined;
/** A device that is not there any more. */
let unplugged: string;
let desk: LiveDesk;
let told: Desk;

beforeEach(() => {
  opened = [];
  refusal = undefined;
  unplugged = "none of them";
  const mediaDevices = Object.assign(new EventTarget(), {
    enumerateDevices: async () => [],
    getUserMedia: async (wanted: Readonly<Record<string, unknown>>) => {
      if (refusal) throw refusal;
      const kind = "video" in wanted ? "video" : "audio";
      const asked = (wanted[kind] as { deviceId?: { exact: string } }).deviceId?.exact;
      if (asked === unplugged) throw new DOMException("deviceId", "OverconstrainedError");
      const track = new FakeTrack(kind, asked ?? `first ${kind}`);
      opened.push(track);
      return new FakeStream([track]);
    },
  });
  vi.stubGlobal("navigator", { mediaDevices });
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("AudioContext", FakeContext);
  vi.stubGlobal("AnalyserNode", class {});
  vi.stubGlobal("ConstantSourceNode", FakeSource);
  const tell = (state: Desk) => {
    told = state;
  };
  desk = new LiveDesk(tell, () => undefined);
});
afterEach(() => vi.unstubAllGlobals());

function open(kind: "audio" | "video"): FakeTrack[] {
  return opened.filter((track) => track.kind === kind && track.readyState === "live");
}

describe("muted", () => {
  test("before a call is muted in it", async () => {
    await desk.set({ camera: false, microphone: true });
    await desk.set({ camera: false, microphone: false });
    expect(open("audio")).toEqual([]);
    const local = desk.lend("voice");
    await local.start();
    expect(told.micOn).toBe(false);
    expect(open("audio").map(({ enabled }) => enabled)).toEqual([false]);
    await desk.setMic(true);
    expect(told.micOn).toBe(true);
    expect(open("audio").map(({ enabled }) => enabled)).toEqual([true]);
    local.close();
    expect(open("audio")).toEqual([]);
  });

  test("is muted with another microphone too", async () => {
    await desk.set({ camera: false, microphone: true });
    await desk.setMic(false);
    await desk.choose("microphone", "headset");
    expect(told.micOn).toBe(false);
    expect(open("audio").map(({ id, enabled }) => [id, enabled])).toEqual([["headset", false]]);
  });

  test("is not what a microphone is that was refused", async () => {
    refusal = new DOMException("", "NotAllowedError");
    await desk.set({ camera: false, microphone: true });
    expect([told.micOn, told.micTrouble]).toEqual([false, "denied"]);
    await desk.set({ camera: true, microphone: told.micOn });
    await expect(desk.needMicrophone()).rejects.toBeInstanceOf(UnavailableError);
    refusal = undefined;
    await desk.needMicrophone();
    expect([told.micOn, told.micTrouble]).toEqual([true, undefined]);
  });
});

describe("lent to a group call", () => {
  const screen = () => new FakeStream([new FakeTrack("video", "screen")]) as unknown as MediaStream;

  test("camera and screen go out at once; to a call of two, one of them", async () => {
    await desk.set({ camera: true, microphone: true });
    const local = desk.lendToGroup("video");
    await local.start();
    const ids = () => Object.entries(local.tracks).map(([role, track]) => [role, track?.id]);
    const sent: (string | undefined)[] = [];
    const stop = local.onTracks((tracks) => sent.push(tracks.screen?.id));
    desk.share(screen());
    expect(ids()).toEqual([
      ["audio", "first audio"],
      ["camera", "first video"],
      ["screen", "screen"],
    ]);
    desk.share(undefined);
    expect(local.tracks.screen).toBeUndefined();
    expect(local.tracks.camera?.id).toBe("first video");
    expect(sent).toEqual(["screen", undefined]);
    stop();
    desk.share(screen());
    expect(sent).toHaveLength(2);
    local.close();
    expect(open("video")).toEqual([]);
    local.close(); // harmless when repeated

    await desk.set({ camera: true, microphone: true });
    const two = desk.lend("video");
    desk.share(screen());
    expect(two.tracks.video?.id).toBe("screen");
    two.close();
  });

  test("a voice call sends no picture, whatever is switched", async () => {
    await desk.set({ camera: true, microphone: true });
    const local = desk.lendToGroup("voice");
    desk.share(screen());
    expect(local.tracks).toMatchObject({ camera: undefined, screen: undefined });
    expect(local.tracks.audio?.id).toBe("first audio");
    local.close();
    const other = desk.lendToGroup("video");
    await desk.set({ camera: true, microphone: true });
    expect(other.tracks.camera?.id).toBe("first video"); // the control
    other.closeVideo();
    expect(other.tracks.camera).toBeUndefined();
    await desk.set({ camera: true });
    expect(other.tracks.camera).toBeUndefined();
    other.close();
  });
});

describe("a device that stops by itself", () => {
  test("a microphone: silence goes out in its place until another is open", async () => {
    await desk.set({ camera: false, microphone: true });
    const local = desk.lend("voice");
    const sent: (string | undefined)[] = [];
    local.onTracks(({ audio }) => sent.push(audio?.id));
    open("audio")[0]?.unplug();
    expect([told.micOn, told.micTrouble]).toEqual([false, "gone"]);
    expect(sent.at(-1)).toBe("silence");
    expect(sent).not.toContain(undefined);
    await desk.choose("microphone", "headset");
    expect([told.micOn, told.micTrouble]).toEqual([true, undefined]);
    expect(sent.at(-1)).toBe("headset");
    local.close();
    expect(local.tracks.audio).toBeUndefined();
  });

  test("a camera: nothing goes out, and none goes on by itself", async () => {
    await desk.set({ camera: true, microphone: true });
    const local = desk.lend("video");
    open("video")[0]?.unplug();
    expect([told.cameraOn, told.cameraTrouble, local.tracks.video]).toEqual([
      false,
      "gone",
      undefined,
    ]);
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    await desk.list();
    expect(open("video")).toEqual([]);
    await desk.choose("camera", "other");
    expect([told.cameraOn, told.cameraTrouble]).toEqual([true, undefined]);
    expect(open("video").map(({ id }) => id)).toEqual(["other"]);
    local.close();
  });

  test("the one that was chosen is used, and another if it is not there any more", async () => {
    await desk.set({ camera: true, microphone: true });
    await desk.choose("camera", "other");
    expect(open("video").map(({ id }) => id)).toEqual(["other"]);
    await desk.setCamera(false);
    unplugged = "other";
    await desk.setCamera(true);
    expect(told.cameraTrouble).toBeUndefined();
    expect(open("video").map(({ id }) => id)).toEqual(["first video"]);
  });

  test("the control: choosing opens no camera that was turned off", async () => {
    await desk.set({ camera: true, microphone: true });
    await desk.setCamera(false);
    await desk.choose("camera", "other");
    expect(open("video")).toEqual([]);
    await desk.setCamera(true);
    expect(open("video").map(({ id }) => id)).toEqual(["other"]);
  });
});
