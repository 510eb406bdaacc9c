"""Which key opens which frame of a call, and for how long (protocol P10; RFC 9605, 5.2).

What it is: the sending and the receiving side of encrypted media, one `FrameSender` per encoder
and transport, one `FrameReceiver` per call. What it is not for: the ciphers (`sframe`), the MLS
group that gives base keys (`mls`), or hooking a codec (`visavis.media`).

    wire frame =  clear bytes || SFrame header (8 bytes, always) || ciphertext || tag (16 bytes)
    KID        =  context (4 bits, 1 to 15) | leaf (12 bits) | epoch mod 256 (8 bits): 3 bytes
    CTR        =  2**24 up to 2**32 - 1: 4 bytes

An epoch at the receiver:  installed -> newest -> (a newer one is installed) old -> (2 s) gone.
It also goes at once when an epoch with the same 8 low bits arrives. Time is monotonic seconds.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from visavis.core.errors import Code, PeerError, UsageError, VisavisError
from visavis.core.sframe import PRODUCT_SUITE, SframeKey, decode_header, mls_kid, suite_of

PictureKind = Literal["video", "screen"]
"""VP8 of a camera, or of a screen that is shared."""

FrameKind = Literal["audio", "video", "screen", "text"]
"""Opus, a picture, or a block of real-time text (`realtime_text`)."""

EPOCH_BITS: Final = 8
LEAF_BITS: Final = 12
MAX_CONTEXT: Final = 15
"""Contexts 1 to 15 keep every KID at exactly three bytes."""

FIRST_CTR: Final = 2**24
LAST_CTR: Final = 2**32 - 1
"""From 2**24 on, a CTR takes four bytes, so the header never changes its length; at 50 frames a
second the last one comes after 2.7 years."""

HEADER_LENGTH: Final = 8

REPLAY_WINDOW: Final = 1024
"""Frames per KID. Higher forgives more reordering, lower forgets a late frame sooner; 1,024 is
20 s of audio, longer than any jitter buffer waits."""

OLD_EPOCH_S: Final = 2.0
"""How long an old epoch's receive keys live. Higher loses fewer frames at a change of members,
lower cuts a leaver's knowledge off sooner."""

_CLEAR_KEY_FRAME: Final = 10
_CLEAR_DELTA_FRAME: Final = 1

_TEXT_METADATA: Final = b"visavis real-time text"
"""Authenticated with each block of text and not sent (RFC 9605, 4.4.3)."""

_SCREEN_METADATA: Final = b"visavis shared screen"
"""The same of a screen, before its clear bytes: longer than what is clear of any picture."""

_PICTURES: Final[tuple[PictureKind, ...]] = ("video", "screen")


def clear_bytes(kind: FrameKind, frame: bytes) -> int:
    """Return how many bytes at the front of an encoded frame stay readable.

    For VP8 the count comes from bit 0 of byte 0 (RFC 6386, 9.1: 0 is a key frame), which both
    sides see, never from a frame type or trailer that a relay could forge (CK-215).

    Args:
        kind: "video" and "screen" are VP8, "audio" is Opus, "text" a block of text.
        frame: An encoded frame, before or after encryption.

    Returns:
        Audio and text 0; pictures 10 for a key frame, 1 for a delta frame.

    Raises:
        UsageError: A picture too short to have its clear bytes.
    """
    if kind not in _PICTURES:
        return 0
    if not frame:
        raise UsageError("an empty video frame")
    count = _CLEAR_DELTA_FRAME if frame[0] & 1 else _CLEAR_KEY_FRAME
    if len(frame) < count:
        raise UsageError("a VP8 frame shorter than its own header")
    return count


def _metadata(kind: FrameKind, clear: bytes) -> bytes:
    # CK-218: a block of text opens as nothing else, and nothing else as text: whoever forwards
    # frames cannot move one from a track to the text, or back.
    if kind == "text":
        return _TEXT_METADATA
    # CK-219: nor can they make a screen a camera's picture, or a picture a screen: to record the
    # one is agreed to apart from the other.
    return _SCREEN_METADATA + clear if kind == "screen" else clear


def _check_suite(suite: int, base_key: bytes) -> None:
    # CK-204: a weaker suite is refused even if everyone else would agree to it.
    if suite != PRODUCT_SUITE:
        raise PeerError(Code.WRONG_SUITE, "CK-204: only AES_256_GCM_SHA512_128 carries media")
    if len(base_key) != suite_of(suite).key_length:
        raise UsageError("an SFrame base key has Nk bytes")


class FrameSender:
    """Encrypts the frames of one encoder on one transport in one epoch.

    Two senders with the same base key, epoch, leaf and context would repeat (key, CTR), which
    gives both frames away: get them from one `SendingEpoch`, which never gives a context twice.

    Args:
        suite: `PRODUCT_SUITE`; anything else is refused.
        base_key: `MLS-Exporter("SFrame 1.0 Base Key", "", 32)` of the epoch, 32 bytes.
        epoch: MLS epoch.
        leaf: Our leaf index, 0 to 4095.
        context: 1 to 15, new for every encoder and transport, never used twice in an epoch.

    Raises:
        PeerError: `WRONG_SUITE` (CK-204).
        UsageError: Another argument is out of range (CK-207).
    """

    def __init__(self, suite: int, base_key: bytes, epoch: int, leaf: int, context: int) -> None:
        _check_suite(suite, base_key)
        # CK-207: context 0 would shorten the KID and share it with senders that have no context.
        if not 1 <= context <= MAX_CONTEXT:
            raise UsageError("CK-207: an SFrame context is 1 to 15")
        kid = mls_kid(epoch, leaf, context, epoch_bits=EPOCH_BITS, leaf_bits=LEAF_BITS)
        self._key: SframeKey | None = SframeKey.derive(suite, kid, base_key)
        self._next_ctr = FIRST_CTR

    def encrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        """Encrypt one encoded frame.

        Args:
            frame: VP8, Opus or a block of text, whole.
            kind: What it is.

        Returns:
            Clear bytes || header || ciphertext || tag: the frame's length plus exactly 24.

        Raises:
            UsageError: The counter is used up (CK-205), the key is wiped (CK-216), or the frame
                is too short for its codec. Nothing may be sent then.
        """
        # CK-216: without a key there is no frame, never a clear one.
        if self._key is None:
            raise UsageError("CK-216: this sender's key is wiped")
        # CK-205: a CTR that starts again would repeat a nonce.
        if self._next_ctr > LAST_CTR:
            raise UsageError("CK-205: this sender's frame counter is used up")
        count = clear_bytes(kind, frame)
        ctr, self._next_ctr = self._next_ctr, self._next_ctr + 1
        clear = frame[:count]
        return clear + self._key.encrypt(ctr, _metadata(kind, clear), frame[count:])

    def wipe(self) -> None:
        """Drop the key; every later `encrypt` fails."""
        self._key = None


class SendingEpoch:
    """Our senders in one epoch: hands out each context once (CK-217).

    Args:
        suite: `PRODUCT_SUITE`.
        base_key: As for `FrameSender`.
        epoch: MLS epoch.
        leaf: Our leaf index.
    """

    def __init__(self, suite: int, base_key: bytes, epoch: int, leaf: int) -> None:
        _check_suite(suite, base_key)
        self._arguments: tuple[int, bytes, int, int] | None = (suite, base_key, epoch, leaf)
        self._senders: list[FrameSender] = []

    def new_sender(self) -> FrameSender:
        """Return a sender with a context that nobody had before.

        Raises:
            UsageError: All 15 contexts are used (a commit makes a new epoch), or wiped.
        """
        if self._arguments is None:
            raise UsageError("CK-216: this epoch's keys are wiped")
        sender = FrameSender(*self._arguments, context=len(self._senders) + 1)
        self._senders.append(sender)
        return sender

    def wipe(self) -> None:
        """Drop the keys of all senders made here."""
        self._arguments = None
        for sender in self._senders:
            sender.wipe()


@dataclass(slots=True)
class _Kid:
    """One KID's key and the frames seen with it: bit i of `seen` stands for CTR highest - i."""

    key: SframeKey = field(repr=False)
    highest: int = -1
    seen: int = 0
    last: FrameKind = "video"
    """As what the last one opened."""

    def is_fresh(self, ctr: int) -> bool:
        behind = self.highest - ctr
        return behind < 0 or (behind < REPLAY_WINDOW and not self.seen >> behind & 1)

    def mark(self, ctr: int) -> None:
        ahead = ctr - self.highest
        if ahead >= REPLAY_WINDOW:
            # Not shifted: an honest but huge jump must not make a huge integer.
            self.seen, self.highest = 1, ctr
        elif ahead > 0:
            self.seen = (self.seen << ahead | 1) & ((1 << REPLAY_WINDOW) - 1)
            self.highest = ctr
        else:
            self.seen |= 1 << -ahead


@dataclass(slots=True)
class _Epoch:
    number: int
    base_key: bytes = field(repr=False)
    leaves: set[int]
    old_since_s: float | None = None
    kids: dict[int, _Kid] = field(default_factory=dict, repr=False)


class FrameReceiver:
    """Decrypts the frames of all members of one call.

    Args:
        suite: `PRODUCT_SUITE`; anything else is refused with `WRONG_SUITE` (CK-204).
    """

    def __init__(self, suite: int = PRODUCT_SUITE) -> None:
        _check_suite(suite, bytes(suite_of(suite).key_length))
        self._suite = suite
        self._epochs: dict[int, _Epoch] = {}
        self._newest = -1

    def install(self, epoch: int, base_key: bytes, leaves: set[int]) -> None:
        """Accept frames of an epoch from now on.

        Call `tick` right after it: the older epochs' 2 s start at the first `tick` or `decrypt`
        that follows.

        Args:
            epoch: MLS epoch, newer than every one installed before.
            base_key: `MLS-Exporter("SFrame 1.0 Base Key", "", 32)` of the epoch.
            leaves: Leaf indices of the *other* members. Our own stays out, so that a relay cannot
                play our frames back to us (RFC 9605, 4.4.1: a key sends or receives, never both).

        Raises:
            UsageError: Not newer (CK-214: a second install would empty the replay window), or an
                argument is out of range.
        """
        _check_suite(self._suite, base_key)
        if epoch <= self._newest:
            raise UsageError("CK-214: epochs are installed once and in order")
        if not all(0 <= leaf < 1 << LEAF_BITS for leaf in leaves):
            raise UsageError("a leaf index has 12 bits in an SFrame KID")
        # CK-213: the same low bits name the new epoch from now on; the old one is gone.
        self._epochs[epoch % (1 << EPOCH_BITS)] = _Epoch(epoch, base_key, set(leaves))
        self._newest = epoch

    def remove_leaf(self, leaf: int) -> None:
        """Refuse a member's frames at once, in every epoch installed so far (CK-209)."""
        for epoch in self._epochs.values():
            epoch.leaves.discard(leaf)
            for kid in [k for k in epoch.kids if _leaf_of(k) == leaf]:
                del epoch.kids[kid]

    def tick(self, now_s: float) -> None:
        """Drop the keys of epochs that have been old for 2 s (CK-212).

        Args:
            now_s: Monotonic seconds.
        """
        for low_bits, epoch in list(self._epochs.items()):
            if epoch.number == self._newest:
                continue
            if epoch.old_since_s is None:
                epoch.old_since_s = now_s
            elif now_s - epoch.old_since_s >= OLD_EPOCH_S:
                del self._epochs[low_bits]

    def decrypt(self, frame: bytes, kind: FrameKind, now_s: float) -> tuple[int, bytes]:
        """Decrypt one frame from the wire.

        Args:
            frame: Clear bytes || header || ciphertext || tag.
            kind: What this track or channel carries, from our own description of it.
            now_s: Monotonic seconds.

        Returns:
            The sender's leaf index, and the encoded frame, clear bytes included.

        Raises:
            PeerError: `DECRYPTION`, whatever was wrong; nothing has changed and the frame must
                be dropped. The detail (for developers) tells CK-200 to CK-210 apart.
        """
        leaf, _, opened = self._open(frame, (kind,), now_s)
        return leaf, opened

    def decrypt_picture(self, frame: bytes, now_s: float) -> tuple[int, FrameKind, bytes]:
        """Decrypt one picture where a camera or a screen may come, and tell which it is.

        It is tried as what its encoder's last one was, then as the other: only if it is neither
        it does not open.

        Args:
            frame: As for `decrypt`.
            now_s: Monotonic seconds.

        Returns:
            The sender's leaf index, "video" or "screen", and the encoded frame.

        Raises:
            PeerError: As for `decrypt`.
        """
        return self._open(frame, _PICTURES, now_s)

    def wipe(self) -> None:
        """Drop every key; `decrypt` fails until another epoch is installed."""
        self._epochs.clear()

    def _open(
        self, frame: bytes, kinds: tuple[FrameKind, ...], now_s: float
    ) -> tuple[int, FrameKind, bytes]:
        self.tick(now_s)
        try:
            return self._opened(frame, kinds)
        except VisavisError as error:
            # One code for all, so that a relay learns nothing from the difference.
            raise PeerError(Code.DECRYPTION, error.detail) from None

    def _opened(self, frame: bytes, kinds: tuple[FrameKind, ...]) -> tuple[int, FrameKind, bytes]:
        count = clear_bytes(kinds[0], frame)
        clear, sealed = frame[:count], frame[count:]
        kid, ctr, header_length = decode_header(sealed)
        # CK-206: every header has one shape, so that its length says nothing about the call.
        if header_length != HEADER_LENGTH or not FIRST_CTR <= ctr <= LAST_CTR:
            raise PeerError(Code.DECRYPTION, "CK-206: SFrame header of another shape")
        if not kid >> (EPOCH_BITS + LEAF_BITS):
            raise PeerError(Code.DECRYPTION, "CK-207: SFrame context 0")
        epoch = self._epochs.get(kid % (1 << EPOCH_BITS))
        if epoch is None:
            raise PeerError(Code.DECRYPTION, "CK-208: no such epoch, or no longer")
        leaf = _leaf_of(kid)
        if leaf not in epoch.leaves:
            raise PeerError(Code.DECRYPTION, "CK-209: not a member, or no longer")
        state = epoch.kids.get(kid)
        if state is None:
            state = _Kid(SframeKey.derive(self._suite, kid, epoch.base_key))
        # CK-210: a relay must not make anybody hear a moment twice.
        if not state.is_fresh(ctr):
            raise PeerError(Code.DECRYPTION, "CK-210: frame seen before, or too old to tell")
        kind, plaintext = _try(state, kinds, clear, sealed)
        # CK-211: only an authentic frame moves the window or costs memory; else one forged frame
        # with a high CTR would silence the sender.
        epoch.kids[kid] = state
        state.mark(ctr)
        state.last = kind
        return leaf, kind, clear + plaintext


def _try(
    state: _Kid, kinds: tuple[FrameKind, ...], clear: bytes, sealed: bytes
) -> tuple[FrameKind, bytes]:
    """Open a frame as the first of these kinds that fits; what its last one was comes first."""
    *others, least = sorted(kinds, key=lambda kind: kind != state.last)
    for kind in others:
        # What does not fit has changed nothing: it was as if it had not been tried.
        with suppress(PeerError):
            return kind, state.key.decrypt(_metadata(kind, clear), sealed)[1]
    return least, state.key.decrypt(_metadata(least, clear), sealed)[1]


def is_out_of_time(error: PeerError) -> bool:
    """Say whether a frame was refused for when it came, and not for how it was sealed.

    It names an epoch that is over or still to come, or a leaf that is not in it, or it was opened
    before: CK-208 to CK-210. A slow device sends such, and a server may play frames back, so it
    tells nothing against the member whose place it came in.
    """
    return error.detail.startswith(("CK-208", "CK-209", "CK-210"))


def _leaf_of(kid: int) -> int:
    return kid >> EPOCH_BITS & ((1 << LEAF_BITS) - 1)
