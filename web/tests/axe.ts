/** axe-core on a page, whoever drives it: `make screens` and the story by keyboard. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** WCAG 2.2, A and AA, and what its makers advise. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

type Violation = Readonly<{
  id: string;
  help: string;
  nodes: readonly Readonly<{ html: string }>[];
}>;
type Axe = { run(where: object, how: object): Promise<{ violations: Violation[] }> };

/** A page of Puppeteer or Playwright. */
type Evaluates = {
  evaluate(script: string): Promise<unknown>;
  evaluate<A, R>(script: (argument: A) => R, argument: A): Promise<Awaited<R>>;
};

/**
 * Return what axe-core finds, a line each.
 *
 * @param exclude Selectors of what is not looked at.
 */
export async function violationsOn(
  page: Evaluates,
  exclude: readonly string[] = [],
): Promise<readonly string[]> {
  // Over the debugger, so the page's policy stays as strict as the product's.
  await page.evaluate(SOURCE);
  const found = await page.evaluate(
    async ({ rules, exclude }) => {
      const { axe } = globalThis as unknown as { axe: Axe };
      const where = exclude.length === 0 ? document : { exclude: exclude.map((one) => [one]) };
      return (await axe.run(where, { runOnly: rules, resultTypes: ["violations"] })).violations;
    },
    { rules: RULES, exclude },
  );
  return found.map(({ id, help, nodes }) => {
    const places = nodes.slice(0, 3).map(({ html }) => html.slice(0, 140));
    return `axe ${id}: ${help}: ${places.join(" | ")}`;
  });
}
