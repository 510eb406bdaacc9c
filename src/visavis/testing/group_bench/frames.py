"""What was sealed when, what came to the SFU, and which keys open it.

A leaver's keys are tried on every frame that was sealed after its sender switched to new keys: by
the time at the sender, not by what a frame says of itself. So a member that went on with the old
keys would be noticed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from visavis.core.errors import Code, PeerError
from visavis.core.frame_keys import FrameKind, clear_bytes
from visavis.core.sframe import PRODUCT_SUITE, SframeKey, decode_header
from visavis.media.call_frames import CallFrames
from visavis.media.interfaces import FrameEncryptor

Frame: TypeAlias = tuple[bytes, FrameKind]


@dataclass(slots=True)
class Wire:
    """What goes over the SFU in one room.

    Attributes:
        weighing: What sealing costs the SFU is measured. Members seal every frame and open none,
            whichever is sent, so that they themselves are as busy with one as with the other.
        plain: Meanwhile frames are sent as they were before they were sealed. They are the bench's
            own, and nobody's voice.
        noting: What is sealed and taken is kept.
        sealed: Sealed frame -> who sealed it, and when (monotonic seconds).
        taken: Frames that the tap got, as the SFU had them.
        sound: Frames of sound that were sent.
    """

    weighing: bool = False
    plain: bool = False
    noting: bool = False
    sealed: dict[bytes, tuple[BenchFrames, float]] = field(default_factory=dict, repr=False)
    taken: list[Frame] = field(default_factory=list, repr=False)
    sound: int = 0

    def note(self) -> None:
        """Begin to keep what passes, from nothing."""
        self.sealed.clear()
        self.taken.clear()
        self.noting = True

    def sent_after(self, switched: Callable[[BenchFrames], float | None]) -> list[Frame]:
        """Return what the tap got of what was sealed after its sender's switch.

        Args:
            switched: Tells when a sender switched; None: it is not asked for.
        """
        return [frame for frame in self.taken if self._is_after(frame[0], switched)]

    def sent_before(self, at: float) -> list[Frame]:
        """Return what the tap got of what was sealed before a time."""
        return [one for one in self.taken if one[0] in self.sealed and self.sealed[one[0]][1] < at]

    def _is_after(self, frame: bytes, switched: Callable[[BenchFrames], float | None]) -> bool:
        known = self.sealed.get(frame)
        if known is None:
            return False
        sender, at = known
        since = switched(sender)
        return since is not None and at > since


class BenchFrames(CallFrames):
    """A member's frame keys, of which the bench keeps a copy.

    Args:
        wire: Where what is sealed is noted.

    Attributes:
        epochs: Every base key that the member ever had.
        switched: Epoch -> when it began to send in it (monotonic seconds).
        first_sent: When it sealed its first frame, or None.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self.epochs: set[bytes] = set()
        self.switched: dict[int, float] = {}
        self.first_sent: float | None = None

    def install(self, epoch: int, base_key: bytes, leaves: set[int]) -> None:
        """Note the key; see `CallFrames.install`."""
        self.epochs.add(base_key)
        super().install(epoch, base_key, leaves)

    def send_in(self, epoch: int, base_key: bytes, leaf: int) -> None:
        """Note the key and the time; see `CallFrames.send_in`."""
        self.epochs.add(base_key)
        super().send_in(epoch, base_key, leaf)
        self.switched[epoch] = time.monotonic()

    def new_context(self, kind: FrameKind) -> FrameEncryptor:
        """Return a context whose frames are noted; see `CallFrames.new_context`."""
        return _Noted(super().new_context(kind), self, self._wire)


class TapFrames(CallFrames):
    """Keeps what it is given to open, and opens nothing: it has no keys."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def decrypt_from(self, frame: bytes, kind: FrameKind) -> tuple[int, FrameKind, bytes]:
        """Keep a frame as the SFU had it."""
        if self._wire.noting:
            self._wire.taken.append((frame, kind))
        raise PeerError(Code.DECRYPTION, "the tap has no keys")


class _Noted:
    def __init__(self, inner: FrameEncryptor, frames: BenchFrames, wire: Wire) -> None:
        self._inner = inner
        self._frames = frames
        self._wire = wire

    @property
    def wants_key_frame(self) -> bool:
        return self._inner.wants_key_frame

    def encrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        sealed = self._inner.encrypt(frame, kind)
        now = time.monotonic()
        self._wire.sound += kind == "audio"
        if self._frames.first_sent is None:
            self._frames.first_sent = now
        if self._wire.noting:
            self._wire.sealed[sealed] = self._frames, now
        return frame if self._wire.weighing and self._wire.plain else sealed


def count_opened(frames: Iterable[Frame], base_keys: Iterable[bytes]) -> int:
    """Count the frames that at least one of these keys opens, whatever epoch a frame names.

    Args:
        frames: Sealed frames.
        base_keys: `MLS-Exporter("SFrame 1.0 Base Key", "", 32)` of any epochs.
    """
    keys = list(base_keys)
    derived: dict[tuple[int, bytes], SframeKey] = {}

    def opens(frame: bytes, kind: FrameKind, base_key: bytes) -> bool:
        try:
            count = clear_bytes(kind, frame)
            kid, _, _ = decode_header(frame[count:])
            key = derived.get((kid, base_key))
            if key is None:
                key = derived[kid, base_key] = SframeKey.derive(PRODUCT_SUITE, kid, base_key)
            key.decrypt(frame[:count], frame[count:])
        except PeerError:
            return False
        return True

    return sum(any(opens(frame, kind, key) for key in keys) for frame, kind in frames)
