/** The end of a `switch` over a union that has a case for each of its kinds. */

/** Fail to compile where a kind has no case; at run time nothing gets here. */
export function assertNever(value: never): never {
  // What it is stays unsaid: it may hold an id, and errors carry none.
  throw new TypeError(`a kind that no case is for: a ${typeof value}`);
}
