"""Who sends what does not open in a group call."""

from __future__ import annotations

from visavis.sdk.group_call_unopened import MANY, Unopened


def test_many_in_a_row_and_none_between() -> None:
    book = Unopened()
    for _ in range(MANY - 1):
        book.refused(1, "audio")
    assert not book.leaves()
    book.opened(1, "audio")  # a change of keys, and no more
    book.refused(1, "audio")
    assert not book.leaves()
    for _ in range(MANY - 1):
        book.refused(1, "audio")
    assert book.leaves() == {1}
    book.opened(1, "audio")
    assert not book.leaves()


def test_sound_that_opens_does_not_hide_pictures_that_do_not() -> None:
    book = Unopened()
    for _ in range(MANY):
        book.opened(1, "audio")
        book.refused(1, "video")
        book.refused(2, "audio")
    assert book.leaves() == {1, 2}
    book.gone(1)
    assert book.leaves() == {2}
