/** Records an end of the page with the product's own recorder, store and tape; consents are made here. */

import { OwnConsent } from "../../../../client/consent_key.ts";
import { TapeRecorder } from "../../../../client/recorder.ts";
import type { Shares } from "../../../../client/recording_means.ts";
import { Recordings } from "../../../../client/recordings.ts";
import { RecordingsBook } from "../../../../client/recordings_book.ts";
import { Store } from "../../../../client/store.ts";
import { setOf } from "../../../../core/byte_sets.ts";
import { type Bytes, concat, copy, hex, utf8 } from "../../../../core/bytes.ts";
import { AuthorizationError, Code } from "../../../../core/errors.ts";
import { CallId, Digest, random, Secret32, ShareKey, ShareSlot } from "../../../../core/ids.ts";
import { membersHash } from "../../../../core/recording_rules.ts";
import {
  askDigest,
  callReference,
  type RecordingAsk,
  type Statement,
  signStatement,
} from "../../../../core/recording_statements.ts";
import type { Kind } from "../../../../core/recording_types.ts";
import type { FrameKeys } from "../../../../media/interfaces.ts";

const rng = (size: number): Bytes => crypto.getRandomValues(new Uint8Array(size));
const now = () => Math.floor(Date.now() / 1000);

/** A server's shares, in memory. */
const lying = new Map<string, Secret32>();
const shares: Shares = {
  lay: async () => {},
  async read(slot) {
    const share = lying.get(hex(slot));
    if (share === undefined) throw new AuthorizationError(Code.REFUSED, "no such share");
    return new Secret32(copy(share));
  },
  async delete(slot) {
    lying.delete(hex(slot));
  },
};

/** Begin to record, everybody having agreed; what it returns ends that, and looks at the file. */
export async function record(
  keys: FrameKeys,
  theirLeaf: number,
  agreed: readonly Kind[] = ["audio", "video"],
) {
  const store = await Store.create(`recording ${Math.random()}`);
  const book = new RecordingsBook(store);
  const [own, other] = [
    await OwnConsent.make({ never: false }, rng),
    await OwnConsent.make({ never: false }, rng),
  ];
  let hasFailed = false;
  const failed = () => {
    hasFailed = true;
  };
  const ended: Promise<void>[] = [];
  const recorder = new TapeRecorder(
    { own, title: "them", tape: keys.tape, failed },
    {
      ...{ book, rows: store, rng },
      monotonic: () => performance.now() / 1000,
      spawn: (work) => ended.push(work()),
    },
  );
  const call = callReference(new CallId(utf8("a call to record")));
  const head = ({ key }: OwnConsent, number: number) => ({ call, key, number, at: now() });
  const say = async (statement: Statement, who: OwnConsent) => {
    recorder.said({ signed: await signStatement(statement, who.privateKey), statement });
  };
  const kinds: RecordingAsk["kinds"] = new Set(agreed);
  const ask: RecordingAsk = {
    kind: "recording.ask",
    ...head(own, 1),
    ...{ kinds, purpose: "to see it again", place: "device", days: 7, recipients: "asker" },
    ...{ clear: true, named: null, withdraw: "app" },
  };
  const id = askDigest(ask);
  const lay = (who: OwnConsent, name: string) => {
    const share = random(Secret32, rng);
    const slot = random(ShareSlot, rng);
    lying.set(hex(slot), new Secret32(copy(share)));
    recorder.share(id, who.key, share, { name, slot, read: random(ShareKey, rng) });
    return [slot, Digest.sha256(share)] as const;
  };
  const members = setOf(own.key, other.key);
  keys.tape?.leaves(new Map([[theirLeaf, other.key]]));
  await say(ask, own);
  lay(own, "");
  recorder.among(id, members);
  const [slot, share] = lay(other, "them");
  const granted = { ask: id, kinds, members: membersHash(members), clear: true, share };
  await say({ kind: "recording.grant", ...head(other, 1), ...granted }, other);
  recorder.record(id, kinds);
  await say({ kind: "recording.progress", ...head(own, 2), ask: id, kinds, members }, own);

  return async () => {
    recorder.record(id, new Set());
    await say({ kind: "recording.end", ...head(own, 3), ask: id }, own);
    recorder.over(id);
    await Promise.all(ended);
    const recordings = new Recordings(book, store, shares, now);
    const kept = recordings.get(id);
    if (kept === undefined) throw new Error("nothing was kept");
    const looked = await recordings.look(kept);
    const lengths: Record<string, number> = {};
    for (const part of await recordings.play(looked)) {
      const track = `${part.name} ${part.kind}`;
      lengths[track] = (lengths[track] ?? 0) + part.length;
      await part.open();
    }
    const exported = async () => {
      const pieces: Bytes[] = [];
      for await (const piece of recordings.exported(kept)) pieces.push(piece);
      return concat(...pieces);
    };
    const both = await exported();
    const played = await decoded(both);
    await shares.delete(slot, random(ShareKey, rng));
    const later = await recordings.look(kept);
    const left = later.members.flatMap(({ name, playable }) => (playable ? [name] : []));
    const bytes = [both.length, (await exported()).length];
    await store.destroy();
    return { failed: hasFailed, ok: looked.proof.ok, lengths, played, left, bytes };
  };
}

/** Have a browser decode a file: how long its sound is and how loud, and what its picture is. */
async function decoded(file: Bytes) {
  const context = new OfflineAudioContext(1, 48_000, 48_000);
  const sound = await context.decodeAudioData(copy(file).buffer);
  const loudest = sound.getChannelData(0).reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  const player = document.createElement("video");
  player.muted = true;
  player.src = URL.createObjectURL(new Blob([file], { type: "video/webm" }));
  await new Promise((resolve, reject) => {
    player.onloadeddata = resolve;
    player.onerror = () => reject(new Error(player.error?.message));
  });
  await player.play();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const { videoWidth: width, currentTime: at } = player;
  player.pause();
  URL.revokeObjectURL(player.src);
  return { soundS: sound.duration, loudest, width, at };
}
