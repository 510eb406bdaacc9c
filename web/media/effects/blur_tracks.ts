/**
 * The two ways of getting a track's pictures into the worker and blurred ones back as a track:
 * streams (Chromium), or a `<video>` and a canvas (the others). Neither hands on a picture of its own.
 */

import { Code, UnavailableError } from "../../core/errors.ts";
import type { BlurOrder } from "./blur_protocol.ts";

type Post = (order: BlurOrder, transfer: Transferable[]) => void;

/** A blurred track, and what the page does for it. */
export type BlurredTrack = Readonly<{
  track: MediaStreamTrack;
  /** The worker wants a picture. */
  onNext(): void;
  /** The worker made one. */
  onPicture(picture: ImageBitmap): void;
  stop(): void;
}>;

/** mediacapture-transform, in the form in which a page has it; not in TypeScript's library. */
type Streams = Readonly<{
  MediaStreamTrackProcessor: new (given: {
    track: MediaStreamTrack;
  }) => { readable: ReadableStream<VideoFrame> };
  MediaStreamTrackGenerator: new (given: {
    kind: "video";
  }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> };
}>;

const KEEP_RATE = 30;

export function hasStreams(): boolean {
  return "MediaStreamTrackProcessor" in globalThis && "MediaStreamTrackGenerator" in globalThis;
}

/** A track from the worker's own stream. */
export function byStreams(camera: MediaStreamTrack, post: Post): BlurredTrack {
  const { MediaStreamTrackProcessor, MediaStreamTrackGenerator } = globalThis as typeof globalThis &
    Streams;
  const { readable } = new MediaStreamTrackProcessor({ track: camera });
  const track = new MediaStreamTrackGenerator({ kind: "video" });
  const { writable } = track;
  post({ op: "streams", readable, writable }, [readable, writable]);
  return { track, onNext() {}, onPicture: (picture) => picture.close(), stop: () => track.stop() };
}

/**
 * A track of a canvas, on which nothing but the worker's pictures is drawn.
 *
 * @throws UnavailableError The canvas gives no track.
 */
export async function byCanvas(camera: MediaStreamTrack, post: Post): Promise<BlurredTrack> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([camera]);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { alpha: false });
  const [track] = canvas.captureStream(KEEP_RATE).getVideoTracks();
  if (context === null || track === undefined) {
    throw new UnavailableError(Code.UNAVAILABLE, "no track from a canvas");
  }
  void video.play().catch(() => undefined);
  const end = () => {
    // A canvas's track never ends by itself; the camera's did.
    track.stop();
    track.dispatchEvent(new Event("ended"));
  };
  camera.addEventListener("ended", end);
  post({ op: "pictures" }, []);
  return {
    track,
    onNext() {
      // No event tells of a camera that the page itself stopped.
      if (camera.readyState === "ended" && track.readyState === "live") end();
      void pictureOf(video).then((picture) =>
        post({ op: "picture", picture }, picture ? [picture] : []),
      );
    },
    onPicture(picture) {
      if (canvas.width !== picture.width) canvas.width = picture.width;
      if (canvas.height !== picture.height) canvas.height = picture.height;
      context.drawImage(picture, 0, 0);
      picture.close();
    },
    stop() {
      camera.removeEventListener("ended", end);
      video.srcObject = null;
      track.stop();
    },
  };
}

async function pictureOf(video: HTMLVideoElement): Promise<ImageBitmap | undefined> {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
  return createImageBitmap(video).catch(() => undefined);
}
