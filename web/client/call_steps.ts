/** Steps of a negotiation that a newer one may have taken the place of. */

import { UsageError, VisavisError } from "../core/errors.ts";

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
