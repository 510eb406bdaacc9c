"""The metadata meter: what one call showed, to whom, how much, and how long it lives (R-37).

A `Meter` counts what leaves and arrives for one call, where it leaves and arrives. A `Reading` says
it for people, per observer, and marks each fact: *measured* by this device in this call, or *known*
because the protocol makes it so. What a server that was changed to watch could work out from times
and addresses is among the known facts: a meter that left it out would flatter.

Drawing, and what is counted where: docs/protocol/meter.md. Pure; kept nowhere but in memory. Not
for: words (the command line and the app have them), and not for deciding anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LIVE_S: Final = 60
"""Seconds a server may hold an envelope of the call class (privacy/inventory.toml)."""
DURABLE_DAYS: Final = 30
"""Days a server may hold a durable envelope that nobody picks up (privacy/inventory.toml)."""
RELAY_MINUTES: Final = 10
"""Minutes for which a relay's credential is good (privacy/inventory.toml)."""


class Observer(StrEnum):
    """Who may see something of a call."""

    SERVER = "server"
    RELAY = "relay"
    CONTACT = "contact"
    NETWORK = "network"


class Basis(StrEnum):
    """What a fact rests on."""

    MEASURED = "measured"
    KNOWN = "known"


class Lives(StrEnum):
    """How long what was seen is there to be seen."""

    DELIVERY = "delivery"
    """Until it is delivered, at most `LIVE_S` seconds in memory."""
    PICK_UP = "pick_up"
    """Until it is picked up, at most `DURABLE_DAYS` days."""
    CREDENTIAL = "credential"
    """`RELAY_MINUTES` minutes in memory."""
    CONNECTION = "connection"
    """As long as the connection, in memory."""
    DEVICE = "device"
    """As long as the device is one of the account's."""
    CALL = "call"
    """As long as the call; nothing is stored."""
    THEIRS = "theirs"
    """As long as they keep it."""
    NEVER = "never"
    """It was not seen."""


class What(StrEnum):
    """What was seen, or expressly was not."""

    SENT_LIVE = "sent_live"
    SENT_DURABLE = "sent_durable"
    RECEIVED_LIVE = "received_live"
    RECEIVED_DURABLE = "received_durable"
    RELAY_ASKED = "relay_asked"
    DEVICE_CONNECTED = "device_connected"
    DAY_SEEN = "day_seen"
    TIMES_AND_ADDRESSES = "times_and_addresses"
    NOT_WHO = "not_who"
    RELAYED = "relayed"
    RELAY_ADDRESSES = "relay_addresses"
    NO_RELAY = "no_relay"
    YOU_CALLED = "you_called"
    YOU_ANSWERED = "you_answered"
    ACCOUNT_AND_DEVICE = "account_and_device"
    VOICE = "voice"
    VIDEO = "video"
    ADDRESS = "address"
    NO_ADDRESS = "no_address"
    TLS_TO_SERVER = "tls_to_server"
    MEDIA_TO_RELAY = "media_to_relay"
    MEDIA_DIRECT = "media_direct"
    SOUND_ONE_SIZE = "sound_one_size"
    SOUND_SIZES = "sound_sizes"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that an observer saw, or that it expressly did not.

    Attributes:
        observer: Who.
        what: What.
        much: How much: names of numbers and the numbers; empty where there is nothing to count.
        lives: How long it is there to be seen.
        basis: Whether this device measured it.
    """

    observer: Observer
    what: What
    much: Mapping[str, int]
    lives: Lives
    basis: Basis


Reading = tuple[Fact, ...]
"""All facts of a call, in the order in which people read them."""


class Side(StrEnum):
    """Which of the two we were."""

    CALLED = "called"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a call's transports carried: payload bytes of UDP, or of the stream to the relay.

    Attributes:
        relay_sent: Bytes to the relay, TURN framing included.
        relay_received: Bytes from it.
        relay_s: Seconds for which there was an allocation.
        direct_sent: Bytes from our own sockets to the other side.
        direct_received: Bytes the other way.
        address_told: Addresses of our own were offered to the other side.
        sound_packets: Packets of sound that left.
        sound_sizes: How many different sizes they had.
    """

    relay_sent: int = 0
    relay_received: int = 0
    relay_s: int = 0
    direct_sent: int = 0
    direct_received: int = 0
    address_told: bool = False
    sound_packets: int = 0
    sound_sizes: int = 0


Bucket = tuple[int, bool]
"""Size of an envelope in bytes, and whether it is durable."""


@dataclass(slots=True)
class Meter:
    """Counts one call. It holds numbers only, and goes with the call's object.

    Attributes:
        sent: Envelopes that left this device.
        received: Envelopes that arrived.
        relay_asks: How often a credential for a relay was asked for.
        carried: What the transports carried; replaced by each newer count.
    """

    sent: Counter[Bucket] = field(default_factory=Counter)
    received: Counter[Bucket] = field(default_factory=Counter)
    relay_asks: int = 0
    carried: Carried = field(default_factory=Carried)

    def left(self, size: int, *, durable: bool) -> None:
        """Count an envelope that was handed to the connection."""
        self.sent[size, durable] += 1

    def arrived(self, size: int, *, durable: bool) -> None:
        """Count an envelope that came."""
        self.received[size, durable] += 1

    def asked_for_relay(self) -> None:
        """Count a request for a relay's credential."""
        self.relay_asks += 1

    def carry(self, carried: Carried) -> None:
        """Take the newest count of the transports."""
        self.carried = carried

    def take_over(self, other: Meter) -> None:
        """Add what was counted for a call that went on as this one (P9, glare).

        Of the two only one has media.
        """
        self.sent += other.sent
        self.received += other.received
        self.relay_asks += other.relay_asks

    def read(self, side: Side, *, video: bool, seconds: int, answered: bool) -> Reading:
        """Say what was seen.

        Args:
            side: Which of the two we were.
            video: What the call carried last.
            seconds: How long both sides heard each other, whole seconds.
            answered: It came to a call. If not, what it would have carried was not seen.
        """
        return (
            *self._server(),
            *self._relay(),
            *self._contact(side, video=video, seconds=seconds, answered=answered),
            *self._network(seconds),
        )

    def _server(self) -> Reading:
        server, known, measured = Observer.SERVER, Basis.KNOWN, Basis.MEASURED
        facts: list[Fact] = []
        for counts, live, stored in (
            (self.sent, What.SENT_LIVE, What.SENT_DURABLE),
            (self.received, What.RECEIVED_LIVE, What.RECEIVED_DURABLE),
        ):
            for (size, durable), count in sorted(counts.items()):
                what, lives = (stored, Lives.PICK_UP) if durable else (live, Lives.DELIVERY)
                much = {"envelopes": count, "size": size, "bytes": count * size}
                facts.append(Fact(server, what, much, lives, measured))
        if self.relay_asks:
            much = {"times": self.relay_asks}
            facts.append(Fact(server, What.RELAY_ASKED, much, Lives.CREDENTIAL, measured))
        return (
            *facts,
            Fact(server, What.DEVICE_CONNECTED, {}, Lives.CONNECTION, known),
            Fact(server, What.DAY_SEEN, {}, Lives.DEVICE, known),
            Fact(server, What.TIMES_AND_ADDRESSES, {}, Lives.CONNECTION, known),
            Fact(server, What.NOT_WHO, {}, Lives.NEVER, known),
        )

    def _relay(self) -> Reading:
        relay, carried = Observer.RELAY, self.carried
        if not (carried.relay_sent or carried.relay_received):
            return (Fact(relay, What.NO_RELAY, {}, Lives.NEVER, Basis.MEASURED),)
        much = {
            "sent": carried.relay_sent,
            "received": carried.relay_received,
            "seconds": carried.relay_s,
        }
        return (
            Fact(relay, What.RELAYED, much, Lives.CALL, Basis.MEASURED),
            Fact(relay, What.RELAY_ADDRESSES, {}, Lives.CALL, Basis.KNOWN),
        )

    def _contact(self, side: Side, *, video: bool, seconds: int, answered: bool) -> Reading:
        contact, known, measured = Observer.CONTACT, Basis.KNOWN, Basis.MEASURED
        did = What.YOU_CALLED if side is Side.CALLED else What.YOU_ANSWERED
        facts = [Fact(contact, did, {}, Lives.THEIRS, known)]
        facts.append(Fact(contact, What.ACCOUNT_AND_DEVICE, {}, Lives.THEIRS, known))
        if answered:
            media = What.VIDEO if video else What.VOICE
            facts.append(Fact(contact, media, {"seconds": seconds}, Lives.THEIRS, measured))
        told = self.carried.address_told
        what, lives = (What.ADDRESS, Lives.THEIRS) if told else (What.NO_ADDRESS, Lives.NEVER)
        facts.append(Fact(contact, what, {}, lives, measured))
        return tuple(facts)

    def _network(self, seconds: int) -> Reading:
        network, measured, carried = Observer.NETWORK, Basis.MEASURED, self.carried
        facts: list[Fact] = []
        sent, received = _bytes(self.sent), _bytes(self.received)
        if sent or received:
            much = {"sent": sent, "received": received}
            facts.append(Fact(network, What.TLS_TO_SERVER, much, Lives.THEIRS, measured))
        for what, out, back, lasted in (
            (What.MEDIA_TO_RELAY, carried.relay_sent, carried.relay_received, carried.relay_s),
            (What.MEDIA_DIRECT, carried.direct_sent, carried.direct_received, seconds),
        ):
            if out or back:
                much = {"sent": out, "received": back, "seconds": lasted}
                facts.append(Fact(network, what, much, Lives.THEIRS, measured))
        if carried.sound_packets:
            one = carried.sound_sizes == 1
            what = What.SOUND_ONE_SIZE if one else What.SOUND_SIZES
            much = {"packets": carried.sound_packets, "sizes": carried.sound_sizes}
            facts.append(Fact(network, what, much, Lives.THEIRS, measured))
        return tuple(facts)


def _bytes(counts: Mapping[Bucket, int]) -> int:
    return sum(size * count for (size, _), count in counts.items())
