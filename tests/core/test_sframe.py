"""SFrame (RFC 9605): header codec, key derivation, ciphers. CK-200 to CK-203."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.core import sframe
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.sframe import SframeKey, decode_header, encode_header

U64 = st.integers(0, sframe.MAX_FIELD)
BASE_KEY = bytes(range(32))


@given(U64, U64)
def test_header_round_trip(kid: int, ctr: int) -> None:
    encoded = encode_header(kid, ctr)
    assert decode_header(encoded + b"rest") == (kid, ctr, len(encoded))


@given(st.binary(max_size=20))
def test_header_that_parses_re_encodes_to_the_same_bytes(data: bytes) -> None:
    try:
        kid, ctr, length = decode_header(data)
    except PeerError:
        return
    assert encode_header(kid, ctr) == data[:length]


@pytest.mark.parametrize(
    ("kid", "ctr", "encoded"),
    [
        (0, 0, "00"),
        (7, 7, "77"),
        (8, 0, "8008"),
        (0, 8, "0808"),
        (255, 256, "89ff0100"),
        (2**64 - 1, 2**64 - 1, "ff" + "ff" * 16),
    ],
)
def test_header_examples(kid: int, ctr: int, encoded: str) -> None:
    assert encode_header(kid, ctr).hex() == encoded


@pytest.mark.parametrize("data", ["", "80", "08", "8908", "f0ffffffffffffff", "8808"])
def test_ck_200_header_cut_short(data: str) -> None:
    with pytest.raises(PeerError, match="CK-200") as caught:
        decode_header(bytes.fromhex(data))
    assert caught.value.code is Code.MALFORMED


@pytest.mark.parametrize("data", ["8007", "8000", "900008", "0807", "890001ff", "09000f"])
def test_ck_201_header_longer_than_needed(data: str) -> None:
    with pytest.raises(PeerError, match="CK-201"):
        decode_header(bytes.fromhex(data))


@pytest.mark.parametrize(("kid", "ctr"), [(-1, 0), (0, -1), (2**64, 0), (0, 2**64)])
def test_header_fields_have_64_bits(kid: int, ctr: int) -> None:
    with pytest.raises(UsageError):
        encode_header(kid, ctr)


def test_mls_kid_examples_of_the_rfc() -> None:
    # RFC 9605, 5.2 and figure: E = 4 for epoch 14, leaf 3; S = 6.
    assert sframe.mls_kid(14, 3, 0, epoch_bits=4, leaf_bits=6) == 0x3E
    assert sframe.mls_kid(16, 2, 3, epoch_bits=4, leaf_bits=6) == 0xC20


@pytest.mark.parametrize(
    ("epoch", "leaf", "context"), [(-1, 0, 0), (0, -1, 0), (0, 64, 0), (0, 0, -1)]
)
def test_mls_kid_out_of_range(epoch: int, leaf: int, context: int) -> None:
    with pytest.raises(UsageError):
        sframe.mls_kid(epoch, leaf, context, epoch_bits=4, leaf_bits=6)


@pytest.mark.parametrize("suite", sorted(sframe.SUITES))
class TestEverySuite:
    def test_round_trip_and_length(self, suite: int) -> None:
        key = SframeKey.derive(suite, 0x123, BASE_KEY)
        parameters = sframe.suite_of(suite)
        assert len(key.key) == parameters.key_length
        for length in (0, 1, 15, 16, 17, 1000):
            frame = random.Random(length).randbytes(length)
            sealed = key.encrypt(7, b"meta", frame)
            assert len(sealed) == len(encode_header(0x123, 7)) + length + parameters.tag_length
            assert key.decrypt(b"meta", sealed) == (7, frame)

    def test_ck_203_every_flipped_bit_is_refused(self, suite: int) -> None:
        key = SframeKey.derive(suite, 0x123, BASE_KEY)
        sealed = key.encrypt(0x4567, b"meta", b"frame")
        assert key.decrypt(b"meta", sealed)[1] == b"frame"
        for position in range(len(sealed) * 8):
            broken = bytearray(sealed)
            broken[position // 8] ^= 1 << position % 8
            with pytest.raises(PeerError) as caught:
                key.decrypt(b"meta", bytes(broken))
            assert caught.value.code in {Code.DECRYPTION, Code.MALFORMED}

    def test_ck_203_cut_short_or_other_metadata(self, suite: int) -> None:
        key = SframeKey.derive(suite, 1, BASE_KEY)
        sealed = key.encrypt(1, b"meta", b"frame")
        for length in range(len(sealed)):
            with pytest.raises(PeerError):
                key.decrypt(b"meta", sealed[:length])
        for metadata in (b"", b"met", b"meta ", b"atem"):
            with pytest.raises(PeerError, match="CK-203"):
                key.decrypt(metadata, sealed)

    def test_ck_203_the_aead_alone(self, suite: int) -> None:
        key, nonce = bytes(sframe.suite_of(suite).key_length), bytes(12)
        sealed = sframe.seal(suite, key, nonce, b"aad", b"frame")
        assert sframe.unseal(suite, key, nonce, b"aad", sealed) == b"frame"
        for broken in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), b"", bytes(3)):
            with pytest.raises(PeerError, match="CK-203"):
                sframe.unseal(suite, key, nonce, b"aad", broken)

    def test_another_key_does_not_open_it(self, suite: int) -> None:
        sealed = SframeKey.derive(suite, 1, BASE_KEY).encrypt(1, b"", b"frame")
        with pytest.raises(PeerError, match="CK-203"):
            SframeKey.derive(suite, 1, BASE_KEY[::-1]).decrypt(b"", sealed)

    def test_kids_and_suites_have_keys_of_their_own(self, suite: int) -> None:
        mine = SframeKey.derive(suite, 1, BASE_KEY)
        assert mine.key != SframeKey.derive(suite, 2, BASE_KEY).key
        assert mine.salt != SframeKey.derive(suite, 2, BASE_KEY).salt
        for other in set(sframe.SUITES) - {suite}:
            theirs = SframeKey.derive(other, 1, BASE_KEY)
            assert mine.key[:16] != theirs.key[:16]
            assert mine.salt != theirs.salt


def test_ck_202_a_frame_that_names_another_key() -> None:
    sealed = SframeKey.derive(5, 1, BASE_KEY).encrypt(1, b"", b"frame")
    with pytest.raises(PeerError, match="CK-202"):
        SframeKey.derive(5, 2, BASE_KEY).decrypt(b"", sealed)


def test_unknown_suite_and_kid_are_our_own_mistake() -> None:
    for suite, kid in ((0, 1), (9, 1), (5, -1), (5, 2**64)):
        with pytest.raises(UsageError):
            SframeKey.derive(suite, kid, BASE_KEY)


def test_no_key_in_a_repr() -> None:
    key = SframeKey.derive(5, 1, BASE_KEY)
    assert repr(key) == "SframeKey(suite=5, kid=1)"
