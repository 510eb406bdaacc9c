"""What others could see of a call, in words: a line for each observer, or every fact (R-37).

Nothing is decided here and nothing is kept: the numbers are `visavis.core.meter`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from visavis.cli.output import Output, plain
from visavis.core.meter import (
    DURABLE_DAYS,
    LIVE_S,
    RELAY_MINUTES,
    Basis,
    Fact,
    Lives,
    Observer,
    Reading,
    What,
)

if TYPE_CHECKING:
    from visavis.sdk.calls import Call

WHATS: Final[dict[What, str]] = {
    What.SENT_LIVE: "{envelopes} sealed envelopes of {size} sent by nobody it knows",
    What.SENT_DURABLE: "{envelopes} sealed envelopes of {size} left for later",
    What.RECEIVED_LIVE: "{envelopes} sealed envelopes of {size} for this device",
    What.RECEIVED_DURABLE: "{envelopes} sealed envelopes of {size} kept for this device",
    What.RELAY_ASKED: "somebody asked for the relay, without a name: {times} times",
    What.DEVICE_CONNECTED: "that this device was connected, and from which network address",
    What.DAY_SEEN: "the day on which this device was last there",
    What.TIMES_AND_ADDRESSES: (
        "times and addresses as they pass: a server changed to watch could match two callers"
    ),
    What.NOT_WHO: "not whom you talked with, who called, or anything that was said",
    What.RELAYED: "{sent} up and {received} down in {seconds}, all of it encrypted",
    What.RELAY_ADDRESSES: "the network addresses of both ends, under a random name",
    What.NO_RELAY: "nothing: no media went through it",
    What.YOU_CALLED: "that you called",
    What.YOU_ANSWERED: "that you answered",
    What.ACCOUNT_AND_DEVICE: "your account, and which of your devices it was",
    What.VOICE: "your voice, {seconds}",
    What.VIDEO: "your voice and picture, {seconds}",
    What.ADDRESS: "your network address: you allowed each other the direct path",
    What.NO_ADDRESS: "not your network address",
    What.TLS_TO_SERVER: "a TLS connection to your server: at least {sent} up, {received} down",
    What.MEDIA_TO_RELAY: "encrypted packets to the relay: {sent} up, {received} down, {seconds}",
    What.MEDIA_DIRECT: "encrypted packets to the other side: {sent} up, {received} down, {seconds}",
    What.SOUND_ONE_SIZE: "{packets} packets of sound, all of one size: speech or silence alike",
    What.SOUND_SIZES: "{packets} packets of sound in {sizes} sizes",
}

LIVES: Final[dict[Lives, str]] = {
    Lives.DELIVERY: f"until delivered, at most {LIVE_S} s, in memory",
    Lives.PICK_UP: f"until picked up, at most {DURABLE_DAYS} days",
    Lives.CREDENTIAL: f"{RELAY_MINUTES} minutes, in memory",
    Lives.CONNECTION: "as long as the connection, in memory",
    Lives.DEVICE: "as long as this device is yours",
    Lives.CALL: "as long as the call; nothing is stored",
    Lives.THEIRS: "as long as they keep it",
    Lives.NEVER: "not seen",
}

OBSERVERS: Final[dict[Observer, str]] = {
    Observer.SERVER: "your server",
    Observer.RELAY: "the relay",
    Observer.CONTACT: "",  # By name.
    Observer.NETWORK: "the network",
}
BASES: Final[dict[Basis, str]] = {Basis.MEASURED: "measured", Basis.KNOWN: "known"}


def show_meter(out: Output, call: Call, *, whole: bool) -> list[dict[str, Any]]:
    """Print what others could see of a call that is over; at most six lines unless `whole`.

    Returns:
        Every fact, for the JSON line.
    """
    reading = call.meter()
    if whole:
        out.table(
            "What others could see of this call",
            ("Who", "What", "How long it lives", "How we know"),
            [_row(fact, call.contact_name) for fact in reading],
        )
    else:
        out.show("[dim]What others could see of this call (all of it: --meter):[/]")
        for who, what in short(reading, call.contact_name):
            out.show(f"[dim]  {plain(who)}: {plain(what)}[/]")
    return [as_json(fact) for fact in reading]


def as_json(fact: Fact) -> dict[str, Any]:
    """Return a fact for scripts."""
    return {
        "observer": fact.observer.value,
        "what": fact.what.value,
        "much": dict(fact.much),
        "lives": fact.lives.value,
        "basis": fact.basis.value,
    }


def short(reading: Reading, contact: str) -> list[tuple[str, str]]:
    """Return a line for each observer: who, and what it saw."""
    facts = {fact.what: fact for fact in reading}
    server = [fact.much for fact in reading if "envelopes" in fact.much]
    envelopes = sum(much["envelopes"] for much in server)
    volume = amount("bytes", sum(much["bytes"] for much in server))
    contents = [What.YOU_CALLED, What.YOU_ANSWERED, What.VOICE, What.VIDEO]
    contents += [What.ADDRESS, What.NO_ADDRESS]
    network = [What.MEDIA_TO_RELAY, What.MEDIA_DIRECT, What.SOUND_ONE_SIZE, What.SOUND_SIZES]
    relay = [What.RELAYED, What.NO_RELAY]
    return [
        (
            OBSERVERS[Observer.SERVER],
            f"{envelopes} sealed envelopes, {volume}, not whom with; gone once delivered",
        ),
        (OBSERVERS[Observer.RELAY], _words(facts, relay)),
        (contact, _words(facts, contents)),
        (OBSERVERS[Observer.NETWORK], _words(facts, network) or "a TLS connection to your server"),
    ]


def _words(facts: Mapping[What, Fact], wanted: list[What]) -> str:
    return "; ".join(words(facts[what]) for what in wanted if what in facts)


def words(fact: Fact) -> str:
    """Return the sentence of a fact with its numbers."""
    return WHATS[fact.what].format(**{name: amount(name, n) for name, n in fact.much.items()})


def amount(name: str, number: int) -> str:
    """Return a number as people read it."""
    if name == "seconds":
        return f"{number // 60}:{number % 60:02}"
    if name in {"bytes", "size", "sent", "received"}:
        if number >= 1024 * 1024:
            return f"{number / 1024 / 1024:.1f} MiB"
        return f"{round(number / 1024)} KiB" if number >= 1024 else f"{number} bytes"
    return str(number)


def _row(fact: Fact, contact: str) -> tuple[str, str, str, str]:
    who = OBSERVERS[fact.observer] or contact
    return who, words(fact), LIVES[fact.lives], BASES[fact.basis]
