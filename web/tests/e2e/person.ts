/**
 * A person before a page: finds things by the names a screen reader says, and measures what comes.
 *
 * Names come from the app's own catalogue, so other words break no test. What is seen and heard is
 * asked of the browser's own figures (getStats), which the page cannot make up.
 */

import { setTimeout as elapsed } from "node:timers/promises";
import type { ElementHandle, Page } from "puppeteer-core";
import { en as enFirst } from "../../app/i18n/en.ts";
import { enLater } from "../../app/i18n/en_later.ts";
import { type Kind, PASSWORD, type Setting, type Stage, until } from "./stage.ts";

const en = { ...enFirst, ...enLater };

type Key = keyof typeof en;

/** Chromium complains of an answer that belongs to the protocol: another member's commit was first. */
const WAS_SECOND = /status of 409 /;
/**
 * Chromium breaks off what it fetches when an address comes or goes on the machine, and says so. That is
 * the machine's doing; what the page makes of it is seen in what happens next.
 */
const NETWORK_CHANGED = /net::ERR_NETWORK_CHANGED/;
/** Firefox says so of what a page fetched ahead and left behind as it went elsewhere. */
const LEFT_BEHIND = /Failed to load .* A ServiceWorker intercepted the request and encountered/;
/** Less energy than this was no sound. */
const SILENCE = 0.001;
/** What has not moved for so long stands still. */
const STILL_MS = 100;

/** What one end sent and what of the other's it decoded, over all its connections. */
export type Flow = Readonly<{
  decoded: number;
  energy: number;
  packetsSent: number;
  /** Of sound alone: packets, and bytes without headers. */
  audioSent: number;
  audioBytes: number;
  /** Of the picture that comes now, as "640x480". */
  size: string;
  candidates: number;
  /** The kinds of the candidates that the other gave: "relay", "host". */
  given: readonly string[];
  connections: number;
}>;

/** Kept by the page from its first moment on; the product knows nothing of it. */
type Watched = {
  watchedPeers: RTCPeerConnection[];
  /** What devices were asked for, in order. */
  asked: string[];
  copied: string | undefined;
};

function watch(): void {
  const watched = globalThis as unknown as Watched;
  watched.watchedPeers = [];
  watched.asked = [];
  watched.copied = undefined;
  // An empty page, before the first one of ours, has none.
  const mediaDevices: MediaDevices | undefined = navigator.mediaDevices;
  const open = mediaDevices?.getUserMedia.bind(mediaDevices);
  if (open !== undefined) {
    mediaDevices.getUserMedia = (wanted) => {
      watched.asked.push(Object.keys(wanted ?? {}).join(" and "));
      return open(wanted);
    };
  }
  // The clipboard belongs to the machine; here it belongs to the page.
  Object.defineProperty(navigator, "clipboard", {
    value: {
      writeText: async (text: string) => {
        watched.copied = text;
      },
    },
  });
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      watched.watchedPeers.push(this);
    }
  };
}

async function measure(): Promise<Flow> {
  const { watchedPeers } = globalThis as unknown as Watched;
  const flow = {
    ...{ decoded: 0, energy: 0, packetsSent: 0, candidates: 0, connections: 0 },
    ...{ audioSent: 0, audioBytes: 0, size: "", given: [] as string[] },
  };
  for (const peer of watchedPeers) {
    flow.connections += 1;
    const isOpen = () => peer.connectionState !== "closed";
    if (!isOpen()) continue; // a restart made another
    // Firefox never answers what was asked of a connection that is closed meanwhile.
    const asked = peer.getStats();
    let report: RTCStatsReport | undefined;
    while (report === undefined && isOpen()) {
      const later = new Promise<undefined>((resolve) => setTimeout(resolve, 500, undefined));
      report = await Promise.race([asked, later]);
    }
    for (const one of report?.values() ?? []) {
      if (one.type === "inbound-rtp" && one.kind === "video") {
        flow.decoded += one.framesDecoded ?? 0;
        flow.size = `${one.frameWidth}x${one.frameHeight}`;
      }
      if (one.type === "inbound-rtp" && one.kind === "audio") {
        flow.energy += one.totalAudioEnergy ?? 0;
      }
      if (one.type === "outbound-rtp") flow.packetsSent += one.packetsSent ?? 0;
      if (one.type === "outbound-rtp" && one.kind === "audio") {
        flow.audioSent += one.packetsSent ?? 0;
        flow.audioBytes += one.bytesSent ?? 0;
      }
      if (one.type === "local-candidate") flow.candidates += 1;
      // A check that comes before the candidate it belongs to makes one of the kind "prflx", without
      // an address. Nobody gave that one, and it can only have come to where somebody was told of.
      if (one.type === "remote-candidate" && one.candidateType !== "prflx") {
        flow.given.push(String(one.candidateType));
      }
    }
  }
  return flow;
}

/** What came so far in each stream: pictures decoded, or the energy of its sound. */
async function streams(): Promise<Record<string, number>> {
  const { watchedPeers } = globalThis as unknown as Watched;
  const came: Record<string, number> = {};
  for (const [at, peer] of watchedPeers.entries()) {
    if (peer.connectionState !== "connected") continue;
    for (const one of (await peer.getStats()).values()) {
      if (one.type !== "inbound-rtp") continue;
      came[`${one.kind} ${at} ${one.id}`] =
        (one.kind === "video" ? one.framesDecoded : one.totalAudioEnergy) ?? 0;
    }
  }
  return came;
}

/** Where something stands on the page; nothing once it is gone. */
async function place(element: ElementHandle): Promise<string | undefined> {
  const box = await element.boundingBox();
  return box === null ? undefined : JSON.stringify(box);
}

export class Person {
  readonly stage: Stage;
  readonly page: Page;
  /** What the page complained about: errors and refusals by the content security policy. */
  readonly complaints: string[];
  /** As it was shown at sign-up, and never again. */
  recoveryCode = "";

  private constructor(stage: Stage, page: Page, complaints: string[]) {
    this.stage = stage;
    this.page = page;
    this.complaints = complaints;
  }

  /**
   * Open the app in a fresh profile.
   *
   * @param prepare Does something to the page before it loads anything.
   */
  static async arrive(
    stage: Stage,
    kind: Kind | Setting,
    link?: string,
    prepare?: (page: Page) => Promise<void>,
  ): Promise<Person> {
    const page = await stage.blank(kind);
    await prepare?.(page);
    return await Person.#opened(stage, page, link);
  }

  /** Somebody at a page with the product's screens that is not the product. */
  static at(stage: Stage, page: Page): Person {
    return new Person(stage, page, []);
  }

  /** Open the app again in the same profile, in a new page. */
  async again(prepare?: (page: Page) => Promise<void>): Promise<Person> {
    const page = await this.page.browserContext().newPage();
    await prepare?.(page);
    return await Person.#opened(this.stage, page);
  }

  static async #opened(stage: Stage, page: Page, link?: string): Promise<Person> {
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      const text = message.text();
      const isOurs = ![WAS_SECOND, NETWORK_CHANGED, LEFT_BEHIND].some((one) => one.test(text));
      if (message.type() === "error" && isOurs) complaints.push(text);
    });
    await page.evaluateOnNewDocument(watch);
    await page.goto(link ?? stage.origin);
    return new Person(stage, page, complaints);
  }

  /** Sign up by a link, with a password, and go home. */
  static async signUp(
    stage: Stage,
    kind: Kind | Setting,
    name: string,
    prepare?: (page: Page) => Promise<void>,
  ): Promise<Person> {
    const person = await Person.arrive(stage, kind, stage.signupLink(), prepare);
    await person.type("signup.name", name);
    await person.press("passkey.signUpPassword");
    await person.type("field.password", PASSWORD);
    await person.press("signup.submit");
    await person.comeHome();
    return person;
  }

  /** Note the recovery code and go home. */
  async comeHome(): Promise<void> {
    await this.see("recovery.title");
    this.recoveryCode = await this.page.evaluate(() =>
      [...document.querySelectorAll(".paper-code span")].map((one) => one.textContent).join("-"),
    );
    await this.press("recovery.confirm");
    await this.press("do.continue");
    await this.see("home.title");
  }

  /** The words of the catalogue, with values put in. */
  words(key: Key, values: Record<string, string> = {}): string {
    const entry = en[key];
    if (typeof entry !== "string") throw new Error(`${key} has more than one form`);
    return entry.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
  }

  async #find(name: string, seconds = 120) {
    // By its whole name; or a button that begins so, where an explanation is part of it.
    const exact = `::-p-aria(${name.replaceAll(")", "\\)")})`;
    const quoted = `"${name.replaceAll('"', "")}"`;
    const begins = `::-p-xpath(//button[starts-with(normalize-space(.), ${quoted})])`;
    const look = async () => {
      for (const found of [...(await this.page.$$(exact)), ...(await this.page.$$(begins))]) {
        if (!(await found.isVisible())) continue;
        // What has just come up takes no tap yet (`ui/settled.ts`).
        if (await found.evaluate((one) => (one as Element).closest("[inert]") === null))
          return found;
      }
      return undefined;
    };
    return this.#until(name, look, seconds);
  }

  async press(key: Key, values?: Record<string, string>): Promise<void> {
    await this.#press(this.words(key, values));
  }

  /** Press it once it stands still: a click on what moves lands beside it. */
  async #press(name: string): Promise<void> {
    await until(`${name}, standing still`, async () => {
      const found = await this.#find(name);
      const [before, , after] = [await place(found), await elapsed(STILL_MS), await place(found)];
      if (before === undefined || before !== after) return false;
      // A switch's own input is one hidden point; people tap what stands around it.
      const around = await found.evaluateHandle((one) => (one as Element).closest("label") ?? one);
      // It may go in this very moment: a panel that closes, a page that redraws itself.
      return await (around as ElementHandle<Element>).click().then(
        () => true,
        (error: Error) => {
          if (!error.message.includes("not clickable")) throw error;
          return false;
        },
      );
    });
  }

  async type(key: Key, text: string): Promise<void> {
    await this.#press(this.words(key));
    await this.page.keyboard.type(text);
  }

  /** The handle of the account, as the home page shows it. */
  async handle(): Promise<string> {
    return until("a handle", () =>
      this.page.evaluate(() => document.querySelector(".home-foot bdi")?.textContent || undefined),
    );
  }

  /** Make an invite for one person, from home, and return the link. */
  async invite(): Promise<string> {
    await this.press("home.add");
    await this.press("add.invite");
    await this.press("invite.copy");
    return this.copied();
  }

  /** Open the conversation with somebody, from the list. */
  async openThread(name: string): Promise<void> {
    const row = await until(`${name} in the list`, async () => {
      for (const found of await this.page.$$(".person-row")) {
        const text = await found.evaluate((element) => element.textContent ?? "");
        if (text.includes(name)) return found;
      }
      return undefined;
    });
    await row.click();
  }

  /** From the open conversation: look at whom it is with. */
  async openDetails(): Promise<void> {
    await (await this.page.waitForSelector(".thread-who"))?.click();
  }

  /** Write a message in the open conversation. */
  async write(text: string): Promise<void> {
    await this.type("thread.write", text);
    await this.page.keyboard.press("Enter");
  }

  /** Call from the open conversation, with the camera on if it is a video call. */
  async call(media: "voice" | "video"): Promise<void> {
    await this.press(`thread.${media}`);
    if (media === "video") await this.press("preview.turnOn");
    await this.press(`preview.${media}`);
  }

  /** The four words of the call, as the security panel shows them. */
  async callWords(): Promise<string> {
    await this.press("call.security");
    const words = await until("four words", () =>
      this.page.evaluate(() => document.querySelector(".words ol")?.textContent || undefined),
    );
    await this.page.keyboard.press("Escape");
    return words;
  }

  /** Wait until some words stand on the page. */
  async see(key: Key, values?: Record<string, string>, seconds = 120): Promise<void> {
    await this.read(this.words(key, values), seconds);
  }

  async read(text: string, seconds = 120): Promise<void> {
    await this.#until(text, async () => (await this.shown()).includes(text), seconds);
  }

  /** As `until`; if it does not come, the error says what stands on the page. */
  async #until<T>(what: string, look: () => Promise<T | undefined | false>, seconds: number) {
    return until(what, look, seconds).catch(async (error: Error) => {
      const shown = (await this.shown()).slice(0, 600);
      throw new Error(`${error.message}\non the page: ${shown}\n${this.complaints.join("\n")}`);
    });
  }

  /** What the page last put into the clipboard. */
  async copied(): Promise<string> {
    return until("a copied text", () =>
      this.page.evaluate(() => (globalThis as unknown as Watched).copied),
    );
  }

  /** Wait until some words stand on the page no more. */
  async miss(key: Key, values?: Record<string, string>, seconds = 120): Promise<void> {
    const gone = this.words(key, values);
    await until(`no more: ${gone}`, async () => !(await this.shown()).includes(gone), seconds);
  }

  /** Wait for a panel, by what stands in it alone, and close it. */
  async putAway(key: Key): Promise<void> {
    await this.see(key);
    await this.page.keyboard.press("Escape");
    await this.miss(key);
  }

  /** What stands on the page. */
  async shown(): Promise<string> {
    return this.page.evaluate(() => document.body.innerText);
  }

  /** The devices that this page asked for since it was loaded: "audio", "video". */
  async asked(): Promise<string[]> {
    return this.page.evaluate(() => (globalThis as unknown as Watched).asked);
  }

  async flow(): Promise<Flow> {
    return this.page.evaluate(measure);
  }

  /** Wait until this many more pictures were decoded here, and sound was heard with them. */
  async seesAndHears(pictures = 20): Promise<Flow> {
    return this.#senses("picture and sound", (now, before) => {
      return now.decoded >= before.decoded + pictures && now.energy > before.energy;
    });
  }

  /** Wait until pictures and sound came here of so many others. */
  async seesAndHearsAll(others: number): Promise<void> {
    const before = await this.page.evaluate(streams);
    let now = before;
    const moving = (kind: string) => {
      return Object.keys(now).filter((key) => {
        return key.startsWith(kind) && (now[key] ?? 0) > (before[key] ?? 0);
      }).length;
    };
    await until(`picture and sound of ${others}`, async () => {
      now = await this.page.evaluate(streams);
      return moving("video") >= others && moving("audio") >= others;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify([before, now])} ${this.complaints}`);
    });
  }

  /** Wait until this many more pictures were decoded here. */
  async sees(pictures = 20): Promise<Flow> {
    return this.#senses("picture", (now, before) => now.decoded >= before.decoded + pictures);
  }

  /** Wait until sound was heard. */
  async hears(): Promise<Flow> {
    return this.#senses("sound", (now, before) => now.energy > before.energy + 0.001);
  }

  /** Say whether some seconds pass in which nothing is heard. */
  async hearsNothing(seconds: number): Promise<boolean> {
    const { energy } = await this.flow();
    await elapsed(seconds * 1000);
    return (await this.flow()).energy - energy < SILENCE;
  }

  async #senses(what: string, isMore: (now: Flow, before: Flow) => boolean): Promise<Flow> {
    const before = await this.flow();
    let now = before;
    return until(what, async () => {
      now = await this.flow();
      return isMore(now, before) ? now : undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify([before, now])} ${this.complaints}`);
    });
  }

  /** Say whether something with this name can be pressed now. */
  async offers(key: Key): Promise<boolean> {
    const found = await this.page.$$(`::-p-aria(${this.words(key)})`);
    return (await Promise.all(found.map((one) => one.isVisible()))).includes(true);
  }

  /** Choose one of a few, or turn a switch, by a part of what stands beside it. */
  async choose(text: string): Promise<void> {
    const label = `::-p-xpath(//label[contains(normalize-space(.), "${text}")])`;
    await this.page.locator(label).click(); // once the panel stands still
  }

  /** What the browser calls the source of what is sent now: a camera, a screen, a microphone. */
  async sent(kind: "audio" | "video"): Promise<string | undefined> {
    return this.page.evaluate((wanted) => {
      const { watchedPeers } = globalThis as unknown as Watched;
      const tracks = watchedPeers.flatMap((peer) => peer.getSenders()).map(({ track }) => track);
      return tracks.find((track) => track?.kind === wanted && track.readyState === "live")?.label;
    }, kind);
  }

  async leave(): Promise<void> {
    await this.page.browserContext().close();
  }
}

/** Make two people contacts by a link that one sends the other. */
export async function meet(inviter: Person, guest: Person): Promise<void> {
  const link = await inviter.invite();
  await guest.page.goto(link);
  await guest.press("join.accept");
}
