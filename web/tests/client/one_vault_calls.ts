/** Group calls that somebody records, in which an account has a browser and a Python device. */

import type { CallRecording } from "../../client/recording_objects.ts";
import { fromHex } from "../../core/bytes.ts";
import { framesOf, TestMedia } from "./group_call_ends.ts";
import { begin } from "./group_call_live.ts";
import { accept as comeIntoGroup, groupOf } from "./group_people.ts";
import { type People, until } from "./live_people.ts";
import { LocalTape } from "./local_tape.ts";
import { Browser, type Device, type OneVault, PythonDevice } from "./one_vault.ts";
import { TERMS } from "./recording_fakes.ts";
import type { TestServer } from "./server.ts";

/** A second of sound, in frames of 20 ms. */
const FRAMES = 50;

/** A call that goes on: one device of the account has said yes, and a second of both is recorded. */
export type Recording<Bob extends Device = Device> = Readonly<{
  /** The request, in hex. */
  ask: string;
  /** The device that is in the call, and said yes. */
  said: Device;
  /** Who records. */
  bob: Bob;
  /** What they are called. */
  by: string;
  /** Take the yes back in the call. */
  takeBackInCall: () => Promise<void>;
  /** The device leaves the call, which goes on. */
  leave: () => Promise<void>;
  /** Who records ends that, and all leave. */
  end: () => Promise<void>;
}>;

/** What a Python device sees of recording in its call. */
type Seen = Readonly<{
  requests: readonly (readonly [ask: string, by: string, purpose: string, agreed: unknown])[];
  recorded: readonly unknown[];
  ended: readonly unknown[];
}>;

/** Ask again until there is something. */
async function sooner<T>(what: () => Promise<T | undefined>, seconds = 30): Promise<T> {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const found = await what();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Wait until who records has the shares of so many, their own too: before that nothing is recorded. */
export async function hasShares(bob: Device, count: number): Promise<void> {
  await sooner(async () => (await bob.recordings())[0]?.lying.length === count || undefined);
}

async function sees(python: PythonDevice, what: (seen: Seen) => boolean): Promise<void> {
  await sooner(async () => what(await python.do<Seen>("recording_state")) || undefined);
}

const openRequest = ({ requests }: CallRecording) =>
  requests.find(({ answer }) => answer === null)?.id;

/** A Python person records; the account's browser says yes. */
export async function pythonRecords(
  server: TestServer,
  kim: OneVault,
  who: string,
): Promise<Recording> {
  const { handle } = await server.signup(who);
  const bob = new PythonDevice(server, who);
  const { client } = kim.browser;
  await client.acceptInvite(await bob.do<string>("invite"), { waitS: 20 });
  await kim.settle(bob);
  await bob.do("create_group", { name: "Choir" });
  await bob.do("ask_in", { name: "Choir", contact: kim.handle });
  await comeIntoGroup(client);
  await kim.settle(bob);
  await bob.do("calls_listen");
  await bob.do("calls_begin", { name: "Choir" });
  const kims = await begin(client);
  const { recording } = kims.call;
  await until(() => kims.call.members.length === 2 && recording.mayNotAsk === null);
  const wanted = { kinds: ["audio"], purpose: "f\u00fcr uns" };
  // Refused until Bob's device has heard that the browser is ready.
  const ask = await sooner(() => bob.do<string>("recording_ask", wanted).catch(() => undefined));
  await until(() => openRequest(recording) === ask);
  await recording.agree(ask, ["audio"], false);
  await sees(bob, ({ recorded }) => recorded.length === 1);
  await hasShares(bob, 2);
  const frames: string[] = [];
  for (let count = 0; count < FRAMES; count++) {
    frames.push(Buffer.from(await framesOf(kims.ends).sealed()).toString("hex"));
  }
  await bob.do("talk_and_hear", { frames });
  return {
    ...{ ask, said: kim.browser, bob, by: handle },
    takeBackInCall: () => recording.withdraw(ask),
    leave: () => kims.call.leave(),
    end: async () => {
      const { ended } = await bob.do<Seen>("recording_state");
      if (ended.length === 0) await bob.do("recording_stop");
      await kims.call.leave();
      await bob.do("calls_leave");
    },
  };
}

/** Somebody with a browser records; the account's Python device says yes. */
export async function browserRecords(
  people: People,
  kim: OneVault,
  who: string,
): Promise<Recording<Browser>> {
  const tape = new LocalTape();
  const client = await people.signUp(who, {
    groupMedia: (parts) => {
      const media = new TestMedia(parts);
      media.frames.tape = tape;
      return media;
    },
  });
  const [bob, { python }] = [new Browser(client), kim];
  await people.befriend(client, kim.browser.client);
  await groupOf("Choir", client, kim.browser.client);
  await kim.settle(bob);
  await python.do("calls_listen");
  const bobs = await begin(client);
  await until(() => bobs.call.isInside);
  await kim.settle(bob);
  await python.do("calls_begin", { name: "Choir" });
  const { recording } = bobs.call;
  await until(() => bobs.call.members.length === 2 && recording.mayNotAsk === null);
  const ask = await recording.ask({ ...TERMS, kinds: ["audio"] });
  await sees(python, ({ requests }) => requests.some(([one]) => one === ask));
  await python.do("recording_agree", { ask, kinds: ["audio"] });
  await until(() => recording.recorded.length === 1 && tape.tap !== undefined);
  await hasShares(bob, 2);
  for (const frame of await python.do<string[]>("seal_sound", { count: FRAMES })) {
    tape.now += 0.02;
    await framesOf(bobs.ends).opens(fromHex(frame));
    await framesOf(bobs.ends).sealed();
  }
  return {
    ...{ ask, said: python, bob, by: client.handle },
    takeBackInCall: () => python.do("recording_withdraw", { ask }),
    leave: () => python.do("calls_leave"),
    end: async () => {
      if (recording.own !== null) await recording.stop();
      await python.do("calls_leave");
      await bobs.call.leave();
    },
  };
}

/** A device of the account comes into the call, and says yes to what is asked; returns what leaves. */
export async function comeAndAgree(device: Device, ask: string): Promise<() => Promise<void>> {
  if (device instanceof PythonDevice) {
    await device.do("calls_listen");
    await device.do("calls_begin", { name: "Choir" });
    await sees(device, ({ requests }) => requests.some(([one]) => one === ask));
    await device.do("recording_agree", { ask, kinds: ["audio"] });
    await sees(device, ({ recorded }) => recorded.length === 1);
    return () => device.do("calls_leave");
  }
  if (!(device instanceof Browser)) throw new Error("no such device");
  const { call } = await begin(device.client);
  await until(() => openRequest(call.recording) === ask);
  await call.recording.agree(ask, ["audio"], false);
  await until(() => call.recording.recorded.length === 1);
  return () => call.leave();
}
