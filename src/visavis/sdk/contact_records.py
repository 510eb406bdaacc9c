"""What the store keeps of first contacts: links of ours, requests of ours, requests that wait.

One kind of row each, by invite id, request token and account. Not for contacts themselves: those
are in `visavis.sdk.contact_book`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from visavis.core import cbor
from visavis.core import contact_types as c
from visavis.core.content import decode_outer, encode_outer
from visavis.core.content_outer import ContactRequest
from visavis.core.device_list import DeviceList, UnverifiedDeviceList
from visavis.core.errors import Code, FatalError, PeerError
from visavis.core.ids import AccountId, Digest, RequestToken
from visavis.core.invite import Invite
from visavis.sdk.store import Store

LINK_KIND: Final = "link"
REQUEST_KIND: Final = "request"
ASKED_KIND: Final = "asked"
ACCEPTED_KIND: Final = "accepted"
"""By account: the token of the request that made the conversation."""
_MADE_KIND: Final = "made"
"""Token of a request of ours || account whose conversation we made while it was pending."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who followed our multi-use link, or asked for our handle, and waits for a tap.

    Args:
        account: Their account.
        name: What they call themselves; nobody vouches for it.
        safety_hint: `identity_hash` of their identity key.
        by_handle: They asked by handle, not over a link of ours.
        was: The name of the contact of before our move whose account and key they have; "" if none.
    """

    account: AccountId
    name: str
    safety_hint: Digest = field(repr=False)
    by_handle: bool = False
    was: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A request of ours that waits for its answer.

    Args:
        state: Of its machine.
        invite: The link that was followed; None if we asked by handle.
        handle: The handle that was asked for, "" for a link.
    """

    state: c.Requested
    invite: Invite | None = field(repr=False)
    handle: str = ""

    def save(self, store: Store) -> None:
        """Write it."""
        state, link = self.state, "" if self.invite is None else self.invite.to_link()
        value = [link, state.own, int(state.expires_at), state.token, self.handle]
        store.put(REQUEST_KIND, state.token, cbor.encode(value))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for a tap: its machine's state, what was asked, and how it came.

    `handle` is ours when it came by handle, for the answer (CK-289); "" for a link.
    """

    state: c.Asked
    request: ContactRequest = field(repr=False)
    by_handle: bool
    handle: str = ""

    def save(self, store: Store) -> None:
        """Write it."""
        value = [encode_outer(self.request), int(self.state.expires_at), self.by_handle]
        value += [self.handle] if self.handle else []
        store.put(ASKED_KIND, self.state.person.account_id, cbor.encode(value))


def person_of(device_list: DeviceList) -> c.Person:
    """Return who a verified device list shows."""
    return c.Person(device_list.account_id, device_list.identity_key, device_list.version)


def raise_rejection(done: c.Step) -> None:
    """Raise what the machine rejected, if it did.

    Raises:
        PeerError: With the machine's code.
    """
    for effect in done.effects:
        if isinstance(effect, c.Reject):
            raise PeerError(effect.code, "the contact machine refused it")


def link_of(data: bytes) -> c.Invited:
    """Read a link of ours."""
    match cbor.decode(data):
        case [str(use), int(expires_at)]:
            return c.Invited(c.LinkUse(use), expires_at)
        case _:
            raise FatalError(Code.MALFORMED, "an invite of the store cannot be read")


def save_link(store: Store, invite_id: bytes, state: c.State) -> None:
    """Write a link of ours."""
    if isinstance(state, c.Invited):
        store.put(LINK_KIND, invite_id, cbor.encode([state.use.value, int(state.expires_at)]))


def pending(store: Store, token: bytes) -> Pending | None:
    """Return the request of ours with this token, or None."""
    data = store.get(REQUEST_KIND, token)
    return None if data is None else _pending(data)


def all_pending(store: Store) -> list[Pending]:
    """Return all requests of ours that wait for an answer."""
    return [_pending(data) for _, data in store.items(REQUEST_KIND)]


def _pending(data: bytes) -> Pending:
    match cbor.decode(data):
        # Those written before there were handles have no fifth field.
        case [str(link), bytes(own), int(expires_at), bytes(token), *rest] if not rest or [
            type(field) for field in rest
        ] == [str]:
            invite = Invite.from_link(link) if link else None
            pinned = None if invite is None else invite.inviter
            state = c.Requested(pinned, Digest(own), RequestToken(token), expires_at)
            return Pending(state, invite, str(rest[0]) if rest else "")
        case _:
            raise FatalError(Code.MALFORMED, "a request of the store cannot be read")


def end_pending(store: Store, token: RequestToken) -> None:
    """Delete a request of ours."""
    store.delete(REQUEST_KIND, token)
    forget_made(store, token)


def note_made(store: Store, account: AccountId) -> None:
    """Note that we made this account's conversation while requests of ours were pending."""
    for ours in all_pending(store):
        store.put(_MADE_KIND, ours.state.token + account, b"")


def made_meanwhile(store: Store, token: RequestToken, account: AccountId) -> bool:
    """Say whether we made this account's conversation since our request was sent."""
    return store.get(_MADE_KIND, token + account) is not None


def forget_made(store: Store, token: RequestToken) -> None:
    """Forget what was made since a request of ours was sent: it is over, or is sent anew."""
    for key, _ in store.items(_MADE_KIND):
        if key.startswith(token):
            store.delete(_MADE_KIND, key)


def asked(store: Store, account: bytes) -> Asked | None:
    """Return the request of this account that waits, or None."""
    data = store.get(ASKED_KIND, account)
    return None if data is None else _asked(data)


def all_asked(store: Store) -> list[Asked]:
    """Return all requests that wait for a tap."""
    return [_asked(data) for _, data in store.items(ASKED_KIND)]


def _asked(data: bytes) -> Asked:
    match cbor.decode(data):
        # Those written earlier have no fourth field, or no third.
        case [bytes(encoded), int(expires_at), *rest] if [type(one) for one in rest] in (
            [],
            [bool],
            [bool, str],
        ):
            request = decode_outer(encoded)
            if isinstance(request, ContactRequest):
                offered = UnverifiedDeviceList.parse(request.list).verify()
                state = c.Asked(person_of(offered), request.token, expires_at)
                by_handle, handle = rest[:1] == [True], "".join(str(one) for one in rest[1:])
                return Asked(state, request, by_handle, handle)
        case _:
            pass
    raise FatalError(Code.MALFORMED, "a waiting request of the store cannot be read")
