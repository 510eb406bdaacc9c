"""A stream sealed under a passphrase: chunks of AES-256-GCM that cannot be cut, swapped or joined.

::

    file   = header || chunk...
    header = "visavis backup" || version u8 || salt 16
    key    = Argon2id(passphrase, salt)                          RFC 9106, second recommended option
    chunk  = AES-256-GCM(key, nonce, plaintext up to 64 KiB, AAD = header)
    nonce  = number of the chunk (11 bytes, big-endian) || 1 for the last chunk, else 0

The construction is age's (STREAM of Hoang, Reyhanitabar, Rogaway and Vizar): the number in the
nonce fixes the order, the last byte the end, the salt makes the key fresh for each file.
"""

from __future__ import annotations

from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.ports.random import Rng

MAGIC: Final = b"visavis backup\x01"
SALT_BYTES: Final = 16
CHUNK_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16

# RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes.
_MEMORY_KIB: Final = 64 * 1024
_PASSES: Final = 3
_LANES: Final = 4


def _cipher(passphrase: bytes, salt: bytes) -> AESGCM:
    kdf = Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
    return AESGCM(kdf.derive(passphrase))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class SealingWriter:
    """Seals what is written to it; `finish` marks the end.

    Args:
        out: Where the sealed bytes go.
        passphrase: Any bytes, at least one.
        rng: Source of the salt.
    """

    def __init__(self, out: IO[bytes], passphrase: bytes, rng: Rng) -> None:
        self._header = MAGIC + rng(SALT_BYTES)
        self._cipher = _cipher(passphrase, self._header[len(MAGIC) :])
        self._out = out
        self._buffer = bytearray()
        self._number = 0
        self.bytes_written = out.write(self._header)

    def write(self, data: bytes) -> int:
        """Take plaintext."""
        self._buffer += data
        # One chunk always stays, so that the last one can be marked.
        while len(self._buffer) > CHUNK_BYTES:
            self._seal(bytes(self._buffer[:CHUNK_BYTES]), last=False)
            del self._buffer[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._buffer), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), chunk, self._header)
        self._number += 1
        self.bytes_written += self._out.write(sealed)


class OpeningReader:
    """Reads what `SealingWriter` wrote.

    Args:
        source: The sealed file, at its start.
        passphrase: As when it was sealed.

    Raises:
        PeerError: MALFORMED: this is no backup.
        AuthorizationError: STORE_LOCKED: wrong passphrase (or its first bytes are damaged).
    """

    def __init__(self, source: IO[bytes], passphrase: bytes) -> None:
        self._source = source
        self._header = source.read(len(MAGIC) + SALT_BYTES)
        if len(self._header) != len(MAGIC) + SALT_BYTES or not self._header.startswith(MAGIC):
            raise PeerError(Code.MALFORMED, "this is not a backup of this version")
        self._cipher = _cipher(passphrase, self._header[len(MAGIC) :])
        self._number = 0
        self._ended = False
        self._ahead = source.read(CHUNK_BYTES + TAG_BYTES)
        self._buffer = b""
        self._buffer = self._open()

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes of plaintext; fewer only at the end.

        Raises:
            PeerError: MALFORMED: the file is damaged, cut short or has something appended (CK-510).
        """
        out = bytearray()
        while size < 0 or len(out) < size:
            if not self._buffer:
                if self._ended:
                    break
                self._buffer = self._open()
                continue
            take = len(self._buffer) if size < 0 else size - len(out)
            out += self._buffer[:take]
            self._buffer = self._buffer[take:]
        return bytes(out)

    def expect_end(self) -> None:
        """Check that everything was there, up to the mark of the end.

        Raises:
            PeerError: MALFORMED.
        """
        while not self._ended:
            self._buffer = self._open()

    def _open(self) -> bytes:
        sealed, self._ahead = self._ahead, self._source.read(CHUNK_BYTES + TAG_BYTES)
        last = not self._ahead
        try:
            chunk = self._cipher.decrypt(_nonce(self._number, last=last), sealed, self._header)
        except InvalidTag:
            if self._number == 0:
                raise AuthorizationError(
                    Code.STORE_LOCKED, "wrong passphrase, or a damaged backup"
                ) from None
            raise PeerError(Code.MALFORMED, "CK-510: the backup is damaged or incomplete") from None
        self._number += 1
        self._ended = last
        return chunk
