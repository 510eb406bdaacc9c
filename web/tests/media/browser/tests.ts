/** What an `.e2e.ts` file exports: tests by name, each returning the figures it measured. */

import type { Bench } from "./harness.ts";

export type Tests = Readonly<Record<string, (bench: Bench) => Promise<Record<string, unknown>>>>;
