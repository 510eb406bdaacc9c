"""A file as one encrypted blob (protocol.md P1, P8; docs/protocol/files.md).

    blob   = salt(28) || chunk 0 || chunk 1 || ... || chunk n-1        n = bucket / 65,536
    key    = HKDF-SHA-384(file key, salt, "visavis file v1" 0x00 || SHA-256 of the file || size u64)
    chunk  = AES-256-GCM(key, nonce = 0^8 || i u32, AAD = "visavis file v1" 0x00 || i u32 || n u32,
                         65,520 bytes of the file, the last ones filled up with zeros)

A blob is exactly one of the server's sizes: it sees a bucket and nothing else. The file key is
fresh for each file and travels only inside the message; the salt is fresh for each blob, so no
nonce ever comes twice even if a key did. Index and count are bound to each chunk, hash and length
to the key: chunks cannot be swapped, dropped, doubled or taken from another file. AES-GCM alone
does not commit to its key; the hash in the message does.

Nothing is handed out before everything was checked.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core.errors import Code, PeerError
from visavis.core.file_type import MAX_FILE_BYTES
from visavis.core.ids import Digest, FileKey, Rng

CHUNK_BYTES: Final = 65_536
"""Of ciphertext, tag included. Smaller ones cost more tags, larger ones more memory at a time."""
PLAIN_BYTES: Final = CHUNK_BYTES - 16
SALT_BYTES: Final = 28
"""What the server's sizes have over a multiple of the chunk size."""
BUCKETS: Final = tuple(kib * 1024 for kib in (256, 1024, 4096, 8192, 16_384, 25_600))
"""As `visavis.ports.blobs.BLOB_BUCKETS`; a test holds the two to each other."""

_LABEL: Final = b"visavis file v1\0"


def chunk_count(size: int) -> int:
    """Return how many chunks a file of this many bytes has: those of the least bucket it fits.

    Raises:
        PeerError: TOO_LARGE (CK-301), also for a file without any byte.
    """
    if not 1 <= size <= MAX_FILE_BYTES:
        raise PeerError(Code.TOO_LARGE, "CK-301: a file has from 1 to 25,000,000 bytes")
    counts = (bucket // CHUNK_BYTES for bucket in BUCKETS)
    return next(count for count in counts if size <= count * PLAIN_BYTES)


def blob_size(size: int) -> int:
    """Return how long the blob of a file is; raises as `chunk_count`."""
    return SALT_BYTES + chunk_count(size) * CHUNK_BYTES


def seal_file(data: bytes, key: FileKey, rng: Rng) -> bytes:
    """Encrypt a file.

    Args:
        data: Its content, already stripped.
        key: Fresh, for this file only.
        rng: For the salt.

    Returns:
        The blob: `blob_size(len(data))` bytes.

    Raises:
        PeerError: TOO_LARGE (CK-301).
    """
    count = chunk_count(len(data))
    salt = rng(SALT_BYTES)
    cipher = _cipher(key, salt, Digest.sha256(data), len(data))
    out = bytearray(salt)
    for index in range(count):
        plain = data[index * PLAIN_BYTES : (index + 1) * PLAIN_BYTES].ljust(PLAIN_BYTES, b"\0")
        out += cipher.encrypt(_nonce(index), plain, _bound(index, count))
    return bytes(out)


def open_file(blob: bytes, key: FileKey, digest: Digest, size: int) -> bytes:
    """Decrypt a file and check everything about it.

    Args:
        blob: As the server gave it.
        key: From the message.
        digest: SHA-256 of the file, from the message.
        size: Bytes of the file, from the message.

    Raises:
        PeerError: DECRYPTION: the blob has another length than such a file's (CK-296), a chunk
            does not open (CK-297), something follows the file (CK-298), it is another file than
            the message speaks of (CK-299). TOO_LARGE (CK-301). Nothing is handed out.
    """
    if len(blob) != blob_size(size):
        raise PeerError(Code.DECRYPTION, "CK-296: the blob is not as long as the file asks")
    count = chunk_count(size)
    cipher = _cipher(key, blob[:SALT_BYTES], digest, size)
    out = bytearray()
    for index in range(count):
        at = SALT_BYTES + index * CHUNK_BYTES
        try:
            chunk = blob[at : at + CHUNK_BYTES]
            out += cipher.decrypt(_nonce(index), chunk, _bound(index, count))
        except InvalidTag:
            raise PeerError(Code.DECRYPTION, "CK-297: a part of the file does not open") from None
    # CK-298: bytes that nobody sees are where something else travels along.
    if out[size:].strip(b"\0"):
        raise PeerError(Code.DECRYPTION, "CK-298: something follows the file")
    del out[size:]
    if Digest.sha256(out) != digest:
        raise PeerError(Code.DECRYPTION, "CK-299: not the file the message speaks of")
    return bytes(out)


def _cipher(key: FileKey, salt: bytes, digest: Digest, size: int) -> AESGCM:
    info = _LABEL + digest + size.to_bytes(8, "big")
    return AESGCM(HKDF(hashes.SHA384(), length=32, salt=salt, info=info).derive(key))


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")


def _bound(index: int, count: int) -> bytes:
    return _LABEL + index.to_bytes(4, "big") + count.to_bytes(4, "big")
