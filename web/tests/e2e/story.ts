/** A test that tells a story on a stage: when it fails, it says what stood on everybody's page. */

import { type TestContext, test } from "node:test";
import type { Stage } from "./stage.ts";

/** A story that takes longer than this hangs. */
const TIMEOUT_MS = 420_000;

const broken = new WeakSet<Stage>();

/** Tell one story; those of one stage go on from where the one before ended. */
export function story(
  stage: Stage,
  name: string,
  tell: (context: TestContext) => Promise<void>,
): void {
  test(name, async (context) => {
    if (broken.has(stage)) throw new Error("the story before this one has failed");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hung = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("the story took too long")), TIMEOUT_MS);
    });
    try {
      await Promise.race([tell(context), hung]);
    } catch (error) {
      broken.add(stage);
      const shown = await stage.shown();
      throw new Error(`${error instanceof Error ? error.stack : error}\n${shown}`);
    } finally {
      clearTimeout(timer);
    }
  });
}
