/**
 * Cameras, microphones and speakers of this browser: opened for a preview, handed to a call, changed
 * in the middle of it. Nothing is opened before it is asked for; the camera is off until wanted.
 *
 * What goes out is never the camera's own picture while its background is to be blurred: see
 * `live_blur.ts`. Not for: anything that leaves this device. A call takes tracks from `lend()`,
 * a group call from `lendToGroup()`, and encrypts them.
 */

import { Code, UnavailableError, UsageError } from "../core/errors.ts";
import type { GroupLocal } from "../media/group_interfaces.ts";
import type { LocalMedia } from "../media/interfaces.ts";
import type { SentTracks } from "../media/sfu_publish.ts";
import { CameraPicture } from "./live_blur.ts";
import { Meter, openTrack, Silence, troubleOf } from "./live_inputs.ts";
import { type Lender, lent } from "./live_lending.ts";
import { MicrophoneSound } from "./live_noise.ts";
import type { Desk, DeskDevice, DeskTrouble, Effect, Input } from "./model.ts";
import { prefs } from "./prefs.ts";

type Kind = "camera" | "microphone" | "speaker";

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
  blur: "off",
  noise: "off",
};

/** A use of a device that is noted on this device; see `client/uses.ts`. */
export type Noted = Readonly<{ end(): Promise<void>; forget(): Promise<void> }>;

export class LiveDesk {
  #desk: Desk = EMPTY_DESK;
  readonly #changed: (desk: Desk) => void;
  readonly #note: (kind: Input) => Noted | undefined;
  readonly #noted: Partial<Record<Input, Noted | undefined>> = {};
  readonly #trackListeners = new Set<(tracks: SentTracks) => void>();
  #sound: MicrophoneSound | undefined;
  #picture: CameraPicture | undefined;
  /** Goes out while a call has no microphone any more. */
  #silence: Silence | undefined;
  #screen: MediaStreamTrack | undefined;
  /** What was asked of each device last: one that opens late, for nobody any more, is closed again. */
  readonly #turns: Record<Input, number> = { camera: 0, microphone: 0 };
  #meter: Meter | undefined;
  /** What opens and closes now. */
  #setting: Promise<unknown> = Promise.resolve();
  #metered: MediaStreamTrack | undefined;
  /** A call has the tracks: a preview that goes away leaves them open. */
  #lent = false;
  /** A voice call: no picture leaves, whatever is switched. */
  #voiceOnly = false;
  /** A confidential call: no screen leaves. */
  #noScreen = false;
  /** The person muted themselves: whichever microphone opens, nothing of it is heard. */
  #muted = false;

  /**
   * @param changed Is told of each change.
   * @param note Notes that a device is used from now on.
   */
  constructor(changed: (desk: Desk) => void, note: (kind: Input) => Noted | undefined) {
    this.#changed = changed;
    this.#note = note;
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

  /**
   * Open and close devices until they are as wanted; what cannot be opened is told in the desk.
   * Of what is not named nothing changes: it may be opening just now.
   */
  async set({ camera, microphone }: { camera?: boolean; microphone?: boolean }): Promise<void> {
    // One that could not be opened is off, too, without anybody's having muted it.
    const mutes = microphone !== undefined && (microphone || !this.#desk.micTrouble);
    if (mutes) this.#muted = !microphone;
    const setting = Promise.all([
      microphone === undefined ? undefined : this.#input("microphone", microphone),
      camera === undefined ? undefined : this.#input("camera", camera),
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
    const { [kind === "camera" ? "cameraTrouble" : "micTrouble"]: trouble } = this.#desk;
    // In the place of one that stopped or did not open, too; not of one that was turned off.
    if (!this.#isOpen(kind) && trouble === undefined) return;
    await this.#input(kind, false);
    await this.#input(kind, true);
  }

  /** Mute without letting the microphone go, so that unmuting is at once. */
  async setMic(on: boolean): Promise<void> {
    this.#muted = !on;
    if (on && this.#sound === undefined) await this.#input("microphone", true);
    this.#sound?.setOn(on);
    this.#update({ micOn: on && this.#sound !== undefined });
  }

  /**
   * Open the microphone, if that was not done; muted, if the person is.
   *
   * @throws UnavailableError `NO_DEVICE`: nobody would hear them.
   */
  async needMicrophone(): Promise<void> {
    if (this.#sound === undefined) await this.#input("microphone", true);
    if (this.#sound === undefined) throw new UnavailableError(Code.NO_DEVICE);
  }

  /** @throws UnavailableError `NO_DEVICE`. */
  async setCamera(on: boolean): Promise<void> {
    await this.#input("camera", on);
    if (on && this.#picture === undefined) throw new UnavailableError(Code.NO_DEVICE);
  }

  /** Have what is open, and what will be, blurred or filtered as was chosen (`prefs.ts`). */
  async follow(effect: Effect): Promise<void> {
    if (effect === "noise") {
      await this.#sound?.setFilter(prefs().noise);
      return;
    }
    if (!prefs().blur && this.#desk.cameraTrouble === "blur") {
      this.#update({ cameraTrouble: undefined }); // what could not be done is not wanted any more
    }
    await this.#picture?.setBlur(prefs().blur);
  }

  /** Ask the browser for a screen or window; undefined: the person closed its question. */
  async pickScreen(): Promise<MediaStream | undefined> {
    try {
      return await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false });
    } catch {
      return undefined;
    }
  }

  /** Send a screen, in a call of two in the camera's place; or the camera alone again. */
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
    const track = this.#sound?.track;
    if (!this.#desk.micOn || track === undefined) return 0;
    if (this.#meter === undefined || this.#metered !== track) {
      // Made when somebody looks: it takes time that a call that is answered has not.
      this.#meter?.close();
      this.#meter = new Meter(track);
      this.#metered = track;
    }
    return this.#meter.level();
  }

  /** Return what a call of two sends, from now until it closes it: a screen in the camera's place. */
  lend(media: "voice" | "video"): LocalMedia {
    const forbidSharing = () => {
      this.#noScreen = true;
      this.share(undefined);
      // It leaves no trace in the list of uses either.
      for (const noted of Object.values(this.#noted)) void noted?.forget();
    };
    const local = lent(this.#lends(media), ({ audio, camera, screen }) => ({
      audio,
      video: screen ?? camera,
      isScreen: screen !== undefined,
    }));
    return Object.assign(local, { forbidSharing });
  }

  /** Return what a group call sends, from now until it closes it: camera and screen at once. */
  lendToGroup(media: "voice" | "video"): GroupLocal {
    return lent(this.#lends(media), (tracks) => tracks);
  }

  #lends(media: "voice" | "video"): Lender {
    this.#lent = true;
    this.#voiceOnly = media === "voice";
    return {
      tracks: () => this.#tracks(),
      start: async () => {
        await this.#setting;
        await this.needMicrophone();
      },
      listeners: this.#trackListeners,
      closeVideo: () => {
        this.#voiceOnly = true;
        void this.#input("camera", false);
        this.share(undefined);
      },
      close: () => {
        this.#lent = false;
        this.#closeAll();
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

  #tracks(): SentTracks {
    const audio = this.#sound?.track ?? this.#silence?.track;
    if (this.#voiceOnly) return { audio, camera: undefined, screen: undefined };
    return { audio, camera: this.#picture?.track, screen: this.#screen };
  }

  #isOpen(kind: Input): boolean {
    return (kind === "camera" ? this.#picture : this.#sound) !== undefined;
  }

  async #input(kind: Input, on: boolean): Promise<void> {
    const isOpen = this.#isOpen(kind);
    if (on && !isOpen) {
      await this.#open(kind);
    } else if (on && kind === "microphone") {
      this.#sound?.setOn(true);
      this.#update({ micOn: true });
    } else if (!on && isOpen) {
      this.#drop(kind);
    } else if (!on) {
      this.#turns[kind]++;
      this.#update(kind === "camera" ? { cameraOn: false } : { micOn: false });
    }
  }

  async #open(kind: Input): Promise<void> {
    const turn = ++this.#turns[kind];
    try {
      const track = await openTrack(kind, this.#desk[kind], !prefs().noise);
      if (turn !== this.#turns[kind]) track.stop();
      else if (kind === "camera") await this.#takeCamera(track);
      else this.#takeMicrophone(track);
    } catch (error) {
      if (turn === this.#turns[kind]) this.#drop(kind, troubleOf(error));
    }
    this.#show();
  }

  async #takeCamera(track: MediaStreamTrack): Promise<void> {
    const picture = new CameraPicture(track, () => this.#follow(picture));
    this.#picture = picture;
    this.#begin("camera");
    track.addEventListener("ended", () => {
      if (this.#picture === picture) this.#drop("camera", "gone");
    });
    const camera = track.getSettings().deviceId;
    this.#update({ cameraOn: true, camera, cameraTrouble: undefined });
    await picture.setBlur(prefs().blur);
  }

  #takeMicrophone(track: MediaStreamTrack): void {
    const sound = new MicrophoneSound(track, () => this.#listen(sound));
    this.#sound = sound;
    this.#begin("microphone");
    track.addEventListener("ended", () => {
      if (this.#sound === sound) this.#drop("microphone", "gone");
    });
    const microphone = track.getSettings().deviceId;
    sound.setOn(!this.#muted);
    this.#endSilence();
    this.#update({ micOn: !this.#muted, microphone, micTrouble: undefined });
    this.#listen(sound);
    // Not waited for: they are heard at once, and without the noise a moment later.
    void sound.setFilter(prefs().noise);
  }

  #begin(kind: Input): void {
    if (!this.#noScreen) this.#noted[kind] = this.#note(kind);
  }

  /** What is sent of a camera changed. */
  #follow(picture: CameraPicture): void {
    if (this.#picture !== picture) return;
    if (picture.blur === "failed") {
      this.#dropCamera("blur");
      this.#show();
      return;
    }
    this.#update({ blur: picture.blur });
    this.#show();
  }

  /** What is sent of a microphone changed. */
  #listen(sound: MicrophoneSound): void {
    if (this.#sound !== sound) return;
    this.#update({ noise: sound.noise });
    this.#show();
  }

  #drop(kind: Input, trouble?: DeskTrouble): void {
    if (kind === "camera") this.#dropCamera(trouble);
    else this.#dropMicrophone(trouble);
    this.#show();
  }

  #dropCamera(cameraTrouble: Desk["cameraTrouble"]): void {
    this.#turns.camera++;
    const picture = this.#picture;
    this.#picture = undefined;
    void this.#noted.camera?.end();
    this.#noted.camera = undefined;
    picture?.stop();
    this.#update({ cameraOn: false, cameraTrouble, blur: "off" });
  }

  #dropMicrophone(micTrouble: Desk["micTrouble"]): void {
    this.#turns.microphone++;
    const sound = this.#sound;
    this.#sound = undefined;
    void this.#noted.microphone?.end();
    this.#noted.microphone = undefined;
    sound?.stop();
    this.#meter?.close();
    this.#meter = undefined;
    this.#metered = undefined;
    if (sound && this.#lent) this.#silence ??= new Silence();
    this.#update({ micOn: false, micTrouble, noise: "off" });
  }

  #endSilence(): void {
    this.#silence?.stop();
    this.#silence = undefined;
  }

  #closeAll(): void {
    this.#endSilence();
    this.#screen?.stop();
    this.#screen = undefined;
    this.#drop("camera");
    this.#drop("microphone");
    this.#voiceOnly = false;
    this.#noScreen = false;
    this.#muted = false;
    this.#update({ micOn: true, cameraTrouble: undefined, micTrouble: undefined });
    this.#show();
  }

  /** Show and send what is open now. */
  #show(): void {
    const shown = this.#screen ?? this.#picture?.track;
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
