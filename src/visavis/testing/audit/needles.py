"""Planted identifiers and every disguise they could be stored in; and times finer than a day."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from visavis.testing.audit.holdings import SECONDS_A_DAY, Holdings
from visavis.testing.audit.scan import Scanner

SHORTEST: Final = 4
"""Bytes. Shorter disguises occur by chance in megabytes of ciphertext: at 4 bytes and 100 MB the
odds are 1 in 43 per needle, so four-byte forms count only where `exact` columns hold them."""

CHANCE_PROOF: Final = 6
"""Bytes from which a hit in raw ciphertext is no accident (100 MB: 1 in 2.8 million)."""

OLDEST: Final = 1_600_000_000
NEWEST: Final = 2_200_000_000
U64_MOMENT: Final = re.compile(rb"(?=(\x00{4}[\x5f-\x83][\x00-\xff]{3}))")
"""Eight bytes that read as unix seconds, as MLS writes lifetimes (RFC 9420, 7.2). Ciphertext holds
them by chance once in 30 GB."""

CLOCK_TEXT: Final = re.compile(rb"(?<![0-9])[0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?(?![0-9])")


@dataclass(frozen=True, slots=True)
class Needle:
    """Something planted that must not be found.

    Attributes:
        kind: "handle", "device name", "address", "account", "call id", "time", "plaintext" or
            "key".
        label: What to call it in a report; never the needle itself.
        value: The planted value.
    """

    kind: str
    label: str
    value: bytes

    @classmethod
    def text(cls, kind: str, label: str, value: str) -> Needle:
        """Plant a text."""
        return cls(kind, label, value.encode())

    @classmethod
    def address(cls, label: str, value: str) -> Iterator[Needle]:
        """Plant a network address, as text and packed."""
        yield cls.text("address", label, value)
        yield cls("address", f"{label} packed", ipaddress.ip_address(value).packed)

    @classmethod
    def time(cls, label: str, seconds: float) -> Iterator[Needle]:
        """Plant a moment, in each unit and width it could be stored in."""
        for unit, factor in (("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000)):
            number = int(seconds * factor)
            yield cls.text("time", f"{label} in {unit}", str(number))
            yield cls("time", f"{label} in {unit}, 8 bytes", number.to_bytes(8, "big"))
            if number < 1 << 48:
                yield cls("time", f"{label} in {unit}, 6 bytes", number.to_bytes(6, "big"))


@dataclass(frozen=True, slots=True)
class Found:
    """A hit: what kind of thing, which one, in which disguise, where."""

    kind: str
    label: str
    form: str
    where: str


def disguises(value: bytes) -> dict[str, bytes]:
    """Return the forms a value could be stored in: raw, both byte orders, hex, base64."""
    forms = {"raw": value, "reversed": value[::-1]}
    for order, raw in tuple(forms.items()):
        forms[f"{order} hex"] = raw.hex().encode()
        forms[f"{order} HEX"] = raw.hex().upper().encode()
        for name, encode in (
            ("base64", base64.b64encode),
            ("base64url", base64.urlsafe_b64encode),
        ):
            # A value inside a longer base64 text can start at three offsets; the characters at
            # the seams depend on the neighbours and are left away.
            for offset in range(3):
                encoded = encode(b"\0" * offset + raw)
                start = (0, 2, 3)[offset]
                whole = len(raw) + offset
                usable = (whole * 8) // 6
                forms[f"{order} {name}+{offset}"] = encoded[start:usable]
    return forms


def search(holdings: Holdings, needles: Iterable[Needle]) -> list[Found]:
    """Look for every disguise of every needle in all bytes that were kept.

    Args:
        holdings: What the server kept.
        needles: What was planted.

    Returns:
        Every hit. Disguises shorter than `CHANCE_PROOF` are only compared with whole columns.
    """
    found: list[Found] = []
    columns: dict[bytes, str] = {}
    for row in holdings.rows:
        for name, value in row.columns.items():
            if value is None:
                continue
            raw = value if isinstance(value, bytes) else str(value).encode()
            if len(raw) < CHANCE_PROOF:
                columns[raw] = f"{row.table}.{name}"
    meant: defaultdict[bytes, list[tuple[Needle, str]]] = defaultdict(list)
    for needle in needles:
        for form, pattern in disguises(needle.value).items():
            if len(pattern) >= CHANCE_PROOF:
                meant[pattern].append((needle, form))
            elif len(pattern) >= SHORTEST and pattern in columns:
                found.append(Found(needle.kind, needle.label, form, columns[pattern]))
    scanner = Scanner(meant)
    for name, content in holdings.files.items():
        found += [
            Found(needle.kind, needle.label, form, name)
            for pattern in scanner.find(content + b"\0" + name.encode())
            for needle, form in meant[pattern]
        ]
    return found


def finest_times(holdings: Holdings) -> list[Found]:
    """Look for any stored time finer than a day, planted or not.

    A number counts as a time if it reads as a moment of 2020 to 2039 in seconds, milliseconds,
    microseconds or nanoseconds and is not midnight; a text if it holds a clock time; a blob if
    eight bytes of it are such a number of seconds.

    Returns:
        Every column, log line or modification time that is finer than a day.
    """
    found: list[Found] = []
    for row in holdings.rows:
        for name, value in row.columns.items():
            where = f"{row.table}.{name}"
            if isinstance(value, int | float) and _is_fine_time(value):
                found.append(Found("time", "a number that reads as a moment", "number", where))
            elif isinstance(value, str) and CLOCK_TEXT.search(value.encode()):
                found.append(Found("time", "a clock time", "text", where))
            elif isinstance(value, bytes) and any(
                _is_fine_time(int.from_bytes(moment, "big")) for moment in U64_MOMENT.findall(value)
            ):
                found.append(Found("time", "a moment inside a blob", "8 bytes", where))
    for name, content in holdings.files.items():
        if holdings.modified[name] % SECONDS_A_DAY:
            found.append(Found("time", "a modification time within the day", "mtime", name))
        if name.endswith((".log", ".txt", ".conf", ".json", ".toml")) and CLOCK_TEXT.search(
            content
        ):
            found.append(Found("time", "a clock time", "text", name))
    return found


def _is_fine_time(value: float) -> bool:
    for factor in (1, 1_000, 1_000_000, 1_000_000_000):
        seconds = value / factor
        if OLDEST <= seconds <= NEWEST:
            return seconds % SECONDS_A_DAY != 0
    return False
