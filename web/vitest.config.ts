import { configDefaults, defineConfig } from "vitest/config";

/**
 * Real servers and whole stories, minutes of them: run by `make thorough`. What each of them covers,
 * `make test` has a shorter story of, or its parts one by one.
 */
const LONG = ["hostile", "move", "calls", "rename", "awaited", "group_calls_limits"].map(
  (story) => `tests/client/live_${story}.test.ts`,
);
const isThorough = process.env["VISAVIS_THOROUGH"] === "1";
/** Those that are not asked for by name. */
const left = LONG.filter((file) => !process.argv.slice(2).some((word) => file.includes(word)));

export default defineConfig({
  test: {
    include: isThorough
      ? ["tests/mls/**/*.test.ts", "tests/sframe.test.ts", ...LONG]
      : ["tests/**/*.test.ts"],
    exclude: isThorough ? configDefaults.exclude : [...configDefaults.exclude, ...left],
    // Two cores, shared with other tests: limits are wide and nothing sleeps.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
