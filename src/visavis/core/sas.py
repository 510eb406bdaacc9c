"""Short strings that two people compare: four words in a call, six digits when pairing (P11, P3).

Short means that somebody in the middle who may try until strings match would succeed in minutes.
So both sides bind themselves before either can compute the string:

    1. one side sends SHA-256(its nonce)      `commit`
    2. the other side sends its nonce in the clear
    3. the first reveals its nonce            `check_reveal`
    string = HKDF-SHA-384(secret || both nonces)

Whoever sits in the middle must fix its nonces towards both sides before it sees what they make of
them: one try per call, odds 1 in 4,294,967,296 for the words (32 bits), and one try per pairing,
1 in 1,000,000 for the digits. A failed try is visible: the people read out different words.

The words come from a list of 256 that were chosen to differ in sound and spelling (`words`).
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import Digest, Nonce32
from visavis.core.words import SAS_WORDS

WORDS: Final = 4
"""Words shown; each carries 8 bits. Fewer are sooner read and sooner guessed."""

_COMMIT_LABEL: Final = b"visavis sas commit v1\0"
_WORDS_LABEL: Final = b"visavis sas words v1"
_DIGITS_LABEL: Final = b"visavis pairing digits v1"


def commit(nonce: Nonce32) -> Digest:
    """Return the commitment to a nonce: SHA-256 with a label."""
    return Digest.sha256(_COMMIT_LABEL + nonce)


def check_reveal(commitment: Digest, nonce: Nonce32) -> None:
    """Check that a revealed nonce is the one committed to.

    Raises:
        PeerError: `UNEXPECTED` (CK-277). No string may be shown then: it would be their choice.
    """
    if commit(nonce) != commitment:
        raise PeerError(Code.UNEXPECTED, "CK-277 revealed nonce is not the one committed to")


def call_words(
    epoch_authenticator: bytes, caller_nonce: Nonce32, callee_nonce: Nonce32
) -> tuple[str, ...]:
    """Return the four words of a call, the same on both sides.

    Args:
        epoch_authenticator: Of the call group's present epoch (RFC 9420, 8.7).
        caller_nonce: Committed to in `call.invite`, revealed by `call.reveal`.
        callee_nonce: From `call.accept`.

    Raises:
        UsageError: No epoch authenticator.
    """
    if len(epoch_authenticator) < 32:
        raise UsageError("an epoch authenticator has 32 bytes at least")
    secret = epoch_authenticator + caller_nonce + callee_nonce
    return tuple(SAS_WORDS[value] for value in _derive(secret, _WORDS_LABEL, WORDS))


def pairing_digits(transcript: bytes, existing_nonce: Nonce32, new_nonce: Nonce32) -> str:
    """Return the six digits that both devices show when one is linked to the other.

    Args:
        transcript: `pairing_transcript`.
        existing_nonce: Committed to in `pair.offer`, revealed by `pair.reveal`.
        new_nonce: From `pair.answer`.

    Returns:
        Six decimal digits; 64 bits modulo a million, so no number is favoured noticeably.
    """
    secret = hashlib.sha384(transcript).digest() + existing_nonce + new_nonce
    return f"{int.from_bytes(_derive(secret, _DIGITS_LABEL, 8), 'big') % 1_000_000:06d}"


def pairing_transcript(
    *, link: bytes, existing_device: bytes, existing_key: bytes, new_device: bytes, new_key: bytes
) -> bytes:
    """Return what the pairing digits vouch for: the link and both devices' ids and keys.

    Args:
        link: The pairing link as text, encoded.
        existing_device: 16 bytes.
        existing_key: 32 bytes, the existing device's signature key.
        new_device: 16 bytes.
        new_key: 32 bytes, the new device's signature key.
    """
    parts = (link, existing_device, existing_key, new_device, new_key)
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _derive(secret: bytes, label: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA384(), length=length, salt=None, info=label).derive(secret)
