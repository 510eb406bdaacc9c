"""The lobby of one call link, at the host's device: who waits, who is let in, who is not (P15).

    lobby.ask  -> the person is asked         -> lobby.waiting, then lobby.pass or lobby.ended
    lobby.come -> a wish in the call's group  -> lobby.welcome

A visit is one guest's, by the key it seals with; all of it is in memory and ends with the stay in
the call. Nobody is let in but by the person. Not for: which links there are (`call_link_book`), or
what a guest's device does (`guest`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from visavis.core.address import ContactAddress
from visavis.core.content_lobby import (
    LobbyAsk,
    LobbyCome,
    LobbyEnd,
    LobbyEnded,
    LobbyPass,
    LobbyWaiting,
    LobbyWelcome,
    Named,
    ToGuest,
    decode_to_host,
    encode_to_guest,
)
from visavis.core.content_records import Media
from visavis.core.content_room import RoomKnocked, RoomLetIn
from visavis.core.errors import Code, PeerError, VisavisError
from visavis.core.guest import Guest, sign_pass
from visavis.core.ids import CallId, Rng, RoomId, SignatureKey
from visavis.core.lobby import LobbySeal, open_knock
from visavis.core.mls import (
    SUITE_ID,
    CredentialValidator,
    UnverifiedKeyPackage,
    signature_public_key,
)
from visavis.sdk.call_link_book import OwnLink
from visavis.sdk.group_call_joiners import Reply
from visavis.sdk.group_call_seam import CallRoom
from visavis.sdk.seam import KeyMaterial
from visavis.transport.call_room import RoomShut

MAX_WAITING: Final = 32
"""Guests who wait in one lobby at once (CK-911). More could not be told apart by anybody."""

MAX_REFUSED: Final = 256
"""Refused visits that are remembered while the host is in the call; the oldest go first."""

SILENT_S: Final = 50.0
"""Seconds without a word until somebody who waits is gone: their device asks every 20."""

LOOK_S: Final = 2.0


class Stage(StrEnum):
    """How far a visit has come."""

    WAITING = "waiting"
    ADMITTED = "admitted"
    REFUSED = "refused"


@dataclass(slots=True, eq=False)
class Visit:
    """One guest's visit, at the host's device.

    Attributes:
        seal: Between the guest and us.
        key: With which the guest's leaf will sign.
        name: What they want to be called; verified by nobody.
        since: Unix seconds, when they asked first.
        knock: Under which they stand at the door now.
        heard: When they were heard last, on the loop's clock.
        stage: How far it has come.
        why: What a refused guest is told.
    """

    seal: LobbySeal = field(repr=False)
    key: SignatureKey
    name: str = field(repr=False)
    since: int
    knock: int
    heard: float
    stage: Stage = Stage.WAITING
    why: LobbyEnd = LobbyEnd.REFUSED


@dataclass(frozen=True, slots=True)
class Meeting:
    """The call that guests are let into.

    Attributes:
        call: It.
        room: Its room.
        media: As what it began.
        names: What its members are called.
        wish: Has somebody added by us; as `GroupCallShell.wish`.
    """

    call: CallId
    room: RoomId = field(repr=False)
    media: Media
    names: tuple[Named, ...] = field(repr=False)
    wish: Callable[[bytes, Reply], None] = field(repr=False)


class Host(Protocol):
    """What a lobby needs of the call and the session."""

    def meeting(self) -> Meeting | None:
        """Return the call, while we are in it."""
        ...

    def changed(self, came: Visit | None = None) -> None:
        """Who waits has changed; somebody new, perhaps."""
        ...

    def is_good(self, link: OwnLink) -> bool:
        """Say whether a link lets anybody in still."""
        ...

    def used(self, link: OwnLink) -> None:
        """A guest was let in: a link for one is over, before anybody hears of it."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What a lobby answers with.

    Args:
        keys: What we sign passes with.
        device_list: Of our account.
        validator: Judges a guest's key package.
        address: What guests show the server to get a relay: an address made for this link.
        now: Unix seconds.
        rng: Random bytes.
    """

    keys: KeyMaterial = field(repr=False)
    device_list: bytes = field(repr=False)
    validator: CredentialValidator = field(repr=False)
    address: ContactAddress = field(repr=False)
    now: Callable[[], int] = field(repr=False)
    rng: Rng = field(repr=False)


class Lobby:
    """One link's lobby, for as long as we are in the call.

    Args:
        link: The link.
        room: The lobby's room: we are in it.
        desk: What is answered with.
        host: Whose lobby it is.
    """

    def __init__(self, link: OwnLink, room: CallRoom, desk: Desk, host: Host) -> None:
        self.link = link
        self._room = room
        self._desk = desk
        self._host = host
        self._visits: dict[bytes, Visit] = {}
        self.is_used = False
        """Whether it was a link for one guest, who was let in."""
        self.is_shut = False
        """Whether the server has no place for it, or somebody else took it."""

    def waiting(self) -> list[Visit]:
        """Return who waits, the longest first."""
        found = [one for one in self._visits.values() if one.stage is Stage.WAITING]
        return sorted(found, key=lambda one: (one.since, one.key))

    def guest(self, key: bytes) -> Visit | None:
        """Return the visit of a guest that was let in."""
        for visit in self._visits.values():
            if visit.key == key and visit.stage is Stage.ADMITTED:
                return visit
        return None

    async def run(self) -> None:
        """Hear who knocks, until it is ended."""
        while True:
            event = None
            try:
                async with asyncio.timeout(LOOK_S):
                    event = await self._room.next()
            except TimeoutError:
                self._look_around()
            match event:
                case RoomKnocked(knock, body):
                    try:
                        self._knocked(knock, body)
                    except VisavisError:
                        continue  # who knocks wrongly is not answered
                case RoomShut():
                    self.is_shut = True
                    self._host.changed()
                    return
                case _:
                    pass

    async def end(self) -> None:
        """Tell those who wait that the link is over, and leave the lobby."""
        for visit in self.waiting():
            self._answer(visit, LobbyEnded(LobbyEnd.CLOSED))
        self._visits.clear()
        await self._room.leave()

    # What the person wants

    def admit(self, visit: Visit) -> bool:
        """Let somebody in; False if they wait no longer, or the link is over."""
        # Whoever has gone, or whose lobby is left, would use the link up for nobody.
        is_here = self._visits.get(visit.seal.guest) is visit
        if not is_here or visit.stage is not Stage.WAITING or not self._takes(visit):
            return False
        # Before anybody hears of it: were we to end here, the link would be good for nobody.
        self.is_used = self.link.once
        self._host.used(self.link)
        visit.stage = Stage.ADMITTED
        self._host.changed()
        self._pass(visit)
        if self.is_used:
            for other in self.waiting():
                self._refuse(other, LobbyEnd.CLOSED)
        return True

    def refuse(self, visit: Visit) -> None:
        """Do not let somebody in, or not again: what they ask from now on is refused."""
        self._refuse(visit, LobbyEnd.REFUSED)

    def _refuse(self, visit: Visit, why: LobbyEnd) -> None:
        visit.stage, visit.why = Stage.REFUSED, why
        self._answer(visit, LobbyEnded(why))
        self._host.changed()

    # What guests say

    def _knocked(self, knock: int, body: bytes) -> None:
        seal, content = open_knock(self.link.secret, self.link.private, body)
        said = decode_to_host(content)
        visit = self._visits.get(seal.guest)
        if visit is not None:
            visit.knock, visit.heard = knock, asyncio.get_running_loop().time()
        match said:
            case LobbyAsk():
                self._asked(visit or self._new(seal, said, knock), said)
            case LobbyCome(key_package) if visit is not None:
                self._comes(visit, key_package)
            case _:
                # CK-915: whoever was not let in is told nothing and given nothing.
                raise PeerError(Code.UNEXPECTED, "CK-915 asked by somebody who was not let in")

    def _new(self, seal: LobbySeal, said: LobbyAsk, knock: int) -> Visit:
        seal.check_work(said.work)
        now = asyncio.get_running_loop().time()
        visit = Visit(seal, said.key, said.name, self._desk.now(), knock, now)
        if not self._takes(visit):
            self._answer(visit, LobbyEnded(LobbyEnd.CLOSED))
            raise PeerError(Code.EXPIRED, "CK-914 the link is over")
        # CK-911: whoever has the link could fill the list that the person looks at.
        if len(self.waiting()) >= MAX_WAITING:
            self._answer(visit, LobbyEnded(LobbyEnd.FULL))
            raise PeerError(Code.QUOTA, "CK-911 too many wait")
        refused = [key for key, one in self._visits.items() if one.stage is Stage.REFUSED]
        for key in refused[: len(refused) - MAX_REFUSED + 1]:
            del self._visits[key]
        self._visits[seal.guest] = visit
        self._host.changed(visit)
        return visit

    def _takes(self, visit: Visit) -> bool:
        """Say whether the link lets this guest in still (CK-914)."""
        if self.is_used:
            return visit.stage is Stage.ADMITTED
        return self._host.is_good(self.link)

    def _asked(self, visit: Visit, said: LobbyAsk) -> None:
        # One visit has one key and one name: the person said yes to these.
        if (said.key, said.name) != (visit.key, visit.name):
            raise PeerError(Code.UNEXPECTED, "CK-915 another name or key than before")
        if visit.stage is Stage.REFUSED:
            self._answer(visit, LobbyEnded(visit.why))
        elif not self._takes(visit):
            self._refuse(visit, LobbyEnd.CLOSED)
        elif visit.stage is Stage.ADMITTED:
            self._pass(visit)
        else:
            self._answer(visit, LobbyWaiting())

    def _comes(self, visit: Visit, key_package: bytes) -> None:
        meeting = self._host.meeting()
        if visit.stage is not Stage.ADMITTED or not self._takes(visit) or meeting is None:
            raise PeerError(Code.UNEXPECTED, "CK-915 comes without having been let in")
        package = UnverifiedKeyPackage.parse(key_package).verify(
            now=self._desk.now(), suite_id=SUITE_ID, validator=self._desk.validator
        )
        guest = Guest.of(package)
        # CK-910: whoever was let in may not have somebody else added in their place.
        if (guest.key, guest.name) != (visit.key, visit.name):
            raise PeerError(Code.BAD_CREDENTIAL, "CK-910 not the key package of who was let in")
        guest.require_pass(meeting.call, self._own_key())

        def reply(welcome: bytes) -> None:
            self._answer(visit, LobbyWelcome(welcome))

        meeting.wish(key_package, reply)

    def _pass(self, visit: Visit) -> None:
        meeting = self._host.meeting()
        if meeting is None:
            return  # they ask again
        desk = self._desk
        signature = sign_pass(meeting.call, visit.key, visit.name, desk.keys.signature_private)
        given = LobbyPass(
            meeting.call,
            meeting.room,
            meeting.media,
            desk.keys.device,
            desk.device_list,
            signature,
            meeting.names,
            desk.address.mailbox,
            desk.address.capability,
        )
        self._answer(visit, given)

    def _own_key(self) -> bytes:
        return signature_public_key(SUITE_ID, self._desk.keys.signature_private)

    def _answer(self, visit: Visit, said: ToGuest) -> None:
        body = visit.seal.answer(encode_to_guest(said), self._desk.rng)
        self._room.send(RoomLetIn(visit.knock, body))

    def _look_around(self) -> None:
        """Forget who waited and went away."""
        now = asyncio.get_running_loop().time()
        gone = [
            key
            for key, visit in self._visits.items()
            if visit.stage is Stage.WAITING and now - visit.heard >= SILENT_S
        ]
        for key in gone:
            del self._visits[key]
        if gone:
            self._host.changed()
