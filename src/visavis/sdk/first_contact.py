"""First contact: invites, requests and their answers (P2), as the shell of `visavis.core.contact`.

The machine decides; this file persists what it decided together with everything that follows from
it, and sends afterwards. Towards a requester every refusal is silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from visavis.core import cbor
from visavis.core import contact_types as c
from visavis.core.contact import step
from visavis.core.content import decode_outer, encode_outer
from visavis.core.content_outer import ContactAccept, ContactRequest
from visavis.core.content_records import UNSIGNED, DeviceAddress, JoiningDevice
from visavis.core.content_signed import (
    sign_accept,
    sign_request,
    verify_accept,
    verify_request,
)
from visavis.core.errors import AuthorizationError, Code, FatalError, PeerError, UsageError
from visavis.core.identity import (
    DeviceList,
    UnverifiedCredential,
    UnverifiedDeviceList,
    identity_hash,
)
from visavis.core.ids import (
    AccountId,
    DeviceId,
    Digest,
    GroupId,
    RequestToken,
    SequencerHandle,
)
from visavis.core.invite import Invite
from visavis.core.mls import SUITE_ID, Group, UnverifiedKeyPackage
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import CLOCK_SLACK_S, KEY_PACKAGE_S, Books
from visavis.sdk.contact_book import Known
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.history import NoticeKind
from visavis.sdk.membership import Membership
from visavis.sdk.outbox import Outbox
from visavis.sdk.welcomes import join

LINK_KIND: Final = "link"
REQUEST_KIND: Final = "request"
ASKED_KIND: Final = "asked"
ACCEPTED_KIND: Final = "accepted"
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who followed our multi-use link and waits for a tap."""

    account: AccountId
    name: str
    safety_hint: Digest = field(repr=False)


class FirstContact:
    """Invites, requests and answers.

    Args:
        books: What this device keeps.
        outbox: For requests and answers.
        membership: To join by the Welcome in an answer, and to mark new groups.
        changed: Told when contacts have changed (the vault should be written).
    """

    def __init__(
        self, books: Books, outbox: Outbox, membership: Membership, changed: Callable[[], None]
    ) -> None:
        self._books = books
        self._outbox = outbox
        self._membership = membership
        self._changed = changed
        self._answered: dict[RequestToken, asyncio.Future[AccountId]] = {}

    # Our links

    def create_invite(self, *, single_use: bool, days: int) -> str:
        """Make an invite link.

        Raises:
            UsageError: Not 1 to 30 days.
            UnavailableError: QUOTA, no capability is left until the pool is refilled.
        """
        if not 1 <= days <= 30:
            raise UsageError("an invite is good for 1 to 30 days")
        books = self._books
        use = c.LinkUse.SINGLE if single_use else c.LinkUse.MULTI
        created = c.InviteCreated(use, books.now() + days * DAY_S)
        state = step(c.Stranger(), created).state
        invite_id = books.rng(16)
        with books.store.transaction():
            given = books.addresses.mint(Purpose.INVITE, invite_id)
            self._save_link(invite_id, state)
        hashed = identity_hash(books.own_list.identity_key)
        return Invite(books.addresses.address(given), hashed, int(created.expires_at)).to_link()

    def expire(self) -> None:
        """End links and requests whose time has passed."""
        books = self._books
        reached = c.DeadlineReached(books.now())
        with books.store.transaction():
            for invite_id, data in books.store.items(LINK_KIND):
                if isinstance(step(_link(data), reached).state, c.Ended):
                    self._end_link(invite_id)
            for token, data in books.store.items(REQUEST_KIND):
                _, state = _request(data)
                if isinstance(step(state, reached).state, c.Ended):
                    self._end_request(RequestToken(token))
            for account, data in books.store.items(ASKED_KIND):
                if isinstance(step(_asked(data)[0], reached).state, c.Ended):
                    books.store.delete(ASKED_KIND, account)

    # Following a link

    async def follow(self, link: str) -> RequestToken:
        """Ask the maker of a link to become a contact.

        Returns:
            The request's token, for `answered`.

        Raises:
            PeerError: MISTYPED; EXPIRED; REFUSED, it is for another server; UNEXPECTED, our own.
            AuthorizationError: REFUSED, the link was used or withdrawn; nobody got anything.
        """
        books = self._books
        invite = Invite.from_link(link).require_fresh(books.now())
        address = invite.address.require_server(books.profile.origin)
        own = identity_hash(books.own_list.identity_key)
        if invite.inviter == own:
            raise PeerError(Code.UNEXPECTED, "this is an invite of your own account")
        token = RequestToken.random(books.rng)
        state = step(c.Stranger(), c.InviteFollowed(invite.inviter, own, token, books.now())).state
        with books.store.transaction():
            given = books.addresses.mint(Purpose.REQUEST, token)
            joining = JoiningDevice(
                books.device, books.keep_key_package(), books.addresses.address(given)
            )
            request = ContactRequest(
                token,
                books.own_list.data,
                books.profile.handle,
                (joining,),
                books.device,
                UNSIGNED,
            )
            signed = sign_request(request, books.profile.signature_private, address.mailbox)
            row = self._outbox.put_fixed(address, encode_outer(signed))
            self._save_request(invite, state)
        try:
            await self._outbox.flush()
        finally:
            self._outbox.kick()
        if self._outbox.refused([row]):
            with books.store.transaction():
                self._outbox.drop([row])
                self._end_request(token)
            raise AuthorizationError(Code.REFUSED, "the invite was used, withdrawn or has expired")
        return token

    async def answered(self, token: RequestToken, timeout_s: float) -> AccountId | None:
        """Wait for the answer to a request; None if it does not come in time."""
        if self._books.store.get(REQUEST_KIND, token) is None:
            return self._account_of(token)
        future = self._answered.setdefault(token, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(future)
        except TimeoutError:
            return None

    def _account_of(self, token: RequestToken) -> AccountId | None:
        rows = self._books.store.items(ACCEPTED_KIND)
        return next((AccountId(key) for key, value in rows if value == token), None)

    def receive_accept(self, given: Given, accept: ContactAccept) -> None:
        """Take the answer to a request of ours: join the conversation.

        Raises:
            PeerError: It is refused and changes nothing.
        """
        books = self._books
        data = books.store.get(REQUEST_KIND, given.subject)
        if given.purpose is not Purpose.REQUEST or data is None:
            raise PeerError(Code.UNEXPECTED, "CK-581: an answer to no request")
        invite, state = _request(data)
        token = RequestToken(given.subject)
        offered = verify_accept(accept, invite, token, books.profile.mailbox)
        done = step(state, c.AcceptReceived(_person(offered), accept.token, books.now()))
        _raise_rejection(done)
        account = offered.account_id
        with books.store.transaction():
            books.lists.learn(offered)
            group = join(books, accept.message, accept.group, {account, books.account})
            record = GroupRecord(
                accept.group,
                GroupKind.CONVERSATION,
                account,
                accept.sequencer,
                announced=given.name,
            )
            self._stand(record, group, accept.name, given, token)
            known = books.contacts.get(account)
            if known is None:
                raise FatalError(Code.UNEXPECTED, "a contact that was just written is not there")
            for entry in accept.devices:
                known.addresses[entry.device] = entry.address.require_server(books.profile.origin)
            books.contacts.save(known)
            books.store.delete(REQUEST_KIND, token)
        self._finish(record)
        self._resolve(token, account)

    # Requests that follow our links

    def receive_request(self, given: Given, request: ContactRequest) -> None:
        """Take a request over one of our links.

        Raises:
            PeerError: It is refused; nothing goes back to the requester.
        """
        books = self._books
        if given.purpose is not Purpose.INVITE:
            raise PeerError(Code.UNEXPECTED, "CK-581: a request over no invite")
        offered = verify_request(request, books.profile.mailbox)
        if offered.account_id == books.account:
            raise PeerError(Code.UNEXPECTED, "a request of our own account")
        for entry in request.devices:
            entry.address.require_server(books.profile.origin)
        event = c.RequestReceived(
            _person(offered),
            request.token,
            len(books.store.items(ASKED_KIND)),
            books.now(),
        )
        state = self._machine(given, offered, request)
        done = step(state, event)
        _raise_rejection(done)
        with books.store.transaction():
            for effect in done.effects:
                match effect:
                    case c.RevokeLink():
                        self._end_link(given.subject)
                    case c.BeginContact():
                        begun = step(c.Stranger(), event)
                        _raise_rejection(begun)
                        self._ask(offered, request, begun.state)
                    case c.CreateConversation():
                        self._create_conversation(offered, request)
                    case _:
                        pass
            if isinstance(done.state, c.Asked):
                self._ask(offered, request, done.state)
            if isinstance(done.state, c.Accepted):
                self._spend_single_use(given)
                crossed = self._end_crossed(offered)
            else:
                crossed = []
        books.history.publish()
        self._outbox.kick()
        for token in crossed:
            self._resolve(token, offered.account_id)

    def _spend_single_use(self, given: Given) -> None:
        """End a single-use link that a contact came back by (CK-282)."""
        data = self._books.store.get(LINK_KIND, given.subject)
        if data is not None and _link(data).use is c.LinkUse.SINGLE:
            self._end_link(given.subject)

    def _end_crossed(self, offered: DeviceList) -> list[RequestToken]:
        """End our own requests to somebody whose request we have just accepted."""
        hashed = identity_hash(offered.identity_key)
        if self._books.contacts.get(offered.account_id) is None:
            return []
        ended = []
        for token, data in self._books.store.items(REQUEST_KIND):
            if _request(data)[1].inviter == hashed:
                self._end_request(RequestToken(token))
                ended.append(RequestToken(token))
        return ended

    def _resolve(self, token: RequestToken, account: AccountId) -> None:
        waiting = self._answered.pop(token, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(account)

    def waiting(self) -> list[Waiting]:
        """Return who waits for a tap."""
        found = []
        for _, data in self._books.store.items(ASKED_KIND):
            state, request = _asked(data)
            hashed = identity_hash(state.person.identity_key)
            account = state.person.account_id
            name = self._books.contacts.name_for(account, request.name)
            found.append(Waiting(account, name, hashed))
        return found

    def approve(self, account: AccountId) -> None:
        """Accept somebody who waits.

        Raises:
            AuthorizationError: REFUSED, nobody of that account waits.
        """
        state, request = self._require_asked(account)
        done = step(state, c.RequestApproved())
        books = self._books
        with books.store.transaction():
            books.store.delete(ASKED_KIND, account)
            if isinstance(done.state, c.Accepted):
                self._create_conversation(
                    UnverifiedDeviceList.parse(request.list).verify(), request
                )
        books.history.publish()
        self._outbox.kick()

    def decline(self, account: AccountId) -> None:
        """Drop somebody's request. They are not told.

        Raises:
            AuthorizationError: REFUSED, nobody of that account waits.
        """
        state, _ = self._require_asked(account)
        step(state, c.RequestDeclined())
        self._books.store.delete(ASKED_KIND, account)

    def _require_asked(self, account: AccountId) -> tuple[c.Asked, ContactRequest]:
        data = self._books.store.get(ASKED_KIND, account)
        if data is None:
            raise AuthorizationError(Code.REFUSED, "nobody of this account waits")
        return _asked(data)

    def _machine(self, given: Given, offered: DeviceList, request: ContactRequest) -> c.State:
        """Return the machine that a request goes to; see `visavis.core.contact`."""
        books = self._books
        account = offered.account_id
        known, token = books.contacts.get(account), books.store.get(ACCEPTED_KIND, account)
        newest = books.lists.newest(account)
        link = books.store.get(LINK_KIND, given.subject)
        # CK-282: over a link that is no more nothing begins. A server could keep a contact's first
        # request and bring it after a later one: its key packages are spent, and we would go on in
        # a group that the contact can never join. (The one we accepted last may come twice.)
        if link is None and (known is None or token != request.token):
            raise PeerError(Code.REFUSED, "CK-282: the link was used or withdrawn")
        if known is not None and newest is not None:
            accepted = c.Accepted(_person(newest), RequestToken(token or bytes(16)))
            return c.Blocked(accepted) if known.state == "blocked" else accepted
        asked = books.store.get(ASKED_KIND, account)
        if asked is not None:
            return _asked(asked)[0]
        hashed = identity_hash(offered.identity_key)
        for _, data in books.store.items(REQUEST_KIND):
            _, state = _request(data)
            if state.inviter == hashed:
                return state
        if link is None:
            raise PeerError(Code.REFUSED, "CK-282: the link was used or withdrawn")
        return _link(link)

    def _ask(self, offered: DeviceList, request: ContactRequest, state: c.State) -> None:
        books = self._books
        if isinstance(state, c.Asked):
            kept = [encode_outer(request), int(state.expires_at)]
            books.store.put(ASKED_KIND, offered.account_id, cbor.encode(kept))
            books.history.notice(NoticeKind.REQUEST_WAITING, offered.account_id, None, books.now())

    def _create_conversation(self, offered: DeviceList, request: ContactRequest) -> None:
        """Make the group from the request's key packages and queue the answers."""
        books = self._books
        now = books.now()
        account = offered.account_id
        books.lists.learn(offered)
        for entry in request.devices:
            package = UnverifiedKeyPackage.parse(entry.key_package).verify(
                now=now, validator=books.lists.validator
            )
            stands = UnverifiedCredential.parse(package.identity).verify(package.signature_key)
            # CK-579: the key package must be of the very device it is sent as.
            if (stands.account_id, stands.device_id) != (account, entry.device):
                raise PeerError(Code.BAD_CREDENTIAL, "CK-579: another device's key package")
        first = Group.create(
            group_id=GroupId.random(books.rng),
            suite_id=SUITE_ID,
            identity=books.credential,
            signature_private=books.profile.signature_private,
            rng=books.rng,
            validator=books.lists.validator,
            lifetime=(now - CLOCK_SLACK_S, now + KEY_PACKAGE_S),
        )
        made = first.commit(
            add=[entry.key_package for entry in request.devices], rng=books.rng, now=now
        )
        first.wipe()
        given = books.contact_address(account)
        record = GroupRecord(
            GroupId(made.group.group_id),
            GroupKind.CONVERSATION,
            account,
            SequencerHandle.random(books.rng),
            sequenced=False,
            announced=given.name,
        )
        self._stand(record, made.group, request.name, given, request.token)
        known = books.contacts.get(account)
        if known is None or made.welcome is None:
            raise FatalError(Code.UNEXPECTED, "a commit that adds has a Welcome")
        own = (DeviceAddress(books.device, books.addresses.address(given)),)
        for entry in request.devices:
            known.addresses[entry.device] = entry.address
            accept = ContactAccept(
                request.token,
                books.own_list.data,
                books.profile.handle,
                own,
                made.welcome,
                record.group_id,
                record.sequencer,
                books.device,
                UNSIGNED,
            )
            private = books.profile.signature_private
            signed = sign_accept(accept, private, entry.address.mailbox)
            self._outbox.put(account, entry.device, encode_outer(signed))
        books.contacts.save(known)
        self._finish(record)

    def _stand(
        self, record: GroupRecord, state: Group, name: str, given: Given, token: RequestToken
    ) -> None:
        """Write the contact and its conversation; an earlier conversation is linked to (P5)."""
        books = self._books
        account = record.account
        known = books.contacts.get(account)
        if known is None:
            shown = books.contacts.name_for(account, name)
            known = Known(account, shown, record.group_id, record.sequencer)
        else:
            record.thread = known.thread or known.group
            known.thread = record.thread
            earlier = books.groups.get(known.group)
            if earlier is not None:  # so that the thread's order goes on (see `GroupRecord.count`)
                record.count = earlier.count
        known.group, known.sequencer, known.member = record.group_id, record.sequencer, True
        old = books.addresses.current(Purpose.CONTACT, account)
        if old is not None and old.name != given.name:
            books.addresses.revoke(old, books.now())
        if given.purpose is not Purpose.CONTACT:
            books.addresses.rebind(given, Purpose.CONTACT, account)
        books.groups.save(record, state)
        books.contacts.save(known)
        books.store.put(ACCEPTED_KIND, account, token)
        books.history.notice(NoticeKind.CONTACT_ADDED, account, None, books.now())

    def _finish(self, record: GroupRecord) -> None:
        self._membership.mark(record)
        self._changed()
        self._books.history.publish()

    # Records

    def _save_link(self, invite_id: bytes, state: c.State) -> None:
        if isinstance(state, c.Invited):
            value = cbor.encode([state.use.value, int(state.expires_at)])
            self._books.store.put(LINK_KIND, invite_id, value)

    def _end_link(self, invite_id: bytes) -> None:
        books = self._books
        given = books.addresses.current(Purpose.INVITE, invite_id)
        if given is not None:
            books.addresses.revoke(given, books.now())
        books.store.delete(LINK_KIND, invite_id)

    def _save_request(self, invite: Invite, state: c.State) -> None:
        if isinstance(state, c.Requested):
            value = cbor.encode([invite.to_link(), state.own, int(state.expires_at), state.token])
            self._books.store.put(REQUEST_KIND, state.token, value)

    def _end_request(self, token: RequestToken) -> None:
        books = self._books
        given = books.addresses.current(Purpose.REQUEST, token)
        if given is not None:
            books.addresses.revoke(given, books.now())
        books.store.delete(REQUEST_KIND, token)


def _person(device_list: DeviceList) -> c.Person:
    return c.Person(device_list.account_id, device_list.identity_key, device_list.version)


def _raise_rejection(done: c.Step) -> None:
    for effect in done.effects:
        if isinstance(effect, c.Reject):
            raise PeerError(effect.code, "the contact machine refused it")


def _link(data: bytes) -> c.Invited:
    match cbor.decode(data):
        case [str(use), int(expires_at)]:
            return c.Invited(c.LinkUse(use), expires_at)
        case _:
            raise FatalError(Code.MALFORMED, "an invite of the store cannot be read")


def _request(data: bytes) -> tuple[Invite, c.Requested]:
    match cbor.decode(data):
        case [str(link), bytes(own), int(expires_at), bytes(token)]:
            invite = Invite.from_link(link)
            state = c.Requested(invite.inviter, Digest(own), RequestToken(token), expires_at)
            return invite, state
        case _:
            raise FatalError(Code.MALFORMED, "a request of the store cannot be read")


def _asked(data: bytes) -> tuple[c.Asked, ContactRequest]:
    match cbor.decode(data):
        case [bytes(encoded), int(expires_at)]:
            request = decode_outer(encoded)
            if isinstance(request, ContactRequest):
                offered = UnverifiedDeviceList.parse(request.list).verify()
                return c.Asked(_person(offered), request.token, expires_at), request
        case _:
            pass
    raise FatalError(Code.MALFORMED, "a waiting request of the store cannot be read")


def known_devices(books: Books, account: AccountId) -> list[DeviceId]:
    """Return the devices on a contact's newest list."""
    newest = books.lists.newest(account)
    return [] if newest is None else [listed.device_id for listed in newest.devices]
