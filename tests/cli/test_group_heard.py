"""In a group call it is said whom one hears, and of nobody who has somebody else's place by now."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from visavis.cli.group_call import _Heard


class Scene:
    """A call whose members and counts are set by hand."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.members: list[SimpleNamespace] = []
        self.opened: dict[tuple[int, str], int] = {}
        out = SimpleNamespace(out=SimpleNamespace(say=self.said.append))
        self.heard = _Heard(cast("Any", out), cast("Any", self))

    def stats(self) -> SimpleNamespace:
        return SimpleNamespace(opened=self.opened)

    def look(self, *members: tuple[int, str], **frames: int) -> list[str]:
        self.members = [SimpleNamespace(leaf=n, name=name, own=n == 0) for n, name in members]
        self.opened |= {(int(leaf[1:]), "audio"): count for leaf, count in frames.items()}
        self.said.clear()
        self.heard.look()
        return list(self.said)


def test_each_is_told_once() -> None:
    scene = Scene()
    everybody = (0, "anna"), (1, "bob"), (2, "carl")
    assert scene.look(*everybody) == []
    assert scene.look(*everybody, _0=5, _1=5) == ["You hear [bold]bob[/]."]
    assert scene.look(*everybody, _1=9) == []
    assert scene.look(*everybody, _2=1) == ["You hear [bold]carl[/]."]


def test_a_place_that_is_anothers_now() -> None:
    scene = Scene()
    scene.look((0, "anna"), (1, "bob"))
    scene.look((0, "anna"), (1, "bob"), _1=50)
    assert scene.look((0, "anna"), (1, "dora")) == []
    assert scene.look((0, "anna"), (1, "dora"), _1=51) == ["You hear [bold]dora[/]."]
    # Who comes again is told again.
    scene.look((0, "anna"))
    assert scene.look((0, "anna"), (1, "dora")) == []
    assert scene.look((0, "anna"), (1, "dora"), _1=60) == ["You hear [bold]dora[/]."]
