/** Group calls of browsers at a real server, for tests: who rings, who hears whom. */

import { expect } from "vitest";
import type { Client, PeopleGroup } from "../../client/client.ts";
import type { Change, GroupCall, GroupEnds, IncomingGroupCall } from "../../client/group_calls.ts";
import type { Media } from "../../core/content_records.ts";
import { ends, hears } from "./group_call_ends.ts";
import { groupOf } from "./group_people.ts";
import { type People, until } from "./live_people.ts";

/** One device in a call, and what it shows and hears with. */
export type Taking = Readonly<{ call: GroupCall; ends: ReturnType<typeof ends> }>;

/** Make browsers, who are contacts of the first, and a group of them. */
export async function choirOf(people: People, ...names: readonly string[]): Promise<Client[]> {
  const clients: Client[] = [];
  for (const name of names) clients.push(await people.signUp(name));
  const [founder, ...others] = clients;
  if (founder === undefined) throw new Error("nobody");
  for (const other of others) await people.befriend(founder, other);
  await groupOf("Choir", founder, ...others);
  return clients;
}

/** Let a device ring; returns what rings next. */
export async function listening(client: Client): Promise<Readonly<{ rings: Ring }>> {
  const service = await client.groupCallService();
  const stop = new AbortController();
  const next = service.incoming(stop.signal).next();
  next.catch(() => undefined);
  return { rings: new Ring(next, stop) };
}

/** What rings next at one device. */
export class Ring {
  readonly #next: Promise<IteratorResult<IncomingGroupCall, void>>;
  readonly #stop: AbortController;
  #has = false;

  constructor(next: Promise<IteratorResult<IncomingGroupCall, void>>, stop: AbortController) {
    this.#next = next;
    this.#stop = stop;
    void next.then(
      () => {
        this.#has = true;
      },
      () => undefined,
    );
  }

  async call(): Promise<IncomingGroupCall> {
    const { value } = await this.#next;
    if (value === undefined) throw new Error("nothing will ring");
    return value;
  }

  /** Say that nothing rang for a while; it rings no longer then. */
  async isSilent(seconds = 1.5): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    this.#stop.abort();
    return !this.#has;
  }
}

export async function begin(
  client: Client,
  media: Media = "voice",
  name = "Choir",
  own = ends(),
): Promise<Taking> {
  const { group } = await client.findGroup(name);
  const call = await (await client.groupCallService()).call(group, media, own);
  return { call, ends: own };
}

export async function accept(ringing: IncomingGroupCall, media?: Media): Promise<Taking> {
  const own = ends();
  const call = await ringing.accept(media === undefined ? own : { ...own, media });
  return { call, ends: own };
}

/** Wait until so many are in it, as each of them sees it, and all hear each other. */
export async function together(count: number, ...taking: readonly Taking[]): Promise<void> {
  const counts = () => taking.map(({ call }) => call.members.length);
  await until(() => counts().every((one) => one === count), 40);
  for (const speaker of taking) {
    for (const listener of taking) {
      if (speaker !== listener) await heard(speaker, listener);
    }
  }
}

async function heard(speaker: Taking, listener: Taking): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await hears(speaker.ends, listener.ends)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect.fail("nobody hears them");
}

export function namesIn({ call }: Taking): string[] {
  return call.members.map(({ name }) => name).sort();
}

export function handles(...clients: readonly Client[]): string[] {
  return clients.map(({ handle }) => handle).sort();
}

/** What changed in a call, in order; ends with it. */
export function changesOf({ call }: Taking): AsyncGenerator<Change, void, undefined> {
  return call.changes();
}

/** Whether both ends were given back. */
export function isClosed({ local, remote }: GroupEnds): boolean {
  return (
    "isClosed" in local && local.isClosed === true && "isClosed" in remote && !!remote.isClosed
  );
}

/** Outcomes of the calls in a device's history, the newest first. */
export function outcomes(client: Client): string[] {
  return client.callHistory().map(({ outcome }) => outcome);
}

export function goingOn(client: Client, { group }: PeopleGroup) {
  return client.groupCalls?.goingOn(group);
}
