"""What a person does about a member is done about them, or not at all (CK-876)."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.sdk.group_call_crew import people

from visavis.core.content_group_call import GroupCallPleaseMute
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import SignatureKey
from visavis.core.mls import MemberInfo
from visavis.sdk.group_call_objects import InCall
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.group_call_stay import Stay
from visavis.sdk.group_call_view import View


def member(leaf: int, key: int) -> MemberInfo:
    return MemberInfo(leaf, people()[key].credential, bytes([key]) * 32)


def shown(leaf: int, key: int) -> InCall:
    key_bytes = SignatureKey(bytes([key]) * 32)
    return InCall(leaf, None, "somebody", own=False, verified=False, key=key_bytes)


class Shell:
    """Notes what is done in a call with these members."""

    recording = SimpleNamespace(shell=None, receipting=None)

    def __init__(self, members: Mapping[int, MemberInfo]) -> None:
        self._members = members
        self.removed: list[int] = []
        self.told: list[tuple[int, object]] = []

    def members(self) -> Mapping[int, MemberInfo]:
        return self._members

    def remove(self, leaf: int) -> None:
        self.removed.append(leaf)

    def tell(self, leaf: int, content: object) -> None:
        self.told.append((leaf, content))

    def show(self, state: object) -> None: ...


def made(shell: Shell) -> tuple[Stay, View, list[MemberInfo]]:
    shut: list[MemberInfo] = []
    stay = object.__new__(Stay)
    view = View(cast("Any", None), cast("Any", None), lambda _: None, camera=False)
    view.begin(cast("GroupCallShell", shell), is_new_here=True)
    stay._shell = cast("GroupCallShell", shell)
    stay._lobbies = cast("Any", SimpleNamespace(shut_out=shut.append))
    stay._view = view
    return stay, view, shut


def test_whoever_was_looked_at_is_removed_and_asked() -> None:
    """The control."""
    shell = Shell({1: member(1, 3)})
    stay, _, shut = made(shell)
    stay.remove(shown(1, 3))
    stay.ask_to_mute(shown(1, 3))
    assert (shell.removed, shut) == ([1], [member(1, 3)])
    assert shell.told == [(1, GroupCallPleaseMute())]


@pytest.mark.parametrize("members", [{1: member(1, 4), 2: member(2, 3)}, {2: member(2, 3)}])
def test_whoever_has_their_place_now_is_left_alone(members: dict[int, MemberInfo]) -> None:
    """CK-876: their place is another's, or nobody's."""
    shell = Shell(members)
    stay, _, shut = made(shell)
    for deed in (stay.remove, stay.ask_to_mute):
        with pytest.raises(UnavailableError) as refused:
            deed(shown(1, 3))
        assert refused.value.code is Code.CONFLICT
    assert [*shell.removed, *shell.told, *shut] == []
