"""The metadata meter (R-37): every count is in a fact, no fact is there for nothing."""

from __future__ import annotations

import pathlib
import tomllib

from visavis.core.envelope import BUCKETS
from visavis.core.meter import (
    DURABLE_DAYS,
    LIVE_S,
    RELAY_MINUTES,
    Basis,
    Carried,
    Fact,
    Lives,
    Meter,
    Observer,
    Reading,
    Side,
    What,
)

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELAYED = Carried(900_000, 800_000, 12, sound_packets=600, sound_sizes=1)


def whole() -> Meter:
    meter = Meter()
    for _ in range(3):
        meter.left(1024, durable=False)
    meter.left(8192, durable=False)
    meter.left(1024, durable=True)
    meter.arrived(8192, durable=False)
    meter.arrived(1024, durable=True)
    meter.asked_for_relay()
    meter.carry(RELAYED)
    return meter


def read(meter: Meter, side: Side = Side.CALLED, *, answered: bool = True) -> Reading:
    return meter.read(side, video=True, seconds=11, answered=answered)


def of(reading: Reading, observer: Observer) -> list[What]:
    return [fact.what for fact in reading if fact.observer is observer]


def test_the_server_saw_envelopes_by_size_and_class_and_nothing_of_whom() -> None:
    server = [fact for fact in read(whole()) if fact.observer is Observer.SERVER]
    measured = [fact for fact in server if fact.basis is Basis.MEASURED]

    def seen(what: What, count: int, size: int, lives: Lives) -> Fact:
        much = {"envelopes": count, "size": size, "bytes": count * size}
        return Fact(Observer.SERVER, what, much, lives, Basis.MEASURED)

    assert measured == [
        seen(What.SENT_LIVE, 3, 1024, Lives.DELIVERY),
        seen(What.SENT_DURABLE, 1, 1024, Lives.PICK_UP),
        seen(What.SENT_LIVE, 1, 8192, Lives.DELIVERY),
        seen(What.RECEIVED_DURABLE, 1, 1024, Lives.PICK_UP),
        seen(What.RECEIVED_LIVE, 1, 8192, Lives.DELIVERY),
        Fact(Observer.SERVER, What.RELAY_ASKED, {"times": 1}, Lives.CREDENTIAL, Basis.MEASURED),
    ]
    assert [fact.what for fact in server if fact.basis is Basis.KNOWN] == [
        What.DEVICE_CONNECTED,
        What.DAY_SEEN,
        What.TIMES_AND_ADDRESSES,
        What.NOT_WHO,
    ]


def test_the_relay_saw_bytes_time_and_addresses() -> None:
    bytes_seen, addresses = [f for f in read(whole()) if f.observer is Observer.RELAY]
    assert bytes_seen.much == {"sent": 900_000, "received": 800_000, "seconds": 12}
    assert (bytes_seen.lives, bytes_seen.basis) == (Lives.CALL, Basis.MEASURED)
    assert (addresses.what, addresses.basis) == (What.RELAY_ADDRESSES, Basis.KNOWN)


def test_without_media_the_relay_saw_nothing() -> None:
    assert of(read(Meter()), Observer.RELAY) == [What.NO_RELAY]
    assert of(read(Meter()), Observer.NETWORK) == []


def test_the_contact_saw_the_address_only_if_it_was_told() -> None:
    meter = whole()
    assert of(read(meter), Observer.CONTACT) == [
        What.YOU_CALLED,
        What.ACCOUNT_AND_DEVICE,
        What.VIDEO,
        What.NO_ADDRESS,
    ]
    meter.carry(Carried(direct_sent=5, direct_received=7, address_told=True))
    assert of(read(meter, Side.ANSWERED), Observer.CONTACT)[0] is What.YOU_ANSWERED
    assert of(read(meter), Observer.CONTACT)[-1] is What.ADDRESS
    assert What.MEDIA_DIRECT in of(read(meter), Observer.NETWORK)
    assert What.VIDEO not in of(read(meter, answered=False), Observer.CONTACT)
    voice = meter.read(Side.CALLED, video=False, seconds=1, answered=True)
    assert What.VOICE in of(voice, Observer.CONTACT)


def test_the_network_saw_volume_and_time() -> None:
    facts = {f.what: f.much for f in read(whole()) if f.observer is Observer.NETWORK}
    assert facts == {
        What.TLS_TO_SERVER: {"sent": 4 * 1024 + 8192, "received": 1024 + 8192},
        What.MEDIA_TO_RELAY: {"sent": 900_000, "received": 800_000, "seconds": 12},
        What.SOUND_ONE_SIZE: {"packets": 600, "sizes": 1},
    }


def test_sound_of_several_sizes_is_not_called_constant() -> None:
    meter = Meter(carried=Carried(1, 1, 1, sound_packets=9, sound_sizes=3))
    assert of(read(meter), Observer.NETWORK)[-1] is What.SOUND_SIZES


def test_after_a_glare_both_calls_count_as_one() -> None:
    meter, other = whole(), whole()
    meter.take_over(other)
    assert meter.sent[1024, False] == 6
    assert meter.received[8192, False] == 2
    assert meter.relay_asks == 2
    assert meter.carried == RELAYED


def test_every_size_there_is_can_be_counted() -> None:
    meter = Meter()
    for size in BUCKETS:
        meter.left(size, durable=False)
    assert sum(fact.what is What.SENT_LIVE for fact in read(meter)) == len(BUCKETS)


def test_how_long_it_lives_is_what_the_inventory_says() -> None:
    """A server that kept longer would be refused at its start, by the same file."""
    inventory = tomllib.loads((ROOT / "privacy" / "inventory.toml").read_text())
    memory = {entry["name"]: entry["purpose"] for entry in inventory["memory"]}
    assert f"at most {LIVE_S} seconds" in memory["call envelopes"]
    assert f"for {RELAY_MINUTES} minutes" in memory["relay credentials"]
    stored = {(e["table"], e["column"]): e for e in inventory["column"]}
    arrival = stored["envelopes", "arrival_day"]
    assert "after {days} days" in arrival["purpose"]
    assert inventory["retention"][arrival["retention"]]["days"] == DURABLE_DAYS
    assert stored["devices", "last_seen_day"]["retention"] == "device"
    # And nothing else that is kept knows of a call.
    assert not [key for key in stored if "call" in "".join(key)]
