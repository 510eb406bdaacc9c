/**
 * What a contact was granted, and a key that changes: the twin of `tests/scenario/test_call_grants.py`,
 * `test_call_paths.py` and `test_call_changed_key.py`. In this world a transport of the direct path has
 * a candidate "host" besides, and one of the relay refuses such, as the real one does.
 */

import { describe, expect, test, vi } from "vitest";
import { CallShell } from "../../client/call_shell.ts";
import type { Call } from "../../client/calls.ts";
import { ALL_RING, MayCall, MayGo, MaySee, type Rules } from "../../core/contact_rules.ts";
import type { InCall } from "../../core/content_call.ts";
import { Path } from "../../core/content_records.ts";
import { Code } from "../../core/errors.ts";
import { MessageId, random } from "../../core/ids.ts";
import { rng } from "./call_seam.ts";
import { once, play, type World } from "./call_world.ts";

const SEES: Rules = { ...ALL_RING, sees: MaySee.RINGING };
const DIRECT: Rules = { ...ALL_RING, path: MayGo.DIRECT };

async function talking(w: World): Promise<readonly [Call, Call]> {
  const [anna, ben] = [w.device("anna1"), w.device("ben1")];
  const call = await anna.call();
  const theirs = await ben.accept(await ben.rings());
  await Promise.all([call.connected(), theirs.connected()]);
  return [call, theirs];
}

describe("that it rings (CK-383)", () => {
  test(
    "is seen by who may see it, and moves no deadline",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      ben.seam.rules = SEES;
      const started = w.clock.now;
      const call = await anna.call();
      expect(call.rings).toBe(false);
      await w.clock.until(() => call.rings);
      expect(call.state).toBe("calling");
      expect(await call.ended()).toBe("no_answer");
      expect(w.clock.now - started).toBeCloseTo(45, 0);
      expect(call.rings).toBe(false);
      expect(ben.toContact).toEqual(["call.ringing"]);
    }),
  );

  test(
    "is not told without the grant",
    play(async (w) => {
      const call = await w.device("anna1").call();
      await w.device("ben1").rings();
      expect(await call.ended()).toBe("no_answer");
      expect(w.device("ben1").toContact).toEqual([]);
    }),
  );

  /** What both sent, when, and how it ended. */
  async function view(w: World, declines: boolean) {
    const devices = [w.device("ben1"), w.device("ben2")];
    for (const { seam } of devices) seam.rules = SEES;
    const started = w.clock.now;
    const call = await w.device("anna1").call();
    const [ringing] = await Promise.all(devices.map((device) => device.rings()));
    await w.clock.until(() => call.rings);
    if (declines) await ringing?.decline();
    const end = await call.ended();
    const sent = w.network.log.filter(({ label }) => !label.startsWith("self"));
    return { end, sent: sent.map((p) => [p.from, p.label, p.size, p.sentAt - started]) };
  }

  test("does not make a decline look different from no answer", async () => {
    const declined = await play((w) => view(w, true), { bens: 2 })();
    const ignored = await play((w) => view(w, false), { bens: 2 })();
    expect(declined).toEqual(ignored);
    const said = declined.sent.filter(([, label]) => label === "call.ringing");
    expect(said.map(([from]) => from).toSorted()).toEqual(["ben1", "ben2"]); // Each once.
  });

  test(
    "is said once, also to a repeated invite; and not of what does not ring",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      ben.seam.rules = SEES;
      const call = await anna.call();
      await w.clock.until(() => call.rings);
      anna.seam.disconnect();
      anna.seam.connect();
      await w.clock.wait(1);
      expect(anna.toContact.filter((label) => label === "call.invite")).toHaveLength(2);
      await call.hangUp();
      ben.seam.rules = { ...SEES, calls: MayCall.NOTHING };
      const again = await anna.call();
      await again.ended();
      expect(ben.toContact).toEqual(["call.ringing"]);
    }),
  );

  test(
    "is not believed of another call, of a stored word, or too late",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call();
      await ben.rings();
      const { call: id } = w.shell("anna1");
      const said = (durable: boolean, of = id) =>
        ben.seam.sendInner(
          ben.seam.contact,
          { kind: "call.ringing", id: random(MessageId, rng), at: ben.seam.now(), call: of },
          { durable },
        );
      await said(true);
      await w.clock.until(() => anna.dropped(Code.REFUSED) === 1);
      expect(call.rings).toBe(false);
      const theirs = await ben.accept(await ben.rings());
      await Promise.all([call.connected(), theirs.connected()]);
      await said(false);
      await w.clock.wait(1);
      expect([call.state, call.rings]).toEqual(["in_call", false]);
      await call.hangUp();
      await said(false);
      await w.clock.wait(1);
      expect([call.state, call.rings]).toEqual(["ended", false]);
    }),
  );
});

/** All that is said in the call group, in order, with who said it. */
function listen() {
  const words: (readonly [string, InCall])[] = [];
  const { tell } = CallShell.prototype;
  const spy = vi.spyOn(CallShell.prototype, "tell").mockImplementation(function (
    this: CallShell,
    content,
  ) {
    words.push([this.transport.media === undefined ? "" : nameOf(this), content]);
    return tell.call(this, content);
  });
  return { words, stop: () => spy.mockRestore() };
}

function nameOf(shell: CallShell): string {
  return shell.secrets.inviter === undefined ? "caller" : "callee";
}

function linesOf(words: readonly (readonly [string, InCall])[]): readonly string[] {
  return words.flatMap(([, said]) => (said.kind === "call.candidates" ? said.candidates : []));
}

/** A story told with all that is said in the call group. */
function heard(
  story: (w: World, words: (readonly [string, InCall])[]) => Promise<void>,
  options: Parameters<typeof play>[1] = {},
): () => Promise<void> {
  return async () => {
    const { words, stop } = listen();
    try {
      await play((w) => story(w, words), options)();
    } finally {
      stop();
    }
  };
}

describe("the direct path (CK-384)", () => {
  test(
    "is taken once both allow it, and the picture goes on",
    heard(async (w, words) => {
      for (const name of ["anna1", "ben1"]) w.device(name).seam.rules = DIRECT;
      const [call, theirs] = await talking(w);
      await w.clock.until(() => call.path === "direct" && theirs.path === "direct");
      const before = w.relay.made.map(({ decoded }) => decoded);
      await w.clock.until(() => w.relay.made.every((end, i) => end.decoded > (before[i] ?? 0) + 3));
      const paths = words.filter(([, { kind }]) => kind === "call.path");
      expect(paths.map(([who]) => who).toSorted()).toEqual(["callee", "caller"]);
      const offers = words.flatMap(([, said]) => (said.kind === "call.offer" ? [said.path] : []));
      expect(offers).toEqual(["direct"]);
      // Both had said it before either of them showed an address.
      const first = words.findIndex(
        ([, said]) =>
          said.kind === "call.candidates" && said.candidates.some((line) => line.includes("host")),
      );
      expect(words.slice(0, first).filter(([, { kind }]) => kind === "call.path")).toHaveLength(2);
      await call.hangUp();
    }),
  );

  for (const who of ["anna1", "ben1", "nobody"]) {
    test(
      `is not there while only one allows it: ${who}`,
      heard(async (w, words) => {
        if (who !== "nobody") w.device(who).seam.rules = DIRECT;
        const [call, theirs] = await talking(w);
        await w.clock.wait(6);
        expect([call.path, theirs.path]).toEqual(["relayed", "relayed"]);
        expect(w.relay.made.every(({ relayOnly }) => relayOnly)).toBe(true);
        expect(linesOf(words).some((line) => line.includes("host"))).toBe(false);
        expect(words.some(([, { kind }]) => kind === "call.offer")).toBe(false);
        await call.hangUp();
      }),
    );

    if (who === "nobody") continue;
    test(
      `goes back to the relay when it is taken back: ${who}`,
      heard(async (w, words) => {
        for (const name of ["anna1", "ben1"]) w.device(name).seam.rules = DIRECT;
        const [call, theirs] = await talking(w);
        await w.clock.until(() => call.path === "direct" && theirs.path === "direct");
        const before = words.length;
        w.device(who).seam.decide(ALL_RING);
        await w.clock.until(() => call.path === "relayed" && theirs.path === "relayed");
        const after = linesOf(words.slice(before));
        expect(after.length).toBeGreaterThan(0);
        expect(after.some((line) => line.includes("host"))).toBe(false);
        await w.clock.wait(6);
        expect([call.path, call.state]).toEqual(["relayed", "in_call"]);
        w.device(who).seam.decide(DIRECT); // Allowed anew.
        await w.clock.until(() => call.path === "direct" && theirs.path === "direct");
        await call.hangUp();
      }),
    );
  }

  test(
    "is never that of a confidential call",
    heard(async (w, words) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      for (const { seam } of [anna, ben]) seam.rules = DIRECT;
      anna.seam.verified = true;
      const ends = anna.media();
      const call = await anna.service.call(anna.seam.contact, "voice", {
        ...ends,
        local: Object.assign(ends.local, { forbidSharing: () => undefined }),
        confidential: true,
      });
      const theirs = await ben.accept(await ben.rings());
      await Promise.all([call.connected(), theirs.connected()]);
      anna.seam.decide(DIRECT);
      await w.clock.wait(6);
      expect([call.path, theirs.path]).toEqual(["relayed", "relayed"]);
      expect(linesOf(words).some((line) => line.includes("host"))).toBe(false);
      await call.hangUp();
    }),
  );

  test(
    "that dies gives way to the relay without a redial, and is not tried again",
    heard(async (w, words) => {
      for (const name of ["anna1", "ben1"]) w.device(name).seam.rules = DIRECT;
      const [call, theirs] = await talking(w);
      await w.clock.until(() => call.path === "direct" && theirs.path === "direct");
      for (const end of w.relay.made) end.lose();
      await w.clock.until(() => call.state === "reconnecting" && theirs.state === "reconnecting");
      await w.clock.until(() => call.state === "in_call" && theirs.state === "in_call");
      await w.clock.wait(6);
      expect([call.path, theirs.path]).toEqual(["relayed", "relayed"]);
      const direct = words.filter(
        ([, said]) => said.kind === "call.offer" && said.path === "direct",
      );
      expect(direct).toHaveLength(1);
      await call.hangUp();
    }),
  );

  test(
    "is not made by a peer that claims it: what is not relayed is refused, and the relay answers",
    heard(async (w, words) => {
      const [call, theirs] = await talking(w);
      const shell = w.shell("anna1");
      await shell.tell({ kind: "call.path", path: Path.DIRECT });
      await shell.tell({ kind: "call.candidates", mid: "", candidates: ["candidate:0.0 host"] });
      await w.clock.until(() => w.shell("ben1").refusal === Code.MALFORMED); // CK-668
      expect(theirs.state).toBe("in_call");
      const [media, bens] = w.relay.made;
      await media?.restart({ relayOnly: false });
      const sdp = (await media?.createOffer()) ?? "";
      await shell.tell({ kind: "call.offer", sdp, path: Path.DIRECT });
      await w.clock.until(() => theirs.state === "reconnecting");
      await w.clock.wait(2);
      expect(bens?.relayOnly).toBe(true);
      const mine = linesOf(words.filter(([who]) => who === "callee"));
      expect(mine.some((line) => line.includes("host"))).toBe(false);
      await theirs.hangUp();
      await call.ended();
    }),
  );

  for (const lost of ["anna group", "ben group"] as const) {
    test(
      `costs no call when words are lost: ${lost}`,
      heard(
        async (w) => {
          for (const name of ["anna1", "ben1"]) w.device(name).seam.rules = DIRECT;
          const [call, theirs] = await talking(w);
          await w.clock.wait(25);
          expect([call.state, theirs.state]).toEqual(["in_call", "in_call"]);
          expect(call.path).toBe(theirs.path);
          await call.hangUp();
        },
        { rule: late(once(lost, "lost")) },
      ),
    );
  }
});

type Rule = NonNullable<NonNullable<Parameters<typeof play>[1]>["rule"]>;

/** Let a fault begin with the fifth message of a call group: what comes first, connects. */
function late(rule: Rule): Rule {
  let count = 0;
  return (parcel) => {
    count += parcel.label.endsWith(" group") ? 1 : 0;
    return count > 5 ? rule(parcel) : undefined;
  };
}

describe("a key that changes (CK-385)", () => {
  for (const who of ["anna1", "ben1"]) {
    test(
      `stops what is sent and heard at once: ${who}`,
      play(async (w) => {
        const [call, theirs] = await talking(w);
        await w.clock.until(() => w.relay.made.every(({ decoded }) => decoded > 2));
        const [ours, other] = who === "anna1" ? [call, theirs] : [theirs, call];
        const media = w.relay.made[who === "anna1" ? 0 : 1];
        if (media === undefined) throw new Error("no media");
        const { sent, decoded } = media;
        w.device(who).seam.changeKey();
        // Nothing was awaited.
        expect([media.keys.canSend, media.keys.canReceive]).toEqual([false, false]);
        await w.clock.wait(0.7);
        expect([media.sent, media.decoded]).toEqual([sent, decoded]);
        expect(await ours.ended()).toBe("key_changed");
        expect(ours.endCode).toBe(Code.IDENTITY_CHANGED);
        expect(await other.ended()).toBe("hung_up_there");
      }),
    );
  }

  test(
    "gives up what rings there, and blocks the next call until the person decides",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call();
      await ben.rings();
      anna.seam.changeKey();
      expect(await call.ended()).toBe("key_changed");
      const again = await anna.call();
      expect(await again.ended()).toBe("failed");
      expect(again.endCode).toBe(Code.IDENTITY_CHANGED);
    }),
  );

  test(
    "stops what rings here in silence",
    play(async (w) => {
      const [anna, ben] = [w.device("anna1"), w.device("ben1")];
      const call = await anna.call();
      const ringing = await ben.rings();
      ben.seam.changeKey();
      expect(await ringing.ended()).toBe("key_changed");
      expect(ben.toContact).toEqual([]); // CK-350
      expect(await call.ended()).toBe("no_answer");
    }),
  );

  for (const label of ["call.accept", "call.taken", "welcome.call"]) {
    test(
      `lets no key be put in place that is still to come: after ${label}`,
      play(async (w) => {
        const [anna, ben] = [w.device("anna1"), w.device("ben1")];
        const call = await anna.call();
        const theirs = await ben.accept(await ben.rings());
        await w.clock.until(() => w.network.log.some((parcel) => parcel.label === label));
        ben.seam.changeKey();
        expect(await theirs.ended()).toBe("key_changed");
        await w.clock.wait(3);
        expect(w.relay.made.map(({ decoded }) => decoded)).toEqual([0, 0]);
        await call.hangUp();
      }),
    );
  }
});
