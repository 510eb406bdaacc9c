"""The hands of a group call's shell: they carry out one effect of the machine after the other.

Not for: what happens, and in which order (`group_call_shell`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from visavis.core import group_call_types as t
from visavis.core.content_room import RoomCommit, RoomEvict
from visavis.core.errors import PeerError
from visavis.core.guest import is_guest
from visavis.core.ids import Digest, RoomKey
from visavis.core.mls import MemberInfo
from visavis.sdk import group_call_seam as seam
from visavis.sdk.group_call_happenings import CannotAdd
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.group_call_presence import Presence
from visavis.sdk.group_call_voice import Voice


class Hands:
    """Carries out what the machine says.

    Args:
        keys: Our membership.
        room: The call room.
        frames: Where frame keys go.
        watcher: Told what a person should see.
        presence: Who is in the room.
        voice: Says things to the others.
        unix: Unix seconds.
        later: Takes what is to be dealt with once this step is carried out.

    Attributes:
        deadline: When the machine wants to be told of the time; None: never.
        members: Who was in the call before the epoch that begins now, by leaf.
    """

    def __init__(
        self,
        keys: GroupCallKeys,
        room: seam.CallRoom,
        frames: seam.Frames,
        watcher: seam.Watcher,
        presence: Presence,
        voice: Voice,
        unix: Callable[[], int],
        later: Callable[[CannotAdd], None],
    ) -> None:
        self._keys = keys
        self._room = room
        self._frames = frames
        self._watcher = watcher
        self._presence = presence
        self._voice = voice
        self._unix = unix
        self._later = later
        self.deadline: float | None = None
        self.members: dict[int, MemberInfo] = {}

    def is_last(self, state: t.State) -> bool:
        """Say whether nobody but guests stays when we leave, as far as we know."""
        if not isinstance(state, t.Inside):
            return False
        stay = state.leaves - state.going - {state.own}
        return all(is_guest(self.members[leaf]) for leaf in stay)

    def carry_out(self, effect: t.Effect) -> None:
        """Carry out one effect to its end."""
        match effect:
            case t.SetDeadline(at):
                self.deadline = at
            case t.Commit(add, remove):
                self._commit(add, remove)
            case t.DropLeaves(leaves):
                for leaf in leaves:
                    self._frames.remove_leaf(leaf)
            case t.InstallKeys():
                keys = self._keys.frame_keys()
                self._frames.install(keys.epoch, keys.base_key, set(keys.others))
            case t.SendReady(epoch):
                self._voice.ready(epoch)
            case t.SwitchSending():
                keys = self._keys.frame_keys()
                self._frames.send_in(keys.epoch, keys.base_key, keys.own)
            case t.Evict(leaves):
                for leaf in leaves:
                    number = self._presence.number_of(leaf)
                    if number is not None:
                        self.evict(number)
            case t.SayLeaving():
                self._voice.leaving()
            case t.WipeKeys():
                self._frames.wipe()
                self._keys.wipe()
            case t.ReportOutside(reason):
                self._watcher.over(reason)
            case t.Announce(came, went):
                # Who went is known by the members of before, who came by those of now.
                present = self._keys.members()
                self._watcher.changed(
                    [present[leaf] for leaf in came], [self.members[leaf] for leaf in went]
                )
            case t.AskToJoin() | t.Reject():
                return  # a joiner asks before it has a shell
            case _:
                assert_never(effect)

    def evict(self, number: int) -> None:
        """Have the room cut a number off."""
        self._room.send(RoomEvict(number, RoomKey(self._keys.room_key())))

    def _commit(self, add: tuple[Digest, ...], remove: tuple[int, ...]) -> None:
        try:
            offer = self._keys.offer(add, remove, now=self._unix())
        except PeerError:
            # A key package that was good is no longer: without the joiners it will do. Not here:
            # the machine's step is still being carried out.
            self._later(CannotAdd(self._keys.epoch, add))
            return
        key, following = RoomKey(offer.key), Digest(offer.next_key_hash)
        self._room.send(RoomCommit(offer.n, key, offer.commit, following))
