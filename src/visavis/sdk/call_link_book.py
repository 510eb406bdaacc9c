"""The call links that this device made and that are still good (docs/protocol/call-link.md).

A link is of one group and of the device that made it: while that device is in the group's call,
guests are heard in its lobby. It ends here and nowhere else: when it expires, when a guest was let
in by a link for one, when the person withdraws it, or when we are out of the group.

Not for: what happens in a lobby (`call_lobby`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from visavis.core import cbor
from visavis.core.address import ContactAddress
from visavis.core.call_link import CallLink
from visavis.core.errors import Code, FatalError
from visavis.core.ids import Digest, GroupId, LinkSecret
from visavis.core.lobby import lobby_public_key
from visavis.sdk.addresses import Addresses, Purpose
from visavis.sdk.store import Store

LINK_KIND: Final = "call.link"
NAME_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class OwnLink:
    """A call link of ours.

    Attributes:
        name: 16 random bytes, our name for it.
        group: Whose call it leads to.
        secret: The link's.
        private: Of the lobby's key, 32 bytes; it leaves this device never.
        expires_at: Unix seconds.
        once: It ends with the first guest who is let in.
    """

    name: bytes = field(repr=False)
    group: GroupId
    secret: LinkSecret
    private: bytes = field(repr=False)
    expires_at: int
    once: bool

    def link(self, origin: str, host: Digest) -> str:
        """Return the link to give to guests.

        Args:
            origin: Our server.
            host: `identity_hash` of our account.
        """
        public = lobby_public_key(self.private)
        return CallLink(origin, self.secret, public, host, self.expires_at).to_link()

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return cbor.encode(
            [bytes(self.group), bytes(self.secret), self.private, self.expires_at, self.once]
        )

    @classmethod
    def from_bytes(cls, name: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [bytes(group), bytes(secret), bytes(private), int(expires_at), bool(once)]:
                return cls(name, GroupId(group), LinkSecret(secret), private, expires_at, once)
            case _:
                raise FatalError(Code.MALFORMED, "a call link cannot be read")


class LinkBook:
    """What is kept of our call links.

    Args:
        store: Of the profile.
        addresses: Each link has one, with which guests who were let in get a relay.
        now: Unix seconds.
    """

    def __init__(self, store: Store, addresses: Addresses, now: Callable[[], int]) -> None:
        self._store = store
        self._addresses = addresses
        self._now = now
        self._changed: list[Callable[[], None]] = []
        self._held: set[bytes] = set()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Register who is told that a link was made or has ended; returns how to end that."""
        self._changed.append(listener)
        return lambda: self._changed.remove(listener)

    def all(self) -> list[OwnLink]:
        """Return the links that are good, those that end first before others."""
        self.purge()
        found = [OwnLink.from_bytes(*row) for row in self._store.items(LINK_KIND)]
        return sorted(found, key=lambda link: (link.expires_at, link.name))

    def is_good(self, link: OwnLink) -> bool:
        """Say whether a link is good still."""
        kept = self._store.get(LINK_KIND, link.name) is not None
        return kept and self._now() < link.expires_at

    def make(self, link: OwnLink) -> None:
        """Keep a new link.

        Raises:
            UnavailableError: QUOTA, no capability is left to hand out.
        """
        with self._store.transaction():
            self._addresses.mint(Purpose.LINK, link.name)
            self._store.put(LINK_KIND, link.name, link.to_bytes())
        self._tell()

    def end(self, link: OwnLink) -> None:
        """Forget a link, with its keys and its address. Harmless when repeated."""
        self._held.discard(link.name)
        self._forget(link.name)
        self._store.scrub()
        self._tell()

    def use_up(self, link: OwnLink) -> None:
        """Forget a link for one, who was let in: they keep its address while they are here."""
        self._forget(link.name)
        self._store.scrub()
        self._tell()

    def hold(self, link: OwnLink) -> ContactAddress:
        """Return a link's address, which stays good until it is released.

        Raises:
            UnavailableError: QUOTA, no capability is left to hand out.
        """
        self._held.add(link.name)
        given = self._addresses.current_or_mint(Purpose.LINK, link.name)
        return self._addresses.address(given)

    def release(self, link: OwnLink) -> None:
        """Its lobby is left; if the link is over, its address ends, too."""
        self._held.discard(link.name)
        self.purge()

    def drop(self, group: GroupId) -> None:
        """Forget the links of a group that we are out of; inside a transaction."""
        for name, data in self._store.items(LINK_KIND):
            if OwnLink.from_bytes(name, data).group == group:
                self._forget(name)
        self._tell()

    def purge(self) -> None:
        """Forget links that have expired, and addresses whose link is gone."""
        now, good = self._now(), set()
        ended = False
        for name, data in self._store.items(LINK_KIND):
            if now < OwnLink.from_bytes(name, data).expires_at:
                good.add(name)
            else:
                self._forget(name)
                ended = True
        for given in self._addresses.all(Purpose.LINK):
            if given.subject not in good | self._held:
                self._addresses.revoke(given, now)
                ended = True
        if ended:
            self._store.scrub()

    def _forget(self, name: bytes) -> None:
        with self._store.transaction():
            self._store.delete(LINK_KIND, name)
            given = self._addresses.current(Purpose.LINK, name)
            if given is not None and name not in self._held:
                self._addresses.revoke(given, self._now())

    def _tell(self) -> None:
        for listener in tuple(self._changed):
            listener()
