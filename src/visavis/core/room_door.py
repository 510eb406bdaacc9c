"""What is said at the door of a call room, sealed: a joiner's key package, and its Welcome.

Whoever may ask to come in knows the room's id and its `DoorKey`: from the group's conversation, or
from a host. So the server, which passes both on, reads neither (docs/protocol/group-call.md). The
key lets nobody in: whose key package it is, and whether they may be there, the members judge.

Form: 12 random bytes, then AES-256-GCM (RFC 5116) over the padded content; length a multiple of
8 KiB, so that a key package does not show how many devices its account has.
"""

from __future__ import annotations

import hashlib
from typing import Final

from visavis.core.content_room_fields import MAX_COMMIT, MAX_KNOCK
from visavis.core.envelope import OVERHEAD, open_any_size, seal_to_size
from visavis.core.errors import Code, PeerError
from visavis.core.ids import DoorKey, Rng, RoomId

STEP: Final = 8_192
"""Sealed lengths are multiples of this many bytes."""

_KNOCK: Final = b"visavis door knock v1\0"
_LET_IN: Final = b"visavis door let in v1\0"


def seal_knock(key: DoorKey, room: RoomId, key_package: bytes, rng: Rng) -> bytes:
    """Seal a key package for those inside.

    Raises:
        PeerError: TOO_LARGE.
    """
    return _seal(key, _KNOCK + room, key_package, MAX_KNOCK, rng)


def open_knock(key: DoorKey, room: RoomId, sealed: bytes) -> bytes:
    """Return the key package in a knock.

    Raises:
        PeerError: DECRYPTION (CK-850), another key or room, or not sealed so.
    """
    return _open(key, _KNOCK + room, sealed)


def seal_welcome(key: DoorKey, room: RoomId, key_package: bytes, welcome: bytes, rng: Rng) -> bytes:
    """Seal a Welcome for whoever knocked with a key package.

    Raises:
        PeerError: TOO_LARGE.
    """
    return _seal(key, _answers(room, key_package), welcome, MAX_COMMIT, rng)


def open_welcome(key: DoorKey, room: RoomId, key_package: bytes, sealed: bytes) -> bytes:
    """Return the Welcome in an answer to our knock; raises as `open_knock`."""
    return _open(key, _answers(room, key_package), sealed)


def _answers(room: RoomId, key_package: bytes) -> bytes:
    # Bound to the key package: an answer to one joiner is none to another.
    return _LET_IN + room + hashlib.sha256(key_package).digest()


def _seal(key: DoorKey, context: bytes, content: bytes, most: int, rng: Rng) -> bytes:
    size = -(-(len(content) + OVERHEAD) // STEP) * STEP
    if size > most:
        raise PeerError(Code.TOO_LARGE, "more than fits through the door")
    return seal_to_size(key, context, content, size, rng)


def _open(key: DoorKey, context: bytes, sealed: bytes) -> bytes:
    # CK-850: what was not sealed by whoever knows the room's door key, for this room and purpose.
    if not sealed or len(sealed) % STEP:
        raise PeerError(Code.DECRYPTION, "CK-850: no such length is sealed at a door")
    return open_any_size(key, context, sealed, "CK-850: not sealed for this door")
