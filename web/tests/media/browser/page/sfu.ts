/** Members of a call through the SFU, with the product's own connections and worker. */

import { fromHex } from "../../../../core/bytes.ts";
import { WorkerKeys } from "../../../../media/call_frames.ts";
import { startFrameWorker } from "../../../../media/frame_worker.ts";
import type { TurnServer } from "../../../../media/interfaces.ts";
import { SfuPublish } from "../../../../media/sfu_publish.ts";
import { type OfferedSection, SfuWatch, type Shown } from "../../../../media/sfu_watch.ts";
import { loudness, type Sound, Speaking } from "../../../../media/speaking.ts";
import { drawn } from "./drawn.ts";
import { made as peers } from "./peers.ts";

/** The camera: of a size of which Chromium still sends three layers, and as few frames as do. */
const CAMERA = { width: 960, height: 540, frameRate: 10 };

/** What a sender says of one layer. */
export type SentLayer = Readonly<{
  rid: string;
  active: boolean;
  width: number;
  framesPerSecond: number;
  limitedBy: string;
}>;

type Member = {
  /** The connection that sends. */
  up: RTCPeerConnection | undefined;
  keys: WorkerKeys;
  publish: SfuPublish;
  watch: SfuWatch;
  shown: readonly Shown[];
  players: Map<MediaStreamTrack, HTMLVideoElement>;
  tracks: MediaStreamTrack[];
  speaking: Speaking;
  sounds: ReadonlyMap<number, Sound>;
};

const members = new Map<string, Member>();

function member(name: string): Member {
  const found = members.get(name);
  if (found === undefined) throw new Error(`no member ${name}`);
  return found;
}

function play(one: Member): void {
  for (const { track } of one.shown) {
    if (one.players.has(track)) continue;
    const player = document.createElement("video");
    player.autoplay = true;
    player.srcObject = new MediaStream([track]);
    document.body.append(player);
    one.players.set(track, player);
  }
}

const api = {
  async make(name: string, leaf: number, others: number[], key: string): Promise<void> {
    const worker = startFrameWorker();
    const keys = new WorkerKeys(worker);
    const before = peers.length;
    const publish = new SfuPublish(worker);
    const up = peers[before];
    const watch = new SfuWatch(worker, keys, (shown) => {
      made.shown = shown;
      play(made);
    });
    const made: Member = {
      up,
      keys,
      publish,
      watch,
      shown: [],
      players: new Map(),
      tracks: [],
      speaking: new Speaking(),
      sounds: new Map(),
    };
    keys.onKeyFrameWanted = () => void publish.forceKeyFrame();
    members.set(name, made);
    await keys.install(1n, fromHex(key), new Set(others));
    if (leaf >= 0) await keys.sendIn(1n, fromHex(key), leaf);
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: CAMERA,
    });
    made.tracks = stream.getTracks();
    const [audio] = stream.getAudioTracks();
    const [camera] = stream.getVideoTracks();
    await publish.use({ audio, camera, screen: undefined });
  },
  offer: (name: string, servers: TurnServer[]) => member(name).publish.offer(servers),
  accept: (name: string, sdp: string) => member(name).publish.accept(sdp),
  sendIn: (name: string, leaf: number, key: string) =>
    member(name).keys.sendIn(1n, fromHex(key), leaf),
  answer: (name: string, sdp: string, sections: OfferedSection[], servers: TurnServer[]) =>
    member(name).watch.answer(sdp, sections, servers),
  announce: (name: string, feeds: [string, number][]) =>
    member(name).watch.announce(new Map(feeds.map(([feed, leaf]) => [feed, [leaf]]))),
  async share(name: string): Promise<boolean> {
    const { publish, tracks } = member(name);
    const screen = drawn();
    tracks.push(screen);
    const isNew = publish.openScreen();
    const [audio, camera] = [tracks.find(isSound), tracks.find((one) => one.kind === "video")];
    await publish.use({ audio, camera, screen });
    return isNew;
  },
  /** What came of each section that may be shown, and what became of the frames. */
  async figures(name: string) {
    const { keys, shown, watch, publish, players } = member(name);
    const { sealed, refused, opened, failed, misplaced, unopened } = await keys.counts();
    const sections = shown.map(({ mid, leaf, source, track }) => {
      const player = players.get(track);
      return { mid, leaf, source, kind: track.kind, width: player?.videoWidth ?? 0 };
    });
    const energy = [...(await watch.measure()).sounds].map(([leaf, sound]) => {
      return { leaf, energy: sound.totalAudioEnergy };
    });
    const counts = { sealed, refused, opened, failed, misplaced, unopened: [...unopened] };
    return { ...counts, sections, energy, up: publish.state, down: watch.state };
  },
  /**
   * Send fewer pictures where the machine is slow, and none that are smaller: Chromium sends one layer
   * alone of small ones.
   */
  async keepSize(name: string): Promise<void> {
    for (const sender of member(name).up?.getSenders() ?? []) {
      if (sender.track?.kind !== "video") continue;
      const parameters = sender.getParameters();
      await sender.setParameters({ ...parameters, degradationPreference: "maintain-resolution" });
    }
  },
  /** The layers of the camera as their sender counts them now, in no order. */
  async layers(name: string): Promise<SentLayer[]> {
    const layers: SentLayer[] = [];
    (await member(name).up?.getStats())?.forEach((entry) => {
      if (entry.type !== "outbound-rtp" || entry.rid === undefined) return;
      layers.push({
        rid: entry.rid,
        active: entry.active ?? false,
        width: entry.frameWidth ?? 0,
        framesPerSecond: entry.framesPerSecond ?? 0,
        limitedBy: entry.qualityLimitationReason ?? "",
      });
    });
    return layers;
  },
  /** Pictures decoded by anybody on this page's connections that receive for this member. */
  async decoded(name: string): Promise<number> {
    let decoded = 0;
    for (const { track } of member(name).shown) {
      const player = member(name).players.get(track);
      decoded += player?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    }
    return decoded;
  },
  /** Listen for a while; return whose picture is large then, and who speaks. */
  async listen(name: string, seconds: number) {
    const one = member(name);
    const end = performance.now() + seconds * 1000;
    const spoke = new Set<number>();
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { sounds: now } = await one.watch.measure();
      const nowS = performance.now() / 1000;
      for (const [leaf, sound] of now) {
        const level = loudness(one.sounds.get(leaf) ?? sound, sound);
        if (level !== undefined) one.speaking.hear(leaf, level, nowS);
      }
      for (const leaf of one.speaking.speaking(nowS)) spoke.add(leaf);
      one.speaking.large(nowS);
      one.sounds = now;
    }
    return [...spoke];
  },
  async close(name: string): Promise<void> {
    const { publish, watch, keys, tracks, players } = member(name);
    publish.close();
    watch.close();
    for (const track of tracks) track.stop();
    for (const player of players.values()) player.remove();
    await keys.dispose();
    await keys.wipe();
    members.delete(name);
  },
};

function isSound(track: MediaStreamTrack): boolean {
  return track.kind === "audio";
}

export type SfuApi = typeof api;

Object.assign(globalThis, { sfu: api });
