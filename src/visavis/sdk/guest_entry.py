"""A guest's way into a call: asking in the lobby, waiting, being added (P15).

    ask -> nobody is here yet | waiting ... -> pass -> come -> Welcome -> our membership

All keys are made for this visit and are nowhere but in memory. What the host's device says is
believed only if it comes from the account that the link names. Not for: the call itself (`guest`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from visavis.core.address import ContactAddress
from visavis.core.call_link import CallLink
from visavis.core.content_fields import Text
from visavis.core.content_lobby import (
    MAX_GUEST_BYTES,
    LobbyAsk,
    LobbyCome,
    LobbyEnd,
    LobbyEnded,
    LobbyPass,
    LobbyWaiting,
    LobbyWelcome,
    ToGuest,
    ToHost,
    decode_to_guest,
    encode_to_host,
)
from visavis.core.content_records import Media
from visavis.core.content_room_fields import Refusal
from visavis.core.credential import Member, UnverifiedCredential, check_alone
from visavis.core.device_list import UnverifiedDeviceList
from visavis.core.errors import Code, PeerError, UnavailableError, UsageError, VisavisError
from visavis.core.guest import Guest, is_guest, with_guests
from visavis.core.ids import AccountId, CallId, RoomId, SealKey, SignatureKey
from visavis.core.lobby import guest_seal, lobby_room
from visavis.core.mls import (
    SUITE_ID,
    CredentialValidator,
    KeyPackageBundle,
    MemberInfo,
    generate_signature_key,
    new_key_package,
    signature_public_key,
)
from visavis.sdk.call_keys import LIFETIME_S
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.seam import Rng
from visavis.transport.call_door import CallDoor

NOBODY_S: Final = 5.0
"""Seconds between two looks whether somebody is there, at first. Lower: a guest is seen sooner;
higher: the server hears less of guests who came too early."""

NOBODY_MOST_S: Final = 20.0
"""And at most. A knock at a door where nobody is counts as a failure of its address, of which it
has sixty a minute with all who share it: higher, and more may wait there; lower, and they are seen
sooner."""

WAIT_S: Final = 20.0
"""Seconds between two words of who waits: the server lets nobody stand at a door for 60 without."""

COME_S: Final = 3.0
COME_TRIES: Final = 7
"""How often a guest that was let in asks to be added before it asks for another pass."""

KNOCKS: Final = 30
"""Knocks on one connection: the server takes 40 (CK-827)."""


class GuestState(StrEnum):
    """How far a visit has come."""

    NOBODY = "nobody"
    """Nobody is here yet: no device of the host is in the call, or the link is over."""
    WAITING = "waiting"
    """The host has been asked."""
    COMING = "coming"
    """The host has said yes."""
    INSIDE = "inside"
    OVER = "over"


class TurnedAwayError(VisavisError):
    """The host does not let this guest in; `why` says more."""

    def __init__(self, why: LobbyEnd) -> None:
        super().__init__(Code.REFUSED, "the host lets this guest in no more")
        self.why = why


@dataclass(frozen=True, slots=True)
class Judge:
    """How a guest judges leaves: by themselves; whose they are, the host's device says.

    A guest knows nobody but the host. Its members are shown under the names that the host told.
    """

    validator: CredentialValidator


def judge() -> Judge:
    """Return how a guest judges leaves."""

    def members(new: Member, replaces: Member | None) -> None:
        here = check_alone(new)
        if replaces is not None:
            was = UnverifiedCredential.parse(replaces.identity).verify(replaces.signature_key)
            # CK-267: else a member could turn its own leaf into somebody else's.
            if (was.account_id, was.device_id) != (here.account_id, here.device_id):
                raise PeerError(Code.BAD_CREDENTIAL, "CK-267 a leaf passes to another device")

    return Judge(with_guests(members))


@dataclass(frozen=True, slots=True)
class Admission:
    """What a pass lets a guest into.

    Attributes:
        call: The call.
        room: Its room.
        media: As what it began.
        identity: Our credential.
        relay: What we show the server to get a relay.
        names: What members are called, as the host says.
    """

    call: CallId
    room: RoomId = field(repr=False)
    media: Media
    identity: bytes = field(repr=False)
    relay: ContactAddress = field(repr=False)
    names: dict[AccountId, str] = field(repr=False)


class GuestEntry:
    """One guest at one lobby, from the first knock to the last.

    Args:
        link: The link.
        name: What the guest wants to be called.
        now: Unix seconds.
        state: Told how far we have come.
        rng: Random bytes.

    Raises:
        UsageError: The name is empty, too long (64 bytes), or no line of text.
        PeerError: The link's key is none.
    """

    def __init__(
        self,
        link: CallLink,
        name: str,
        now: Callable[[], int],
        state: Callable[[GuestState], None],
        rng: Rng = os.urandom,
    ) -> None:
        self._link = link
        self.name = _checked_name(name)
        self._now = now
        self._state = state
        self._rng = rng
        self._signature_private = generate_signature_key(SUITE_ID, rng)
        self.key = SignatureKey(signature_public_key(SUITE_ID, self._signature_private))
        self._seal = guest_seal(link.secret, link.lobby, rng(32))
        self._work: bytes | None = None
        self._pause = NOBODY_S
        self._judge = judge()

    async def enter(self) -> tuple[Admission, GroupCallKeys]:
        """Ask until we are let in and added.

        Raises:
            TurnedAwayError: We are not let in, or no more.
            PeerError: Who answers is not whom the link names (CK-905).
        """
        if self._work is None:
            self._work = await asyncio.to_thread(self._seal.solve_work)
        while True:
            try:
                async with CallDoor(self._link.origin, lobby_room(self._link.secret)) as door:
                    admission = await self._admitted(door)
                    keys = None if admission is None else await self._added(door, admission)
                    if admission is not None and keys is not None:
                        return admission, keys
            except UnavailableError:
                await self._nobody()

    async def _nobody(self) -> None:
        """Nobody is here: wait, each time a little longer."""
        self._state(GuestState.NOBODY)
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 1.5, NOBODY_MOST_S)

    async def names(self) -> dict[AccountId, str]:
        """Ask what members are called now, once we were let in; nothing if nobody answers."""
        assert self._work is not None
        with contextlib.suppress(UnavailableError, PeerError):
            async with CallDoor(self._link.origin, lobby_room(self._link.secret)) as door:
                await self._say(door, LobbyAsk(self.key, self.name, self._work))
                async for answer in self._answers(door, NOBODY_S):
                    if isinstance(answer, LobbyPass):
                        return self._checked(answer).names
        return {}

    async def _admitted(self, door: CallDoor) -> Admission | None:
        """Ask until the host has said yes; None: on another connection."""
        assert self._work is not None
        ask = LobbyAsk(self.key, self.name, self._work)
        for _ in range(KNOCKS):
            await self._say(door, ask)
            is_here = True
            async for answer in self._answers(door, WAIT_S):
                match answer:
                    case LobbyWaiting():
                        self._pause = NOBODY_S
                        self._state(GuestState.WAITING)
                    case LobbyEnded(LobbyEnd.FULL) | Refusal():
                        is_here = False
                        break
                    case LobbyEnded(why):
                        raise TurnedAwayError(why)
                    case LobbyPass():
                        self._state(GuestState.COMING)
                        return self._checked(answer)
                    case _:
                        pass
            if not is_here:
                await self._nobody()
        return None

    async def _added(self, door: CallDoor, admission: Admission) -> GroupCallKeys | None:
        """Have us added to the call's group; None: it came to nothing, ask again."""
        consent = OwnConsent.make(self._rng)
        bundle = self._key_package(admission, consent)
        try:
            for _ in range(COME_TRIES):
                await self._say(door, LobbyCome(bundle.key_package))
                async for answer in self._answers(door, COME_S):
                    match answer:
                        case LobbyEnded(why):
                            raise TurnedAwayError(why)
                        case LobbyWelcome(welcome):
                            with contextlib.suppress(PeerError):  # a good one may still come
                                return self._joined(welcome, bundle, consent, admission)
                        case Refusal():
                            return None
                        case _:
                            pass
        finally:
            bundle.wipe()  # a Welcome is taken once
        return None

    def _joined(
        self, welcome: bytes, bundle: KeyPackageBundle, consent: OwnConsent, admission: Admission
    ) -> GroupCallKeys:
        keys = GroupCallKeys.join(
            welcome,
            bundle,
            consent,
            admission.call,
            self._judge,
            _anybody,
            now=self._now(),
            rng=self._rng,
        )
        # CK-912: a call without the account that the link names is not the one we asked for.
        if not any(self.is_host(one) for one in keys.members().values()):
            keys.wipe()
            raise PeerError(Code.IDENTITY_CHANGED, "CK-912 the host of the link is not in the call")
        return keys

    def is_host(self, member: MemberInfo) -> bool:
        """Say whether a leaf is of the account that made the link."""
        if is_guest(member):
            return False
        return self._link.is_host(check_alone(member).device_list.identity_key)

    def _checked(self, given: LobbyPass) -> Admission:
        device_list = UnverifiedDeviceList.parse(given.list).verify()
        listed = device_list.find(given.device)
        # CK-905: whoever holds the lobby's key must be a device of the account that the link names.
        if listed is None or not self._link.is_host(device_list.identity_key):
            raise PeerError(Code.IDENTITY_CHANGED, "CK-905 let in by who did not make the link")
        guest = Guest(self.key, self.name, device_list.account_id, given.device, given.signature)
        guest.require_pass(given.call, listed.signature_key)
        # Nothing is ever sent to that mailbox: the address is a ticket for the relay.
        relay = ContactAddress(
            self._link.origin, given.mailbox, given.capability, SealKey(bytes(SealKey.LENGTH))
        )
        names = {one.account: one.name for one in given.names}
        return Admission(given.call, given.room, given.media, guest.to_identity(), relay, names)

    def _key_package(self, admission: Admission, consent: OwnConsent) -> KeyPackageBundle:
        now = self._now()
        return new_key_package(
            identity=admission.identity,
            signature_private=self._signature_private,
            not_before=now - LIFETIME_S,
            not_after=now + LIFETIME_S,
            rng=self._rng,
            leaf_extensions=[consent.extension()],
        )

    async def _say(self, door: CallDoor, said: ToHost) -> None:
        await door.knock(self._seal.knock(encode_to_host(said), self._rng))

    async def _answers(self, door: CallDoor, seconds: float) -> AsyncIterator[ToGuest | Refusal]:
        """Yield what comes within so many seconds; what is not for us is dropped (CK-903)."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            try:
                async with asyncio.timeout_at(until):
                    came = await door.next()
            except TimeoutError:
                return
            if isinstance(came, Refusal):
                yield came
                continue
            with contextlib.suppress(PeerError):
                yield decode_to_guest(self._seal.open_answer(came))


def _checked_name(name: str) -> str:
    text = unicodedata.normalize("NFC", name).strip()
    try:
        return str(Text(MAX_GUEST_BYTES, line=True).decode(text))
    except (PeerError, UnicodeEncodeError):
        raise UsageError("a guest's name is one line of 1 to 64 bytes") from None


def _anybody(_: MemberInfo) -> None:
    """Who may be in the call its members say: a guest knows none of them."""
