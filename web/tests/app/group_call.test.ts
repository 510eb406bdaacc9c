/** The screens of a group call: what they say of who is there, and what they let one do. */

import { createElement, type ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, describe, expect, test } from "vitest";
import { later, say } from "../../app/i18n/text.ts";
import type { Announcement, GroupCallView } from "../../app/model_group_call.ts";
import { ModelProvider } from "../../app/model_hooks.tsx";
import { FakeModel } from "../../app/scenes/fake_model.ts";
import { DESK, HOSTILE, STATE } from "../../app/scenes/fixtures.ts";
import { but, GROUP_CALL, members } from "../../app/scenes/fixtures_group_call.ts";
import GroupCall from "../../app/screens/group_call.tsx";
import { Controls } from "../../app/screens/group_call_controls.tsx";
import { Comings, Floats, Notes, saidOf } from "../../app/screens/group_call_news.tsx";
import { Roster } from "../../app/screens/group_call_roster.tsx";
import { Calling, Tile } from "../../app/screens/group_call_tile.tsx";
import { chimeOf } from "../../app/tones.ts";

beforeAll(() => later(async () => undefined));

function markup(element: ReactElement, state: Partial<typeof STATE> = {}): string {
  const model = new FakeModel({ ...STATE, ...state });
  const props = { model, children: element };
  return renderToStaticMarkup(createElement(ModelProvider, props));
}

/** Return what is read, in its order. */
function words(html: string): string {
  return html.replaceAll(/<[^>]*>/g, "\n").replaceAll("&#x27;", "'");
}

const nothing = () => undefined;
const call = (change: Partial<GroupCallView> = {}): GroupCallView => ({ ...GROUP_CALL, ...change });
const roster = (change: Partial<GroupCallView> = {}, open?: number) =>
  markup(
    createElement(Roster, {
      call: call(change),
      onPin: nothing,
      onClose: nothing,
      ...(open !== undefined && { open }),
    }),
  );

describe("a tile", () => {
  const [own, mira, jonas] = members(3);
  const tile = (member = mira, role: "camera" | "screen" = "camera") =>
    member === undefined
      ? ""
      : words(markup(createElement(Tile, { member, role, size: { width: 200, height: 120 } })));

  test("says who, and that the safety number was compared, only if it was", () => {
    expect(tile(mira)).toContain("mira.20417");
    expect(tile(mira)).toContain(say("incoming.verified"));
    expect(tile(jonas)).not.toContain(say("incoming.verified"));
    expect(tile(own)).toContain(say("groupCall.you"));
    expect(tile(own)).not.toContain("anna.48213");
  });

  test("says in words what is muted, raised and heard", () => {
    if (mira === undefined) throw new Error("nobody");
    const loud = tile({ ...mira, micOn: true, hand: false, speaking: false });
    const other = tile({ ...mira, micOn: false, hand: true, speaking: true });
    for (const key of ["groupCall.muted", "groupCall.handUp", "groupCall.speaks"] as const) {
      expect(loud).not.toContain(say(key));
      expect(other).toContain(say(key));
    }
  });

  test("shows a stranger's name harmlessly", () => {
    if (mira === undefined) throw new Error("nobody");
    const html = tile({ ...mira, name: HOSTILE.name });
    expect(HOSTILE.name).toContain("\u202E"); // control
    expect(html).not.toContain("\u202E");
  });
});

describe("who can hear", () => {
  test("everybody, and how many", () => {
    const text = words(roster({ members: members(50) }));
    for (const { name } of members(50)) expect(text).toContain(name);
    expect(text).toContain("50");
  });

  test("raised hands first", () => {
    const text = words(roster({ members: but(members(6), { 5: { hand: true } }) }));
    const at = (what: string) => text.indexOf(what);
    const [, mira, , , , raised] = members(6);
    expect(at(say("groupCall.hands"))).toBeLessThan(at(raised?.name ?? "-"));
    expect(at(raised?.name ?? "-")).toBeLessThan(at(mira?.name ?? "-"));
    expect(words(roster())).not.toContain(say("groupCall.hands"));
  });

  test("one is asked to mute, and only who is not muted; nobody mutes another", () => {
    const with_ = (micOn: boolean) =>
      words(roster({ members: but(members(4), { 1: { micOn } }) }, 1));
    expect(with_(true)).toContain(say("groupCall.ask"));
    expect(with_(false)).not.toContain(say("groupCall.ask"));
  });

  test("removing is offered only to who may, and never for us", () => {
    expect(words(roster({ mayRemove: true }, 1))).toContain(say("groupCall.remove"));
    expect(words(roster({ mayRemove: false }, 1))).not.toContain(say("groupCall.remove"));
    expect(words(roster({ mayRemove: true }, 0))).not.toContain(say("groupCall.remove"));
  });

  test("nobody is made large in the place of a shared screen", () => {
    const screen = {} as MediaStream;
    const shared = but(members(4), { 2: { sharing: true, screen } });
    expect(words(roster({}, 1))).toContain(say("groupCall.enlargeShort"));
    expect(words(roster({ members: shared }, 1))).not.toContain(say("groupCall.enlargeShort"));
  });

  test("another device of ours is named as one", () => {
    const ours = but(members(3), { 2: { account: STATE.self?.id ?? "" } });
    expect(words(roster({ members: ours }))).toContain(say("groupCall.yourOther"));
    expect(words(roster({ members: members(3) }))).not.toContain(say("groupCall.yourOther"));
  });
});

describe("what must not be overlooked", () => {
  const notes = (change: Partial<GroupCallView>, desk = DESK) =>
    markup(createElement(Notes, { call: call(change), onStop: nothing }), { desk });

  test("somebody in the room who is no member: an alarm", () => {
    const html = notes({ unlisted: 2 });
    expect(html).toContain('role="alert"');
    expect(words(html)).toContain(say("groupCall.unlisted", { count: 2 }));
    expect(words(html)).toContain(say("groupCall.unlistedHelp"));
    expect(notes({})).not.toContain('role="alert"');
  });

  test("who sends without the call's keys: an alarm with their name, and marks", () => {
    const plain = (html: string) => words(html).replaceAll(/[\u2068\u2069]/g, "");
    const liar = but(members(4), { 2: { unopened: true } });
    const name = members(4)[2]?.name ?? "-";
    const html = notes({ members: liar });
    expect(html).toContain('role="alert"');
    expect(plain(html)).toContain(say("groupCall.unopened", { names: name }));
    expect(plain(html)).toContain(say("groupCall.unopenedHelp"));
    const guest = but(members(4), {
      2: { unopened: true, name: "Dana", guest: true },
      3: { unopened: true, name: "\u202Etxt" },
    });
    expect(plain(notes({ members: guest }))).toContain("Dana (guest) and \uFFFDtxt");

    const mark = say("groupCall.unopenedShort");
    const lines = words(roster({ members: liar }))
      .split("\n")
      .filter(Boolean);
    expect(lines.filter((line) => line === mark)).toHaveLength(1);
    expect(lines.indexOf(mark) - lines.indexOf(name)).toBe(2); // in their row
    expect(words(roster({}))).not.toContain(mark);
    const tileOf = (member = liar[2]) => {
      if (member === undefined) throw new Error("nobody");
      const size = { width: 200, height: 120 };
      return words(markup(createElement(Tile, { member, role: "camera", size })));
    };
    expect(tileOf()).toContain(mark);
    expect(tileOf(liar[1])).not.toContain(mark);
  });

  test("a guest who asks for something is said to be one", () => {
    const asks = (guest: boolean, name = "Dana") => {
      const who = { name, guest };
      return words(markup(createElement(Calling, { k: "groupCall.mute.title", who })));
    };
    expect(asks(true)).toContain("Dana (guest)");
    expect(asks(true, "i".repeat(90))).toContain("… (guest)");
    expect(asks(false)).not.toContain("(guest)");
    expect(asks(false, "\u202Etxt")).not.toContain("\u202E");
  });

  test("a server that cannot carry so many, and one's own screen that all see", () => {
    expect(words(notes({ lacksSfu: true }))).toContain(say("groupCall.lacksSfu"));
    expect(words(notes({ sharing: true }))).toContain(say("groupCall.sharing"));
    expect(words(notes({}))).not.toContain(say("groupCall.sharing"));
  });

  test("a microphone that nobody hears", () => {
    expect(words(notes({}, { ...DESK, micTrouble: "gone" }))).toContain(
      say("desk.microphone.gone"),
    );
  });
});

describe("who comes and goes", () => {
  const called = (name: string) => ({ name, guest: false });
  const came = (...names: string[]): Announcement => {
    return { id: names.join(), what: "came", who: names.map(called) };
  };

  test("is said by name, and the rest is counted", () => {
    const plain = (one: Announcement) => saidOf(one).replaceAll(/[\u2068\u2069]/g, "");
    expect(plain(came("anna"))).toBe("anna came in");
    expect(plain({ ...came("anna", "ben"), what: "went" })).toBe("anna and ben left");
    expect(plain(came("anna", "ben", "carla", "dilan"))).toBe("anna, ben, and 2 more came in");
  });

  test("is said so that a name turns nothing around", () => {
    expect(saidOf(came("\u202Etxt"))).not.toContain("\u202E");
    // However long a name a guest chose, it is said that they are one.
    const guest = { name: `Anna Schmidt${"i".repeat(60)}`, guest: true };
    expect(saidOf({ ...came(), who: [guest] })).toMatch(/…\s\(guest\)\u2069 came in$/);
    // Whoever writes it into their name is none for that.
    expect(saidOf(came("anna"))).not.toContain("(guest)");
    expect(saidOf(came("anna"))).toContain("\u2068anna\u2069");
  });

  test("is read out, as reactions are", () => {
    const comings = markup(createElement(Comings, { call: call({ announcements: [came("a")] }) }));
    expect(comings).toContain('aria-live="polite"');
    const reactions = [{ id: "1", kind: "clap", name: "ben", guest: false, own: false }] as const;
    const floats = markup(createElement(Floats, { call: call({ reactions }) }));
    expect(words(floats)).toMatch(new RegExp(`ben[\\s\\S]*${say("reaction.clap")}`));
    expect(words(floats)).not.toContain(say("groupCall.guestShort"));
    const guests = call({ reactions: [{ ...reactions[0], guest: true }] });
    expect(words(markup(createElement(Floats, { call: guests })))).toContain(
      say("groupCall.guestShort"),
    );
    // The places are there before anything is in them: else nothing is read out.
    expect(markup(createElement(Comings, { call: call() }))).toContain('aria-live="polite"');
  });

  test("is heard once each, and not in a row", () => {
    const went: Announcement = { id: "2", what: "went", who: [called("a")] };
    expect(chimeOf([came("a")], new Set(), 1000, 0)).toBe("came");
    expect(chimeOf([came("a"), went], new Set(["a"]), 1000, 0)).toBe("went");
    expect(chimeOf([came("a")], new Set(["a"]), 1000, 0)).toBeUndefined();
    expect(chimeOf([came("a")], new Set(), 1000, 1500)).toBeUndefined();
  });
});

describe("buttons", () => {
  const act = {
    mic: nothing,
    camera: nothing,
    share: nothing,
    hand: nothing,
    react: nothing,
    view: nothing,
    roster: nothing,
    aside: nothing,
    full: nothing,
    leave: nothing,
  };
  const controls = (change: Partial<GroupCallView>, reacting = false) =>
    markup(
      createElement(Controls, {
        call: call(change),
        act,
        canShare: true,
        isGrid: true,
        reacting,
        onReacting: nothing,
        onMore: nothing,
      }),
    );

  test("a voice call has no camera", () => {
    expect(words(controls({ media: "voice" }))).not.toContain(say("call.cameraOn"));
    expect(words(controls({ media: "video" }))).toContain(say("call.cameraOn"));
  });

  test("one can always leave and mute; hands and reactions come with being in", () => {
    const coming = words(controls({ state: "connecting" }, true));
    expect(coming).toContain(say("groupCall.leave"));
    expect(coming).toContain(say("call.mute"));
    expect(coming).not.toContain(say("groupCall.react"));
    expect(words(controls({}))).toContain(say("groupCall.react"));
  });

  test("six reactions and the hand, each with a name, one stop of the Tab key", () => {
    const html = controls({ hand: true }, true);
    const bar = /<div[^>]*role="toolbar"[\s\S]*?<\/div>/.exec(html)?.[0] ?? "";
    expect(bar.match(/<button/g)).toHaveLength(7);
    expect(bar.match(/aria-label="[^"]+"/g)).toHaveLength(8);
    expect(bar.match(/tabindex="0"/gi)).toHaveLength(1);
    expect(bar).toContain('aria-pressed="true"');
  });
});

test("aside one hears on, and sees nothing", () => {
  const sound = {} as MediaStream;
  const withSound = call({ members: but(members(3), { 1: { sound }, 2: { sound } }) });
  const shown = (aside: boolean) => {
    Object.assign(globalThis, { MediaStream: FakeStream });
    return markup(createElement(GroupCall, { call: fake(withSound), aside, onAside: nothing }));
  };
  expect(shown(true).match(/<audio/g)).toHaveLength(2);
  expect(shown(true)).not.toContain(say("groupCall.hear"));
  expect(shown(false).match(/<audio/g)).toHaveLength(2);
  expect(shown(false)).toContain(say("groupCall.hear"));
});

/** Node has no streams; what is asked of one here is its tracks. */
class FakeStream {
  getAudioTracks(): readonly [] {
    return [];
  }
}

function fake(view: GroupCallView): GroupCallView {
  const stream = new FakeStream() as unknown as MediaStream;
  return { ...view, members: view.members.map((one) => ({ ...one, sound: one.sound && stream })) };
}
