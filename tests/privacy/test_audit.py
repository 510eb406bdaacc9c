"""The audit finds what it must on the leaky twin, and nothing in noise."""

from __future__ import annotations

import base64
import os
import random
import sqlite3
from pathlib import Path

import pytest

from visavis.testing.audit import leaky
from visavis.testing.audit.attacks import (
    CONTROL,
    PAIR_ATTACKS,
    allowed_score,
    chance_of,
    degree_score,
    degrees,
    top_guess,
)
from visavis.testing.audit.holdings import SECONDS_A_DAY, collect
from visavis.testing.audit.needles import Needle, disguises, finest_times, search
from visavis.testing.audit.report import Planted, audit
from visavis.testing.audit.scan import Scanner

DAY = 1_790_000_000 // SECONDS_A_DAY * SECONDS_A_DAY


def small_world(people: int = 80, seed: int = 7) -> dict[str, frozenset[str]]:
    rng = random.Random(seed)
    friends: dict[str, set[str]] = {f"person-{n}": set() for n in range(people)}
    names = list(friends)
    for a in names:
        for b in rng.sample(names, rng.randint(1, 4)):
            if a != b:
                friends[a].add(b)
                friends[b].add(a)
    return {name: frozenset(f) for name, f in friends.items()}


def needles() -> tuple[Needle, ...]:
    return (
        Needle.text("handle", "handle of anna", "anna.48213"),
        Needle("call id", "call 1", bytes(range(100, 116))),
        *Needle.address("anna's address", "203.0.113.77"),
        *Needle.address("bert's address", "2001:db8::1234:77"),
        *Needle.time("call start", 1_790_003_724.25),
        Needle.text("plaintext", "a message", "see you at the old mill"),
        Needle("key", "a seal key", bytes(range(32))),
    )


def test_every_disguise_contains_enough_to_find_it() -> None:
    value = b"anna.48213"
    for name, form in disguises(value).items():
        assert len(form) >= 8, name


FORMS = ("plain", "hex", "HEX", "base64", "base64url")
# Four packed bytes inside other bytes occur by chance; only their hex is long enough to count.
CASES = [(n, f) for n in needles() for f in FORMS if len(n.value) >= 6 or f.lower() == "hex"]


@pytest.mark.parametrize(("needle", "form"), CASES, ids=lambda x: getattr(x, "label", x))
@pytest.mark.parametrize("order", ["raw", "reversed"])
def test_search_finds_each_needle_in_each_disguise(
    tmp_path: Path, needle: Needle, order: str, form: str
) -> None:
    value = needle.value if order == "raw" else needle.value[::-1]
    for lead in (b"", b"1", b"12", b"123"):
        hidden = {
            "plain": lead + value + b"..",
            "hex": lead + value.hex().encode(),
            "HEX": lead + value.hex().upper().encode(),
            "base64": base64.b64encode(lead + value + b"tail"),
            "base64url": base64.urlsafe_b64encode(lead + value + b"tail"),
        }[form]
        (tmp_path / "file.bin").write_bytes(os.urandom(50) + hidden + os.urandom(50))
        assert search(collect(tmp_path), [needle]), lead


def test_short_values_are_found_as_whole_columns(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (a BLOB)")
    connection.execute("INSERT INTO t VALUES (?)", (bytes([203, 0, 113, 77]),))
    connection.commit()
    connection.close()
    packed = [n for n in needles() if n.label == "anna's address packed"]
    assert [hit.where for hit in search(collect(tmp_path), packed)] == ["t.a"]


def test_free_pages_and_write_ahead_log_are_searched(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE t (a TEXT)")
    connection.executemany("INSERT INTO t VALUES (?)", [("see you at the old mill",)] * 500)
    connection.commit()
    connection.execute("DELETE FROM t")
    connection.commit()
    connection.close()
    needle = Needle.text("plaintext", "a message", "see you at the old mill")
    assert search(collect(tmp_path), [needle])


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        (DAY, False),
        (DAY + 1, True),
        (DAY * 1000, False),
        (DAY * 1000 + 60_000, True),
        (float(DAY) + 0.5, True),
        ((DAY + 7) * 1_000_000_000, True),
        (20_000, False),
        ("2026-11-22", False),
        ("2026-11-22T05:31", True),
        (b"key package" + DAY.to_bytes(8, "big"), False),
        (b"key package" + (DAY + 1).to_bytes(8, "big") + b"rest", True),
        (b"key package" + (DAY + 1).to_bytes(4, "big") + b"rest", False),
    ],
)
def test_times_finer_than_a_day(tmp_path: Path, value: float | str | bytes, *, fine: bool) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (?)", (value,))
    connection.commit()
    connection.close()
    os.utime(tmp_path / "x.db", (DAY, DAY))
    assert bool(finest_times(collect(tmp_path))) is fine


def test_modification_times_finer_than_a_day(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"x")
    os.utime(tmp_path / "a.bin", (DAY + 5, DAY + 5))
    (tmp_path / "b.bin").write_bytes(b"x")
    os.utime(tmp_path / "b.bin", (DAY, DAY))
    assert [hit.where.endswith("a.bin") for hit in finest_times(collect(tmp_path))] == [True]


def test_every_attack_succeeds_on_the_twin_and_fails_on_noise(tmp_path: Path) -> None:
    truth = small_world()
    twin = leaky.build(tmp_path / "twin", truth, list(needles()), os.urandom)
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    owners = {os.urandom(16): person for person in truth}
    connection = sqlite3.connect(quiet / "quiet.db")
    connection.execute("CREATE TABLE m (id BLOB PRIMARY KEY, cap BLOB) WITHOUT ROWID")
    connection.executemany(
        "INSERT INTO m VALUES (?, ?)", [(mailbox, os.urandom(32)) for mailbox in owners]
    )
    connection.commit()
    connection.close()
    for name, attack in PAIR_ATTACKS.items():
        leak = top_guess(attack(collect(twin.leaks[name]), twin.owners), truth)
        noise = top_guess(attack(collect(quiet), owners), truth)
        assert leak >= CONTROL, name
        assert noise <= allowed_score(truth), name
    leak = degree_score(degrees(collect(twin.leaks["contact count"]), twin.owners), truth)
    assert leak >= CONTROL
    assert degree_score(degrees(collect(quiet), owners), truth) <= 3 / (len(truth) - 1) ** 0.5
    assert chance_of(truth) < 0.1


def test_the_audit_fails_on_the_leaky_twin_and_passes_on_noise(tmp_path: Path) -> None:
    truth = small_world()
    twin = leaky.build(tmp_path / "twin", truth, list(needles()), os.urandom)
    report = audit([twin.folder], Planted(needles(), twin.owners, truth))
    assert not report.ok
    assert {hit.kind for hit in report.found} >= {"handle", "call id", "time", "key", "plaintext"}
    assert all(not attack.ok for attack in report.attacks)
    assert not report.control_missed

    quiet = tmp_path / "quiet"
    quiet.mkdir()
    (quiet / "noise.bin").write_bytes(os.urandom(200_000))
    os.utime(quiet / "noise.bin", (DAY, DAY))
    report = audit([quiet], Planted(needles(), {os.urandom(16): p for p in truth}, truth))
    assert report.ok, report.as_json()


def test_the_scanner_finds_what_find_finds() -> None:
    rng = random.Random(3)
    content = bytes(rng.randrange(4) for _ in range(40_000))
    patterns = [
        content[at : at + size] for size in (6, 7, 8, 9, 31) for at in range(0, 39_000, 997)
    ] + [rng.randbytes(size) for size in (6, 8, 12) for _ in range(200)]
    patterns += [content[-8:], content[:8], content[-6:]]
    assert set(Scanner(patterns).find(content)) == {p for p in patterns if p in content}
    assert set(Scanner(patterns).find(content[:5])) == set()
