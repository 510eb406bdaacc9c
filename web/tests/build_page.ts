/** Builds a page of tests or benches as the product's pages are built. */

import { build } from "vite";

/**
 * @param root Where its `index.html` is.
 * @param outDir Where it goes; what was there before is gone.
 */
export async function buildPage(root: string, outDir: string): Promise<void> {
  await build({
    configFile: false,
    root,
    logLevel: "error",
    worker: { format: "es" },
    build: {
      outDir,
      emptyOutDir: true,
      target: "esnext",
      modulePreload: false,
      assetsInlineLimit: 0,
    },
  });
}
