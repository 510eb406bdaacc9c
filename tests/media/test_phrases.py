"""R-34, RFC 6562: from the sizes of sealed sound nobody tells one phrase from another.

The attack that works on variable bit rates (White et al. 2011): compare the sequence of packet
sizes with known phrases. It is run on the product's encoder, and on a control with variable rate.
"""

from __future__ import annotations

import av
import numpy as np
from av import AudioFrame
from av.codec import CodecContext

from visavis.media.call_frames import CallFrames
from visavis.media.encoders import SealedOpusEncoder, SendCounts
from visavis.media.silence import stamp_audio
from visavis.testing.clip import clip_path

FRAME = 960
PHRASE = 40
"""Frames of 20 ms in a phrase."""
PHRASES = 4
TAKES = 6
CHANCE = 1 / PHRASES


def phrases() -> list[np.ndarray]:
    """Four phrases: three pieces of the clip's speech, and silence."""
    with av.open(str(clip_path())) as container:
        resampler = av.AudioResampler("s16", "mono", 48_000, FRAME)
        sound = [
            piece.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for piece in resampler.resample(frame)
            if piece.samples == FRAME
        ]
    spoken = np.concatenate(sound[: PHRASE * (PHRASES - 1)]).reshape(PHRASES - 1, -1)
    return [*spoken, np.zeros(PHRASE * FRAME, np.int16)]


def takes(phrase: np.ndarray, seed: int) -> list[list[AudioFrame]]:
    """The phrase as said several times: another loudness, another background."""
    dice = np.random.default_rng(seed)
    said = []
    for _ in range(TAKES):
        louder = phrase * dice.uniform(0.7, 1.0) + dice.normal(0, 20, len(phrase))
        samples = np.clip(louder, -32_768, 32_767).astype(np.int16).reshape(PHRASE, 1, FRAME)
        frames = [AudioFrame.from_ndarray(one, "s16", "mono") for one in samples]
        said.append([stamp_audio(frame, n * FRAME) for n, frame in enumerate(frames)])
    return said


def sealed_sizes(frames: list[AudioFrame]) -> list[int]:
    """What goes over the wire for a take."""
    keys = CallFrames()
    keys.send_in(1, bytes(range(32)), 0)
    encoder = SealedOpusEncoder(keys.new_context("audio"), SendCounts())
    payloads = [encoder.encode(frame)[0] for frame in frames]
    # Same cadence in silence: a packet for each 20 ms, once the encoder is filled.
    assert all(len(one) == 1 for one in payloads[1:])
    return [len(payload) for one in payloads for payload in one]


def variable_sizes(frames: list[AudioFrame]) -> list[int]:
    """What goes over the wire with Opus as most programs use it."""
    codec = CodecContext.create("libopus", "w")
    codec.bit_rate, codec.format, codec.layout, codec.sample_rate = 32_000, "s16", "mono", 48_000
    codec.options = {"application": "voip", "vbr": "on", "frame_duration": "20"}
    return [packet.size for frame in frames for packet in codec.encode(frame)]


def guessed_right(sizes: list[list[list[int]]]) -> float:
    """Return the share of takes that the nearest known phrase names rightly.

    Args:
        sizes: For each phrase its takes, each a sequence of packet sizes; of each the first half
            is known to the attacker. Ties go to the first phrase, as good as any.
    """
    length = min(len(take) for one in sizes for take in one)
    known = [np.mean([take[:length] for take in one[: TAKES // 2]], axis=0) for one in sizes]
    hits = [
        int(np.argmin([np.abs(np.array(take[:length]) - k).sum() for k in known])) == number
        for number, one in enumerate(sizes)
        for take in one[TAKES // 2 :]
    ]
    return sum(hits) / len(hits)


def test_packet_sizes_say_nothing_about_what_was_said() -> None:
    said = [takes(phrase, seed) for seed, phrase in enumerate(phrases())]
    sealed = [[sealed_sizes(take) for take in one] for one in said]
    assert {size for one in sealed for take in one for size in take} == {sealed[0][0][0]}
    assert guessed_right(sealed) == CHANCE
    # The control: the same attack on the same sound at a variable rate.
    assert guessed_right([[variable_sizes(take) for take in one] for one in said]) > 3 * CHANCE
