/**
 * Who sits where in a group call: an order that stays, but for whoever speaks on a later page. They
 * change places with the one on the first page who has been silent the longest.
 *
 * Pure. Leaves are places in the call's group; a leaf that went and came again sits at the end.
 */

export type Seats = Readonly<{
  order: readonly number[];
  /** Leaf -> the turn in which they began to speak last. */
  heard: ReadonlyMap<number, number>;
  turn: number;
  speaker: number | undefined;
}>;

export const NO_SEATS: Seats = { order: [], heard: new Map(), turn: 0, speaker: undefined };

/**
 * Return the seats as they are now; the same object if nothing changed.
 *
 * @param leaves who is there, without us
 * @param speaker who speaks, or spoke last
 * @param first how many sit on the first page
 */
export function reseat(
  before: Seats,
  leaves: readonly number[],
  speaker: number | undefined,
  first: number,
): Seats {
  const there = new Set(leaves);
  const stayed = before.order.filter((leaf) => there.has(leaf));
  const seated = new Set(stayed);
  const order = [...stayed, ...leaves.filter((leaf) => !seated.has(leaf))];
  const isTurn = speaker !== undefined && speaker !== before.speaker && there.has(speaker);
  const turn = isTurn ? before.turn + 1 : before.turn;
  const heard = new Map([...before.heard].filter(([leaf]) => there.has(leaf)));
  if (isTurn) heard.set(speaker, turn);
  const at = speaker === undefined ? -1 : order.indexOf(speaker);
  if (speaker !== undefined && at >= first && first > 0) {
    const seat = quietest(order.slice(0, first), heard);
    order[at] = order[seat] ?? speaker;
    order[seat] = speaker;
  }
  const isSame =
    order.length === before.order.length &&
    order.every((leaf, i) => leaf === before.order[i]) &&
    speaker === before.speaker;
  return isSame ? before : { order, heard, turn, speaker };
}

/** Who was never heard goes first, the last of them: a page is read from its beginning. */
function quietest(page: readonly number[], heard: ReadonlyMap<number, number>): number {
  let found = 0;
  page.forEach((leaf, seat) => {
    if ((heard.get(leaf) ?? 0) <= (heard.get(page[found] ?? leaf) ?? 0)) found = seat;
  });
  return found;
}
