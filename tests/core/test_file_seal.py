"""Files as blobs: one of the server's sizes, and nothing handed out that was not checked."""

from __future__ import annotations

import hashlib
import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core.errors import Code, PeerError
from visavis.core.file_seal import (
    BUCKETS,
    CHUNK_BYTES,
    PLAIN_BYTES,
    SALT_BYTES,
    blob_size,
    open_file,
    seal_file,
)
from visavis.core.file_type import MAX_FILE_BYTES
from visavis.core.ids import Digest, FileKey
from visavis.ports.blobs import BLOB_BUCKETS, BLOB_OVERHEAD, BLOB_SIZES, MAX_BLOB_BYTES

KEY = FileKey(b"k" * 32)
FILE = bytes(range(256)) * 300
"""76,800 bytes: two chunks of content, two of padding."""


def refused(code: Code, check: str) -> pytest.RaisesExc[PeerError]:
    return pytest.raises(PeerError, match=f"{code}: {check}")


def at(blob: bytes, index: int) -> bytes:
    start = SALT_BYTES + index * CHUNK_BYTES
    return blob[start : start + CHUNK_BYTES]


@pytest.mark.parametrize("size", [1, PLAIN_BYTES, PLAIN_BYTES + 1, 4 * PLAIN_BYTES, 300_000])
def test_round_trip(size: int) -> None:
    data = os.urandom(size)
    blob = seal_file(data, KEY, os.urandom)
    assert open_file(blob, KEY, Digest.sha256(data), size) == data
    assert len(blob) == blob_size(size)
    assert data[:64] not in blob or size < 4


def test_the_largest_file_fits_the_largest_blob_and_one_byte_more_is_refused() -> None:
    assert blob_size(MAX_FILE_BYTES) == MAX_BLOB_BYTES
    data = bytes(MAX_FILE_BYTES)
    blob = seal_file(data, KEY, os.urandom)
    assert len(blob) == MAX_BLOB_BYTES
    assert open_file(blob, KEY, Digest.sha256(data), MAX_FILE_BYTES) == data
    for size in (0, -1, MAX_FILE_BYTES + 1):
        with refused(Code.TOO_LARGE, "CK-301"):
            open_file(blob, KEY, Digest.sha256(data), size)
    with refused(Code.TOO_LARGE, "CK-301"):
        seal_file(bytes(MAX_FILE_BYTES + 1), KEY, os.urandom)
    with refused(Code.TOO_LARGE, "CK-301"):
        seal_file(b"", KEY, os.urandom)


def test_the_server_sees_its_own_sizes_only() -> None:
    assert BUCKETS == BLOB_BUCKETS
    assert SALT_BYTES == BLOB_OVERHEAD
    sizes = [1, *(b // CHUNK_BYTES * PLAIN_BYTES + n for b in BUCKETS[:-1] for n in (0, 1))]
    assert {blob_size(size) for size in sizes} == BLOB_SIZES


def test_the_same_file_twice_is_unrelated() -> None:
    one, other = seal_file(FILE, KEY, os.urandom), seal_file(FILE, KEY, os.urandom)
    assert all(at(one, n) != at(other, n) for n in range(4))
    padding = {at(one, 2), at(one, 3), at(other, 2), at(other, 3)}
    assert len(padding) == 4


def test_a_changed_bit_anywhere() -> None:
    """CK-297: salt, ciphertext, tag and padding are all bound."""
    blob = seal_file(FILE, KEY, os.urandom)
    for place in (0, SALT_BYTES - 1, SALT_BYTES, 40_000, CHUNK_BYTES + 27, 200_000, len(blob) - 1):
        bad = bytearray(blob)
        bad[place] ^= 1
        with refused(Code.DECRYPTION, "CK-297"):
            open_file(bytes(bad), KEY, Digest.sha256(FILE), len(FILE))


def test_chunks_swapped_doubled_dropped_or_from_another_blob() -> None:
    blob, other = seal_file(FILE, KEY, os.urandom), seal_file(FILE, KEY, os.urandom)
    salt, parts = blob[:SALT_BYTES], [at(blob, n) for n in range(4)]
    for order in ((1, 0, 2, 3), (0, 0, 2, 3), (0, 1, 3, 2), (0, 1, 2, 2)):
        with refused(Code.DECRYPTION, "CK-297"):
            open_file(salt + b"".join(parts[n] for n in order), KEY, Digest.sha256(FILE), len(FILE))
    with refused(Code.DECRYPTION, "CK-297"):
        open_file(salt + at(other, 0) + b"".join(parts[1:]), KEY, Digest.sha256(FILE), len(FILE))
    for bad in (b"", blob[:-1], blob + b"\0", blob[:-CHUNK_BYTES], blob + parts[3]):
        with refused(Code.DECRYPTION, "CK-296"):
            open_file(bad, KEY, Digest.sha256(FILE), len(FILE))


def test_the_count_of_chunks_is_bound() -> None:
    """A sender that seals the first chunks of a longer file as a whole one."""
    short = seal_by_hand(FILE, Digest.sha256(FILE), len(FILE), count=16)
    with refused(Code.DECRYPTION, "CK-297"):
        open_file(short[: blob_size(len(FILE))], KEY, Digest.sha256(FILE), len(FILE))


def test_lies_about_size_hash_and_key() -> None:
    blob = seal_file(FILE, KEY, os.urandom)
    for size in (len(FILE) - 1, len(FILE) + 1, 1):
        with refused(Code.DECRYPTION, "CK-297"):
            open_file(blob, KEY, Digest.sha256(FILE), size)
    with refused(Code.DECRYPTION, "CK-296"):
        open_file(blob, KEY, Digest.sha256(FILE), 4 * PLAIN_BYTES + 1)
    with refused(Code.DECRYPTION, "CK-297"):
        open_file(blob, KEY, Digest(bytes(32)), len(FILE))
    with refused(Code.DECRYPTION, "CK-297"):
        open_file(blob, FileKey(bytes(32)), Digest.sha256(FILE), len(FILE))


def seal_by_hand(content: bytes, digest: bytes, size: int, *, count: int = 4) -> bytes:
    """Seal as a hostile contact would, who says what he likes: an implementation of its own."""
    salt = bytes(28)
    info = b"visavis file v1\0" + digest + size.to_bytes(8, "big")
    cipher = AESGCM(HKDF(hashes.SHA384(), 32, salt, info).derive(KEY))
    padded = content.ljust(count * 65_520, b"\0")
    blob = salt
    for n in range(count):
        bound = b"visavis file v1\0" + n.to_bytes(4, "big") + count.to_bytes(4, "big")
        blob += cipher.encrypt(n.to_bytes(12, "big"), padded[65_520 * n : 65_520 * (n + 1)], bound)
    return blob


def test_a_hostile_sender() -> None:
    """CK-298, CK-299: whoever has the key may seal anything; it must still be what it said."""
    honest = seal_by_hand(FILE, hashlib.sha256(FILE).digest(), len(FILE))
    assert open_file(honest, KEY, Digest.sha256(FILE), len(FILE)) == FILE
    with refused(Code.DECRYPTION, "CK-299"):
        wrong = Digest(bytes(32))
        open_file(seal_by_hand(FILE, wrong, len(FILE)), KEY, wrong, len(FILE))
    for more in (FILE + b"x", FILE + bytes(100_000) + b"x"):
        with refused(Code.DECRYPTION, "CK-298"):
            open_file(
                seal_by_hand(more, Digest.sha256(FILE), len(FILE)),
                KEY,
                Digest.sha256(FILE),
                len(FILE),
            )


def test_keys_print_nothing() -> None:
    assert repr(KEY) == "FileKey(~)"
