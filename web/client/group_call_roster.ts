/**
 * What a person is shown of a call of many, and shows of themselves; a member's, or a guest's (twin of
 * `src/visavis/sdk/group_call_view.py`).
 *
 * Names are looked up, which takes a moment; what is shown stays in the order in which it happened. Not
 * for: who may be in the call, or how it is carried on (`group_call_stay.ts`, `guest.ts`).
 */

import { equal } from "../core/bytes.ts";
import type { Reaction, Sign } from "../core/content_group_call.ts";
import { Code, UnavailableError } from "../core/errors.ts";
import type { LeftReason } from "../core/group_call_types.ts";
import { guestOf, isGuest } from "../core/guest.ts";
import { type GroupId, SignatureKey } from "../core/ids.ts";
import type { MemberInfo } from "../core/mls/index.ts";
import { consentOf } from "../core/recording_leaf.ts";
import type { GroupCallKeys } from "./group_call_keys.ts";
import type { AtPlace, Called, CallOfMany, InCall } from "./group_call_objects.ts";
import type { Watcher } from "./group_call_seam.ts";
import type { GroupCallShell } from "./group_call_shell.ts";
import { type Shows, Signs } from "./group_call_signs.ts";
import type { Ways } from "./group_call_ways.ts";
import { deviceOf } from "./groups.ts";
import { Lock } from "./lock.ts";

/** A member as it is shown, but for its place and what it shows of itself. */
export type Identified = Omit<InCall, keyof AtPlace | "shows">;

/** Who members are to this device. */
export type Known = Readonly<{
  /** What to call a member who is no guest. */
  name(member: MemberInfo): Promise<string>;
  inCall(member: MemberInfo): Promise<Identified>;
}>;

/** Being in the call's group: what is of no use once we are out of it. */
export type Part = Readonly<{ keys: GroupCallKeys; shell: GroupCallShell }>;

/** What a roster is made from. */
export type RosterParts = Readonly<{
  /** As the person sees it. */
  call: CallOfMany;
  known: Known;
  /** Runs work that takes a moment. */
  spawn: (work: () => Promise<void>) => unknown;
  /** Returns seconds that never go backwards. */
  monotonic: () => number;
  /** Told that we are in it no longer. */
  over: (reason: LeftReason) => void;
  /** Told who is in it now. */
  shown?: (members: readonly InCall[]) => void;
  /** Whether the person is seen at first. */
  camera: boolean;
}>;

type Change = Readonly<{ came: readonly MemberInfo[]; went: readonly MemberInfo[] }>;

/** Tells one call what happens in it, and the others what the person shows. */
export class Roster implements Watcher {
  readonly #parts: RosterParts;
  readonly #signs: Signs;
  readonly #turns = new Lock();
  #part: Part | undefined;
  #isNewHere = false;
  #isOver = false;

  constructor(parts: RosterParts) {
    this.#parts = parts;
    const { camera } = parts;
    this.#signs = new Signs({ camera });
  }

  /**
   * We take part.
   *
   * @param part Before the shell runs.
   * @param isNewHere Others were there before us: they have not come in.
   */
  begin(part: Part, { isNewHere }: Readonly<{ isNewHere: boolean }>): void {
    this.#signs.anew();
    part.shell.show(this.#signs.own);
    this.#part = part;
    this.#isNewHere = isNewHere;
    this.#show(part);
  }

  /** Show who is in it once more: names have changed. */
  again(): void {
    if (this.#part !== undefined) this.#show(this.#part);
  }

  /** We take part no longer, for now or for good. */
  outside(): void {
    this.#part = undefined;
    this.#inTurn(() => this.#parts.call.outside());
  }

  /** It is over: show nothing any more, then do what is left. */
  async end(last: () => void | Promise<void>): Promise<void> {
    await this.#turns.run(async () => {
      this.#isOver = true;
      await last();
    });
  }

  // What the person shows

  /** Show something of ourselves. */
  showOwn(changes: Partial<Shows>): void {
    this.#signs.own = { ...this.#signs.own, ...changes };
    const part = this.#part;
    if (part === undefined) return;
    part.shell.show(this.#signs.own);
    this.#show(part);
  }

  /** Show a reaction. */
  react(reaction: Reaction): void {
    this.#part?.shell.react(reaction);
  }

  /** Ask a member to mute itself. @throws UnavailableError CONFLICT (CK-876). */
  askToMute(member: AtPlace): void {
    const part = this.#part;
    if (part === undefined) return;
    requireThere(part.keys.members(), member);
    part.shell.tell(member.leaf, { kind: "groupcall.please_mute" });
  }

  // From the shell

  /** Somebody came or went. */
  changed(came: readonly MemberInfo[], went: readonly MemberInfo[]): void {
    this.#signs.gone(
      [...came, ...went].flatMap(({ leafIndex }) => (leafIndex === null ? [] : [leafIndex])),
    );
    // Those who were there before us have not come in.
    const change = this.#isNewHere ? undefined : { came, went };
    this.#isNewHere = false;
    if (this.#part !== undefined) this.#show(this.#part, change);
  }

  /** A member shows something of itself, or asks us for something. */
  said(leaf: number, sign: Sign): void {
    const part = this.#part;
    const member = part?.keys.members().get(leaf);
    if (part === undefined || member === undefined) return;
    const before = this.#signs.of(leaf);
    if (!this.#signs.took(leaf, sign, this.#parts.monotonic())) return;
    const isRaised = sign.kind === "groupcall.state" && sign.hand && !before?.hand;
    if (sign.kind === "groupcall.state") this.#show(part);
    this.#inTurn(async () => {
      const called = await this.#called(member);
      const { call } = this.#parts;
      if (isRaised) call.changed({ hand: called });
      if (sign.kind === "groupcall.please_mute") call.changed({ asks: { ...called, leaf } });
      if (sign.kind === "groupcall.reaction") {
        call.changed({ reaction: { ...called, reaction: sign.reaction } });
      }
    });
  }

  /** So many are in the room who are no members of the call. */
  unlisted(count: number): void {
    this.#inTurn(() => this.#parts.call.changed({ unlisted: count }));
  }

  /** This device is in the call no longer. */
  over(reason: LeftReason): void {
    this.#parts.over(reason);
  }

  /** Show who is in it now; and who came and went, if that is to be told. */
  #show({ keys }: Part, change?: Change): void {
    const { call, known, shown } = this.#parts;
    const [members, epoch] = [[...keys.members()], keys.epoch];
    this.#inTurn(async () => {
      const inOrder = members.sort(([one], [other]) => one - other);
      const all = await Promise.all(
        inOrder.map(async ([leaf, member]): Promise<InCall> => {
          const one = await known.inCall(member);
          call.recording.learn(consentOf(member).key, one.name);
          const shows = one.own ? this.#signs.own : this.#signs.of(leaf);
          return { leaf, key: new SignatureKey(member.signatureKey), ...one, shows };
        }),
      );
      const named = change && {
        came: await Promise.all(change.came.map((one) => this.#called(one))),
        went: await Promise.all(change.went.map((one) => this.#called(one))),
      };
      if (this.#isOver) return;
      shown?.(all);
      call.show(all, epoch);
      if (named !== undefined) call.changed(named);
    });
  }

  async #called(member: MemberInfo): Promise<Called> {
    // Whoever else has that name.
    if (isGuest(member)) return { name: guestOf(member).name.trim(), guest: true };
    return { name: await this.#parts.known.name(member), guest: false };
  }

  #inTurn(work: () => void | Promise<void>): void {
    const unlessOver = () => (this.#isOver ? undefined : work());
    this.#parts.spawn(() => this.#turns.run(unlessOver));
  }
}

/**
 * Return who is at somebody's place, if it is still they.
 *
 * @param members Who is in the call now, by leaf.
 * @throws UnavailableError CONFLICT (CK-876).
 */
export function requireThere(
  members: ReadonlyMap<number, MemberInfo>,
  { leaf, key }: AtPlace,
): MemberInfo {
  const member = members.get(leaf);
  // CK-876: between a look at who is there and what is done about somebody, their place may have
  // become another's.
  if (member === undefined || !equal(member.signatureKey, key)) {
    throw new UnavailableError(Code.CONFLICT, "CK-876: they are not at this place any more");
  }
  return member;
}

/** Return a guest as it is shown. */
export function guestInCall(member: MemberInfo, own: boolean): Identified {
  const { name } = guestOf(member);
  return { account: undefined, name, own, verified: false, guest: true };
}

/** Return who the members of a group's call are to one of them. */
export function knownToMembers(ways: Ways, group: GroupId): Known {
  const known: Known = {
    async name(member) {
      const { account } = await deviceOf(member);
      return await ways.nameOf(group, account);
    },
    async inCall(member) {
      if (isGuest(member)) return guestInCall(member, false);
      const { account, device } = await deviceOf(member);
      const own = equal(account, ways.account) && equal(device, ways.device);
      const verified = await ways.isVerified(group, account);
      return { account, name: await known.name(member), own, verified, guest: false };
    },
  };
  return known;
}
