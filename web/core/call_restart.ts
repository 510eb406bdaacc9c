/**
 * ICE restarts of a call that stands: who begins one, and for which path (ADR 17).
 *
 * Part of `call_talk.ts`. A call begins over the relay. Each side says which path its person allows;
 * once both allow the direct one, the caller restarts for it. Whatever else makes a restart necessary
 * makes one for the relay: a direct path that broke is not tried again until somebody allows it anew,
 * so that a bad network does not make a call jump to and fro.
 *
 * CK-384: a transport is made for the direct path only if both sides said that they allow it. Only
 * such a one gathers, sends and takes candidates that are not relayed (CK-668, `media/candidates.ts`).
 */

import type { Effect } from "./call_effects.ts";
import type { OfferReceived, PathDecided, PathReceived } from "./call_events.ts";
import {
  allowedBy,
  goOn,
  type InCall,
  type Link,
  Path,
  type Paths,
  RESTART_INTERVAL_S,
  type Reconnecting,
  type Step,
  Turn,
} from "./call_types.ts";

/** Begin a restart of ours. */
export function restart(
  link: Link,
  paths: Paths,
  now: number,
  deadline: number,
  path: Path = Path.RELAYED,
): Step {
  const retryAt = now + RESTART_INTERVAL_S;
  const taken = { ...paths, taken: path };
  return goOn(
    { kind: "reconnecting", link, turn: Turn.OURS, deadline, retryAt, paths: taken },
    { kind: "setDeadline", at: Math.min(retryAt, deadline) },
    { kind: "restartIce", path },
  );
}

/** Answer a restart of theirs, for the path it asks for or the relay. */
export function answer(link: Link, paths: Paths, deadline: number, offer: OfferReceived): Step {
  const { now, sdp } = offer;
  // Who asks for it allows it.
  const said = offer.path === Path.DIRECT ? { ...paths, theirs: Path.DIRECT } : paths;
  // CK-384: their asking does not make up for our not allowing it.
  const path = offer.path === Path.DIRECT ? allowedBy(said) : Path.RELAYED;
  const retryAt = now + RESTART_INTERVAL_S;
  const taken = { ...said, taken: path };
  return goOn(
    { kind: "reconnecting", link, turn: Turn.THEIRS, deadline, retryAt, paths: taken },
    { kind: "setDeadline", at: Math.min(retryAt, deadline) },
    { kind: "answerRestart", sdp, path },
  );
}

/**
 * Take what one side allows from now on, and restart if the path is another one for it.
 *
 * @param state Where the call is.
 * @param event What which side allows.
 * @param deadline By when a restart must have come to stand.
 */
export function follow(
  state: InCall | Reconnecting,
  event: PathDecided | PathReceived,
  deadline: number,
): Step {
  const { paths: before, link } = state;
  const { now, path } = event;
  const isOurs = event.kind === "pathDecided";
  // Nobody makes us restart by saying the same again.
  if (path === (isOurs ? before.ours : before.theirs)) return goOn(state);
  const paths = isOurs ? { ...before, ours: path } : { ...before, theirs: path };
  const say: readonly Effect[] = isOurs ? [{ kind: "sendPath", path }] : [];
  const allowed = allowedBy(paths);
  // One side begins for the direct path, or both would at once: the caller, as in a glare of two
  // restarts. Taken back, by either side: whoever is on it, or on the way to it, leaves it.
  const begins = allowed === Path.DIRECT ? link.kind === "caller" : before.taken === Path.DIRECT;
  if (!begins) return goOn({ ...state, paths }, ...say);
  const made = restart(link, paths, now, deadline, allowed);
  return goOn(made.state, ...say, ...made.effects);
}
