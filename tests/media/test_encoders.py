"""Encoders end in SFrame, at constant size for sound, and yield nothing without a key."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av import AudioFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core.errors import UsageError
from visavis.media.call_frames import CallFrames
from visavis.media.encoders import SealedOpusEncoder, SealedVp8Encoder, SendCounts
from visavis.media.silence import quiet, stamp_audio, stamp_video, still_picture
from visavis.testing.clip import clip_path

KEY = bytes(range(32))


def both() -> tuple[CallFrames, CallFrames]:
    """A sender that has no key yet, and the receiver of its frames."""
    receiver = CallFrames()
    receiver.install(1, KEY, {0})
    return CallFrames(), receiver


def sounds() -> list[AudioFrame]:
    """A second each of silence, speech, a tone and noise."""
    with av.open(str(clip_path())) as container:
        resampler = av.AudioResampler("s16", "mono", 48_000, 960)
        speech = [p for f in container.decode(audio=0) for p in resampler.resample(f)][10:60]
    random = np.random.default_rng(1)
    times = np.arange(960 * 50)
    tone = (20_000 * np.sin(times * 2 * np.pi * 440 / 48_000)).astype(np.int16)
    noise = random.integers(-32_000, 32_000, 960 * 50).astype(np.int16)
    made = [
        AudioFrame.from_ndarray(samples[None, at : at + 960], "s16", "mono")
        for samples in (tone, noise)
        for at in range(0, 960 * 50, 960)
    ]
    frames = [quiet(0) for _ in range(50)] + speech + made
    return [stamp_audio(frame, index * 960) for index, frame in enumerate(frames)]


def test_every_packet_of_sound_has_one_size() -> None:
    sender, receiver = both()
    sender.send_in(1, KEY, 0)
    counts = SendCounts()
    encoder = SealedOpusEncoder(sender.new_context("audio"), counts)
    payloads = [payload for frame in sounds() for payload in encoder.encode(frame)[0]]
    assert len(payloads) >= 195
    assert len({len(payload) for payload in payloads}) == 1
    assert len(counts.audio_sizes) == 1
    # It is sound that has one size, not silence: the far end hears the tone.
    decoder = av.CodecContext.create("libopus", "r")
    loud = [
        np.abs(frame.to_ndarray()).mean()
        for payload in payloads
        for frame in decoder.decode(av.Packet(receiver.decrypt(payload, "audio")))
    ]
    assert np.mean(loud[:40]) < 5
    assert np.mean(loud[110:140]) > 3_000


def test_without_a_key_no_sound_and_no_picture_comes_out_ck_650() -> None:
    sender, receiver = both()
    counts = SendCounts()
    sound = SealedOpusEncoder(sender.new_context("audio"), counts)
    picture = SealedVp8Encoder(sender.new_context("video"), counts)
    for number in range(5):
        assert sound.encode(quiet(number))[0] == []
        assert picture.encode(stamp_video(still_picture(), number / 15))[0] == []
    assert counts.frames == {}
    assert counts.refused == {"audio": 5, "video": 5}
    # The same encoders send as soon as there is a key, beginning with a key frame.
    sender.send_in(1, KEY, 0)
    assert len(sound.encode(quiet(6))[0]) == 1
    [payload] = picture.encode(stamp_video(still_picture(), 1))[0]
    frame = receiver.decrypt(payload[4:], "video")
    assert frame[0] & 1 == 0
    assert frame[3:6] == b"\x9d\x01\x2a"
    # And stop as soon as it is gone.
    sender.wipe()
    assert sound.encode(quiet(7))[0] == []
    assert picture.encode(stamp_video(still_picture(), 2))[0] == []


class Broken:
    """An encryptor with a bug."""

    wants_key_frame = False

    def encrypt(self, frame: bytes, kind: str) -> bytes:
        del frame, kind
        raise ZeroDivisionError


def test_a_bug_in_encryption_sends_nothing_ck_650() -> None:
    counts = SendCounts()
    encoder = SealedOpusEncoder(Broken(), counts)
    assert encoder.encode(quiet(0))[0] == []
    assert counts.refused["audio"] == 1


def test_pre_encoded_frames_are_sealed_too() -> None:
    sender, receiver = both()
    sender.send_in(1, KEY, 0)
    with av.open(str(clip_path())) as container:
        packets = [(p.stream.type, p) for p in container.demux() if p.size][:30]
    sound = SealedOpusEncoder(sender.new_context("audio"), SendCounts())
    picture = SealedVp8Encoder(sender.new_context("video"), SendCounts())
    seen = set()
    for kind, packet in packets:
        payloads, _ = (sound if kind == "audio" else picture).pack(packet)
        body = b"".join(payload[0 if kind == "audio" else 4 :] for payload in payloads)
        assert packet.size < 20 or bytes(packet)[12:] not in body
        assert receiver.decrypt(body, kind) == bytes(packet)
        seen.add(kind)
    assert seen == {"audio", "video"}


@pytest.mark.parametrize("change", ["rate", "samples", "layout"])
def test_other_sound_is_our_own_mistake(change: str) -> None:
    encoder = SealedOpusEncoder(CallFrames().new_context("audio"), SendCounts())
    frame = AudioFrame(
        format="s16",
        layout="stereo" if change == "layout" else "mono",
        samples=480 if change == "samples" else 960,
    )
    frame.sample_rate = 16_000 if change == "rate" else 48_000
    with pytest.raises(UsageError):
        encoder.encode(frame)


def test_each_encoder_and_each_epoch_has_a_context_of_its_own() -> None:
    sender, _ = both()
    sender.send_in(1, KEY, 0)
    first, second = sender.new_context("audio"), sender.new_context("audio")
    kids = {first.encrypt(b"x", "audio")[1:4], second.encrypt(b"x", "audio")[1:4]}
    assert len(kids) == 2
    assert first.encrypt(b"x", "audio")[1:4] in kids
    sender.send_in(2, bytes(32), 0)
    assert first.encrypt(b"x", "audio")[1:4] not in kids


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_sealed_sound_is_24_bytes_longer(frame: bytes) -> None:
    sender, receiver = both()
    sender.send_in(1, KEY, 0)
    sealed = sender.new_context("audio").encrypt(frame, "audio")
    assert len(sealed) == len(frame) + 24
    assert receiver.decrypt(sealed, "audio") == frame
