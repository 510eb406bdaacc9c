"""Whole recordings: good ones, what who recorded could lie, and what others could do to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from core_vector_kit import flipped
from tests.core.recorder import BOTH, KEY, PRIVATE, SHARE, SOUND, Recorder

from visavis.core import recording_statements as s
from visavis.core.ids import Digest
from visavis.core.recording_types import Kind
from visavis.core.vvrec import HEAD, MAX_CHUNK

TWO: Final = ("anna", "bob")
FOUR: Final = tuple(PRIVATE)
Story = Callable[[Recorder], object]


def _pair() -> Recorder:
    """Bob agreed; some seconds of him and of Anna."""
    recorder = Recorder()
    recorder.agrees("bob", *TWO)
    recorder.records(*TWO)
    recorder.part("anna")
    recorder.part("bob", Kind.VIDEO)
    recorder.mark()
    return recorder


def _grant(recorder: Recorder, *, clear: bool = False) -> s.RecordingGrant:
    head, hashed = recorder.head("bob"), recorder.among(*TWO)
    share = Digest.sha256(SHARE["bob"])
    return s.RecordingGrant(*head, recorder.about, recorder.ask.kinds, hashed, clear, share)


def _everything() -> Recorder:
    """All kinds, an export in the clear, an end."""
    recorder = Recorder(frozenset(Kind))
    recorder.put("bob", _grant(recorder, clear=True))
    recorder.records(*TWO, kinds=frozenset(Kind))
    for kind in Kind:
        recorder.part("bob", kind)
    recorder.ends()
    recorder.mark()
    return recorder


def _sound() -> Recorder:
    """Bob is heard and not seen; then Anna alone is both."""
    recorder = Recorder()
    recorder.agrees("bob", *TWO, kinds=SOUND)
    recorder.records(*TWO, kinds=SOUND)
    recorder.part("bob")
    recorder.records("anna")
    recorder.part("anna", Kind.VIDEO)
    recorder.mark()
    return recorder


def _comes(recorder: Recorder) -> None:
    recorder.records(*TWO, kinds=frozenset())
    for name in FOUR[1:]:
        recorder.agrees(name, *FOUR)
    recorder.records(*FOUR)
    recorder.part("dora")
    recorder.records("anna", "dora")
    recorder.part("dora")
    recorder.mark()


def _again(recorder: Recorder) -> None:
    recorder.withdraws("bob")
    recorder.agrees("bob", *TWO)
    recorder.records(*TWO)
    recorder.part("bob")
    recorder.mark()


def _refused(recorder: Recorder) -> None:
    recorder.put("bob", s.RecordingRefusal(*recorder.head("bob"), recorder.about))


def _told(*steps: Story) -> bytes:
    recorder = _pair()
    for step in steps:
        step(recorder)
    return recorder.file.getvalue()


def _asked(*steps: Story) -> bytes:
    recorder = Recorder()
    for step in steps:
        step(recorder)
    recorder.mark()
    return recorder.file.getvalue()


def _back(recorder: Recorder) -> None:
    recorder.withdraws("bob")


def _back_in_second_0(recorder: Recorder) -> None:
    recorder.withdraws("bob", 0)


def _yes(recorder: Recorder) -> None:
    recorder.agrees("bob", *TWO)


def _paused(recorder: Recorder) -> None:
    recorder.records(*FOUR, kinds=frozenset())


def _no_of_who_asked(recorder: Recorder) -> None:
    recorder.put("anna", s.RecordingRefusal(*recorder.head("anna"), recorder.about))


def _good() -> Iterator[tuple[str, bytes]]:
    end, mark = Recorder.ends, Recorder.mark
    yield "still running", _told()
    yield "ended", _told(end, mark)
    yield "everything", _everything().file.getvalue()
    yield "sound, then one alone", _sound().file.getvalue()
    yield "nobody has answered", _asked()
    yield "a no", _asked(_refused)
    yield "a no of who asked", _asked(_no_of_who_asked)
    yield "a yes, and nothing recorded", _asked(_yes)
    yield "a yes after a no", _asked(_refused, _yes)
    yield "paused, as somebody comes", _told(_paused, mark)
    yield "a no after a yes", _told(_refused, mark)
    yield "a no after a yes, that nobody marked", _told(_refused)
    yield "a no that nobody marked, and a yes again", _told(_refused, _yes)
    yield "taken back, and marked", _told(_back, mark)
    yield "taken back behind the end", _told(end, mark, _back)
    yield "taken back, and a yes that nobody marked", _told(_back, mark, _yes)
    yield (
        "taken back in second 0, and a yes that nobody marked",
        _told(_back_in_second_0, mark, _yes),
    )
    yield "taken back, and agreed again", _told(_again)
    yield "somebody comes", _told(_comes)
    yield "a part that nobody marked", _told(lambda r: r.part("bob"))


def _more(recorder: Recorder) -> None:
    recorder.agrees("bob", *TWO, kinds=SOUND)
    recorder.records(*TWO)
    recorder.part("bob", Kind.VIDEO)


def _numbered_as_the_request(recorder: Recorder) -> None:
    members = frozenset({KEY["anna"]})
    said = s.RecordingProgress(*recorder.head("anna"), recorder.about, BOTH, members)
    recorder.put("anna", replace(said, number=recorder.ask.number))


def _progress_of_bob(recorder: Recorder) -> None:
    members = frozenset({KEY["bob"]})
    said = s.RecordingProgress(*recorder.head("bob"), recorder.about, BOTH, members)
    recorder.put("bob", said)


def _end_of_bob(recorder: Recorder) -> None:
    recorder.put("bob", s.RecordingEnd(*recorder.head("bob"), recorder.about))


def _of_another_request(recorder: Recorder) -> None:
    other = Recorder(purpose="Something else")
    recorder.put("bob", replace(_grant(recorder), ask=other.about))


def _of_another_call(recorder: Recorder) -> None:
    other = Recorder(call=b"\x02" * 16)
    recorder.put("bob", replace(_grant(recorder), call=other.call))


def _twice(recorder: Recorder) -> None:
    grant = _grant(recorder)
    recorder.put("bob", grant)
    recorder.withdraws("bob")
    recorder.put("bob", grant)


def _second_request(recorder: Recorder) -> None:
    recorder.put("anna", replace(recorder.ask, number=9))


def _numbered(number: int) -> Story:
    def step(recorder: Recorder) -> None:
        # The writer itself would refuse.
        recorder.writer._parts = recorder.parts = number  # noqa: SLF001
        recorder.part("bob")

    return step


def _unannounced(recorder: Recorder) -> None:
    share = Digest.sha256(SHARE["bob"])
    hashed = Digest.sha256(b"whoever")
    head = recorder.head("bob")
    recorder.put("bob", s.RecordingGrant(*head, recorder.about, BOTH, hashed, False, share))


LIES: Final[tuple[tuple[str, Story], ...]] = (
    ("of a kind that nobody agreed to", lambda r: r.part("bob", Kind.SCREEN)),
    ("of somebody who is not there", lambda r: r.part("dora")),
    ("after a yes was taken back", lambda r: (r.withdraws("bob"), r.part("bob"))),
    ("of another, after a yes was taken back", lambda r: (r.withdraws("bob"), r.part("anna"))),
    ("after a no", lambda r: (_refused(r), r.part("bob"))),
    ("after its end", lambda r: (r.ends(), r.part("bob"))),
    ("on without a yes", lambda r: (r.withdraws("bob"), r.records(*TWO))),
    ("two came, nobody asked", lambda r: r.records(*FOUR)),
    ("more than was agreed to", _more),
    ("a yes among others", lambda r: r.agrees("dora", *TWO)),
    ("a yes among nobody knows whom", _unannounced),
    ("a yes of who asked", lambda r: r.agrees("anna", *TWO)),
    ("a yes to more than was asked", lambda r: r.agrees("bob", *TWO, kinds=frozenset(Kind))),
    ("a yes to another request", _of_another_request),
    ("a yes in another call", _of_another_call),
    ("a yes twice", _twice),
    ("a yes that Anna wrote", lambda r: r.put("anna", _grant(r))),
    ("a second request", _second_request),
    ("progress of another", _progress_of_bob),
    ("progress without who asked", lambda r: r.records("bob")),
    ("an end of another", _end_of_bob),
    ("a part left out", _numbered(3)),
    ("a part twice", _numbered(1)),
)
"""What whoever recorded could write, and sign."""


def _pieces(data: bytes) -> list[bytes]:
    edges = [len(HEAD)]
    while edges[-1] < len(data):
        edges.append(edges[-1] + 4 + int.from_bytes(data[edges[-1] : edges[-1] + 4], "big"))
    return [data[a:b] for a, b in pairwise(edges)]


def _tampered() -> Iterator[tuple[str, bytes]]:
    """What anybody else could do to a file."""
    data = _told()
    pieces = _pieces(data)
    names = ["request", "among", "yes", "progress", "part of Anna", "part of Bob", "mark"]
    at = len(HEAD)
    for number, (name, piece) in enumerate(zip(names, pieces, strict=True)):
        before, behind = HEAD + b"".join(pieces[:number]), b"".join(pieces[number + 1 :])
        for place in (3, len(piece) // 2, len(piece) - 1):
            yield f"{name}: byte {place} changed", flipped(data, at + place)
        yield f"{name}: taken out", before + behind
        yield f"{name}: doubled", before + piece * 2 + behind
        for cut in (2, len(piece) // 2):
            yield f"{name}: cut behind {cut} bytes", before + piece[:cut]
        at += len(piece)
    yield "parts swapped", HEAD + b"".join([*pieces[:4], pieces[5], pieces[4], pieces[6]])
    yield "another's mark", _told(lambda r: r.part("bob"), lambda r: r.writer.mark(PRIVATE["bob"]))
    behind = _pieces(_told(lambda r: r.part("bob"), Recorder.mark))
    yield "cut in a part behind a mark", data + behind[7][:50]
    yield "cut in a mark behind a mark", data + behind[7] + behind[8][:-1]
    yield "something behind a mark", data + b"\0\0\0\1\x80"
    yield "two in one", data + data


OTHERS: Final = (
    ("nothing", b""),
    ("something else", b"RIFF"),
    ("another version", HEAD[:-1] + b"\2"),
    ("a head alone", HEAD),
    ("no length", HEAD + b"\0\0\0\0"),
    ("a length beyond", HEAD + (MAX_CHUNK + 1).to_bytes(4, "big")),
    ("the greatest length", HEAD + b"\xff\xff\xff\xff"),
    ("no chunk", HEAD + b"\0\0\0\1\x80"),
)


def files() -> Iterator[tuple[str, bytes]]:
    """Give the name and the bytes of each."""
    yield from _good()
    yield "progress numbered as the request", _asked(_numbered_as_the_request)
    yield from ((name, _told(lie, Recorder.mark)) for name, lie in LIES)
    yield from _tampered()
    yield from OTHERS
