"""Readings of the metadata meter: the same counts must read the same in the browser."""

from __future__ import annotations

from core_vector_kit import Json

from visavis.core.meter import Carried, Fact, Meter, Side

CARRIED = (
    Carried(),
    Carried(900_000, 800_000, 61, sound_packets=3000, sound_sizes=1),
    Carried(1, 0, 0),
    Carried(10, 20, 5, 30_000, 40_000, address_told=True, sound_packets=9, sound_sizes=2),
    Carried(address_told=True),
)
COUNTS: tuple[tuple[dict[tuple[int, bool], int], dict[tuple[int, bool], int], int], ...] = (
    ({}, {}, 0),
    ({(1024, False): 3}, {(8192, False): 2, (1024, False): 5}, 1),
    ({(262144, True): 1, (1024, True): 2, (1024, False): 7, (65536, False): 1}, {}, 4),
)


def meter_vectors() -> Json:
    """Every count under every way the call went."""
    readings: list[Json] = []
    for sent, received, asks in COUNTS:
        for carried in CARRIED:
            for side in Side:
                for video, seconds, answered in ((True, 61, True), (False, 0, False)):
                    meter = Meter(relay_asks=asks, carried=carried)
                    meter.sent.update(sent)
                    meter.received.update(received)
                    facts = meter.read(side, video=video, seconds=seconds, answered=answered)
                    readings.append(
                        {
                            "sent": _counts(sent),
                            "received": _counts(received),
                            "relayAsks": asks,
                            "carried": _carried(carried),
                            "side": side.value,
                            "video": video,
                            "seconds": seconds,
                            "answered": answered,
                            "facts": [_fact(fact) for fact in facts],
                        }
                    )
    return {"readings": readings}


def _counts(counts: dict[tuple[int, bool], int]) -> Json:
    return [[size, durable, count] for (size, durable), count in counts.items()]


def _carried(carried: Carried) -> Json:
    return {
        "relaySent": carried.relay_sent,
        "relayReceived": carried.relay_received,
        "relayS": carried.relay_s,
        "directSent": carried.direct_sent,
        "directReceived": carried.direct_received,
        "addressTold": carried.address_told,
        "soundPackets": carried.sound_packets,
        "soundSizes": carried.sound_sizes,
    }


def _fact(fact: Fact) -> Json:
    much = [[name, number] for name, number in fact.much.items()]
    return [fact.observer.value, fact.what.value, much, fact.lives.value, fact.basis.value]
