/**
 * Consent to a recording on one device: `step(state, event)` returns the next state and the effects.
 *
 * Pure: no clock, randomness, socket or key. It decides what may be recorded, who is asked when, and
 * what the person is shown; the rules and the drawing are in `docs/protocol/recording.md`.
 *
 *     asked -> each member says yes or no -> recorded while every present member's yes stands
 *     somebody comes -> nothing is recorded until all have said yes again, whoever came too
 *     a no, a yes taken back, the end -> over, and the call goes on
 *
 * What is recorded follows the epochs of the call's group: an epoch is told before any frame of it
 * is opened, so no frame is ever recorded of which somebody present has not agreed (P17). Silence is
 * no. A member's breach gives `reject` with the state unchanged; our own misuse throws `UsageError`.
 *
 * The twin of `src/visavis/core/recording.py`, with `recording_rules.ts`:
 * `vectors/machine-recording.json` has every move of it.
 */

import { get, has, isWithin, mapOf, only, plus, put, setOf, without } from "./byte_sets.ts";
import { equal } from "./bytes.ts";
import { Code, UsageError } from "./errors.ts";
import type { ConsentKey, Digest } from "./ids.ts";
import { assertNever } from "./never.ts";
import { allowed, isPart, isSame, membersHash, NOTHING } from "./recording_rules.ts";
import {
  type Ask,
  type AskReceived,
  type Effect,
  type EndReceived,
  type Event,
  type GrantReceived,
  goOn,
  HOLD_S,
  type InCall,
  type Kinds,
  MAX_ASKS,
  type MemberReady,
  type Members,
  type MembersChanged,
  OverReason,
  type PersonAgreed,
  type ProgressReceived,
  type RefusalReceived,
  type State,
  type Step,
  type StepTo,
  type WithdrawalReceived,
} from "./recording_types.ts";

type Inside = StepTo<InCall>;

/**
 * Begin at the first epoch of this device in a call.
 *
 * A joiner neither hears nor is heard until each member has said what is asked, and the person has
 * answered that.
 *
 * @param own Our consent key.
 * @param members Of that epoch, with us.
 * @param never Who is never to be recorded.
 * @param now Monotonic seconds.
 * @throws UsageError We are not among the members.
 */
export function begin(own: ConsentKey, members: Members, never: Members, now: number): Step {
  if (!has(members, own)) throw new UsageError("we are not in this call");
  const others = without(members, setOf(own));
  const state: InCall = {
    kind: "inCall",
    own,
    members,
    never: only(never, members),
    sets: mapOf([membersHash(members), members]),
    asks: mapOf(),
    over: setOf(),
    numbers: mapOf(),
    said: 0,
    counts: mapOf(),
    waits: setOf(),
    named: setOf(),
    holdUntil: null,
    held: false,
  };
  if (others.size === 0) return goOn(state);
  const until = now + HOLD_S;
  const held = { ...state, waits: others, holdUntil: until, held: true };
  return goOn(held, { kind: "holdMedia", until });
}

/**
 * Advance one device in one call by one event.
 *
 * @param state What `begin` or the previous step returned.
 * @param event One thing that happened; a member's statements already verified.
 * @returns The next state, and effects to carry out in order.
 * @throws UsageError The shell told of something that cannot be.
 */
export function step(state: State, event: Event): Step {
  switch (state.kind) {
    case "callOver":
      return goOn(state);
    case "inCall":
      return inCall(state, event);
    default:
      return assertNever(state);
  }
}

function inCall(state: InCall, event: Event): Step {
  switch (event.kind) {
    case "membersChanged":
      return membersChanged(state, event);
    case "memberReady":
      return memberReady(state, event);
    case "holdEnded": {
      const late = state.holdUntil !== null && event.now >= state.holdUntil;
      return late ? released({ ...state, holdUntil: null }) : goOn(state);
    }
    case "askWanted":
      return askWanted(state, event.ask, event.kinds);
    case "personAgreed":
      return personAgreed(state, event);
    case "personRefused": {
      const { ask } = event;
      if (equal(required(state, ask).by, state.own)) throw new UsageError("who asks ends it");
      const number = state.said + 1;
      const after = over({ ...state, said: number }, ask, OverReason.REFUSED);
      return and([{ kind: "sendRefusal", ask, number }], after);
    }
    case "personWithdrew": {
      const { ask } = event;
      if (!has(required(state, ask).grants, state.own)) {
        throw new UsageError("nothing was agreed to");
      }
      const number = state.said + 1;
      const after = over({ ...state, said: number }, ask, OverReason.WITHDRAWN);
      return and([{ kind: "sendWithdrawal", ask, number }], after);
    }
    case "personStopped": {
      const { ask } = event;
      if (!equal(required(state, ask).by, state.own)) throw new UsageError("somebody else asked");
      const number = state.said + 1;
      const after = over({ ...state, said: number }, ask, OverReason.STOPPED);
      return and([{ kind: "sendEnd", ask, number }], after);
    }
    case "callEnded":
      return callEnded(state);
    case "askReceived":
    case "grantReceived":
    case "refusalReceived":
    case "withdrawalReceived":
    case "progressReceived":
    case "endReceived":
      return received(state, event);
    default:
      return assertNever(event);
  }
}

// Members

function membersChanged(before: InCall, { members, never }: MembersChanged): Inside {
  if (!has(members, before.own)) throw new UsageError("we are in this call no longer");
  const came = without(members, before.members).size > 0;
  const sets = new Map([...before.sets].filter(([, [, those]]) => isWithin(members, those)));
  let state: InCall = {
    ...before,
    members,
    never: only(never, members),
    sets: put(sets, membersHash(members), members),
    numbers: only(before.numbers, members),
    counts: only(before.counts, members),
    waits: only(before.waits, members),
  };
  const effects: Effect[] = [];
  for (const [ask, known] of before.asks.values()) {
    if (!has(members, known.by) || state.never.size > 0) {
      const reason = has(members, known.by) ? OverReason.REFUSED : OverReason.GONE;
      const after = endedByAnother(state, ask, reason);
      state = after.state;
      effects.push(...after.effects);
      continue;
    }
    const after = settled(state, ask, { ...known, grants: only(known.grants, members) });
    state = after.state;
    effects.push(...after.effects);
    if (came && equal(known.by, state.own)) effects.push({ kind: "sendAskAgain", ask });
    else if (came) effects.push({ kind: "askPerson", ask });
  }
  return and(effects, released(state));
}

function memberReady(state: InCall, { by, asks }: MemberReady): Inside {
  if (!has(state.waits, by)) return goOn(state);
  const unknown = without(asks, state.asks, state.over);
  const waits = without(state.waits, setOf(by));
  return released({ ...state, waits, named: plus(state.named, unknown) });
}

/** Let a joiner hear and be heard, if all that is asked is known and answered. */
function released(state: InCall): Inside {
  const { asks, waits, named, own } = state;
  if (!state.held) return goOn(state);
  if (state.holdUntil !== null && (waits.size > 0 || named.size > 0)) return goOn(state);
  if ([...asks.values()].some(([, { grants }]) => !has(grants, own))) return goOn(state);
  const done = { ...state, held: false, holdUntil: null, waits: setOf<ConsentKey>() };
  return goOn({ ...done, named: setOf() }, { kind: "releaseMedia" });
}

// What the person here does

function askWanted(state: InCall, ask: Digest, kinds: Kinds): Inside {
  const { own, members, asks } = state;
  if (kinds.size === 0) throw new UsageError("nothing to record");
  if (members.size === 1 || state.held) throw new UsageError("nobody else is in this call");
  if (state.never.size > 0) throw new UsageError("somebody here is never to be recorded");
  if ([...asks.values()].some(([, { by }]) => equal(by, own))) {
    throw new UsageError("it was asked already");
  }
  const count = get(state.counts, own) ?? 0;
  if (count >= MAX_ASKS) throw new UsageError("it was asked too often in this call");
  const number = state.said + 1;
  const after = { ...state, said: number, counts: put(state.counts, own, count + 1) };
  return goOn(asked(after, ask, own, kinds), { kind: "sendAsk", ask, number });
}

function personAgreed(state: InCall, { ask, kinds }: PersonAgreed): Inside {
  const known = required(state, ask);
  if (equal(known.by, state.own)) throw new UsageError("who asks has agreed");
  if (kinds.size === 0 || !isPart(kinds, known.kinds)) {
    throw new UsageError("nobody asked for that");
  }
  const number = state.said + 1;
  const { own, members } = state;
  const grants = put(known.grants, own, { kinds, members });
  const after = settled({ ...state, said: number }, ask, { ...known, grants });
  const sent: Effect = {
    kind: "sendGrant",
    ask,
    number,
    kinds,
    members: membersHash(members),
  };
  return and([sent, ...after.effects], released(after.state));
}

// What members say

type FromMember =
  | AskReceived
  | GrantReceived
  | RefusalReceived
  | WithdrawalReceived
  | ProgressReceived
  | EndReceived;

function received(state: InCall, event: FromMember): Inside {
  const { by, ask, number } = event;
  if (!has(state.members, by) || equal(by, state.own)) return reject(Code.UNEXPECTED, state);
  const known = get(state.asks, ask);
  if (event.kind === "askReceived" && known !== undefined && equal(known.by, by)) {
    return goOn(state); // said again, for somebody who came since
  }
  // CK-930: nothing of a member counts twice, and nothing that is older than what it said since.
  if (number <= (get(state.numbers, by) ?? 0)) return reject(Code.REPLAYED, state);
  const heard = { ...state, numbers: put(state.numbers, by, number) };
  if (has(state.over, ask)) return goOn(heard); // on its way when it ended
  if (event.kind === "askReceived") return askReceived(state, heard, event);
  if (known === undefined) return reject(Code.UNEXPECTED, state);
  const isAsker = equal(by, known.by);
  switch (event.kind) {
    case "grantReceived": {
      const { kinds } = event;
      // CK-931: a yes is to what was asked, and by somebody else than who asks.
      if (isAsker || kinds.size === 0 || !isPart(kinds, known.kinds)) break;
      const among = get(state.sets, event.members);
      // CK-934: a yes counts among those for whom it was said, and for nobody who came since.
      if (among === undefined) return goOn(heard);
      const grants = put(known.grants, by, { kinds, members: among });
      return settled(heard, ask, { ...known, grants });
    }
    case "refusalReceived":
      if (isAsker) break;
      return endedByAnother(heard, ask, OverReason.REFUSED);
    case "withdrawalReceived":
      if (!has(known.grants, by)) break;
      return endedByAnother(heard, ask, OverReason.WITHDRAWN);
    case "progressReceived":
      if (!isAsker || !isPart(event.kinds, known.kinds)) break;
      return settled(heard, ask, { ...known, recorded: event.kinds });
    case "endReceived":
      if (!isAsker) break;
      return over(heard, ask, OverReason.STOPPED);
    default:
      return assertNever(event);
  }
  // CK-932: only who asks says what is recorded, and only the others agree or do not.
  return reject(Code.UNEXPECTED, state);
}

function askReceived(state: InCall, heard: InCall, { by, ask, kinds }: AskReceived): Inside {
  const count = (get(state.counts, by) ?? 0) + 1;
  // CK-933: nobody is asked where somebody is never to be recorded, by one member twice at a time,
  // or so often that they give in.
  if (kinds.size === 0 || has(state.asks, ask) || state.never.size > 0) {
    return reject(Code.UNEXPECTED, state);
  }
  if ([...state.asks.values()].some(([, known]) => equal(known.by, by))) {
    return reject(Code.UNEXPECTED, state);
  }
  if (count > MAX_ASKS) return reject(Code.QUOTA, state);
  const counts = put(state.counts, by, count);
  const after = { ...heard, counts, named: without(state.named, setOf(ask)) };
  return goOn(asked(after, ask, by, kinds), { kind: "askPerson", ask });
}

// Consequences

/** Record and show what follows from who is there and who agreed, as it is known now. */
function settled(before: InCall, ask: Digest, now: Ask): Inside {
  let state = before;
  let known = now;
  const may = allowed(known, state.members);
  const effects: Effect[] = [];
  if (equal(known.by, state.own) && !isSame(may, known.recorded)) {
    known = { ...known, recorded: may };
    state = { ...state, said: state.said + 1 };
    effects.push({ kind: "record", ask, kinds: may });
    effects.push({ kind: "sendProgress", ask, number: state.said, kinds: may });
  }
  // What may be recorded is shown, whatever who asks says of it; and what they say, besides.
  const shown = new Set([...may, ...known.recorded]);
  if (!isSame(shown, known.shown)) {
    known = { ...known, shown };
    effects.push({ kind: "show", ask, by: known.by, kinds: shown });
  }
  return goOn({ ...state, asks: put(state.asks, ask, known) }, ...effects);
}

/**
 * End a request to which somebody else does not agree.
 *
 * Who asked says so too: what members say reaches others in any order, and one who got the no before
 * the request knows nothing of it.
 */
function endedByAnother(state: InCall, ask: Digest, reason: OverReason): Inside {
  if (!equal(required(state, ask).by, state.own)) return over(state, ask, reason);
  const number = state.said + 1;
  const after = over({ ...state, said: number }, ask, reason);
  return and([{ kind: "sendEnd", ask, number }], after);
}

function over(before: InCall, ask: Digest, reason: OverReason): Inside {
  const { by, recorded, shown } = required(before, ask);
  const one = setOf(ask);
  const state = {
    ...before,
    asks: without(before.asks, one),
    over: plus(before.over, one),
    named: without(before.named, one),
  };
  const effects: Effect[] = [];
  if (equal(by, state.own) && recorded.size > 0) {
    effects.push({ kind: "record", ask, kinds: NOTHING });
  }
  if (shown.size > 0) effects.push({ kind: "show", ask, by, kinds: NOTHING });
  return and([...effects, { kind: "tellOver", ask, reason }], released(state));
}

function callEnded(before: InCall): Step {
  let state = before;
  const effects: Effect[] = [];
  for (const [ask] of before.asks.values()) {
    const after = over(state, ask, OverReason.CALL_OVER);
    state = after.state;
    effects.push(...after.effects);
  }
  return goOn({ kind: "callOver" }, ...effects.filter(({ kind }) => kind !== "releaseMedia"));
}

// Kit

function and(effects: readonly Effect[], after: Inside): Inside {
  return goOn(after.state, ...effects, ...after.effects);
}

function required(state: InCall, ask: Digest): Ask {
  const known = get(state.asks, ask);
  if (known === undefined) throw new UsageError("this is not asked");
  return known;
}

function asked(state: InCall, ask: Digest, by: ConsentKey, kinds: Kinds): InCall {
  const known: Ask = { by, kinds, grants: mapOf(), recorded: NOTHING, shown: NOTHING };
  return { ...state, asks: put(state.asks, ask, known) };
}

function reject(code: Code, state: InCall): Inside {
  return goOn(state, { kind: "reject", code });
}
