"""Mutates samples, runs a target on them, and keeps what behaved in a new way.

Novelty is told by what came out (result type, or error code and detail) and by the length class of
the input. That is cheap, works on every interpreter, and needs no instrumentation.
"""

from __future__ import annotations

import hashlib
import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from visavis.core.errors import UsageError, VisavisError

MAX_INPUT: Final = 1 << 16
"""Longest input tried, bytes."""

MEMORY_BASE: Final = 1 << 17
MEMORY_PER_BYTE: Final = 400
"""Allowance: 128 KiB and 400 bytes for each byte of input, for Python objects are large (a dict of
one item per three bytes of input takes about 300). A claimed length that is believed asks for
megabytes out of a dozen bytes."""

SLOW_S: Final = 3.0
"""Processor time one input may take; a decoder that is quadratic in a claimed length takes more."""

KEPT: Final = 600
"""Inputs kept for further mutation. More remembers rarer paths, fewer go deeper into each."""


@dataclass(frozen=True)
class Target:
    """One decoder.

    Args:
        name: For the command line, `area.decoder`.
        samples: Makes valid inputs, at least one, always the same ones.
        check: Decodes; raises `VisavisError` to refuse, `AssertionError` for a broken property, and
            returns a short text that tells kinds of results apart.
    """

    name: str
    samples: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], str]


def round_trip(
    decode: Callable[[bytes], object], encode: Callable[[object], bytes]
) -> Callable[[bytes], str]:
    """Return a check: what parses re-encodes to the same bytes."""

    def check(data: bytes) -> str:
        value = decode(data)
        if encode(value) != data:
            raise AssertionError(f"{type(value).__name__} re-encodes to other bytes")
        return type(value).__name__

    return check


class PropertyError(Exception):
    """A property does not hold for `data`."""

    def __init__(self, target: str, data: bytes, what: str) -> None:
        super().__init__(f"{target}: {what} ({len(data)} bytes: {data[:60].hex()}...)")
        self.data = data
        self.what = what


@dataclass
class Report:
    """What one run of a target did."""

    target: str
    runs: int = 0
    accepted: int = 0
    behaviours: set[str] = field(default_factory=set)
    peak: int = 0


def run_one(target: Target, data: bytes) -> tuple[str, bool, int]:
    """Run one input.

    Returns:
        A text that tells behaviours apart, whether the input was accepted, and the peak of memory
        in bytes.

    Raises:
        PropertyError: A property does not hold.
    """
    if not tracemalloc.is_tracing():
        raise RuntimeError("start tracemalloc first")
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    started = time.process_time()
    try:
        behaviour, accepted = f"ok {target.check(data)}", True
    except UsageError as error:
        raise PropertyError(target.name, data, f"blames us for a peer's bytes: {error}") from error
    except VisavisError as error:
        behaviour, accepted = f"{error.code} {error.detail}", False
    except AssertionError as error:
        raise PropertyError(target.name, data, str(error)) from error
    except Exception as error:
        raise PropertyError(target.name, data, f"{type(error).__name__}: {error}") from error
    peak = tracemalloc.get_traced_memory()[1] - before
    if peak > MEMORY_BASE + MEMORY_PER_BYTE * len(data):
        raise PropertyError(target.name, data, f"took {peak} bytes of memory")
    taken = time.process_time() - started
    if taken > SLOW_S:
        raise PropertyError(target.name, data, f"took {taken:.1f} s")
    return behaviour, accepted, peak


def fuzz(target: Target, seed: int, *, seconds: float = 0.0, runs: int = 0) -> Report:
    """Run a target on its samples and then on mutations of them.

    Args:
        target: What to run.
        seed: Fixes all mutations; together with `runs` it repeats a run exactly.
        seconds: Wall-clock time to go on for, if above 0.
        runs: Number of mutated inputs, if above 0.

    Raises:
        PropertyError: At the first property that does not hold, also if a sample is refused.
    """
    rnd = random.Random(f"{seed}/{target.name}")
    report = Report(target.name)
    corpus = list(target.samples())
    if not corpus:
        raise PropertyError(target.name, b"", "has no samples")
    # Outside the measurement: what a first use imports and caches.
    for sample in corpus:
        try:
            target.check(sample)
        except VisavisError as error:
            raise PropertyError(target.name, sample, f"refuses its own sample: {error}") from error
    was_tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        for sample in corpus:
            if not _note(report, target, sample):
                raise PropertyError(target.name, sample, "refuses its own sample")
        deadline = time.monotonic() + seconds
        while report.runs < runs if runs else time.monotonic() < deadline:
            data = mutate(rnd, corpus)
            known = len(report.behaviours)
            _note(report, target, data)
            if len(report.behaviours) > known:
                if len(corpus) >= KEPT:
                    del corpus[rnd.randrange(len(corpus))]
                corpus.append(data)
    finally:
        if not was_tracing:
            tracemalloc.stop()
    return report


def _note(report: Report, target: Target, data: bytes) -> bool:
    behaviour, accepted, peak = run_one(target, data)
    report.runs += 1
    report.accepted += accepted
    report.peak = max(report.peak, peak)
    report.behaviours.add(f"{behaviour}/{len(data).bit_length()}")
    return accepted


def file_name(finding: PropertyError) -> str:
    """Return a stable name for the input of a finding."""
    return hashlib.sha256(finding.data).hexdigest()[:16]


TELLING_BYTES: Final = (0, 1, 0x7F, 0x80, 0xFF, 0xF4, 0xF5, 0xF6, 0x20)
"""Edges, and CBOR's false, true, null and -1: Python takes true for 1 wherever it may."""

HOSTILE: Final = (
    # Lengths of TLS presentation language and QUIC varints (RFC 9420, 2.1.2), of CBOR, and others.
    b"\xbf\xff\xff\xff",
    b"\x7f\xff",
    b"\x40\x00",
    b"\x80\x00\x00\x01",
    b"\xc0",
    b"\xff\xff\xff\xff",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x5a\x7f\xff\xff\xff",
    b"\x7a\x40\x00\x00\x00",
    b"\x9a\x0f\xff\xff\xff",
    b"\x9b\x00\x00\x00\x01\x00\x00\x00\x00",
    b"\xba\x0f\xff\xff\xff",
    b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x9f",
    b"\xbf",
    b"\x5f",
    b"\x81" * 40,
    b"\xa1\x61a" * 20,
    b"\xc2\x41\x01",
    b"\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b"\xf4",
    b"\xf5",
    b"\xf6",
    b"\xed\xa0\x80",
    b"e\xcc\x81",
    b"\r\n",
    b"\n",
    b"\x00",
    b"999999999999999999999",
    b"[" * 3000,
    b'{"a":' * 2000,
)


def mutate(rnd: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Return a mutation of one of the corpus; one to four changes, at most `MAX_INPUT` bytes."""
    data = bytearray(rnd.choice(corpus))
    for _ in range(rnd.choice((1, 1, 1, 2, 3, 4))):
        at = rnd.randrange(len(data) + 1)
        match rnd.randrange(11):
            case 0 if data:
                data[at % len(data)] ^= 1 << rnd.randrange(8)
            case 1 if data:
                data[at % len(data)] = rnd.choice((*TELLING_BYTES, rnd.randrange(256)))
            case 2 if data:
                data[at % len(data)] = (data[at % len(data)] + rnd.randint(-8, 8)) % 256
            case 3:
                data[at:at] = rnd.choice(HOSTILE)
            case 4:
                token = rnd.choice(HOSTILE)
                data[at : at + len(token)] = token
            case 5:
                del data[at : at + rnd.choice((1, 1, 2, 4, 16, 64))]
            case 6:
                chunk = data[at : at + rnd.choice((1, 2, 8, 32, 128))]
                to = rnd.randrange(len(data) + 1)
                data[to:to] = chunk
            case 7:
                other = rnd.choice(corpus)
                start = rnd.randrange(len(other) + 1)
                data[at:] = other[start:]
            case 8:
                del data[at:]
            case 9:
                data += rnd.randbytes(rnd.choice((1, 1, 4, 40)))
            case _:
                other = rnd.choice(corpus)
                start = rnd.randrange(len(other) + 1)
                data[at : at + 8] = other[start : start + 8]
    return bytes(data[:MAX_INPUT])
