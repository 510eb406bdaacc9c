"""A short seeded run of every fuzz target, and that the fuzzer finds what it is there to find."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable

import pytest
from fuzz.engine import MAX_INPUT, PropertyError, Target, fuzz, mutate, round_trip, run_one
from fuzz.targets import all_targets

from visavis.core.errors import Code, PeerError, UsageError

TARGETS = all_targets()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_target_holds(name: str) -> None:
    report = fuzz(TARGETS[name], seed=7, runs=200)
    assert report.runs == 200
    # Samples were accepted, and mutations took more than one way out.
    assert report.accepted
    assert len(report.behaviours) > 1


def test_every_decoder_has_a_target() -> None:
    areas = ("cbor", "content.", "address", "invite", "device_list", "envelope", "sframe.", "sdp")
    for area in (*areas, "mls.", "server.", "client.move", "recording."):
        assert any(name.startswith(area) for name in TARGETS), area


def _length_prefixed(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise PeerError(Code.MALFORMED, "cut short")
    return data[4 : 4 + size], data[4 + size :]


def _strict(data: bytes) -> bytes:
    body, rest = _length_prefixed(data)
    if rest:
        raise PeerError(Code.MALFORMED, "bytes after the end")
    return body


def _believes_lengths(data: bytes) -> bytes:
    buffer = bytearray(min(int.from_bytes(data[:4], "big"), 1 << 26))
    del buffer
    return _strict(data)


def _leaks_index_error(data: bytes) -> bytes:
    return _strict(data) if data[3] < 200 else _strict(data[:300])


def _blames_us(data: bytes) -> bytes:
    if len(data) < 4:
        raise UsageError("not four bytes")
    return _strict(data)


def _lax(data: bytes) -> bytes:
    return _length_prefixed(data)[0]


def _case(decode: Callable[[bytes], bytes]) -> Target:
    def encode(value: object) -> bytes:
        assert isinstance(value, bytes)
        return len(value).to_bytes(4, "big") + value

    return Target(
        "control", lambda: [encode(b"a" * n) for n in (0, 5, 90)], round_trip(decode, encode)
    )


def test_control_a_strict_decoder_holds() -> None:
    assert fuzz(_case(_strict), seed=1, runs=3000).accepted > 3


@pytest.mark.parametrize(
    ("decode", "what"),
    [
        (_believes_lengths, "bytes of memory"),
        (_leaks_index_error, "IndexError"),
        (_blames_us, "blames us"),
        (_lax, "re-encodes to other bytes"),
    ],
)
def test_control_a_faulty_decoder_is_found(decode: Callable[[bytes], bytes], what: str) -> None:
    with pytest.raises(PropertyError, match=what) as caught:
        fuzz(_case(decode), seed=1, runs=3000)
    # The input that was kept shows the fault again.
    tracemalloc.start()
    try:
        with pytest.raises(PropertyError, match=what):
            run_one(_case(decode), caught.value.data)
    finally:
        tracemalloc.stop()


def test_control_a_target_that_refuses_its_sample_is_found() -> None:
    def refuse(data: bytes) -> str:
        if calls:
            raise PeerError(Code.MALFORMED, "no")
        calls.append(data)
        return "ok"

    calls: list[bytes] = []
    with pytest.raises(PropertyError, match="its own sample"):
        fuzz(Target("control", lambda: [b"x"], refuse), seed=1, runs=5)
    with pytest.raises(PropertyError, match="no samples"):
        fuzz(Target("control", list, refuse), seed=1, runs=5)


def test_a_seed_repeats_a_run() -> None:
    corpus = [b"one", b"another", bytes(1000)]
    first, second = random.Random(5), random.Random(5)
    made = [mutate(first, corpus) for _ in range(500)]
    assert made == [mutate(second, corpus) for _ in range(500)]
    assert len(set(made)) > 400
    assert max(map(len, made)) <= MAX_INPUT
