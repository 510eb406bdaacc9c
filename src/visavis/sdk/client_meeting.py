"""How people become contacts: the part of the facade (`client.py`) with invites and requests.

Not for: what a person decides about somebody who is a contact.
"""

from __future__ import annotations

from dataclasses import dataclass

from visavis.sdk.client_groups import Grouping
from visavis.sdk.client_shown import Contact
from visavis.sdk.contact_records import Waiting


@dataclass(slots=True)
class Meeting(Grouping):
    """The part of `Client` that makes contacts: by a link, or by an exact handle."""

    async def create_invite(self, *, single_use: bool = True, days: int = 7) -> str:
        """Make a link that lets somebody become a contact.

        A single-use link is accepted by itself; for others each request waits (`requests`).
        """
        return self._session.first_contact.create_invite(single_use=single_use, days=days)

    async def accept_invite(self, link: str, *, wait_s: float = 0.0) -> Contact | None:
        """Ask the maker of a link to become a contact.

        Args:
            link: As given by them.
            wait_s: How long to wait for their answer.

        Returns:
            The contact, or None if they have not answered yet; they will when they are back.

        Raises:
            PeerError: MISTYPED, EXPIRED; REFUSED, it is for another server.
            AuthorizationError: REFUSED, it was used or withdrawn. Nothing was sent to anybody.
            UnavailableError: It is kept and sent when the server is back.
        """
        token = await self._session.first_contact.follow(link)
        account = await self._session.first_contact.answered(token, wait_s)
        if account is None:
            return None
        return self._contact(self._require(account))

    async def request_contact(self, handle: str, *, wait_s: float = 0.0) -> Contact | None:
        """Ask whoever has exactly this handle to become a contact.

        It takes a second or two of work, always. Somebody who takes such requests, somebody who
        does not, and a handle that nobody has are alike: nothing in time, size or outcome tells
        them apart. A look-up cannot prove that the server led us to the right person: compare
        safety numbers with a contact that was made this way.

        Args:
            handle: The whole handle, for example anna.48213.
            wait_s: How long to wait for their answer.

        Returns:
            The contact, or None if nobody has agreed yet; perhaps nobody ever will. Asking again
            repeats the request.

        Raises:
            PeerError: MISTYPED, no whole handle; UNEXPECTED, our own.
            UnavailableError: The server cannot be reached. Nothing was sent.
        """
        token = await self._session.by_handle.ask(handle)
        account = await self._session.first_contact.answered(token, wait_s)
        if account is None:
            return None
        return self._contact(self._require(account))

    async def set_findable(self, findable: bool) -> None:  # noqa: FBT001 - its one argument
        """Let whoever knows our exact handle ask to become a contact, or hide it (the default).

        Requests come to this device only, the one on which it was turned on last; they wait there
        (`requests`), 50 at most. Other devices of the account do not see them, and if this device
        is shut out, the handle is hidden again.

        Raises:
            UnavailableError: The server cannot be reached. Say it again.
        """
        await self._session.by_handle.set_findable(findable=findable)
        self._session.housekeeping.kick()

    async def findable(self) -> bool:
        """Say whether requests by our handle come to this device.

        Raises:
            UnavailableError: The server cannot be reached.
        """
        return await self._session.by_handle.findable()

    async def approve_request(self, request: Waiting) -> None:
        """Accept somebody who waits."""
        self._session.first_contact.approve(request.account)
        self._session.housekeeping.kick()

    async def decline_request(self, request: Waiting) -> None:
        """Drop somebody's request; they are not told."""
        self._session.first_contact.decline(request.account)
