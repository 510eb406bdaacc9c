"""Sources keep time, loop, survive cancellation, and say clearly what is missing."""

from __future__ import annotations

import asyncio
import pathlib
import sys
import time
from fractions import Fraction

import av
import numpy as np
import pytest
from av import AudioFrame, VideoFrame

from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.media import devices
from visavis.media.devices import CameraSource, MicrophoneSource, SpeakerSink
from visavis.media.reader import fit
from visavis.media.silence import SilenceSource, quiet
from visavis.media.sources import CombinedSource, FileSource
from visavis.testing.clip import CLIP_FRAMES, clip_path, read_frame


def write_clip(
    path: pathlib.Path,
    *,
    seconds: float = 1.0,
    size: tuple[int, int] = (64, 48),
    picture: bool = True,
    sound: bool = True,
    rate: int = 30,
) -> pathlib.Path:
    """A small file whose sound is a constant loud tone."""
    with av.open(str(path), "w", format="matroska") as container:
        video = container.add_stream("libvpx", rate=rate) if picture else None
        audio = container.add_stream("libopus", rate=48_000, layout="stereo") if sound else None
        if video:
            video.width, video.height, video.pix_fmt = *size, "yuv420p"
            video.options = {"deadline": "realtime", "cpu-used": "8"}
            for number in range(int(seconds * rate)):
                grey = np.full((size[1], size[0], 3), 50 + number * 3 % 150, np.uint8)
                frame = VideoFrame.from_ndarray(grey, "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, rate)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if audio:
            times = np.arange(int(seconds * 48_000))
            tone = (15_000 * np.sin(times * 2 * np.pi * 500 / 48_000)).astype(np.int16)
            heard = AudioFrame.from_ndarray(np.repeat(tone, 2)[None], "s16", "stereo")
            heard.sample_rate, heard.pts = 48_000, 0
            container.mux(audio.encode(heard))
            container.mux(audio.encode(None))
    return path


def loud(frame: AudioFrame) -> bool:
    return float(np.abs(frame.to_ndarray()).mean()) > 500


async def play(
    source: FileSource, seconds: float
) -> tuple[list[float], list[VideoFrame], list[AudioFrame]]:
    """Play for a while; the times are when each picture came."""
    await source.start()
    started = time.monotonic()
    times: list[float] = []
    pictures: list[VideoFrame] = []
    sounds: list[AudioFrame] = []

    async def watch() -> None:
        while True:
            pictures.append(await source.next_video())
            times.append(time.monotonic() - started)

    async def listen() -> None:
        while True:
            sounds.append(await source.next_audio())

    tasks = [asyncio.ensure_future(watch()), asyncio.ensure_future(listen())]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return times, pictures, sounds


async def test_a_file_plays_in_real_time_with_sound_and_picture_together() -> None:
    source = FileSource(clip_path())
    try:
        times, pictures, sounds = await play(source, 2.0)
    finally:
        source.close()
    numbers = [read_frame(frame) for frame in pictures]
    assert numbers == sorted(set(numbers))
    assert 8 <= len(numbers) <= 32
    # Picture n of 15 a second comes at n/15 s, and its time stamp says the same.
    for number, at, frame in zip(numbers, times, pictures, strict=True):
        # Never early; a busy machine may be late.
        assert -0.02 < at - number / 15 < 1.5
        assert abs(float(frame.pts * frame.time_base) - number / 15) < 0.01
    assert 40 <= len(sounds) <= 104
    stamps = [frame.pts for frame in sounds]
    assert stamps[:3] == [0, 960, 1920]
    assert stamps == sorted(set(stamps))
    assert all(stamp % 960 == 0 for stamp in stamps)
    assert all(frame.samples == 960 and frame.sample_rate == 48_000 for frame in sounds)
    assert sum(loud(frame) for frame in sounds) > 10


async def test_a_short_file_loops_and_stays_in_step(tmp_path: pathlib.Path) -> None:
    source = FileSource(write_clip(tmp_path / "short.mkv", seconds=0.5))
    try:
        _, pictures, sounds = await play(source, 1.8)
    finally:
        source.close()
    assert len(pictures) >= 8
    stamps = [float(frame.pts * frame.time_base) for frame in pictures]
    assert stamps == sorted(stamps)
    assert stamps[-1] > 1.0
    assert sum(loud(frame) for frame in sounds) > 0.5 * len(sounds)


async def test_a_file_that_does_not_loop_ends_in_silence_and_its_last_picture(
    tmp_path: pathlib.Path,
) -> None:
    source = FileSource(write_clip(tmp_path / "short.mkv", seconds=0.4), loop=False)
    try:
        _, pictures, sounds = await play(source, 1.2)
    finally:
        source.close()
    assert loud(sounds[5])
    assert not any(loud(frame) for frame in sounds[-10:])
    assert np.array_equal(pictures[-1].to_ndarray(), pictures[-2].to_ndarray())


async def test_large_and_fast_files_are_made_smaller(tmp_path: pathlib.Path) -> None:
    path = write_clip(tmp_path / "large.mkv", seconds=0.4, size=(1280, 720), rate=60)
    source = FileSource(path)
    try:
        _, pictures, _ = await play(source, 1.5)
    finally:
        source.close()
    assert {(frame.width, frame.height) for frame in pictures} == {(640, 360)}
    # At most 20 a second, and a slow machine may drop some.
    assert 3 <= len(pictures) <= 34


@pytest.mark.parametrize("picture", [True, False])
async def test_what_a_file_lacks_is_filled_in(tmp_path: pathlib.Path, picture: bool) -> None:
    source = FileSource(write_clip(tmp_path / "half.mkv", picture=picture, sound=not picture))
    try:
        _, pictures, sounds = await play(source, 0.8)
    finally:
        source.close()
    assert len(pictures) >= 3
    assert len(sounds) >= 10
    assert any(loud(frame) for frame in sounds) is not picture


@pytest.mark.parametrize("content", [None, b"", b"no media at all" * 100])
async def test_a_file_that_cannot_be_played_is_said(
    tmp_path: pathlib.Path, content: bytes | None
) -> None:
    path = tmp_path / "file.webm"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnavailableError) as caught:
        await FileSource(path).start()
    assert caught.value.code is Code.NO_MEDIA
    assert "cannot be played" in caught.value.describe()


async def test_a_url_is_not_fetched() -> None:
    with pytest.raises(UnavailableError):
        await FileSource("http://127.0.0.1:9/clip.webm").start()


async def test_an_unstarted_or_closed_source_is_our_own_mistake() -> None:
    source = FileSource(clip_path())
    with pytest.raises(UsageError):
        await source.next_audio()
    source.close()
    with pytest.raises(UsageError):
        await source.start()


async def test_cancelled_requests_lose_nothing() -> None:
    async def after_a_cancelled_one() -> tuple[int | None, int | None]:
        source = SilenceSource()
        first = await source.next_audio()
        task = asyncio.ensure_future(source.next_audio())
        await asyncio.sleep(0)
        task.cancel()
        return first.pts, (await source.next_audio()).pts

    # On a machine that stalls just then, sound is skipped for another reason.
    seen = [await after_a_cancelled_one() for _ in range(10)]
    assert (0, 960) in seen


async def test_a_stalled_machine_skips_sound_instead_of_being_late() -> None:
    source = SilenceSource()
    await source.next_audio()
    time.sleep(0.7)
    later = await source.next_audio()
    assert later.pts > 20 * 960


async def test_one_source_takes_its_picture_here_and_its_sound_there(
    tmp_path: pathlib.Path,
) -> None:
    source = CombinedSource(picture=FileSource(clip_path()), sound=SilenceSource())
    await source.start()
    try:
        assert read_frame(await source.next_video()) in range(CLIP_FRAMES)
        assert not loud(await source.next_audio())
    finally:
        source.close()
    broken = CombinedSource(picture=FileSource(clip_path()), sound=FileSource(tmp_path / "none"))
    with pytest.raises(UnavailableError):
        await broken.start()


def test_pictures_keep_their_shape() -> None:
    assert fit(1920, 1080) == (640, 360)
    assert fit(480, 640) == (360, 480)
    assert fit(320, 240) == (320, 240)
    assert fit(333, 241) == (332, 240)


async def test_a_missing_camera_is_said(tmp_path: pathlib.Path) -> None:
    (tmp_path / "video0").write_bytes(b"not a camera")
    for path in (tmp_path / "none", tmp_path / "video0"):
        with pytest.raises(UnavailableError) as caught:
            await CameraSource(path).start()
        assert caught.value.code is Code.NO_DEVICE
        assert "--media FILE" in caught.value.describe()


class NoPortAudio:
    """What importing sounddevice does where the library is missing."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        del path, target
        if name == "sounddevice":
            raise OSError("PortAudio library not found")


@pytest.fixture
def without_portaudio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPortAudio(), *sys.meta_path])


@pytest.mark.usefixtures("without_portaudio")
async def test_a_missing_sound_library_is_a_missing_device() -> None:
    for start in (MicrophoneSource().start(), asyncio.to_thread(SpeakerSink().start)):
        with pytest.raises(UnavailableError) as caught:
            await start
        assert caught.value.code is Code.NO_DEVICE


class FakePortAudio:
    """A sound card: keeps what is played, and is spoken into by the test."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        self.callback = None
        self.open = False

    def RawInputStream(self, **options: object) -> FakePortAudio:
        self.callback = options["callback"]
        return self

    RawOutputStream = RawInputStream

    def start(self) -> None:
        self.open = True

    def close(self) -> None:
        self.open = False


@pytest.fixture
def sound_card(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    card = FakePortAudio()
    monkeypatch.setattr(devices, "load_sounddevice", lambda _: card)
    return card


async def test_the_microphone_is_passed_on_and_a_stall_is_silence(
    sound_card: FakePortAudio,
) -> None:
    source = MicrophoneSource()
    await source.start()
    said = (np.ones(960) * 1234).astype(np.int16)
    sound_card.callback(said.tobytes(), 960, None, None)
    heard = await source.next_audio()
    assert np.array_equal(heard.to_ndarray()[0], said)
    assert not loud(await source.next_audio())
    assert heard.pts == 0
    source.close()
    assert not sound_card.open


def test_the_speakers_get_what_was_said_and_never_too_late(sound_card: FakePortAudio) -> None:
    sink = SpeakerSink()
    sink.start()
    frame = AudioFrame.from_ndarray(np.full((1, 1920), 77, np.int16), "s16", "stereo")
    sink.on_audio(frame)
    out = bytearray(960 * 4)
    sound_card.callback(out, 960, None, None)
    assert bytes(out) == np.full(1920, 77, np.int16).tobytes()
    sound_card.callback(out, 960, None, None)
    assert not any(out)
    for _ in range(100):
        sink.on_audio(frame)
    played = 0
    while True:
        sound_card.callback(out, 960, None, None)
        if not any(out):
            break
        played += 1
    assert played == 15  # 0.3 s
    sink.close()
    assert not sound_card.open


def test_silence_is_silent() -> None:
    assert not quiet(3).to_ndarray().any()
    assert quiet(3).pts == 2880


async def test_the_camera_is_let_go_and_the_sound_goes_on() -> None:
    """A call that was accepted without picture: no light, and no camera opened for it either."""
    opened: list[str] = []

    class Camera(SilenceSource):
        async def start(self) -> None:
            opened.append("camera")

        def close_video(self) -> None:
            opened.append("closed")

    early = CombinedSource(picture=Camera(), sound=SilenceSource())
    early.close_video()
    await early.start()
    assert opened == ["closed"]
    assert (await early.next_audio()).samples == 960
    late = CombinedSource(picture=Camera(), sound=SilenceSource())
    await late.start()  # the control: without it the camera opens
    late.close_video()
    assert opened == ["closed", "camera", "closed"]
