/**
 * The media of one stay in a group call, in a browser: over the mesh, or over the SFU (twin:
 * `src/visavis/sdk/group_call_media.py`; shapes: `group_interfaces.ts`).
 *
 *     up to three        mesh, if nobody sends to the SFU
 *     the fourth comes   everybody sends to the SFU and gets the others there; the mesh stays until
 *                        frames of all of them opened there, or five seconds; then it ends
 *     fewer again        it stays with the SFU
 *
 *     group_mesh.ts, group_pair.ts    the mesh            group_shown.ts      what is shown
 *     group_sfu.ts                    the SFU             group_watching.ts   what is watched
 *     worker.ts, frames_keys.ts       the keys, one worker for all connections
 *
 * Not for: keys (`client/group_call_shell.ts`), pages.
 */

import type { GroupCallAnswer, GroupCallOffer } from "../core/content_group_call.ts";
import { type FromRoom, RoomEntered } from "../core/content_room.ts";
import type { FeedId } from "../core/ids.ts";
import { WorkerKeys } from "./call_frames.ts";
import { startFrameWorker } from "./frame_worker.ts";
import type { Counts } from "./frames_keys.ts";
import { CHANGE_S, MESH_MOST } from "./group_change.ts";
import type {
  GroupFrames,
  GroupMediaFactory,
  GroupMediaStats,
  StayMedia,
  StayMediaParts,
} from "./group_interfaces.ts";
import { inOneSection } from "./group_local.ts";
import { GroupMesh, type Pair } from "./group_mesh.ts";
import { GroupPair } from "./group_pair.ts";
import { type Down, GroupSfu, type Up } from "./group_sfu.ts";
import { GroupShown, type PlacedTrack } from "./group_shown.ts";
import { GroupWatching } from "./group_watching.ts";
import type { LocalMedia } from "./interfaces.ts";
import { requireEncryption } from "./protect.ts";
import { roleOf } from "./sections.ts";
import { type SentTracks, SfuPublish } from "./sfu_publish.ts";
import { SfuWatch, type Shown } from "./sfu_watch.ts";
import { loudness, type Sound, Speaking } from "./speaking.ts";
import type { Tile } from "./tiles_wanted.ts";

/** Seconds between two looks at what came. Higher costs less, lower shows sooner who speaks. */
const LOOK_S = 0.25;

/** What connects; tests have fakes. */
export type Connections = Readonly<{
  keys: WorkerKeys;
  pair: (leaf: number, local: LocalMedia, onTracks: () => void) => Pair;
  up: () => Up;
  down: (onShown: (shown: readonly Shown[]) => void) => Down;
}>;

/** How connections are made. */
export type GroupMediaOptions = Readonly<{
  /** Let loopback relays pass: tests only. */
  allowLoopback?: boolean;
}>;

/** Makes the media of one stay; throws `NOT_ENCRYPTED` in a browser that cannot encrypt calls. */
export const groupMedia: GroupMediaFactory = (parts) => makeGroupMedia(parts);

/** As `groupMedia`, with options. */
export function makeGroupMedia(
  parts: StayMediaParts,
  { allowLoopback = false }: GroupMediaOptions = {},
): StayMedia {
  requireEncryption(); // before a worker is started for nothing
  const worker = startFrameWorker();
  const keys = new WorkerKeys(worker);
  const { video } = parts;
  return new BrowserGroupMedia(parts, {
    keys,
    pair: (leaf, local, onTracks) =>
      new GroupPair(leaf, { worker, keys, local, video, allowLoopback }, onTracks),
    up: () => new SfuPublish(worker, { video }),
    down: (onShown) => new SfuWatch(worker, keys, onShown),
  });
}

/** Sends and gets media while this device is in the call. */
export class BrowserGroupMedia implements StayMedia {
  readonly frames: GroupFrames;
  readonly #parts: StayMediaParts;
  readonly #keys: WorkerKeys;
  readonly #watching = new GroupWatching();
  readonly #speaking = new Speaking();
  readonly #shown: GroupShown;
  readonly #mesh: GroupMesh;
  readonly #sfu: GroupSfu;
  readonly #events: FromRoom[] = [];
  #wake: () => void = () => {};
  #stopTracks: () => void = () => {};
  #own = 0;
  #others: ReadonlySet<number> = new Set();
  #isIn = false;
  #wantsSfu = false;
  #changingUntilS: number | undefined;
  #announcedAnew = false;
  #sounds: ReadonlyMap<number, Sound> = new Map();
  #counts: Counts | undefined;
  #unopened: ReadonlySet<number> = new Set();
  /** Leaves that were let go since the worker was asked: what it says of them is of others. */
  #letGo = new Set<number>();
  #started = false;
  #closed = false;

  /**
   * @param parts The call around it.
   * @param connections What connects.
   */
  constructor(parts: StayMediaParts, connections: Connections) {
    this.#parts = parts;
    const { keys } = connections;
    this.#keys = keys;
    this.#shown = new GroupShown(parts.remote);
    const local = inOneSection(parts.local);
    this.#mesh = new GroupMesh({
      connect: (leaf, onTracks) => connections.pair(leaf, local, onTracks),
      turn: parts.turn,
      tell: parts.tell,
      onTracks: () => this.#shown.of("mesh", this.#ofMesh()),
    });
    this.#sfu = new GroupSfu({
      up: connections.up,
      down: connections.down,
      start: () => parts.local.start(),
      turn: parts.turn,
      send: parts.send,
      announce: parts.announce,
      tracks: () => this.#tracks(),
      onShown: (shown) => this.#shown.of("sfu", ofSfu(shown)),
      watching: this.#watching,
      nowS,
      pixelRatio: () => globalThis.devicePixelRatio ?? 1,
    });
    keys.onKeyFrameWanted = () => {
      void this.#mesh.forceKeyFrame();
      void this.#sfu.forceKeyFrame();
    };
    // Nothing passes any more: no connection is of use.
    keys.onDeath = () => {
      this.#end();
      parts.failed();
    };
    // CK-369: from here on no picture passes, in either direction.
    if (!parts.video) void keys.closeVideo().catch(() => this.#end());
    this.frames = {
      install: (epoch, baseKey, members) => keys.install(epoch, baseKey, members),
      sendIn: (epoch, baseKey, leaf) => keys.sendIn(epoch, baseKey, leaf),
      hold: () => keys.hold(),
      release: () => keys.release(),
      wipe: () => keys.wipe(),
      tape: keys.tape,
      removeLeaf: (leaf) => {
        // It may be somebody else's in the very next epoch: nothing of whoever had it stays.
        const removed = keys.removeLeaf(leaf);
        this.#gone(leaf);
        return removed;
      },
    };
  }

  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    this.#stopTracks = this.#parts.local.onTracks(() => {
      void this.#sfu.use(this.#tracks());
      this.#wake();
    });
    void this.#run();
  }

  roomSays(message: FromRoom): void {
    this.#events.push(message);
    this.#wake();
  }

  members(own: number, others: ReadonlySet<number>): void {
    for (const leaf of this.#others) if (!others.has(leaf)) this.#gone(leaf);
    this.#own = own;
    this.#others = new Set(others);
    this.#shown.members(this.#others);
    this.#look();
  }

  announced(leaf: number, feed: FeedId | null): void {
    if (!this.#watching.announced(leaf, feed)) return;
    this.#announcedAnew = true;
    this.#look();
  }

  told(leaf: number, content: GroupCallOffer | GroupCallAnswer): void {
    if (!this.#closed) this.#mesh.told(leaf, content);
  }

  look(tiles: readonly Tile[] | undefined): void {
    this.#watching.look(tiles);
    this.#wake();
  }

  speaking(): readonly number[] {
    const speaks = this.#speaking.speaking(nowS());
    const large = this.#speaking.large(nowS());
    if (large === undefined || !speaks.includes(large)) return speaks;
    return [large, ...speaks.filter((leaf) => leaf !== large)];
  }

  stats(): GroupMediaStats {
    const { byLeaf, failed } = this.#counts ?? NOTHING;
    return {
      path: byLeaf.size > 0 ? this.#shown.chosen : "none",
      opened: byLeaf,
      refused: failed.audio + failed.video,
      unopened: this.#unopened,
      lacksSfu: this.#isIn && this.#others.size >= MESH_MOST && !this.#sfu.isThere,
    };
  }

  async close(): Promise<void> {
    this.#end();
    await this.#keys.dispose();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTracks();
    this.#mesh.close();
    this.#sfu.close();
    this.#wake();
  }

  /** A member is gone, or its leaf is somebody else's now. */
  #gone(leaf: number): void {
    this.#mesh.drop(leaf);
    this.#watching.gone(leaf);
    this.#speaking.forget(leaf);
    this.#letGo.add(leaf);
    this.#unopened = without(this.#unopened, leaf);
    this.#others = without(this.#others, leaf);
    this.#shown.members(this.#others);
    this.#announcedAnew = true;
    this.#wake();
  }

  /** Decide anew how media goes; the rest happens in order in `#run`. */
  #look(): void {
    if (!this.#isIn || this.#closed) return;
    const isMany = this.#others.size >= MESH_MOST;
    if (this.#sfu.isThere && (isMany || this.#watching.isUsed)) {
      if (!this.#wantsSfu) this.#changingUntilS = nowS() + CHANGE_S;
      this.#wantsSfu = true;
    } else if (!this.#wantsSfu) {
      // Without an SFU the first three hear each other; `lacksSfu` says why no more.
      const all = [...this.#others, this.#own].sort((a, b) => a - b);
      const first = all.slice(0, MESH_MOST);
      const near = first.includes(this.#own) ? first.filter((leaf) => leaf !== this.#own) : [];
      this.#mesh.members(this.#own, new Set(near));
    }
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#woken();
      try {
        await this.#step();
      } catch {
        // What a server sends may not end the call's media, nor what a network does: whatever failed
        // has ended, and is begun again (`group_sfu.ts`).
      }
    }
  }

  async #step(): Promise<void> {
    const message = this.#events.shift();
    if (message?.kind === RoomEntered.kind) this.#entered(message.hasSfu);
    else if (message !== undefined) await this.#sfu.says(message);
    if (this.#closed) return;
    if (message !== undefined) this.#look();
    if (this.#announcedAnew) {
      this.#announcedAnew = false;
      await this.#sfu.announced();
    }
    if (this.#wantsSfu) await this.#sfu.keep(this.#others);
    await this.#hear();
  }

  #entered(hasSfu: boolean): void {
    this.#isIn = true;
    this.#sfu.entered(hasSfu);
    if (hasSfu) return;
    // A server that lost it for good: who fits into a mesh has one.
    this.#wantsSfu = false;
    this.#changingUntilS = undefined;
    this.#shown.choose("mesh");
  }

  /** Look at what came: who is heard which way, whose pictures come, who speaks. */
  async #hear(): Promise<void> {
    this.#letGo = new Set();
    const counts = await this.#keys.counts();
    const sounds = this.#shown.chosen === "mesh" ? await this.#mesh.sounds() : this.#sfu.sounds;
    if (this.#closed) return;
    this.#counts = counts;
    this.#unopened = new Set(
      [...counts.unopened].filter((leaf) => this.#others.has(leaf) && !this.#letGo.has(leaf)),
    );
    const bySfu = this.#sfu.heard(counts.heard);
    this.#shown.heard(counts.heard, nowS());
    for (const [leaf, sound] of sounds) {
      const level = loudness(this.#sounds.get(leaf) ?? sound, sound);
      if (level !== undefined) this.#speaking.hear(leaf, level, nowS());
    }
    this.#sounds = sounds;
    this.#speaking.large(nowS());
    if (this.#changingUntilS === undefined) return;
    const isThere = [...this.#others].every((leaf) => bySfu.has(leaf));
    if (isThere || this.#mesh.leaves.size === 0 || nowS() >= this.#changingUntilS) {
      this.#changingUntilS = undefined;
      this.#shown.choose("sfu");
      this.#sounds = new Map(); // others' counts, not to be compared
      this.#mesh.close();
    }
  }

  #tracks(): SentTracks {
    const { audio, camera, screen } = this.#parts.local.tracks;
    const { video } = this.#parts;
    return { audio, camera: video ? camera : undefined, screen: video ? screen : undefined };
  }

  #ofMesh(): readonly PlacedTrack[] {
    return this.#mesh.tracks.map(({ leaf, place, track }) => {
      return { leaf, place, track, role: track.kind === "audio" ? "audio" : "camera" };
    });
  }

  /** Wait until something happened, or it is time to look. */
  #woken(): Promise<void> {
    if (this.#events.length > 0 || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_S * 1000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const NOTHING: Pick<Counts, "byLeaf" | "failed"> = {
  byLeaf: new Map(),
  failed: { audio: 0, video: 0 },
};

/** CK-894: what is no section of ours, or is of another kind than its name says, is not shown. */
function ofSfu(shown: readonly Shown[]): readonly PlacedTrack[] {
  return shown.flatMap(({ leaf, place, track, source }) => {
    const role = roleOf(source);
    const isFit = role !== undefined && (role === "audio") === (track.kind === "audio");
    return isFit ? [{ leaf, place, track, role }] : [];
  });
}

function without(leaves: ReadonlySet<number>, gone: number): ReadonlySet<number> {
  return new Set([...leaves].filter((leaf) => leaf !== gone));
}

function nowS(): number {
  return performance.now() / 1000;
}
