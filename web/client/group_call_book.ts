/**
 * Calls that go on in our groups, as far as this device was told: who is called may come in later.
 *
 * One for each group. It is forgotten when it is over, as soon as somebody says so or its room is not
 * there any more. Not for: calls that this device is in (`group_calls.ts`), or what stays of them in
 * the history.
 */

import { type Bytes, compare, copy, equal } from "../core/bytes.ts";
import { decode, encode, isBytes, isList } from "../core/cbor.ts";
import type { GroupCallBegan } from "../core/content_group.ts";
import { Media } from "../core/content_records.ts";
import { Code, FatalError } from "../core/errors.ts";
import { AccountId, CallId, DoorKey, GroupId, RoomId } from "../core/ids.ts";
import type { Reader, Unit } from "./unit.ts";

export const GOING_ON_KIND = "group.call";

/**
 * Two calls of one group that begin within this many seconds were begun at once (P9): the one with the
 * lower id stands. Of others the later one: the one before is over, and nobody could say so.
 */
export const AT_ONCE_S = 45;

/** A call that goes on in a group. Never printed. */
export type GoingOn = Readonly<{
  group: GroupId;
  call: CallId;
  /** Its room at the server. */
  room: RoomId;
  /** Seals what is said at the room's door. */
  door: DoorKey;
  /** As what it began. */
  media: Media;
  /** Who began it. */
  by: AccountId;
  /** When, unix seconds. */
  at: number;
}>;

/** Return the call that a member says it began. */
export function goingOnOf(
  group: GroupId,
  by: AccountId,
  { call, room, door, media, at }: GroupCallBegan,
): GoingOn {
  return { group, call, room, door, media, by, at };
}

/** Is told of a call that a member began, and whether we hear it live. */
export type BeganListener = (going: GoingOn, live: boolean) => void;

/** A call that was heard of live while nobody listened, and until when it may ring (unix seconds). */
type Unheard = readonly [going: GoingOn, until: number];

/** What is kept of calls that go on. */
export class GroupCallBook {
  readonly #began: BeganListener[] = [];
  readonly #dropped: ((group: GroupId) => void)[] = [];
  readonly #over: ((group: GroupId, call: CallId) => void)[] = [];
  readonly #now: () => number;
  #unheard: Unheard[] = [];

  /** @param now Returns unix seconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Register who is told of each call that a member began, once that is on disk. */
  onBegan(listener: BeganListener): void {
    this.#began.push(listener);
    const unheard = this.#unheard;
    this.#unheard = [];
    for (const [going, until] of unheard) if (this.#now() < until) listener(going, true);
  }

  /** Register who is told that a member said that a call is over, likewise. */
  onOver(listener: (group: GroupId, call: CallId) => void): void {
    this.#over.push(listener);
  }

  /** Register who is told that we are out of a group, likewise. */
  onDropped(listener: (group: GroupId) => void): void {
    this.#dropped.push(listener);
  }

  /** Return the call that goes on in a group. */
  get(reader: Reader, group: GroupId): GoingOn | undefined {
    const data = reader.get(GOING_ON_KIND, copy(group));
    return data === undefined ? undefined : fromBytes(group, data);
  }

  /** Keep a call, if it is the one that stands in its group; say whether it does. */
  note(unit: Unit, going: GoingOn): boolean {
    const known = this.get(unit, going.group);
    if (known !== undefined && !stands(going, known)) return equal(known.call, going.call);
    unit.put(GOING_ON_KIND, copy(going.group), toBytes(going));
    return true;
  }

  /** Keep a call that a member says it began; say whether that is news and it stands. */
  began(unit: Unit, going: GoingOn, { live }: Readonly<{ live: boolean }>): boolean {
    const known = this.get(unit, going.group);
    const isStanding = this.note(unit, going);
    unit.after(() => {
      // Whoever opens a page because it rings loads what lets it ring a moment later.
      const until = this.#now() + AT_ONCE_S;
      if (live && this.#began.length === 0) this.#unheard.push([going, until]);
      for (const listener of this.#began) listener(going, live);
    });
    return isStanding && (known === undefined || !equal(known.call, going.call));
  }

  /** Forget a call that a member says is over. */
  over(unit: Unit, group: GroupId, call: CallId): void {
    this.forget(unit, group, call);
    unit.after(() => {
      this.#unheard = this.#unheard.filter(([going]) => !equal(going.call, call));
      for (const listener of this.#over) listener(group, call);
    });
  }

  /** Forget a call, if it is the one that goes on. */
  forget(unit: Unit, group: GroupId, call: CallId): void {
    const known = this.get(unit, group);
    if (known !== undefined && equal(known.call, call)) unit.delete(GOING_ON_KIND, copy(group));
  }

  /** Forget what goes on in a group that we are out of. */
  drop(unit: Unit, group: GroupId): void {
    unit.delete(GOING_ON_KIND, copy(group));
    unit.after(() => {
      for (const listener of this.#dropped) listener(group);
    });
  }
}

function stands(fresh: GoingOn, known: GoingOn): boolean {
  if (Math.abs(fresh.at - known.at) <= AT_ONCE_S) return compare(fresh.call, known.call) < 0;
  return fresh.at > known.at;
}

function toBytes({ call, room, door, by, media, at }: GoingOn): Bytes {
  return encode([call, room, door, by, media, at]);
}

function fromBytes(group: GroupId, data: Bytes): GoingOn {
  const value = decode(data);
  const fields = isList(value) && value.length === 6 ? value : [];
  const [call, room, door, by, media, at] = fields;
  if (
    !isBytes(call) ||
    !isBytes(room) ||
    !isBytes(door) ||
    !isBytes(by) ||
    !(media === Media.VIDEO || media === Media.VOICE) ||
    typeof at !== "number"
  ) {
    throw new FatalError(Code.MALFORMED, "a call of a group cannot be read");
  }
  return {
    group: new GroupId(group),
    call: new CallId(call),
    room: new RoomId(room),
    door: new DoorKey(door),
    media,
    by: new AccountId(by),
    at,
  };
}
