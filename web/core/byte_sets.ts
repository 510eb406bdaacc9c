/**
 * Sets and mappings whose members and keys are byte strings: what Python's `frozenset` and `dict`
 * give for nothing. They are keyed by `hex`, never changed, and equal whatever their order.
 */

import { compare, hex } from "./bytes.ts";

/** Each member by its hex. */
export type ByteSet<K extends Uint8Array> = ReadonlyMap<string, K>;

/** Each key, with what it leads to, by its hex; in the order in which keys came. */
export type ByteMap<K extends Uint8Array, V> = ReadonlyMap<string, readonly [K, V]>;

type Names = Readonly<{ has: (name: string) => boolean }>;

/** Return these as a set. */
export function setOf<K extends Uint8Array>(...members: readonly K[]): ByteSet<K> {
  return new Map(members.map((member) => [hex(member), member]));
}

/** Return these as a mapping. */
export function mapOf<K extends Uint8Array, V>(
  ...items: readonly (readonly [K, V])[]
): ByteMap<K, V> {
  return new Map(items.map((item) => [hex(item[0]), item]));
}

/** Return the members in the order of their bytes. */
export function sorted<K extends Uint8Array>(set: ByteSet<K>): readonly K[] {
  return [...set.values()].sort(compare);
}

/** Say whether this stands in a set, or is the key of a mapping. */
export function has(names: Names, one: Uint8Array): boolean {
  return names.has(hex(one));
}

/** Return what a key leads to, if it is there. */
export function get<K extends Uint8Array, V>(map: ByteMap<K, V>, key: K): V | undefined {
  return map.get(hex(key))?.[1];
}

/** Return a set with these too. */
export function plus<K extends Uint8Array>(set: ByteSet<K>, others: ByteSet<K>): ByteSet<K> {
  return new Map([...set, ...others]);
}

/** Return a mapping in which a key leads to this; a new key comes last. */
export function put<K extends Uint8Array, V>(map: ByteMap<K, V>, key: K, value: V): ByteMap<K, V> {
  return new Map([...map, [hex(key), [key, value]]]);
}

/** Return what of a set or mapping these have too. */
export function only<T>(of: ReadonlyMap<string, T>, names: Names): ReadonlyMap<string, T> {
  return new Map([...of].filter(([name]) => names.has(name)));
}

/** Return what of a set or mapping none of these has. */
export function without<T>(
  of: ReadonlyMap<string, T>,
  ...names: readonly Names[]
): ReadonlyMap<string, T> {
  return new Map([...of].filter(([name]) => !names.some((some) => some.has(name))));
}

/** Say whether all of one set are in another. */
export function isWithin(one: ReadonlyMap<string, unknown>, other: Names): boolean {
  return [...one.keys()].every((name) => other.has(name));
}
