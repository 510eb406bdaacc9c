"""What a hostile server may hand to a client, and the file that somebody brings to move.

Keystore, problem details, STUN answers; a move file's outside, header and contents.
"""

from __future__ import annotations

import random
from typing import Final

from fuzz.engine import Target
from visavis.core.call_entry import Direction, Entry, Outcome
from visavis.core.content_records import Decided, MayCall, Media, Rules, Settings, Standing
from visavis.core.device_list import ListedDevice, sign_first
from visavis.core.errors import VisavisError
from visavis.core.ids import AccountId, CallId, DeviceId, SignatureKey
from visavis.core.move_file import (
    MAX_MEMORY_KIB,
    Moved,
    MovedContact,
    Work,
    pages_of,
    read_work,
    seal_move,
)
from visavis.media.coturn_probe import parse_realm
from visavis.sdk.keystore import Keystore
from visavis.transport.http import problem


def _keystore_sample() -> bytes:
    rng = random.Random(1).randbytes
    return Keystore(AccountId(rng(16)), rng(60), rng(60), rng(2076)).to_bytes()


def _keystore(data: bytes) -> str:
    found = Keystore.from_bytes(data)
    # To the byte: what replaces it names the hash of what the server stores (CK-680).
    if found.to_bytes() != data:
        raise AssertionError("a keystore does not read back")
    return "keystore"


def _problem(data: bytes) -> str:
    error = problem(403, data)
    if not isinstance(error, VisavisError):
        raise AssertionError("a problem that is no error of ours")  # noqa: TRY004 - a property
    return f"{type(error).__name__} {error.code}"


def _realm(data: bytes) -> str:
    return str(len(parse_realm(data)).bit_length())


def _moved() -> Moved:
    private = bytes(32)
    listed = sign_first(
        AccountId(bytes(16)), private, [ListedDevice(DeviceId(bytes(16)), SignatureKey(bytes(32)))]
    )
    account = AccountId(b"\x01" * 16)
    contact = MovedContact(
        account,
        listed.identity_key,
        1,
        "bob.1",
        Standing.CONTACT,
        listed.identity_key,
        Rules(MayCall.VOICE, keeps=3),
        Decided(rules=5),
    )
    call = Entry(
        CallId(bytes(16)),
        (account,),
        Direction.INCOMING,
        Media.VIDEO,
        Outcome.MISSED,
        1_700_000_000,
    )
    settings = Settings(keep=24, details=False, sync=True, trace=True, count=1)
    pages = pages_of([call], random.Random(1).randbytes)
    return Moved(private, listed.data, "anna.1", (contact,), pages, settings)


def _move_contents(data: bytes) -> str:
    found = Moved.parse(data)
    if found.to_bytes() != data:
        raise AssertionError("what a move file carries does not read back")
    return f"{len(found.contacts)} {len(found.calls())}"


def _move_header(data: bytes) -> str:
    work = Work.from_header(data)
    if work.memory_kib > MAX_MEMORY_KIB or work.to_header() != data[: len(work.to_header())]:
        raise AssertionError("a move file's header does not read back")
    return str(work.passes)


def _move_outside(data: bytes) -> str:
    return str(read_work(data).lanes)


_WORK: Final = Work(3, 65_536, 1, bytes(16))

_BINDING: Final = bytes.fromhex("0101000c2112a442") + bytes(12)

TARGETS: Final = [
    Target("client.keystore", lambda: [_keystore_sample()], _keystore),
    Target("client.move_contents", lambda: [_moved().to_bytes()], _move_contents),
    Target("client.move_header", lambda: [_WORK.to_header()], _move_header),
    Target(
        "client.move_outside",
        lambda: [seal_move(_moved(), _WORK, bytes(32), random.Random(2).randbytes)],
        _move_outside,
    ),
    Target("client.problem", lambda: [b'{"code":"refused","status":403}'], _problem),
    Target("client.stun", lambda: [_BINDING + b"\x00\x14\x00\x04real"], _realm),
]
