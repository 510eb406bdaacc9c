"""What group calls need of the session: who is in the group, what is said there, keys, a ticket.

Not for: the calls themselves (`group_calls`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from visavis.core.call_entry import Entry
from visavis.core.content_group import GroupCallBegan, GroupCallOver
from visavis.core.content_records import Media
from visavis.core.content_self import Handled, SelfCallHandled
from visavis.core.credential import make_tree_validator
from visavis.core.errors import Code, PeerError, VisavisError
from visavis.core.guest import Guest, is_guest, with_guests
from visavis.core.ids import (
    AccountId,
    CallId,
    DeviceId,
    DoorKey,
    GroupId,
    MessageId,
    RoomId,
)
from visavis.core.mls import KeyPackageBundle, MemberInfo
from visavis.media.interfaces import TurnServer
from visavis.sdk.call_link_book import LinkBook
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_book import GoingOn, GroupCallBook
from visavis.sdk.group_call_keys import MayBeIn
from visavis.sdk.group_names import UNNAMED, is_contact, name_in_group
from visavis.sdk.groups import GroupKind, GroupRecord, device_of
from visavis.sdk.seam import KeyMaterial, Rng, SelfReceived
from visavis.sdk.session import Session
from visavis.transport.call_room import Ticket

RELAY_S = 60.0
"""Seconds for which all connections of a call use the same relay credentials. A capability may ask
sixty times a day, and calls of two ask with it, too."""


class Ways:
    """The session, as group calls see it.

    Args:
        session: Open.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._books = session.books
        self._tree: tuple[tuple[GroupId, int], dict[tuple[AccountId, DeviceId], bytes]] | None = (
            None
        )
        self._relay: tuple[float, TurnServer] | None = None

    @property
    def book(self) -> GroupCallBook:
        """What is known of calls that go on."""
        return self._books.group_calls

    @property
    def links(self) -> LinkBook:
        """Our call links."""
        return self._books.call_links

    @property
    def rng(self) -> Rng:
        """Random bytes."""
        return self._session.rng

    @property
    def origin(self) -> str:
        """The server."""
        return self._books.profile.origin

    @property
    def account(self) -> AccountId:
        """Ours."""
        return self._books.account

    @property
    def device(self) -> DeviceId:
        """This one."""
        return self._books.device

    def now(self) -> int:
        """Unix seconds."""
        return self._books.now()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in the session's scope."""
        self._session.spawn(work)

    # Who is in the group

    def others(self, group: GroupId) -> list[AccountId]:
        """Return the other accounts of a group that we are in."""
        return sorted({account for account, _ in self.devices(group)} - {self.account})

    def note(self, entry: Entry) -> None:
        """Keep a call in the history, as far as the person wants one kept."""
        self._session.note_call(entry, None)

    def require(self, group: GroupId) -> GroupRecord:
        """Return a group that we are in.

        Raises:
            AuthorizationError: REFUSED.
        """
        return self._session.group_actions.require(group)

    def is_member(self, group: GroupId) -> bool:
        """Say whether we are in a group."""
        record = self._books.groups.get(group)
        if record is None or record.kind is not GroupKind.GROUP:
            return False
        # After our removal the tree is still the one of before.
        if not self._books.groups.state(record).is_active:
            return False
        return (self.account, self.device) in self.devices(group)

    def has_left(self, group: GroupId) -> bool:
        """Say whether we left a group ourselves."""
        return any(
            past.group == group and past.why == "left" for past in self._books.group_book.past()
        )

    def devices(self, group: GroupId) -> Mapping[tuple[AccountId, DeviceId], bytes]:
        """Return the devices in a group now, with the keys they sign with.

        Read from its tree once in each epoch.
        """
        record = self._books.groups.get(group)
        if record is None:
            return {}
        state = self._books.groups.state(record)
        at = group, state.epoch
        if self._tree is None or self._tree[0] != at:
            self._tree = at, {device_of(one): one.signature_key for one in state.members()}
        return self._tree[1]

    def is_in(self, group: GroupId, member: MemberInfo) -> bool:
        """Say whether a device is in a group now; of a guest, whether who let it in is."""
        if is_guest(member):
            guest = Guest.of(member)
            return (guest.account, guest.device) in self.devices(group)
        return device_of(member) in self.devices(group)

    def may_be_in(self, group: GroupId, call: CallId) -> MayBeIn:
        """Return the judge of who may be in a call of a group."""

        def judge(member: MemberInfo) -> None:
            if is_guest(member):
                guest = Guest.of(member)
                key = self.devices(group).get((guest.account, guest.device))
                guest.require_pass(call, key)
            # CK-851: devices of the group's members, as its tree has them now, and whom one of
            # them let in as a guest of this call; nobody else.
            elif not self.is_in(group, member):
                raise PeerError(Code.BAD_CREDENTIAL, "CK-851: not in the group of this call")

        return judge

    def key_material(self, group: GroupId) -> KeyMaterial:
        """Return what this device signs with; its validator knows the members of the group."""
        ours, book = self._session.key_material, self._books.group_book
        members = make_tree_validator(lambda account: book.newest(group, account))
        validator = with_guests(members)
        return KeyMaterial(
            ours.account, ours.device, ours.credential, ours.signature_private, validator
        )

    def new_key_package(self, consent: OwnConsent) -> KeyPackageBundle:
        """Return a fresh key package with our consent key, kept by the caller in memory only."""
        return self._session.new_key_package(consent)

    def ticket(self) -> Ticket:
        """Return with what a room is made: an address that this device alone has of itself."""
        own = self._session.own_turn_address()
        return Ticket(own.mailbox, own.capability)

    async def turn(self) -> Sequence[TurnServer]:
        """Fetch relay credentials (P12). UnavailableError: NO_RELAY, UNAVAILABLE, QUOTA."""
        now = self._session.monotonic()
        if self._relay is None or now >= self._relay[0]:
            given = await self._session.turn(self._session.own_turn_address())
            server = TurnServer(given.urls, given.username, given.credential)
            self._relay = now + min(RELAY_S, given.ttl_s / 2), server
        return [self._relay[1]]

    def device_list(self) -> bytes:
        """Return the device list of our account, signed."""
        return bytes(self._books.own_list.data)

    def group_name(self, group: GroupId) -> str:
        """Return what a group is called."""
        terms = self._books.group_book.terms(group)
        return "" if terms is None else terms.name

    def name_of(self, group: GroupId, account: AccountId) -> str:
        """Return the name to show for a member."""
        return name_in_group(self._books, group, account)

    def said_name(self, group: GroupId, account: AccountId) -> str:
        """Return what a member calls itself: what guests are told, and not what it is to us."""
        if account == self.account:
            return self._books.profile.handle
        return self._books.group_book.name_of(group, account) or UNNAMED

    def is_verified(self, group: GroupId, account: AccountId) -> bool:
        """Say whether a member is a contact whose safety number was compared."""
        if account == self.account:
            return True
        known = is_contact(self._books, group, account)
        return known and self._session.is_verified(account)

    def may_ring(self, going: GoingOn) -> Media | None:
        """Return as what a call may ring: by the rules of the contact who began it (CK-853)."""
        if not is_contact(self._books, going.group, going.by):
            return None
        return self._session.may_ring(going.by, going.media)

    # What is said

    def new_call(self, group: GroupId, media: Media) -> GoingOn:
        """Return a call that we are about to begin; nobody knows of it yet."""
        return GoingOn(
            group,
            CallId.random(self.rng),
            RoomId.random(self.rng),
            DoorKey.random(self.rng),
            media,
            self.account,
            self.now(),
        )

    async def say_began(self, going: GoingOn) -> None:
        """Tell the group of a call that we began: at once, and kept for who is not there."""
        self.book.note(going)
        said = self._began(going)
        record = self.require(going.group)
        conversations = self._session.conversations
        with contextlib.suppress(VisavisError):  # nobody is there: it is kept for them
            await conversations.send_in_group(record, lambda _: said, durable=False)
        await conversations.send_in_group(record, lambda _: said)

    async def say_again(self, going: GoingOn) -> None:
        """Tell whoever came into the group meanwhile of a call that goes on."""
        with contextlib.suppress(VisavisError):  # they hear of the next one
            await self._session.conversations.send_in_group(
                self.require(going.group), lambda _: self._began(going)
            )

    def _began(self, going: GoingOn) -> GroupCallBegan:
        identity = MessageId.random(self.rng)
        return GroupCallBegan(identity, going.at, going.call, going.room, going.door, going.media)

    async def say_over(self, going: GoingOn, *, live: bool = False) -> None:
        """Tell the group that nobody is in a call any more.

        Args:
            going: The call.
            live: At once, too: another one is about to begin, and would not stand beside it.
        """
        self.book.forget(going.group, going.call)
        if not self.is_member(going.group):
            return
        said = GroupCallOver(MessageId.random(self.rng), self.now(), going.call)
        record, conversations = self.require(going.group), self._session.conversations
        if live:
            with contextlib.suppress(VisavisError):  # nobody is there: it is kept for them
                await conversations.send_in_group(record, lambda _: said, durable=False)
        await conversations.send_in_group(record, lambda _: said)

    async def say_handled(self, call: CallId, how: Handled) -> None:
        """Have our other devices stop ringing."""
        with contextlib.suppress(VisavisError):  # they stop by themselves after a while
            await self._session.send_self(SelfCallHandled(call, how), durable=False)

    # What is heard

    def on_began(self, listener: Callable[[GoingOn, bool], None]) -> None:
        """Register who is told of a call that a member began, once that is stored."""
        loop = asyncio.get_running_loop()

        def heard(going: GoingOn, live: bool) -> None:  # noqa: FBT001 - a listener's arguments
            loop.call_soon(listener, going, live)

        self.book.on_began(heard)

    def on_over(self, listener: Callable[[GroupId, CallId], None]) -> None:
        """Register who is told that a call is over."""
        loop = asyncio.get_running_loop()

        def heard(group: GroupId, call: CallId) -> None:
            loop.call_soon(listener, group, call)

        self.book.on_over(heard)

    def on_group(self, listener: Callable[[GroupId], None]) -> None:
        """Register who is told that the members of a group changed, or that we are out of it."""
        self._session.on_group(listener)
        loop = asyncio.get_running_loop()

        def dropped(group: GroupId) -> None:
            loop.call_soon(listener, group)

        self.book.on_dropped(dropped)

    def on_handled(self, listener: Callable[[CallId], None]) -> None:
        """Register who is told that another device of ours took or declined a call."""

        async def heard(received: SelfReceived) -> None:
            match received.content:
                case SelfCallHandled(call, _):
                    listener(call)
                case _:
                    pass

        self._session.on_self(heard)
