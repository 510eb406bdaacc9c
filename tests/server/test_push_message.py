"""A push message is what RFC 8291 and RFC 8292 say, and the same for everybody (R-15)."""

from __future__ import annotations

import os

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from tests.server.push_endpoint import Browser, check_vapid, point

from visavis.core import base64url
from visavis.core.errors import Code, PeerError
from visavis.server import push_message

unb = base64url.decode

# RFC 8291, 5 and appendix A.
PLAINTEXT = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
RECEIVER_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
    "lcy4a-fN"
)

# RFC 8292, 2.4.
VAPID_EXAMPLE = (
    "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJl"
    "eHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HL"
    "GkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61"
    "m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
)


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(unb(text), "big"), ec.SECP256R1())


def test_the_example_of_rfc_8291() -> None:
    made = push_message.encrypt(PLAINTEXT, unb(RECEIVER), unb(AUTH), private(SENDER), unb(SALT))
    assert base64url.encode(made) == MESSAGE
    browser = Browser("", private(RECEIVER_PRIVATE), unb(AUTH))
    assert point(browser.key.public_key()) == unb(RECEIVER)
    assert browser.open_message(made) == PLAINTEXT


def test_every_message_says_the_same_in_the_same_length() -> None:
    seen = set()
    for _ in range(20):
        browser = Browser("")
        made = push_message.ring_message(
            point(browser.key.public_key()), browser.auth, os.urandom(16)
        )
        seen.add((len(made), browser.open_message(made)))
        with pytest.raises(InvalidTag):
            Browser("", browser.key, os.urandom(16)).open_message(made)
    assert seen == {(push_message.MESSAGE_BYTES, b"ring")}


def test_two_messages_to_one_browser_look_unrelated() -> None:
    browser = Browser("")
    own = point(browser.key.public_key())
    one, two = [push_message.ring_message(own, browser.auth, os.urandom(16)) for _ in range(2)]
    assert one[:16] != two[:16]
    assert one[21:86] != two[21:86], "a sender key of its own"
    assert one[86:] != two[86:]


@pytest.mark.parametrize(
    "key",
    [bytes(65), b"\x04" + bytes(64), b"\x04" + b"\xff" * 64, unb(RECEIVER)[:-1] + b"\x00", b"",
     unb(RECEIVER)[:33], b"\x02" + unb(RECEIVER)[1:33]],
)  # fmt: skip
def test_what_is_no_point_is_refused(key: bytes) -> None:
    with pytest.raises(PeerError, match="CK-531") as error:
        push_message.ring_message(key, bytes(16), bytes(16))
    assert error.value.code is Code.MALFORMED
    push_message.ring_message(unb(RECEIVER), bytes(16), bytes(16))  # the control


def test_the_example_of_rfc_8292_passes_the_check_that_ours_must_pass() -> None:
    claims, _ = check_vapid(VAPID_EXAMPLE)
    assert claims == {
        "aud": "https://push.example.net", "exp": 1453523768, "sub": "mailto:push@example.com",
    }  # fmt: skip
    for right, wrong in (
        ("i3CYb7t4", "i3CYb7t5"),
        ("BA1Hxzyi", "BA1Hxzyj"),
        ("eHAiOjE0", "eHAiOjE1"),
    ):
        assert right in VAPID_EXAMPLE
        with pytest.raises((AssertionError, ValueError)):
            check_vapid(VAPID_EXAMPLE.replace(right, wrong))


@pytest.mark.parametrize("contact", [None, "mailto:me@example.org"])
def test_our_token_names_the_service_and_the_hour(contact: str | None) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    now = 1_790_003_724.5
    header = push_message.vapid_header("https://push.example.net", now, contact, key)
    claims, public = check_vapid(header)
    assert public == point(key.public_key())
    expires = claims.pop("exp")
    assert claims == {"aud": "https://push.example.net"} | ({"sub": contact} if contact else {})
    assert expires % 3600 == 0
    assert now + 11 * 3600 < expires <= now + 24 * 3600


def test_the_headers_are_the_same_for_everybody_and_name_no_topic() -> None:
    made = push_message.headers("vapid x")
    assert made.pop("Authorization") == "vapid x"
    assert made == {
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": "45",
        "Urgency": "high",
    }
