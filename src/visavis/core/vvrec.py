r"""The file of a recording, `.vvrec`: sealed parts, what was said about them, and marks over both.

    file  = "visavis recording" || 1 || chunk ...
    chunk = length u32 || CBOR [word, ...]
    chain = SHA-256("visavis recording chain v1\0" || head bytes), then SHA-256(chain || chunk) ...

    ["said", statement]                    signed (`recording_statements`); the first is the request
    ["among", [key ...]]                   members that a yes names by their hash
    ["part", number, key, kind, at, length, sealed]
    ["mark", signature]                    by who asked, over "visavis recording mark v1\0" || chain

A part is some seconds of one member's track. It opens with a key from two halves (P16): a secret of
who recorded, and the share of the member whose voice or picture it is. Without either it is noise:

    key    = HKDF-SHA256(secret || share, salt = ask, info = "visavis recording part v1" || number)
    sealed = AES-256-GCM(key, nonce = zeros, AAD = CBOR ["part", number, key, kind, at, length])

The file only grows. Whoever records marks it every few seconds, so what a crash leaves is whole up
to the last mark; a yes that is taken back later is put behind, and marked again. Read in one pass,
one chunk at a time. Not for: what the file proves (`recording_proof`), or playing it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core import cbor
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import sign, verify
from visavis.core.ids import ConsentKey, Digest, Secret32, Signature
from visavis.core.recording_statements import MAX_MEMBERS, MAX_SIGNED, MemberSet
from visavis.core.recording_types import Kind, Members

HEAD: Final = b"visavis recording\x01"
MAX_PART: Final = 4 * 2**20
"""Bytes of a sealed part. Higher: whoever opens a file needs more memory."""

MAX_CHUNK: Final = MAX_PART + 1_024
MAX_NUMBER: Final = 2**32 - 1
MAX_MS: Final = 2**40

_CHAIN: Final = b"visavis recording chain v1\0"
_MARK: Final = b"visavis recording mark v1\0"
_PART: Final = b"visavis recording part v1"
_NONCE: Final = bytes(12)
_TAG: Final = 16
_LENGTH: Final = 4


@dataclass(frozen=True, slots=True)
class Said:
    """A signed statement."""

    statement: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Among:
    """Who was there: a set of members that a yes names by its hash."""

    members: Members


@dataclass(frozen=True, slots=True)
class Part:
    """Some seconds of one member's track, sealed.

    Attributes:
        number: Of the file's parts, from 0.
        key: Whose.
        kind: Of what.
        at: When it begins, milliseconds since the recording began.
        length: How long it is, milliseconds.
        sealed: WebM, sealed.
    """

    number: int
    key: ConsentKey
    kind: Kind
    at: int
    length: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """Who asked says that all before it is theirs, and in this order."""

    signature: Signature


Chunk: TypeAlias = Said | Among | Part | Mark


class Writer:
    """Appends chunks to a file; keeps nothing of it but the chain.

    Args:
        file: Open for writing; at its beginning, or behind the last whole chunk.
        behind: To go on with a file: `behind` of the writer that left it as it is.
    """

    def __init__(self, file: BinaryIO, *, behind: tuple[bytes, int] | None = None) -> None:
        self._file = file
        self._chain, self._parts = behind or (_begin(), 0)
        if behind is None:
            file.write(HEAD)

    @property
    def behind(self) -> tuple[bytes, int]:
        """What is needed to go on later: the chain of all chunks, and how many parts there are."""
        return self._chain, self._parts

    def put(self, chunk: Said | Among | Part) -> None:
        """Append a chunk.

        Raises:
            UsageError: It is one that readers refuse, or a part out of turn.
        """
        data = _encode(chunk)
        if isinstance(chunk, Part):
            # Two parts of one number would be sealed with one key and nonce.
            if chunk.number != self._parts:
                raise UsageError("parts are numbered from 0, one after the other")
            self._parts += 1
        self._append(data)

    def mark(self, private: bytes) -> None:
        """Sign all that is there so far, as who asked.

        Args:
            private: The private half of their consent key, 32 bytes.
        """
        signature = sign(private, _MARK, self._chain)
        self._append(_encode(Mark(signature)))

    def _append(self, data: bytes) -> None:
        self._file.write(len(data).to_bytes(_LENGTH, "big") + data)
        self._chain = _next(self._chain, data)


def read(file: BinaryIO) -> Iterator[tuple[Chunk, bytes]]:
    """Yield each chunk with the chain of all before it, one at a time.

    Args:
        file: Open for reading, at its beginning.

    Raises:
        PeerError: MALFORMED (CK-940), it is no recording, or a chunk is none. TOO_LARGE (CK-941),
            it ends in the middle of a chunk: what a crash leaves.
    """
    if file.read(len(HEAD)) != HEAD:
        raise _malformed("no recording, or of another version")
    chain = _begin()
    while data := _read_one(file):
        yield _decode(data), chain
        chain = _next(chain, data)


def read_part(file: BinaryIO, offset: int) -> Part:
    """Return the part whose chunk begins at an offset: `file.tell()` before `read` yielded it.

    Raises:
        PeerError: As `read`; MALFORMED (CK-940), there is no part.
    """
    file.seek(offset)
    data = _read_one(file)
    chunk = _decode(data) if data else None
    if not isinstance(chunk, Part):
        raise _malformed("no part where one was")
    return chunk


def _read_one(file: BinaryIO) -> bytes:
    """Return the next chunk as it is written; nothing at the end."""
    length = file.read(_LENGTH)
    if not length:
        return b""
    # CK-940: a length is believed only up to what a chunk may have, before anything is read.
    size = int.from_bytes(length, "big")
    if len(length) == _LENGTH and not 0 < size <= MAX_CHUNK:
        raise _malformed("a chunk of impossible length")
    data = file.read(size) if len(length) == _LENGTH else b""
    if len(length) < _LENGTH or len(data) < size:
        raise PeerError(Code.TOO_LARGE, "CK-941 recording: it ends in the middle")
    return data


def chain_behind(chain: bytes, chunk: Chunk) -> bytes:
    """Return the chain of all up to a chunk, of the one before it, as `read` gives that."""
    return _next(chain, _encode(chunk))


def verify_mark(mark: Mark, key: ConsentKey, chain: bytes) -> None:
    """Check a mark.

    Args:
        mark: It.
        key: Of who asked.
        chain: Of all before it, as `read` gives it.

    Raises:
        PeerError: BAD_SIGNATURE.
    """
    verify(key, _MARK, chain, mark.signature)


def seal_part(part: Part, ask: Digest, secret: Secret32, share: Secret32) -> Part:
    """Return a part with its content sealed.

    Args:
        part: With WebM in place of `sealed`.
        ask: The request.
        secret: Of who records; new for each recording.
        share: Of the member.
    """
    key = _part_key(part.number, ask, secret, share)
    sealed = AESGCM(key).encrypt(_NONCE, part.sealed, _about(part))
    return Part(part.number, part.key, part.kind, part.at, part.length, sealed)


def open_part(part: Part, ask: Digest, secret: Secret32, share: Secret32) -> bytes:
    """Return a part's WebM.

    Raises:
        PeerError: DECRYPTION: one of the halves is another, or the part was altered.
    """
    key = _part_key(part.number, ask, secret, share)
    try:
        return AESGCM(key).decrypt(_NONCE, part.sealed, _about(part))
    except InvalidTag:
        raise PeerError(Code.DECRYPTION, "CK-942 recording: a part does not open") from None


def _part_key(number: int, ask: Digest, secret: Secret32, share: Secret32) -> bytes:
    """Return what seals one part, and nothing else: so no nonce repeats."""
    info = _PART + number.to_bytes(4, "big")
    kdf = HKDF(hashes.SHA256(), length=32, salt=bytes(ask), info=info)
    return kdf.derive(bytes(secret) + bytes(share))


def _about(part: Part) -> bytes:
    return cbor.encode(["part", part.number, part.key, part.kind.value, part.at, part.length])


def _begin() -> bytes:
    return hashlib.sha256(_CHAIN + HEAD).digest()


def _next(chain: bytes, data: bytes) -> bytes:
    return hashlib.sha256(chain + data).digest()


def _encode(chunk: Chunk) -> bytes:
    match chunk:
        case Said(statement):
            data = cbor.encode(["said", statement])
        case Among(members):
            data = cbor.encode(["among", MemberSet().encode(members)])
        case Part(number, key, kind, at, length, sealed):
            data = cbor.encode(["part", number, key, kind.value, at, length, sealed])
        case Mark(signature):
            data = cbor.encode(["mark", signature])
    try:
        _decode(data)
    except PeerError as error:
        raise UsageError(f"would write what readers refuse: {error.detail}") from None
    return data


def _decode(data: bytes) -> Chunk:
    match cbor.decode(data):
        case ["said", bytes(statement)] if 0 < len(statement) <= MAX_SIGNED:
            return Said(statement)
        case ["among", list(keys)] if len(keys) <= MAX_MEMBERS:
            return Among(MemberSet().decode(keys))
        case ["part", int(number), bytes(key), str(kind), int(at), int(length), bytes(sealed)] if (
            0 <= number <= MAX_NUMBER
            and not any(isinstance(one, bool) for one in (number, at, length))
            and kind in set(Kind)
            and 0 <= at <= MAX_MS
            and 0 <= length <= MAX_MS
            and _TAG <= len(sealed) <= MAX_PART
        ):
            return Part(number, ConsentKey(key), Kind(kind), at, length, sealed)
        case ["mark", bytes(signature)]:
            return Mark(Signature(signature))
        case _:
            raise _malformed("not a chunk")


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"CK-940 recording: {why}")
