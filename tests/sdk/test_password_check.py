"""The shipped list of known passwords and the judgement that a person sees."""

from __future__ import annotations

import random

import pytest

from visavis.core.passwords import SENTENCES, Reason, generate_passphrase
from visavis.sdk.password_check import blocklist, judge


@pytest.mark.parametrize(
    "password",
    [
        "correcthorsebatterystaple",
        "CorrectHorseBatteryStaple",
        "123456789012345",
        "qwertyuiopasdfghjkl",
        "1qaz2wsx3edc4rfv",
        "thisismypassword",
    ],
)
def test_what_attackers_try_first_is_refused_with_the_reason(password: str) -> None:
    judgement = judge(password)
    assert Reason.KNOWN in judgement.verdict.reasons
    assert SENTENCES[Reason.KNOWN] in judgement.sentences


def test_common_ones_are_known_beside_a_second_factor() -> None:
    assert Reason.KNOWN in judge("password", second_factor=True).verdict.reasons
    assert judge("gkr xqpz!w", second_factor=True).verdict.accepted


def test_generated_passphrases_pass() -> None:
    source = random.Random(11)
    for _ in range(100):
        judgement = judge(generate_passphrase(source.randbytes))
        assert judgement.verdict.accepted
        assert judgement.strength == 4


def test_the_list_is_whole_and_its_false_alarms_are_rare() -> None:
    known = blocklist()
    assert known.entries > 340_000
    assert known.false_positive_rate < 1 / 30_000
    source = random.Random(1)
    alarms = sum(source.randbytes(12).hex() in known for _ in range(60_000))
    assert alarms <= 10  # 2 expected


def test_an_empty_and_a_huge_password_are_judged_too() -> None:
    assert judge("").verdict.reasons[0] is Reason.TOO_SHORT
    assert judge("").strength == 0
    assert judge("x" * 100_000).verdict.reasons == (Reason.TOO_LONG,)
