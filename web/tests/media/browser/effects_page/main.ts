/**
 * The page of the tests of blur and noise suppression: cameras and microphones that show and say what
 * is known, the product's own effects on them, and a look at what comes out.
 */

import {
  type BlurFigures,
  type BlurredBackground,
  blurBackground,
  blurSupport,
} from "../../../../media/effects/background_blur.ts";
import {
  noiseSupport,
  type SuppressedNoise,
  suppressNoise,
} from "../../../../media/effects/noise_suppression.ts";
import { drawPerson } from "../../drawn_person.ts";
import { noise, voice } from "../../drawn_sound.ts";

const RATE = 48_000;
const [WIDTH, HEIGHT] = [640, 360];

/** What a person would see: differences of red between neighbours, on the wall and in the face. */
export type Look = Readonly<{ wall: number; face: number; width: number; height: number }>;

const violations: string[] = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective} ${blockedURI}`);
});

let camera: MediaStreamTrack | undefined;
let blurred: BlurredBackground | undefined;
let quiet: SuppressedNoise | undefined;
let sound: AudioContext | undefined;
let microphone: MediaStreamTrack | undefined;
const troubles: string[] = [];
const events: string[] = [];

function here<T>(what: T | undefined): T {
  if (what === undefined) throw new Error("nothing there yet");
  return what;
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Show a track and wait for a picture of it. */
async function shown(track: MediaStreamTrack): Promise<HTMLVideoElement> {
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  document.body.append(video);
  await video.play();
  return video;
}

const api = {
  support: () => ({ blur: blurSupport(), noise: noiseSupport() }),
  violations: () => violations,
  /** The control: what no page of ours may do. */
  async misbehave(): Promise<void> {
    await fetch("https://elsewhere.test/").catch(() => undefined);
    await elapsed(200);
  },
  troubles: () => troubles,
  events: () => events,

  /** A camera that sees the drawn person. */
  drawnCamera(): void {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    const context = here(canvas.getContext("2d") ?? undefined);
    const picture = new ImageData(drawPerson(WIDTH, HEIGHT), WIDTH, HEIGHT);
    setInterval(() => context.putImageData(picture, 0, 0), 40);
    context.putImageData(picture, 0, 0);
    [camera] = canvas.captureStream(30).getVideoTracks();
  },
  async realCamera(width: number, height: number): Promise<unknown> {
    const video = { width, height, frameRate: 30 };
    [camera] = (await navigator.mediaDevices.getUserMedia({ video })).getVideoTracks();
    return here(camera).getSettings();
  },
  closeCamera: () => here(camera).stop(),
  isCameraOpen: () => here(camera).readyState === "live",

  async blur(byCanvas: boolean): Promise<string> {
    if (byCanvas) Reflect.deleteProperty(globalThis, "MediaStreamTrackGenerator");
    blurred = await blurBackground(here(camera));
    blurred.onTrouble((trouble) => troubles.push(trouble));
    blurred.clear.then(() => events.push("clear"));
    blurred.track.addEventListener("ended", () => events.push("ended"));
    return blurred.by;
  },
  figures: (): Promise<BlurFigures | undefined> => here(blurred).figures(),
  stopBlur: () => here(blurred).stop(),
  isBlurredOpen: () => here(blurred).track.readyState === "live",

  /** Look at what the camera gives, or at what is left of it. */
  async look(ofCamera: boolean): Promise<Look> {
    const video = await shown(ofCamera ? here(camera) : here(blurred).track);
    await elapsed(700);
    const { videoWidth: width, videoHeight: height } = video;
    const canvas = new OffscreenCanvas(width, height);
    const context = here(canvas.getContext("2d") ?? undefined);
    context.drawImage(video, 0, 0);
    video.remove();
    const contrast = (x: number, y: number, w: number, h: number) => {
      const [left, top] = [Math.floor(x * width), Math.floor(y * height)];
      const [columns, rows] = [Math.floor(w * width), Math.floor(h * height)];
      const { data } = context.getImageData(left, top, columns, rows);
      const reds = Array.from({ length: columns * rows }, (_, i) => data[i * 4] ?? 0);
      return Math.max(...reds) - Math.min(...reds);
    };
    // A part of the wall with many squares, and an eye with what is around it.
    return {
      wall: contrast(0.03, 0.05, 0.2, 0.4),
      face: contrast(0.5, 0.36, 0.07, 0.06),
      width,
      height,
    };
  },
  /** Pictures that a track shows in some seconds. */
  async pictures(ofCamera: boolean, seconds: number): Promise<number> {
    const video = await shown(ofCamera ? here(camera) : here(blurred).track);
    let count = 0;
    const next = () => {
      count++;
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
    await elapsed(seconds * 1000);
    video.remove();
    return count / seconds;
  },

  /** A microphone that hears noise, a voice, or nothing. */
  async drawnMicrophone(what: "noise" | "voice", level: number): Promise<void> {
    sound = new AudioContext({ sampleRate: RATE });
    const samples = what === "noise" ? noise(4 * RATE, level) : voice(4 * RATE, level);
    const buffer = new AudioBuffer({ length: samples.length, sampleRate: RATE });
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(sound, { buffer, loop: true });
    const destination = sound.createMediaStreamDestination();
    source.connect(destination);
    source.start();
    [microphone] = destination.stream.getAudioTracks();
  },
  async realMicrophone(): Promise<void> {
    sound = new AudioContext({ sampleRate: RATE });
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    [microphone] = stream.getAudioTracks();
  },
  microphoneSettings: () => here(microphone).getSettings().noiseSuppression,
  async suppress(): Promise<string> {
    quiet = await suppressNoise(here(microphone));
    quiet.onTrouble(() => troubles.push("noise"));
    return quiet.by;
  },
  setNoise: (on: boolean): Promise<boolean> => here(quiet).setOn(on),
  stopNoise: () => here(quiet).stop(),
  isQuietOpen: () => here(quiet).track.readyState === "live",
  /** Loudness of two thirds of a second, decibels below full. */
  async loudness(ofMicrophone: boolean): Promise<number> {
    const context = here(sound);
    const track = ofMicrophone ? here(microphone) : here(quiet).track;
    const source = context.createMediaStreamSource(new MediaStream([track]));
    const analyser = new AnalyserNode(context, { fftSize: 32_768 });
    source.connect(analyser);
    await elapsed(1500);
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    source.disconnect();
    const energy = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
    return 10 * Math.log10(energy + 1e-12);
  },
};

export type EffectsApi = typeof api;

Object.assign(globalThis, { effects: api });
