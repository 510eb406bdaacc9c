"""What a demo run measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

from visavis.testing.clip import CLIP_FRAMES

MIN_PICTURES_PER_S: Final = 4.0
"""Decoded pictures a second below which a call does not count as seen; the clip has 15. Low, so
that a busy machine does not fail an otherwise good call."""

MIN_SOUND_SHARE: Final = 0.5
"""Share of the talking time in which sound must have been decoded."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Figures of one demo call.

    Attributes:
        seconds: How long both talked, from the first decoded frame.
        signup_ms: Two sign-ups, an invite and its acceptance.
        ring_ms: From the caller's invite leaving to the callee ringing.
        first_frame_ms: From the callee accepting to the later side's first decoded frame.
        frames_sent: Pictures the caller sealed and sent.
        frames_decoded: Pictures the callee decoded.
        counters_read: Pictures whose frame counter the callee could read.
        counters_in_order: Whether those counters only ever went up (or looped with the clip).
        audio_s: Seconds of sound the callee decoded.
        audio_loud_s: Seconds of that sound above a whisper: energy, not just packets.
        audio_packet_sizes: Number of different audio packet sizes on the wire: 1.
        path: "relayed" or "direct", as the callee's ICE reports it.
        suite: What the call group negotiated.
        safety_numbers_equal: Whether both people see the same safety number.
        sas_equal: Whether both people see the same four words.
        wrong_key_frames: Pictures a device with a wrong key decoded from the same ciphertext.
        control_frames: Pictures decoded from the same ciphertext with the right key.
        wiretap_packets: Packets the wiretap saw.
        wiretap_frames: Pictures it could decode.
        server_call_rows: Rows about calls in what the server kept.
        identifiers_found: Planted identifiers found in what the server kept.
        server_rows: Table -> rows that the server kept.
        received: Where received.webm was written.
        own_clip: Whether a clip of the person's own was played, without counters.
    """

    seconds: float
    signup_ms: int
    ring_ms: int
    first_frame_ms: int
    frames_sent: int
    frames_decoded: int
    counters_read: int
    counters_in_order: bool
    audio_s: float
    audio_loud_s: float
    audio_packet_sizes: int
    path: str
    suite: str
    safety_numbers_equal: bool
    sas_equal: bool
    wrong_key_frames: int
    control_frames: int
    wiretap_packets: int
    wiretap_frames: int
    server_call_rows: int
    identifiers_found: int
    server_rows: dict[str, int]
    received: str
    own_clip: bool

    def failures(self) -> list[str]:
        """Return what is not as promised, in words; empty if all is."""
        checks = {
            "too few pictures arrived": self.frames_decoded >= MIN_PICTURES_PER_S * self.seconds,
            "the pictures' counters could not be read": self.own_clip
            or (self.counters_read >= self.frames_decoded // 2 and self.counters_in_order),
            "too little sound arrived": self.audio_s >= MIN_SOUND_SHARE * self.seconds,
            "the sound was silence": self.own_clip or self.audio_loud_s > 0,
            "audio packets differ in size": self.audio_packet_sizes == 1,
            "the call was not relayed": self.path == "relayed",
            "the safety numbers differ": self.safety_numbers_equal,
            "the spoken words differ": self.sas_equal,
            "a wrong key decoded pictures": self.wrong_key_frames == 0,
            "the right key decoded nothing (control)": self.control_frames > 0,
            "the wiretap saw nothing (control)": self.wiretap_packets > 0,
            "the wiretap decoded pictures": self.wiretap_frames == 0,
            "the server kept rows about the call": self.server_call_rows == 0,
            "the server kept planted identifiers": self.identifiers_found == 0,
        }
        return [words for words, good in checks.items() if not good]

    @property
    def ok(self) -> bool:
        """Whether everything is as promised."""
        return not self.failures()

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data, with `ok` and the failures in words."""
        return {**asdict(self), "ok": self.ok, "failures": self.failures()}


def in_order(counters: list[int]) -> bool:
    """Say whether counters only go up, apart from the clip's loops; a few repeats are allowed."""
    backwards = sum(1 for a, b in pairwise(counters) if b < a and a - b < CLIP_FRAMES // 2)
    return backwards == 0
