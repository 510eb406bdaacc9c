"""Which picture of a group call is shown in the terminal: a shared screen before any camera."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from av import VideoFrame

from visavis.cli import group_call
from visavis.cli.group_call import SCREEN_S, GroupScreen, _sharing_in_mesh
from visavis.core.content_group_call import GroupCallState
from visavis.core.ids import SignatureKey
from visavis.sdk.group_call_media import GroupMediaStats
from visavis.sdk.group_call_objects import CallOfMany, InCall

CAMERAS = {leaf: VideoFrame(16, 16, "yuv420p") for leaf in (1, 2)}
SCREENS = {leaf: VideoFrame(32, 32, "yuv420p") for leaf in (1, 2)}


class Shown:
    """Instead of a window."""

    def __init__(self) -> None:
        self.last: object = None

    def on_video(self, frame: VideoFrame) -> None:
        self.last = frame


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(group_call, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def screen_of() -> tuple[GroupScreen, Shown]:
    screen, shown = GroupScreen("Choir", picture=False, quiet=True), Shown()
    screen._screen = cast("Any", shown)
    return screen, shown


def test_a_shared_screen_is_shown_before_who_speaks(clock: list[float]) -> None:
    screen, shown = screen_of()
    screen.on_video(1, CAMERAS[1])
    assert shown.last is CAMERAS[1]  # the control: cameras are shown while no screen is
    screen.on_screen(1, SCREENS[1])
    screen.shown = 2
    screen.on_video(2, CAMERAS[2])
    screen.on_video(1, CAMERAS[1])
    assert shown.last is SCREENS[1]
    clock[0] += SCREEN_S + 0.1  # nobody says that it ended
    screen.on_video(2, CAMERAS[2])
    assert shown.last is CAMERAS[2]


def test_of_two_screens_the_first_stays(clock: list[float]) -> None:
    screen, shown = screen_of()
    screen.on_screen(2, SCREENS[2])
    screen.on_screen(1, SCREENS[1])
    assert shown.last is SCREENS[2]
    clock[0] += SCREEN_S + 0.1
    screen.on_screen(1, SCREENS[1])
    assert shown.last is SCREENS[1]


def test_who_goes_takes_their_screen_along(clock: list[float]) -> None:
    del clock
    screen, shown = screen_of()
    screen.on_screen(1, SCREENS[1])
    screen.gone(1)
    screen.on_video(2, CAMERAS[2])
    assert shown.last is CAMERAS[2]


@pytest.mark.parametrize(("path", "leaves"), [("mesh", [2]), ("sfu", [])])
def test_in_a_mesh_who_shares_is_shown(path: str, leaves: list[int]) -> None:
    """There a screen comes in the camera's place, and members say that they share."""

    def member(leaf: int, *, screen: bool, own: bool = False) -> InCall:
        shows = GroupCallState(hand=False, microphone=True, camera=True, screen=screen)
        key = SignatureKey(bytes([leaf]) * 32)
        return InCall(leaf, None, "somebody", own, verified=False, shows=shows, key=key)

    members = [member(0, screen=True, own=True), member(1, screen=False), member(2, screen=True)]
    call = SimpleNamespace(members=members, stats=lambda: GroupMediaStats(path))
    assert _sharing_in_mesh(cast("CallOfMany", call)) == leaves
