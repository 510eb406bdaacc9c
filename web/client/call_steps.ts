/** Steps of a negotiation that a newer one may have taken the place of, and answers of the media. */

import { UnavailableError, UsageError, VisavisError } from "../core/errors.ts";
import { withTimeout } from "./lock.ts";

/**
 * How long figures, or the end of a connection, are waited for. Higher: a worker that died holds up
 * what happens to its call for longer; lower: a slow machine misses figures.
 */
const ANSWER_S = 2;

/** A negotiation: it hears of a newer one by its signal. */
export type Negotiation = (signal: AbortSignal) => Promise<void>;

/** Wait for a step of a negotiation, and go on only if no newer one has begun. */
export async function still<T>(signal: AbortSignal, step: Promise<T>): Promise<T> {
  const done = await step;
  signal.throwIfAborted();
  return done;
}

/** Return what was refused; anything else that was thrown goes on its way. */
export function refusalOf(error: unknown, signal: AbortSignal): VisavisError {
  if (signal.aborted || !(error instanceof VisavisError) || error instanceof UsageError) {
    throw error;
  }
  return error;
}

/** Wait for the media, but not for ever: its worker may have died. */
export async function answerOf<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await withTimeout(ANSWER_S, asked);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return undefined;
  }
}
