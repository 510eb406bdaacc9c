/**
 * Cameras, microphones and speakers of this browser: opened for a preview, handed to a call, changed
 * in the middle of it. Nothing is opened before it is asked for; the camera is off until wanted.
 *
 * Not for: anything that leaves this device. A call takes tracks from `lend()` and encrypts them.
 */

import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import type { LocalMedia, LocalTracks } from "../media/interfaces.ts";
import type { Desk, DeskDevice, DeskTrouble } from "./model.ts";

type Kind = "camera" | "microphone" | "speaker";
type Input = "camera" | "microphone";

const KINDS: Readonly<Record<string, Kind>> = {
  videoinput: "camera",
  audioinput: "microphone",
  audiooutput: "speaker",
};

export const EMPTY_DESK: Desk = {
  cameras: [],
  microphones: [],
  speakers: [],
  camera: undefined,
  microphone: undefined,
  speaker: undefined,
  cameraOn: false,
  micOn: true,
  stream: undefined,
  cameraTrouble: undefined,
  micTrouble: undefined,
};

/** Return what a person is told of why a device did not open. */
export function troubleOf(error: unknown): DeskTrouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}

export class LiveDesk {
  #desk: Desk = EMPTY_DESK;
  readonly #changed: (desk: Desk) => void;
  readonly #trackListeners = new Set<(tracks: LocalTracks) => void>();
  #audio: MediaStreamTrack | undefined;
  #video: MediaStreamTrack | undefined;
  #screen: MediaStreamTrack | undefined;
  #meter: Meter | undefined;
  /** What opens and closes now. */
  #setting: Promise<unknown> = Promise.resolve();
  #closings = 0;
  /** A call has the tracks: a preview that goes away leaves them open. */
  #lent = false;
  /** A voice call: no picture leaves, whatever is switched. */
  #voiceOnly = false;
  /** A confidential call: no screen leaves. */
  #noScreen = false;

  constructor(changed: (desk: Desk) => void) {
    this.#changed = changed;
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.list());
  }

  get desk(): Desk {
    return this.#desk;
  }

  get sharing(): boolean {
    return this.#screen !== undefined;
  }

  /** What the person sees of themselves: the screen while one is shared, else the camera. */
  get selfStream(): MediaStream | undefined {
    return this.#desk.stream;
  }

  /** Open and close devices until they are as wanted; what cannot be opened is told in the desk. */
  async set(wanted: { camera: boolean; microphone: boolean }): Promise<void> {
    const setting = Promise.all([
      this.#input("microphone", wanted.microphone),
      this.#input("camera", wanted.camera),
    ]);
    this.#setting = setting;
    await setting;
    await this.list();
  }

  /** Say whether a person allowed all of this before, so that no question stands in the way. */
  async isAllowed({ camera }: { camera: boolean }): Promise<boolean> {
    const names = camera ? ["microphone", "camera"] : ["microphone"];
    const asked = names.map((name) =>
      navigator.permissions.query({ name: name as PermissionName }),
    );
    // A browser that does not know these names is one that asks.
    const states = await Promise.all(asked).catch(() => []);
    return states.length > 0 && states.every(({ state }) => state === "granted");
  }

  /** Close everything, unless a call has it. */
  leave(): void {
    if (!this.#lent) this.#closeAll();
  }

  async choose(kind: Kind, id: string): Promise<void> {
    this.#update({ [kind]: id });
    if (kind === "speaker") return;
    const open = kind === "camera" ? this.#video : this.#audio;
    if (open === undefined) return;
    await this.#input(kind, false);
    await this.#input(kind, true);
  }

  /** Mute without letting the microphone go, so that unmuting is at once. */
  async setMic(on: boolean): Promise<void> {
    if (on && this.#audio === undefined) await this.#input("microphone", true);
    if (this.#audio) this.#audio.enabled = on;
    this.#update({ micOn: on && this.#audio !== undefined });
  }

  /** @throws UnavailableError `NO_DEVICE`. */
  async setCamera(on: boolean): Promise<void> {
    await this.#input("camera", on);
    if (on && this.#video === undefined) throw new UnavailableError(Code.NO_DEVICE);
  }

  /** Send a screen in the camera's place, or the camera again. */
  share(stream: MediaStream | undefined): void {
    if (stream && this.#noScreen) throw new UsageError("a confidential call shares no screen");
    const screen = stream?.getVideoTracks()[0];
    if (this.#screen !== screen) this.#screen?.stop();
    this.#screen = screen;
    screen?.addEventListener("ended", () => {
      if (this.#screen === screen) this.share(undefined); // the browser's own "stop sharing"
    });
    this.#show();
  }

  level(): number {
    if (!this.#desk.micOn || this.#audio === undefined) return 0;
    // Made when somebody looks: it takes time that a call that is answered has not.
    this.#meter ??= new Meter(this.#audio);
    return this.#meter.level();
  }

  /** Return what a call sends, from now until it closes it. */
  lend(media: "voice" | "video"): LocalMedia {
    this.#lent = true;
    this.#voiceOnly = media === "voice";
    let closed = false;
    const own = new Set<(tracks: LocalTracks) => void>();
    const desk = this;
    return {
      get tracks() {
        return desk.#tracks();
      },
      async start() {
        await desk.#setting;
        if (desk.#audio === undefined) await desk.#input("microphone", true);
        if (desk.#audio === undefined) throw new UnavailableError(Code.NO_DEVICE);
      },
      onTracks(listener) {
        desk.#trackListeners.add(listener);
        own.add(listener);
        return () => desk.#trackListeners.delete(listener);
      },
      forbidSharing() {
        desk.#noScreen = true;
        desk.share(undefined);
      },
      closeVideo() {
        desk.#voiceOnly = true;
        void desk.#input("camera", false);
        desk.share(undefined);
      },
      close() {
        if (closed) return;
        closed = true;
        for (const listener of own) desk.#trackListeners.delete(listener);
        desk.#lent = false;
        desk.#closeAll();
      },
    };
  }

  /** Read which devices there are; names are known once one was allowed. */
  async list(): Promise<void> {
    const found: Record<Kind, DeskDevice[]> = { camera: [], microphone: [], speaker: [] };
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    for (const { kind, deviceId, label } of devices) {
      const ours = KINDS[kind];
      if (ours && deviceId !== "") found[ours].push({ id: deviceId, label });
    }
    const { camera, microphone, speaker } = found;
    this.#update({ cameras: camera, microphones: microphone, speakers: speaker });
  }

  #tracks(): LocalTracks {
    const video = this.#voiceOnly ? undefined : (this.#screen ?? this.#video);
    return { audio: this.#audio, video };
  }

  async #input(kind: Input, on: boolean): Promise<void> {
    const open = kind === "camera" ? this.#video : this.#audio;
    if (on && open === undefined) {
      await this.#open(kind);
    } else if (on && open && kind === "microphone") {
      open.enabled = true;
      this.#update({ micOn: true });
    } else if (!on && open) {
      this.#drop(kind, open);
    } else if (!on) {
      this.#update(kind === "camera" ? { cameraOn: false } : { micOn: false });
    }
  }

  async #open(kind: Input): Promise<void> {
    const camera = kind === "camera";
    const closings = this.#closings;
    try {
      const track = await openTrack(kind, this.#desk[kind]);
      // A call that ended while its camera came up must not leave it on.
      if (closings !== this.#closings) return track.stop();
      track.addEventListener("ended", () => this.#drop(kind, track, "missing"));
      if (camera) this.#video = track;
      else this.#audio = track;
      const chosen = track.getSettings().deviceId;
      this.#update(
        camera
          ? { cameraOn: true, camera: chosen, cameraTrouble: undefined }
          : { micOn: true, microphone: chosen, micTrouble: undefined },
      );
    } catch (error) {
      const trouble = troubleOf(error);
      this.#update(
        camera
          ? { cameraOn: false, cameraTrouble: trouble }
          : { micOn: false, micTrouble: trouble },
      );
    }
    this.#show();
  }

  #drop(kind: Input, track: MediaStreamTrack, trouble?: DeskTrouble): void {
    track.stop();
    if (kind === "camera" && this.#video === track) {
      this.#video = undefined;
      this.#update({ cameraOn: false, cameraTrouble: trouble });
    } else if (kind === "microphone" && this.#audio === track) {
      this.#audio = undefined;
      this.#meter?.close();
      this.#meter = undefined;
      this.#update({ micOn: false, micTrouble: trouble });
    }
    this.#show();
  }

  #closeAll(): void {
    this.#closings += 1;
    this.#screen?.stop();
    this.#screen = undefined;
    if (this.#video) this.#drop("camera", this.#video);
    if (this.#audio) this.#drop("microphone", this.#audio);
    this.#voiceOnly = false;
    this.#noScreen = false;
    this.#update({ micOn: true, cameraTrouble: undefined, micTrouble: undefined });
    this.#show();
  }

  /** Show and send what is open now. */
  #show(): void {
    const shown = this.#screen ?? this.#video;
    if (this.#desk.stream?.getVideoTracks()[0] !== shown) {
      this.#update({ stream: shown && new MediaStream([shown]) });
    }
    for (const listener of [...this.#trackListeners]) listener(this.#tracks());
  }

  #update(change: Partial<Desk>): void {
    this.#desk = { ...this.#desk, ...change };
    this.#changed(this.#desk);
  }
}

async function openTrack(kind: Input, id: string | undefined): Promise<MediaStreamTrack> {
  const device = id === undefined ? {} : { deviceId: { ideal: id } };
  const stream = await navigator.mediaDevices.getUserMedia(
    kind === "camera"
      ? { video: { ...device, width: { ideal: 1280 }, height: { ideal: 720 } } }
      : { audio: { ...device, echoCancellation: true, noiseSuppression: true } },
  );
  const [track] = stream.getTracks();
  if (track === undefined) throw new DOMException("no track", "NotFoundError");
  return track;
}

/** How loud a track is. */
class Meter {
  readonly #context = new AudioContext();
  readonly #analyser = new AnalyserNode(this.#context, { fftSize: 512 });
  readonly #samples = new Float32Array(512);

  constructor(track: MediaStreamTrack) {
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
  }

  /** 0 to 1: the loudest sample of the last hundredth of a second, stretched to what ears expect. */
  level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const peak = this.#samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    return Math.min(1, Math.sqrt(peak));
  }

  close(): void {
    void this.#context.close();
  }
}
