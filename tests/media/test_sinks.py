"""Pictures reach a window or a terminal; a recording holds what was decoded."""

from __future__ import annotations

import io
import pathlib
import re
import time

import av
import numpy as np
import pytest
from av import AudioFrame, VideoFrame

from visavis.core.errors import Code, UnavailableError
from visavis.media.silence import stamp_video, still_picture
from visavis.media.sinks import MultiSink, NullSink
from visavis.media.window import (
    HalfBlockSink,
    LatestPictureSink,
    WindowSink,
    half_blocks,
    open_picture_sink,
)
from visavis.testing.clip import draw_counter, read_frame
from visavis.testing.recorder import RecorderSink


def numbered(number: int) -> VideoFrame:
    picture = np.full((240, 320, 3), 80, np.uint8)
    draw_counter(picture, number)
    return VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")


def tone(seconds: float = 0.02) -> AudioFrame:
    samples = int(48_000 * seconds)
    wave = (12_000 * np.sin(np.arange(samples) / 9)).astype(np.int16)
    frame = AudioFrame.from_ndarray(np.repeat(wave, 2)[None], "s16", "stereo")
    frame.sample_rate = 48_000
    return frame


def test_half_blocks_fit_the_terminal_and_keep_the_shape() -> None:
    half = np.zeros((240, 320, 3), np.uint8)
    half[120:] = (255, 0, 0)
    text = half_blocks(VideoFrame.from_ndarray(half, "rgb24"), columns=80, lines=24)
    rows = text.split("\r\n")
    assert len(rows) == 24
    assert {row.count("▀") for row in rows} == {64}
    assert "38;2;0;0;0;48;2;0;0;0m" in rows[0]
    assert re.search(r"38;2;2[45]\d;\d;\dm?;48;2;2[45]\d;\d;\dm", rows[-1])
    wide = half_blocks(VideoFrame.from_ndarray(half, "rgb24"), columns=20, lines=60)
    assert {row.count("▀") for row in wide.split("\r\n")} == {20}


def test_the_terminal_gets_pictures_and_is_given_back() -> None:
    stream = io.StringIO()
    sink = HalfBlockSink(stream, size=(16, 6))
    sink.start()
    deadline = time.monotonic() + 5
    while "▀" not in stream.getvalue() and time.monotonic() < deadline:
        sink.on_video(still_picture())
        time.sleep(0.02)
    sink.on_audio(tone())
    sink.close()
    text = stream.getvalue()
    assert "▀" in text
    assert text.startswith("\x1b[?1049h\x1b[?25l")
    assert text.endswith("\x1b[?25h\x1b[?1049l")


class SlowSink(LatestPictureSink):
    """Takes longer to draw than pictures take to come."""

    def __init__(self) -> None:
        super().__init__(rate=1000, name="slow")
        self.drawn: list[int] = []

    def draw(self, frame: VideoFrame | None) -> None:
        if frame is not None:
            self.drawn.append(frame.pts)
            time.sleep(0.05)


def test_a_slow_screen_skips_pictures_and_never_blocks() -> None:
    sink = SlowSink()
    sink.start()
    started = time.monotonic()
    for number in range(50):
        sink.on_video(stamp_video(still_picture(), number))
        time.sleep(0.004)
    assert time.monotonic() - started < 1.5
    time.sleep(0.2)
    sink.close()
    assert 2 <= len(sink.drawn) < 25
    assert sink.drawn[-1] == 49 * 90_000


def test_a_window_shows_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame

    sink = WindowSink()
    sink.start()
    shown: list[int | None] = []
    flip = pygame.display.flip

    def watch() -> None:
        flip()
        pixels = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
        shown.append(read_frame(VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")))

    monkeypatch.setattr(pygame.display, "flip", watch)
    sink.on_video(numbered(321))
    deadline = time.monotonic() + 5
    while not shown and time.monotonic() < deadline:
        time.sleep(0.01)
    sink.close()
    assert shown[0] == 321


def test_without_display_and_terminal_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UnavailableError) as caught:
        open_picture_sink(stream=io.StringIO())
    assert caught.value.code is Code.NO_DEVICE

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    sink = open_picture_sink(stream=Terminal())
    sink.close()
    assert isinstance(sink, HalfBlockSink)


class Failing(NullSink):
    def start(self) -> None:
        raise UnavailableError(Code.NO_DEVICE)


class Watched(NullSink):
    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def on_audio(self, frame: AudioFrame) -> None:
        del frame
        self.calls.append("audio")

    def on_video(self, frame: VideoFrame) -> None:
        del frame
        self.calls.append("video")

    def close(self) -> None:
        self.calls.append("close")


def test_several_sinks_get_everything_or_none_starts() -> None:
    first, second = Watched(), Watched()
    both = MultiSink([first, second])
    both.start()
    both.on_audio(tone())
    both.on_video(still_picture())
    both.close()
    assert first.calls == second.calls == ["start", "audio", "video", "close"]
    third = Watched()
    with pytest.raises(UnavailableError):
        MultiSink([third, Failing()]).start()
    assert third.calls == ["start", "close"]


def test_a_recording_holds_what_was_seen_and_heard(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "received.webm"
    sink = RecorderSink(path)
    sink.start()
    started = 0.0
    for number in range(12):
        sink.on_video(numbered(number))
        for _ in range(3):
            sink.on_audio(tone())
        time.sleep(0.06)
        started = time.monotonic() if number == 0 else started
    sink.on_video(still_picture())
    took = time.monotonic() - started
    sink.close()
    sink.close()
    assert sink.counters == list(range(12))
    assert sink.pictures == 13
    assert sink.samples == 36 * 960
    assert abs(sink.loud_s - 0.72) < 0.001
    with av.open(str(path)) as container:
        read = [(frame.time, read_frame(frame)) for frame in container.decode(video=0)]
    assert [number for _, number in read] == [*range(12), None]
    # Times are those of arrival, however slow this machine is just now.
    assert abs(read[-1][0] - read[1][0] - took) < 0.3
    with av.open(str(path)) as container:
        sound = np.concatenate([f.to_ndarray().ravel() for f in container.decode(audio=0)])
    assert np.abs(sound).mean() > 0.05


def test_a_recorder_without_a_file_only_counts() -> None:
    sink = RecorderSink(None)
    sink.start()
    sink.on_video(numbered(7))
    sink.close()
    assert sink.counters == [7]


def test_sound_before_the_first_picture_and_sound_alone_are_recorded(
    tmp_path: pathlib.Path,
) -> None:
    first, alone = RecorderSink(tmp_path / "first.webm"), RecorderSink(tmp_path / "alone.webm")
    for sink in (first, alone):
        sink.start()
        for _ in range(10):
            sink.on_audio(tone())
    first.on_video(numbered(3))
    for sink in (first, alone):
        sink.close()
    with av.open(str(tmp_path / "first.webm")) as container:
        assert [read_frame(frame) for frame in container.decode(video=0)] == [3]
    for name in ("first.webm", "alone.webm"):
        with av.open(str(tmp_path / name)) as container:
            assert sum(f.samples for f in container.decode(audio=0)) >= 8 * 960
    with av.open(str(tmp_path / "alone.webm")) as container:
        assert not container.streams.video


def test_a_recording_that_fails_says_so(tmp_path: pathlib.Path) -> None:
    sink = RecorderSink(tmp_path / "missing" / "received.webm")
    sink.start()
    sink.on_video(numbered(3))
    with pytest.raises(OSError, match="No such file"):
        sink.close()
