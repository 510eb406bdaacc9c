/**
 * What members of a group call show of themselves: hands, muted or not, reactions, requests.
 *
 * All of it is said by members, for people; nothing is sent, heard or muted by it. Times are seconds of
 * one clock. Not for: how it is said (`group_call_voice.ts`), who is in the call.
 */

import type { GroupCallState, Sign } from "../core/content_group_call.ts";
import { assertNever } from "../core/never.ts";

/** Between two reactions of one member that are shown. Lower: one member fills the screen. */
export const REACTION_S = 0.5;

/** Between two requests of one member to mute that are shown. Lower: they can be used to pester. */
export const ASKS_S = 15;

/** What somebody shows, without its place among contents. */
export type Shows = Omit<GroupCallState, "kind">;

/** What each member shows now. */
export class Signs {
  /** What we show. */
  own: GroupCallState;
  readonly #states = new Map<number, GroupCallState>();
  readonly #last = new Map<string, number>();

  constructor(own: Pick<Shows, "camera">) {
    const { camera } = own;
    const others = { hand: false, microphone: true, screen: false };
    this.own = { kind: "groupcall.state", camera, ...others };
  }

  /** What a member shows; undefined: it has not said. */
  of(leaf: number): GroupCallState | undefined {
    return this.#states.get(leaf);
  }

  /** Forget what all others show: we come in again, and places are others'. */
  anew(): void {
    this.#states.clear();
    this.#last.clear();
  }

  /** Forget who went: their places may be others' now. */
  gone(leaves: Iterable<number>): void {
    for (const leaf of leaves) {
      this.#states.delete(leaf);
      for (const kind of ["groupcall.reaction", "groupcall.please_mute"] as const) {
        this.#last.delete(keyOf(leaf, kind));
      }
    }
  }

  /** Take what a member says; return whether it is to be shown. */
  took(leaf: number, sign: Sign, now: number): boolean {
    switch (sign.kind) {
      case "groupcall.state": {
        const before = this.#states.get(leaf);
        this.#states.set(leaf, sign);
        return before === undefined || !isSame(before, sign);
      }
      case "groupcall.reaction":
        return this.#isSlow(leaf, sign, now, REACTION_S);
      case "groupcall.please_mute":
        return this.#isSlow(leaf, sign, now, ASKS_S);
      default:
        return assertNever(sign);
    }
  }

  #isSlow(leaf: number, { kind }: Sign, now: number, least: number): boolean {
    // CK-873: faster than a person makes them they are dropped.
    const key = keyOf(leaf, kind);
    const last = this.#last.get(key);
    if (last !== undefined && now - last < least) return false;
    this.#last.set(key, now);
    return true;
  }
}

function isSame(one: GroupCallState, other: GroupCallState): boolean {
  const names = ["hand", "microphone", "camera", "screen"] as const;
  return names.every((name) => one[name] === other[name]);
}

function keyOf(leaf: number, kind: Sign["kind"]): string {
  return `${leaf} ${kind}`;
}
