/**
 * Arithmetic of array-based binary trees (RFC 9420, appendix C).
 *
 * Leaves are at even indices, parents at odd ones; a full tree of 2^d leaves has 2^(d+1) - 1 nodes
 * and its root in the middle. Nothing here knows what a node holds.
 *
 * Sums and products instead of the RFC's bit operations: a leaf index is a uint32, so a node index
 * has 33 bits, and JavaScript's bit operations end at 32.
 */

import { UsageError } from "../errors.ts";

/** Return how far above the leaves a node is: the number of ones its index ends in. */
export function level(node: number): number {
  let height = 0;
  for (let rest = node; rest % 2 === 1; rest = (rest - 1) / 2) height++;
  return height;
}

/** Return the left child of a parent. */
export function left(node: number): number {
  return node - childDistance(node);
}

/** Return the right child of a parent. */
export function right(node: number): number {
  return node + childDistance(node);
}

function childDistance(node: number): number {
  if (node % 2 === 0) throw new UsageError("a leaf has no children");
  return 2 ** (level(node) - 1);
}

/** Return the node above. */
export function parent(node: number): number {
  const step = 2 ** level(node);
  const isRight = Math.floor(node / (2 * step)) % 2 === 1;
  return isRight ? node - step : node + step;
}

/** Return the other child of the node above. */
export function sibling(node: number): number {
  const above = parent(node);
  return node < above ? right(above) : left(above);
}

/** Return the root of a full tree of `leafCount` leaves (a power of two). */
export function root(leafCount: number): number {
  return leafCount - 1;
}

/** Tell whether `node` is `ancestor` or below it. */
export function isBelow(node: number, ancestor: number): boolean {
  const reach = 2 ** level(ancestor) - 1;
  return Math.abs(node - ancestor) <= reach;
}

/** Return the nodes above `node`, up to and with the root `top`. */
export function directPath(node: number, top: number): number[] {
  const path: number[] = [];
  for (let at = node; at !== top; ) {
    at = parent(at);
    path.push(at);
  }
  return path;
}

/** Return the lowest node that both are at or below. */
export function commonAncestor(one: number, other: number): number {
  let at = one;
  while (!isBelow(other, at)) at = parent(at);
  return at;
}
