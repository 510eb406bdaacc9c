"""What happens to one device in a group call, in the order in which its shell deals with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from visavis.core.ids import Digest
from visavis.sdk.group_call_joiners import Reply
from visavis.transport.call_room import RoomEvent


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants to come in."""

    key_package: bytes = field(repr=False)
    reply: Reply = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leave:
    """The person leaves."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Another member is to be removed."""

    leaf: int


@dataclass(frozen=True, slots=True)
class CannotAdd:
    """No commit could be made with these joiners."""

    n: int
    joiners: tuple[Digest, ...]


Happening: TypeAlias = RoomEvent | Wish | Leave | Remove | CannotAdd
