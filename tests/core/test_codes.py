"""Recovery codes, wrapped keys, short strings and safety numbers."""

from __future__ import annotations

import os
import pathlib
import random
from collections import Counter
from importlib import util

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core import sas
from visavis.core.errors import AuthorizationError, PeerError, UsageError
from visavis.core.ids import AccountId, Digest, IdentityKey, Nonce32
from visavis.core.keywrap import OVERHEAD, Purpose, derive_key, unwrap, wrap
from visavis.core.recovery import LOGIN_LABEL, RecoveryCode
from visavis.core.safety_number import Party, check_qr, check_text, safety_number
from visavis.core.words import PHRASE_WORDS, SAS_WORDS

ROOT = pathlib.Path(__file__).resolve().parents[2]
entropies = st.binary(min_size=16, max_size=16)


# Recovery code


@settings(deadline=None)  # a busy machine is no failure
@given(entropies)
def test_a_recovery_code_round_trips(entropy: bytes) -> None:
    code = RecoveryCode(entropy)
    text = code.to_text()
    assert [len(group) for group in text.split("-")] == [4] * 7
    assert not set(text) & set("ILOU")
    assert RecoveryCode.from_text(text) == code


@settings(deadline=None)  # a busy machine is no failure
@given(entropies, st.randoms(use_true_random=False))
def test_a_recovery_code_is_read_as_people_write(entropy: bytes, source: random.Random) -> None:
    code = RecoveryCode(entropy)
    written = "".join(
        source.choice(("", "", " ", "-", "\u2013", "\u00a0", "\n", "_"))
        + source.choice({"0": "0Oo", "1": "1IiLl"}.get(char, char + char.lower()))
        for char in code.to_text().replace("-", "")
    )
    assert RecoveryCode.from_text(f" {written} ") == code
    wide = "".join(chr(ord(char) + 0xFEE0) for char in code.to_text().replace("-", ""))
    assert RecoveryCode.from_text(wide) == code


def test_mistakes_in_a_recovery_code_are_noticed() -> None:
    """One wrong character, or two swapped, pass with odds of 1 in 4,096."""
    source = random.Random(7)
    text = RecoveryCode(b"0123456789abcdef").to_text().replace("-", "")
    passed = tried = 0
    for at in range(len(text)):
        for char in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if char != text[at]:
                tried += 1
                try:
                    RecoveryCode.from_text(text[:at] + char + text[at + 1 :])
                except PeerError as error:
                    assert error.code == "mistyped"  # noqa: PT017 -- most fail, a few may not
                else:
                    passed += 1
    assert tried == 28 * 31
    assert passed <= 3
    for bad in ("", text[:-1], text + "0", text.replace(text[0], "U"), "!" * 28, "\u0660" * 27):
        with pytest.raises(PeerError, match="mistyped"):
            RecoveryCode.from_text(bad)
    assert source


def test_what_comes_of_a_recovery_code() -> None:
    code = RecoveryCode.generate(os.urandom)
    outcomes = {code.entropy, code.wrap_key(), code.login_private_key(), code.login_public_key()}
    assert len(outcomes) == 4
    challenge = os.urandom(32)
    key = Ed25519PublicKey.from_public_bytes(code.login_public_key())
    key.verify(code.sign_challenge(challenge), LOGIN_LABEL + challenge)
    other = RecoveryCode.generate(os.urandom)
    assert other.wrap_key() != code.wrap_key()
    assert code.entropy.hex() not in repr(code)
    with pytest.raises(UsageError):
        RecoveryCode(b"short")


# Wrapped keys


def test_wrapped_keys_open_only_for_their_purpose_and_context() -> None:
    """CK-257: the server cannot pass one wrapped key off as another, nor one account's."""
    secret, payload = os.urandom(64), os.urandom(32)
    wrapped = wrap(Purpose.ROOT_BY_PASSWORD, secret, payload, os.urandom, context=b"a")
    assert len(wrapped) == len(payload) + OVERHEAD
    assert unwrap(Purpose.ROOT_BY_PASSWORD, secret, wrapped, context=b"a") == payload
    attempts = [
        (Purpose.ROOT_BY_RECOVERY, secret, wrapped, b"a"),
        (Purpose.ROOT_BY_PASSWORD, os.urandom(64), wrapped, b"a"),
        (Purpose.ROOT_BY_PASSWORD, secret, wrapped, b"b"),
        (Purpose.ROOT_BY_PASSWORD, secret, wrapped, b""),
        (Purpose.ROOT_BY_PASSWORD, secret, wrapped[:-1], b"a"),
        (Purpose.ROOT_BY_PASSWORD, secret, wrapped[: OVERHEAD - 1], b"a"),
        (Purpose.ROOT_BY_PASSWORD, secret, b"", b"a"),
        (Purpose.ROOT_BY_PASSWORD, secret, bytes([wrapped[0] ^ 1]) + wrapped[1:], b"a"),
    ]
    answers = set()
    for purpose, key, data, context in attempts:
        with pytest.raises(AuthorizationError) as caught:
            unwrap(purpose, key, data, context=context)
        answers.add(str(caught.value))
    assert answers == {"login_failed: CK-257 a wrapped key does not open"}


def test_each_purpose_has_a_key_of_its_own() -> None:
    secret = os.urandom(32)
    assert len({derive_key(secret, purpose) for purpose in Purpose}) == len(Purpose)
    with pytest.raises(UsageError):
        derive_key(secret[:31], Purpose.VAULT_ITEM)


# Short authentication string

A, B, C = (Nonce32(name * 32) for name in (b"a", b"b", b"c"))
AUTHENTICATOR = b"e" * 48


def test_both_sides_of_a_call_read_the_same_words() -> None:
    words = sas.call_words(AUTHENTICATOR, A, B)
    assert words == sas.call_words(AUTHENTICATOR, A, B)
    assert len(words) == 4
    assert set(words) <= set(SAS_WORDS)


def test_everything_goes_into_the_words() -> None:
    """Each of the three inputs changes them; a coincidence has odds of 1 in 4,294,967,296."""
    inputs = [
        (AUTHENTICATOR, A, B),
        (b"f" * 48, A, B),
        (AUTHENTICATOR, C, B),
        (AUTHENTICATOR, A, C),
    ]
    inputs.append((AUTHENTICATOR, B, A))
    assert len({sas.call_words(*each) for each in inputs}) == 5
    with pytest.raises(UsageError):
        sas.call_words(b"short", A, B)


def test_the_words_carry_32_bits() -> None:
    """Over many calls every word comes up in every place, about equally often."""
    seen: list[Counter[str]] = [Counter() for _ in range(4)]
    for number in range(4096):
        words = sas.call_words(AUTHENTICATOR, Nonce32(number.to_bytes(32, "big")), B)
        for place, word in zip(seen, words, strict=True):
            place[word] += 1
    for place in seen:
        assert len(place) == 256
        assert max(place.values()) < 48  # 16 expected; the odds of 48 are below 1 in 10**9


def test_the_reveal_must_fit_the_commitment() -> None:
    """CK-277: without it, whoever reveals last would try nonces until the words match."""
    commitment = sas.commit(A)
    sas.check_reveal(commitment, A)
    for other in (B, Nonce32(b"a" * 31 + b"b")):
        with pytest.raises(PeerError, match="unexpected: CK-277"):
            sas.check_reveal(commitment, other)
    assert commitment != Digest(__import__("hashlib").sha256(A).digest())


def test_the_commitment_is_what_stops_a_search() -> None:
    """The attack that P11 names, on a string of one word: with a free choice of the last nonce it
    succeeds in about 256 tries; bound by the commitment it has one try."""
    target = sas.call_words(AUTHENTICATOR, A, B)[0]
    tries = next(
        n
        for n in range(100_000)
        if sas.call_words(b"m" * 48, Nonce32(n.to_bytes(32, "big")), B)[0] == target
    )
    assert tries < 4096
    found = Nonce32(tries.to_bytes(32, "big"))
    with pytest.raises(PeerError, match="CK-277"):
        sas.check_reveal(sas.commit(C), found)


def test_pairing_digits() -> None:
    parts = {
        "link": b"https://a.example/d#x",
        "existing_device": b"d" * 16,
        "existing_key": b"k" * 32,
        "new_device": b"n" * 16,
        "new_key": b"K" * 32,
    }
    transcript = sas.pairing_transcript(**parts)
    digits = sas.pairing_digits(transcript, A, B)
    assert len(digits) == 6
    assert digits.isdecimal()
    others = {sas.pairing_digits(transcript, A, C), sas.pairing_digits(transcript, C, B)}
    for name, part in parts.items():
        changed = sas.pairing_transcript(**(parts | {name: part[:-1] + b"?"}))
        others.add(sas.pairing_digits(changed, A, B))
    assert digits not in others
    assert len(others) == 7
    shifted = parts | {"link": parts["link"] + b"d", "existing_device": b"d" * 15}
    assert sas.pairing_transcript(**shifted) != transcript


def test_the_words_are_far_apart_in_spelling_and_sound() -> None:
    spec = util.spec_from_file_location("make_words", ROOT / "tools" / "make_words.py")
    assert spec is not None
    assert spec.loader is not None
    tool = util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert len(SAS_WORDS) == len(set(SAS_WORDS)) == 256
    assert list(SAS_WORDS) == tool.choose(list(PHRASE_WORDS))
    assert not set(SAS_WORDS) & tool.LEFT_OUT
    assert tool.distance("kitten", "sitting") == 3
    assert tool.sound("phone") == tool.sound("fone")
    assert tool.sound("back") == tool.sound("bag")
    some = random.Random(3).sample(SAS_WORDS, 40)
    nearest = min(
        min(tool.distance(a, b), tool.distance(tool.sound(a), tool.sound(b)))
        for a in some
        for b in some
        if a != b
    )
    assert nearest >= tool.MIN_DISTANCE


# Safety number

ANNA = Party(AccountId(b"a" * 16), IdentityKey(b"A" * 32))
BERT = Party(AccountId(b"b" * 16), IdentityKey(b"B" * 32))
MALLORY = Party(ANNA.account_id, IdentityKey(b"M" * 32))


def test_both_sides_show_the_same_sixty_digits() -> None:
    anna, bert = safety_number(ANNA, BERT), safety_number(BERT, ANNA)
    assert anna.groups == bert.groups
    assert len(anna.groups) == 12
    assert len(anna.digits) == 60
    assert anna.digits.isdecimal()


def test_somebody_in_the_middle_changes_the_number_on_both_sides() -> None:
    seen = {
        safety_number(ANNA, BERT).digits,
        safety_number(MALLORY, BERT).digits,
        safety_number(ANNA, MALLORY).digits,
        safety_number(ANNA, Party(BERT.account_id, ANNA.identity_key)).digits,
        safety_number(ANNA, Party(ANNA.account_id, BERT.identity_key)).digits,
    }
    assert len(seen) == 5


def test_the_qr_code_is_read_by_the_other_side() -> None:
    shown = safety_number(ANNA, BERT).qr
    check_qr(BERT, ANNA, shown)
    for own, contact in ((ANNA, BERT), (BERT, MALLORY), (MALLORY, ANNA)):
        with pytest.raises(PeerError, match="identity_changed: CK-278"):
            check_qr(own, contact, shown)
    for bad in (b"", shown[:-1], shown + b"x", b"X" + shown[1:]):
        with pytest.raises(PeerError, match="malformed"):
            check_qr(BERT, ANNA, bad)


def test_what_the_qr_code_says_is_read_by_the_other_side() -> None:
    said = safety_number(ANNA, BERT).text
    check_text(BERT, ANNA, f" {said}\n")
    for own, contact in ((ANNA, BERT), (BERT, MALLORY), (MALLORY, ANNA)):
        with pytest.raises(PeerError, match="identity_changed: CK-278"):
            check_text(own, contact, said)
    for bad in ("", said[:-1], said.upper(), said.partition(":")[2], f"{said}A", f"{said}ä"):
        with pytest.raises(PeerError, match="malformed"):
            check_text(BERT, ANNA, bad)
