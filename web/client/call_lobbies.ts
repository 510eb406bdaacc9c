/**
 * The lobbies of all links of one call, while this device is in it (docs/protocol/call-link.md).
 *
 * For each good link of the group that this device made there is a lobby room at the server, and we
 * are in it; a link that is made meanwhile gets one, one that ends loses it.
 *
 * Not for: what is said in a lobby (`call_lobby.ts`).
 */

import { compare, equal, hex } from "../core/bytes.ts";
import type { Named } from "../core/content_lobby.ts";
import { VisavisError } from "../core/errors.ts";
import { guestOf, isGuest } from "../core/guest.ts";
import { lobbyRoom, lobbyRoomKey } from "../core/lobby.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import type { OwnLink } from "./call_link_book.ts";
import { type Host, Lobby, type Meeting, type Visit } from "./call_lobby.ts";
import { CallRoomSocket } from "./call_room.ts";
import type { AtDoor, GroupCall } from "./group_call_objects.ts";
import type { GroupCallShell } from "./group_call_shell.ts";
import type { Ways } from "./group_call_ways.ts";
import { deviceOf } from "./groups.ts";
import { Lock } from "./lock.ts";
import type { Spawned } from "./seam.ts";

type Open = Readonly<{ lobby: Lobby; running: Spawned }>;

/** Lobbies of one call on this device. */
export class CallLobbies implements Host {
  readonly #ways: Ways;
  readonly #call: GroupCall;
  /** By the link's name in hex. */
  readonly #lobbies = new Map<string, Open>();
  /** Opens and ends lobbies, one after another. */
  readonly #turns = new Lock();
  #atDoor: ReadonlyMap<Visit, AtDoor> = new Map();
  #shell: GroupCallShell | undefined;
  #forget: (() => void) | undefined;

  /**
   * @param ways The session.
   * @param call The call, as the person sees it.
   */
  constructor(ways: Ways, call: GroupCall) {
    this.#ways = ways;
    this.#call = call;
  }

  /** We are in the call: hear who asks to be let in. */
  comeIn(shell: GroupCallShell): void {
    this.#shell = shell;
    this.#forget ??= this.#ways.links.onChange(() => this.#lookSoon());
    this.#lookSoon();
  }

  /** We are in it no longer, perhaps to come in again: guests are asked to wait. */
  goOut(): void {
    this.#shell = undefined;
  }

  /** Leave all lobbies. */
  async close(): Promise<void> {
    this.#forget?.();
    this.#forget = undefined;
    await this.#turns.run(async () => {
      const all = [...this.#lobbies.values()];
      this.#lobbies.clear();
      for (const one of all) await this.#end(one);
      this.changed();
    });
  }

  /** A guest is removed by us: they are not let in again. */
  shutOut(member: MemberInfo): void {
    if (!isGuest(member)) return;
    const { key } = guestOf(member);
    for (const { lobby } of this.#lobbies.values()) {
      const visit = lobby.guest(key);
      if (visit !== undefined) this.#ways.spawn(() => lobby.refuse(visit));
    }
  }

  #lookSoon(): void {
    this.#ways.spawn(() => this.#turns.run(() => this.#look()));
  }

  /** Have a lobby for each link that is good, and for no other. */
  async #look(): Promise<void> {
    if (this.#forget === undefined) return;
    const { links } = this.#ways;
    await links.purge();
    const ours = links.all().filter(({ group }) => equal(group, this.#call.group));
    const good = new Map(ours.map((link) => [hex(link.name), link]));
    for (const [name, link] of good) if (!this.#lobbies.has(name)) await this.#tryToOpen(link);
    for (const [name, one] of [...this.#lobbies]) {
      // Whoever was let in by a link for one may come in again while we are here.
      if (good.has(name) || one.lobby.isUsed) continue;
      this.#lobbies.delete(name);
      await this.#end(one);
    }
    this.changed();
  }

  async #tryToOpen(link: OwnLink): Promise<void> {
    try {
      await this.#open(link);
    } catch (error) {
      // No address is left to hand out, or we are out of the group: nobody is heard by this link yet.
      if (!(error instanceof VisavisError)) throw error;
    }
  }

  async #open(link: OwnLink): Promise<void> {
    const ways = this.#ways;
    const { origin, rng } = ways;
    const place = { n: 0, key: lobbyRoomKey(link.lobbyPrivate) };
    const desk = {
      keys: await ways.keyMaterial(link.group),
      deviceList: ways.deviceList(),
      address: await ways.links.hold(link),
      now: () => ways.now(),
      monotonic: () => ways.monotonic(),
      rng,
    };
    const options = { ticket: await ways.ticket(), isNew: true };
    const room = new CallRoomSocket(origin, lobbyRoom(link.secret), async () => place, options);
    const lobby = new Lobby(link, room, desk, this);
    room.start();
    const running = ways.spawn((signal) => lobby.run(signal));
    this.#lobbies.set(hex(link.name), { lobby, running });
  }

  async #end({ lobby, running }: Open): Promise<void> {
    running.cancel();
    await running.done;
    await lobby.end();
    try {
      await this.#ways.links.release(lobby.link);
    } catch (error) {
      // The profile is being closed: `purge` of the next start does it.
      if (!(error instanceof VisavisError)) throw error;
    }
  }

  // For the lobbies

  /** Return the call, while we are in it. */
  async meeting(): Promise<Meeting | undefined> {
    const shell = this.#shell;
    if (shell === undefined) return undefined;
    const { call, room, media, group } = this.#call.going;
    const members = [...shell.members.values()].filter((one) => !isGuest(one));
    const accounts = await Promise.all(members.map(async (one) => (await deviceOf(one)).account));
    const all = new Map(accounts.map((account) => [hex(account), account]));
    const names = [...all.values()].sort(compare).map((account): Named => {
      return { account, name: this.#ways.saidName(group, account) };
    });
    const wish: Meeting["wish"] = (keyPackage, reply) => shell.wish(keyPackage, reply);
    return { call, room, media, names, wish };
  }

  /** Who waits has changed. */
  changed(came?: Visit): void {
    const all = [...this.#lobbies.values()];
    this.#call.lobbyTaken(all.some(({ lobby }) => lobby.isShut));
    const before = this.#atDoor;
    const now = new Map<Visit, AtDoor>();
    for (const { lobby } of all) {
      for (const visit of lobby.waiting()) {
        now.set(visit, before.get(visit) ?? atDoor(lobby, visit));
      }
    }
    this.#atDoor = now;
    if (now.size === before.size && [...now.keys()].every((visit) => before.has(visit))) return;
    const shown = [...now.values()].sort((a, b) => a.since - b.since);
    this.#call.waits(shown, came && now.get(came));
  }

  /** Say whether a link lets anybody in still. */
  isGood(link: OwnLink): boolean {
    return this.#ways.links.isGood(link);
  }

  /** A guest was let in. */
  async used(link: OwnLink): Promise<void> {
    if (link.once) await this.#ways.links.spend(link);
  }
}

function atDoor(lobby: Lobby, visit: Visit): AtDoor {
  const { name, since } = visit;
  return { name, since, admit: () => lobby.admit(visit), refuse: () => lobby.refuse(visit) };
}
