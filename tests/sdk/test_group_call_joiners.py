"""Who was let in, who asks again, and who only seems to."""

from __future__ import annotations

import pytest

from visavis.core.errors import Code, PeerError
from visavis.sdk import group_call_joiners
from visavis.sdk.group_call_joiners import Joiners
from visavis.sdk.group_call_keys import Began, joiner_of

PACKAGE = b"a key package"
WELCOME = b"a Welcome"


def began(*, admits: bytes | None = None, leaf: int = 1, loses: int | None = None) -> Began:
    admitted = {} if admits is None else {joiner_of(admits): leaf}
    went = frozenset() if loses is None else frozenset({loses})
    return Began(2, 0, frozenset({0}), went=went, admitted=admitted, welcome=WELCOME)


def is_replayed(joiners: Joiners, package: bytes = PACKAGE) -> bool:
    answers: list[bytes] = []
    try:
        known = joiners.is_in(package, answers.append)
    except PeerError as error:
        return error.code is Code.REPLAYED
    assert (known, answers) == (False, [])
    return False


def test_who_came_in_and_went_does_not_come_by_the_same_key_package() -> None:
    """CK-877"""
    joiners = Joiners()
    joiners.epoch(began(admits=PACKAGE))
    joiners.is_here(1)
    answered: list[bytes] = []
    assert joiners.is_in(PACKAGE, answered.append)  # while it is in, it is only answered again
    assert answered == [WELCOME]
    joiners.epoch(began(loses=1))
    assert is_replayed(joiners)
    assert not is_replayed(joiners, b"another key package")


def test_who_never_read_the_welcome_may_ask_again() -> None:
    """The control: it was taken out because it did not come, and asks as it did before."""
    joiners = Joiners()
    joiners.epoch(began(admits=PACKAGE))
    joiners.is_here(2)  # somebody else
    joiners.epoch(began(loses=1))
    assert not is_replayed(joiners)


@pytest.mark.parametrize(
    ("most", "replayed"), [(2, [False, True, True]), (3, [True] * 3), (4, [True] * 3)]
)
def test_so_many_are_remembered(
    most: int, replayed: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_call_joiners, "MAX_USED", most)
    joiners = Joiners()
    packages = [bytes([number]) for number in range(3)]
    for package in packages:
        joiners.epoch(began(admits=package))
        joiners.is_here(1)
        joiners.epoch(began(loses=1))
    assert [is_replayed(joiners, package) for package in packages] == replayed
