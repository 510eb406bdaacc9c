"""Asking somebody into a group, and being asked: nobody stands in one who did not say yes (ADR 24).

Everything goes through the conversation of two: the invite, and the yes with a key package and an
address for this group (P13). A no is silence. Who said yes is added by the one who asked
(`group_membership`), and takes the Welcome of nobody else.

    inviter     given(token) --join--> joiner, added by the next commit
    invited     asked --accept--> joining(unsent) --sent--> joining --Welcome--> member
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Self

from visavis.core import cbor
from visavis.core.content_group import GroupTerms
from visavis.core.content_inner import GroupInvite, GroupJoin, Inner
from visavis.core.content_records import (
    JoiningDevice,
    MayAdd,
    MemberDevice,
)
from visavis.core.credential import UnverifiedCredential
from visavis.core.errors import (
    AuthorizationError,
    Code,
    FatalError,
    PeerError,
    UsageError,
)
from visavis.core.group_rules import EXTENSION, INVITE_S
from visavis.core.ids import AccountId, DeviceId, GroupId, MessageId, RequestToken
from visavis.core.mls import UnverifiedKeyPackage
from visavis.sdk.addresses import Purpose
from visavis.sdk.books import Books
from visavis.sdk.conversation import Conversations
from visavis.sdk.group_book import JOINER_KIND
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.history import NoticeKind
from visavis.sdk.received import Said

GIVEN_KIND: Final = "group.given"
"""By token: an invite of ours that nobody said yes to yet."""
ASKED_KIND: Final = "group.asked"
"""By group and inviter: an invite that waits for the person."""
JOINING_KIND: Final = "group.joining"
"""By group: an invite that was said yes to, until we are in."""

MAX_OPEN: Final = 16
"""Invites of one contact that wait at once. More are dropped; the contact may ask again."""


@dataclass(frozen=True, slots=True)
class Given:
    """An invite of ours.

    Args:
        token: What the answer brings back.
        group: Into which group.
        account: Whom we asked.
        at: Unix seconds.
    """

    token: RequestToken = field(repr=False)
    group: GroupId
    account: AccountId
    at: int

    @classmethod
    def from_bytes(cls, token: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [bytes(group), bytes(account), int(at)]:
                return cls(RequestToken(token), GroupId(group), AccountId(account), at)
            case _:
                raise FatalError(Code.MALFORMED, "an invite of the store cannot be read")


@dataclass(frozen=True, slots=True)
class Asked:
    """An invite that we got.

    Args:
        group: Into which group.
        inviter: Who asks; a contact.
        name: What they say it is called.
        members: How many they say are in it.
        token: For the answer.
        at: Unix seconds when it came, by our clock.
        sent: Our yes is on its way. False also while the person has not answered.
    """

    group: GroupId
    inviter: AccountId
    name: str = field(repr=False)
    members: int
    token: RequestToken = field(repr=False)
    at: int
    sent: bool = False

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return cbor.encode([self.inviter, self.name, self.members, self.token, self.at, self.sent])

    @classmethod
    def from_bytes(cls, group: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [bytes(by), str(name), int(members), bytes(token), int(at), bool(sent)]:
                inviter, answer = AccountId(by), RequestToken(token)
                return cls(GroupId(group), inviter, name, members, answer, at, sent)
            case _:
                raise FatalError(Code.MALFORMED, "an invite of the store cannot be read")


@dataclass(frozen=True, slots=True)
class Joiner:
    """A device that waits to be added: what it sent, and what its owner calls themselves."""

    member: MemberDevice
    key_package: bytes = field(repr=False)


class GroupInvites:
    """Invites of ours, and invites to us.

    Args:
        books: What this device keeps.
        conversations: Where both travel.
        mark: Has a group looked at soon.
        after: Told when something is to be sent.
    """

    def __init__(
        self,
        books: Books,
        conversations: Conversations,
        *,
        mark: Callable[[GroupRecord], None],
        after: Callable[[], None],
    ) -> None:
        self._books = books
        self._conversations = conversations
        self._mark = mark
        self._after = after

    # Asking

    async def invite(
        self, record: GroupRecord, terms: GroupTerms, members: set[AccountId], contact: AccountId
    ) -> None:
        """Ask a contact into a group. An earlier invite to them into it holds no more.

        Args:
            record: The group, which we are in.
            terms: What it is called.
            members: Who is in it.
            contact: Whom to ask.

        Raises:
            UsageError: They are in it.
            AuthorizationError: As `require_conversation`.
            UnavailableError: Likewise.
        """
        books = self._books
        if contact in members:
            raise UsageError("they are in this group")

        def made(_: GroupRecord) -> Inner:
            for given in self.given(record.group_id):
                if given.account == contact:
                    books.store.delete(GIVEN_KIND, given.token)
            token, now = RequestToken.random(books.rng), books.now()
            books.store.put(GIVEN_KIND, token, cbor.encode([record.group_id, contact, now]))
            return GroupInvite(
                *(MessageId.random(books.rng), now, record.group_id, terms.name),
                *(len(members), token),
            )

        await self._conversations.send_made(contact, made, durable=True)

    def given(self, group: GroupId) -> list[Given]:
        """Return our invites into a group that nobody said yes to yet."""
        rows = self._books.store.items(GIVEN_KIND)
        return [one for one in (Given.from_bytes(*row) for row in rows) if one.group == group]

    def receive_join(self, said: Said, content: GroupJoin) -> None:
        """Take a yes; inside the transaction of the message that brought it.

        Args:
            said: By which device.
            content: The yes.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books = self._books
        data = books.store.get(GIVEN_KIND, content.token)
        given = None if data is None else Given.from_bytes(content.token, data)
        # CK-842: a yes pairs with one invite of this device, to this contact, and is taken once.
        if given is None or given.account != said.account:
            raise PeerError(Code.UNEXPECTED, "CK-842: a yes to no invite of ours")
        if given.at + INVITE_S < books.now():
            raise PeerError(Code.EXPIRED, "CK-842: a yes to an invite that has expired")
        group = books.groups.get(given.group)
        if group is None or not books.groups.state(group).is_active:
            raise PeerError(Code.WRONG_GROUP, "CK-842: a yes to a group that we are out of")
        # CK-576: a device speaks for itself, so that a stolen one cannot bring in more than itself.
        if [entry.device for entry in content.devices] != [said.device]:
            raise PeerError(Code.BAD_CREDENTIAL, "CK-576: a yes of another device than the sender")
        entry = content.devices[0]
        address = entry.address.require_server(books.profile.origin)
        require_fit(books, said.account, said.device, entry.key_package)
        member = MemberDevice(said.account, said.device, content.name, address)
        books.group_book.put_member(given.group, member)
        key = given.group + said.account + said.device
        books.store.put(JOINER_KIND, key, entry.key_package)
        books.store.delete(GIVEN_KIND, content.token)
        self._mark(group)

    def joiners(self, group: GroupId) -> list[Joiner]:
        """Return who said yes and is not in yet."""
        books, found = self._books, []
        for key, package in books.store.items(JOINER_KIND):
            if key.startswith(group):
                account, device = AccountId(key[16:32]), DeviceId(key[32:])
                member = books.group_book.member(group, account, device)
                if member is not None:
                    found.append(Joiner(member, package))
        return found

    def drop_joiners(self, group: GroupId) -> None:
        """Forget who said yes and is not in yet."""
        for joiner in self.joiners(group):
            one = joiner.member
            with self._books.store.transaction():
                self._books.store.delete(JOINER_KIND, group + one.account + one.device)
                self._books.group_book.forget_device(group, one.account, one.device)

    # Being asked

    def receive_invite(self, record: GroupRecord, content: GroupInvite) -> None:
        """Take an invite; inside the transaction of the message that brought it.

        What the person said about this contact decides (R-87): at once, after a question, never.
        Whatever it is, nothing goes back but a yes.
        """
        books = self._books
        known = books.contacts.get(record.account)
        if known is None or not known.may_reach_us:
            return
        present = books.groups.get(content.group)
        # CK-843: the id of a group of ours is not taken twice, and an invite stands for a week.
        if present is not None and (
            present.kind is not GroupKind.GROUP or books.groups.state(present).is_active
        ):
            return
        now = books.now()
        if content.at + INVITE_S < now or known.rules.adds is MayAdd.NEVER:
            return
        # CK-846: else one contact could fill our store with groups, and use up our addresses.
        if self._open_of(record.account, content.group) >= MAX_OPEN:
            return
        asked = Asked(
            content.group, record.account, content.name, content.members, content.token, now
        )
        if known.rules.adds is MayAdd.AT_ONCE:
            books.store.put(JOINING_KIND, content.group, asked.to_bytes())
            self._after()
            return
        books.store.put(ASKED_KIND, content.group + record.account, asked.to_bytes())
        name = content.name
        books.history.group_notice(
            NoticeKind.GROUP_INVITED, content.group, now, now, name, by=known.name
        )

    def _open_of(self, inviter: AccountId, but: GroupId) -> int:
        """Return how many invites of a contact wait for the person, or for us to be let in."""
        joining = (Asked.from_bytes(*row) for row in self._books.store.items(JOINING_KIND))
        return sum(one.inviter == inviter and one.group != but for one in (*self.asked(), *joining))

    def asked(self) -> list[Asked]:
        """Return the invites that wait for the person, the newest last."""
        rows = self._books.store.items(ASKED_KIND)
        found = [Asked.from_bytes(key[:16], data) for key, data in rows]
        return sorted(found, key=lambda one: one.at)

    async def accept(self, asked: Asked) -> None:
        """Say yes to an invite. We are in once the other side has let us in.

        Raises:
            AuthorizationError: EXPIRED, the invite is a week old; REFUSED, it is not there any
                more, or its sender is no contact.
            UnavailableError: QUOTA, no address is left to give; we wait to be let into the
                conversation with them.
        """
        books = self._books
        row = asked.group + asked.inviter
        if books.store.get(ASKED_KIND, row) is None:
            raise AuthorizationError(Code.REFUSED, "no such invite waits")
        if asked.at + INVITE_S < books.now():
            books.store.delete(ASKED_KIND, row)
            raise AuthorizationError(Code.EXPIRED, "the invite is a week old")
        self._conversations.require(asked.inviter)
        with books.store.transaction():
            books.store.put(JOINING_KIND, asked.group, asked.to_bytes())
            self._forget_asked(asked.group)
        await self.tell()

    def decline(self, asked: Asked) -> None:
        """Say nothing to an invite, and forget it. They are not told."""
        self._books.store.delete(ASKED_KIND, asked.group + asked.inviter)

    def joining(self, group: GroupId) -> Asked | None:
        """Return the invite into a group that we said yes to, if we did and are not in yet."""
        data = self._books.store.get(JOINING_KIND, group)
        return None if data is None else Asked.from_bytes(group, data)

    def is_in(self, group: GroupId) -> None:
        """Note that we were let in, by whomever; inside a transaction."""
        self._books.store.delete(JOINING_KIND, group)
        self._forget_asked(group)

    async def tell(self) -> None:
        """Send what was said yes to and not sent yet; again after a crash.

        Raises:
            UnavailableError: It goes on later.
        """
        books = self._books
        for key, data in books.store.items(JOINING_KIND):
            asked = Asked.from_bytes(key, data)
            if asked.sent:
                continue
            try:
                yes = partial(self._yes, asked.group)
                await self._conversations.send_made(asked.inviter, yes, durable=True)
            except AuthorizationError:
                books.store.delete(JOINING_KIND, key)  # no contact any more, or it refuses us

    def _yes(self, group: GroupId, _: GroupRecord) -> Inner | None:
        books = self._books
        asked = self.joining(group)
        if asked is None or asked.sent:
            return None
        given = books.group_address(group)
        package = books.keep_key_package()
        sent = Asked(
            group, asked.inviter, asked.name, asked.members, asked.token, asked.at, sent=True
        )
        books.store.put(JOINING_KIND, group, sent.to_bytes())
        device = JoiningDevice(books.device, package, books.addresses.address(given))
        name = books.profile.handle
        return GroupJoin(MessageId.random(books.rng), books.now(), asked.token, name, (device,))

    # Time

    def expire(self) -> None:
        """Drop what is a week old."""
        books = self._books
        before = books.now() - INVITE_S
        with books.store.transaction():
            for token, data in books.store.items(GIVEN_KIND):
                if Given.from_bytes(token, data).at < before:
                    books.store.delete(GIVEN_KIND, token)
            for asked in self.asked():
                if asked.at < before:
                    self.decline(asked)
            for group, data in books.store.items(JOINING_KIND):
                if Asked.from_bytes(group, data).at < before:
                    books.store.delete(JOINING_KIND, group)
                    given = books.addresses.current(Purpose.GROUP, group)
                    if given is not None and books.groups.get(group) is None:
                        books.addresses.revoke(given, books.now())

    def _forget_asked(self, group: GroupId) -> None:
        for key, _ in self._books.store.items(ASKED_KIND):
            if key.startswith(group):
                self._books.store.delete(ASKED_KIND, key)


def require_fit(books: Books, account: AccountId, device: DeviceId, data: bytes) -> None:
    """Check a key package that shall come into a group.

    Raises:
        PeerError: It is not good, is of another device (CK-579), or of software that knows no
            groups (CK-845): with it no commit would be valid.
    """
    package = UnverifiedKeyPackage.parse(data).verify(
        now=books.now(), validator=books.lists.validator
    )
    credential = UnverifiedCredential.parse(package.identity).verify(package.signature_key)
    if (credential.account_id, credential.device_id) != (account, device):
        raise PeerError(Code.BAD_CREDENTIAL, "CK-579: another device's key package")
    if EXTENSION not in package.supports:
        raise PeerError(Code.UNEXPECTED, "CK-845: a device that knows no groups")
