"""SFrame per frame beside bare AES-256-GCM, at the size of an Opus and of a large VP8 frame."""

from __future__ import annotations

import itertools
import os
import statistics

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench import Report, alternate, microseconds
from visavis.core.frame_keys import FrameKind, FrameReceiver, FrameSender
from visavis.core.sframe import PRODUCT_SUITE, SframeKey

ROUNDS = 60
REPEAT = 200


def measure(size: int, kind: FrameKind) -> list[tuple[str, str, str, str]]:
    """Return the rows of one frame size."""
    frame = b"\x11" + os.urandom(size - 1)
    base_key, nonce, header = os.urandom(32), os.urandom(12), bytes(8)
    bare = AESGCM(os.urandom(32))
    sealed = bare.encrypt(nonce, frame, header)
    key = SframeKey.derive(PRODUCT_SUITE, 0x100001, base_key)
    counter = itertools.count(2**24)
    sframe = key.encrypt(1, b"", frame)
    sender = FrameSender(PRODUCT_SUITE, base_key, 1, 0, 1)
    receiver = FrameReceiver()
    receiver.install(1, base_key, {0})
    # Each frame opens once only, so enough of them are sealed before.
    wires = iter([sender.encrypt(frame, kind) for _ in range(ROUNDS * REPEAT + 1)])
    times = alternate(
        [
            lambda: bare.encrypt(nonce, frame, header),
            lambda: key.encrypt(next(counter), b"", frame),
            lambda: sender.encrypt(frame, kind),
            lambda: bare.decrypt(nonce, sealed, header),
            lambda: key.decrypt(b"", sframe),
            lambda: receiver.decrypt(next(wires), kind, 0.0),
        ],
        rounds=ROUNDS,
        repeat=REPEAT,
    )
    rows = []
    for name, base, taken in (
        ("AES-256-GCM alone, seal", 0, 0),
        ("SFrame, seal", 0, 1),
        ("frame sender (counter, clear bytes)", 0, 2),
        ("AES-256-GCM alone, open", 3, 3),
        ("SFrame, open", 3, 4),
        ("frame receiver (epoch, member, replay)", 3, 5),
    ):
        pairs = zip(times[taken], times[base], strict=True)
        ratio = statistics.median(mine / bare_s for mine, bare_s in pairs)
        rows.append((f"{size:,} B", name, f"{microseconds(times[taken]):.1f}", f"{ratio:.2f}"))
    return rows


def run() -> Report:
    """Measure sealing and opening, side by side with the cipher alone."""
    return Report(
        "SFrame",
        "One frame of 160 bytes (Opus) and one of 30,000 bytes (a VP8 key frame), suite"
        " AES_256_GCM_SHA512_128, one thread. The cipher alone is `AESGCM` of `cryptography` with a"
        f" ready key. Median of {ROUNDS} rounds of {REPEAT} frames, taken in turn; the ratio is the"
        " median of each round's own.",
        ("frame", "what", "µs per frame", "times the cipher alone"),
        [*measure(160, "audio"), *measure(30_000, "video")],
        "A call carries some 50 audio and 30 video frames a second in each direction.",
    )
