/** How far local time was ahead of UTC: asked for 100,000 calls, so each day is looked up once. */

const DAY_S = 86_400;
/** By UTC day; undefined where the offset changes within it. */
const known = new Map<number, number | undefined>();

function lookUp(at: number): number {
  return -60 * new Date(at * 1000).getTimezoneOffset();
}

/** Return seconds. */
export function localZone(at: number): number {
  const day = Math.floor(at / DAY_S);
  if (!known.has(day)) {
    const [first, last] = [lookUp(day * DAY_S), lookUp((day + 1) * DAY_S - 1)];
    known.set(day, first === last ? first : undefined);
  }
  return known.get(day) ?? lookUp(at);
}
