/** People with browsers, at a real server: each device has databases of its own. */

import { IDBFactory } from "fake-indexeddb";
import {
  Client,
  type Contact,
  type LoginOptions,
  type Message,
  type OpenOptions,
  type SignupOptions,
} from "../../client/client.ts";
import { readFile } from "../../client/move.ts";
import type { Bytes } from "../../core/bytes.ts";
import { testGroupMedia } from "./group_call_ends.ts";
import { PASSWORD, type TestServer } from "./server.ts";

export { PASSWORD } from "./server.ts";

/** A file for another server, and what opens it. */
type Carried = Readonly<{ data: Bytes; passphrase: string }>;
type Login = Omit<LoginOptions, "profile" | "origin" | "handle" | "password" | "databases">;

/** Makes people and devices, and closes what is left open. */
export class People {
  readonly #server: TestServer;
  readonly #databases = new Map<string, IDBFactory>();
  readonly #open = new Set<Client>();

  constructor(server: TestServer) {
    this.#server = server;
  }

  #place(device: string) {
    const databases = this.#databases.get(device) ?? new IDBFactory();
    this.#databases.set(device, databases);
    return { databases, profile: device, allowLoopback: true, groupMedia: testGroupMedia };
  }

  /** Sign up with the password of tests; or `byPasskey`. */
  async signUp(
    name: string,
    { password = PASSWORD, ...more }: Partial<SignupOptions> & { byPasskey?: boolean } = {},
  ): Promise<Client> {
    const link = await this.#server.link();
    const { origin } = this.#server;
    const place = this.#place(name);
    const who = { ...place, origin, link, name, ...more };
    const { byPasskey = false } = more;
    return this.#kept(await Client.signup(byPasskey ? who : { ...who, password }));
  }

  /** Go on at this server with what a file holds, under the password of tests; or `byPasskey`. */
  async moveIn(
    name: string,
    { data, passphrase }: Carried,
    { byPasskey = false } = {},
  ): Promise<Client> {
    const [link, moved] = [await this.#server.link(), await readFile(data, passphrase)];
    const place = this.#place(`${name} moved`); // their old profile may be open as well
    const who = { ...place, origin: this.#server.origin, link, name };
    const way = byPasskey ? {} : { password: PASSWORD };
    return this.#kept(await Client.moveIn({ ...who, ...way }, moved));
  }

  async login(device: string, handle: string, how: Login, password = PASSWORD): Promise<Client> {
    const { origin } = this.#server;
    const place = this.#place(device);
    return this.#kept(await Client.login({ ...place, origin, handle, password, ...how }));
  }

  /** Make another device with whatever passkey the browser has. */
  async passkeyLogin(device: string): Promise<Client> {
    const { origin } = this.#server;
    return this.#kept(await Client.loginWithPasskey({ ...this.#place(device), origin }));
  }

  async open(device: string, how: Partial<OpenOptions> = {}): Promise<Client> {
    return this.#kept(await Client.open({ ...this.#place(device), ...how }));
  }

  async state(device: string): Promise<string> {
    const { databases, profile } = this.#place(device);
    return await Client.profileState(profile, { databases });
  }

  async remove(device: string): Promise<void> {
    const { databases, profile } = this.#place(device);
    await Client.removeProfile(profile, { databases });
  }

  async close(...clients: Client[]): Promise<void> {
    for (const client of clients.length > 0 ? clients : [...this.#open]) {
      this.#open.delete(client);
      await client.close();
    }
  }

  /** Make two people contacts. */
  async befriend(inviter: Client, requester: Client): Promise<Contact> {
    const contact = await requester.acceptInvite(await inviter.createInvite(), { waitS: 20 });
    if (contact === undefined) throw new Error(`no answer: ${state(inviter)} ${state(requester)}`);
    await settle(inviter, requester);
    return contact;
  }

  #kept(client: Client): Client {
    this.#open.add(client);
    return client;
  }
}

/** Let every device read and answer until nothing is under way. */
export async function settle(...clients: Client[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const client of clients) await client.sync();
  }
}

/** What to look at when something did not come. */
export function state(client: Client): string {
  const { dropped, waiting, kept } = client.diagnostics();
  const { connection } = client;
  return JSON.stringify({ dropped: [...dropped], waiting, kept, connection });
}

/** The reasons for which envelopes were dropped. */
export function drops(client: Client): string[] {
  return [...client.diagnostics().dropped.keys()];
}

export function texts(messages: readonly Message[]): string[] {
  return messages.map(({ text }) => text);
}

/** The conversation with a contact, by name or its beginning. */
export function thread(client: Client, contact: string): string[] {
  return texts(client.history(client.findContact(contact)));
}

/** Wait until something is so. */
export async function until(what: () => boolean, seconds = 30): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!what()) {
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
