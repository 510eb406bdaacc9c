/**
 * A consent to a recording as a Kantara Consent Receipt (v1.1.0, 2018-02-20): a view, for export
 * (twin of `core/recording_kantara.py`).
 *
 * It is not signed and proves nothing; the receipt it was made of does (`recording_receipt.ts`).
 * That specification knows a yes, and no way to say that one was refused or taken back: so there is
 * a view only while a yes stands. Fields for what nobody in a call says (postal address, email and
 * telephone of who records) are left out and not filled with something; jurisdiction and policy have
 * to be texts that are not empty, and say that there is none.
 *
 * Pure.
 */

import { UsageError } from "./errors.ts";
import type { Consent } from "./recording_consent.ts";
import { CONTACT, METHOD, NO_PLACE, pseudonym, receiptId, WITHDRAW } from "./recording_jsonld.ts";
import { Recipients, type RecordingAsk } from "./recording_statements.ts";
import type { Kind, Kinds } from "./recording_types.ts";

/** Section 4.3.1. */
const VERSION = "KI-CR-v1.1.0";

const SERVICE = "Recording of a call by one of its members";
const POLICY = "None: all that was promised is what is said here.";
const EXPORT = "An export that anybody can play, for ever";
const NAMELESS = "Whomever who asked gives it to";

/** To what a yes is, in Kantara's names. */
export type KantaraPurpose = Readonly<{
  purpose: string;
  purposeCategory: readonly string[];
  consentType: "EXPLICIT";
  piiCategory: readonly Kind[];
  primaryPurpose: boolean;
  termination: string;
  thirdPartyDisclosure: boolean;
  thirdPartyName?: string;
}>;

/** A yes, in Kantara's names. */
export type KantaraView = Readonly<{
  version: string;
  jurisdiction: string;
  /** Unix seconds. */
  consentTimestamp: number;
  collectionMethod: string;
  consentReceiptID: string;
  publicKey: string;
  piiPrincipalId: string;
  piiControllers: readonly Readonly<{
    piiController: string;
    onBehalf: boolean;
    contact: string;
  }>[];
  policyUrl: string;
  services: readonly Readonly<{ service: string; purposes: readonly KantaraPurpose[] }>[];
  sensitive: boolean;
  spiCat: readonly string[];
}>;

/**
 * Return the view of a consent that was given, stands, and was verified.
 *
 * @throws UsageError No yes stands.
 */
export function kantaraView(consent: Consent): KantaraView {
  const { given, ask, key } = consent;
  if (given === null) {
    throw new UsageError("Kantara's form has no place for a no, nor for a yes taken back");
  }
  const purposes = [recording(ask, given.kinds)];
  if (given.clear) purposes.push(exporting(ask, given.kinds));
  return {
    version: VERSION,
    jurisdiction: NO_PLACE,
    consentTimestamp: given.at,
    collectionMethod: METHOD,
    consentReceiptID: receiptId(consent),
    publicKey: pseudonym(ask.key),
    piiPrincipalId: pseudonym(key),
    piiControllers: [{ piiController: pseudonym(ask.key), onBehalf: false, contact: CONTACT }],
    policyUrl: POLICY,
    services: [{ service: SERVICE, purposes }],
    // Nobody knows beforehand that nothing sensitive will be said.
    sensitive: true,
    spiCat: ["Whatever is said or shown in the call"],
  };
}

function recording(ask: RecordingAsk, kinds: Kinds): KantaraPurpose {
  const thirdPartyDisclosure = ask.recipients === Recipients.MEMBERS;
  const thirdPartyName = "Everybody in the call who was asked and agreed";
  return {
    purpose: ask.purpose,
    purposeCategory: ["Recording"],
    consentType: "EXPLICIT",
    piiCategory: [...kinds].sort(),
    primaryPurpose: true,
    termination: `${ask.days} days after it was asked for. ${WITHDRAW}`,
    thirdPartyDisclosure,
    ...(thirdPartyDisclosure ? { thirdPartyName } : {}),
  };
}

function exporting(ask: RecordingAsk, kinds: Kinds): KantaraPurpose {
  return {
    purpose: EXPORT,
    purposeCategory: ["Recording"],
    consentType: "EXPLICIT",
    piiCategory: [...kinds].sort(),
    primaryPurpose: false,
    termination: "None: it cannot be taken back.",
    thirdPartyDisclosure: true,
    thirdPartyName: ask.named ?? NAMELESS,
  };
}
