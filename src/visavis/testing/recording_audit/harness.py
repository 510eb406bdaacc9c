"""The whole audit: the calls as they are, then the control."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from visavis.media.coturn import find_turnserver
from visavis.media.coturn_config import own_address
from visavis.media.janus import find_janus, find_modules
from visavis.testing.recording_audit.planted import Planted
from visavis.testing.recording_audit.report import Place, Report
from visavis.testing.recording_audit.scene import Scene

SECONDS: Final = 20.0
"""How long the calls last, by default."""


async def audit_recording(say: Callable[[str], None], seconds: float = SECONDS) -> Report:
    """Have calls with a planted tone and picture, search everywhere, and do so without encryption.

    Args:
        say: Told what happens.
        seconds: How long the calls of each half last.

    Raises:
        UnavailableError: NO_RELAY or NO_SFU; or UNAVAILABLE: memory or files cannot be read here.
        FatalError: A call did not come about, or carried too little.
    """
    find_turnserver()
    find_janus()
    find_modules()
    own_address()
    began = time.monotonic()
    # Each half has frames of its own: what one leaves behind cannot be found in the other.
    halves = [
        await asyncio.to_thread(Planted.make, int.from_bytes(os.urandom(4))) for _ in range(2)
    ]
    say("Calls over a real relay and a real SFU, as they are")
    places = await _half(say, halves[0], seconds, sealed=True)
    say("The control: the same calls without encryption")
    control = await _half(say, halves[1], seconds, sealed=False)
    frames = halves[0].clip.frames
    planted = len(frames["audio"]), len(frames["video"])
    return Report(places, control, planted, time.monotonic() - began)


async def _half(
    say: Callable[[str], None], planted: Planted, seconds: float, *, sealed: bool
) -> tuple[Place, ...]:
    with tempfile.TemporaryDirectory(prefix="visavis-audit-") as folder:
        return await Scene(Path(folder), planted, sealed, seconds).play(say)
