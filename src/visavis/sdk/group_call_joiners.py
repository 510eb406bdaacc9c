"""Who asks to come into a group call, and who was let in: what each is answered with.

Not for: whether they may (`group_call_keys`), or when (`core/group_call.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from visavis.core.errors import Code, PeerError
from visavis.core.ids import Digest
from visavis.sdk.group_call_keys import Began, joiner_of

Reply: TypeAlias = Callable[[bytes], None]
"""Sends a Welcome to the joiner that it was made for."""

MAX_USED: Final = 1_024
"""Key packages of who was here and went that are remembered; the oldest go first."""


@dataclass(frozen=True, slots=True)
class _LetIn:
    """A joiner that was added, its Welcome if the commit was ours, and whether it read that."""

    leaf: int
    welcome: bytes | None = field(repr=False)
    is_here: bool = False


class Joiners:
    """The joiners that one member knows of."""

    def __init__(self) -> None:
        self._replies: dict[Digest, Reply] = {}
        self._let_in: dict[Digest, _LetIn] = {}
        self._used: dict[Digest, None] = {}

    def is_in(self, key_package: bytes, reply: Reply) -> bool:
        """Say whether a joiner was added already; it is sent its Welcome once more if we have it.

        It asks again because it has not read that: it would be added twice.

        Raises:
            PeerError: REPLAYED (CK-877).
        """
        joiner = joiner_of(key_package)
        # CK-877: whoever comes again has a new key package; what asks with one that came in and
        # went is a server that repeats what it has seen, in a lobby or at the door.
        if joiner in self._used:
            raise PeerError(Code.REPLAYED, "CK-877: a key package of somebody who was here")
        let_in = self._let_in.get(joiner)
        if let_in is not None and let_in.welcome is not None:
            reply(let_in.welcome)
        return let_in is not None

    def asks(self, joiner: Digest, reply: Reply) -> None:
        """A joiner wants to be let in."""
        self._replies[joiner] = reply

    def forget(self, joiner: Digest) -> None:
        """A joiner cannot be let in."""
        self._replies.pop(joiner, None)

    def is_here(self, leaf: int) -> None:
        """A member said something: whoever it was let in as has read its Welcome."""
        for joiner, one in self._let_in.items():
            if one.leaf == leaf:
                self._let_in[joiner] = replace(one, is_here=True)

    def epoch(self, began: Began) -> None:
        """An epoch began: who came by it is answered if the commit was ours."""
        went = {joiner: one for joiner, one in self._let_in.items() if one.leaf in began.went}
        for joiner, one in went.items():
            del self._let_in[joiner]
            if one.is_here:  # who never came may ask again
                self._used[joiner] = None
        too_many = max(0, len(self._used) - MAX_USED)
        for joiner in list(self._used)[:too_many]:
            del self._used[joiner]
        for joiner, leaf in began.admitted.items():
            self._let_in[joiner] = _LetIn(leaf, began.welcome)
            reply = self._replies.pop(joiner, None)
            if reply is not None and began.welcome is not None:
                reply(began.welcome)
