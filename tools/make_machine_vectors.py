"""Write every move of the pure machines, for the browser twin to make the same.

    python tools/make_machine_vectors.py            write the files
    python tools/make_machine_vectors.py --check    exit 1 if a file is not current

In `vectors/`, `machine-call.json` and `machine-contact.json` hold what `tests/core/test_*_table.py`
assert by hand, every state with every event, and little more; `machine-call-board.json` puts each
call state on a board. `machine-group-call.json` and `machine-recording.json` have the scopes whose
teeth `tests/core/test_*_mutants.py` show; of the latter `begin` is one more event.
`machine-*-histories.json` hold random histories on a clock that moves. A row is

    {"state": name, "event": name, "next": name, "effects": [...]}      or
    {"state": name, "event": name, "misuse": the sentence of the UsageError}

Names are as TypeScript spells them; `machine_vector_kit.py` says how values are written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
for folder in (str(ROOT), str(ROOT / "tools")):  # The scopes are the tests'.
    if folder not in sys.path:
        sys.path.insert(0, folder)

import machine_vector_kit as kit  # noqa: E402
from tests.core import (  # noqa: E402
    scopes_call,
    scopes_contact,
    scopes_group_call,
    scopes_recording,
)
from tests.core.scopes_call import COMMITMENT, INVITE, VIDEO, VOICE, C, O, P, S  # noqa: E402
from tests.core.scopes_contact import DUE, HASH, T  # noqa: E402

from visavis.core import (  # noqa: E402
    call,
    call_types,
    contact,
    contact_types,
    group_call,
    group_call_types,
    recording_types,
)
from visavis.core.call_board import (  # noqa: E402
    REMEMBERED_CALLS,
    Board,
    BoardEvent,
    CallWanted,
    Happened,
    InviteArrived,
    LiveCall,
    MissedArrived,
    board_step,
)
from visavis.core.call_types import Trace  # noqa: E402
from visavis.core.content_records import MaySee  # noqa: E402
from visavis.core.errors import UsageError  # noqa: E402
from visavis.core.ids import AccountId, CallId, Digest  # noqa: E402

Outcome = tuple[Any, tuple[Any, ...]]
Machine = Callable[[Any, Any], Outcome]

VECTORS: Final = ROOT / "vectors"
ABOUT: Final = "Written by tools/make_machine_vectors.py from the machines in src/visavis/core."
SEED: Final = "visavis machine histories 1"
LENGTH: Final = 30
"""Events in one history."""

# The machines


def call_step(state: Any, event: Any) -> Outcome:
    result = call.step(state, event)
    return result.state, result.effects


def contact_step(state: Any, event: Any) -> Outcome:
    result = contact.step(state, event)
    return result.state, result.effects


def group_call_step(state: Any, event: Any) -> Outcome:
    result = group_call.step(state, event)
    return result.state, result.effects


def recording_step(state: Any, event: Any) -> Outcome:
    result = scopes_recording.step(state, event)
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
    "group-call": (
        group_call_step,
        scopes_group_call.SMALL_STATES,
        scopes_group_call.SMALL_EVENTS,
    ),
    "recording": (
        recording_step,
        scopes_recording.SMALL_STATES,
        scopes_recording.SMALL_EVENTS,
    ),
}


def attempt(step: Machine, state: Any, event: Any) -> Outcome | str:
    """Return what follows, or the sentence of a misuse."""
    try:
        return step(state, event)
    except UsageError as error:
        return error.detail


def table(machine: str) -> kit.Json:
    """Return every state of a scope with every event."""
    step, states, events = MACHINES[machine]
    names = kit.Names(states)
    rows = []
    for before, state in states.items():
        for name, event in events.items():
            row: kit.Json = {"state": before, "event": name}
            outcome = attempt(step, state, event)
            if isinstance(outcome, str):
                rows.append(row | {"misuse": outcome})
            else:
                after, effects = outcome
                rows.append(row | {"next": names.name(after), "effects": kit.encode(effects)})
    return {
        "about": ABOUT,
        "machine": machine,
        "count": len(rows),
        "states": names.entries,
        "events": {name: kit.encode(event) for name, event in events.items()},
        "rows": rows,
    }


# Histories

HISTORY_EVENTS: Final[dict[str, BoardEvent]] = BOARD_EVENTS | {
    f"{which}_{name}": Happened(id_, ANNA, event)
    for which, id_ in (("low", LOW), ("high", HIGH))
    for name, event in scopes_call.SMALL_EVENTS.items()
}
"""On a board one call follows another, so each of the three has all events."""


GROUP_EVENTS: Final = scopes_group_call.SMALL_EVENTS | {
    f"epoch_{epoch}{name}": replace(scopes_group_call.SMALL_EVENTS[f"epoch{name}"], epoch=epoch)
    for epoch in range(7, 11)
    for name in ("", "_a_came", "_last_went", "_lowest_went", "_last_is_another")
}
"""One epoch follows another."""


class Life(NamedTuple):
    """How many histories, where they begin, what may happen, by how much the clock goes on.

    `first`: what happens first, if not anything.
    """

    histories: int
    start: Any
    events: Mapping[str, Any]
    now: float
    ticks: tuple[float, ...]
    first: tuple[str, ...] = ()


_TICKS = (0, 0, 0, 0, 5, 10, 20)
LIVES: Final = {
    "call": Life(100, call_types.Idle(), scopes_call.SMALL_EVENTS, 100, _TICKS),
    "call-board": Life(38, Board(O), HISTORY_EVENTS, 100, _TICKS),
    "contact": Life(
        120, contact_types.Stranger(), scopes_contact.SMALL_EVENTS, 0, (0, 0, 1, 50, 16 * 86_400)
    ),
    # Tenths of a second are no halves of halves: the sums must be the same to the last bit.
    "group-call": Life(
        70, group_call_types.Idle(), GROUP_EVENTS, 100, (0, 0, 0.01, 0.07, 0.1, 0.3, 0.6, 3)
    ),
    "recording": Life(
        40,
        scopes_recording.NotBegun(),
        scopes_recording.LATER_EVENTS,
        100,
        (0, 0.1, 0.7),
        ("begins", "begins_of_four"),
    ),
}


def at(event: Any, now: float) -> Any:
    """Return an event as it is at another time; some have none."""
    if isinstance(event, Happened):
        return replace(event, event=at(event.event, now))
    return replace(event, now=now) if hasattr(event, "now") else event


def leads_on(state: Any, outcome: Outcome | str) -> bool:
    if isinstance(outcome, str) or outcome[0] == state:
        return False
    match outcome[0]:
        case call_types.Ended() | contact_types.Ended() | group_call_types.Outside():
            return False
        case recording_types.CallOver():
            return False
        case Board(live=None):
            return False
    return True


def history(machine: str, rng: Random) -> Iterator[tuple[str, float, Outcome | str]]:
    """Yield events, their times and what followed.

    Eleven times in twelve an event is drawn again, up to sixteen times, until one leads on: else
    most histories would soon be over, or stand still.
    """
    step = MACHINES[machine][0]
    life = LIVES[machine]
    state, now = life.start, life.now

    def draw(items: Sequence[Any]) -> Any:
        return items[int(rng.random() * len(items))]  # `random` is the same in every Python

    for number in range(LENGTH):
        now += draw(life.ticks)
        names = life.first if number == 0 and life.first else tuple(life.events)
        for _ in range(16 if rng.random() < 11 / 12 else 1):
            name = draw(names)
            outcome = attempt(step, state, at(life.events[name], now))
            if leads_on(state, outcome):
                break
        yield name, now, outcome
        if not isinstance(outcome, str):
            state = outcome[0]


def histories(machine: str) -> kit.Json:
    """Return random histories: [event, now, state, effects] or [event, now, misuse] a step."""
    rng = Random(f"{SEED} {machine}")
    life = LIVES[machine]
    states, effects = kit.Shared(), kit.Shared()
    start = states.number(life.start)
    lines = []
    for _ in range(life.histories):
        steps: list[list[Any]] = []
        for name, now, outcome in history(machine, rng):
            if isinstance(outcome, str):
                steps.append([name, kit.encode(now), outcome])
            else:
                after = [states.number(outcome[0]), effects.number(outcome[1])]
                steps.append([name, kit.encode(now), *after])
        lines.append(steps)
    return {
        "about": ABOUT,
        "machine": machine,
        "count": sum(map(len, lines)),
        "start": start,
        "events": {name: kit.encode(event) for name, event in life.events.items()},
        "states": states.entries,
        "effects": effects.entries,
        "histories": lines,
    }


FILES: Final[dict[str, Callable[[], kit.Json]]] = {
    **{f"machine-{machine}.json": partial(table, machine) for machine in MACHINES},
    **{f"machine-{machine}-histories.json": partial(histories, machine) for machine in MACHINES},
}


@cache
def current(name: str) -> str:
    """Return a file as the machines make it today."""
    return kit.text(FILES[name]())


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
