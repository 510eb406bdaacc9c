/** Both devices of an account, and who recorded them, told alike whichever kind of device each is. */

import { vi } from "vitest";
import type { Client, SignupOptions } from "../../client/client.ts";
import { get } from "../../core/byte_sets.ts";
import { fromHex, hex } from "../../core/bytes.ts";
import { consentIn } from "../../core/consent_record.ts";
import { AuthorizationError, Code, UnavailableError } from "../../core/errors.ts";
import { Digest } from "../../core/ids.ts";
import { all as settleAll, underneath } from "./group_people.ts";
import { drops, PASSWORD, type People } from "./live_people.ts";
import type { TestServer } from "./server.ts";

/** What somebody answered, as "my consents" of a device has it. */
type Consent = Readonly<{
  /** The request, in hex. */
  ask: string;
  by: string;
  title: string;
  purpose: string;
  state: string;
  granted: readonly string[];
  /** Whether our share of the key may lie at the server. */
  has_share: boolean;
  /** In hex. */
  receipt: string;
}>;

/** What somebody recorded. */
type Recorded = Readonly<{
  ask: string;
  /** The file proves itself. */
  ok: boolean;
  /** Who took it back, as the device knows. */
  withdrawn: readonly string[];
  /** Of whom there is something, and whether it can be played. */
  members: readonly (readonly [name: string, playable: boolean])[];
  /** Whose share the server gives; "": our own. */
  lying: readonly string[];
  /** Who took it back, as the file proves. */
  file_says: readonly string[];
}>;

/** A device, of either kind. */
export interface Device {
  consents(): Promise<readonly Consent[]>;
  /** Take a yes back; say whether the share is gone. */
  takeBack(ask: string): Promise<boolean>;
  recordings(): Promise<readonly Recorded[]>;
  /** Write the vault now, not within the hour. */
  writeVault(): Promise<void>;
  /** From now on no share can be deleted from here, as if the server gave no answer. */
  cannotDelete(): Promise<void>;
}

export class PythonDevice implements Device {
  readonly who: string;
  readonly #server: TestServer;

  constructor(server: TestServer, who: string) {
    this.#server = server;
    this.who = who;
  }

  do<T = void>(name: string, more: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return this.#server.ask<T>(name, { who: this.who, ...more });
  }

  consents(): Promise<readonly Consent[]> {
    return this.do("consents");
  }

  takeBack(ask: string): Promise<boolean> {
    return this.do("consent_withdraw", { ask });
  }

  recordings(): Promise<readonly Recorded[]> {
    return this.do("recordings");
  }

  writeVault(): Promise<void> {
    return this.do("write_vault");
  }

  cannotDelete(): Promise<void> {
    return this.do("shares_stay");
  }
}

export class Browser implements Device {
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  async consents(): Promise<readonly Consent[]> {
    const { consents } = this.client;
    const read = async (one: ReturnType<typeof consents.all>[number]) => {
      const { ask, given, state } = await consentIn(one);
      return {
        ...{ ask: hex(one.ask), by: one.by, title: one.title, purpose: ask.purpose, state },
        granted: [...(given?.kinds ?? [])].sort(),
        has_share: one.share !== null,
        receipt: hex(await consents.receipt(one)),
      };
    };
    return await Promise.all(consents.all().map(read));
  }

  async takeBack(ask: string): Promise<boolean> {
    return await this.client.consents.withdraw(new Digest(fromHex(ask)));
  }

  async recordings(): Promise<readonly Recorded[]> {
    const { anonymous, recordings } = underneath(this.client);
    const told = recordings.all().map(async (kept) => {
      const { proof, members } = await recordings.look(kept);
      const lying: string[] = [];
      for (const [, { name, slot, read }] of kept.members.values()) {
        try {
          await anonymous.readShare(slot, read);
          lying.push(name);
        } catch (error) {
          if (!(error instanceof AuthorizationError)) throw error;
        }
      }
      const takenBack = [...kept.members.values()].filter(
        ([key]) => get(kept.said, key)?.stands === false,
      );
      const inFile = proof.members.filter(({ withdrawn }) => withdrawn !== null);
      return {
        ...{ ask: hex(kept.ask), ok: proof.ok, lying: lying.sort() },
        withdrawn: takenBack.map(([, { name }]) => name),
        members: members.map(({ name, playable }) => [name, playable] as const),
        file_says: inFile.map(({ key }) => get(kept.members, key)?.name ?? "nobody"),
      };
    });
    return await Promise.all(told);
  }

  writeVault(): Promise<void> {
    return underneath(this.client).vault.write();
  }

  /** From now on the vault is written when it is told to be, and not within the hour. */
  writesWhenTold(): void {
    const { vault } = underneath(this.client);
    const write = vault.write.bind(vault);
    vi.spyOn(vault, "write").mockImplementation(async (options = {}) => {
      if (!options.ifDue) await write(options);
    });
  }

  async cannotDelete(): Promise<void> {
    const { shares } = underneath(this.client).recording;
    if (shares === undefined) throw new Error("no shares");
    vi.spyOn(shares, "delete").mockRejectedValue(new UnavailableError(Code.UNAVAILABLE, "away"));
  }
}

/** An account with a browser and a Python device, which are contacts of nobody yet. */
export class OneVault {
  readonly browser: Browser;
  readonly python: PythonDevice;
  readonly handle: string;
  readonly #server: TestServer;

  private constructor(server: TestServer, client: Client, who: string) {
    this.#server = server;
    this.browser = new Browser(client);
    this.python = new PythonDevice(server, who);
    this.handle = client.handle;
  }

  static async of(
    server: TestServer,
    people: People,
    name: string,
    means: NonNullable<SignupOptions["means"]> = {},
  ): Promise<OneVault> {
    const client = await people.signUp(name, { means });
    const { handle, recoveryCode: recovery } = client;
    const who = `${name} py`;
    await server.ask("login", { who, handle, password: PASSWORD, recovery });
    const both = new OneVault(server, client, who);
    // Else one of them may hear of something a moment before the test looks.
    both.browser.writesWhenTold();
    await both.python.do("vault_waits");
    await both.settle();
    return both;
  }

  /** Let both devices, and others, read and answer until nothing is under way. */
  async settle(...others: readonly Device[]): Promise<void> {
    const all = [this.browser, this.python, ...others];
    const browsers = all.flatMap((one) => (one instanceof Browser ? [one.client] : []));
    const pythons = all.flatMap((one) => (one instanceof PythonDevice ? [one.who] : []));
    await settleAll(this.#server, browsers, pythons);
  }

  /** Have a device write the vault, and the other read it. */
  async shares(writer: Device): Promise<void> {
    await writer.writeVault();
    await this.settle();
  }

  /** What either device dropped, by reason. */
  async dropped(): Promise<readonly (readonly string[])[]> {
    const byReason = await this.python.do<Record<string, number>>("dropped");
    return [drops(this.browser.client), Object.keys(byReason)];
  }

  /** The other device. */
  beside(device: Device): Device {
    return device === this.browser ? this.python : this.browser;
  }
}
