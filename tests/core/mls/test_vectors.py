"""The official vectors, ours for 0xF04D, and that the runner lets nothing through."""

from __future__ import annotations

import copy
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from visavis.testing import mls_vectors
from visavis.testing.mls_vector_element import Element, MismatchError

OFFICIAL = Path(os.environ.get("VISAVIS_VECTORS", "../shared/vectors")) / "mls"
OWN = sorted((Path(__file__).parents[3] / "vectors").glob("mls-f04d-*.json"))
SOME = 8
"""Official elements of each file in `make test`, at most."""
LEAST = {
    "crypto-basics": 7,
    "deserialization": 14,
    "key-schedule": 7,
    "message-protection": 7,
    "messages": 300,
    "passive-client-welcome": 56,
    "psk_secret": 77,
    "secret-tree": 21,
    "transcript-hashes": 7,
    "tree-math": 10,
    "tree-operations": 5,
    "tree-validation": 98,
    "treekem": 77,
    "welcome": 7,
}


def official() -> list[Path]:
    files = sorted((*OFFICIAL.glob("*.json"), *OFFICIAL.glob("*.json.gz")))
    if not files:
        assert os.environ.get("CI") != "true", "CI needs the official vectors"
        pytest.skip("official vectors: not run")
    return files


@pytest.mark.vectors
def test_some_official_vectors_of_each_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a change breaks is broken here as well, sooner; all of them are in `make thorough`."""
    for path in official():
        elements = mls_vectors.load(path)
        assert len(elements) >= LEAST.get(path.name.split(".")[0], 1)
        some = elements[:: -(-len(elements) // SOME)]
        part = tmp_path / path.name.removesuffix(".gz")
        part.write_text(json.dumps(some))
        assert mls_vectors.run_file(part) == (len(some), 0), capsys.readouterr().out


@pytest.mark.long
@pytest.mark.vectors
def test_the_official_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    total = 0
    for path in official():
        count = len(mls_vectors.load(path))
        assert mls_vectors.run_file(path) == (count, 0), capsys.readouterr().out
        total += count
    assert total >= 600


def test_our_own_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = {mls_vectors.kind_of(mls_vectors.load(path)[0]) for path in OWN}
    without = {"tree-math", "deserialization", "messages"}  # these know no suite, or mix several
    assert kinds == set(mls_vectors.KINDS) - without
    assert mls_vectors.main([str(path) for path in OWN]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "34 passed, 0 failed"


def test_the_command() -> None:
    small = next(path for path in OWN if "psk-secret" in path.name)
    done = subprocess.run(
        [sys.executable, "-m", "visavis.testing.mls_vectors", str(small)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "4 passed, 0 failed")


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    "content",
    ["[]", '[{"nobody": "knows"}]', "[7]", "{}", "7", "no json", "[", '[{"a": 1, "a": 1}]'],
)
def test_files_without_a_known_element(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tree-math.json"  # the name does not count
    path.write_text(content)
    assert mls_vectors.main([str(path)]) == 1
    assert last_line(capsys) == "0 passed, 1 failed"


def test_no_file_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mls_vectors.main([]) == 1
    assert last_line(capsys) == "0 passed, 0 failed"
    assert mls_vectors.main([str(tmp_path / "missing.json")]) == 1
    broken = tmp_path / "broken.json.gz"
    broken.write_bytes(gzip.compress(b"[]")[:-4])
    assert mls_vectors.main([str(broken)]) == 1


def test_one_bad_file_spoils_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = next(path for path in OWN if "psk-secret" in path.name)
    bad = tmp_path / "other.json"
    elements = json.loads(good.read_text())
    elements[1]["psk_secret"] = "00" * 48
    elements[2].pop("psks")
    bad.write_text(json.dumps([*elements, 7]))
    assert mls_vectors.main([str(good), str(bad)]) == 1
    assert last_line(capsys) == "6 passed, 3 failed"


def test_gzip_is_told_by_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = next(path for path in OWN if "psk-secret" in path.name)
    path = tmp_path / "anything"
    path.write_bytes(gzip.compress(good.read_bytes()))
    assert mls_vectors.main([str(path)]) == 0
    assert last_line(capsys) == "4 passed, 0 failed"


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Iterate over the places of all plain values and of all fields."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key)
            yield from leaves(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*place, index)
            yield from leaves(inner, (*place, index))


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def kind_of_place(place: tuple[Any, ...]) -> tuple[Any, ...]:
    """Fields that differ only in list indices are of one kind."""
    return tuple("#" if isinstance(key, int) else key for key in place)


def variants(value: Any) -> list[Any]:
    """Return what a plain value may be changed to."""
    if isinstance(value, bool) or value is None:
        return ["00" * 32, 7]
    if isinstance(value, int):
        return [value + 1, str(value), float(value), None]
    if isinstance(value, str):
        hexed = len(value) % 2 == 0 and all(c in "0123456789abcdef" for c in value)
        if not hexed:
            return [value + "x", value[1:], 7]
        return [
            f"{value[:-1]}{int(value[-1:] or '0', 16) ^ 1:x}",
            value + "00",
            value[2:] + "zz",
            7,
        ]
    return [{}, "00"] if isinstance(value, dict) else [[*value, "00"], "00"]


# What nothing in an element vouches for, so that no runner could notice.
UNBOUND: dict[str, set[tuple[Any, ...]]] = {
    # The sender of an Add or Remove leaves no trace in the tree.
    "tree-operations": {("proposal_sender",)},
    # Without PSKs the result depends on nothing but the length of the hash.
    "psk_secret": {("cipher_suite",)},
    # A suite counts only through its KDF and AEAD key sizes here; 1 and 2 are alike.
    "secret-tree": {("cipher_suite",)},
    "transcript-hashes": {("cipher_suite",)},
}
# Structures of random bytes: only their form can be wrong.
FORM_ONLY = {
    "mls_welcome",
    "group_secrets",
    "update_proposal",
    "remove_proposal",
    "pre_shared_key_proposal",
    "re_init_proposal",
    "external_init_proposal",
    "public_message_application",
    "public_message_commit",
    "private_message",
    "public_message_proposal",
}


# Only the first bytes of a ciphertext, as many as the hash has, give the sender data its key.
SAMPLED = ("sender_data", "ciphertext")
# Without it the element is a smaller one, as good as before.
REPEATED = {("leaves", "#", "#"), ("epochs", "#"), ("epochs", "#", "proposals", "#")}


def survivors(element: dict[str, Any], kind: str) -> tuple[int, list[str]]:
    """Change one field of each kind in every way; return (tries, changes that passed)."""
    passed: list[str] = []
    tried = 0
    seen: set[tuple[Any, ...]] = set()
    for place in leaves(element):
        name = kind_of_place(place)
        if name in seen:
            continue
        seen.add(name)
        value = at(element, place)
        changes: list[tuple[str, Any]] = [(repr(v)[:40], v) for v in variants(value)]
        for label, new in changes:
            mutant = copy.deepcopy(element)
            at(mutant, place[:-1])[place[-1]] = new
            tried += 1
            bound = name not in UNBOUND.get(kind, set()) or not isinstance(new, int)
            form = kind == "messages" and name[0] in FORM_ONLY
            value_only = isinstance(new, str) and form and len(new) == len(value)
            if name == SAMPLED and isinstance(new, str):
                continue
            if mls_vectors.check(mutant, kind) is None and bound and not value_only:
                passed.append(f"{kind} {name}: {label}")
        mutant = copy.deepcopy(element)
        del at(mutant, place[:-1])[place[-1]]
        tried += 1
        if mls_vectors.check(mutant, kind) is None and name not in REPEATED:
            passed.append(f"{kind} {name}: dropped")
    mutant = {**element, "surprise": "00"}
    if mls_vectors.check(mutant, kind) is None:
        passed.append(f"{kind}: an unknown field")
    return tried + 1, passed


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.stem)
def test_every_changed_field_of_ours_fails(path: Path) -> None:
    element = mls_vectors.load(path)[-1]
    kind = mls_vectors.kind_of(element)
    assert isinstance(element, dict)
    assert kind is not None
    assert mls_vectors.check(element, kind) is None
    tried, passed = survivors(element, kind)
    assert tried > 8
    assert passed == []


@pytest.mark.long
@pytest.mark.vectors
def test_every_changed_field_of_the_official_fails() -> None:
    total = 0
    for path in official():
        elements = mls_vectors.load(path)
        for element in (elements[0], elements[len(elements) // 2]):
            kind = mls_vectors.kind_of(element)
            assert isinstance(element, dict)
            assert kind is not None
            tried, passed = survivors(element, kind)
            assert passed == [], path.name
            total += tried
    assert total > 600


def test_an_element_reads_by_type() -> None:
    element = Element({"n": 1, "s": "00", "l": [1, None], "h": ["00", None], "o": {}, "x": [[{}]]})
    for read in (
        lambda: element.number("s"),
        lambda: element.text("n"),
        lambda: element.values("n"),
        lambda: element.maybe_numbers("h"),
        lambda: element.maybe_datas("l"),
        lambda: element.datas("h"),
        lambda: element.child("n"),
        lambda: element.grandchildren("l"),
        lambda: element.data("missing"),
        lambda: Element(7),
    ):
        with pytest.raises(MismatchError):
            read()
    assert element.maybe_numbers("l") == [1, None]
    assert element.maybe_datas("h") == [b"\0", None]
    with pytest.raises(MismatchError, match="nobody checked"):
        element.finish()
    element.child("o")
    element.grandchildren("x")
    element.finish()
