"""Keys that seal pictures as those of a screen, as browsers do while they share one."""

from __future__ import annotations

from collections.abc import Callable

from visavis.core.frame_keys import FrameKind
from visavis.core.vp8 import key_frame_size
from visavis.media.interfaces import FrameCrypto, FrameEncryptor

Size = tuple[int, int]


class AsScreens:
    """`FrameCrypto` over the call's own keys, of a sender that sends nothing but a screen."""

    def __init__(self, frames: FrameCrypto) -> None:
        self._frames = frames
        self.steady = frames.steady

    @property
    def held(self) -> bool:
        return self._frames.held

    def new_context(self, kind: FrameKind) -> FrameEncryptor:
        return AsScreen(self._frames.new_context(kind), lambda _: True)

    def decrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        return self._frames.decrypt(frame, kind)

    def took(self, timestamp: int, data: bytes) -> bool:
        return self._frames.took(timestamp, data)


class AsScreen:
    """Seals as a screen what begins with a key frame of the size of one.

    Args:
        inner: Seals as it is told.
        is_screen: Says it of a size.
    """

    def __init__(self, inner: FrameEncryptor, is_screen: Callable[[Size], bool]) -> None:
        self._inner = inner
        self._is_screen = is_screen
        self._now = False

    def encrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        size = key_frame_size(frame) if kind == "video" else None
        if size is not None:
            self._now = self._is_screen(size)
        return self._inner.encrypt(frame, "screen" if kind == "video" and self._now else kind)

    @property
    def wants_key_frame(self) -> bool:
        return self._inner.wants_key_frame
