"""The SFrame keys of one call, as its media wants them: `interfaces.FrameCrypto` over frame keys.

The call machine's shell feeds it from the call group; the media hooks ask it for contexts and
for plaintext. Receiving starts with `install`, sending only with `send_in`, so that every member
can hold an epoch's receive keys before anybody sends in it (protocol P10, RFC 9605, 5.2).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.frame_keys import FrameKind, FrameReceiver, FrameSender, SendingEpoch
from visavis.core.sframe import PRODUCT_SUITE
from visavis.media.frame_tap import FrameTap, Track
from visavis.media.interfaces import FrameEncryptor


class CallFrames:
    """Keys of one call on one device; never saved, gone with `wipe`.

    Args:
        monotonic: Seconds that never go back; a virtual clock in tests.

    Attributes:
        steady: Send pictures of few sizes (`picture_padding`); set before the media is made.
        tap: Takes what passes, for a recording; None: nothing does.
        held: Nothing is sealed or opened until it is not so any more (`hold`).
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._receiver = FrameReceiver()
        self._sending: SendingEpoch | None = None
        self._newest_sent = -1
        self.steady = False
        self._closed = False
        self.held = False
        self.tap: FrameTap | None = None
        self._opened: tuple[int, Track] | None = None  # whose frame was opened last, and of what
        # Encoders run in worker threads and open a context when the epoch changes.
        self._lock = Lock()

    def install(self, epoch: int, base_key: bytes, leaves: set[int]) -> None:
        """Accept the others' frames of an epoch; older epochs' keys die 2 s later.

        Args:
            epoch: MLS epoch, newer than all before.
            base_key: `MLS-Exporter("SFrame 1.0 Base Key", "", 32)`.
            leaves: Leaf indices of the other members.
        """
        if self._closed:
            return
        self._receiver.install(epoch, base_key, leaves)
        self._receiver.tick(self._monotonic())

    def send_in(self, epoch: int, base_key: bytes, leaf: int) -> None:
        """Send in an epoch from the next frame on; the keys of the epoch before are dropped.

        Args:
            epoch: MLS epoch, newer than every one sent in before.
            base_key: As in `install`.
            leaf: Our own leaf index.

        Raises:
            UsageError: CK-672: contexts and counters would start again under the same key, and
                repeat nonces.
        """
        with self._lock:
            if epoch <= self._newest_sent:
                raise UsageError("CK-672: an epoch is sent in once")
            self._newest_sent = epoch
            if self._closed:
                return
            if self._sending is not None:
                self._sending.wipe()
            self._sending = SendingEpoch(PRODUCT_SUITE, base_key, epoch, leaf)

    def stop_sending(self) -> None:
        """Drop the sending keys: every later frame is dropped until `send_in`."""
        with self._lock:
            if self._sending is not None:
                self._sending.wipe()
            self._sending = None

    def hold(self) -> None:
        """Seal and open nothing until `release`, whatever keys there are.

        Whoever comes into a call is held until they have answered whoever asks to record it. What
        is dropped meanwhile is nobody's fault, and is not counted.
        """
        self.held = True

    def release(self) -> None:
        """Seal and open again. Harmless when nothing is held."""
        self.held = False

    def remove_leaf(self, leaf: int) -> None:
        """Refuse a member's frames at once."""
        self._receiver.remove_leaf(leaf)

    def tick(self) -> None:
        """Drop old epochs' keys that are due, also when no frame arrives."""
        self._receiver.tick(self._monotonic())

    def close(self) -> None:
        """Drop all keys and take no more of them: no frame passes any more (CK-385)."""
        self._closed = True
        self.wipe()

    def wipe(self) -> None:
        """Drop all keys: the end of the call."""
        self.stop_sending()
        self._receiver.wipe()

    def new_context(self, kind: FrameKind) -> FrameEncryptor:
        """Return an encryptor for one encoder on one transport (`FrameCrypto.new_context`)."""
        del kind
        return _Context(self)

    def decrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        """Return the frame as its sender's encoder made it (`FrameCrypto.decrypt`)."""
        return self.decrypt_from(frame, kind)[2]

    def decrypt_from(self, frame: bytes, kind: FrameKind) -> tuple[int, FrameKind, bytes]:
        """As `decrypt`; return the leaf of who sealed it, too, and as what."""
        if self.held:
            raise UnavailableError(Code.NOT_ENCRYPTED, "nothing is opened yet")
        now = self._monotonic()
        if kind == "video":
            # CK-219: on a track for pictures a screen may take the camera's place.
            leaf, kind, plaintext = self._receiver.decrypt_picture(frame, now)
        else:
            leaf, plaintext = self._receiver.decrypt(frame, kind, now)
        self._opened = None if kind == "text" else (leaf, kind)
        return leaf, kind, plaintext

    def took(self, timestamp: int, data: bytes) -> bool:
        """Hand on the frame that was opened last (`FrameCrypto.took`)."""
        if self.tap is None or self._opened is None:
            return False
        return self.tap.opened(*self._opened, timestamp, data)

    @property
    def wants_own_key_frame(self) -> bool:
        """Whether the next picture of ours is to be a key frame; asking takes it back."""
        tap = self.tap
        if tap is None or not tap.owes_key_frame:
            return False
        tap.owes_key_frame = False
        return True

    def current(self) -> SendingEpoch | None:
        """Return the epoch to send in, None without a key."""
        return self._sending

    def open_sender(self, epoch: SendingEpoch) -> FrameSender:
        """Return a sender with the next context of an epoch, safe from any thread."""
        with self._lock:
            return epoch.new_sender()


class _Context:
    """One encoder's sender; takes a fresh context of its own in each epoch."""

    def __init__(self, frames: CallFrames) -> None:
        self._frames = frames
        self._epoch: SendingEpoch | None = None
        self._sender: FrameSender | None = None

    def encrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        epoch = None if self._frames.held else self._frames.current()
        if epoch is None:
            raise UnavailableError(Code.NOT_ENCRYPTED, "CK-655: no key to send with yet")
        if self._sender is None or epoch is not self._epoch:
            self._sender, self._epoch = self._frames.open_sender(epoch), epoch
        sealed = self._sender.encrypt(frame, kind)
        tap = self._frames.tap
        if tap is not None and kind != "text":
            tap.sent(self, kind, frame)
        return sealed

    @property
    def wants_key_frame(self) -> bool:
        return self._frames.wants_own_key_frame
