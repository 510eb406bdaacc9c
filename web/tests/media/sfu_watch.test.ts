/** Whose a section is: what members announced says it, and where two do, whose frames open there. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { WorkerKeys } from "../../media/call_frames.ts";
import { RelayFinder } from "../../media/gathering.ts";
import type { Heard } from "../../media/heard_places.ts";
import { SfuWatch, type Shown } from "../../media/sfu_watch.ts";

/** Whatever a browser would have made of the SFU's last offer: one section of sound for each name. */
let mids: string[];

class Transform {}

class FakeConnection extends EventTarget {
  connectionState = "new";
  readonly #made = new Map<string, unknown>();
  getTransceivers(): readonly unknown[] {
    return mids.map((mid) => {
      const known = this.#made.get(mid);
      if (known !== undefined) return known;
      const end = () => ({ getParameters: () => ({}), transform: undefined });
      const made = {
        mid,
        currentDirection: "recvonly",
        sender: end(),
        receiver: { ...end(), track: { id: `track ${mid}`, kind: "audio" } },
        setCodecPreferences() {},
      };
      this.#made.set(mid, made);
      return made;
    });
  }
  setConfiguration() {}
  async setRemoteDescription() {}
  async createAnswer() {
    return { type: "answer", sdp: "v=0\r\n" };
  }
  async setLocalDescription() {}
  close() {}
}

let places: Map<string, readonly number[]>[];
let shown: readonly Shown[];
let watch: SfuWatch;

beforeEach(() => {
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
  vi.stubGlobal("RTCRtpScriptTransform", Transform);
  vi.stubGlobal("RTCRtpReceiver", {
    getCapabilities: (kind: string) => ({
      codecs: [{ mimeType: kind === "audio" ? "audio/opus" : "video/VP8" }],
    }),
  });
  vi.spyOn(RelayFinder.prototype, "find").mockResolvedValue([]);
  mids = [];
  places = [];
  shown = [];
  const keys = {
    setPlaces: async (now: Map<string, readonly number[]>) => {
      places.push(now);
    },
  };
  watch = new SfuWatch({} as Worker, keys as unknown as WorkerKeys, (now) => {
    shown = now;
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const section = (mid: string, feed: string) => ({ mid, feed, source: "0" });
const leaves = () => shown.map(({ mid, leaf }) => [mid, leaf]);
/** What the worker was told last of each section, and what before that. */
const told = (mid: string) =>
  places.flatMap((now) =>
    [...now].filter(([place]) => place.endsWith(`:${mid}`)).map(([, of]) => of),
  );
const placeOf = (mid: string) =>
  [...(places.at(-1) ?? [])].map(([p]) => p).find((p) => p.endsWith(`:${mid}`)) ?? "";

async function offer(...sections: ReturnType<typeof section>[]): Promise<void> {
  mids = [...new Set([...mids, ...sections.map(({ mid }) => mid)])];
  await watch.answer("offer", sections, []);
}

test("a section is its announcer's; one that nobody announced is nobody's, until somebody does", async () => {
  await watch.announce(new Map([["f", [1]]]));
  await offer(section("0", "f"), section("1", "g"));
  expect(leaves()).toEqual([["0", 1]]);
  expect(told("0").at(-1)).toEqual([1]);
  expect(told("1")).toEqual([]);
  await watch.announce(new Map([["g", [2]]]));
  expect(leaves()).toEqual([["1", 2]]);
  expect(told("0").at(-1)).toEqual([]);
});

test("CK-890: where two say so it is nobody's, until frames of one open there", async () => {
  await watch.announce(new Map([["f", [1, 2]]]));
  await offer(section("0", "f"));
  expect(leaves()).toEqual([]);
  expect(told("0").at(-1)).toEqual([1, 2]);
  const heard = (leaf: number) =>
    new Map<string, Heard>([[placeOf("0"), { leaf, audio: 1, video: 0 }]]);
  expect([...watch.heard(heard(7))]).toEqual([]); // what was counted before, of somebody else
  expect(leaves()).toEqual([]);
  expect([...watch.heard(heard(2))]).toEqual([2]);
  expect(leaves()).toEqual([["0", 2]]);
  await watch.announce(new Map([["f", [2]]]));
  expect(leaves()).toEqual([["0", 2]]);
  await watch.announce(new Map([["f", [1]]]));
  expect(leaves()).toEqual([["0", 1]]);
});

test("a section that is used again for another feed is deaf in between, whoever had it", async () => {
  await watch.announce(
    new Map([
      ["f", [1, 3]],
      ["g", [3, 4]],
    ]),
  );
  await offer(section("0", "f"));
  watch.heard(new Map([[placeOf("0"), { leaf: 3, audio: 1, video: 0 }]]));
  expect(leaves()).toEqual([["0", 3]]);
  places = [];
  await offer(section("0", "g"));
  expect(told("0")).toEqual([[], [3, 4]]); // else 3 would have it still, and 4 be heard by nobody
  expect(leaves()).toEqual([]);
  places = [];
  await offer(section("0", "g"));
  expect(told("0")).toEqual([
    [3, 4],
    [3, 4],
  ]); // the control: the same feed goes on
});

test("closed: nobody is heard, nothing is shown", async () => {
  await watch.announce(new Map([["f", [1]]]));
  await offer(section("0", "f"));
  watch.close();
  expect(told("0").at(-1)).toEqual([]);
  expect(shown).toEqual([]);
});
