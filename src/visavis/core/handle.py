"""Handles: their form, and which of two words about one is the newer (R-82).

A server hands out the name that somebody wished, a dot, and five digits. A handle that was changed
has a number: a clock cannot tell which is the newer, for two devices may change it in one second,
and a message may lie at a server for a month. The keystore is replaced by compare-and-set (CK-680),
so there is one chain of handles, and the place in it is a number that only rises.

Not for: the handle of an account that never changed it. It has no number; any number is newer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from visavis.core.errors import Code, PeerError

NAME_FORM: Final = r"[a-z][a-z0-9_-]{1,23}"
HANDLE_FORM: Final = NAME_FORM + r"\.[0-9]{5}"
"""Regular expressions, of ASCII alone."""
MAX_CHANGES: Final = 2**32 - 1

_NAME: Final = re.compile(NAME_FORM, re.ASCII)
_HANDLE: Final = re.compile(HANDLE_FORM, re.ASCII)


def is_name(text: str) -> bool:
    """Return whether a server takes this as a name; it adds a dot and five digits."""
    return _NAME.fullmatch(text) is not None


def is_handle(text: str) -> bool:
    """Return whether this is a whole handle, as servers hand them out."""
    return _HANDLE.fullmatch(text) is not None


def name_of(handle: str) -> str:
    """Return the name in a handle."""
    return handle.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Renamed:
    """A handle.

    Args:
        handle: For example maria.10077.
        count: 1 for the first that took another's place, and one more each time.
    """

    handle: str
    count: int

    def require(self) -> Self:
        """Return self if it is a handle with a count.

        Raises:
            PeerError: MALFORMED: CK-764: no server hands out such a name. Look-alikes and spaces
                would come into lists of contacts by this door.
        """
        if not is_handle(self.handle) or not 0 < self.count <= MAX_CHANGES:
            raise PeerError(Code.MALFORMED, "CK-764: not a handle that a server hands out")
        return self

    def to_cbor(self) -> list[object]:
        """Return the form for keystore, vault and store."""
        return [self.handle, self.count]

    @classmethod
    def from_cbor(cls, value: object) -> Self:
        """Read the form of `to_cbor`.

        Raises:
            PeerError: MALFORMED, also as `require`.
        """
        match value:
            case [str(handle), int(count)] if not isinstance(count, bool):
                return cls(handle, count).require()
            case _:
                raise PeerError(Code.MALFORMED, "not a handle with its count")


def is_newer(one: Renamed | None, than: Renamed | None) -> bool:
    """Say whether a word about a handle is newer than another (CK-765)."""
    return one is not None and (than is None or one.count > than.count)
