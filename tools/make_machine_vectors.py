"""Write every move of the pure machines, for the browser twin to make the same.

    python tools/make_machine_vectors.py            write the files
    python tools/make_machine_vectors.py --check    exit 1 if a file is not current

In `vectors/`, `machine-call.json` and `machine-contact.json` hold what `tests/core/test_*_table.py`
assert by hand, every state with every event, and little more; `machine-call-board.json` puts each
call state on a board. `machine-*-histories.json` hold random histories on a clock that moves. A row
is

    {"state": name, "event": name, "next": name, "effects": [...]}      or
    {"state": name, "event": name, "misuse": the sentence of the UsageError}

Bytes are hex, sets are lists in the order of their enum, names are as TypeScript spells them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # The scopes are the tests'.
    sys.path.insert(0, str(ROOT))

from tests.core import scopes_call, scopes_contact  # noqa: E402
from tests.core.scopes_call import COMMITMENT, INVITE, VIDEO, VOICE, C, O, P, S  # noqa: E402
from tests.core.scopes_contact import DUE, HASH, T  # noqa: E402

from visavis.core import (  # noqa: E402
    call,
    call_effects,
    call_events,
    call_types,
    contact,
    contact_types,
)
from visavis.core.call_board import (  # noqa: E402
    REMEMBERED_CALLS,
    Board,
    BoardEffect,
    BoardEvent,
    CallWanted,
    Happened,
    InviteArrived,
    LiveCall,
    MissedArrived,
    board_step,
)
from visavis.core.call_types import CalleeLink, CallerLink, Trace  # noqa: E402
from visavis.core.content_records import MaySee  # noqa: E402
from visavis.core.errors import UsageError  # noqa: E402
from visavis.core.ids import AccountId, CallId, Digest  # noqa: E402

Json = dict[str, Any]
Outcome = tuple[Any, tuple[Any, ...]]
Machine = Callable[[Any, Any], Outcome]

VECTORS: Final = ROOT / "vectors"
ABOUT: Final = "Written by tools/make_machine_vectors.py from the machines in src/visavis/core."
SEED: Final = "visavis machine histories 1"
LENGTH: Final = 30
"""Events in one history."""

_OF_A_CALL: Final = (call_types.State, call_types.Link, call_events.Event, call_effects.Effect)
UNIONS: Final[dict[str, tuple[Any, ...]]] = {
    "call": _OF_A_CALL,
    "call-board": (*_OF_A_CALL, BoardEvent, BoardEffect),
    "contact": (contact_types.State, contact_types.Event, contact_types.Effect),
}
RENAMED: Final = {CallerLink: "caller", CalleeLink: "callee"}


def camel(name: str) -> str:
    """Turn `InviteReceived` and `invite_received` into `inviteReceived`."""
    name = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
    return name[0].lower() + name[1:]


KINDS: Final = {
    member: RENAMED.get(member, camel(member.__name__))
    for unions in UNIONS.values()
    for union in unions
    for member in union.__args__
}
"""What is told apart by its kind; other records have their place only."""


def encode(value: Any) -> Any:
    """Return a value as JSON: exact, or not at all."""
    match value:
        case Enum():
            return value.value
        case None | str() | int():
            return value
        case float() if value == int(value * 2) / 2:
            return int(value) if value == int(value) else value
        case bytes():
            return value.hex()
        case frozenset():
            order = [member for member in type(next(iter(value))) if member in value]
            return [encode(member) for member in order]
        case tuple():
            return [encode(item) for item in value]
    if not is_dataclass(value):
        raise TypeError(f"no encoding for {type(value).__name__}")
    kind = KINDS.get(type(value))
    record: Json = {} if kind is None else {"kind": kind}
    return record | {
        camel(field.name): encode(getattr(value, field.name)) for field in fields(value)
    }


def text(document: Mapping[str, Any]) -> str:
    """Return a file: one state, event, row or history a line."""

    def line(value: Any) -> str:
        return json.dumps(value, separators=(", ", ": "), ensure_ascii=True)

    parts = []
    for key, value in document.items():
        match value:
            case dict() if key in {"states", "events"}:
                entries = [f"{line(name)}: {line(entry)}" for name, entry in value.items()]
                parts.append(f"{line(key)}: {{\n  " + ",\n  ".join(entries) + "\n}")
            case list():
                parts.append(f"{line(key)}: [\n  " + ",\n  ".join(map(line, value)) + "\n]")
            case _:
                parts.append(f"{line(key)}: {line(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


class Names:
    """States by name: those of the scope, then those that were reached."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.entries = {name: encode(state) for name, state in scope.items()}
        self._names = {line_of(entry): name for name, entry in self.entries.items()}
        self._counts: dict[str, int] = {}

    def name(self, state: Any) -> str:
        entry = encode(state)
        line = line_of(entry)
        if line not in self._names:
            kind = entry.get("kind", "board")
            self._counts[kind] = self._counts.get(kind, 0) + 1
            name = f"{kind} {self._counts[kind]}"
            self._names[line] = name
            self.entries[name] = entry
        return self._names[line]


def line_of(entry: Any) -> str:
    """Return what two equal entries have in common."""
    return json.dumps(entry, sort_keys=True)


# The three machines


def call_step(state: Any, event: Any) -> Outcome:
    result = call.step(state, event)
    return result.state, result.effects


def contact_step(state: Any, event: Any) -> Outcome:
    result = contact.step(state, event)
    return result.state, result.effects


def on_board(state: Any, event: Any) -> Outcome:
    result = board_step(state, event)
    return result.board, result.effects


ANNA, BEN = AccountId(b"a" * 16), AccountId(b"b" * 16)
LOW, HIGH = CallId(bytes(16)), CallId(b"\xff" * 16)
_BUSY = scopes_call.SMALL_STATES
_FULL = tuple(CallId(number.to_bytes(16, "big")) for number in range(1, REMEMBERED_CALLS + 1))

BOARDS: Final[dict[str, Board]] = {
    "empty": Board(O),
    "one_over": Board(O, None, (LOW,)),
    "many_over": Board(O, None, _FULL),
    **{name: Board(O, LiveCall(ANNA, C, state)) for name, state in _BUSY.items()},
    "ringing_one_over": Board(O, LiveCall(ANNA, C, _BUSY["ringing"]), (LOW,)),
}
_CALLS = {"low": LOW, "this": C, "high": HIGH}
_CONTACTS = {"anna": ANNA, "ben": BEN}
_INVITE: Final = InviteArrived(100, ANNA, P, LOW, VIDEO, COMMITMENT)
BOARD_EVENTS: Final[dict[str, BoardEvent]] = {
    "wanted": CallWanted(100, ANNA, HIGH, VIDEO),
    "wanted_voice": CallWanted(100, ANNA, LOW, VOICE),
    "wanted_traceless": CallWanted(100, ANNA, HIGH, VIDEO, Trace.LEAVE_NONE),
    "wanted_ben": CallWanted(100, BEN, HIGH, VIDEO),
    **{
        f"invite_{which}_{who}_{media}": InviteArrived(100, contact, P, id_, media, COMMITMENT)
        for which, id_ in _CALLS.items()
        for who, contact in _CONTACTS.items()
        for media in (VIDEO, VOICE)
    },
    # Those of a device that lost the live call to a reload: nobody else's counts (CK-380).
    **{
        f"again_{name}": InviteArrived(100, contact, device, LOW, media, COMMITMENT, again)
        for name, contact, device, media, again in (
            ("video", ANNA, P, VIDEO, C),
            ("voice", ANNA, P, VOICE, C),
            ("other_device", ANNA, S, VIDEO, C),
            ("ben", BEN, P, VIDEO, C),
            ("another_call", ANNA, P, VIDEO, HIGH),
        )
    },
    # Of a contact that may see that it rings: it is told so, but not where nothing rings.
    "invite_low_anna_may_see": replace(_INVITE, may_see=MaySee.RINGING),
    "again_may_see": replace(_INVITE, again=C, may_see=MaySee.RINGING),
    "invite_this_other_device": InviteArrived(100, ANNA, S, C, VIDEO, COMMITMENT),
    "invite_this_other_commitment": InviteArrived(100, ANNA, P, C, VIDEO, Digest(b"x" * 32)),
    **{
        f"missed_{which}_{who}": MissedArrived(contact, P, id_, VIDEO)
        for which, id_ in _CALLS.items()
        for who, contact in _CONTACTS.items()
    },
    "missed_this_stranger": MissedArrived(ANNA, S, C, VIDEO),
    **{
        f"anna_{name}": Happened(C, ANNA, event) for name, event in scopes_call.SMALL_EVENTS.items()
    },
    "ours_hang_up": Happened(C, None, scopes_call.SMALL_EVENTS["hang_up"]),
    "ours_decline": Happened(C, None, scopes_call.SMALL_EVENTS["decline"]),
    "ben_cancel": Happened(C, BEN, scopes_call.SMALL_EVENTS["cancel"]),
    "anna_cancel_low": Happened(LOW, ANNA, scopes_call.SMALL_EVENTS["cancel"]),
    "ours_sibling_low": Happened(LOW, None, scopes_call.SMALL_EVENTS["sibling_accepted"]),
}

CALLS: Final[dict[str, call_types.State]] = scopes_call.SMALL_STATES | {
    # Whoever accepts a voice call with a picture has a voice call.
    "ringing_voice": call_types.Ringing(replace(INVITE, media=VOICE), 145),
}
CONTACTS: Final[dict[str, contact_types.State]] = scopes_contact.SMALL_STATES | {
    # Our own link, followed: neither identity hash is lower.
    "requested_own": contact_types.Requested(HASH, HASH, T, DUE),
}

MACHINES: Final[dict[str, tuple[Machine, Mapping[str, Any], Mapping[str, Any]]]] = {
    "call": (call_step, CALLS, scopes_call.SMALL_EVENTS),
    "call-board": (on_board, BOARDS, BOARD_EVENTS),
    "contact": (contact_step, CONTACTS, scopes_contact.SMALL_EVENTS),
}


def attempt(step: Machine, state: Any, event: Any) -> Outcome | str:
    """Return what follows, or the sentence of a misuse."""
    try:
        return step(state, event)
    except UsageError as error:
        return error.detail


def table(machine: str) -> Json:
    """Return every state of a scope with every event."""
    step, states, events = MACHINES[machine]
    names = Names(states)
    rows = []
    for before, state in states.items():
        for name, event in events.items():
            row: Json = {"state": before, "event": name}
            outcome = attempt(step, state, event)
            if isinstance(outcome, str):
                rows.append(row | {"misuse": outcome})
            else:
                after, effects = outcome
                rows.append(row | {"next": names.name(after), "effects": encode(effects)})
    return {
        "about": ABOUT,
        "machine": machine,
        "count": len(rows),
        "states": names.entries,
        "events": {name: encode(event) for name, event in events.items()},
        "rows": rows,
    }


# Histories

HISTORY_EVENTS: Final[dict[str, BoardEvent]] = BOARD_EVENTS | {
    f"{which}_{name}": Happened(id_, ANNA, event)
    for which, id_ in (("low", LOW), ("high", HIGH))
    for name, event in scopes_call.SMALL_EVENTS.items()
}
"""On a board one call follows another, so each of the three has all events."""


class Life(NamedTuple):
    """How many histories, where they begin, what may happen, by how much the clock goes on."""

    histories: int
    start: Any
    events: Mapping[str, Any]
    now: int
    ticks: tuple[int, ...]


_TICKS = (0, 0, 0, 0, 5, 10, 20)
LIVES: Final = {
    "call": Life(100, call_types.Idle(), scopes_call.SMALL_EVENTS, 100, _TICKS),
    "call-board": Life(38, Board(O), HISTORY_EVENTS, 100, _TICKS),
    "contact": Life(
        120, contact_types.Stranger(), scopes_contact.SMALL_EVENTS, 0, (0, 0, 1, 50, 16 * 86_400)
    ),
}


def at(event: Any, now: int) -> Any:
    """Return an event as it is at another time; some have none."""
    if isinstance(event, Happened):
        return replace(event, event=at(event.event, now))
    return replace(event, now=now) if hasattr(event, "now") else event


class Shared:
    """Values by number, each once."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: Any) -> int:
        entry = encode(value)
        number = self._numbers.setdefault(line_of(entry), len(self.entries))
        if number == len(self.entries):
            self.entries.append(entry)
        return number


def leads_on(state: Any, outcome: Outcome | str) -> bool:
    if isinstance(outcome, str) or outcome[0] == state:
        return False
    match outcome[0]:
        case call_types.Ended() | contact_types.Ended() | Board(live=None):
            return False
    return True


def history(machine: str, rng: Random) -> Iterator[tuple[str, int, Outcome | str]]:
    """Yield events, their times and what followed.

    Eleven times in twelve an event is drawn again, up to sixteen times, until one leads on: else
    most histories would soon be over, or stand still.
    """
    step = MACHINES[machine][0]
    life = LIVES[machine]
    state, now = life.start, life.now

    def draw(items: Sequence[Any]) -> Any:
        return items[int(rng.random() * len(items))]  # `random` is the same in every Python

    for _ in range(LENGTH):
        now += draw(life.ticks)
        for _ in range(16 if rng.random() < 11 / 12 else 1):
            name = draw(list(life.events))
            outcome = attempt(step, state, at(life.events[name], now))
            if leads_on(state, outcome):
                break
        yield name, now, outcome
        if not isinstance(outcome, str):
            state = outcome[0]


def histories(machine: str) -> Json:
    """Return random histories: [event, now, state, effects] or [event, now, misuse] a step."""
    rng = Random(f"{SEED} {machine}")
    life = LIVES[machine]
    states, effects = Shared(), Shared()
    start = states.number(life.start)
    lines = []
    for _ in range(life.histories):
        steps: list[list[Any]] = []
        for name, now, outcome in history(machine, rng):
            if isinstance(outcome, str):
                steps.append([name, now, outcome])
            else:
                steps.append([name, now, states.number(outcome[0]), effects.number(outcome[1])])
        lines.append(steps)
    return {
        "about": ABOUT,
        "machine": machine,
        "count": sum(map(len, lines)),
        "start": start,
        "events": {name: encode(event) for name, event in life.events.items()},
        "states": states.entries,
        "effects": effects.entries,
        "histories": lines,
    }


FILES: Final[dict[str, Callable[[], Json]]] = {
    **{f"machine-{machine}.json": partial(table, machine) for machine in MACHINES},
    **{f"machine-{machine}-histories.json": partial(histories, machine) for machine in MACHINES},
}


@cache
def current(name: str) -> str:
    """Return a file as the machines make it today."""
    return text(FILES[name]())


def stale(folder: Path) -> list[str]:
    """Return the names of the files that are not what the machines do today."""
    return [
        name
        for name in FILES
        if not (folder / name).exists() or (folder / name).read_text() != current(name)
    ]


def main(arguments: Sequence[str]) -> int:
    """Write the files, or check them."""
    if "--check" in arguments:
        names = stale(VECTORS)
        for name in names:
            print(f"not current: vectors/{name}: run tools/make_machine_vectors.py")
        return 1 if names else 0
    for name in FILES:
        (VECTORS / name).write_text(current(name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
