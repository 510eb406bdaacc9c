"""Members of a real group call who lie about what they send are not shown (P14)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.media.test_group_calls import Talker, address, crowd, until

from visavis.core.frame_keys import FrameKind
from visavis.core.ids import FeedId
from visavis.media.call_frames import _Context
from visavis.sdk.group_call_shell import GroupCallShell

pytestmark = pytest.mark.media

__all__ = ["address"]  # a fixture of every test here


async def shell_of(talker: Talker) -> GroupCallShell:
    live = (await talker.client._group_call_service())._live
    assert live is not None
    assert live._shell is not None
    return live._shell


def heard(listener: Talker, talker: Talker) -> int:
    """Return how many samples came of somebody."""
    assert talker.call is not None
    (own,) = [one.leaf for one in talker.call.members if one.own]
    return listener.ears.samples[own] + listener.ears.pictures[own]


async def test_liars_are_not_shown_and_nobody_else_is_lost(tmp_path: Path) -> None:
    """CK-870"""
    async with crowd(tmp_path, 4, sfu=True) as people:
        for talker in people:
            await talker.come()
        await until(lambda: all(one.hears(3) and one.path == "sfu" for one in people), 90)
        liar, honest = people[3], people[:3]
        # The control: until it lies, everybody hears and sees it.
        assert all(heard(one, liar) for one in honest)
        shell = await shell_of(liar)
        annas, own = (await shell_of(people[0]))._voice.feed, shell._voice.feed
        assert annas is not None
        assert own is not None

        async def hidden(said: FeedId | None) -> None:
            shell.announce(said)
            watching = [await shell_of(one) for one in honest]
            await until(lambda: all(_knows(one, own) is False for one in watching))
            for one in honest:
                one.ears.forget()
            await until(lambda: all(one.hears(2) for one in honest))
            assert not any(heard(one, liar) for one in honest)

        await hidden(None)  # what it sends it did not announce
        await hidden(annas)  # what it announced is another's
        shell.announce(own)
        await until(lambda: all(one.hears(3) for one in honest))


async def test_who_sends_without_the_keys_is_heard_by_nobody_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member says to be encrypted, and is not: in a mesh, and through the SFU."""
    async with crowd(tmp_path, 4, sfu=True) as people:
        for talker in people[:3]:
            await talker.come()
        await until(lambda: all(one.hears(2) for one in people[:3]), 90)
        liar = people[1]
        sealing = _Context.encrypt

        def stop_sealing() -> None:
            frames = shell._hands._frames

            def in_the_clear(self: _Context, frame: bytes, kind: FrameKind) -> bytes:
                return frame if self._frames is frames else sealing(self, frame, kind)

            monkeypatch.setattr(_Context, "encrypt", in_the_clear)

        def named(by: Talker) -> list[str]:
            assert by.call is not None
            return [one.name for one in by.call.unopened]

        shell = await shell_of(liar)
        assert not any(named(one) for one in people[:3])
        stop_sealing()
        honest = [people[0], people[2]]
        await until(lambda: all(named(one) == [liar.client.handle] for one in honest))
        for one in honest:
            one.ears.forget()
        await until(lambda: all(one.hears(1) for one in honest))
        assert not any(heard(one, liar) for one in honest)
        assert not named(liar)

        await people[3].come()
        honest.append(people[3])
        await until(lambda: all(one.hears(2) and one.path == "sfu" for one in honest), 90)
        await until(lambda: all(named(one) == [liar.client.handle] for one in honest))
        assert not any(heard(one, liar) for one in honest)
        # The control: with the keys again, everybody hears it, and nobody is accused.
        monkeypatch.undo()
        await until(lambda: all(one.hears(3) and not named(one) for one in honest))


def _knows(shell: GroupCallShell, feed: FeedId) -> bool:
    """Say whether anybody announced a feed here."""
    media = shell._ears.media
    return bool(media._watching.whose(feed))  # type: ignore[union-attr]
