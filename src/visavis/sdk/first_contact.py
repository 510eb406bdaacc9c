"""First contact: invites, requests and their answers (P2), as the shell of `visavis.core.contact`.

The machine decides; this file persists what it decided together with everything that follows from
it, and sends afterwards. Towards a requester every refusal is silence. How a conversation is made
is in `new_conversation`, requests by handle in `by_handle`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from visavis.core import contact_types as c
from visavis.core.contact import step
from visavis.core.content import encode_outer
from visavis.core.content_outer import ContactAccept, ContactRequest
from visavis.core.content_signed import verify_accept, verify_request
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import AuthorizationError, Code, FatalError, PeerError, UsageError
from visavis.core.identity import identity_hash
from visavis.core.ids import AccountId, DeviceId, RequestToken
from visavis.core.invite import Invite
from visavis.sdk import contact_records as records
from visavis.sdk.addresses import Given, Purpose
from visavis.sdk.books import Books
from visavis.sdk.by_handle import destination
from visavis.sdk.contact_records import (
    ACCEPTED_KIND,
    ASKED_KIND,
    LINK_KIND,
    REQUEST_KIND,
    Asked,
    Pending,
    Waiting,
    person_of,
    raise_rejection,
)
from visavis.sdk.groups import GroupKind, GroupRecord
from visavis.sdk.history import NoticeKind
from visavis.sdk.membership import Membership
from visavis.sdk.new_conversation import NewConversations, make_request
from visavis.sdk.outbox import Outbox
from visavis.sdk.welcomes import join

DAY_S: Final = 86_400


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
        self._conversations = NewConversations(books, outbox, membership, changed)
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
            records.save_link(books.store, invite_id, state)
        hashed = identity_hash(books.own_list.identity_key)
        return Invite(books.addresses.address(given), hashed, int(created.expires_at)).to_link()

    def expire(self) -> None:
        """End links and requests whose time has passed."""
        books = self._books
        reached = c.DeadlineReached(books.now())
        with books.store.transaction():
            for invite_id, data in books.store.items(LINK_KIND):
                if isinstance(step(records.link_of(data), reached).state, c.Ended):
                    self._end_link(invite_id)
            for ours in records.all_pending(books.store):
                if isinstance(step(ours.state, reached).state, c.Ended):
                    self._end_request(ours.state.token)
            for asked in records.all_asked(books.store):
                if isinstance(step(asked.state, reached).state, c.Ended):
                    books.store.delete(ASKED_KIND, asked.state.person.account_id)

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
            signed = make_request(books, token, address.mailbox)
            row = self._outbox.put_fixed(address, encode_outer(signed))
            if isinstance(state, c.Requested):
                Pending(state, invite).save(books.store)
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
        ours = records.pending(books.store, given.subject)
        if given.purpose is not Purpose.REQUEST or ours is None:
            raise PeerError(Code.UNEXPECTED, "CK-581: an answer to no request")
        token = ours.state.token
        offered = verify_accept(accept, ours.invite, token, books.profile.mailbox)
        # CK-289: we asked for one handle. Another name in the answer is no slip of a person's: it
        # would stand in the list of contacts as somebody we never asked.
        if ours.handle and accept.name != ours.handle:
            raise PeerError(Code.BAD_CREDENTIAL, "CK-289: an answer under another handle")
        books.awaited.require(offered)
        done = step(ours.state, c.AcceptReceived(person_of(offered), accept.token, books.now()))
        raise_rejection(done)
        account = offered.account_id
        if self._ours_stands(ours.state, offered):
            with books.store.transaction():
                self._end_request(token)
            self._resolve(token, account)
            return
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
            by_handle = ours.invite is None
            self._conversations.stand(record, group, accept.name, given, token, by_handle=by_handle)
            known = books.contacts.get(account)
            if known is None:
                raise FatalError(Code.UNEXPECTED, "a contact that was just written is not there")
            for entry in accept.devices:
                known.addresses[entry.device] = entry.address.require_server(books.profile.origin)
            books.contacts.save(known)
            records.end_pending(books.store, token)
        self._conversations.finish(record)
        self._resolve(token, account)

    def _ours_stands(self, state: c.Requested, offered: DeviceList) -> bool:
        """Say whether the group that we made for them stands, and not the one they made for us.

        Both asked the other, and both tapped before they heard of it. As with links that cross,
        the one whose identity hash is lower makes the group; without a rule each side would join
        the other's group, and revoke the address that the other has just been given.
        """
        account = offered.account_id
        made = records.made_meanwhile(self._books.store, state.token, account)
        return made and state.own < identity_hash(offered.identity_key)

    # Requests that follow our links, or ask for our handle

    def receive_request(self, given: Given, request: ContactRequest) -> None:
        """Take a request over one of our links, or by our handle.

        Raises:
            PeerError: It is refused; nothing goes back to the requester.
        """
        books = self._books
        if given.purpose not in {Purpose.INVITE, Purpose.HANDLE}:
            raise PeerError(Code.UNEXPECTED, "CK-581: a request over no invite")
        offered = verify_request(request, destination(books, given))
        if offered.account_id == books.account:
            raise PeerError(Code.UNEXPECTED, "a request of our own account")
        books.awaited.require(offered)
        for entry in request.devices:
            entry.address.require_server(books.profile.origin)
        event = c.RequestReceived(
            person_of(offered),
            request.token,
            len(books.store.items(ASKED_KIND)),
            books.now(),
        )
        by_handle = given.purpose is Purpose.HANDLE
        if by_handle:
            state = self._machine_by_handle(offered, event)
        else:
            state = self._machine(given, offered, request)
        done = step(state, event)
        raise_rejection(done)
        with books.store.transaction():
            for effect in done.effects:
                match effect:
                    case c.RevokeLink():
                        self._end_link(given.subject)
                    case c.BeginContact():
                        begun = step(c.Stranger(), event)
                        raise_rejection(begun)
                        self._ask(request, begun.state, by_handle=by_handle)
                    case c.CreateConversation():
                        self._conversations.create(offered, request, by_handle=by_handle)
                    case _:
                        pass
            if isinstance(done.state, c.Asked):
                self._ask(request, done.state, by_handle=by_handle)
            if isinstance(done.state, c.Accepted) and not by_handle:
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
        if data is not None and records.link_of(data).use is c.LinkUse.SINGLE:
            self._end_link(given.subject)

    def _end_crossed(self, offered: DeviceList) -> list[RequestToken]:
        """End our own requests to somebody whose request we have just accepted."""
        hashed = identity_hash(offered.identity_key)
        if self._books.contacts.get(offered.account_id) is None:
            return []
        ended = []
        for ours in records.all_pending(self._books.store):
            if ours.state.inviter == hashed:
                self._end_request(ours.state.token)
                ended.append(ours.state.token)
        return ended

    def _resolve(self, token: RequestToken, account: AccountId) -> None:
        waiting = self._answered.pop(token, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(account)

    def waiting(self) -> list[Waiting]:
        """Return who waits for a tap."""
        book, found = self._books.contacts, []
        waiting = records.all_asked(self._books.store)
        wished = Counter(asked.request.name for asked in waiting)
        for asked in waiting:
            account, name = asked.state.person.account_id, asked.request.name
            # CK-587: of several that claim one name, a person must be able to pick one.
            alone = wished[name] == 1
            shown = book.name_for(account, name) if alone else book.marked_name(account, name)
            hashed = identity_hash(asked.state.person.identity_key)
            awaited = self._books.awaited.get(account)
            was = "" if awaited is None else awaited.name
            found.append(Waiting(account, shown, hashed, asked.by_handle, was))
        return found

    def approve(self, account: AccountId) -> None:
        """Accept somebody who waits.

        Raises:
            AuthorizationError: REFUSED, nobody of that account waits.
        """
        asked = self._require_asked(account)
        done = step(asked.state, c.RequestApproved())
        books = self._books
        with books.store.transaction():
            books.store.delete(ASKED_KIND, account)
            if isinstance(done.state, c.Accepted):
                self._conversations.create(
                    UnverifiedDeviceList.parse(asked.request.list).verify(),
                    asked.request,
                    by_handle=asked.by_handle,
                    asked_for=asked.handle,
                )
        books.history.publish()
        self._outbox.kick()

    def decline(self, account: AccountId) -> None:
        """Drop somebody's request. They are not told.

        Raises:
            AuthorizationError: REFUSED, nobody of that account waits.
        """
        step(self._require_asked(account).state, c.RequestDeclined())
        self._books.store.delete(ASKED_KIND, account)

    def _require_asked(self, account: AccountId) -> Asked:
        asked = records.asked(self._books.store, account)
        if asked is None:
            raise AuthorizationError(Code.REFUSED, "nobody of this account waits")
        return asked

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
            accepted = c.Accepted(person_of(newest), RequestToken(token or bytes(16)))
            return c.Blocked(accepted) if known.state == "blocked" else accepted
        asked = records.asked(books.store, account)
        if asked is not None:
            return asked.state
        hashed = identity_hash(offered.identity_key)
        for ours in records.all_pending(books.store):
            if ours.state.inviter == hashed:
                return ours.state
        if link is None:
            raise PeerError(Code.REFUSED, "CK-282: the link was used or withdrawn")
        return records.link_of(link)

    def _machine_by_handle(self, offered: DeviceList, event: c.RequestReceived) -> c.State:
        """Return the machine that a request by our handle goes to.

        CK-291: it waits for a tap, whoever it is from. Over a link a contact that lost its
        conversation gets a new one at once; an address that anybody can look up, and that lasts
        as long as the handle is shown, would let the server bring an old request at any time and
        put an end to the conversation that works.
        """
        books = self._books
        account = offered.account_id
        known, newest = books.contacts.get(account), books.lists.newest(account)
        if known is not None and newest is not None:
            token = books.store.get(ACCEPTED_KIND, account)
            accepted = c.Accepted(person_of(newest), RequestToken(token or bytes(16)))
            if known.state == "blocked":
                return c.Blocked(accepted)
            done = step(accepted, event)
            raise_rejection(done)
            if not done.effects:
                return accepted  # the request that made the conversation, once more
        asked = records.asked(books.store, account)
        return c.Stranger() if asked is None else asked.state

    def _ask(self, request: ContactRequest, state: c.State, *, by_handle: bool) -> None:
        books = self._books
        if isinstance(state, c.Asked):
            asked_for = books.profile.handle if by_handle else ""
            Asked(state, request, by_handle, asked_for).save(books.store)
            account = state.person.account_id
            books.history.notice(NoticeKind.REQUEST_WAITING, account, None, books.now())

    # Records

    def _end_link(self, invite_id: bytes) -> None:
        books = self._books
        given = books.addresses.current(Purpose.INVITE, invite_id)
        if given is not None:
            books.addresses.revoke(given, books.now())
        books.store.delete(LINK_KIND, invite_id)

    def _end_request(self, token: RequestToken) -> None:
        books = self._books
        given = books.addresses.current(Purpose.REQUEST, token)
        if given is not None:
            books.addresses.revoke(given, books.now())
        records.end_pending(books.store, token)


def known_devices(books: Books, account: AccountId) -> list[DeviceId]:
    """Return the devices on a contact's newest list."""
    newest = books.lists.newest(account)
    return [] if newest is None else [listed.device_id for listed in newest.devices]
