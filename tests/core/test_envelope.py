"""Ids, base64url, addresses and envelopes: sizes, keys, padding, and what printing shows."""

from __future__ import annotations

import contextlib
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.core import base64url, envelope, ids
from visavis.core.address import ContactAddress, check_origin
from visavis.core.envelope import BUCKETS, MAX_CONTENT, OVERHEAD, open_bytes, open_envelope, seal
from visavis.core.errors import PeerError, UsageError
from visavis.core.ids import Capability, FixedBytes, MailboxId, SealKey

MAILBOX = MailboxId(b"m" * 16)
KEY = SealKey(b"k" * 32)
OTHER = SealKey(b"o" * 32)


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (0, 1024),
        (1024 - OVERHEAD, 1024),
        (1024 - OVERHEAD + 1, 8192),
        (8192 - OVERHEAD, 8192),
        (8192 - OVERHEAD + 1, 65536),
        (65536 - OVERHEAD + 1, 262144),
        (MAX_CONTENT, 262144),
    ],
)
def test_an_envelope_is_exactly_a_bucket(content: int, size: int) -> None:
    plain = os.urandom(content)
    sealed = seal(MAILBOX, KEY, plain, os.urandom)
    assert len(sealed) == size == envelope.bucket_for(content)
    assert open_envelope(MAILBOX, {"anna": KEY}, sealed).content == plain


def test_too_large() -> None:
    with pytest.raises(PeerError, match="too_large"):
        seal(MAILBOX, KEY, bytes(MAX_CONTENT + 1), os.urandom)


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=2000), st.binary(max_size=8))
def test_content_that_ends_like_padding_comes_back(content: bytes, tail: bytes) -> None:
    for plain in (content, content + b"\x80" + tail, content + bytes(len(tail)), b"\x80\0"):
        sealed = seal(MAILBOX, KEY, plain, os.urandom)
        assert open_envelope(MAILBOX, {0: KEY}, sealed).content == plain


def test_the_same_content_for_two_mailboxes_is_unrelated() -> None:
    """Equal ciphertext in two mailboxes would be a stored edge (P1)."""
    first, second = (seal(MAILBOX, KEY, b"hello", os.urandom) for _ in range(2))
    assert first != second
    same = sum(a == b for a, b in zip(first, second, strict=True))
    assert same < 40  # 4 of 1,024 bytes agree by chance; the odds of 40 are below 1 in 10**25


def test_which_key_opens_names_the_contact() -> None:
    keys = {f"contact {n}": SealKey.random(os.urandom) for n in range(40)} | {"anna": KEY}
    sealed = seal(MAILBOX, KEY, b"hello", os.urandom)
    assert open_envelope(MAILBOX, keys, sealed).name == "anna"


def test_every_key_is_tried_whoever_sent_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-255: equal work for the first key, the last key and none."""
    tried: list[bytes] = []
    real = envelope._decrypt

    def counting(key: bytes, data: bytes, sealed: bytes) -> bytes | None:
        tried.append(key)
        return real(key, data, sealed)

    monkeypatch.setattr(envelope, "_decrypt", counting)
    keys = {n: SealKey.random(os.urandom) for n in range(10)}
    counts = []
    for key in (keys[0], keys[9], OTHER):
        tried.clear()
        with contextlib.suppress(PeerError):
            open_envelope(MAILBOX, keys, seal(MAILBOX, key, b"x", os.urandom))
        counts.append(len(tried))
    assert counts == [10, 10, 10]


def test_the_number_of_keys_is_bounded() -> None:
    keys = {n: n.to_bytes(32, "big") for n in range(envelope.MAX_SEAL_KEYS + 1)}
    with pytest.raises(UsageError, match="too many"):
        open_envelope(MAILBOX, keys, bytes(1024))


@pytest.mark.parametrize("size", [0, 1, 1023, 1025, 4096, 8191, 262145])
def test_sizes_between_the_buckets_are_refused(size: int) -> None:
    """CK-253."""
    with pytest.raises(PeerError, match="malformed: CK-253"):
        open_envelope(MAILBOX, {0: KEY}, bytes(size))
    with pytest.raises(PeerError, match="malformed: CK-253"):
        open_bytes(KEY, b"", bytes(size))


def test_one_answer_for_every_failure() -> None:
    """CK-254: wrong key, wrong mailbox, any flipped byte and no keys at all are one answer."""
    sealed = seal(MAILBOX, KEY, b"hello", os.urandom)
    assert open_envelope(MAILBOX, {0: KEY}, sealed).content == b"hello"  # the control
    flipped = [
        sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in (0, 12, 500, 1023)
    ]
    attempts = [
        (MAILBOX, {0: OTHER}, sealed),
        (MailboxId(b"x" * 16), {0: KEY}, sealed),
        (MAILBOX, {}, sealed),
        *((MAILBOX, {0: KEY}, bad) for bad in flipped),
    ]
    messages = set()
    for mailbox, keys, data in attempts:
        with pytest.raises(PeerError) as caught:
            open_envelope(mailbox, keys, data)
        messages.add(str(caught.value))
    assert messages == {"decryption: CK-254 no seal key fits, or more than one"}


def test_an_envelope_that_opens_under_two_keys_is_refused() -> None:
    """CK-254. The same key under two names stands in for a crafted ciphertext."""
    sealed = seal(MAILBOX, KEY, b"hello", os.urandom)
    with pytest.raises(PeerError, match="CK-254"):
        open_envelope(MAILBOX, {"anna": KEY, "mallory": KEY}, sealed)


@pytest.mark.parametrize("padded", [bytes(996), b"hi".ljust(996, b"\0"), b"\x81".ljust(996, b"\0")])
def test_bad_padding_is_refused(padded: bytes) -> None:
    """CK-256."""
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(KEY).encrypt(nonce, padded, MAILBOX)
    with pytest.raises(PeerError, match="decryption: CK-256"):
        open_envelope(MAILBOX, {0: KEY}, sealed)
    good = nonce + AESGCM(KEY).encrypt(nonce, b"hi\x80".ljust(996, b"\0"), MAILBOX)
    assert open_envelope(MAILBOX, {0: KEY}, good).content == b"hi"


def test_seal_bytes_binds_any_associated_data() -> None:
    sealed = envelope.seal_bytes(KEY, b"epoch 3", b"commit", os.urandom)
    assert open_bytes(KEY, b"epoch 3", sealed) == b"commit"
    assert len(sealed) in BUCKETS
    for key, data in ((KEY, b"epoch 4"), (OTHER, b"epoch 3")):
        with pytest.raises(PeerError, match="CK-254"):
            open_bytes(key, data, sealed)
    with pytest.raises(UsageError):
        envelope.seal_bytes(b"short", b"", b"", os.urandom)


def test_printing_shows_three_bytes_of_an_id_and_none_of_a_secret() -> None:
    kinds = [
        kind
        for kind in vars(ids).values()
        if isinstance(kind, type) and issubclass(kind, FixedBytes) and kind is not FixedBytes
    ]
    assert len(kinds) > 10
    for kind in kinds:
        value = kind.random(os.urandom)
        secret = issubclass(kind, ids.Secret32 | ids.Nonce32)
        shown = f"{value!r} {value} {value:}"
        assert value[:4].hex() not in shown
        assert (value[:3].hex() in shown) is not secret
        assert len(value) == kind.LENGTH
        for wrong in (b"", value[:-1], value + b"x"):
            with pytest.raises(PeerError, match="malformed"):
                kind(wrong)


def test_an_address_prints_no_secret_and_opened_content_not_at_all() -> None:
    address = ContactAddress("https://a.example", MAILBOX, Capability(b"c" * 32), KEY)
    assert b"k".hex() * 4 not in repr(address)
    assert b"c".hex() * 4 not in repr(address)
    opened = open_envelope(MAILBOX, {0: KEY}, seal(MAILBOX, KEY, b"canary", os.urandom))
    assert "canary" not in repr(opened)


ORIGINS = [
    "https://a.example",
    "https://a.example:8443",
    "http://127.0.0.1:8420",
    "http://localhost:8420",
    "https://[::1]:8443",
    "https://xn--bcher-kva.example",
]
NOT_ORIGINS = [
    "",
    "https://",
    "https://a.example/",
    "https://a.example/path",
    "https://a.example?x",
    "https://a.example#x",
    "https://user@a.example",
    "https://A.example",
    "HTTPS://a.example",
    "ftp://a.example",
    "https://a.example:443",
    "http://a.example:80",
    "https://a.example:0443",
    "https://a.example:0",
    "https://a.example:65536",
    "https://a.example:",
    "https://a..example",
    "https://-a.example",
    "https://a.example.",
    "https://127.0.0.01",
    "https://256.0.0.1",
    "https://1.2.3",
    "https://[::0001]",
    "https://[zz]",
    "https://[1:2]",
    "https://[::1::2]",
    "https://[1.2.3.4]",
    "https://b\u00fccher.example",
    "https://a.example\n",
    " https://a.example",
    "https://a_b.example",
    "https://" + "a." * 130 + "example",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_an_address_round_trips(origin: str) -> None:
    address = ContactAddress(check_origin(origin), MAILBOX, Capability(b"c" * 32), KEY)
    assert ContactAddress.from_cbor(address.to_cbor()) == address


@pytest.mark.parametrize("origin", NOT_ORIGINS)
def test_what_is_no_origin(origin: str) -> None:
    """CK-251."""
    raw = ContactAddress("https://a.example", MAILBOX, Capability(b"c" * 32), KEY).to_cbor()
    with pytest.raises(PeerError, match="CK-251"):
        ContactAddress.from_cbor(raw | {"o": origin})
    with pytest.raises(PeerError, match="CK-251"):
        check_origin(origin)


def test_an_address_is_strict() -> None:
    raw = ContactAddress("https://a.example", MAILBOX, Capability(b"c" * 32), KEY).to_cbor()
    for bad in ({"x": 1}, {"m": b"short"}, {"m": "text"}, {"o": 1}, {"s": None}):
        with pytest.raises(PeerError, match="malformed"):
            ContactAddress.from_cbor(raw | bad)
    for key in raw:
        with pytest.raises(PeerError, match="malformed"):
            ContactAddress.from_cbor({k: v for k, v in raw.items() if k != key})
    with pytest.raises(PeerError, match="malformed"):
        ContactAddress.from_cbor([])


def test_nothing_is_sent_to_a_server_that_a_contact_chose() -> None:
    """CK-252: it would see our IP address, and aim our requests at hosts of its choice."""
    address = ContactAddress("https://a.example", MAILBOX, Capability(b"c" * 32), KEY)
    assert address.require_server("https://a.example") is address
    for own in ("https://b.example", "http://a.example", "https://a.example:8443"):
        with pytest.raises(PeerError, match="refused: CK-252"):
            address.require_server(own)


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=80))
def test_base64url_round_trip(data: bytes) -> None:
    text = base64url.encode(data)
    assert "=" not in text
    assert base64url.decode(text, len(data)) == data


@pytest.mark.parametrize(
    "text", ["A", "AB", "AA==", "AA=", "A A", "AA\n", "A+", "A/", "\u0661A", "AAAAA"]
)
def test_base64url_is_strict(text: str) -> None:
    with pytest.raises(PeerError, match="malformed"):
        base64url.decode(text)
    assert base64url.decode("AA") == b"\0"  # the control


def test_base64url_checks_the_length() -> None:
    with pytest.raises(PeerError, match="expected 2"):
        base64url.decode("AA", 2)
