"""The shapes that a call's media is wired from: crypto, sources, sinks, servers, events, figures.

Nothing here does anything. The call machine's shell imports these names, tests fake them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Protocol

from av import AudioFrame, VideoFrame

from visavis.core.frame_keys import FrameKind

Kind = Literal["audio", "video"]
"""The two kinds of media a call has; also the kinds of an SDP media section (RFC 8866, 5.14)."""

AUDIO_RATE: Final = 48_000
"""Samples per second on every side of this package (Opus, RFC 7587, 4.1)."""

AUDIO_FRAME: Final = 960
"""Samples in one audio frame: 20 ms. Longer saves packets and adds delay."""


class FrameEncryptor(Protocol):
    """Seals the frames of one encoder on one transport, or a call's text, in one SFrame context."""

    def encrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        """Return clear bytes || SFrame header || ciphertext || tag.

        Called in a worker thread, never twice at once for one encryptor.

        Args:
            frame: One encoded frame, whole.
            kind: What the frame is.

        Raises:
            VisavisError: There is no key, or the counter is used up. The frame is then dropped.
        """
        ...

    @property
    def wants_key_frame(self) -> bool:
        """Whether the next picture is to be a key frame; asking takes it back."""
        ...


class FrameCrypto(Protocol):
    """All SFrame keys of one call."""

    steady: bool
    """Send pictures of few sizes (`picture_padding`)."""

    @property
    def held(self) -> bool:
        """Whether nothing is opened yet: what comes is dropped, and nobody is to blame."""
        ...

    def new_context(self, kind: FrameKind) -> FrameEncryptor:
        """Return an encryptor whose (key, context) was never used and never will be again.

        Asked for once per encoder and transport, so again after each `MediaConnection.restart`;
        for text once per call, whose counter never starts again (docs/protocol/realtime-text.md).
        It may be called before there is a key: `encrypt` then raises until there is one, and
        follows later changes of epoch by itself.
        """
        ...

    def decrypt(self, frame: bytes, kind: FrameKind) -> bytes:
        """Return the frame as its sender's encoder made it.

        Called on the event loop.

        Args:
            frame: As it arrived.
            kind: What its track carries. On one for pictures a screen may take the camera's place.

        Raises:
            VisavisError: It does not decrypt, was seen before, or there is no key.
        """
        ...

    def took(self, timestamp: int, data: bytes) -> bool:
        """Take what `decrypt` returned last, with its RTP timestamp; for a recording.

        Returns:
            Whether a key frame of it is wanted.
        """
        ...


class MediaSource(Protocol):
    """What a call shows and says. One source outlives any number of restarts of the transport.

    The `next_` methods pace themselves and may be cancelled at any time without losing their
    place.
    """

    async def start(self) -> None:
        """Open devices or files.

        Raises:
            UnavailableError: `NO_DEVICE`: there is no such camera, microphone or file.
        """
        ...

    async def next_audio(self) -> AudioFrame:
        """Return 960 samples, 16-bit mono at 48 kHz, when they are due; `pts` counts samples."""
        ...

    async def next_video(self) -> VideoFrame:
        """Return the next picture, yuv420p with even sides, when it is due."""
        ...

    def close_video(self) -> None:
        """Let the camera go: no picture will be asked for. Also before `start`, and repeated."""
        ...

    def close(self) -> None:
        """Free devices and threads. Harmless when repeated."""
        ...


class MediaSink(Protocol):
    """Where the other person's picture and sound go. Calls must return at once."""

    def start(self) -> None:
        """Open devices; UnavailableError(NO_DEVICE) if there are none."""
        ...

    def on_audio(self, frame: AudioFrame) -> None:
        """Take decoded sound: 16-bit interleaved stereo at 48 kHz."""
        ...

    def on_video(self, frame: VideoFrame) -> None:
        """Take one decoded picture, yuv420p."""
        ...

    def close(self) -> None:
        """Flush and free. Harmless when repeated."""
        ...


class GroupSink(Protocol):
    """Where the members' sound and pictures go. Calls must return at once."""

    def start(self) -> None:
        """Open devices; UnavailableError(NO_DEVICE) if there are none."""
        ...

    def on_audio(self, leaf: int, frame: AudioFrame) -> None:
        """Take a member's sound: 16-bit interleaved stereo at 48 kHz."""
        ...

    def on_video(self, leaf: int, frame: VideoFrame) -> None:
        """Take one picture of a member's camera, yuv420p; in a mesh also of what they share."""
        ...

    def on_screen(self, leaf: int, frame: VideoFrame) -> None:
        """Take one picture of the screen that a member shares, yuv420p, apart from their camera.

        Over the SFU only. Nobody says when it ends: no more of them come.
        """
        ...

    def gone(self, leaf: int) -> None:
        """Nothing comes of a member any more."""
        ...

    def close(self) -> None:
        """Flush and free. Harmless when repeated."""
        ...


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A relay as the server hands it out (RFC 8656; URLs: RFC 7065), tried in the order of `urls`.

    The credential is left out of `repr`, so that it cannot end in a log.
    """

    urls: tuple[str, ...]
    username: str = field(repr=False)
    credential: str = field(repr=False)


class MediaEvent(StrEnum):
    """What a `MediaConnection` tells the call machine, in `MediaConnection.events`."""

    CONNECTED = "connected"
    """ICE and DTLS stand on the present transport."""
    FIRST_FRAME = "first_frame"
    """The first frame of the other side was decoded; once per `MediaConnection`."""
    LOST = "lost"
    """Nothing has arrived for some seconds, or the transport closed: `restart` is called for."""
    FAILED = "failed"
    """This transport never came to stand; `restart` may help."""


@dataclass(frozen=True, slots=True)
class MediaStats:
    """Figures of one call, summed over all its transports.

    Attributes:
        frames_sent: Pictures encoded, sealed and handed to the transport.
        frames_decoded: Pictures decoded.
        decrypt_failures: Frames of either kind that arrived whole and did not decrypt.
        encrypt_refusals: Frames dropped before the transport because there was no key.
        audio_packets: Audio packets sealed and handed to the transport.
        audio_decoded_s: Seconds of sound decoded.
        audio_packet_sizes: Payload size in bytes -> audio packets of that size sent.
        path: How packets travel now; "none" while unconnected.
        rtt_ms: Round trip as RTCP measures it (RFC 3550, 6.4.1), None until measured.
        connected: ICE and DTLS stand now.
        first_frame_at: Monotonic seconds of the first decoded frame, None before.
    """

    frames_sent: int
    frames_decoded: int
    decrypt_failures: int
    encrypt_refusals: int
    audio_packets: int
    audio_decoded_s: float
    audio_packet_sizes: Mapping[int, int]
    path: Literal["relayed", "direct", "none"]
    rtt_ms: float | None
    connected: bool
    first_frame_at: float | None
