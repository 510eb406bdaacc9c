/** What the pages themselves ask of the server, without any credential: what it is, whom it tells. */

import { Code, UnavailableError } from "../core/errors.ts";
import type { Recipient } from "./model_actions.ts";

/** @throws TypeError, DOMException: it does not answer. */
export async function doctorFetch(): Promise<{ turn: boolean }> {
  const said = await ask("/v1/server");
  return {
    turn: typeof said === "object" && said !== null && "turn" in said && said.turn === true,
  };
}

/**
 * Return who outside the server learns something, as it is configured now.
 *
 * @throws UnavailableError It does not answer, or not as it should: nobody is told "nobody" for that.
 */
export async function recipientsFetch(): Promise<readonly Recipient[]> {
  const said = await ask("/v1/recipients").catch(() => undefined);
  if (!Array.isArray(said) || !said.every(isRecipient))
    throw new UnavailableError(Code.UNAVAILABLE);
  return said;
}

function isRecipient(value: unknown): value is Recipient {
  if (typeof value !== "object" || value === null) return false;
  const { kind, host } = value as Partial<Record<string, unknown>>;
  return typeof kind === "string" && typeof host === "string";
}

async function ask(path: string): Promise<unknown> {
  const answer = await fetch(path, {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.timeout(5000),
  });
  return await answer.json();
}
