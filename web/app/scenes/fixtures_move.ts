/** A file for another server, and an account out of one, that nobody has: for pictures and tests. */

import type { AwaitedPerson } from "../model.ts";
import type { Brought, MadeFile } from "../model_move.ts";

export const MADE: MadeFile = {
  file: new Blob([new Uint8Array(65_536)]),
  passphrase: "harbour-velvet-thimble-quartz-meadow-lantern",
  contacts: 5,
  calls: 214,
};

export const BROUGHT: Brought = { handle: "mira.20417", contacts: 5, calls: 214 };

export const CHOSEN = new File([new Uint8Array(65_536)], "visavis-account.move");

export const TOLD =
  "I am moving to another server: https://calls.example.org\n" +
  "If you want to stay in touch, make an account there and use this link. It is good for a few " +
  `days.\nhttps://calls.example.org/i#${"o2FhWCBk4vQ1zM7bG0Jr9nYtKc2LxWpS8dHfUaEiVe".repeat(5)}`;

function awaited(id: string, name: string, more: Partial<AwaitedPerson> = {}): AwaitedPerson {
  return { id, name, verified: false, blocked: false, rules: { keepsHours: undefined }, ...more };
}

export const AWAITED: readonly AwaitedPerson[] = [
  awaited("4f53", "elif.50938", { verified: true }),
  awaited("8141", "jonas.77120"),
  awaited("2664", "tomas_k.10482", { blocked: true }),
];
