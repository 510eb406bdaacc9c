"""CK-672: an epoch is sent in once, for its counters would start again under the same key."""

from __future__ import annotations

import pytest

from visavis.core.errors import UsageError
from visavis.media.call_frames import CallFrames

KEY = bytes(range(32))


@pytest.mark.parametrize("again", [3, 2])
def test_an_epoch_is_not_sent_in_twice(again: int) -> None:
    frames = CallFrames(monotonic=lambda: 0.0)
    frames.send_in(3, KEY, 0)
    with pytest.raises(UsageError, match="CK-672"):
        frames.send_in(again, KEY, 0)
    frames.stop_sending()
    with pytest.raises(UsageError, match="CK-672"):
        frames.send_in(again, KEY, 0)
    frames.send_in(4, KEY, 0)
