"""Call links: the part of the facade (`client.py`) that makes, shows and withdraws them.

Not for: guests themselves (`guest`), or who waits for a call (`GroupCall.waiting`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from visavis.core.call_link import MAX_LIFETIME_S
from visavis.core.errors import AuthorizationError, Code, UsageError
from visavis.core.identity import identity_hash
from visavis.core.ids import LinkSecret
from visavis.sdk.call_link_book import NAME_BYTES, OwnLink
from visavis.sdk.client_move import Moving
from visavis.sdk.group_actions import PeopleGroup

HOURS: int = 24
GROUP_NAME: str = "Call by link"


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A call link of this device.

    Attributes:
        link: What guests are given.
        group: Whose call it leads to.
        expires_at: Unix seconds.
        once: It ends with the first guest who is let in.
    """

    link: str = field(repr=False)
    group: PeopleGroup
    expires_at: int
    once: bool


@dataclass(slots=True)
class Linking(Moving):
    """The part of `Client` that has call links."""

    async def create_call_link(
        self, group: PeopleGroup | None = None, *, once: bool = False, hours: int = HOURS
    ) -> ShownLink:
        """Make a link by which people without an account come into a call of ours as guests.

        Nobody comes in by it alone: while this device is in the group's call (`call_group`), who
        has the link is heard, and the person lets each of them in or not (`GroupCall.waiting`).

        Args:
            group: Whose call; None: one of its own, with nobody else in it.
            once: It ends with the first guest who is let in.
            hours: For how long it is good, 1 to 720.

        Raises:
            UsageError: Another number of hours.
            AuthorizationError: REFUSED, we are in no such group.
            UnavailableError: QUOTA, no address is left to hand out; UNAVAILABLE.
        """
        if not 1 <= hours <= MAX_LIFETIME_S // 3600:
            raise UsageError("a call link is good for 1 to 720 hours")
        session = self._session
        if group is None:
            group = await self.create_group(await self._name_for_links())
        session.group_actions.require(group.group)
        books = session.books
        rng = books.rng
        made = OwnLink(
            rng(NAME_BYTES),
            group.group,
            LinkSecret.random(rng),
            rng(32),
            books.now() + hours * 3600,
            once,
        )
        books.call_links.make(made)
        return self._shown_link(made, group)

    async def call_links(self) -> list[ShownLink]:
        """Return the links of this device that are good, those that end first before others."""
        groups = {one.group: one for one in await self.groups() if one.state == "member"}
        links = self._session.books.call_links.all()
        return [self._shown_link(one, groups[one.group]) for one in links if one.group in groups]

    async def withdraw_call_link(self, link: ShownLink | str) -> None:
        """Have a link lead nowhere, at once. Guests who are in the call stay in it.

        Raises:
            AuthorizationError: REFUSED, it is none of this device's, or is over.
        """
        text = link if isinstance(link, str) else link.link
        for one in self._session.books.call_links.all():
            if self._link_of(one) == text.strip():
                self._session.books.call_links.end(one)
                self._session.housekeeping.kick()
                return
        raise AuthorizationError(Code.REFUSED, "no call link of this device")

    async def _name_for_links(self) -> str:
        taken = {one.name for one in await self.groups()}
        names = [GROUP_NAME, *(f"{GROUP_NAME} {n}" for n in range(2, len(taken) + 3))]
        return next(name for name in names if name not in taken)

    def _shown_link(self, link: OwnLink, group: PeopleGroup) -> ShownLink:
        return ShownLink(self._link_of(link), group, link.expires_at, link.once)

    def _link_of(self, link: OwnLink) -> str:
        books = self._session.books
        host = identity_hash(books.own_list.identity_key)
        return link.link(books.profile.origin, host)
