/** Strict readers for the vectors of consent to a recording; see `machine_readers.ts`. */

import { type ByteMap, type ByteSet, mapOf, setOf } from "../core/byte_sets.ts";
import { Code } from "../core/errors.ts";
import { ConsentKey, Digest } from "../core/ids.ts";
import {
  type Ask,
  type Effect,
  type Event,
  type Grant,
  Kind,
  OverReason,
  type State,
} from "../core/recording_types.ts";
import {
  fixed,
  list,
  nullOr,
  number,
  oneOfKind,
  type Read,
  record,
  setOf as setOfWords,
  truth,
  word,
} from "./machine_readers.ts";
import { MismatchError } from "./vector_element.ts";

/** There is no machine yet: it begins by a function. */
export type NotBegun = Readonly<{ kind: "notBegun" }>;

/** What `begin` is called with. */
export type Begins = Readonly<{
  kind: "begins";
  own: ConsentKey;
  members: ByteSet<ConsentKey>;
  never: ByteSet<ConsentKey>;
  now: number;
}>;

function byteSet<K extends Uint8Array>(read: Read<K>): Read<ByteSet<K>> {
  return (value) => {
    const items = list(read)(value);
    const set = setOf(...items);
    if (set.size !== items.length) throw new MismatchError("twice in a set");
    return set;
  };
}

/** Read a list of pairs; no key stands in it twice. */
function byteMap<K extends Uint8Array, V>(key: Read<K>, item: Read<V>): Read<ByteMap<K, V>> {
  const pair: Read<readonly [K, V]> = (value) => {
    if (!Array.isArray(value) || value.length !== 2) throw new MismatchError("not a pair");
    return [key(value[0]), item(value[1])];
  };
  return (value) => {
    const pairs = list(pair)(value);
    const map = mapOf(...pairs);
    if (map.size !== pairs.length) throw new MismatchError("twice in a mapping");
    return map;
  };
}

const own = fixed(ConsentKey);
const by = own;
const ask = fixed(Digest);
const members = byteSet(own);
const digests = byteSet(ask);
const numbers = byteMap(own, number);
const kinds = setOfWords(word(Kind));
const said = { by, number, ask };
const sent = { ask, number };
const grant = record<Grant>({ kinds, members });

export const recordingState = oneOfKind<State | NotBegun>({
  notBegun: {},
  inCall: {
    own,
    members,
    never: members,
    sets: byteMap(ask, members),
    asks: byteMap(
      ask,
      record<Ask>({ by, kinds, grants: byteMap(own, grant), recorded: kinds, shown: kinds }),
    ),
    over: digests,
    numbers,
    said: number,
    counts: numbers,
    waits: members,
    named: digests,
    holdUntil: nullOr(number),
    held: truth,
  },
  callOver: {},
});

export const recordingEvent = oneOfKind<Event | Begins>({
  begins: { own, members, never: members, now: number },
  membersChanged: { members, never: members },
  memberReady: { by, asks: digests },
  askWanted: { ask, kinds },
  askReceived: { ...said, kinds },
  personAgreed: { ask, kinds },
  personRefused: { ask },
  personWithdrew: { ask },
  personStopped: { ask },
  grantReceived: { ...said, kinds, members: ask },
  refusalReceived: said,
  withdrawalReceived: said,
  progressReceived: { ...said, kinds },
  endReceived: said,
  holdEnded: { now: number },
  callEnded: {},
});

export const recordingEffect = oneOfKind<Effect>({
  holdMedia: { until: number },
  releaseMedia: {},
  askPerson: { ask },
  sendAsk: sent,
  sendAskAgain: { ask },
  sendGrant: { ...sent, kinds, members: ask },
  sendRefusal: sent,
  sendWithdrawal: sent,
  sendProgress: { ...sent, kinds },
  sendEnd: sent,
  record: { ask, kinds },
  show: { ask, by, kinds },
  tellOver: { ask, reason: word(OverReason) },
  reject: { code: word(Code) },
});
