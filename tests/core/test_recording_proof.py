"""A recording tells who agreed to what, and nobody can change that story without its being seen."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from tests.core.recorder import AT, BOTH, KEY, PRIVATE, SECRET, SHARE, SOUND, Recorder, whole

from visavis.core import recording_statements as s
from visavis.core.errors import PeerError, UsageError
from visavis.core.ids import Digest
from visavis.core.recording_proof import Proof, prove
from visavis.core.recording_statements import DAY_S
from visavis.core.recording_types import Kind
from visavis.core.vvrec import (
    HEAD,
    MAX_CHUNK,
    Chunk,
    Mark,
    Part,
    Writer,
    open_part,
    read,
    seal_part,
)


def story(proof: Proof) -> dict[str, tuple[list[str], int, bool]]:
    names = {key: name for name, key in KEY.items()}
    return {
        names[one.key]: (sorted(one.granted), one.recorded_ms, proof.is_playable(one, AT))
        for one in proof.members
    }


def test_the_story_of_a_whole_recording() -> None:
    recorder = whole()
    recorder.ends()
    recorder.mark()
    proof = recorder.proof()
    assert proof.ok
    assert (proof.truncated, proof.unproven, proof.ended) == (False, 0, True)
    both = ["audio", "video"]
    assert story(proof) == dict.fromkeys(("anna", "bob", "carl"), (both, 4000, True))
    assert proof.ask == recorder.ask


def test_who_takes_it_back_is_played_no_more() -> None:
    recorder = whole()
    recorder.withdraws("bob")
    recorder.mark()
    proof = recorder.proof()
    assert proof.ok
    assert [one[2] for one in story(proof).values()] == [True, False, True]
    assert {one.withdrawn for one in proof.members} == {None, AT + 60}


def test_a_yes_that_is_taken_back_counts_without_a_mark() -> None:
    recorder = whole()
    recorder.withdraws("bob")
    proof = recorder.proof()
    assert (proof.ok, proof.unproven) == (True, 1)
    assert story(proof)["bob"][2] is False


def test_a_yes_taken_back_in_second_0_stays_so_whatever_stands_behind_the_mark() -> None:
    recorder = whole()
    recorder.withdraws("bob", 0)
    recorder.mark()
    recorder.agrees("bob", "anna", "bob", "carl")
    proof = recorder.proof()
    assert (proof.ok, proof.unproven) == (True, 2)
    assert story(proof)["bob"][2] is False


def test_a_no_counts_without_a_mark_as_its_share_is_gone() -> None:
    recorder = whole()
    recorder.put("bob", s.RecordingRefusal(*recorder.head("bob"), recorder.about))
    proof = recorder.proof()
    assert (proof.ok, proof.unproven) == (True, 1)
    assert story(proof)["bob"] == ([], 4000, False)
    assert [one.refused for one in proof.members] == [False, True, False]
    assert story(proof)["carl"][2] is True


def test_after_its_days_nothing_is_played() -> None:
    proof = whole().proof()
    ends = AT + 30 * DAY_S
    assert [proof.is_playable(one, ends - 1) for one in proof.members] == [True] * 3
    assert [proof.is_playable(one, ends) for one in proof.members] == [False] * 3


def test_a_no_stands_in_it() -> None:
    recorder = Recorder()
    recorder.put("bob", s.RecordingRefusal(*recorder.head("bob"), recorder.about))
    recorder.mark()
    proof = recorder.proof()
    assert proof.ok
    assert [one.refused for one in proof.members] == [False, True]


def test_what_nobody_has_signed_yet_counts_for_nothing() -> None:
    recorder = whole()
    recorder.part("bob")
    proof = recorder.proof()
    assert (proof.ok, proof.unproven) == (True, 1)
    assert story(proof)["bob"][1] == 4000


def test_a_writer_goes_on_where_another_stopped() -> None:
    recorder = whole()
    recorder.writer = Writer(recorder.file, behind=recorder.writer.behind)
    recorder.withdraws("bob")
    recorder.mark()
    assert (recorder.proof().ok, recorder.proof().unproven) == (True, 0)


def test_what_readers_refuse_is_not_counted_as_written() -> None:
    recorder = whole()
    number = recorder.writer.behind[1]
    with pytest.raises(UsageError):
        recorder.writer.put(Part(number, KEY["bob"], Kind.AUDIO, -1, 2000, bytes(20)))
    recorder.part("bob")
    assert recorder.writer.behind[1] == number + 1


def test_what_a_crash_leaves_is_whole_up_to_the_last_mark() -> None:
    recorder = whole()
    size = len(recorder.file.getvalue())
    recorder.part("bob")
    data = recorder.file.getvalue()
    for cut in (size + 1, size + 3, size + 20, len(data) - 1):
        proof = prove(io.BytesIO(data[:cut]))
        assert (proof.ok, proof.truncated) == (True, True)
        assert story(proof)["bob"][1] == 4000


def test_who_comes_has_all_asked_again() -> None:
    recorder = whole()
    four = ("anna", "bob", "carl", "dora")
    recorder.records("anna", "bob", "carl", kinds=frozenset())
    for name in four[1:]:
        recorder.agrees(name, *four)
    recorder.records(*four)
    recorder.part("dora")
    # And a yes stands while members only leave.
    recorder.records("anna", "dora")
    recorder.part("dora")
    recorder.mark()
    proof = recorder.proof()
    assert proof.ok
    assert story(proof)["dora"][1] == 4000


class TestLies:
    """What whoever recorded could write, and sign."""

    @pytest.mark.parametrize(
        ("lie", "said"),
        [
            (lambda r: r.records("anna", "bob", "dora"), "somebody was there who had not agreed"),
            (lambda r: (r.withdraws("bob"), r.part("bob")), "not everybody had agreed"),
            (lambda r: (r.withdraws("bob"), r.part("carl")), "not everybody had agreed"),
            (lambda r: (r.withdraws("bob"), r.records("anna", "bob")), "had not agreed"),
            (lambda r: r.part("dora"), "not everybody had agreed"),
            (lambda r: r.part("bob", Kind.SCREEN), "not everybody had agreed"),
            (lambda r: (r.ends(), r.part("bob")), "not everybody had agreed"),
            (lambda r: r.agrees("dora", "anna", "bob"), "not among whom"),
            (lambda r: r.agrees("anna", "anna", "bob"), "nobody asked for"),
            (
                lambda r: r.agrees("bob", "anna", "bob", kinds=frozenset({Kind.SCREEN})),
                "nobody asked for",
            ),
            (
                lambda r: (
                    r.agrees("bob", "anna", "bob", "carl", kinds=SOUND),
                    r.records("anna", "bob", "carl"),
                ),
                "more was recorded",
            ),
        ],
    )
    def test_what_was_not_agreed_to(self, lie: Callable[[Recorder], Any], said: str) -> None:
        recorder = whole()
        assert recorder.proof().ok, "the control"
        lie(recorder)
        recorder.mark()
        proof = recorder.proof()
        assert proof.altered
        assert any(said in problem for problem in proof.problems), proof.problems

    def test_a_yes_from_another_recording(self) -> None:
        recorder, other = Recorder(), Recorder(call=b"\x02" * 16)
        hashed = recorder.among("anna", "bob")
        share = Digest.sha256(SHARE["bob"])
        grant = s.RecordingGrant(*other.head("bob"), other.about, BOTH, hashed, False, share)
        recorder.put("bob", grant)
        recorder.mark()
        assert recorder.proof().problems == ["it holds a statement about another request"]

    def test_a_yes_that_is_said_twice(self) -> None:
        recorder = Recorder()
        hashed = recorder.among("anna", "bob")
        share = Digest.sha256(SHARE["bob"])
        head = recorder.head("bob")
        grant = s.RecordingGrant(*head, recorder.about, BOTH, hashed, False, share)
        recorder.put("bob", grant)
        recorder.withdraws("bob")
        recorder.put("bob", grant)
        recorder.mark()
        assert "twice, out of order" in recorder.proof().problems[0]

    def test_a_yes_that_anna_wrote_herself(self) -> None:
        recorder = Recorder()
        hashed = recorder.among("anna", "bob")
        share = Digest.sha256(SHARE["bob"])
        grant = s.RecordingGrant(*recorder.head("bob"), recorder.about, BOTH, hashed, False, share)
        recorder.put("anna", grant)  # signed with her key
        recorder.mark()
        assert recorder.proof().problems == ["it holds a statement that nobody signed so"]

    def test_progress_that_another_says(self) -> None:
        recorder = whole()
        members = frozenset({KEY["bob"]})
        progress = s.RecordingProgress(*recorder.head("bob"), recorder.about, BOTH, members)
        recorder.put("bob", progress)
        recorder.mark()
        assert "somebody else than who asked" in recorder.proof().problems[0]

    def test_parts_left_out(self) -> None:
        recorder = whole()
        chunks = [chunk for chunk, _ in read(io.BytesIO(recorder.file.getvalue()))]
        del chunks[next(n for n, one in enumerate(chunks) if isinstance(one, Part))]
        assert "parts are missing, or stand twice" in rewritten(chunks).problems


def rewritten(chunks: list[Chunk]) -> Proof:
    """Return the proof of a file in which Anna signed these anew."""
    file = io.BytesIO()
    writer = Writer(file)
    for chunk in chunks:
        match chunk:
            case Mark():
                writer.mark(PRIVATE["anna"])
            case Part():
                writer._parts = chunk.number
                writer.put(chunk)
            case _:
                writer.put(chunk)
    return prove(io.BytesIO(file.getvalue()))


class TestTampering:
    """What anybody else could do to the file."""

    def test_every_changed_byte_is_seen(self) -> None:
        recorder = whole()
        data = recorder.file.getvalue()
        for at in range(len(data)):
            proof = prove(io.BytesIO(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]))
            # A length that is changed leaves a file that ends in the middle, and nothing signed.
            assert not proof.ok, f"byte {at} of {len(data)}"

    def test_every_chunk_that_is_taken_out_or_doubled_is_seen(self) -> None:
        data = whole().file.getvalue()
        edges = [len(HEAD)]
        while edges[-1] < len(data):
            edges.append(edges[-1] + 4 + int.from_bytes(data[edges[-1] : edges[-1] + 4], "big"))
        pieces = [data[a:b] for a, b in pairwise(edges)]
        for number in range(len(pieces)):
            for times in (0, 2):
                changed = [*pieces[:number], *[pieces[number]] * times, *pieces[number + 1 :]]
                proof = prove(io.BytesIO(HEAD + b"".join(changed)))
                assert not proof.ok, f"chunk {number}, {times} times"

    def test_anothers_mark(self) -> None:
        recorder = whole()
        recorder.part("bob")
        recorder.writer.mark(PRIVATE["bob"])
        assert recorder.proof().altered


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        HEAD,
        HEAD + b"\0\0\0\0",
        HEAD + (MAX_CHUNK + 1).to_bytes(4, "big"),
        HEAD + b"\xff\xff\xff\xff",
        HEAD + b"\0\0\0\1\x80",
    ],
)
def test_what_is_no_recording_is_called_so(data: bytes) -> None:
    proof = prove(io.BytesIO(data))
    assert not proof.ok
    assert not proof.altered
    assert "no proof" in proof.problems[0]


def test_a_recording_without_its_first_statement_has_no_proof() -> None:
    recorder = whole()
    data = recorder.file.getvalue()
    first = 4 + int.from_bytes(data[len(HEAD) : len(HEAD) + 4], "big")
    proof = prove(io.BytesIO(HEAD + data[len(HEAD) + first :]))
    assert "no proof" in proof.problems[0]


class TestParts:
    def test_both_halves_open_it(self) -> None:
        plain = Part(3, KEY["bob"], Kind.AUDIO, 0, 2000, b"some webm")
        about = Digest.sha256(b"ask")
        sealed = seal_part(plain, about, SECRET, SHARE["bob"])
        assert open_part(sealed, about, SECRET, SHARE["bob"]) == b"some webm"
        for other in (
            (sealed, Digest.sha256(b"other"), SECRET, SHARE["bob"]),
            (sealed, about, SHARE["bob"], SHARE["bob"]),
            (sealed, about, SECRET, SHARE["carl"]),
            (replace(sealed, number=4), about, SECRET, SHARE["bob"]),
            (replace(sealed, key=KEY["carl"]), about, SECRET, SHARE["bob"]),
            (replace(sealed, kind=Kind.VIDEO), about, SECRET, SHARE["bob"]),
            (replace(sealed, at=1), about, SECRET, SHARE["bob"]),
            (replace(sealed, sealed=bytes(40)), about, SECRET, SHARE["bob"]),
        ):
            with pytest.raises(PeerError):
                open_part(*other)

    def test_two_parts_of_one_number_are_not_written(self) -> None:
        recorder = whole()
        recorder.parts -= 1
        with pytest.raises(UsageError):
            recorder.part("bob")
