/**
 * Plain calls in the same browsers: what a call costs without Visavis (`PlainEnd`), and without its
 * encryption, in its own screens (`plain_page/`).
 *
 * The first is the simplest thing that is honest: two pages with one WebSocket each to a server that
 * hands on what it is given and does nothing else. The caller's offer goes out when "call" is
 * pressed, gathering begins at once, candidates trickle. The callee opens its camera when "accept" is
 * pressed, answers and gathers. Same relay and relay-only, VP8 and Opus, one transport, same fake
 * camera and size, DTLS-SRTP of the browser and nothing inside it. TURN credentials are there before
 * the call. The second does the same behind the product's screens.
 */

import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { buildPage } from "../build_page.ts";
import { type Peer, type TinyServer, tinySocketServer } from "../client/tiny_socket_server.ts";
import { serveFolder } from "../serve_folder.ts";
import { stopwatch, type Times, type Watched } from "./stopwatch.ts";

export const RINGING = "Somebody is calling";

/** Hands on from each of two sockets to the other. */
function handOn(): Promise<TinyServer> {
  const peers = new Set<Peer>();
  return tinySocketServer(async (peer) => {
    peers.add(peer);
    for (;;) {
      const said = await peer.receive();
      if (said === undefined) break;
      for (const other of peers) if (other !== peer) other.send(said);
    }
    peers.delete(peer);
  });
}

/** Serves an empty page and the product's screens, each with a server of its own that hands on. */
export class PlainServer {
  readonly #pages: Server;
  readonly #origin: string;
  readonly #bare: TinyServer;
  readonly #screens: TinyServer;
  readonly #folder: string;

  private constructor(
    pages: Server,
    origin: string,
    bare: TinyServer,
    screens: TinyServer,
    folder: string,
  ) {
    this.#pages = pages;
    this.#origin = origin;
    this.#bare = bare;
    this.#screens = screens;
    this.#folder = folder;
  }

  static async start(): Promise<PlainServer> {
    const folder = await mkdtemp(join(tmpdir(), "visavis-plain-"));
    await buildPage(join(import.meta.dirname, "plain_page"), folder);
    const [pages, origin] = await serveFolder(folder);
    return new PlainServer(pages, origin, await handOn(), await handOn(), folder);
  }

  /** Open the product's screens, with plain calls behind them, in the browser of a page. */
  async screens(beside: Page): Promise<Page> {
    const page = await this.#blank(beside);
    const socket = encodeURIComponent(this.#screens.origin.replace("http", "ws"));
    await page.goto(`${this.#origin}/?socket=${socket}`);
    await page.waitForFunction("globalThis.plainService !== undefined");
    return page;
  }

  /** Open an end of the plain call in the browser of a page. */
  async end(beside: Page): Promise<PlainEnd> {
    const page = await this.#blank(beside);
    await page.goto(`${this.#origin}/bare.html`);
    await page.evaluate(plainCall, this.#bare.origin.replace("http", "ws"), RINGING);
    return new PlainEnd(page);
  }

  async #blank(beside: Page): Promise<Page> {
    const context = await beside.browser().createBrowserContext();
    await context.overridePermissions(this.#origin, ["camera", "microphone"]);
    const page = await context.newPage();
    await page.setViewport({ width: 390, height: 844 });
    await page.evaluateOnNewDocument(stopwatch);
    return page;
  }

  async close(): Promise<void> {
    this.#pages.closeAllConnections();
    this.#pages.close();
    await Promise.all([this.#bare.close(), this.#screens.close()]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Have the next call of these screens go over these relays. */
export async function callOver(page: Page, relays: RTCIceServer[]): Promise<void> {
  await page.evaluate((servers) => {
    const { plainService } = globalThis as unknown as { plainService: { relays: RTCIceServer[] } };
    plainService.relays = servers;
  }, relays);
}

/** One end of a call between bare pages. */
export class PlainEnd {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Begin a call with these relays; the caller's camera is open before it is pressed. */
  async ready(servers: RTCIceServer[], caller: boolean): Promise<void> {
    await this.#page.evaluate(
      async (servers, caller, words) => {
        const page = globalThis as unknown as Plain & Watched;
        page.stopwatch.begin(words);
        await page.plain.ready(servers, caller);
      },
      servers,
      caller,
      RINGING,
    );
  }

  async press(name: "call" | "accept"): Promise<void> {
    await this.#page.locator(`#${name}`).click();
  }

  times(): Promise<Times> {
    return this.#page.evaluate(() => (globalThis as unknown as Watched).stopwatch.times);
  }

  async hangUp(): Promise<void> {
    await this.#page.evaluate(() => (globalThis as unknown as Plain).plain.hangUp());
  }
}

type Plain = {
  plain: { ready(servers: RTCIceServer[], caller: boolean): Promise<void>; hangUp(): void };
};

/** The whole application, inside the page. */
function plainCall(url: string, ringing: string): Promise<void> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  const say = (message: object) => socket.send(new TextEncoder().encode(JSON.stringify(message)));
  let pc: RTCPeerConnection | undefined;
  let media: MediaStream | undefined;
  let offer: RTCSessionDescriptionInit | undefined;
  let early: RTCIceCandidateInit[] = [];
  let configuration: RTCConfiguration = {};

  const openMedia = () =>
    navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true },
      video: { width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  function connect(): RTCPeerConnection {
    const made = new RTCPeerConnection(configuration);
    made.onicecandidate = ({ candidate }) => candidate && say({ candidate });
    made.ontrack = ({ streams: [stream] }) => {
      const video = document.querySelector("video");
      if (video && stream && video.srcObject !== stream) video.srcObject = stream;
    };
    for (const track of media?.getTracks() ?? []) made.addTrack(track, media as MediaStream);
    for (const transceiver of made.getTransceivers()) prefer(transceiver);
    return made;
  }
  function prefer(transceiver: RTCRtpTransceiver): void {
    const kind = transceiver.sender.track?.kind ?? transceiver.receiver.track.kind;
    const wanted = kind === "video" ? "video/VP8" : "audio/opus";
    const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => mimeType === wanted));
  }
  async function take(candidate: RTCIceCandidateInit): Promise<void> {
    if (pc?.remoteDescription) await pc.addIceCandidate(candidate);
    else early.push(candidate);
  }
  async function flush(): Promise<void> {
    const waiting = early;
    early = [];
    for (const candidate of waiting) await pc?.addIceCandidate(candidate);
  }
  function button(id: string, does: () => Promise<void>): void {
    const made = document.createElement("button");
    made.id = id;
    made.textContent = id;
    made.onclick = () => void does();
    document.body.append(made);
  }

  document.body.innerHTML = "<p></p><video autoplay playsinline width=390></video>";
  button("call", async () => {
    pc = connect();
    const made = await pc.createOffer();
    say({ offer: made });
    await pc.setLocalDescription(made);
  });
  button("accept", async () => {
    if (offer === undefined) return;
    media = await openMedia();
    pc = connect();
    await pc.setRemoteDescription(offer);
    for (const transceiver of pc.getTransceivers()) prefer(transceiver);
    await flush();
    const answer = await pc.createAnswer();
    say({ answer });
    await pc.setLocalDescription(answer);
  });
  socket.onmessage = async ({ data }) => {
    const heard = JSON.parse(new TextDecoder().decode(data));
    if (heard.offer) {
      offer = heard.offer;
      const line = document.querySelector("p");
      if (line) line.textContent = ringing;
    } else if (heard.answer) {
      await pc?.setRemoteDescription(heard.answer);
      await flush();
    } else if (heard.candidate) {
      await take(heard.candidate);
    }
  };
  Object.assign(globalThis, {
    plain: {
      async ready(iceServers: RTCIceServer[], caller: boolean) {
        configuration = {
          iceServers,
          iceTransportPolicy: "relay",
          bundlePolicy: "max-bundle",
          rtcpMuxPolicy: "require",
        };
        if (caller) media = await openMedia();
      },
      hangUp() {
        for (const track of media?.getTracks() ?? []) track.stop();
        pc?.close();
        pc = media = offer = undefined;
        early = [];
        const [line, video] = [document.querySelector("p"), document.querySelector("video")];
        if (line) line.textContent = "";
        if (video) video.srcObject = null;
      },
    } satisfies Plain["plain"],
  });
  return new Promise((resolve) => {
    socket.onopen = () => resolve();
  });
}
