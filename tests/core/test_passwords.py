"""Password rules (R-91; NIST SP 800-63B-4; OWASP ASVS 5.0, 6.2) and the offline list."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core import passwords
from visavis.core.errors import PeerError, UsageError
from visavis.core.passwords import (
    ADVICE_LONGER,
    ADVICE_MIX,
    SENTENCES,
    Blocklist,
    Reason,
    check,
    generate_passphrase,
    normalize,
)


def judge(password: str, **more: object) -> tuple[Reason, ...]:
    return check(password, known=lambda text: text == "correcthorsebattery", **more).reasons  # type: ignore[arg-type]


GOOD = "violet tundra cactus"


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "abd gkr xqp lmw",  # 15 code points, lower case and spaces only: no composition rule
        "832047196538201",  # digits only
        "\u5bc6\u7801\u662f\u5f88\u957f\u7684\u4e00\u53e5\u8bdd\u6ca1\u4eba\u731c\u5f97\u5230\u5417",
        "👋🏽 waves at the 🌊 sea",
        GOOD * 10,  # longer than 64 and not a short unit
        "w" * 5 + "".join(chr(0x100 + 7 * n) for n in range(90)),
    ],
)
def test_accepted(password: str) -> None:
    assert judge(password) == ()


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", Reason.TOO_SHORT),
        ("abd gkr xqp lm", Reason.TOO_SHORT),  # 14
        ("Tr0ub4dor&3", Reason.TOO_SHORT),  # a fine mix, and too short
        ("x" * 1025, Reason.TOO_LONG),
        ("correcthorsebattery", Reason.KNOWN),
        ("CorrectHorseBattery", Reason.KNOWN),
        (" correcthorsebattery ", Reason.KNOWN),
        ("\uff43orrecthorsebattery", Reason.KNOWN),  # a full-width c
        ("aaaaaaaaaaaaaaaaaaaa", Reason.REPEATED),
        ("abababababababababab", Reason.REPEATED),
        ("passpasspasspasspass", Reason.REPEATED),
        ("wrongwrongwrongwrong", Reason.REPEATED),
        ("abcdefghijklmnopqrst", Reason.REPEATED),
        ("98765432109876543210", Reason.REPEATED),
        ("anna.48213anna.48213", Reason.CONTEXT),
        ("VisavisVisavisAnna!1", Reason.CONTEXT),
    ],
)
def test_refused_with_the_reason(password: str, reason: Reason) -> None:
    assert reason in judge(password, context=["anna.48213", "Anna"])
    assert SENTENCES[reason]


def test_lengths_are_counted_in_code_points_after_nfkc() -> None:
    assert judge("e\u0301bd gkr xqp lmw") == ()  # e and accent are one
    assert judge("e\u0301bd gkr xqp lm") == (Reason.TOO_SHORT,)
    assert judge("\ufb00bd gkr xqp lm") == ()  # one ligature is two letters
    assert normalize("e\u0301 \uff21") == "\u00e9 A"


def test_eight_beside_a_second_factor() -> None:
    assert judge("gkr xqpz", second_factor=True) == ()
    assert judge("gkr xqp", second_factor=True) == (Reason.TOO_SHORT,)
    assert judge("gkr xqpz") == (Reason.TOO_SHORT,)


def test_names_in_a_long_password_are_no_reason() -> None:
    assert judge("anna likes tundra cactus", context=["anna.48213"]) == ()
    assert judge("ann ann tundra violet", context=["ann"]) == ()


def test_the_mix_is_advice_and_refuses_nothing() -> None:
    plain = check("violet tundra cactus lamp", known=lambda _: False)
    assert plain.accepted
    assert ADVICE_MIX in plain.advice
    mixed = check("violet tundra 88 cactus lamp", known=lambda _: False)
    assert mixed.advice == ()
    short = check("violet tundr 88!", known=lambda _: False)
    assert short.accepted
    assert short.advice == (ADVICE_LONGER,)
    plain.require()
    with pytest.raises(PeerError, match="weak_password: too_short") as caught:
        check("short canary", known=lambda _: False).require()
    assert "canary" not in str(caught.value)


def test_passphrases() -> None:
    phrases = {generate_passphrase(os.urandom) for _ in range(50)}
    assert len(phrases) == 50
    for phrase in phrases:
        assert judge(phrase) == ()
        assert len(phrase.split("-")) == passwords.DEFAULT_WORDS
    assert generate_passphrase(bytes) == "-".join(["abandon"] * 6)
    assert generate_passphrase(lambda n: b"\xff" * n).startswith("zoo-")
    with pytest.raises(UsageError):
        generate_passphrase(os.urandom, 4)


@settings(deadline=None)  # a busy machine is no failure
@given(st.sets(st.text(max_size=20), max_size=60))
def test_the_filter_never_misses(entries: set[str]) -> None:
    built, data = Blocklist.build(entries, 256)
    loaded = Blocklist(data)
    for entry in entries:
        assert entry in built
        assert entry in loaded
    assert loaded.entries == len(entries)


def test_false_alarms_are_as_rare_as_computed() -> None:
    source = random.Random(5)
    names = [source.randbytes(9).hex() for _ in range(22_000)]
    built, data = Blocklist.build(names[:2000], 2500)
    assert len(data) == 2510
    rate = sum(name in built for name in names[2000:]) / 20_000
    assert 0.3 < rate / built.false_positive_rate < 3


@pytest.mark.parametrize("data", [b"", b"VVBF\x01\x05\0\0\0\0", b"XXXX\x01" + bytes(20)])
def test_a_damaged_filter_is_no_filter(data: bytes) -> None:
    with pytest.raises(UsageError):
        Blocklist(data)
