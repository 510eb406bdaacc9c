"""When recordings and consents are forgotten, and what a look every minute costs until then."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sdk.conftest import People
from tests.sdk.recording_room import FakeShares

from visavis.core import recording_statements as s
from visavis.core.ids import CallId, Secret32
from visavis.core.recording_types import Kind
from visavis.sdk.consent_book import KEEP_S, OwnConsents
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.my_consents import MyConsents
from visavis.sdk.recording_means import Answered
from visavis.sdk.recordings import Recordings
from visavis.sdk.recordings_book import Kept

NOW = 1_800_000_000


def request(own: OwnConsent, *, at: int, days: int = 30) -> tuple[s.RecordingAsk, bytes]:
    call = s.call_reference(CallId(bytes(16)))
    ask = s.RecordingAsk(
        call, own.key, 1, at, frozenset({Kind.AUDIO}), "Minutes", s.Place.DEVICE, days,
        s.Recipients.ASKER, False, s.WithdrawBy.APP,
    )  # fmt: skip
    return ask, s.sign_statement(ask, own.private)


async def test_recordings_go_when_their_days_are_over_and_are_not_read_until_then(
    people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await people.sign_up("anna")
    books = anna._session.books
    now = [NOW]
    recordings = Recordings(books.recordings, tmp_path, FakeShares([]), lambda: now[0])
    own = OwnConsent.make(books.rng)
    for days in (1, 3):
        ask, signed = request(own, at=NOW, days=days)
        name, secret = f"{days}.vvrec", Secret32.random(books.rng)
        books.recordings.begun(Kept(s.ask_digest(ask), name, "Choir", secret, signed, own.private))
    recordings.expire_if_due()
    looks = []
    read = s.read_statement
    monkeypatch.setattr(s, "read_statement", lambda data: looks.append(data) or read(data))
    now[0] += s.DAY_S - 1
    recordings.expire_if_due()
    assert not looks
    assert len(books.recordings.all()) == 2
    now[0] += 1
    recordings.expire_if_due()
    assert [kept.file for kept in books.recordings.all()] == ["3.vvrec"]
    now[0] += 2 * s.DAY_S
    recordings.expire_if_due()
    assert books.recordings.all() == []


async def test_the_time_of_a_request_does_not_end_what_is_kept_of_our_answer(
    people: People,
) -> None:
    anna = await people.sign_up("anna")
    books = anna._session.books
    now = [NOW]
    book = OwnConsents(books.store, lambda: now[0])
    mine = MyConsents(book, FakeShares([]), lambda: now[0])
    asker, own = OwnConsent.make(books.rng), OwnConsent.make(books.rng)
    ask, signed = request(asker, at=0)
    refusal = s.RecordingRefusal(ask.call, own.key, 1, NOW, s.ask_digest(ask))
    answer = s.sign_statement(refusal, own.private)
    book.answered(Answered(CallId(bytes(16)), own, signed, answer, None, "Ben", "Ben"))
    mine.expire_if_due()
    assert len(mine.all()) == 1
    now[0] += KEEP_S
    mine.expire_if_due()
    assert mine.all() == []
