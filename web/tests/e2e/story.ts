/** A test that tells a story on a stage: when it fails, it says what stood on everybody's page. */

import { test } from "node:test";
import type { Stage } from "./stage.ts";

/** A story that takes longer than this hangs. */
const TIMEOUT_MS = 420_000;

export function story(stage: Stage, name: string, tell: () => Promise<void>): void {
  test(name, { timeout: TIMEOUT_MS }, async () => {
    try {
      await tell();
    } catch (error) {
      const shown = await stage.shown();
      throw new Error(`${error instanceof Error ? error.stack : error}\n${shown}`);
    }
  });
}
