"""What is put behind a finished recording: once, whatever a crash leaves, and only behind ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.core.recorder import AT, KEY, PRIVATE, Recorder, whole

from visavis.core import recording_statements as s
from visavis.core.errors import PeerError
from visavis.core.ids import Secret32
from visavis.core.recording_proof import Proof, prove
from visavis.sdk.recording_behind import put_behind

OWN = Secret32(PRIVATE["anna"])


def late(made: Recorder, name: str = "bob", number: int = 9) -> bytes:
    said = s.RecordingWithdrawal(made.call, KEY[name], number, AT + 900, made.about)
    return s.sign_statement(said, PRIVATE[name])


def put(path: Path, statement: bytes) -> bytes:
    with path.open("r+b") as file:
        put_behind(file, statement, OWN)
    return path.read_bytes()


def proof(path: Path) -> Proof:
    with path.open("rb") as file:
        return prove(file)


def withdrawn(path: Path) -> set[str]:
    names = {key: name for name, key in KEY.items()}
    members = proof(path).members
    return {names[one.key] for one in members if one.withdrawn is not None}


@pytest.fixture
def made() -> Recorder:
    return whole()


@pytest.fixture
def path(made: Recorder, tmp_path: Path) -> Path:
    path = tmp_path / "meeting.vvrec"
    path.write_bytes(made.file.getvalue())
    return path


def test_it_stands_behind_all_that_was_there_and_is_signed(made: Recorder, path: Path) -> None:
    before = path.read_bytes()
    after = put(path, late(made))
    assert after.startswith(before)
    told = proof(path)
    assert (told.ok, told.truncated, told.unproven) == (True, False, 0)
    assert withdrawn(path) == {"bob"}
    put(path, late(made, "carl"))
    assert proof(path).ok
    assert withdrawn(path) == {"bob", "carl"}


def test_it_stands_there_once_and_nothing_older_behind_it(made: Recorder, path: Path) -> None:
    """CK-930."""
    after = put(path, late(made))
    assert put(path, late(made)) == after
    assert put(path, late(made, number=8)) == after


def test_whatever_a_crash_leaves_of_it_it_can_be_done_again(made: Recorder, path: Path) -> None:
    before = path.read_bytes()
    after = put(path, late(made))
    for end in range(len(before), len(after)):
        path.write_bytes(after[:end])
        assert put(path, late(made)) == after, end


def test_what_nobody_signed_is_cut_off_and_not_signed_now(made: Recorder, path: Path) -> None:
    marked = path.read_bytes()
    made.part("bob")
    torn = made.file.getvalue()
    path.write_bytes(torn)
    assert proof(path).unproven == 1
    whole_parts = put(path, late(made))
    assert whole_parts.startswith(marked)
    assert not whole_parts.startswith(torn)
    assert proof(path).ok
    # In the middle of that part, too.
    path.write_bytes(torn[:-5])
    assert put(path, late(made)) == whole_parts


def test_behind_a_file_that_was_altered_nothing_is_put(made: Recorder, path: Path) -> None:
    before = path.read_bytes()
    for at in (30, len(before) // 2, len(before) - 3):
        altered = before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :]
        path.write_bytes(altered)
        with pytest.raises(PeerError):
            put(path, late(made))
        assert path.read_bytes() == altered


def test_nor_behind_one_that_somebody_else_signed_or_nobody(made: Recorder, path: Path) -> None:
    before = path.read_bytes()
    with path.open("r+b") as file, pytest.raises(PeerError):
        put_behind(file, late(made), Secret32(PRIVATE["bob"]))
    assert path.read_bytes() == before
    unsigned = Recorder().file.getvalue()
    path.write_bytes(unsigned)
    with pytest.raises(PeerError, match="nobody has signed"):
        put(path, late(made))
    assert path.read_bytes() == unsigned
