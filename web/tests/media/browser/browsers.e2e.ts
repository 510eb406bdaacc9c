/** Calls between two ends in Chromium, over a relay, with the product's own worker and factory. */

import assert from "node:assert/strict";
import { SIZES } from "../../../media/picture_padding.ts";
import {
  type Bench,
  connect,
  type Ends,
  elapsed,
  key,
  LOUD,
  OTHER_KEY,
  seenAndHeard,
  until,
} from "./harness.ts";
import type { Tests } from "./tests.ts";

/** Two ends with keys that are connected and see and hear each other. */
async function call(bench: Bench, video = true): Promise<Ends> {
  const { ends } = bench;
  await ends.do("make", "a", video);
  await ends.do("make", "b", video);
  await key(ends, "a", "b");
  await connect(bench, "a", "b");
  return ends;
}

export const tests: Tests = {
  "where it rings a worker is started ahead, no connection; it serves one call, or is stopped":
    async (bench) => {
      const { ends } = bench;
      const before = await ends.do("started");
      await ends.do("expect");
      const ahead = await ends.do("started");
      assert.equal(ahead.workers, before.workers + 1);
      assert.equal(ahead.connections, before.connections, "nothing stands that could send");
      await ends.do("expectNothing");
      assert.equal((await ends.do("started")).running, before.running, "stopped: nobody accepted");
      await ends.do("expect");
      await call(bench); // the other end is in another page
      await ends.do("expectNothing"); // the call has it: it is not stopped
      const [a, b] = [await seenAndHeard(ends, "a"), await seenAndHeard(ends, "b")];
      const after = await ends.do("started");
      assert.equal(after.workers, before.workers + 2, "the call took the one that was there");
      assert.equal(after.running, before.running + 1);
      return { a: a.decoded, b: b.decoded };
    },
  "who was called allocates ahead: once, at the relay alone, before a device opens": async (
    bench,
  ) => {
    const { ends, relay } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await key(ends, "a", "b");
    const offer = await ends.do("createOffer", "a");
    const answer = await ends.do("acceptOffer", "b", offer);
    await ends.do("acceptAnswer", "a", answer);
    assert.ok(await ends.do("prepare", "a", relay.servers(), false));
    assert.ok(await ends.do("prepare", "b", relay.servers(), true));
    const ahead = await until("an allocation", async () => {
      const there = await ends.do("ahead", "b");
      return there.candidates.length > 0 && there;
    });
    assert.ok(
      ahead.candidates.every((line) => line.includes(" typ relay ")),
      `${ahead.candidates}`,
    );
    assert.equal(ahead.devices, false);
    assert.deepEqual(await ends.do("ahead", "a"), { candidates: [], devices: false });
    assert.ok(await ends.do("prepare", "b", relay.servers(), true), "harmless when repeated");
    const theirs = await ends.do("gather", "b", relay.servers());
    const after = await until("all of them", async () => {
      const there = (await ends.do("ahead", "b")).candidates;
      return there.length >= 2 && there;
    });
    assert.deepEqual(after.slice(0, ahead.candidates.length), ahead.candidates);
    assert.equal(after.length, 2, "one per way to the relay, and none for the second time");
    const ours = await ends.do("gather", "a", relay.servers());
    await ends.do("candidates", "b", [...ours]);
    await ends.do("candidates", "a", [...theirs]);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    return { ahead: ahead.candidates.length };
  },
  "who calls allocates ahead: a relay that goes at the last moment costs only who did not": async (
    bench,
  ) => {
    const { ends, relay } = bench;
    for (const name of ["a", "b"]) {
      await ends.do("make", name, true);
      await ends.do("createOffer", name);
    }
    const servers = relay.servers();
    assert.ok(await ends.do("prepare", "a", servers, false));
    assert.deepEqual((await ends.do("ahead", "a")).candidates, []); // not told before it gathers
    await elapsed(1000);
    await relay.kill();
    const lines = await ends.do("gather", "a", servers);
    assert.ok(
      lines.some((line) => line.includes(" typ relay ")),
      `${lines}`,
    );
    await assert.rejects(ends.do("gather", "b", relay.servers()), /no_relay/);
    await relay.start();
    return { lines: lines.length };
  },

  "who calls allocates once more at a relay that was started anew while it rang": async (bench) => {
    const { ends, relay } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await key(ends, "a", "b");
    const offer = await ends.do("createOffer", "a");
    const servers = relay.servers();
    assert.ok(await ends.do("prepare", "a", servers, false));
    await elapsed(1000);
    await relay.kill();
    await relay.start();
    assert.ok(await ends.do("prepare", "a", servers, false)); // the next look, while it rings
    const answer = await ends.do("acceptOffer", "b", offer);
    await ends.do("acceptAnswer", "a", answer);
    const ours = await ends.do("gather", "a", servers);
    const theirs = await ends.do("gather", "b", relay.servers());
    await ends.do("candidates", "b", [...ours]);
    await ends.do("candidates", "a", [...theirs]);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    return { candidates: ours.length };
  },

  "who was called finds a relay that was being started when a person accepted": async (bench) => {
    const { ends, relay } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    const offer = await ends.do("createOffer", "a");
    await ends.do("acceptOffer", "b", offer);
    await relay.kill();
    const servers = relay.servers();
    assert.ok(await ends.do("prepare", "b", servers, true));
    await elapsed(1000);
    assert.deepEqual((await ends.do("ahead", "b")).candidates, []);
    await relay.start();
    const lines = await ends.do("gather", "b", servers);
    assert.ok(
      lines.some((line) => line.includes(" typ relay ")),
      `${lines}`,
    );
    return { candidates: lines.length };
  },

  "a confidential call has pictures of few sizes, and nearly all of one": async (bench) => {
    const { ends } = bench;
    await ends.do("make", "a", true, true);
    await ends.do("make", "b", true, false); // the receiver needs not know
    await key(ends, "a", "b");
    await connect(bench, "a", "b");
    await seenAndHeard(ends, "b", 100);
    const [{ pictureSizes }, plain] = [await ends.do("stats", "a"), await ends.do("stats", "b")];
    const total = pictureSizes.reduce((sum, [, count]) => sum + count, 0);
    const most = Math.max(...pictureSizes.map(([, count]) => count));
    assert.ok(total > 90, `${total} pictures`);
    assert.ok(pictureSizes.length <= SIZES.length, `sizes ${pictureSizes}`);
    assert.ok(most / total > 0.9, `sizes ${pictureSizes}`);
    assert.equal(plain.decryptFailures, 0);
    assert.deepEqual(plain.pictureSizes, [], "only a confidential call counts them");
    return { pictureSizes };
  },
  "a call over the relay has picture and sound both ways": async (bench) => {
    const { ends, relay } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await key(ends, "a", "b");
    const offer = await ends.do("createOffer", "a");
    const answer = await ends.do("acceptOffer", "b", offer);
    for (const text of [offer, answer]) {
      assert.ok(!/candidate|10\.99|audio-level/.test(text), text);
    }
    await ends.do("acceptAnswer", "a", answer);
    const began = await ends.do("now");
    const ours = await ends.do("gather", "a", relay.servers());
    const gathered = await ends.do("now");
    const theirs = await ends.do("gather", "b", relay.servers());
    for (const line of [...ours, ...theirs]) {
      assert.match(
        line,
        /^candidate:\S+ 1 udp \d+ 10\.99\.0\.1 \d+ typ relay raddr 0\.0\.0\.0 rport 9$/,
      );
    }
    const trickled = await ends.do("now");
    await ends.do("candidates", "b", [...ours]);
    await ends.do("candidates", "a", [...theirs]);
    const rtp = await Promise.all([seenAndHeard(ends, "a", 40), seenAndHeard(ends, "b", 40)]);
    const [a, b] = [await ends.do("stats", "a"), await ends.do("stats", "b")];
    for (const end of [a, b]) {
      assert.equal(end.path, "relayed");
      assert.equal(end.connected, true);
      assert.equal(end.decryptFailures, 0);
      assert.equal(end.sizes.length, 1, `audio sizes ${end.sizes}`);
      assert.ok(end.framesDecoded > 0 && end.audioDecodedS > 0);
      assert.ok((end.rttMs ?? 1000) < 1000);
    }
    assert.deepEqual(await ends.do("events", "b"), ["connected", "first_frame"]);
    const pixels = await ends.do("pixels", "b");
    assert.ok(
      pixels.slice(0, 3).some((value) => value > 20),
      `${pixels}`,
    );
    return {
      gatherMs: Math.round(gathered - began),
      connectedMs: Math.round(((await ends.do("eventAt", "a", "connected")) ?? 0) - trickled),
      firstFrameMs: Math.round(((await ends.do("eventAt", "a", "first_frame")) ?? 0) - trickled),
      rtp,
      a,
      pixels,
    };
  },

  "a voice call has sound only": async (bench) => {
    const ends = await call(bench, false);
    await until("first frame", async () => (await ends.do("events", "a")).includes("first_frame"));
    const rtp = await until("sound", async () => {
      const now = await ends.do("rtp", "a");
      return now.energy > LOUD && now;
    });
    assert.equal(rtp.videoReceived, 0);
    assert.deepEqual(await ends.do("tracksShown", "a"), ["audio"]);
    return { rtp };
  },

  "without a transform nothing leaves": async ({ ends, relay }) => {
    const servers = relay.servers(["udp"]).map((one) => ({ ...one, urls: [...one.urls] }));
    const control = await ends.do("unprotected", servers, false);
    assert.ok(control.videoSent > 0 && control.audioSent > 0 && control.decoded > 0);
    const closed = await ends.do("unprotected", servers, true);
    assert.equal(closed.videoSent + closed.audioSent, 0);
    return { control, closed };
  },

  "a browser without encoded transforms makes no call": async ({ ends }) => {
    const refusal = await ends.do("canEncrypt");
    assert.match(refusal, /not_encrypted/);
    return { refusal };
  },

  "with a wrong key nothing is seen or heard until there is a right one": async (bench) => {
    const { ends } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await key(ends, "a", "b");
    // From epoch 2 on, a sends under a key that b does not have.
    await ends.do("sendIn", "a", 2, OTHER_KEY, 0);
    await ends.do("install", "b", 2, "11".repeat(32), [0]);
    await connect(bench, "a", "b");
    await seenAndHeard(ends, "a");
    await until("failures", async () => (await ends.do("stats", "b")).decryptFailures > 60);
    const wrong = await ends.do("rtp", "b");
    const stats = await ends.do("stats", "b");
    assert.ok(wrong.videoReceived > 0 && wrong.audioReceived > 0);
    assert.equal(wrong.decoded, 0);
    assert.equal(wrong.energy, 0);
    assert.equal(stats.framesDecoded, 0);
    const black = await ends.do("pixels", "b");
    assert.deepEqual(black.slice(0, 3), [0, 0, 0]);
    // The control: the same call, the right key.
    await ends.do("install", "b", 3, OTHER_KEY, [0]);
    const fixedAt = Date.now();
    await ends.do("sendIn", "a", 3, OTHER_KEY, 0);
    await until("a picture", async () => (await ends.do("rtp", "b")).decoded > 0);
    const pictureAfterMs = Date.now() - fixedAt;
    const right = await seenAndHeard(ends, "b");
    return { wrong, failures: stats.decryptFailures, right, pictureAfterMs };
  },

  "a change of epoch loses nothing": async (bench) => {
    const ends = await call(bench);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    const epochs = 8;
    for (let epoch = 2; epoch < 2 + epochs; epoch++) {
      const hex = epoch.toString(16).padStart(2, "0").repeat(32);
      await ends.do("install", "a", epoch, hex, [1]);
      await ends.do("install", "b", epoch, hex, [0]);
      await ends.do("sendIn", "a", epoch, hex, 0);
      await elapsed(60); // b still sends in the epoch before
      await ends.do("sendIn", "b", epoch, hex, 1);
      await elapsed(340);
    }
    const [a, b] = [await ends.do("stats", "a"), await ends.do("stats", "b")];
    const rtp = await ends.do("rtp", "b");
    assert.equal(a.decryptFailures + b.decryptFailures, 0);
    assert.equal(a.encryptRefusals + b.encryptRefusals, 0);
    return { epochs, a, b, rtp };
  },

  "before the keys nothing is sent, and with them the picture comes at once": async (bench) => {
    const { ends } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await connect(bench, "a", "b");
    const refusals = async (name: string) => (await ends.do("stats", name)).encryptRefusals;
    await until("frames of a that were dropped", async () => (await refusals("a")) > 100);
    await until("frames of b that were dropped", async () => (await refusals("b")) > 100);
    const before = [await ends.do("rtp", "a"), await ends.do("rtp", "b")];
    for (const rtp of before) assert.equal(rtp.audioSent + rtp.videoSent, 0);
    const stats = await ends.do("stats", "a");
    assert.equal(stats.framesSent + stats.audioPackets, 0);
    assert.equal(stats.connected, true);
    const keyedAt = Date.now();
    await key(ends, "a", "b");
    for (const name of ["a", "b"]) {
      await until("a picture", async () => (await ends.do("rtp", name)).decoded > 0);
    }
    const pictureAfterMs = Date.now() - keyedAt;
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    const after = await ends.do("rtp", "a");
    return { dropped: stats.encryptRefusals, before, after, pictureAfterMs };
  },

  "keys that are wiped in mid-call stop it": async (bench) => {
    const ends = await call(bench);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    await ends.do("wipe", "a");
    const at = await ends.do("rtp", "a");
    await until("refusals", async () => (await ends.do("stats", "a")).encryptRefusals > 50);
    const after = await ends.do("rtp", "a");
    // A frame that was sealed already may still be cut into packets.
    assert.ok(after.audioSent - at.audioSent <= 2, `${after.audioSent - at.audioSent}`);
    return { audio: after.audioSent - at.audioSent, video: after.videoSent - at.videoSent };
  },

  "a transform that is taken away stops the stream": async (bench) => {
    const ends = await call(bench);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    await ends.do("takeTransformsAway", "a");
    const [a, b] = [await ends.do("rtp", "a"), await ends.do("rtp", "b")];
    await until("sound of b, which goes on", async () => {
      return (await ends.do("rtp", "a")).audioReceived > a.audioReceived + 50;
    });
    const after = await ends.do("rtp", "b");
    assert.ok(after.audioReceived - b.audioReceived <= 2);
    assert.ok(after.videoReceived - b.videoReceived <= 8);
    return { audio: after.audioReceived - b.audioReceived, decoded: after.decoded - b.decoded };
  },

  "sound has one size, also muted": async (bench) => {
    const ends = await call(bench, false);
    await until("sound", async () => (await ends.do("stats", "a")).audioPackets > 150);
    await ends.do("mute", "a", true);
    const { audioPackets } = await ends.do("stats", "a");
    await until(
      "silence",
      async () => (await ends.do("stats", "a")).audioPackets > audioPackets + 50,
    );
    const { sizes } = await ends.do("stats", "a");
    assert.equal(sizes.length, 1, `${sizes}`);
    return { sizes };
  },

  "where UDP is blocked, a call goes over TCP": async (bench) => {
    const { ends, relay } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", true);
    await key(ends, "a", "b");
    const answer = await ends.do("acceptOffer", "b", await ends.do("createOffer", "a"));
    await ends.do("acceptAnswer", "a", answer);
    const [server] = relay.servers(["tcp"]);
    assert.ok(server);
    const blocked = [{ ...server, urls: ["turn:10.99.0.1:9?transport=udp", ...server.urls] }];
    const began = Date.now();
    const ours = await ends.do("gather", "a", blocked);
    const gatherMs = Date.now() - began;
    await ends.do("candidates", "b", [...ours]);
    await ends.do("candidates", "a", [...(await ends.do("gather", "b", relay.servers()))]);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    return { gatherMs };
  },

  "a picture that is closed stays closed": async (bench) => {
    const ends = await call(bench);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    await ends.do("closeVideo", "a");
    const sent = (await ends.do("stats", "a")).framesSent;
    const [a, b] = [await ends.do("rtp", "a"), await ends.do("rtp", "b")];
    await until("sound at b", async () => {
      const now = await ends.do("rtp", "b");
      return now.audioReceived > b.audioReceived + 50;
    });
    const later = await ends.do("rtp", "a");
    assert.equal((await ends.do("stats", "a")).framesSent, sent);
    assert.ok(later.videoReceived > a.videoReceived, "b goes on sending: the hostile case");
    assert.ok(later.decoded - a.decoded <= 2, `${later.decoded - a.decoded} pictures decoded`);
    assert.deepEqual(await ends.do("tracksShown", "a"), ["audio"]);
    return { decodedAfter: later.decoded - a.decoded };
  },

  "a video call that is taken as a voice call has no picture": async (bench) => {
    const { ends, relay } = bench;
    await ends.do("make", "a", true);
    await ends.do("make", "b", false);
    await key(ends, "a", "b");
    const answer = await ends.do("acceptOffer", "b", await ends.do("createOffer", "a"));
    assert.match(answer, /m=video[\s\S]*a=inactive/);
    await ends.do("closeVideo", "a");
    await ends.do("acceptAnswer", "a", answer);
    const ours = await ends.do("gather", "a", relay.servers());
    const theirs = await ends.do("gather", "b", relay.servers());
    await ends.do("candidates", "b", [...ours]);
    await ends.do("candidates", "a", [...theirs]);
    for (const name of ["a", "b"]) {
      await until("first frame", async () =>
        (await ends.do("events", name)).includes("first_frame"),
      );
    }
    const rtp = await ends.do("rtp", "a");
    assert.equal(rtp.videoSent + rtp.videoReceived, 0);
    return { rtp };
  },

  "a shared screen takes the camera's place": async (bench) => {
    const ends = await call(bench);
    const before = await seenAndHeard(ends, "b");
    await ends.do("share", "a");
    const after = await until("another size", async () => {
      const now = await ends.do("rtp", "b");
      return now.width !== before.width && now.decoded > before.decoded && now;
    });
    const stats = await ends.do("stats", "b");
    assert.equal(stats.decryptFailures, 0);
    return { from: before.width, to: after.width };
  },

  "a relay that dies is lost, and one that returns carries the call again": async (bench) => {
    const { relay } = bench;
    const ends = await call(bench);
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    const killedAt = await ends.do("now");
    await relay.kill();
    for (const name of ["a", "b"]) {
      await until("lost", async () => (await ends.do("events", name)).includes("lost"));
    }
    const lostAt = (await ends.do("eventAt", "a", "lost")) ?? 0;
    await Promise.all([ends.do("restart", "a"), ends.do("restart", "b")]);
    const offer = await ends.do("createOffer", "b"); // the roles are swapped
    const answer = await ends.do("acceptOffer", "a", offer);
    await ends.do("acceptAnswer", "b", answer);
    // Both begin to gather while there is no relay.
    const gathering = Promise.all([
      ends.do("gather", "a", relay.servers()),
      ends.do("gather", "b", relay.servers()),
    ]);
    await elapsed(1000);
    await relay.start();
    const relayAt = await ends.do("now");
    const [ours, theirs] = await gathering;
    const gatheredAt = await ends.do("now");
    await ends.do("candidates", "b", [...ours]);
    await ends.do("candidates", "a", [...theirs]);
    for (const name of ["a", "b"]) {
      await until("a picture", async () => (await ends.do("rtp", name)).decoded > 0);
    }
    const seenAt = await ends.do("now");
    await Promise.all([seenAndHeard(ends, "a"), seenAndHeard(ends, "b")]);
    const stats = await ends.do("stats", "a");
    assert.equal(stats.path, "relayed");
    assert.equal(stats.decryptFailures, 0);
    return {
      lostAfterMs: Math.round(lostAt - killedAt),
      relayToGatheredMs: Math.round(gatheredAt - relayAt),
      gatheredToPictureMs: Math.round(seenAt - gatheredAt),
    };
  },

  "without a relay there is a plain refusal, and a second try works": async (bench) => {
    const { ends, relay } = bench;
    await relay.kill();
    await ends.do("make", "a", true);
    await ends.do("createOffer", "a");
    const began = Date.now();
    const gathering = ends.do("gather", "a", relay.servers());
    await assert.rejects(gathering, /no_relay/);
    const refusedMs = Date.now() - began;
    await relay.start();
    const again = Date.now();
    const lines = await ends.do("gather", "a", relay.servers());
    assert.ok(lines.length > 0);
    return { refusedMs, lines: lines.length, secondMs: Date.now() - again };
  },
};
