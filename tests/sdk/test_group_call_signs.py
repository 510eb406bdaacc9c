"""What members of a group call show of themselves."""

from __future__ import annotations

from visavis.core.content_group_call import (
    GroupCallPleaseMute,
    GroupCallReaction,
    GroupCallState,
    Reaction,
)
from visavis.sdk.group_call_signs import ASKS_S, REACTION_S, Signs

HAND = GroupCallState(hand=True, microphone=True, camera=False, screen=False)


def test_the_newest_state_counts_and_is_shown_once() -> None:
    signs = Signs(camera=False)
    assert signs.of(3) is None
    assert signs.took(3, HAND, 0)
    assert not signs.took(3, HAND, 1)
    assert signs.of(3) == HAND
    assert signs.of(4) is None


def test_who_comes_into_a_place_does_not_show_what_its_last_one_did() -> None:
    signs = Signs(camera=False)
    signs.took(3, HAND, 0)
    signs.took(4, HAND, 0)
    signs.gone([3])
    assert signs.of(3) is None
    assert signs.of(4) == HAND
    signs.anew()
    assert signs.of(4) is None


def test_a_member_cannot_fill_the_screen_or_pester() -> None:
    signs = Signs(camera=False)
    clap, please = GroupCallReaction(Reaction.CLAP), GroupCallPleaseMute()
    for sign, least in ((clap, REACTION_S), (please, ASKS_S)):
        assert signs.took(1, sign, 100)
        assert not signs.took(1, sign, 100 + least * 0.9)  # CK-873
        assert signs.took(2, sign, 100 + least * 0.9)  # another one's is theirs
        assert signs.took(1, sign, 100 + least)
