/** Calls between browsers and the Python end over aiortc: what both send must be one thing. */

import assert from "node:assert/strict";
import { type Bench, elapsed, KEY, LOUD, PythonEnd, type PythonStats, until } from "./harness.ts";
import type { Tests } from "./tests.ts";

type Run = (bench: Bench, python: PythonEnd, web: string) => Promise<Record<string, unknown>>;

/** The browser is leaf 0, Python leaf 1. */
function withPython(video: boolean, run: Run, web = "web") {
  return async (bench: Bench) => {
    if (web === "firefox" && !bench.ends.hasFirefox) return { skipped: "no firefox-esr" };
    const python = new PythonEnd();
    try {
      await python.do("make", video);
      await bench.ends.do("make", web, video);
      await python.do("install", 1, KEY, [0]);
      await python.do("send_in", 1, KEY, 1);
      await bench.ends.do("install", web, 1, KEY, [1]);
      await bench.ends.do("sendIn", web, 1, KEY, 0);
      return await run(bench, python, web);
    } finally {
      await python.end();
    }
  };
}

async function webCalls({ ends }: Bench, python: PythonEnd, web = "web"): Promise<void> {
  const offer = await ends.do("createOffer", web);
  await ends.do("acceptAnswer", web, await python.do<string>("accept_offer", offer));
}

async function pythonCalls({ ends }: Bench, python: PythonEnd, web = "web"): Promise<void> {
  const answer = await ends.do("acceptOffer", web, await python.do<string>("create_offer"));
  await python.do("accept_answer", answer);
}

async function trickle({ ends, relay }: Bench, python: PythonEnd, web = "web"): Promise<void> {
  const [ours, theirs] = await Promise.all([
    ends.do("gather", web, relay.servers()),
    python.do<string[]>("gather", relay.servers()),
  ]);
  await python.do("candidates", ours);
  await ends.do("candidates", web, theirs);
}

/** Both write, over one transport and then over the next. */
async function writes(bench: Bench, python: PythonEnd, web = "web") {
  const { ends } = bench;
  const reads = (what: string, wanted: string, theirs: () => Promise<string>) =>
    until(what, async () => (await theirs()) === wanted);
  const inPython = () => python.do<string>("their_text");
  const inBrowser = () => ends.do("theirText", web);
  await webCalls(bench, python, web);
  await trickle(bench, python, web);
  await until("a connection", async () => (await ends.do("stats", web)).connected);
  await ends.do("write", web, "Grüße, ");
  await reads("text in Python", "Grüße, ", inPython);
  await python.do("write", "日本 😀\nand");
  await reads("text in the browser", "日本 😀\nand", inBrowser);
  await Promise.all([ends.do("restart", web), python.do("restart")]);
  await ends.do("write", web, "over a new transport\n");
  await python.do("write", " on");
  await pythonCalls(bench, python, web);
  await trickle(bench, python, web);
  await reads("text in Python after it", "Grüße, over a new transport\n", inPython);
  await reads("text in the browser after it", "日本 😀\nand on", inBrowser);
  return { python: await inPython(), browser: await inBrowser() };
}

/** Wait until both ends see and hear more than they did, and return their figures. */
async function bothFlow({ ends }: Bench, python: PythonEnd, pictures = 20, web = "web") {
  const start = await python.do<PythonStats>("stats");
  const py = await until("picture and sound in Python", async () => {
    const stats = await python.do<PythonStats>("stats");
    const isThere =
      stats.framesDecoded >= start.framesDecoded + pictures && stats.energy > start.energy;
    // Frames pass a moment before the connection is told to stand, which is when there is a path.
    return isThere && stats.path !== "none" && stats;
  });
  const rtp = await until("picture and sound in the browser", async () => {
    const now = await ends.do("rtp", web);
    return now.decoded >= pictures && now.energy > LOUD && now;
  });
  const browser = await until("the browser's path", async () => {
    const stats = await ends.do("stats", web);
    return stats.path !== "none" && stats;
  });
  assert.equal(browser.path, "relayed");
  assert.equal(py.path, "relayed");
  assert.equal(browser.decryptFailures, 0);
  assert.equal(py.decryptFailures, 0);
  assert.equal(browser.sizes.length, 1, `audio sizes ${browser.sizes}`);
  assert.equal(py.sizes.length, 1);
  const pixels = await ends.do("pixels", web);
  assert.ok(
    pixels.slice(0, 3).some((value) => value > 20),
    `${pixels}`,
  );
  assert.ok(
    py.pixel.some((value) => value > 20),
    `${py.pixel}`,
  );
  return { rtp, browser, py, pixels };
}

const callAndTalk: Run = async (bench, python, web) => {
  await webCalls(bench, python, web);
  await trickle(bench, python, web);
  return bothFlow(bench, python, 20, web);
};

const answerAndTalk: Run = async (bench, python, web) => {
  await pythonCalls(bench, python, web);
  await trickle(bench, python, web);
  return bothFlow(bench, python, 20, web);
};

export const tests: Tests = {
  "Chromium calls Python": withPython(true, callAndTalk),

  "Python calls Chromium": withPython(true, answerAndTalk),

  "Firefox calls Python": withPython(true, callAndTalk, "firefox"),

  "Python calls Firefox": withPython(true, answerAndTalk, "firefox"),

  "real-time text with Python": withPython(false, (bench, python) => writes(bench, python)),

  "real-time text between Firefox and Python": withPython(false, writes, "firefox"),

  "a voice call with Python": withPython(false, async (bench, python) => {
    await webCalls(bench, python);
    await trickle(bench, python);
    const py = await until("sound in Python", async () => {
      const stats = await python.do<PythonStats>("stats");
      return stats.energy > 0 && stats.audioDecodedS > 1 && stats;
    });
    const rtp = await until("sound in the browser", async () => {
      const now = await bench.ends.do("rtp", "web");
      return now.energy > LOUD && now;
    });
    return { rtp, py };
  }),

  "a video call that Python takes as a voice call": withPython(true, async (bench, python) => {
    await python.do("drop_video");
    const offer = await bench.ends.do("createOffer", "web");
    const answer = await python.do<string>("accept_offer", offer);
    await bench.ends.do("closeVideo", "web");
    await bench.ends.do("acceptAnswer", "web", answer);
    await trickle(bench, python);
    await until("sound", async () => (await python.do<PythonStats>("stats")).energy > 0);
    const rtp = await bench.ends.do("rtp", "web");
    assert.equal(rtp.videoSent + rtp.videoReceived, 0);
    return { rtp };
  }),

  "a change of epoch with Python loses nothing": withPython(true, async (bench, python) => {
    const { ends } = bench;
    await pythonCalls(bench, python);
    await trickle(bench, python);
    await bothFlow(bench, python);
    const epochs = 5;
    for (let epoch = 2; epoch < 2 + epochs; epoch++) {
      const hex = epoch.toString(16).padStart(2, "0").repeat(32);
      await ends.do("install", "web", epoch, hex, [1]);
      await python.do("install", epoch, hex, [0]);
      await ends.do("sendIn", "web", epoch, hex, 0);
      await python.do("send_in", epoch, hex, 1);
      await elapsed(400);
    }
    const { browser, py } = await bothFlow(bench, python);
    assert.equal(browser.encryptRefusals + py.encryptRefusals, 0);
    return { epochs, browser, py };
  }),

  "late keys of the browser: Python gets a key frame at once": async (bench) => {
    const python = new PythonEnd();
    const { ends } = bench;
    try {
      await python.do("make", true);
      await ends.do("make", "web", true);
      await webCalls(bench, python);
      await trickle(bench, python);
      await until("drops", async () => (await ends.do("stats", "web")).encryptRefusals > 100);
      assert.equal((await ends.do("rtp", "web")).videoSent, 0);
      await python.do("install", 1, KEY, [0]);
      await ends.do("install", "web", 1, KEY, [1]);
      const keyedAt = Date.now();
      await ends.do("sendIn", "web", 1, KEY, 0);
      await python.do("send_in", 1, KEY, 1);
      const stats = await until("a picture in Python", async () => {
        const now = await python.do<PythonStats>("stats");
        return now.framesDecoded > 0 && now;
      });
      const pythonMs = Date.now() - keyedAt;
      await until("a picture in the browser", async () => {
        return (await ends.do("rtp", "web")).decoded > 0;
      });
      const rtp = await ends.do("rtp", "web");
      return { pythonMs, browserMs: Date.now() - keyedAt, failures: stats.decryptFailures, rtp };
    } finally {
      await python.end();
    }
  },

  "the relay dies under a call with Python, and it comes back": withPython(
    true,
    async (bench, python) => {
      const { ends, relay } = bench;
      await webCalls(bench, python);
      await trickle(bench, python);
      await bothFlow(bench, python);
      const killedAt = Date.now();
      await relay.kill();
      await relay.start();
      await until("lost in the browser", async () =>
        (await ends.do("events", "web")).includes("lost"),
      );
      const webLostMs = Date.now() - killedAt;
      await until("lost in Python", async () =>
        (await python.do<string[]>("events")).includes("lost"),
      );
      const pythonLostMs = Date.now() - killedAt;
      await Promise.all([ends.do("restart", "web"), python.do("restart")]);
      await pythonCalls(bench, python);
      await trickle(bench, python);
      await bothFlow(bench, python, 1);
      return { webLostMs, pythonLostMs, pictureMs: Date.now() - killedAt };
    },
  ),
};
