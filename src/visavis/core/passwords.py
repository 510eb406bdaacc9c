"""Password rules (R-91; NIST SP 800-63B-4, 3.1.1.2) and passphrases.

At least 15 code points when the password is the only factor, 8 beside a second one; counted after
NFKC; spaces and all of Unicode allowed; no rule on what kinds of characters must be there. A
password that attackers know, or that is made of our own names, is refused with the reason. That a
mix of letters, numbers and symbols is stronger is advice, never a condition.

Pure: the list of known passwords is an argument. `visavis.sdk.password_check` loads it and adds an
estimate of strength.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.ids import Rng
from visavis.core.words import PHRASE_WORDS

MIN_ALONE: Final = 15
"""Code points when nothing else is asked for."""
MIN_WITH_SECOND_FACTOR: Final = 8
MAX_CODE_POINTS: Final = 1024
"""Far above the 64 that must be allowed; bounds the work of hashing what somebody pastes."""
MIN_CONTEXT: Final = 4
"""Shorter names are not looked for: they occur in good passwords by chance."""
DEFAULT_WORDS: Final = 6
"""Words in a passphrase: 66 bits. Beyond guessing even for a thief of database and server key."""

_FILTER_MAGIC: Final = b"VVBF\x01"
_FILTER_HEADER: Final = len(_FILTER_MAGIC) + 1 + 4


class Reason(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    KNOWN = "known"
    REPEATED = "repeated"
    CONTEXT = "context"


SENTENCES: Final[dict[Reason, str]] = {
    Reason.TOO_SHORT: "It is too short. Several unrelated words are easy to type, hard to guess.",
    Reason.TOO_LONG: f"It is longer than {MAX_CODE_POINTS} characters.",
    Reason.KNOWN: "It is on lists of passwords that attackers try first.",
    Reason.REPEATED: "It repeats a few characters or runs through a row of them.",
    Reason.CONTEXT: "It is mostly your own name, your handle or the name of this service.",
}
"""What a person reads beside each reason."""

ADVICE_MIX: Final = "A mix of letters, numbers and symbols makes it stronger still."
ADVICE_LONGER: Final = "A few more words make it much stronger."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say.

    Args:
        reasons: Why it is refused; empty if it is accepted.
        advice: Sentences that would make it better; they refuse nothing.
    """

    reasons: tuple[Reason, ...]
    advice: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether the password may be used."""
        return not self.reasons

    def require(self) -> None:
        """Raise unless accepted.

        Raises:
            PeerError: `WEAK_PASSWORD`; the detail names the reasons, never the password.
        """
        if self.reasons:
            raise PeerError(Code.WEAK_PASSWORD, ", ".join(self.reasons))


def normalize(password: str) -> str:
    """Return the form that is counted, checked and given to OPAQUE and Argon2id: NFKC.

    The same password typed on another keyboard may arrive in other code points.
    """
    return unicodedata.normalize("NFKC", password)


def check(
    password: str,
    *,
    known: Callable[[str], bool],
    context: Iterable[str] = (),
    second_factor: bool = False,
) -> Verdict:
    """Judge a password.

    Args:
        password: As typed.
        known: Whether a password (NFKC, folded to lower case) is known to attackers, such as
            `Blocklist.__contains__`.
        context: Names that a guesser would try: handle, display name, server.
        second_factor: Whether something else is asked for too.
    """
    plain = normalize(password)
    folded = plain.casefold()
    shortest = MIN_WITH_SECOND_FACTOR if second_factor else MIN_ALONE
    reasons: list[Reason] = []
    if len(plain) < shortest:
        reasons.append(Reason.TOO_SHORT)
    if len(plain) > MAX_CODE_POINTS:
        return Verdict((Reason.TOO_LONG,), ())
    if known(folded) or known(folded.strip()):
        reasons.append(Reason.KNOWN)
    if _is_repeated(folded):
        reasons.append(Reason.REPEATED)
    if _left_without(folded, context) < shortest / 2:
        reasons.append(Reason.CONTEXT)
    return Verdict(tuple(reasons), _advice(plain, shortest))


def generate_passphrase(rng: Rng, words: int = DEFAULT_WORDS) -> str:
    """Return random words with hyphens between, 11 bits each.

    Args:
        rng: Source of randomness.
        words: At least 5: shorter passphrases could be under 15 characters.

    Raises:
        UsageError: Fewer than 5 words.
    """
    if words < 5:
        raise UsageError("a passphrase has 5 words at least")
    # 2,048 divides 65,536: no word is likelier than another.
    numbers = (int.from_bytes(rng(2), "big") % len(PHRASE_WORDS) for _ in range(words))
    return "-".join(PHRASE_WORDS[number] for number in numbers)


def _is_repeated(folded: str) -> bool:
    """Tell up to eight characters three times and more, or one long run such as 123456."""
    if any(_repeats(folded, size) for size in range(1, min(8, len(folded) // 3) + 1)):
        return True
    steps = [ord(b) - ord(a) for a, b in itertools.pairwise(folded)]
    longest = max((steps.count(step) for step in (-1, 0, 1)), default=0)
    return len(steps) > 2 and longest > 0.7 * len(steps)


def _repeats(text: str, size: int) -> bool:
    unit = text[:size]
    return (unit * (len(text) // size + 1))[: len(text)] == text


def _left_without(folded: str, context: Iterable[str]) -> int:
    """Count the code points left when names and our own name are taken out."""
    parts = {"visavis"}
    for name in context:
        plain = normalize(name).casefold()
        parts.update(part for part in (plain, *plain.replace("-", ".").split(".")) if part)
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= MIN_CONTEXT:
            folded = folded.replace(part, "")
    return len(folded)


def _advice(plain: str, shortest: int) -> tuple[str, ...]:
    kinds = {_kind(char) for char in plain}
    advice = []
    if len(plain) < shortest + 5:
        advice.append(ADVICE_LONGER)
    if not {"letter", "number", "symbol"} <= kinds:
        advice.append(ADVICE_MIX)
    return tuple(advice)


def _kind(char: str) -> str:
    match unicodedata.category(char)[0]:
        case "L" | "M":
            return "letter"
        case "N":
            return "number"
        case _:
            return "symbol"


class Blocklist:
    """A Bloom filter of known passwords: never misses one, and takes a few others for known.

    Layout: magic "VVBF" 0x01, number of hashes k (1 byte), number of entries (4 bytes, big endian),
    bits. Bit positions of an entry: h1 + i * h2 modulo the number of bits, from SHA-256 of its
    UTF-8 (two 8-byte halves), as Kirsch and Mitzenmacher describe.

    Args:
        data: The filter's bytes.

    Raises:
        UsageError: It is not a filter: the installation is damaged.
    """

    def __init__(self, data: bytes) -> None:
        if not data.startswith(_FILTER_MAGIC) or len(data) <= _FILTER_HEADER:
            raise UsageError("not a password filter")
        self._hashes = data[len(_FILTER_MAGIC)]
        self.entries = int.from_bytes(data[len(_FILTER_MAGIC) + 1 : _FILTER_HEADER], "big")
        self._bits = memoryview(data)[_FILTER_HEADER:]

    @classmethod
    def build(cls, passwords: Iterable[str], size_bytes: int) -> tuple[Self, bytes]:
        """Make a filter of distinct entries, and its bytes.

        Args:
            passwords: NFKC, folded to lower case.
            size_bytes: Bytes of bits; the rate of false alarms follows from it.
        """
        entries = set(passwords)
        hashes = min(32, max(1, round(size_bytes * 8 / max(1, len(entries)) * math.log(2))))
        bits = bytearray(size_bytes)
        for entry in entries:
            for bit in _positions(entry, hashes, size_bytes * 8):
                bits[bit >> 3] |= 1 << (bit & 7)
        header = _FILTER_MAGIC + bytes([hashes]) + len(entries).to_bytes(4, "big")
        data = header + bytes(bits)
        return cls(data), data

    def __contains__(self, password: str) -> bool:
        return all(
            self._bits[bit >> 3] >> (bit & 7) & 1
            for bit in _positions(password, self._hashes, len(self._bits) * 8)
        )

    @property
    def false_positive_rate(self) -> float:
        """Expected share of unknown passwords that are taken for known."""
        filled = 1 - math.exp(-self._hashes * self.entries / (len(self._bits) * 8))
        return filled**self._hashes


def _positions(password: str, hashes: int, bits: int) -> Iterable[int]:
    digest = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
    start = int.from_bytes(digest[:8], "big")
    stride = int.from_bytes(digest[8:16], "big") | 1
    return ((start + i * stride) % bits for i in range(hashes))
