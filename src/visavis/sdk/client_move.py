"""Moving to another server: the part of the facade (`client.py`) for an account that goes or came.

Bringing a file in makes a profile: `Client.move_in`.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

from visavis.core.content_records import Standing
from visavis.core.errors import AuthorizationError, Code
from visavis.core.ids import AccountId
from visavis.core.passwords import generate_passphrase
from visavis.core.recovery import RecoveryCode
from visavis.sdk.client_shown import Contact
from visavis.sdk.enrol import require_password
from visavis.sdk.move import message_for, seal_file, take_out
from visavis.sdk.unlock import Kdf
from visavis.sdk.your_data import YourData


@dataclass(frozen=True, slots=True)
class MoveFile:
    """A file to carry to another server.

    Args:
        data: The file's bytes; they tell nothing without the passphrase.
        passphrase: To show to the person, this once.
        contacts: How many contacts are in it.
        calls: How many calls are in it.
    """

    data: bytes = field(repr=False)
    passphrase: str = field(repr=False)
    contacts: int
    calls: int


@dataclass(frozen=True, slots=True)
class AwaitedContact:
    """A contact of before the move here, who is not here yet.

    Args:
        account: Their account.
        name: Their handle at the server of before.
        verified: The safety number was compared, with the key that they had.
        blocked: They were blocked: they are refused here as well.
    """

    account: AccountId
    name: str
    verified: bool
    blocked: bool


@dataclass(slots=True)
class Moving(YourData):
    """The part of `Client` for an account that moves."""

    async def move_out(
        self,
        password: str = "",
        *,
        recovery_code: str | None = None,
        passphrase: str | None = None,
        kdf: Kdf | None = None,
    ) -> MoveFile:
        """Put the account into a file for another server; here it stays as it is.

        In it: the identity key, contacts with what was decided about them, the history of calls,
        settings. Not in it: messages, files, anything of this server.

        Args:
            password: The account's.
            recovery_code: In the place of the password.
            passphrase: For the file; one of six words is made if left out.
            kdf: For tests; leave it out.

        Raises:
            AuthorizationError: LOGIN_FAILED; REFUSED, this device was shut out.
            PeerError: WEAK_PASSWORD, the passphrase; MISTYPED, the recovery code; ROLLED_BACK.
            UnavailableError: The server cannot be reached.
        """
        chosen = generate_passphrase(os.urandom) if passphrase is None else passphrase
        require_password(chosen, self.handle)
        proof = password if recovery_code is None else RecoveryCode.from_text(recovery_code)
        moved = await take_out(self._session, proof)
        data = await asyncio.to_thread(seal_file, moved, chosen, kdf)
        calls = len(self._session.books.calls.entries())
        return MoveFile(data, chosen, len(moved.contacts), calls)

    async def awaited(self) -> list[AwaitedContact]:
        """Return the contacts of before the move here who are not here yet, by name."""
        return [
            AwaitedContact(
                one.account,
                one.name,
                one.verified == one.identity,
                one.standing is Standing.BLOCKED,
            )
            for one in self._session.books.awaited.all()
        ]

    async def forget_awaited(self, contact: AwaitedContact) -> None:
        """Wait for somebody no longer: whoever comes as them is a stranger."""
        books = self._session.books
        with books.store.transaction():
            books.awaited.remove(contact.account)
            books.calls.expire()  # the rule of theirs for the history went with them

    async def move_message(self, link: str) -> str:
        """Return what contacts are told when this account has moved.

        Args:
            link: An invite that the account made at the other server.

        Raises:
            PeerError: MISTYPED, EXPIRED; UNEXPECTED, it leads to this very server.
            AuthorizationError: REFUSED, it is not of this account.
        """
        return message_for(self._session.books, link)

    async def tell_of_move(self, contact: Contact, link: str) -> None:
        """Send a contact the link to the account at the other server, inside the conversation.

        Raises:
            As `move_message`, and as `send_message`; AuthorizationError: REFUSED, they are blocked.
        """
        text = message_for(self._session.books, link)
        if self._require(contact.account).standing is Standing.BLOCKED:
            raise AuthorizationError(Code.REFUSED, "a blocked contact is told nothing")
        await self._session.conversations.send_text(contact.account, text)
