/** Members of a group call with the product's own media; the room and the group are in Node. */

import { fromHex, hex } from "../../../../core/bytes.ts";
import type { GroupCallAnswer, GroupCallOffer } from "../../../../core/content_group_call.ts";
import { decodeFromRoom, encodeToRoom, type FromRoom } from "../../../../core/content_room.ts";
import { FeedId } from "../../../../core/ids.ts";
import type { MemberTrack, StayMedia } from "../../../../media/group_interfaces.ts";
import { makeGroupMedia } from "../../../../media/group_media.ts";
import type { TurnServer } from "../../../../media/interfaces.ts";
import type { SentTracks } from "../../../../media/sfu_publish.ts";
import type { Tile } from "../../../../media/tiles_wanted.ts";
import { drawn } from "./drawn.ts";
import { made as peers } from "./peers.ts";

type Said = GroupCallOffer | GroupCallAnswer;

/** What a member wants said, until Node takes it. */
type Outbox = { room: string[]; announce: (string | null)[]; tell: [number, Said][] };

type Member = {
  media: StayMedia;
  outbox: Outbox;
  tracks: SentTracks;
  listeners: Set<(tracks: SentTracks) => void>;
  shown: readonly MemberTrack[];
  players: Map<MediaStreamTrack, HTMLMediaElement>;
  own: number;
};

const members = new Map<string, Member>();

function member(name: string): Member {
  const found = members.get(name);
  if (found === undefined) throw new Error(`no member ${name}`);
  return found;
}

const NOTHING_SENT: SentTracks = { audio: undefined, camera: undefined, screen: undefined };
const empty = (): Outbox => ({ room: [], announce: [], tell: [] });

/** Play what is shown, for a browser decodes no sound that nobody plays. */
function play(one: Member): void {
  const tracks = one.shown.map(({ track }) => track);
  for (const [track, player] of one.players) {
    if (tracks.includes(track)) continue;
    player.remove();
    one.players.delete(track);
  }
  for (const track of tracks) {
    if (one.players.has(track)) continue;
    const player = document.createElement("video");
    player.autoplay = true;
    player.srcObject = new MediaStream([track]);
    document.body.append(player);
    one.players.set(track, player);
  }
}

function send(one: Member, tracks: SentTracks): void {
  one.tracks = tracks;
  for (const listener of one.listeners) listener(tracks);
}

/** What RTP says of a track that is shown, whatever the product says. */
async function received({ leaf, role, track }: MemberTrack, player: HTMLMediaElement | undefined) {
  const receivers = peers.flatMap((pc) => pc.getReceivers());
  const found = { leaf, role, decoded: 0, energy: 0, width: 0 };
  const report = await receivers.find((one) => one.track === track)?.getStats();
  report?.forEach((entry) => {
    if (entry.type !== "inbound-rtp") return;
    found.decoded = entry.framesDecoded ?? 0;
    found.energy = entry.totalAudioEnergy ?? 0;
  });
  if (player instanceof HTMLVideoElement) found.width = player.videoWidth;
  return found;
}

const api = {
  /**
   * @param relays Credentials, one after the other: each is good for a few allocations.
   * @param height Of the camera; 0: a voice call.
   */
  async make(name: string, relays: TurnServer[][], height: number): Promise<void> {
    const outbox = empty();
    const listeners: Member["listeners"] = new Set();
    const video = height > 0;
    const size = { width: (height * 4) / 3, height, frameRate: 10 };
    const media = makeGroupMedia({
      local: {
        get tracks() {
          return made.tracks;
        },
        async start() {
          if (made.tracks.audio !== undefined) return;
          const stream = await navigator.mediaDevices.getUserMedia({
            audio: true,
            video: video ? size : false,
          });
          const [audio, camera] = [stream.getAudioTracks()[0], stream.getVideoTracks()[0]];
          send(made, { ...made.tracks, audio, camera });
        },
        onTracks(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        closeVideo() {},
        close() {},
      },
      remote: {
        onTracks(shown) {
          made.shown = shown;
          play(made);
        },
        close() {},
      },
      video,
      turn: async () => {
        const [next = []] = [relays.length > 1 ? relays.shift() : relays[0]];
        return next;
      },
      send: (message) => made.outbox.room.push(hex(encodeToRoom(message))),
      announce: (feed) => made.outbox.announce.push(feed && hex(feed)),
      tell: (leaf, content) => made.outbox.tell.push([leaf, content]) > 0,
      failed: () => made.outbox.announce.push("failed"),
    });
    const made: Member = {
      media,
      outbox,
      tracks: NOTHING_SENT,
      listeners,
      shown: [],
      players: new Map(),
      own: 0,
    };
    members.set(name, made);
    media.start();
  },
  /** An epoch begins: the others' keys, and who is in it. */
  async epoch(name: string, epoch: number, key: string, own: number, others: number[]) {
    const one = member(name);
    one.own = own;
    await one.media.frames.install(BigInt(epoch), fromHex(key), new Set(others));
    one.media.members(own, new Set(others));
  },
  sendIn: (name: string, epoch: number, key: string) =>
    member(name).media.frames.sendIn(BigInt(epoch), fromHex(key), member(name).own),
  async removeLeaf(name: string, leaf: number): Promise<void> {
    await member(name).media.frames.removeLeaf(leaf);
  },
  entered(name: string, hasSfu: boolean): void {
    const said: FromRoom = {
      kind: "room.entered",
      member: member(name).own,
      members: [],
      n: 1,
      hasSfu,
      most: 200,
    };
    member(name).media.roomSays(said);
  },
  said(name: string, messages: string[]): void {
    for (const one of messages) member(name).media.roomSays(decodeFromRoom(fromHex(one)));
  },
  announced: (name: string, leaf: number, feed: string | null) =>
    member(name).media.announced(leaf, feed === null ? null : new FeedId(fromHex(feed))),
  told: (name: string, leaf: number, content: Said) => member(name).media.told(leaf, content),
  take(name: string): Outbox {
    const one = member(name);
    const taken = one.outbox;
    one.outbox = empty();
    return taken;
  },
  look: (name: string, tiles: Tile[]) => member(name).media.look(tiles),
  share(name: string, on: boolean): void {
    const one = member(name);
    one.tracks.screen?.stop();
    send(one, { ...one.tracks, screen: on ? drawn() : undefined });
  },
  mute(name: string, muted: boolean): void {
    const { audio } = member(name).tracks;
    if (audio !== undefined) audio.enabled = !muted;
  },
  async figures(name: string) {
    const { media, shown, players } = member(name);
    const { path, opened, refused, unopened, lacksSfu } = media.stats();
    const tracks = await Promise.all(shown.map((one) => received(one, players.get(one.track))));
    const stats = { path, opened: [...opened], refused, unopened: [...unopened], lacksSfu };
    const states = peers.map((pc) => pc.connectionState).filter((state) => state !== "closed");
    return { ...stats, tracks, speaking: media.speaking(), states };
  },
  /** How many connections were made on this page so far. */
  connections: (_name: string) => peers.length,
  async close(name: string): Promise<void> {
    const { media, tracks, players } = member(name);
    await media.close();
    await media.frames.wipe();
    for (const track of Object.values(tracks)) track?.stop();
    for (const player of players.values()) player.remove();
    members.delete(name);
  },
};

export type GroupApi = typeof api;

Object.assign(globalThis, { group: api });
