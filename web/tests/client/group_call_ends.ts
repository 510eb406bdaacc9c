/** What people of group calls show and hear with, in tests: no devices, and frames with real keys. */

import { Code, UnavailableError } from "../../core/errors.ts";
import type {
  GroupLocal,
  GroupMediaFactory,
  GroupMediaStats,
  GroupRemote,
  StayMedia,
  StayMediaParts,
} from "../../media/group_interfaces.ts";
import { TestFrames } from "./group_call_frames.ts";

/** What is shown and said: nothing, by devices that are open or not. */
export class TestLocal implements GroupLocal {
  readonly tracks = { audio: undefined, camera: undefined, screen: undefined };
  /** There is no microphone. */
  lacks = false;
  isOpen = false;
  isClosed = false;
  hasVideo = true;
  /** The media of the newest stay. */
  media: TestMedia | undefined;

  async start(): Promise<void> {
    if (this.lacks) throw new UnavailableError(Code.NO_DEVICE);
    this.isOpen = true;
  }

  onTracks(): () => void {
    return () => undefined;
  }

  closeVideo(): void {
    this.hasVideo = false;
  }

  close(): void {
    this.isClosed = true;
  }
}

export class TestRemote implements GroupRemote {
  isClosed = false;

  onTracks(): void {
    // Nothing comes.
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Media that sends nothing. Its frame keys are real. */
export class TestMedia implements StayMedia {
  readonly frames = new TestFrames(() => performance.now() / 1000);
  readonly parts: StayMediaParts;
  isStarted = false;
  isClosed = false;
  looked: unknown;
  /** Of whom nothing opens. */
  readonly unopened = new Set<number>();

  constructor(parts: StayMediaParts) {
    this.parts = parts;
    if (parts.local instanceof TestLocal) parts.local.media = this;
  }

  start(): void {
    this.isStarted = true;
  }

  look(tiles: unknown): void {
    this.looked = tiles;
  }

  speaking(): readonly number[] {
    return this.isClosed ? [] : [7];
  }

  stats(): GroupMediaStats {
    const { unopened } = this;
    return { path: "mesh", opened: new Map(), refused: 0, unopened, lacksSfu: false };
  }

  roomSays(): void {}
  members(): void {}
  announced(): void {}
  told(): void {}

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

export const testGroupMedia: GroupMediaFactory = (parts) => new TestMedia(parts);

/** A quiet person. */
export function ends(): Readonly<{ local: TestLocal; remote: TestRemote }> {
  return { local: new TestLocal(), remote: new TestRemote() };
}

/** The frames of whoever is in a call with this. */
export function framesOf({ local }: Readonly<{ local: TestLocal }>): TestFrames {
  if (local.media === undefined) throw new Error("in no call");
  return local.media.frames;
}

/** Seal a frame as one, if they send, and say whether another opens it. */
export async function hears(
  speaker: Readonly<{ local: TestLocal }>,
  listener: Readonly<{ local: TestLocal }>,
): Promise<boolean> {
  if (!framesOf(speaker).isSending) return false;
  const frame = await framesOf(speaker).sealed();
  return await framesOf(listener).opens(frame);
}
