"""What is said at the door of a call room: sealed with given nonces, and what does not open."""

from __future__ import annotations

from hashlib import sha256

from core_vector_kit import Json, flipped, outcome, randbytes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.core.content_room_fields import MAX_COMMIT, MAX_KNOCK
from visavis.core.envelope import NONCE_BYTES, OVERHEAD, TAG_BYTES
from visavis.core.ids import DoorKey, RoomId
from visavis.core.room_door import STEP, open_knock, open_welcome, seal_knock, seal_welcome


def door_vectors() -> Json:
    """Knocks and answers of every length class, and each wrong key, room, purpose and joiner."""
    rng = randbytes("door")
    key, room, package = DoorKey(rng(32)), RoomId(rng(16)), rng(40)
    other_key, other_room, other_package = DoorKey(rng(32)), RoomId(rng(16)), rng(40)
    nonce = rng(NONCE_BYTES)

    def fixed(_: int) -> bytes:
        return nonce

    def row(sealed: bytes) -> list[object]:
        return [len(sealed), sha256(sealed).hexdigest()]

    # Contents are zeros; at the bounds of a step, and of a door.
    lengths = [0, 1, STEP - OVERHEAD, STEP - OVERHEAD + 1, MAX_KNOCK - OVERHEAD]
    knock = seal_knock(key, room, package, fixed)
    answer = seal_welcome(key, room, package, b"welcome", fixed)
    not_padded = nonce + AESGCM(key).encrypt(
        nonce, bytes(STEP - NONCE_BYTES - TAG_BYTES), b"visavis door knock v1\0" + room
    )
    data = {
        "knock": knock,
        "answer": answer,
        "cut": knock[:-1],
        "empty": b"",
        "flipped": flipped(knock, -1),
        "nonce": flipped(knock, 0),
        "unpadded": not_padded,
    }
    keys, rooms = {"own": key, "other": other_key}, {"own": room, "other": other_room}
    packages = {"own": package, "other": other_package}
    return {
        "key": key.hex(),
        "other_key": other_key.hex(),
        "room": room.hex(),
        "other_room": other_room.hex(),
        "package": package.hex(),
        "other_package": other_package.hex(),
        "nonce": nonce.hex(),
        "step": STEP,
        "knocks": [
            [length, *row(seal_knock(key, room, bytes(length), fixed))] for length in lengths
        ],
        "answers": [
            [length, *row(seal_welcome(key, room, package, bytes(length), fixed))]
            for length in (*lengths, MAX_COMMIT // STEP * STEP - OVERHEAD)
        ],
        "largest": [
            outcome(seal_knock, key, room, bytes(MAX_KNOCK - OVERHEAD + 1), fixed),
            outcome(
                seal_welcome,
                key,
                room,
                package,
                bytes(MAX_COMMIT // STEP * STEP - OVERHEAD + 1),
                fixed,
            ),
        ],
        "data": [[name, sealed.hex()] for name, sealed in data.items()],
        "opened": [
            [name, k, r, outcome(open_knock, keys[k], rooms[r], sealed)]
            for name, sealed in data.items()
            for k in keys
            for r in rooms
        ],
        "welcomes": [
            [name, k, r, p, outcome(open_welcome, keys[k], rooms[r], packages[p], sealed)]
            for name, sealed in data.items()
            for k in keys
            for r in rooms
            for p in packages
        ],
    }
