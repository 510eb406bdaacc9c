"""The sink of a group call while two ways stand: what came one way is taken, the other is dropped.

Without it everybody would be heard twice in the seconds in which the mesh and the SFU both stand.
"""

from __future__ import annotations

from av import AudioFrame, VideoFrame

from visavis.media.interfaces import GroupSink
from visavis.media.levels import Levels


class Chosen:
    """The call's sink.

    Args:
        sink: Where it goes in the end.

    Attributes:
        chosen: The way that is taken: "mesh" or "sfu".
        levels: How loud the members are.
    """

    def __init__(self, sink: GroupSink) -> None:
        self._sink = sink
        self.chosen = "mesh"
        self.levels = Levels()

    def choose(self, way: str) -> None:
        """Take what comes this way from now on."""
        self.chosen = way

    def gone(self, leaf: int) -> None:
        """Nothing comes of a member any more."""
        self.levels.forget(leaf)
        self._sink.gone(leaf)

    def of(self, way: str) -> GroupSink:
        """Return the sink for one way."""
        return _Way(self, self._sink, way)


class _Way:
    def __init__(self, chosen: Chosen, sink: GroupSink, way: str) -> None:
        self._chosen = chosen
        self._sink = sink
        self._way = way

    def start(self) -> None:
        """Do nothing: the sink is started by whoever has it."""

    def on_audio(self, leaf: int, frame: AudioFrame) -> None:
        """Take sound."""
        if self._chosen.chosen == self._way:
            self._chosen.levels.hear(leaf, frame)
            self._sink.on_audio(leaf, frame)

    def on_video(self, leaf: int, frame: VideoFrame) -> None:
        """Take a picture."""
        if self._chosen.chosen == self._way:
            self._sink.on_video(leaf, frame)

    def on_screen(self, leaf: int, frame: VideoFrame) -> None:
        """Take a picture of a screen."""
        if self._chosen.chosen == self._way:
            self._sink.on_screen(leaf, frame)

    def gone(self, leaf: int) -> None:
        """Hand it on."""
        self._chosen.gone(leaf)

    def close(self) -> None:
        """Do nothing."""
