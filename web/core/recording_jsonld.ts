/**
 * A consent to a recording in the words of ISO/IEC TS 27560 and W3C's DPV 2, as JSON-LD (R-51; twin
 * of `core/recording_jsonld.py`).
 *
 * Which field of the standard is which term is said by the guide of DPV's group, "Consent Records
 * and Receipts as per ISO/IEC TS 27560:2023 using DPV"; docs/protocol/recording.md has the table,
 * docs/protocol/recording-receipt.shacl.ttl the shapes, and Python's file the list of all terms.
 * DPV is a report of a W3C Community Group, not a W3C standard.
 *
 * Everything is made from what was signed: no clock, no name, nothing that two would make
 * differently. What nobody in a call knows (jurisdiction, address) is said to be not available, not
 * left out.
 *
 * Pure. Not for: signing and checking it (`recording_receipt.ts`).
 */

import * as base64url from "./base64url.ts";
import { type Bytes, concat, hex, utf8 } from "./bytes.ts";
import { encode } from "./cbor.ts";
import { type ConsentKey, Digest } from "./ids.ts";
import { type Answer, type Consent, State, stateOf } from "./recording_consent.ts";
import {
  askDigest,
  Place,
  Recipients,
  type RecordingAsk,
  type RecordingGrant,
} from "./recording_statements.ts";
import { Kind, type Kinds } from "./recording_types.ts";

/** A JSON object, of what has one spelling alone. */
export type Node = { readonly [name: string]: Item };

/** What a receipt is made of. */
export type Item = string | readonly Item[] | Node;

/** Stands in each receipt: whoever reads one needs no network. */
const CONTEXT: Node = {
  dct: "http://purl.org/dc/terms/",
  dpv: "https://w3id.org/dpv#",
  pd: "https://w3id.org/dpv/pd#",
  rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  sec: "https://w3id.org/security#",
  skos: "http://www.w3.org/2004/02/skos/core#",
  xsd: "http://www.w3.org/2001/XMLSchema#",
};

const RECEIPT_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt";
const RECORD_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record";

export const WITHDRAW = "In the app: one tap, in the call and at any time after it.";
export const NO_PLACE = "Not stated: nobody says in a call where they are.";
export const CONTACT =
  "In the app. The key was made for one call; who was in it knows whose it is.";
export const METHOD = "A statement signed in the app, by this key.";

const RECORD_LABEL = utf8("visavis recording record v1\0");
const RECEIPT_LABEL = utf8("visavis recording receipt id v1\0");
/** BCP 47: the purpose is in the words of who asks, who does not say in which language. */
const NO_LANGUAGE = "und";

const KINDS: Readonly<Record<Kind, readonly [words: string, broader: string]>> = {
  [Kind.AUDIO]: ["What this person says (sound).", "pd:VoiceCommunicationRecording"],
  [Kind.VIDEO]: ["The picture of this person's camera.", "pd:Communication"],
  [Kind.SCREEN]: ["The screen that this person shares.", "pd:Communication"],
  [Kind.TRANSCRIPT]: ["What this person says, written down.", "pd:Communication"],
};
const STATES: Readonly<Record<State, string>> = {
  [State.GIVEN]: "dpv:ConsentGiven",
  [State.REFUSED]: "dpv:ConsentRefused",
  [State.WITHDRAWN]: "dpv:ConsentWithdrawn",
};
const RECORDING: Node = { "@id": "_:recording" };
const EXPORT: Node = { "@id": "_:export" };
const NOT_AVAILABLE: Node = { "dpv:hasApplicability": { "@id": "dpv:NotAvailable" } };

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ED25519_PUB = Uint8Array.of(0xed, 0x01);

/** Objects and lists within each other; a receipt needs nine. Higher: hostile input goes deeper. */
const MAX_DEPTH = 16;

/** Return the receipt of a consent, but for its signature; equal for equal statements. */
export function document(consent: Consent): Node {
  const identifier = receiptId(consent);
  return {
    "@context": CONTEXT,
    "@id": identifier,
    "@type": "dpv:ConsentReceipt",
    "dct:identifier": identifier,
    "dct:conformsTo": { "@id": RECEIPT_SCHEMA },
    // No clock: a receipt is as old as the last thing that stands in it.
    "dct:created": time(consent.last.at),
    "dpv:hasRecordOfActivity": record(consent),
  };
}

/**
 * Return the one spelling of a document that is signed: RFC 8785, of what `isItem` allows.
 *
 * Its names are ASCII, so that sorting them by UTF-16, as here and in the RFC, is sorting them by
 * code point, as in Python. `JSON.stringify` escapes what the RFC escapes, and nothing else.
 */
export function canonical(node: Node): Bytes {
  return utf8(spelt(node));
}

function spelt(item: Item): string {
  if (typeof item === "string") return JSON.stringify(item);
  if (isList(item)) return `[${item.map(spelt).join(",")}]`;
  const fields = Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${fields.map(([name, of]) => `${JSON.stringify(name)}:${spelt(of)}`).join(",")}}`;
}

/**
 * Tell whether parsed JSON is of what everybody spells alike: texts of whole characters, lists, and
 * objects with ASCII names, none of them deep.
 *
 * Numbers, for one, are not: to Python 1.0 and 1 are two, to JavaScript they are one.
 */
export function isItem(value: unknown, depth = MAX_DEPTH): value is Item {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null || depth <= 0) return false;
  if (Array.isArray(value)) return value.every((inner) => isItem(inner, depth - 1));
  return Object.entries(value).every(
    ([name, inner]) => /^\p{ASCII}*$/u.test(name) && isItem(inner, depth - 1),
  );
}

/** Tell whether it is a list; `Array.isArray` does not narrow what is readonly. */
export function isList(item: Item | undefined): item is readonly Item[] {
  return Array.isArray(item);
}

/** Return the receipt's name: another one as soon as anything more was said. */
export function receiptId(consent: Consent): string {
  return name(Digest.sha256(concat(RECEIPT_LABEL, encode(consent.signed))));
}

/** Return the record's name: one for each request and person. */
export function recordId(consent: Consent): string {
  return name(Digest.sha256(concat(RECORD_LABEL, askDigest(consent.ask), consent.key)));
}

/** Return an Ed25519 key as an IRI that holds it: `did:key` (W3C CCG, did:key method). */
export function didKey(key: ConsentKey): string {
  let [number, digits] = [BigInt(`0x${hex(concat(ED25519_PUB, key))}`), ""];
  for (; number > 0n; number /= 58n) digits = BASE58.charAt(Number(number % 58n)) + digits;
  return `did:key:z${digits}`;
}

/** Return a key in the letters in which `visavis verify-recording` shows it. */
export function pseudonym(key: ConsentKey): string {
  return hex(key);
}

/** Return a Unix second as xsd:dateTime; of a clock that was wrong by ages, too. */
export function utc(at: number): string {
  const moment = new Date(at * 1000);
  // From the year 10000 on, ISO strings have six digits and a sign there; xsd:dateTime has neither.
  return `${moment.getUTCFullYear()}${moment.toISOString().slice(-20, -5)}Z`;
}

function record(consent: Consent): Node {
  const { ask, key } = consent;
  const identifier = recordId(consent);
  return {
    "@id": identifier,
    "@type": "dpv:ConsentRecord",
    "dct:identifier": identifier,
    "dct:conformsTo": { "@id": RECORD_SCHEMA },
    "dpv:hasDataSubject": party(key, "dpv:DataSubject"),
    "dpv:hasDataController": party(ask.key, "dpv:DataController"),
    "dpv:hasNotice": { "@id": nameOf(consent.signed[0]) },
    "dpv:hasLegalBasis": { "@id": "dpv:ExplicitlyExpressedConsent" },
    "dpv:hasJurisdiction": {
      "@type": "dpv:Jurisdiction",
      "dct:description": en(NO_PLACE),
      ...NOT_AVAILABLE,
    },
    "dpv:hasProcess": ask.clear ? [recording(ask), exporting(ask)] : [recording(ask)],
    "dpv:hasConsentControl": {
      "@type": "dpv:WithdrawConsent",
      "dpv:isExercisedAt": en(WITHDRAW),
    },
    "dpv:hasRight": {
      "@type": "dpv:DataSubjectRight",
      "dct:title": en("To withdraw consent"),
      "dpv:isExercisedAt": en(WITHDRAW),
    },
    "dpv:hasConsentStatus": events(consent),
    "dpv:hasStatus": { "@id": STATES[consent.state] },
  };
}

function party(key: ConsentKey, role: string): Node {
  return {
    "@id": didKey(key),
    "@type": role,
    "dct:identifier": pseudonym(key),
    "dpv:hasIdentifier": { "@id": didKey(key) },
    "dpv:hasName": pseudonym(key),
    "dpv:hasAddress": NOT_AVAILABLE,
    "dpv:hasContact": en(CONTACT),
  };
}

function recording(ask: RecordingAsk): Node {
  const others: Node = {
    "@type": "dpv:Recipient",
    "dct:description": en("Everybody in the call who was asked and agreed."),
  };
  const asker: Node = { "@id": didKey(ask.key) };
  return {
    ...RECORDING,
    "@type": "dpv:Process",
    "dpv:hasPurpose": { "@type": "dpv:Purpose", "dct:description": ask.purpose },
    "dpv:hasProcessing": [{ "@id": "dpv:Collect" }, { "@id": "dpv:Store" }],
    "dpv:hasPersonalData": inOrder(ask.kinds).map(data),
    "dpv:hasRecipient": ask.recipients === Recipients.MEMBERS ? [asker, others] : [asker],
    "dpv:hasStorageCondition": [
      { "@type": "dpv:StorageLocation", "dpv:hasLocation": locations(ask.place) },
      {
        "@type": "dpv:StorageDuration",
        "dpv:hasDuration": { "@value": `P${ask.days}D`, "@type": "xsd:duration" },
      },
      {
        "@type": "dpv:StorageDeletion",
        "dct:description": en(
          "The shares of its key are deleted: by each person at any time, of all after these " +
            "days. Without them it cannot be played.",
        ),
      },
    ],
  };
}

function exporting(ask: RecordingAsk): Node {
  const named: Node = ask.named === null ? {} : { "dct:description": ask.named };
  return {
    ...EXPORT,
    "@type": "dpv:Process",
    "dpv:hasPurpose": {
      "@type": "dpv:Purpose",
      "dct:description": en(
        "An export that anybody can play, for ever. A yes to it cannot be taken back.",
      ),
    },
    "dpv:hasProcessing": [{ "@id": "dpv:Share" }],
    "dpv:hasPersonalData": inOrder(ask.kinds).map(dataId),
    "dpv:hasRecipient": [{ "@id": didKey(ask.key) }, { "@type": "dpv:ThirdParty", ...named }],
    "dpv:hasStorageCondition": [
      {
        "@type": "dpv:StorageLocation",
        "dpv:hasLocation": [{ "@type": "dpv:Location", ...NOT_AVAILABLE }],
      },
      { "@type": "dpv:StorageDuration", "dpv:hasDuration": { "@id": "dpv:EndlessDuration" } },
    ],
  };
}

function data(kind: Kind): Node {
  const [words, broader] = KINDS[kind];
  return {
    ...dataId(kind),
    "@type": "dpv:PersonalData",
    "dct:identifier": kind,
    "dct:description": en(words),
    "skos:broader": { "@id": broader },
  };
}

function locations(place: Place): readonly Node[] {
  const device: Node = {
    "@type": "dpv:Location",
    "skos:broader": { "@id": "dpv:LocalLocation" },
    "dct:description": en("The device of who asks."),
  };
  const server: Node = {
    "@type": "dpv:Location",
    "skos:broader": { "@id": "dpv:RemoteLocation" },
    "dct:description": en("The server, sealed: it can open nothing of it."),
  };
  return place === Place.DEVICE ? [device] : [device, server];
}

function events(consent: Consent): readonly Node[] {
  const [request, ...others] = consent.signed;
  const found: Node[] = [
    {
      ...said(consent.ask, request),
      "@type": ["dpv:ConsentRequested", "dpv:ConsentNotice"],
      "dct:language": NO_LANGUAGE,
      "dpv:hasDuration": { "@type": "dpv:UntilEventDuration", "rdf:value": "an answer" },
    },
  ];
  let [before, given] = [request, false];
  for (const [at, answer] of consent.answers.entries()) {
    const signed = others[at] as Bytes;
    const isGrant = answer.kind === "recording.grant";
    found.push({
      ...said(answer, signed),
      "dpv:isAfter": { "@id": nameOf(before) },
      ...(isGrant ? yes(answer, consent, given) : no(answer)),
    });
    before = signed;
    given ||= isGrant;
  }
  return found;
}

function said(statement: RecordingAsk | Answer, signed: Bytes): Node {
  return {
    "@id": nameOf(signed),
    "rdf:value": base64url.encode(signed),
    "dpv:isIndicatedBy": { "@id": didKey(statement.key) },
    "dpv:isIndicatedAtTime": time(statement.at),
    "dpv:hasIndicationMethod": en(METHOD),
  };
}

function yes(grant: RecordingGrant, consent: Consent, renewed: boolean): Node {
  const state = renewed ? "dpv:RenewedConsentGiven" : "dpv:ConsentGiven";
  return {
    "@type": [state, "dpv:ExplicitlyExpressedConsent"],
    "dpv:hasProcess": grant.clear ? [RECORDING, EXPORT] : [RECORDING],
    "dpv:hasPersonalData": inOrder(grant.kinds).map(dataId),
    "dpv:hasDuration": { "@type": "dpv:UntilTimeDuration", "rdf:value": time(consent.until) },
  };
}

function no(answer: Answer): Node {
  return {
    "@type": STATES[stateOf(answer)],
    "dpv:hasDuration": { "@id": "dpv:EndlessDuration" },
  };
}

function dataId(kind: Kind): Node {
  return { "@id": `_:${kind}` };
}

function inOrder(kinds: Kinds): readonly Kind[] {
  return [...kinds].sort();
}

/** Return an IRI for a hash (RFC 6920, section 3). */
function name(digest: Digest): string {
  return `ni:///sha-256;${base64url.encode(digest)}`;
}

function nameOf(signed: Bytes): string {
  return name(Digest.sha256(signed));
}

function time(at: number): Node {
  return { "@value": utc(at), "@type": "xsd:dateTime" };
}

function en(words: string): Node {
  return { "@value": words, "@language": "en" };
}
