"""What a client does with groups: part of the facade (`client.py`).

Not for: calls in groups, or what members may do (`visavis.core.group_rules`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from visavis.core.content_group import MAX_PICTURE_BYTES
from visavis.core.content_inner import MessageText
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.ids import MessageId
from visavis.sdk import files
from visavis.sdk.client_files import Filing
from visavis.sdk.client_shown import Contact
from visavis.sdk.group_actions import Member, PeopleGroup
from visavis.sdk.group_invites import Asked
from visavis.sdk.group_talk import PICTURES
from visavis.sdk.history import Message


@dataclass(frozen=True, slots=True)
class GroupInvitation:
    """Somebody asks us into a group.

    Args:
        name: What they say it is called.
        inviter: Whose invite it is; a contact.
        members: How many they say are in it.
        asked: For `accept_group` and `decline_group`.
    """

    name: str
    inviter: str
    members: int
    asked: Asked


@dataclass(slots=True)
class Grouping(Filing):
    """The part of `Client` that is about groups of people."""

    async def groups(self) -> list[PeopleGroup]:
        """Return the groups that we are in, and those of before whose thread is here."""
        return self._session.group_actions.all()

    async def find_group(self, prefix: str) -> PeopleGroup:
        """Return the group of this name, or the only one whose name begins so.

        One that we are in goes before one that we are out of.

        Raises:
            AuthorizationError: REFUSED, there is none, or more than one.
        """
        everything = await self.groups()
        for among in (
            [one for one in everything if one.state == "member"],
            [one for one in everything if one.state != "member"],
        ):
            exact = [one for one in among if one.name == prefix]
            found = exact or [one for one in among if one.name.startswith(prefix)]
            if len(found) == 1:
                return found[0]
            if found:
                raise AuthorizationError(Code.REFUSED, "more than one group of this name")
        raise AuthorizationError(Code.REFUSED, "no group of this name")

    async def create_group(self, name: str) -> PeopleGroup:
        """Begin a group with ourselves in it, as its keeper.

        Raises:
            UsageError: The name is empty, too long (128 bytes), or is no line of text.
        """
        return await self._session.group_actions.create(name)

    async def invite_to_group(self, group: PeopleGroup, contact: Contact) -> None:
        """Ask a contact into a group. They are in it once they said yes, within a week.

        Raises:
            UsageError: They are in it.
            AuthorizationError: REFUSED, we are in no such group, or they are no contact.
            UnavailableError: We wait to be let into the conversation with them.
        """
        await self._session.group_actions.invite(group.group, contact.account)

    async def group_invitations(self) -> list[GroupInvitation]:
        """Return the invites that wait for an answer."""
        found, contacts = [], self._session.books.contacts
        for asked in self._session.group_invites.asked():
            known = contacts.get(asked.inviter)
            if known is not None:
                found.append(GroupInvitation(asked.name, known.name, asked.members, asked))
        return found

    async def accept_group(self, invitation: GroupInvitation) -> None:
        """Say yes. We are in the group once whoever asked has let us in.

        Raises:
            AuthorizationError: EXPIRED, it is a week old; REFUSED, it is not there any more.
            UnavailableError: We wait to be let into the conversation with them.
        """
        await self._session.group_invites.accept(invitation.asked)

    async def decline_group(self, invitation: GroupInvitation) -> None:
        """Forget an invite. Whoever asked is told nothing."""
        self._session.group_invites.decline(invitation.asked)

    async def rename_group(self, group: PeopleGroup, name: str) -> None:
        """Call a group otherwise; any member may.

        Raises:
            UsageError: As `create_group`.
            AuthorizationError: REFUSED, we are in no such group.
            UnavailableError: The server cannot be reached.
        """
        await self._session.group_actions.rename(group.group, name)

    async def set_group_picture(self, group: PeopleGroup, picture: Path | None) -> None:
        """Give a group a picture (JPEG, PNG or WebP), or take it away; any member may.

        Raises:
            OSError: It cannot be read.
            AuthorizationError: UNSAFE_FILE, it is no such picture; REFUSED, in no such group.
            PeerError: TOO_LARGE, more than 48 KiB.
            UnavailableError: The server cannot be reached.
        """
        data = None
        if picture is not None:
            data = await asyncio.to_thread(_picture, picture)
        await self._session.group_actions.set_picture(group.group, data)

    async def name_keeper(self, group: PeopleGroup, member: Member, *, keeper: bool = True) -> None:
        """Name a member a keeper, who may remove others and name keepers; or take that back.

        Raises:
            AuthorizationError: REFUSED, only a keeper may.
            UsageError: Nobody would be a keeper.
            UnavailableError: The server cannot be reached.
        """
        await self._session.group_actions.name_keeper(group.group, member.account, keeper=keeper)

    async def remove_from_group(self, group: PeopleGroup, member: Member) -> None:
        """Remove a member with all their devices; only a keeper may.

        Raises:
            AuthorizationError: REFUSED, only a keeper may.
            UsageError: It is ourselves: `leave_group`.
            UnavailableError: The server cannot be reached.
        """
        await self._session.group_actions.remove(group.group, member.account)

    async def leave_group(self, group: PeopleGroup) -> None:
        """Leave a group with all our devices. Its keys are erased at once, its thread stays.

        Raises:
            AuthorizationError: REFUSED, we are in no such group.
            UnavailableError: The server cannot be reached: nothing was changed.
        """
        await self._session.group_actions.leave(group.group)

    async def send_group_message(self, group: PeopleGroup, text: str) -> None:
        """Send a text to everybody in a group: kept here, and resent until the server has it.

        Raises:
            AuthorizationError: REFUSED, we are in no such group.
        """
        books = self._session.books
        content = MessageText(MessageId.random(books.rng), books.now(), text)
        await self._session.group_actions.say(group.group, content)

    async def send_group_file(
        self, group: PeopleGroup, file: Path | files.PreparedFile, thumbnail: bytes | None = None
    ) -> Message:
        """Send a file to everybody in a group; as `send_file`."""
        prepared = await self.prepare_file(file) if isinstance(file, Path) else file
        return await files.send_group_file(self._session, group.group, prepared, thumbnail)

    async def group_history(self, group: PeopleGroup) -> list[Message]:
        """Return what was said in a group, oldest first."""
        return self._session.books.history.group_messages(group.group)

    def name_of_author(self, group: PeopleGroup, message: Message) -> str:
        """Return who said something in a group, as `Member.name`."""
        return self._session.group_actions.name_of(group.group, message.contact)


def _picture(path: Path) -> bytes:
    prepared = files.prepare_file(files.read_file(path), path.name)
    if prepared.file_type not in PICTURES:
        raise AuthorizationError(Code.UNSAFE_FILE, "CK-844: no picture that a group may have")
    if len(prepared.data) > MAX_PICTURE_BYTES:
        raise PeerError(Code.TOO_LARGE, "the picture of a group is small")
    return prepared.data
