"""Every error this product raises on purpose, and the one list of wire codes.

A code has a meaning, says who may retry, and has the sentence a person reads (see `describe`).
Messages never carry a payload, key, address or text from a peer. All failures of decryption or
look-up towards a peer share one code (`REFUSED`), so that nobody can learn from the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """Wire codes: what both sides of a connection call a failure."""

    REFUSED = "refused"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    QUOTA = "quota"
    UNAVAILABLE = "unavailable"
    CONFLICT = "conflict"
    LOGIN_FAILED = "login_failed"
    SIGNUP_LINK = "signup_link"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    WRONG_EPOCH = "wrong_epoch"
    WRONG_GROUP = "wrong_group"
    WRONG_SUITE = "wrong_suite"
    BAD_SIGNATURE = "bad_signature"
    BAD_CREDENTIAL = "bad_credential"
    DECRYPTION = "decryption"
    BAD_COMMITMENT = "bad_commitment"
    UNEXPECTED = "unexpected"
    IDENTITY_CHANGED = "identity_changed"
    SHUT_OUT = "shut_out"
    STORE_LOCKED = "store_locked"
    STORE_BUSY = "store_busy"
    DISK_FULL = "disk_full"
    NO_RELAY = "no_relay"
    NO_SFU = "no_sfu"
    NOT_ENCRYPTED = "not_encrypted"
    NO_ANSWER = "no_answer"
    NO_DEVICE = "no_device"
    NO_MEDIA = "no_media"
    NO_YES = "no_yes"
    UNSAFE_FILE = "unsafe_file"
    MISTYPED = "mistyped"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 -- a wire code
    UNKNOWN_CONTACT = "unknown_contact"
    NOT_VERIFIED = "not_verified"
    UNKNOWN_DEVICE = "unknown_device"
    TOO_MANY_DEVICES = "too_many_devices"
    PASSKEY_REFUSED = "passkey_refused"
    PASSKEY_CANCELLED = "passkey_cancelled"
    PASSKEY_NO_KEY = "passkey_no_key"
    PASSKEY_EXISTS = "passkey_exists"
    TOO_MANY_PASSKEYS = "too_many_passkeys"
    LAST_WAY_IN = "last_way_in"
    ROLLED_BACK = "rolled_back"
    USAGE = "usage"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means, who may try again, and the sentence a person reads."""

    meaning: str
    retry: str
    person: str


MEANINGS: Final[dict[Code, Meaning]] = {
    Code.REFUSED: Meaning(
        "unknown, expired or revoked capability, address, token or object: never says which",
        "nobody",
        "The server did not accept this. Nothing was sent. Ask your contact for a new invite.",
    ),
    Code.MALFORMED: Meaning(
        "the bytes do not follow the protocol",
        "nobody",
        "Something arrived damaged and was dropped. Nothing else was changed.",
    ),
    Code.TOO_LARGE: Meaning(
        "longer than the largest size the protocol has",
        "the sender, with less",
        "This is too large to send. Nothing was sent.",
    ),
    Code.QUOTA: Meaning(
        "the capability's quota is used up",
        "the sender, later",
        "Too much was sent in a short time. Nothing was lost here; wait a little and try again.",
    ),
    Code.UNAVAILABLE: Meaning(
        "the other side cannot serve this now",
        "the sender, later",
        "The server cannot be reached or is busy. Nothing was lost here; try again in a moment.",
    ),
    Code.CONFLICT: Meaning(
        "another device was first",
        "the sender, after reading the new state",
        "Another device changed this first. Nothing was lost; it is read again now.",
    ),
    Code.LOGIN_FAILED: Meaning(
        "wrong handle, password or recovery code: never says which",
        "the person",
        "Handle and password do not match. Nothing was changed.",
    ),
    Code.SIGNUP_LINK: Meaning(
        "the sign-up link is unknown, used or older than a day: never says which",
        "nobody",
        "This sign-up link is no longer good. Ask whoever runs the server for a new one.",
    ),
    Code.EXPIRED: Meaning("its time has passed", "nobody", "This has expired. Ask for a new one."),
    Code.REPLAYED: Meaning(
        "seen before",
        "nobody",
        "A repeated message was dropped. Nothing was lost.",
    ),
    Code.WRONG_EPOCH: Meaning(
        "sealed for another epoch of the group",
        "the receiver, after catching up",
        "A message came from another moment of the conversation; catching up.",
    ),
    Code.WRONG_GROUP: Meaning(
        "not for a group we are a member of",
        "nobody",
        "A message for another conversation was dropped.",
    ),
    Code.WRONG_SUITE: Meaning(
        "another ciphersuite than the one this product uses",
        "nobody",
        "The other side offered weaker encryption. It was refused and nothing was sent.",
    ),
    Code.BAD_SIGNATURE: Meaning(
        "a signature does not verify",
        "nobody",
        "A message was not signed by whom it claims. It was dropped.",
    ),
    Code.BAD_CREDENTIAL: Meaning(
        "a device is not on its account's signed device list",
        "nobody",
        "An unknown device tried to take part. It was refused.",
    ),
    Code.DECRYPTION: Meaning(
        "cannot be decrypted",
        "nobody",
        "A message could not be decrypted and was dropped.",
    ),
    Code.BAD_COMMITMENT: Meaning(
        "a revealed nonce is not the one that was committed to",
        "the person, with a new call",
        "The call could not be checked for somebody in between, so it was not started.",
    ),
    Code.UNEXPECTED: Meaning(
        "well formed, but not at this point of the protocol",
        "nobody",
        "A message came at the wrong moment and was dropped.",
    ),
    Code.IDENTITY_CHANGED: Meaning(
        "a contact's identity key is not the one we know",
        "the person decides",
        "Your contact's security key has changed. Compare safety numbers before you go on.",
    ),
    Code.SHUT_OUT: Meaning(
        "the account has signed that this device is shut out; what it held is erased",
        "nobody; the person can add the device anew",
        "This device was shut out of your account, so what it held of Visavis was erased from it.",
    ),
    Code.STORE_LOCKED: Meaning(
        "the local store needs its password",
        "the person",
        "This profile is locked, or the password is wrong. Nothing was changed.",
    ),
    Code.STORE_BUSY: Meaning(
        "another process is the profile's one writer",
        "the person, after ending the other process",
        "Another visavis command is using this profile. End it first, or use another --profile.",
    ),
    Code.DISK_FULL: Meaning(
        "no room to write",
        "after making room",
        "The disk is full. What was already stored is safe; make room and try again.",
    ),
    Code.NO_RELAY: Meaning(
        "no TURN relay can be reached",
        "the person, later",
        "The relay cannot be reached, so the call could not start. Run `visavis doctor`.",
    ),
    Code.NO_SFU: Meaning(
        "the server has nothing that forwards the media of calls of more than three",
        "the person, with fewer people or later",
        "This server can carry calls of up to three people just now, not more. Nothing was sent.",
    ),
    Code.NOT_ENCRYPTED: Meaning(
        "media would not have been end-to-end encrypted",
        "nobody",
        "The call was stopped because it could not be encrypted end to end. Nothing was sent.",
    ),
    Code.NO_ANSWER: Meaning("the call was not answered", "the person", "No answer."),
    Code.NO_DEVICE: Meaning(
        "no camera, microphone or speaker",
        "the person",
        "No camera or microphone was found. Use --media FILE to play a file instead.",
    ),
    Code.MISTYPED: Meaning(
        "a link or code that a person typed or pasted is not whole",
        "the person, after looking again",
        "This link or code is not complete or has a typing mistake. Nothing was changed.",
    ),
    Code.WEAK_PASSWORD: Meaning(
        "the password is too short, too long or known to attackers",
        "the person, with another password",
        "This password is not strong enough. Nothing was changed; choose another one.",
    ),
    Code.NO_MEDIA: Meaning(
        "a media file is missing or holds neither picture nor sound",
        "the person, with another file",
        "This file cannot be played: it is missing, or has no picture or sound. Nothing was sent.",
    ),
    Code.NO_YES: Meaning(
        "no yes to a recording stands that could be taken back",
        "nobody",
        "There is no yes of yours to take back: you gave none, or took it back already. Nothing "
        "was changed, and nothing is left to do.",
    ),
    Code.UNSAFE_FILE: Meaning(
        "a file that a system or browser would run, by its content or by its name",
        "nobody",
        "Files that can run as a program are neither sent nor opened. Nothing was sent or saved.",
    ),
    Code.UNKNOWN_CONTACT: Meaning(
        "no contact, or more than one, goes by this name on this device",
        "the person, with another name",
        "There is no contact of this name, or more than one. `visavis contacts` lists them.",
    ),
    Code.NOT_VERIFIED: Meaning(
        "the contact's safety number was not compared, or not with the key it has now",
        "the person, once it was compared",
        "A confidential call is for contacts whose safety number you have compared. It was not "
        "placed, and nothing was sent.",
    ),
    Code.UNKNOWN_DEVICE: Meaning(
        "no other device of the account goes by this id",
        "the person, with another id",
        "There is no other device of yours with this id. `visavis device list` shows them.",
    ),
    Code.TOO_MANY_DEVICES: Meaning(
        "the account's device list is full",
        "the person, after revoking a device",
        "An account has 16 devices at most. Nothing was changed. On another device: visavis "
        "device list, visavis device revoke.",
    ),
    Code.PASSKEY_REFUSED: Meaning(
        "no passkey of an account, removed, or its answer is not good: never says which",
        "the person, with another passkey",
        "This passkey does not open an account here; it may have been removed. Nothing was "
        "changed. Use another passkey, or another way to sign in.",
    ),
    Code.PASSKEY_CANCELLED: Meaning(
        "the person or the browser ended the question for a passkey",
        "the person",
        "No passkey was used, and nothing was changed. Try again when you are ready.",
    ),
    Code.PASSKEY_NO_KEY: Meaning(
        "the authenticator does not give a key (WebAuthn's PRF extension)",
        "the person, with another authenticator",
        "This passkey gives no encryption key, so it cannot open your account. Nothing was "
        "changed. Use a password, or keep the passkey somewhere else.",
    ),
    Code.PASSKEY_EXISTS: Meaning(
        "the authenticator has a passkey of this account already",
        "nobody",
        "There is a passkey of your account there already. Nothing was changed.",
    ),
    Code.TOO_MANY_PASSKEYS: Meaning(
        "the account has as many passkeys as it may",
        "the person, after removing one",
        "An account has 16 passkeys at most. Nothing was changed; remove one first.",
    ),
    Code.LAST_WAY_IN: Meaning(
        "the account has no password and no other passkey",
        "the person, after adding another way in",
        "This is the only way into your account beside the recovery code. Nothing was changed. "
        "Add another passkey or set a password first.",
    ),
    Code.ROLLED_BACK: Meaning(
        "the server shows an older state of our own account than we have seen",
        "nobody",
        "The server showed an old copy of your account's keys. They were not used and nothing was "
        "changed; tell whoever runs the server.",
    ),
    Code.USAGE: Meaning("our own code misused an interface", "nobody", "This is a bug in Visavis."),
}


class VisavisError(Exception):
    """Base of all errors raised on purpose.

    Args:
        code: One of the wire codes.
        detail: For developers; never a payload, key, address or peer text.
    """

    def __init__(self, code: Code, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail

    def describe(self) -> str:
        """Return the sentence a person reads."""
        return MEANINGS[self.code].person


class UsageError(VisavisError):
    """Our own code called something in a state where the call makes no sense."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.USAGE, detail)


class PeerError(VisavisError):
    """The other side broke the rules; our state is unchanged."""


class AuthorizationError(VisavisError):
    """Not allowed."""


class UnavailableError(VisavisError):
    """Could not be done now; a retry may help."""


class FatalError(VisavisError):
    """State unknown: stop, and recover on the next start."""
