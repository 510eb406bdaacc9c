"""The seam between the session (identity, conversations, delivery) and the call service.

`visavis.sdk.session.Session` implements `CallSeam`; `visavis.sdk.calls.CallService` is built on
it and knows nothing else of the SDK. Tests of the call service put a fake in its place.

Not for applications: they use `visavis.sdk.client.Client`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from visavis.core.address import ContactAddress
from visavis.core.call_entry import Entry
from visavis.core.content_inner import Inner
from visavis.core.content_outer import Outer
from visavis.core.content_records import Media, Rules
from visavis.core.content_self import Sibling
from visavis.core.ids import AccountId, CallId, DeviceId
from visavis.core.mls import CredentialValidator, KeyPackageBundle
from visavis.sdk.consent_key import OwnConsent

Rng = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class InnerReceived:
    """An MLS application message of a conversation, verified and decrypted.

    Args:
        contact: Whose conversation it came in.
        device: The device that signed it; on its account's newest device list.
        own: True if a sibling (another device of ours) sent it, False if the contact did.
        content: The decoded content.
        live: True if it came in the call class (at most 60 s old), False if durable.
    """

    contact: AccountId
    device: DeviceId
    own: bool
    content: Inner
    live: bool


@dataclass(frozen=True, slots=True)
class OuterReceived:
    """An opened envelope for a group that is no conversation: a call group.

    Args:
        contact: The account that was given the address it came in over; ours for siblings.
            Whoever holds the address could have sent it, so this is a hint, never a proof.
        content: `CallWelcome`, or `Mls` with the id of a group that is no conversation.
    """

    contact: AccountId
    content: Outer


@dataclass(frozen=True, slots=True)
class SelfReceived:
    """An application message of the self group, from another device of ours."""

    device: DeviceId
    content: Sibling


@dataclass(frozen=True, slots=True)
class TurnServer:
    """TURN credentials (P12): memory only, good for `ttl_s` seconds."""

    urls: tuple[str, ...]
    username: str = field(repr=False)
    credential: str = field(repr=False)
    ttl_s: int


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """What this device signs group membership with. Never printed, never leaves the device."""

    account: AccountId
    device: DeviceId
    credential: bytes = field(repr=False)
    signature_private: bytes = field(repr=False)
    validator: CredentialValidator = field(repr=False)


InnerHandler = Callable[[InnerReceived], Awaitable[None]]
OuterHandler = Callable[[OuterReceived], Awaitable[None]]
SelfHandler = Callable[[SelfReceived], Awaitable[None]]


class CallSeam(Protocol):
    """What the call service may use of a session."""

    @property
    def rng(self) -> Rng:
        """Return the source of random bytes."""

    @property
    def key_material(self) -> KeyMaterial:
        """Return this device's credential and signature key."""

    def now(self) -> int:
        """Return the time in unix seconds."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""

    def new_key_package(self, consent: OwnConsent) -> KeyPackageBundle:
        """Return a fresh key package with our consent key, kept by the caller in memory only."""

    def may_ring(
        self, contact: AccountId, media: Media = Media.VIDEO, *, called: bool = False
    ) -> Media | None:
        """Return as what a call of this contact may ring now; None: nothing rings.

        Only an accepted contact that is not blocked and has the same identity, and only as its
        rules say (CK-370).

        Args:
            contact: Who calls.
            media: What it offers.
            called: We are calling it at this moment. Then nothing rings, and its rules do not
                matter: the person has just said that they want to talk.
        """

    def granted(self, contact: AccountId) -> Rules:
        """Return the contact's rules, for what they grant beyond ringing (CK-383, CK-384).

        Nothing is granted to whoever may not ring at all.
        """

    def is_changed(self, contact: AccountId) -> bool:
        """Say whether the contact has another identity key, and the person has not decided yet."""

    def is_verified(self, contact: AccountId) -> bool:
        """Say whether the contact's safety number was compared, with the key it has now."""

    def note_call(self, entry: Entry, goes_on: CallId | None) -> None:
        """Keep a call that is over in the history, as far as the person wants one kept.

        Args:
            entry: The call.
            goes_on: The call that it went on with, after a program or page had ended.
        """

    def tells_missed(self) -> bool:
        """Say whether those we call in vain are told (`Settings.trace`)."""

    def contact_name(self, contact: AccountId) -> str:
        """Return the contact's name as the person sees it."""

    def contact_devices(self, contact: AccountId) -> Mapping[DeviceId, ContactAddress]:
        """Return the addresses of the contact's devices that are on its newest list."""

    def sibling_devices(self) -> Mapping[DeviceId, ContactAddress]:
        """Return the addresses of our other devices."""

    async def send_inner(
        self, contact: AccountId, content: Inner, *, durable: bool, to_siblings: bool = False
    ) -> None:
        """Send one MLS message in the conversation to every device of the contact.

        Durable: stored in the outbox first, resent until the server has it; returns once it is
        in the outbox and one attempt was made. Live: one attempt, an error is raised.

        Raises:
            AuthorizationError: IDENTITY_CHANGED until the person decided; REFUSED if no device
                of the contact can be reached any more.
            UnavailableError: UNAVAILABLE or QUOTA (live only).
        """

    async def send_outer(self, address: ContactAddress, content: Outer, *, durable: bool) -> None:
        """Seal one content for one device and send it. Errors as in `send_inner`."""

    async def send_self(self, content: Sibling, *, durable: bool) -> None:
        """Send one message to all our other devices; nothing happens when there are none."""

    async def turn(self, address: ContactAddress) -> TurnServer:
        """Fetch TURN credentials, without account credentials, presenting this address.

        Raises:
            UnavailableError: NO_RELAY if the server has none, UNAVAILABLE, QUOTA.
            AuthorizationError: REFUSED.
        """

    def own_turn_address(self) -> ContactAddress:
        """Return an address of this device itself, to present when asking for TURN."""

    def on_inner(self, handler: InnerHandler) -> None:
        """Register who gets `call.*` contents. Durable ones come at least once."""

    def on_unknown_group(self, handler: OuterHandler) -> None:
        """Register who gets envelopes of call groups."""

    def on_self(self, handler: SelfHandler) -> None:
        """Register who gets what calls need of the self group."""

    def on_contact(self, handler: Callable[[AccountId], None]) -> None:
        """Register who is told, once it is stored, that something about a contact was written."""

    def on_connection(self, handler: Callable[[bool], None]) -> None:
        """Register who is told when the receiving socket comes (True) and goes (False)."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run work in the session's task scope: cancelled and awaited on close."""
