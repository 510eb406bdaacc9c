"""Real-time text: whatever is written and however blocks travel, both ends read the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.realtime_text import (
    BLOCK_EVERY_S,
    BLOCK_LENGTH,
    LINGER,
    MAX_LINE,
    MAX_LINES,
    MAX_WAITING,
    ROOM,
    RealtimeText,
)


def pair() -> tuple[RealtimeText, RealtimeText]:
    """Two ends, the first of which has the text open."""
    anna, bob = RealtimeText(), RealtimeText()
    anna.open()
    return anna, bob


def beat(anna: RealtimeText, bob: RealtimeText, times: int = 1) -> None:
    """Let both send a block that arrives, so many times."""
    for _ in range(times):
        for one, other in ((anna, bob), (bob, anna)):
            block = one.next_block()
            if block is not None:
                other.receive(block)


def texts(end: RealtimeText, who: str) -> list[str]:
    return [line.text for line in end.lines if line.who == who]


def test_one_block_shows_what_was_typed_before_the_line_is_finished() -> None:
    anna, bob = pair()
    anna.type("Hel")
    beat(anna, bob)
    assert (anna.own, bob.theirs) == ("Hel", "Hel")
    anna.type("lo\n")
    beat(anna, bob)
    assert bob.theirs == ""
    assert texts(bob, "theirs") == texts(anna, "own") == ["Hello"]


def test_typing_reaches_the_other_side_within_half_a_second_also_if_a_block_is_lost() -> None:
    """In blocks, for nobody has a stopwatch: the next one, or the one after it."""
    anna, bob = pair()
    anna.type("first")
    assert anna.next_block() is not None  # lost
    anna.type(" second")
    block = anna.next_block()
    assert block is not None
    bob.receive(block)
    assert bob.theirs == "first second"
    assert 2 * BLOCK_EVERY_S <= 0.5


def test_every_block_has_one_size_and_comes_written_in_or_not() -> None:
    anna, bob = pair()
    sizes = []
    for text in ("", "a", "x" * 400, "", "日本" * 90, "\n"):
        anna.type(text)
        block = anna.next_block()
        assert block is not None
        sizes.append(len(block))
        bob.receive(block)
    assert sizes == [BLOCK_LENGTH] * 6


def test_nothing_is_sent_before_somebody_opens_it() -> None:
    anna, bob = RealtimeText(), RealtimeText()
    anna.type("written early")
    assert anna.next_block() is None
    anna.open()
    block = anna.next_block()
    assert block is not None
    assert bob.next_block() is None
    assert bob.receive(block).opened
    assert bob.theirs == "written early"
    assert bob.next_block() is not None  # answers, so that it is known to have arrived
    assert not bob.is_open


def test_it_falls_silent_when_both_have_closed_it_and_both_know() -> None:
    anna, bob = pair()
    beat(anna, bob)
    bob.open()
    beat(anna, bob)
    assert bob.is_open_there
    assert anna.is_open_there
    anna.close()
    beat(anna, bob, 3)
    assert anna.speaks  # for bob has it open
    assert not bob.is_open_there
    bob.type("last words\n")
    bob.close()
    beat(anna, bob, LINGER + 2)
    assert not anna.speaks
    assert not bob.speaks
    assert texts(anna, "theirs") == ["last words"]
    assert anna.next_block() is None
    anna.open()  # and again
    block = anna.next_block()
    assert block is not None
    assert bob.receive(block).opened


@pytest.mark.parametrize("lost", [0, 1, LINGER - 1, 40])
def test_closing_is_heard_of_in_the_end_however_much_was_lost(lost: int) -> None:
    anna, bob = pair()
    bob.open()
    beat(anna, bob, 2)
    anna.close()
    for _ in range(lost):
        anna.next_block()
    bob.close()
    for _ in range(60):
        for one, other in ((anna, bob), (bob, anna)):
            block = one.next_block()
            if block is not None:
                other.receive(block)
    assert not anna.speaks
    assert not bob.speaks


def test_a_backspace_takes_back_one_character_and_never_a_finished_line() -> None:
    anna, bob = pair()
    anna.type("one\ntwo")
    beat(anna, bob)
    anna.erase(99)
    beat(anna, bob)
    assert (anna.own, bob.theirs) == ("", "")
    assert texts(bob, "theirs") == ["one"]
    anna.erase()
    beat(anna, bob)
    assert texts(bob, "theirs") == ["one"]


def test_what_was_taken_back_before_it_was_sent_never_leaves() -> None:
    anna, bob = pair()
    anna.type("I secret")
    anna.erase(len("secret"))
    anna.type("see")
    block = anna.next_block()
    assert block is not None
    assert b"secret" not in block
    bob.receive(block)
    assert bob.theirs == "I see"


def test_rewriting_sends_the_difference() -> None:
    anna, bob = pair()
    anna.type("I wnat tea")
    beat(anna, bob, 2)
    anna.rewrite("I want tea")
    assert anna.waiting == 2 * len("nat tea")
    beat(anna, bob)
    assert (anna.own, bob.theirs) == ("I want tea", "I want tea")


def test_controls_are_neither_sent_nor_shown_ck_693() -> None:
    anna, bob = pair()
    anna.type("a\x07\x1b[31m\u202eb\ufeff\x00c\t\u2066d")
    assert anna.own == "a[31mbc d"
    block = anna.next_block()
    assert block is not None
    # A hostile end sends what ours never would.
    text = "x\x07\x1b\r\ny\u202ez\x08".encode()
    forged = block[:14] + bytes([len(text)]) + text
    bob.receive(forged.ljust(BLOCK_LENGTH, b"\0"))
    assert bob.theirs == "xy"


def test_a_line_too_long_goes_on_in_the_next_one_at_both_ends() -> None:
    anna, bob = pair()
    anna.type("x" * (MAX_LINE + 1))
    anna.erase()
    beat(anna, bob, 40)
    assert texts(anna, "own") == texts(bob, "theirs") == ["x" * MAX_LINE]
    assert (anna.own, bob.theirs) == ("", "")


def test_memory_is_bounded() -> None:
    anna, bob = pair()
    for number in range(MAX_LINES + 10):
        anna.type(f"{number}\n")
        beat(anna, bob)
    assert len(bob.lines) == MAX_LINES
    assert bob.lines[-1].number == MAX_LINES + 9
    with pytest.raises(UsageError, match="CK-694"):
        anna.type("x" * (MAX_WAITING + 1))
    assert anna.own == ""


def test_forgetting_leaves_nothing() -> None:
    anna, bob = pair()
    anna.type("one\ntwo")
    beat(anna, bob)
    bob.forget()
    assert (bob.lines, bob.theirs, bob.speaks) == ((), "", False)


def test_nothing_of_it_is_in_a_repr() -> None:
    anna, bob = pair()
    anna.type("secret\nsecret")
    beat(anna, bob)
    assert "secret" not in repr(bob) + repr(bob.lines)


@pytest.mark.parametrize(
    ("at", "value", "check"),
    [
        (0, 0, "CK-690"),
        (0, 2, "CK-690"),
        (1, 4, "CK-690"),
        (6, 1, "CK-692"),
        (10, 1, "CK-692"),
        (14, ROOM + 1, "CK-690"),
        (14, 1, "CK-690"),
        (15, 0xFF, "CK-691"),
        (127, 1, "CK-690"),
    ],
)
def test_hostile_blocks_change_nothing(at: int, value: int, check: str) -> None:
    anna, bob = pair()
    anna.type("ab")
    block = anna.next_block()
    assert block is not None
    bad = bytearray(block)
    bad[at] = value
    for broken in (bytes(bad), block[:-1] if at == 0 else bytes(bad)):
        with pytest.raises(PeerError) as caught:
            bob.receive(broken)
        assert caught.value.code is Code.MALFORMED
    assert caught.value.detail.startswith(check)
    assert (bob.theirs, bob.speaks) == ("", False)
    bob.receive(block)
    assert bob.theirs == "ab"


EDITS = st.one_of(
    st.tuples(st.just("type"), st.text(max_size=60)),
    st.tuples(st.just("type"), st.sampled_from(["\n", "é", "👩\u200d👧", "x" * 300, "\u2028"])),
    st.tuples(st.just("erase"), st.integers(0, 12)),
    st.tuples(st.just("rewrite"), st.text(max_size=30)),
)
MOVES = st.tuples(st.integers(0, 1), st.sampled_from(["edit", "send", "hear", "restart"]), EDITS)


@settings(max_examples=300, deadline=None)
@given(st.lists(MOVES, max_size=60), st.randoms(use_true_random=False))
def test_any_edits_over_any_path_arrive_the_same(moves: list[Any], random: Any) -> None:
    ends = pair()
    ends[1].open()
    wires: tuple[list[bytes], list[bytes]] = ([], [])
    for who, move, (edit, argument) in moves:
        end = ends[who]
        if move == "edit":
            getattr(end, edit)(argument)
        elif move == "send":
            block = end.next_block()
            assert block is not None
            assert len(block) == BLOCK_LENGTH
            wires[1 - who].append(block)
        elif move == "hear" and wires[who]:
            end.receive(random.choice(wires[who]))  # lost, doubled, swapped
        elif move == "restart":
            wires[0].clear()
            wires[1].clear()
    for _ in range(200):
        beat(*ends)
    for one, other in (ends, ends[::-1]):
        assert one.own == other.theirs
        assert texts(one, "own") == texts(other, "theirs")
        assert one.waiting == 0


@settings(max_examples=400, deadline=None)
@given(st.binary(min_size=BLOCK_LENGTH, max_size=BLOCK_LENGTH), st.integers(0, 30))
def test_any_bytes_are_taken_or_refused_and_never_break_it(data: bytes, head: int) -> None:
    anna, bob = pair()
    anna.type("ab")
    block = anna.next_block()
    assert block is not None
    try:
        bob.receive(block[:head] + data[head:])
    except PeerError:
        assert bob.theirs == ""
    bob.receive(block)
