"""Plain words for what a server keeps: for somebody who never saw a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from visavis.sdk.server_data import DataClass, Footprint

NAMES: Final[Mapping[DataClass, str]] = {
    DataClass.ACCOUNT: "Your account",
    DataClass.DEVICES: "Your devices",
    DataClass.ENVELOPES: "Envelopes that wait for you",
    DataClass.KEY_PACKAGES: "Keys with which contacts let a device of yours in",
    DataClass.HANDLE: "Being found by your name",
    DataClass.PUSH: "Ringing a closed app",
    DataClass.VAULT: "Your vault",
    DataClass.OTHER: "Other",
}

SENTENCES: Final[Mapping[DataClass, str]] = {
    DataClass.ACCOUNT: (
        "A random number that stands for you, a keyed hash of your name, what checks your login, "
        "your\nkeys, sealed on your device, and what you chose about your data."
    ),
    DataClass.DEVICES: (
        "Random numbers for each device and its mailbox, and hashes of the keys that you hand to\n"
        "contacts: 256 at a time, however many contacts you have."
    ),
    DataClass.ENVELOPES: (
        "Sealed; the server cannot open them and does not know from whom they are. They go when\n"
        "your device has them."
    ),
    DataClass.KEY_PACKAGES: "Public keys, each good once.",
    DataClass.HANDLE: "Where requests go, if you let people who know your whole name ask.",
    DataClass.PUSH: "The address of your browser's push service, sealed.",
    DataClass.VAULT: (
        "Contacts and settings for your next device, sealed on yours; the server sees its size."
    ),
    DataClass.OTHER: "Of a newer server; this version has no words for it.",
}

FOLLOWS: Final[Mapping[DataClass, str]] = {
    DataClass.PUSH: (
        "Calls do not ring a closed app on this device any more. Switching it on again makes a new "
        "subscription."
    ),
    DataClass.HANDLE: (
        "Your name is hidden: whoever looks it up gets what everybody gets for a name that nobody "
        "has.\nvisavis findable on shows it again."
    ),
    DataClass.KEY_PACKAGES: (
        "Contacts cannot let this device into a new conversation until it uploads fresh keys, as "
        "it\ndoes within a day. What you have with them goes on."
    ),
    DataClass.ENVELOPES: (
        "What had not come to this device yet is gone unread; those who sent it do not know. If it "
        "was\na change of keys, a contact has to let this device in again."
    ),
    DataClass.VAULT: (
        "A new device of yours would start without contacts. It is not kept empty: your devices "
        "write\nit anew with their next change. To be without one, close the account."
    ),
}
"""What follows from deleting each kind that can be deleted by itself."""

AT_REST: Final[Mapping[str, str]] = {
    "ciphertext": "sealed, the keys are on devices",
    "hash": "a hash",
    "keyed_hash": "a keyed hash",
    "sealed": "sealed by the server",
    "public_key": "a public key",
    "signature": "a signature",
    "random_id": "a random number",
    "day": "a day",
    "number": "a number",
    "plain": "readable",
    "pake_record": "checks a password without knowing it",
}

WHO: Final[Mapping[str, str]] = {
    "owner": "you",
    "contacts": "your contacts",
    "operator": "who runs the server",
    "anyone_with_handle": "whoever knows your name",
    "nobody": "nobody",
}

BASES: Final[Mapping[str, str]] = {
    "contract": "needed for what you asked for (GDPR 6(1)(b))",
    "legitimate_interest": "keeps the service usable under attack (GDPR 6(1)(f))",
    "consent": "you switched it on (GDPR 6(1)(a))",
    "not_personal": "says nothing about a person",
}


def size(footprint: Footprint) -> str:
    """Return rows and bytes in words."""
    rows = "1 row" if footprint.rows == 1 else f"{footprint.rows:,} rows"
    return f"{rows}, {footprint.bytes:,} bytes"


def countdown(days: set[str], today: str) -> str:
    """Return when rows go: "in 30 days (2026-12-29)", or the range.

    Args:
        days: ISO days on which they are deleted.
        today: ISO day.
    """
    if not days:
        return ""
    first, last = min(days), max(days)
    near, far = (_days(today, day) for day in (first, last))
    if near == far:
        return f"in {near} days ({first})" if near > 0 else f"due now ({first})"
    return f"in {max(near, 0)} to {far} days ({first} to {last})"


def _days(today: str, day: str) -> int:
    return (date.fromisoformat(day) - date.fromisoformat(today)).days


OBJECTIONS: Final[Mapping[str, str]] = {
    "requests.json": "cannot be off: it shows that requests were answered in time; it has no name",
    "id3": "cannot be off; with the database it could be told whose it is, for seven days",
    "pushes": "off with: visavis data delete push",
    "capability quotas": "off while restricted: visavis data restrict",
    "changes of handle": "cannot be off: without it a name that was given up could be picked",
    "attempts by address": "cannot be off: without it passwords could be guessed for ever",
    "attempts by handle": "cannot be off: without it passwords could be guessed for ever",
}
"""What comes of objecting, by the inventory's name of a thing in memory or field of the log."""

OF_NOBODY: Final = "nothing of it can be told to be yours"
"""What comes of objecting to the other fields of the log."""
