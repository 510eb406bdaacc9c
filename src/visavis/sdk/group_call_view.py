"""What a person is shown of a call of many, and shows of themselves; a member's, or a guest's.

Not for: who may be in it, or how it is carried on (`group_call_stay`, `guest`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from visavis.core.content_group_call import (
    GroupCallPleaseMute,
    GroupCallReaction,
    GroupCallState,
    Reaction,
    Sign,
)
from visavis.core.errors import Code, UnavailableError
from visavis.core.group_call_types import LeftReason
from visavis.core.guest import Guest, is_guest
from visavis.core.mls import MemberInfo
from visavis.core.recording_leaf import consent_of
from visavis.sdk.group_call_objects import CallOfMany, Change, InCall
from visavis.sdk.group_call_shell import GroupCallShell
from visavis.sdk.group_call_signs import Signs


class Known(Protocol):
    """Who members are to this device."""

    def name(self, member: MemberInfo) -> str:
        """Return what to call a member who is no guest."""
        ...

    def in_call(self, leaf: int, member: MemberInfo) -> InCall:
        """Return a member as it is shown, but for what it shows of itself."""
        ...


def require_there(members: Mapping[int, MemberInfo], one: InCall) -> MemberInfo:
    """Return who is at somebody's place, if it is still they.

    Args:
        members: Who is in the call now, by leaf.
        one: As they were shown.

    Raises:
        UnavailableError: CONFLICT (CK-876).
    """
    member = members.get(one.leaf)
    # CK-876: between a look at who is there and what is done about somebody, their place may have
    # become another's.
    if member is None or member.signature_key != one.key:
        raise UnavailableError(Code.CONFLICT, "CK-876: they are not at this place any more")
    return member


class View:
    """Tells one call what happens in it, and the others what the person shows.

    `visavis.sdk.group_call_seam.Watcher`.

    Args:
        call: As the person sees it.
        known: Who members are.
        over: Told that we are in it no longer.
        shown: Told who is in it now.
        camera: Whether the person is seen at first.
    """

    def __init__(
        self,
        call: CallOfMany,
        known: Known,
        over: Callable[[LeftReason], None],
        shown: Callable[[Sequence[InCall]], None] = lambda _: None,
        *,
        camera: bool,
    ) -> None:
        self._call = call
        self._known = known
        self._over = over
        self._shown = shown
        self._signs = Signs(camera=camera)
        self._shell: GroupCallShell | None = None
        self._is_new_here = False

    def begin(self, shell: GroupCallShell, *, is_new_here: bool) -> None:
        """We take part.

        Args:
            shell: Before it runs.
            is_new_here: Others were there before us: they have not come in.
        """
        self._signs.anew()
        shell.show(self._signs.own)
        signed = shell.recording
        if signed.shell is not None:
            self._call.recording.bind(signed.shell)
        if signed.receipting is not None:
            self._call.receipts.bind(signed.receipting)
        self._shell, self._is_new_here = shell, is_new_here

    def end(self) -> None:
        """We take part no longer."""
        self._shell = None

    # What the person shows

    def show_own(self, changes: Mapping[str, bool]) -> None:
        """Show something of ourselves."""
        self._signs.own = replace(self._signs.own, **changes)
        if self._shell is not None:
            self._shell.show(self._signs.own)
            self.show(self._shell.members())

    def react(self, reaction: Reaction) -> None:
        """Show a reaction."""
        if self._shell is not None:
            self._shell.react(reaction)

    def ask_to_mute(self, member: InCall) -> None:
        """Ask a member to mute itself. UnavailableError: CONFLICT (CK-876)."""
        if self._shell is not None:
            require_there(self._shell.members(), member)
            self._shell.tell(member.leaf, GroupCallPleaseMute())

    # From the shell

    def changed(self, came: Sequence[MemberInfo], went: Sequence[MemberInfo]) -> None:
        """Somebody came or went."""
        leaves = [one.leaf_index for one in (*came, *went)]
        self._signs.gone(leaf for leaf in leaves if leaf is not None)
        names = [tuple(self._name(one) for one in some) for some in (came, went)]
        # Those who were there before us have not come in.
        change = None if self._is_new_here else Change(names[0], names[1])
        self._is_new_here = False
        if self._shell is not None:
            asyncio.get_running_loop().call_soon(self._follow, change)

    def _follow(self, change: Change | None) -> None:
        if self._shell is not None:
            self.show(self._shell.members(), change)

    def said(self, leaf: int, sign: Sign) -> None:
        """A member shows something of itself, or asks us for something."""
        shell = self._shell
        if shell is None:
            return
        before = self._signs.of(leaf)
        if not self._signs.took(leaf, sign, asyncio.get_running_loop().time()):
            return
        members = shell.members()
        name = self._name(members[leaf])
        match sign:
            case GroupCallState(hand=hand):
                raised = hand and not (before and before.hand)
                self.show(members, Change(hand=name) if raised else None)
            case GroupCallReaction(reaction):
                self._call.show(self._call.members, Change(reaction=(name, reaction)))
            case GroupCallPleaseMute():
                self._call.show(self._call.members, Change(asks=name))

    def unlisted(self, count: int) -> None:
        """So many are in the room who are no members of the call."""
        self._call.show(self._call.members, Change(unlisted=count))

    def over(self, reason: LeftReason) -> None:
        """This device is in the call no longer."""
        self._over(reason)

    def show(self, members: Mapping[int, MemberInfo], change: Change | None = None) -> None:
        """Show who is in it now."""
        shown = []
        for leaf, member in sorted(members.items()):
            one = self._known.in_call(leaf, member)
            shows = self._signs.own if one.own else self._signs.of(leaf)
            shown.append(replace(one, shows=shows))
            self._call.recording.learn(consent_of(member).key, one.name)
        self._shown(shown)
        self._call.recording.changed()
        self._call.receipts.changed()
        self._call.show(shown, change)

    def _name(self, member: MemberInfo) -> str:
        if is_guest(member):
            return f"{Guest.of(member).name} (guest)"  # whoever else has that name
        return self._known.name(member)
