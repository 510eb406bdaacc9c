"""Real decoders take our WebM: real Opus and VP8, the right frames at the right times.

The reader is FFmpeg's, by PyAV; it shares nothing with what is tested.
"""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import chain
from typing import Any, Final

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from visavis.core.vp8 import key_frame_size
from visavis.core.webm import joined, read_part, write_part
from visavis.core.webm_types import AudioTrack, Frame, Media, Source, VideoTrack
from visavis.testing.clip import clip_path, draw_counter, read_counter

RATE: Final = 48_000
PRE_SKIP: Final = 312
SECONDS: Final = 6
FPS: Final = 25
WIDTH, HEIGHT = 320, 240


def spoken(channels: int) -> NDArray[np.int16]:
    """Return some seconds of sound whose pitch rises: no part of it is like another."""
    t = np.arange(RATE * SECONDS) / RATE
    wave = np.sin(2 * np.pi * (200 * t + 40 * t**2)) * 12_000
    return np.repeat(wave.astype(np.int16), channels)[None, :]


def opus(channels: int) -> tuple[Frame, ...]:
    """Return packets of 20 ms from libopus."""
    layout = "mono" if channels == 1 else "stereo"
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, layout, "s16"
    encoder.time_base = Fraction(1, RATE)
    block = av.AudioFrame.from_ndarray(spoken(channels), "s16", layout)
    block.sample_rate, block.pts, block.time_base = RATE, 0, Fraction(1, RATE)
    encoder.open()
    fifo = av.AudioFifo()
    fifo.write(block)
    packets = []
    while (piece := fifo.read(960)) is not None:
        packets += encoder.encode(piece)
    return tuple(Frame(20 * n, bytes(packet)) for n, packet in enumerate(packets))


def vp8() -> tuple[Frame, ...]:
    """Return frames from libvpx, each with its number in the picture."""
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate, encoder.gop_size = 400_000, 40
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    packets = []
    for number in range(SECONDS * FPS):
        canvas = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        draw_counter(canvas, number)
        frame = av.VideoFrame.from_ndarray(canvas, format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    return tuple(Frame(round(1000 * p.pts * p.time_base), bytes(p)) for p in packets)


@pytest.fixture(scope="module", params=[1, 2])
def sound(request: pytest.FixtureRequest) -> Media:
    return Media(AudioTrack(request.param), 1000 * SECONDS, opus(request.param))


@pytest.fixture(scope="module")
def video() -> Media:
    return Media(VideoTrack(WIDTH, HEIGHT), 1000 * SECONDS, vp8())


def milliseconds(frame: Any) -> int:
    return round(1000 * frame.pts * frame.time_base)


def decoded(data: bytes, kind: str, index: int = 0) -> list[Any]:
    with av.open(io.BytesIO(data), "r") as container:
        return list(container.decode(**{kind: index}))


def heard(frames: list[Any]) -> NDArray[np.float32]:
    """Return the samples of the first channel."""
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def parts_of(media: Media, about: int) -> list[tuple[int, bytes]]:
    """Return parts of about so many milliseconds, and when each begins; video is cut at keys."""
    cut: list[list[Frame]] = []
    for frame in media.frames:
        begins = isinstance(media.track, AudioTrack) or key_frame_size(frame.data) is not None
        if not cut or (begins and frame.at - cut[-1][0].at >= about):
            cut.append([])
        cut[-1].append(frame)
    ends = [*(those[0].at for those in cut[1:]), media.length]
    made = []
    for those, end in zip(cut, ends, strict=True):
        at = those[0].at
        shifted = tuple(Frame(frame.at - at, frame.data) for frame in those)
        made.append((at, write_part(Media(media.track, end - at, shifted))))
    return made


def frames_of(parts: list[tuple[int, bytes]]) -> Any:
    """Yield the frames of parts, since the recording began: one part is open at a time."""
    for at, data in parts:
        for frame in read_part(data).frames:
            yield Frame(at + frame.at, frame.data)


class TestParts:
    def test_sound_is_heard_when_it_was_said(self, sound: Media) -> None:
        frames = decoded(write_part(sound), "audio")
        assert len(frames) == len(sound.frames) == 50 * SECONDS
        assert {frame.sample_rate for frame in frames} == {RATE}
        assert sum(frame.samples for frame in frames) == RATE * SECONDS - PRE_SKIP
        # What the encoder looked ahead is skipped, and each packet is heard as much earlier.
        assert milliseconds(frames[0]) == 0
        times = [milliseconds(frame) for frame in frames[1:]]
        said = [frame.at - 1000 * PRE_SKIP / RATE for frame in sound.frames[1:]]
        assert np.abs(np.array(times) - np.array(said)).max() <= 0.5
        # And it is the sound that went in: in phase, so at the right time.
        played = heard(frames)[RATE // 2 :]
        channels = 1 if sound.track == AudioTrack(1) else 2
        meant = spoken(channels)[0, ::channels][RATE // 2 :][: len(played)]
        assert np.corrcoef(played, meant)[0, 1] > 0.99
        late = spoken(channels)[0, ::channels][RATE // 2 - PRE_SKIP :][: len(played)]
        assert np.corrcoef(played, late)[0, 1] < 0.9, "the control: as it is without the skip"

    def test_pictures_are_seen_when_they_were_taken(self, video: Media) -> None:
        frames = decoded(write_part(video), "video")
        assert len(frames) == len(video.frames) == FPS * SECONDS
        assert [milliseconds(frame) for frame in frames] == [frame.at for frame in video.frames]
        shown = [read_counter(frame.to_ndarray(format="rgb24")) for frame in frames]
        assert shown == list(range(FPS * SECONDS))
        assert {(frame.width, frame.height) for frame in frames} == {(WIDTH, HEIGHT)}
        keys = [key_frame_size(frame.data) is not None for frame in video.frames]
        assert [bool(frame.key_frame) for frame in frames] == keys
        assert 2 < sum(keys) < 20

    def test_what_is_said_of_it(self, sound: Media, video: Media) -> None:
        for media, codec in ((sound, "opus"), (video, "vp8")):
            with av.open(io.BytesIO(write_part(media)), "r") as container:
                assert container.format.name == "matroska,webm"
                assert container.duration == 1_000_000 * SECONDS
                (stream,) = container.streams
                assert stream.codec_context.name in {codec, f"lib{codec}"}
                assert container.metadata["encoder"] == "visavis"

    def test_players_find_a_key_frame_by_the_cues(self, video: Media) -> None:
        wanted = max(frame.at for frame in video.frames if key_frame_size(frame.data) is not None)
        with av.open(io.BytesIO(write_part(video)), "r") as container:
            container.seek(1000 * (wanted + 100), backward=True)
            assert milliseconds(next(container.decode(video=0))) == wanted

    def test_a_part_from_the_middle_plays_by_itself(self, video: Media, sound: Media) -> None:
        parts = parts_of(video, 1_000)
        assert len(parts) > 2
        for at, data in parts:
            first = decoded(data, "video")[0]
            assert milliseconds(first) == 0
            assert read_counter(first.to_ndarray(format="rgb24")) == at * FPS // 1000
        at, data = parts_of(sound, 2_000)[1]
        channels = 1 if sound.track == AudioTrack(1) else 2
        played = heard(decoded(data, "audio"))[RATE // 2 :]
        meant = spoken(channels)[0, ::channels][at * RATE // 1000 + RATE // 2 :][: len(played)]
        assert np.corrcoef(played, meant)[0, 1] > 0.99

    def test_the_clip(self) -> None:
        """Frames that another wrote, at times that are no multiple of a millisecond."""
        with av.open(str(clip_path())) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            track = VideoTrack(stream.width, stream.height)
            frames = tuple(
                Frame(round(1000 * p.pts * stream.time_base), bytes(p))
                for p in container.demux(video=0)
                if p.pts is not None
            )
        data = write_part(Media(track, 10_000, frames))
        assert read_part(data).frames == frames
        shown = decoded(data, "video")
        expected = decoded(clip_path().read_bytes(), "video")
        assert len(shown) == len(expected) == 150
        assert [milliseconds(frame) for frame in shown] == [milliseconds(one) for one in expected]
        for one, other in zip(shown, expected, strict=True):
            assert np.array_equal(one.to_ndarray(), other.to_ndarray())


class TestJoined:
    def test_tracks_that_were_recorded_in_parts(self, sound: Media, video: Media) -> None:
        later = [(at + 1_500, data) for at, data in parts_of(sound, 2_000)]
        sources = [
            Source(sound.track, "Anna", frames_of(parts_of(sound, 1_000))),
            Source(video.track, "Anna", frames_of(parts_of(video, 2_000))),
            Source(sound.track, "Bébé", frames_of(later)),
        ]
        data = b"".join(joined(sources, 7_500))
        with av.open(io.BytesIO(data), "r") as container:
            assert [one.type for one in container.streams] == ["audio", "video", "audio"]
            assert [one.metadata["title"] for one in container.streams] == ["Anna", "Anna", "Bébé"]
            assert container.duration == 7_500_000
        pictures = decoded(data, "video")
        assert [milliseconds(frame) for frame in pictures] == [one.at for one in video.frames]
        shown = [read_counter(frame.to_ndarray(format="rgb24")) for frame in pictures]
        assert shown == list(range(FPS * SECONDS))
        first, second = (decoded(data, "audio", index) for index in (0, 1))
        assert len(first) == len(second) == len(sound.frames)
        assert milliseconds(second[1]) - milliseconds(first[1]) == 1_500
        alone = heard(decoded(write_part(sound), "audio"))
        assert np.array_equal(heard(first), alone)

    def test_an_hour(self) -> None:
        """Its clusters are gone through to the end, and a player comes back to any of them."""
        packet = opus(1)[100].data
        length, step = 3_600_000, 60
        speech = (Frame(at, packet) for at in range(0, length, step))
        more = (Frame(at, packet) for at in range(7, length, step))
        file = io.BytesIO()
        file.writelines(
            joined([Source(AudioTrack(1), "", speech), Source(AudioTrack(2), "", more)], length)
        )
        file.seek(0)
        with av.open(file, "r") as container:
            assert container.duration == 1000 * length
            counts, last = [0, 0], [0, 0]
            for packet_read in container.demux():
                if packet_read.size:
                    index = packet_read.stream_index
                    counts[index] += 1
                    last[index] = milliseconds(packet_read)
        assert counts == [length // step] * 2
        assert [length - step - at for at in last] == [7, 0], "6.5 ms earlier, as above"

    def test_sound_of_a_call_is_mono_or_stereo(self) -> None:
        both = [Source(AudioTrack(n), "", opus(n)[:50]) for n in (1, 2)]
        data = b"".join(joined(both, 1_000))
        layouts = [{f.layout.name for f in decoded(data, "audio", n)} for n in (0, 1)]
        assert list(chain(*layouts)) == ["mono", "stereo"]
