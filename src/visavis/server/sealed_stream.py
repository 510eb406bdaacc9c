"""A sealed stream: chunks of AES-256-GCM that cannot be cut, swapped or joined.

::

    file   = header || chunk...
    chunk  = AES-256-GCM(key, nonce, plaintext up to 64 KiB, AAD = header)
    nonce  = number of the chunk (11 bytes, big-endian) || 1 for the last chunk, else 0

The construction is age's (STREAM of Hoang, Reyhanitabar, Rogaway and Vizar): the number in the
nonce fixes the order, the last byte the end. Each key seals one stream and no other: whoever calls
makes it fresh, from a salt or an id in the header (`backup_form.py`).
"""

from __future__ import annotations

from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from visavis.core.errors import AuthorizationError, Code, PeerError

SALT_BYTES: Final = 16
CHUNK_BYTES: Final = 64 * 1024
TAG_BYTES: Final = 16

# RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes.
_MEMORY_KIB: Final = 64 * 1024
_PASSES: Final = 3
_LANES: Final = 4


def passphrase_key(passphrase: bytes, salt: bytes) -> bytes:
    """Return 32 bytes made of a passphrase (Argon2id, RFC 9106, second recommended option).

    Args:
        passphrase: Any bytes, at least one.
        salt: 16 bytes, fresh for each file.
    """
    kdf = Argon2id(salt=salt, length=32, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
    return kdf.derive(passphrase)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class SealingWriter:
    """Seals what is written to it; `finish` marks the end.

    Args:
        out: Where header and sealed bytes go.
        key: 32 bytes, for this stream only.
        header: What stands before the chunks, in the clear, and is bound to each of them.
    """

    def __init__(self, out: IO[bytes], key: bytes, header: bytes) -> None:
        self._header = header
        self._cipher = AESGCM(key)
        self._out = out
        self._buffer = bytearray()
        self._number = 0
        self.bytes_written = out.write(header)

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
        source: The sealed stream, behind its header.
        key: As when it was sealed.
        header: As it was read.

    Raises:
        AuthorizationError: STORE_LOCKED: another key (or the first bytes are damaged).
    """

    def __init__(self, source: IO[bytes], key: bytes, header: bytes) -> None:
        self._source = source
        self._header = header
        self._cipher = AESGCM(key)
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
