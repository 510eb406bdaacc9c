// Written by tools/make_ts.py from src/visavis/core/errors.py: change it there.

export const Code = {
  REFUSED: "refused",
  MALFORMED: "malformed",
  TOO_LARGE: "too_large",
  QUOTA: "quota",
  UNAVAILABLE: "unavailable",
  CONFLICT: "conflict",
  LOGIN_FAILED: "login_failed",
  SIGNUP_LINK: "signup_link",
  EXPIRED: "expired",
  REPLAYED: "replayed",
  WRONG_EPOCH: "wrong_epoch",
  WRONG_GROUP: "wrong_group",
  WRONG_SUITE: "wrong_suite",
  BAD_SIGNATURE: "bad_signature",
  BAD_CREDENTIAL: "bad_credential",
  DECRYPTION: "decryption",
  BAD_COMMITMENT: "bad_commitment",
  UNEXPECTED: "unexpected",
  IDENTITY_CHANGED: "identity_changed",
  SHUT_OUT: "shut_out",
  STORE_LOCKED: "store_locked",
  STORE_BUSY: "store_busy",
  DISK_FULL: "disk_full",
  NO_RELAY: "no_relay",
  NO_SFU: "no_sfu",
  NOT_ENCRYPTED: "not_encrypted",
  NO_ANSWER: "no_answer",
  NO_DEVICE: "no_device",
  NO_MEDIA: "no_media",
  NO_YES: "no_yes",
  UNSAFE_FILE: "unsafe_file",
  MISTYPED: "mistyped",
  WEAK_PASSWORD: "weak_password",
  UNKNOWN_CONTACT: "unknown_contact",
  NOT_VERIFIED: "not_verified",
  UNKNOWN_DEVICE: "unknown_device",
  TOO_MANY_DEVICES: "too_many_devices",
  PASSKEY_REFUSED: "passkey_refused",
  PASSKEY_CANCELLED: "passkey_cancelled",
  PASSKEY_NO_KEY: "passkey_no_key",
  PASSKEY_EXISTS: "passkey_exists",
  TOO_MANY_PASSKEYS: "too_many_passkeys",
  LAST_WAY_IN: "last_way_in",
  ROLLED_BACK: "rolled_back",
  USAGE: "usage",
} as const;

export type Code = (typeof Code)[keyof typeof Code];

/** What a code means, who may try again, and the sentence a person reads. */
export type Meaning = Readonly<{ meaning: string; retry: string; person: string }>;

export const MEANINGS: Readonly<Record<Code, Meaning>> = {
  refused: {
    meaning: "unknown, expired or revoked capability, address, token or object: never says which",
    retry: "nobody",
    person: "The server did not accept this. Nothing was sent. Ask your contact for a new invite.",
  },
  malformed: {
    meaning: "the bytes do not follow the protocol",
    retry: "nobody",
    person: "Something arrived damaged and was dropped. Nothing else was changed.",
  },
  too_large: {
    meaning: "longer than the largest size the protocol has",
    retry: "the sender, with less",
    person: "This is too large to send. Nothing was sent.",
  },
  quota: {
    meaning: "the capability's quota is used up",
    retry: "the sender, later",
    person:
      "Too much was sent in a short time. Nothing was lost here; wait a little and try again.",
  },
  unavailable: {
    meaning: "the other side cannot serve this now",
    retry: "the sender, later",
    person:
      "The server cannot be reached or is busy. Nothing was lost here; try again in a moment.",
  },
  conflict: {
    meaning: "another device was first",
    retry: "the sender, after reading the new state",
    person: "Another device changed this first. Nothing was lost; it is read again now.",
  },
  login_failed: {
    meaning: "wrong handle, password or recovery code: never says which",
    retry: "the person",
    person: "Handle and password do not match. Nothing was changed.",
  },
  signup_link: {
    meaning: "the sign-up link is unknown, used or older than a day: never says which",
    retry: "nobody",
    person: "This sign-up link is no longer good. Ask whoever runs the server for a new one.",
  },
  expired: {
    meaning: "its time has passed",
    retry: "nobody",
    person: "This has expired. Ask for a new one.",
  },
  replayed: {
    meaning: "seen before",
    retry: "nobody",
    person: "A repeated message was dropped. Nothing was lost.",
  },
  wrong_epoch: {
    meaning: "sealed for another epoch of the group",
    retry: "the receiver, after catching up",
    person: "A message came from another moment of the conversation; catching up.",
  },
  wrong_group: {
    meaning: "not for a group we are a member of",
    retry: "nobody",
    person: "A message for another conversation was dropped.",
  },
  wrong_suite: {
    meaning: "another ciphersuite than the one this product uses",
    retry: "nobody",
    person: "The other side offered weaker encryption. It was refused and nothing was sent.",
  },
  bad_signature: {
    meaning: "a signature does not verify",
    retry: "nobody",
    person: "A message was not signed by whom it claims. It was dropped.",
  },
  bad_credential: {
    meaning: "a device is not on its account's signed device list",
    retry: "nobody",
    person: "An unknown device tried to take part. It was refused.",
  },
  decryption: {
    meaning: "cannot be decrypted",
    retry: "nobody",
    person: "A message could not be decrypted and was dropped.",
  },
  bad_commitment: {
    meaning: "a revealed nonce is not the one that was committed to",
    retry: "the person, with a new call",
    person: "The call could not be checked for somebody in between, so it was not started.",
  },
  unexpected: {
    meaning: "well formed, but not at this point of the protocol",
    retry: "nobody",
    person: "A message came at the wrong moment and was dropped.",
  },
  identity_changed: {
    meaning: "a contact's identity key is not the one we know",
    retry: "the person decides",
    person: "Your contact's security key has changed. Compare safety numbers before you go on.",
  },
  shut_out: {
    meaning: "the account has signed that this device is shut out; what it held is erased",
    retry: "nobody; the person can add the device anew",
    person:
      "This device was shut out of your account, so what it held of Visavis was erased from it.",
  },
  store_locked: {
    meaning: "the local store needs its password",
    retry: "the person",
    person: "This profile is locked, or the password is wrong. Nothing was changed.",
  },
  store_busy: {
    meaning: "another process is the profile's one writer",
    retry: "the person, after ending the other process",
    person:
      "Another visavis command is using this profile. End it first, or use another --profile.",
  },
  disk_full: {
    meaning: "no room to write",
    retry: "after making room",
    person: "The disk is full. What was already stored is safe; make room and try again.",
  },
  no_relay: {
    meaning: "no TURN relay can be reached",
    retry: "the person, later",
    person: "The relay cannot be reached, so the call could not start. Run `visavis doctor`.",
  },
  no_sfu: {
    meaning: "the server has nothing that forwards the media of calls of more than three",
    retry: "the person, with fewer people or later",
    person:
      "This server can carry calls of up to three people just now, not more. Nothing was sent.",
  },
  not_encrypted: {
    meaning: "media would not have been end-to-end encrypted",
    retry: "nobody",
    person: "The call was stopped because it could not be encrypted end to end. Nothing was sent.",
  },
  no_answer: {
    meaning: "the call was not answered",
    retry: "the person",
    person: "No answer.",
  },
  no_device: {
    meaning: "no camera, microphone or speaker",
    retry: "the person",
    person: "No camera or microphone was found. Use --media FILE to play a file instead.",
  },
  no_media: {
    meaning: "a media file is missing or holds neither picture nor sound",
    retry: "the person, with another file",
    person:
      "This file cannot be played: it is missing, or has no picture or sound. Nothing was sent.",
  },
  no_yes: {
    meaning: "no yes to a recording stands that could be taken back",
    retry: "nobody",
    person:
      "There is no yes of yours to take back: you gave none, or took it back already. Nothing was changed, and nothing is left to do.",
  },
  unsafe_file: {
    meaning: "a file that a system or browser would run, by its content or by its name",
    retry: "nobody",
    person:
      "Files that can run as a program are neither sent nor opened. Nothing was sent or saved.",
  },
  mistyped: {
    meaning: "a link or code that a person typed or pasted is not whole",
    retry: "the person, after looking again",
    person: "This link or code is not complete or has a typing mistake. Nothing was changed.",
  },
  weak_password: {
    meaning: "the password is too short, too long or known to attackers",
    retry: "the person, with another password",
    person: "This password is not strong enough. Nothing was changed; choose another one.",
  },
  unknown_contact: {
    meaning: "no contact, or more than one, goes by this name on this device",
    retry: "the person, with another name",
    person: "There is no contact of this name, or more than one. `visavis contacts` lists them.",
  },
  not_verified: {
    meaning: "the contact's safety number was not compared, or not with the key it has now",
    retry: "the person, once it was compared",
    person:
      "A confidential call is for contacts whose safety number you have compared. It was not placed, and nothing was sent.",
  },
  unknown_device: {
    meaning: "no other device of the account goes by this id",
    retry: "the person, with another id",
    person: "There is no other device of yours with this id. `visavis device list` shows them.",
  },
  too_many_devices: {
    meaning: "the account's device list is full",
    retry: "the person, after revoking a device",
    person:
      "An account has 16 devices at most. Nothing was changed. On another device: visavis device list, visavis device revoke.",
  },
  passkey_refused: {
    meaning: "no passkey of an account, removed, or its answer is not good: never says which",
    retry: "the person, with another passkey",
    person:
      "This passkey does not open an account here; it may have been removed. Nothing was changed. Use another passkey, or another way to sign in.",
  },
  passkey_cancelled: {
    meaning: "the person or the browser ended the question for a passkey",
    retry: "the person",
    person: "No passkey was used, and nothing was changed. Try again when you are ready.",
  },
  passkey_no_key: {
    meaning: "the authenticator does not give a key (WebAuthn's PRF extension)",
    retry: "the person, with another authenticator",
    person:
      "This passkey gives no encryption key, so it cannot open your account. Nothing was changed. Use a password, or keep the passkey somewhere else.",
  },
  passkey_exists: {
    meaning: "the authenticator has a passkey of this account already",
    retry: "nobody",
    person: "There is a passkey of your account there already. Nothing was changed.",
  },
  too_many_passkeys: {
    meaning: "the account has as many passkeys as it may",
    retry: "the person, after removing one",
    person: "An account has 16 passkeys at most. Nothing was changed; remove one first.",
  },
  last_way_in: {
    meaning: "the account has no password and no other passkey",
    retry: "the person, after adding another way in",
    person:
      "This is the only way into your account beside the recovery code. Nothing was changed. Add another passkey or set a password first.",
  },
  rolled_back: {
    meaning: "the server shows an older state of our own account than we have seen",
    retry: "nobody",
    person:
      "The server showed an old copy of your account's keys. They were not used and nothing was changed; tell whoever runs the server.",
  },
  usage: {
    meaning: "our own code misused an interface",
    retry: "nobody",
    person: "This is a bug in Visavis.",
  },
};
