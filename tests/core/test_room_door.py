"""The door of a call room: sealed both ways, for this room, this purpose and this joiner only."""

import pytest
from tests.scenario.call_world import Dice

from visavis.core.content_room_fields import MAX_COMMIT, MAX_KNOCK
from visavis.core.errors import Code, PeerError
from visavis.core.ids import DoorKey, RoomId
from visavis.core.room_door import STEP, open_knock, open_welcome, seal_knock, seal_welcome

RNG = Dice(3)
KEY, ROOM = DoorKey(RNG(32)), RoomId(RNG(16))
PACKAGE, WELCOME = RNG(3_000), RNG(70_000)


def test_both_ways() -> None:
    knock = seal_knock(KEY, ROOM, PACKAGE, RNG)
    assert open_knock(KEY, ROOM, knock) == PACKAGE
    answer = seal_welcome(KEY, ROOM, PACKAGE, WELCOME, RNG)
    assert open_welcome(KEY, ROOM, PACKAGE, answer) == WELCOME
    assert PACKAGE[:16] not in knock
    assert WELCOME[:16] not in answer


@pytest.mark.parametrize("length", [1, 2_000, 8_163])
def test_key_packages_look_alike(length: int) -> None:
    assert len(seal_knock(KEY, ROOM, bytes(length), RNG)) == STEP
    assert len(seal_knock(KEY, ROOM, bytes(STEP), RNG)) == 2 * STEP


def test_only_for_this_door() -> None:
    """CK-850"""
    knock = seal_knock(KEY, ROOM, PACKAGE, RNG)
    answer = seal_welcome(KEY, ROOM, PACKAGE, WELCOME, RNG)
    another_key, another_room = DoorKey(RNG(32)), RoomId(RNG(16))
    cases = [
        lambda: open_knock(another_key, ROOM, knock),
        lambda: open_knock(KEY, another_room, knock),
        lambda: open_knock(KEY, ROOM, answer),
        lambda: open_knock(KEY, ROOM, knock[:-1]),
        lambda: open_knock(KEY, ROOM, knock[:-1] + bytes([knock[-1] ^ 1])),
        lambda: open_knock(KEY, ROOM, b""),
        lambda: open_welcome(another_key, ROOM, PACKAGE, answer),
        lambda: open_welcome(KEY, another_room, PACKAGE, answer),
        lambda: open_welcome(KEY, ROOM, PACKAGE + b"x", answer),
        lambda: open_welcome(KEY, ROOM, PACKAGE, knock),
    ]
    for case in cases:
        with pytest.raises(PeerError) as refused:
            case()
        assert refused.value.code is Code.DECRYPTION


def test_what_does_not_fit() -> None:
    for sealing in (
        lambda: seal_knock(KEY, ROOM, bytes(MAX_KNOCK), RNG),
        lambda: seal_welcome(KEY, ROOM, PACKAGE, bytes(MAX_COMMIT), RNG),
    ):
        with pytest.raises(PeerError) as refused:
            sealing()
        assert refused.value.code is Code.TOO_LARGE
