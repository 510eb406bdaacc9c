"""A call's keys that seal each picture as one of a screen, as browsers do while they share one."""

from __future__ import annotations

from visavis.core.frame_keys import FrameKind
from visavis.media.call_frames import CallFrames
from visavis.media.interfaces import FrameEncryptor


class AsScreens:
    """`FrameCrypto` over the call's own keys.

    Args:
        frames: The call's.

    Attributes:
        sharing: Pictures are of a screen now.
    """

    def __init__(self, frames: CallFrames) -> None:
        self._frames = frames
        self.sharing = True
        self.steady = frames.steady

    @property
    def held(self) -> bool:
        return self._frames.held

    def new_context(self, kind: FrameKind) -> FrameEncryptor:
        return _AsScreen(self, self._frames.new_context(kind))

    def decrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        return self._frames.decrypt(frame, kind)

    def took(self, timestamp: int, data: bytes) -> bool:
        return self._frames.took(timestamp, data)


class _AsScreen:
    def __init__(self, frames: AsScreens, inner: FrameEncryptor) -> None:
        self._frames = frames
        self._inner = inner

    def encrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        is_screen = kind == "video" and self._frames.sharing
        return self._inner.encrypt(frame, "screen" if is_screen else kind)

    @property
    def wants_key_frame(self) -> bool:
        return self._inner.wants_key_frame
