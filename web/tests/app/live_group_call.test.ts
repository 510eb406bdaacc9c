/** What a page makes of a call of many: who is told of, and of whom nothing opens. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LiveDesk } from "../../app/live_desk.ts";
import { ShownGroupCall } from "../../app/live_group_call.ts";
import { MemberStreams } from "../../app/live_group_streams.ts";
import type { GroupCallView } from "../../app/model_group_call.ts";
import { DESK } from "../../app/scenes/fixtures.ts";
import { CallOfMany, type InCall } from "../../client/group_call_objects.ts";
import { Reaction } from "../../core/content_group_call.ts";
import { SignatureKey } from "../../core/ids.ts";

const nothing = () => undefined;

function inCall(leaf: number, name: string, guest = false): InCall {
  return {
    leaf,
    key: new SignatureKey(new Uint8Array(32).fill(leaf)),
    account: undefined,
    name,
    own: leaf === 0,
    verified: false,
    guest,
    shows: undefined,
  };
}

let call: CallOfMany;
let unopened: Set<number>;
let view: GroupCallView | undefined;
let shown: ShownGroupCall;

beforeEach(() => {
  vi.useFakeTimers();
  unopened = new Set();
  const stats = { path: "mesh", opened: new Map(), refused: 0, unopened, lacksSfu: false } as const;
  call = new CallOfMany({ leave: nothing, showOwn: nothing, react: nothing, askToMute: nothing });
  call.follow({ stats: () => stats, speaking: () => [], look: nothing });
  call.show([inCall(0, "anna"), inCall(1, "ben"), inCall(2, "Dana", true)], 1);
  shown = new ShownGroupCall({
    call,
    group: { id: "1", name: "Choir" },
    media: () => "voice",
    desk: { desk: DESK, sharing: false, selfStream: undefined } as unknown as LiveDesk,
    streams: new MemberStreams(),
    recording: () => undefined,
    show: (now) => {
      view = now;
    },
  });
});
afterEach(() => {
  shown.stop();
  vi.useRealTimers();
});

const named = () => view?.members.filter((one) => one.unopened).map(({ name }) => name);

test("of whom nothing opens is seen, without anything else that changes", async () => {
  await vi.advanceTimersByTimeAsync(1000);
  expect(named()).toEqual([]);
  unopened.add(1);
  unopened.add(0); // never of oneself
  await vi.advanceTimersByTimeAsync(400);
  expect(named()).toEqual(["ben"]);
  unopened.delete(1);
  await vi.advanceTimersByTimeAsync(400);
  expect(named()).toEqual([]);
});

test("whoever has the leaf next is not accused for a moment", async () => {
  unopened.add(1);
  await vi.advanceTimersByTimeAsync(400);
  expect(named()).toEqual(["ben"]);
  unopened.delete(1);
  call.show([inCall(0, "anna"), inCall(1, "carla")], 2);
  shown.refresh();
  await vi.advanceTimersByTimeAsync(41); // drawn, before the next look
  expect(view?.members.map(({ name }) => name)).toEqual(["anna", "carla"]);
  expect(named()).toEqual([]);
});

test("who comes, goes, reacts and asks: with their name, and whether they are a guest", async () => {
  const [ben, dana] = [
    { name: "ben", guest: false },
    { name: "Dana", guest: true },
  ];
  call.changed({ came: [ben, dana] });
  call.changed({ went: [dana], asks: { ...dana, leaf: 2 } });
  call.changed({ reaction: { ...dana, reaction: Reaction.CLAP } });
  await vi.advanceTimersByTimeAsync(100);
  expect(view?.announcements.map(({ what, who }) => [what, who])).toEqual([
    ["came", [ben, dana]],
    ["went", [dana]],
  ]);
  expect(view?.muteRequest).toEqual({ ...dana, leaf: 2 });
  expect(view?.reactions).toMatchObject([{ ...dana, kind: "clap", own: false }]);
});
