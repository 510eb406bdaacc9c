/**
 * The lobby of one call link, at the host's device: who waits, who is let in, who is not (P15).
 *
 *     lobby.ask  -> the person is asked         -> lobby.waiting, then lobby.pass or lobby.ended
 *     lobby.come -> a wish in the call's group  -> lobby.welcome
 *
 * A visit is one guest's, by the key it seals with; all of it is in memory and ends with the stay in
 * the call. Nobody is let in but by the person. Not for: which links there are (`call_link_book.ts`),
 * or what a guest's device does (`guest.ts`).
 */

import type { ContactAddress } from "../core/address.ts";
import { type Bytes, compare, equal, hex, type Rng } from "../core/bytes.ts";
import {
  decodeToHost,
  encodeToGuest,
  type LobbyAsk,
  LobbyEnd,
  type Named,
  type ToGuest,
} from "../core/content_lobby.ts";
import type { Media } from "../core/content_records.ts";
import { Code, PeerError, VisavisError } from "../core/errors.ts";
import { guestOf, requirePass, signPass } from "../core/guest.ts";
import type { CallId, RoomId, SignatureKey } from "../core/ids.ts";
import { type LobbySeal, openLobbyKnock } from "../core/lobby.ts";
import { SUITE_ID, signaturePublicKey, UnverifiedKeyPackage } from "../core/mls/index.ts";
import { assertNever } from "../core/never.ts";
import type { OwnLink } from "./call_link_book.ts";
import type { Reply } from "./group_call_joiners.ts";
import type { CallRoom } from "./group_call_seam.ts";
import { Lock, sleep } from "./lock.ts";
import type { KeyMaterial } from "./seam.ts";

/** Guests who wait in one lobby at once (CK-911). More could not be told apart by anybody. */
export const MAX_WAITING = 32;

/** Refused visits that are remembered while the host is in the call; the oldest go first. */
export const MAX_REFUSED = 256;

/** Seconds without a word until somebody who waits is gone: their device asks every 20. */
export const SILENT_S = 50;

const LOOK_S = 2;

/** One guest's visit, at the host's device. */
export type Visit = {
  /** Between the guest and us. */
  readonly seal: LobbySeal;
  /** With which the guest's leaf will sign. */
  readonly key: SignatureKey;
  /** What they want to be called; verified by nobody. */
  readonly name: string;
  /** Unix seconds, when they asked first. */
  readonly since: number;
  /** Under which they stand at the door now. */
  knock: number;
  /** When they were heard last, on a clock that never goes backwards. */
  heard: number;
  /** How far it has come. */
  stage: "waiting" | "admitted" | "refused";
  /** What a refused guest is told. */
  why: LobbyEnd;
};

/** The call that guests are let into. Never printed. */
export type Meeting = Readonly<{
  call: CallId;
  /** Its room. */
  room: RoomId;
  /** As what it began. */
  media: Media;
  /** What its members are called. */
  names: readonly Named[];
  /** Has somebody added by us; as `GroupCallShell.wish`. */
  wish: (keyPackage: Bytes, reply: Reply) => void;
}>;

/** What a lobby needs of the call and the session. */
export interface Host {
  /** Return the call, while we are in it. */
  meeting(): Promise<Meeting | undefined>;
  /** Who waits has changed; somebody new, perhaps. */
  changed(came?: Visit): void;
  /** Say whether a link lets anybody in still. */
  isGood(link: OwnLink): boolean;
  /** A guest was let in: a link for one is over, before anybody hears of it. */
  used(link: OwnLink): Promise<void>;
}

/** What a lobby answers with. Never printed. */
export type Desk = Readonly<{
  /** What we sign passes with; its validator judges a guest's key package. */
  keys: KeyMaterial;
  /** Of our account. */
  deviceList: Bytes;
  /** What guests show the server to get a relay: an address made for this link. */
  address: ContactAddress;
  /** Returns unix seconds. */
  now: () => number;
  /** Returns seconds that never go backwards. */
  monotonic: () => number;
  rng: Rng;
}>;

/** One link's lobby, for as long as we are in the call. */
export class Lobby {
  readonly link: OwnLink;
  /** Whether it was a link for one guest, who was let in. */
  isUsed = false;
  /** Whether the server has no place for it, or somebody else took it. */
  isShut = false;
  readonly #room: CallRoom;
  readonly #desk: Desk;
  readonly #host: Host;
  /** By the guest's public key in hex. */
  readonly #visits = new Map<string, Visit>();
  /** What guests say and what the person wants is dealt with one after another. */
  readonly #turns = new Lock();

  /**
   * @param link The link.
   * @param room The lobby's room: we are in it.
   * @param desk What is answered with.
   * @param host Whose lobby it is.
   */
  constructor(link: OwnLink, room: CallRoom, desk: Desk, host: Host) {
    this.link = link;
    this.#room = room;
    this.#desk = desk;
    this.#host = host;
  }

  /** Return who waits, the longest first. */
  waiting(): readonly Visit[] {
    return [...this.#visits.values()]
      .filter(({ stage }) => stage === "waiting")
      .sort((a, b) => a.since - b.since || compare(a.key, b.key));
  }

  /** Return the visit of a guest that was let in. */
  guest(key: SignatureKey): Visit | undefined {
    return [...this.#visits.values()].find(
      (visit) => visit.stage === "admitted" && equal(visit.key, key),
    );
  }

  /** Hear who knocks, until the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const stop = AbortSignal.any([ended.signal, signal]);
    const looking = this.#lookAround(stop);
    try {
      await this.#listen(stop);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      ended.abort();
      await looking;
    }
  }

  /** Tell those who wait that the link is over, and leave the lobby. */
  async end(): Promise<void> {
    await this.#turns.run(async () => {
      for (const visit of this.waiting()) await this.#answer(visit, ended(LobbyEnd.CLOSED));
      this.#visits.clear();
    });
    await this.#room.leave();
  }

  // What the person wants

  /** Let somebody in; false if they wait no longer, or the link is over. */
  admit(visit: Visit): Promise<boolean> {
    return this.#turns.run(async () => {
      // Whoever has gone, or whose lobby is left, would use the link up for nobody.
      const isHere = this.#visits.get(hex(visit.seal.guest)) === visit;
      if (!isHere || visit.stage !== "waiting" || !this.#takes(visit)) return false;
      // Before anybody hears of it: were we to end here, the link would be good for nobody.
      this.isUsed = this.link.once;
      try {
        await this.#host.used(this.link);
      } catch (error) {
        this.isUsed = false;
        throw error;
      }
      visit.stage = "admitted";
      this.#host.changed();
      await this.#pass(visit);
      if (this.isUsed) {
        for (const other of this.waiting()) await this.#refuse(other, LobbyEnd.CLOSED);
      }
      return true;
    });
  }

  /** Do not let somebody in, or not again: what they ask from now on is refused. */
  refuse(visit: Visit): Promise<void> {
    return this.#turns.run(() => this.#refuse(visit, LobbyEnd.REFUSED));
  }

  async #refuse(visit: Visit, why: LobbyEnd): Promise<void> {
    visit.stage = "refused";
    visit.why = why;
    this.#host.changed();
    await this.#answer(visit, ended(why));
  }

  // What guests say

  async #listen(signal: AbortSignal): Promise<void> {
    for (;;) {
      const event = await this.#room.next(signal);
      if (event.kind === "roomShut") {
        this.isShut = true;
        this.#host.changed();
        return;
      }
      if (event.kind !== "room.knocked") continue;
      try {
        await this.#turns.run(() => this.#knocked(event.knock, event.body));
      } catch (error) {
        // Who knocks wrongly is not answered.
        if (!(error instanceof VisavisError)) throw error;
      }
    }
  }

  async #knocked(knock: number, body: Bytes): Promise<void> {
    const { secret, lobbyPrivate } = this.link;
    const { seal, content } = await openLobbyKnock(secret, lobbyPrivate, body);
    const said = decodeToHost(content);
    const visit = this.#visits.get(hex(seal.guest));
    if (visit !== undefined) {
      visit.knock = knock;
      visit.heard = this.#desk.monotonic();
    }
    switch (said.kind) {
      case "lobby.ask":
        return await this.#asked(visit ?? (await this.#fresh(seal, said, knock)), said);
      case "lobby.come":
        if (visit === undefined) throw notLetIn();
        return await this.#comes(visit, said.keyPackage);
      default:
        return assertNever(said);
    }
  }

  async #fresh(seal: LobbySeal, { key, name, work }: LobbyAsk, knock: number): Promise<Visit> {
    seal.checkWork(work);
    const { now, monotonic } = this.#desk;
    const heard = monotonic();
    const why = LobbyEnd.REFUSED;
    const visit: Visit = { seal, key, name, since: now(), knock, heard, stage: "waiting", why };
    if (!this.#takes(visit)) {
      await this.#answer(visit, ended(LobbyEnd.CLOSED));
      throw new PeerError(Code.EXPIRED, "CK-914 the link is over");
    }
    // CK-911: whoever has the link could fill the list that the person looks at.
    if (this.waiting().length >= MAX_WAITING) {
      await this.#answer(visit, ended(LobbyEnd.FULL));
      throw new PeerError(Code.QUOTA, "CK-911 too many wait");
    }
    const refused = [...this.#visits].filter(([, { stage }]) => stage === "refused");
    const tooMany = Math.max(0, refused.length - MAX_REFUSED + 1);
    for (const [guest] of refused.slice(0, tooMany)) this.#visits.delete(guest);
    this.#visits.set(hex(seal.guest), visit);
    this.#host.changed(visit);
    return visit;
  }

  /** Say whether the link lets this guest in still (CK-914). */
  #takes({ stage }: Visit): boolean {
    if (this.isUsed) return stage === "admitted";
    return this.#host.isGood(this.link);
  }

  async #asked(visit: Visit, { key, name }: LobbyAsk): Promise<void> {
    // One visit has one key and one name: the person said yes to these.
    if (!equal(key, visit.key) || name !== visit.name) {
      throw new PeerError(Code.UNEXPECTED, "CK-915 another name or key than before");
    }
    if (visit.stage === "refused") return await this.#answer(visit, ended(visit.why));
    if (!this.#takes(visit)) return await this.#refuse(visit, LobbyEnd.CLOSED);
    if (visit.stage === "admitted") return await this.#pass(visit);
    await this.#answer(visit, { kind: "lobby.waiting" });
  }

  async #comes(visit: Visit, keyPackage: Bytes): Promise<void> {
    const meeting = await this.#host.meeting();
    if (visit.stage !== "admitted" || !this.#takes(visit) || meeting === undefined) {
      throw notLetIn();
    }
    const { keys, now } = this.#desk;
    const { validator, signaturePrivate } = keys;
    const unverified = UnverifiedKeyPackage.parse(keyPackage);
    const judged = await unverified.verify({ now: now(), suiteId: SUITE_ID, validator });
    const guest = guestOf(judged);
    // CK-910: whoever was let in may not have somebody else added in their place.
    if (!equal(guest.key, visit.key) || guest.name !== visit.name) {
      throw new PeerError(Code.BAD_CREDENTIAL, "CK-910 not the key package of who was let in");
    }
    await requirePass(guest, meeting.call, await signaturePublicKey(SUITE_ID, signaturePrivate));
    meeting.wish(keyPackage, (welcome) => void this.#welcome(visit, welcome));
  }

  async #pass(visit: Visit): Promise<void> {
    const meeting = await this.#host.meeting();
    if (meeting === undefined) return; // They ask again.
    const { keys, deviceList, address } = this.#desk;
    const { call, room, media, names } = meeting;
    const { mailbox, capability } = address;
    await this.#answer(visit, {
      kind: "lobby.pass",
      ...{ call, room, media, names, mailbox, capability },
      device: keys.device,
      list: deviceList,
      signature: await signPass(call, visit.key, visit.name, keys.signaturePrivate),
    });
  }

  async #welcome(visit: Visit, welcome: Bytes): Promise<void> {
    try {
      await this.#answer(visit, { kind: "lobby.welcome", welcome });
    } catch (error) {
      // Too large for the door: they are not let in, and the call goes on.
      if (!(error instanceof VisavisError)) throw error;
    }
  }

  async #answer({ seal, knock }: Visit, said: ToGuest): Promise<void> {
    const body = await seal.answer(encodeToGuest(said), this.#desk.rng);
    this.#room.send({ kind: "room.let_in", knock, body });
  }

  /** Forget who waited and went away. */
  async #lookAround(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await sleep(LOOK_S, signal);
      } catch {
        return; // It is ended.
      }
      const since = this.#desk.monotonic() - SILENT_S;
      const gone = [...this.#visits].filter(
        ([, { stage, heard }]) => stage === "waiting" && heard <= since,
      );
      for (const [guest] of gone) this.#visits.delete(guest);
      if (gone.length > 0) this.#host.changed();
    }
  }
}

function ended(why: LobbyEnd): ToGuest {
  return { kind: "lobby.ended", why };
}

function notLetIn(): PeerError {
  // CK-915: whoever was not let in is told nothing and given nothing.
  return new PeerError(Code.UNEXPECTED, "CK-915 asked by somebody who was not let in");
}
