"""A recording that is written frame by frame tells its story right, and holds what may be held."""

from __future__ import annotations

import io

import pytest
from tests.core.recorder import KEY, PRIVATE, SECRET, SHARE, SOUND, Recorder
from tests.core.taping import Taping
from tests.core.webm_examples import delta_frame, key_frame

from visavis.core import recording_statements as s
from visavis.core.errors import PeerError, UsageError
from visavis.core.recording_tape import Tape
from visavis.core.recording_types import Kind
from visavis.core.vvrec import open_part
from visavis.core.webm import read_part


def agreed() -> Taping:
    taping = Taping()
    taping.agree("bob", "anna", "bob")
    taping.progress("anna", "bob")
    return taping


def test_the_story_of_a_call_of_two() -> None:
    taping = agreed()
    for name in ("anna", "bob"):
        taping.talk(name, 0, 12_000)
        taping.show(name, 0, 12_000)
    taping.mark()
    head, about = taping.made.head("anna"), taping.made.about
    taping.say("anna", s.RecordingEnd(*head, about), 12_000)
    taping.mark()
    proof = taping.proof()
    assert (proof.ok, proof.ended, proof.unproven, proof.problems) == (True, True, 0, [])
    assert taping.recorded() == {"anna": 24_000, "bob": 24_000}
    for part in taping.parts():
        share = next(SHARE[name] for name, key in KEY.items() if key == part.key)
        media = read_part(open_part(part, taping.made.about, SECRET, share))
        assert media.length == part.length
        with pytest.raises(PeerError):
            open_part(part, taping.made.about, SECRET, SHARE["carl"])


def test_nothing_is_recorded_before_all_said_yes_nor_after_somebody_took_it_back() -> None:
    taping = Taping()
    taping.talk("anna", 0, 6_000)
    assert taping.parts() == []
    taping.agree("bob", "anna", "bob")
    taping.talk("anna", 6_000, 12_000)
    assert taping.parts() == [], "only what we say ourselves begins it"
    taping.progress("anna", "bob", at=12_000)
    taping.talk("bob", 12_000, 13_000)
    head, about = taping.made.head("bob"), taping.made.about
    taping.say("bob", s.RecordingWithdrawal(*head, about), 13_000)
    taping.talk("bob", 13_000, 20_000)
    taping.talk("anna", 13_000, 20_000)
    taping.pause(20_000)
    taping.mark()
    proof = taping.proof()
    assert proof.ok, proof.problems
    assert taping.recorded() == {"anna": 0, "bob": 1_000}
    assert [part.at for part in taping.parts()] == [12_000]


def test_only_the_kinds_and_members_that_are_named() -> None:
    taping = Taping(SOUND)
    taping.agree("bob", "anna", "bob", kinds=SOUND)
    taping.progress("anna", "bob", kinds=SOUND)
    taping.show("bob", 0, 2_000)
    taping.show("bob", 0, 2_000, Kind.SCREEN)
    taping.talk("carl", 0, 2_000)
    taping.frame("bob", Kind.TRANSCRIPT, 0, b"words")
    taping.talk("bob", 0, 2_000)
    taping.pause(2_000)
    taping.mark()
    assert taping.proof().ok
    assert [(part.key, part.kind) for part in taping.parts()] == [(KEY["bob"], Kind.AUDIO)]


def test_of_whom_there_is_no_share_nothing_is_recorded() -> None:
    taping = Taping()
    members = ("anna", "bob", "carl")
    for name in ("bob", "carl"):
        taping.agree(name, *members)
    taping.progress(*members)
    taping.talk("carl", 0, 2_000)
    taping.talk("bob", 0, 2_000)
    taping.share("carl")
    taping.talk("carl", 2_000, 4_000)
    taping.pause(4_000)
    taping.mark()
    assert taping.proof().ok
    assert [(part.key, part.at) for part in taping.parts()] == [
        (KEY["bob"], 0),
        (KEY["carl"], 2_000),
    ]


def test_it_pauses_while_somebody_has_not_agreed_yet() -> None:
    taping = agreed()
    taping.talk("bob", 0, 2_000)
    taping.progress("anna", "bob", kinds=frozenset(), at=2_000)
    taping.talk("bob", 2_000, 4_000)
    taping.share("carl")
    for name in ("bob", "carl"):
        taping.agree(name, "anna", "bob", "carl")
    taping.progress("anna", "bob", "carl", at=4_000)
    taping.talk("bob", 4_000, 5_000)
    taping.talk("carl", 4_000, 5_000)
    taping.pause(5_000)
    taping.mark()
    assert taping.proof().ok, taping.proof().problems
    assert taping.recorded() == {"anna": 0, "bob": 3_000, "carl": 1_000}


def test_a_yes_that_comes_again_cuts_nothing_short() -> None:
    taping = agreed()
    taping.talk("bob", 0, 2_000)
    taping.agree("bob", "anna", "bob")
    taping.talk("bob", 2_000, 4_000)
    taping.pause(4_000)
    assert [part.length for part in taping.parts()] == [4_000]


def test_key_frames_are_wanted_of_tracks_that_wait_for_one() -> None:
    taping = agreed()
    assert taping.tape.waits_for == frozenset()
    taping.frame("bob", Kind.VIDEO, 0, delta_frame())
    taping.frame("anna", Kind.VIDEO, 0, key_frame())
    assert taping.tape.waits_for == {(KEY["bob"], Kind.VIDEO)}


def test_what_belongs_to_another_request_is_not_written() -> None:
    taping, other = agreed(), Recorder(purpose="Something else")
    size = len(taping.file.getvalue())
    with pytest.raises(UsageError):
        taping.say("bob", s.RecordingRefusal(*taping.made.head("bob"), other.about))
    with pytest.raises(UsageError):
        taping.say("anna", taping.made.ask)
    refusal = s.RecordingRefusal(*taping.made.head("bob"), taping.made.about)
    with pytest.raises(UsageError):
        signed = s.sign_statement(refusal, PRIVATE["bob"])
        Tape(io.BytesIO(), signed, secret=SECRET, private=PRIVATE["anna"])
    assert len(taping.file.getvalue()) == size
