/** What a page and the thread of its call room's connection say to each other. Only types. */

import type { Bytes } from "../../core/bytes.ts";

/** To the thread: connect (first, and once), send, close. */
export type ToThread =
  | Readonly<{ open: string }>
  | Readonly<{ send: Bytes }>
  | Readonly<{ close: number }>;

/** From it, in order; `came` without bytes is what is no message of a room; after `closed` it ends. */
export type FromThread =
  | Readonly<{ opened: true }>
  | Readonly<{ came: ArrayBuffer | null }>
  | Readonly<{ failed: true }>
  | Readonly<{ closed: number }>;
