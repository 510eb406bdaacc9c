"""Candidates have one spelling, are relayed, and never carry the sender's own address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.core.errors import Code, PeerError
from visavis.media.candidates import Candidate, parse

GOOD = "candidate:ab12 1 udp 16777215 192.0.2.7 4444 typ relay raddr 0.0.0.0 rport 9"


def test_relayed_candidates_pass() -> None:
    assert parse(GOOD) == Candidate("ab12", 16777215, "192.0.2.7", 4444, "relay")
    six = "candidate:1 1 udp 5 2001:db8::7 9 typ relay raddr :: rport 9"
    assert parse(six).encode() == six


@pytest.mark.parametrize(
    ("line", "check"),
    [
        (GOOD.replace("0.0.0.0", "10.0.0.5"), "CK-667"),
        (GOOD.replace(" raddr 0.0.0.0 rport 9", ""), "CK-667"),
        (GOOD.replace("192.0.2.7", "host.invalid"), "CK-667"),
        (GOOD.replace("192.0.2.7", "999.0.2.7"), "CK-667"),
        (GOOD.replace("4444", "0"), "CK-667"),
        (GOOD.replace("4444", "65536"), "CK-667"),
        (GOOD.replace("4444", "04444"), "CK-667"),
        (GOOD.replace(" 1 udp", " 2 udp"), "CK-667"),
        (GOOD.replace("udp", "tcp"), "CK-667"),
        (GOOD + " generation 0", "CK-667"),
        (GOOD * 10, "CK-667"),
        ("candidate:1 1 udp 5 192.0.2.7 9 typ host", "CK-668"),
        (GOOD.replace("relay", "srflx"), "CK-668"),
        (GOOD.replace("192.0.2.7", "127.0.0.1"), "CK-669"),
        (GOOD.replace("192.0.2.7", "0.0.0.0"), "CK-669"),
        (GOOD.replace("192.0.2.7", "224.0.0.251"), "CK-669"),
        (GOOD.replace("192.0.2.7", "255.255.255.255"), "CK-669"),
        (GOOD.replace("192.0.2.7", "169.254.169.254"), "CK-669"),
        ("candidate:1 1 udp 5 ::ffff:127.0.0.1 9 typ relay raddr :: rport 9", None),
        ("", "CK-667"),
    ],
)
def test_other_candidates_are_malformed(line: str, check: str | None) -> None:
    with pytest.raises(PeerError) as caught:
        parse(line)
    assert caught.value.code is Code.MALFORMED
    assert check is None or check in caught.value.detail


def test_direct_calls_and_loopback_are_let_in_only_when_asked() -> None:
    host = "candidate:1 1 udp 5 192.0.2.7 9 typ host"
    assert parse(host, relay_only=False).encode() == host
    local = GOOD.replace("192.0.2.7", "127.0.0.1")
    assert parse(local, allow_loopback=True).address == "127.0.0.1"


@given(
    st.text(max_size=120)
    | st.from_regex(
        r"candidate:[a-z0-9]{1,9} 1 udp \d{1,6} [\d.]{4,9} \d{1,5} typ relay"
        r"( raddr 0\.0\.0\.0 rport 9)?",
        fullmatch=True,
    )
)
def test_whatever_parses_encodes_to_the_same_text(line: str) -> None:
    try:
        candidate = parse(line, relay_only=False, allow_loopback=True)
    except PeerError as error:
        code = error.code
    else:
        code = Code.MALFORMED
        assert candidate.encode() == line
    assert code is Code.MALFORMED


def test_addresses_do_not_print() -> None:
    assert "192.0.2.7" not in repr(parse(GOOD))
