"""The list of push services: what it takes, and which endpoints are on it (CK-530, CK-532)."""

from __future__ import annotations

from pathlib import Path

import pytest

from visavis.core.errors import AuthorizationError, PeerError, UsageError
from visavis.server.config import ServerConfig
from visavis.server.push_services import MAX_ENDPOINT, check_endpoint, parse_services
from visavis.server.recipients import recipients_of

LISTED = parse_services(
    ["fcm.googleapis.com", "*.push.apple.com", "push.example.org:8443", "127.0.0.1:9000"],
    local=True,
)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:APA-9_1", "https://fcm.googleapis.com"),
        ("https://fcm.googleapis.com:443/x", "https://fcm.googleapis.com:443"),
        ("https://web.push.apple.com/QGuQ?a=b", "https://web.push.apple.com"),
        ("https://a.b.push.apple.com/", "https://a.b.push.apple.com"),
        ("https://push.example.org:8443/u/1", "https://push.example.org:8443"),
        ("http://127.0.0.1:9000/p", "http://127.0.0.1:9000"),
    ],
)
def test_what_is_on_the_list_passes(url: str, origin: str) -> None:
    found = check_endpoint(url, LISTED)
    assert (found.url, found.origin) == (url, origin)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/fcm.googleapis.com/",
        "https://fcm.googleapis.com.evil.example/",
        "https://evilfcm.googleapis.com/",
        "https://x.fcm.googleapis.com/",
        "https://push.apple.com/",
        "https://evilpush.apple.com/",
        "https://.push.apple.com.evil.example/",
        "http://fcm.googleapis.com/",
        "http://fcm.googleapis.com:443/",
        "https://fcm.googleapis.com:8443/",
        "https://push.example.org/",
        "https://127.0.0.1:9000/p",
        "http://127.0.0.1/p",
        "http://127.0.0.1:9001/p",
        "http://localhost:9000/p",
        "http://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://fcm.googleapis.com@evil.example/",
        "https://user:pass@fcm.googleapis.com/",
        "https://fcm.googleapis.com:pass@evil.example/",
        "https://evil.example#@fcm.googleapis.com/",
        "https://evil.example\\@fcm.googleapis.com/",
        "https://fcm.googleapis.com\\.evil.example/",
        "https://fcm.googleapis.com/x y",
        "https://fcm.googleapis.com/\r\nHost: evil.example",
        "https://fcm.googleapis.com/\n",
        "https://fcm.googleapis.com",
        "https://fcm.googleapis.com/#fragment",
        "https://FCM.googleapis.com/",
        "HTTPS://fcm.googleapis.com/",
        "https://fcm.googleapis.com:0443/",
        "https://fcm.googleapis.com:٤٤٣/",
        "https://fcm。googleapis.com/",
        "ftp://fcm.googleapis.com/",
        "file:///etc/passwd",
        "//fcm.googleapis.com/",
        "",
        "https://fcm.googleapis.com/" + "a" * MAX_ENDPOINT,
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises((PeerError, AuthorizationError), match="CK-530"):
        check_endpoint(url, LISTED)


def test_by_default_nothing_is_on_the_list() -> None:
    with pytest.raises(AuthorizationError):
        check_endpoint("https://fcm.googleapis.com/x", ())


@pytest.mark.parametrize(
    "text",
    ["", "*", "*.", "com", "fcm.googleapis.com/", "https://fcm.googleapis.com", "10.0.0.1",
     "a.b.1", "::1", "[::1]:80", "localhost", "127.0.0.1", "169.254.169.254:80", "x_y.org",
     "push.example.org:0", "push.example.org:65536", "*.*.example.org", "-a.example.org",
     "push.example.org.", "PUSH.example.org", "push.example.org:443:443", "a..org"],
)  # fmt: skip
def test_an_entry_that_is_no_host_name_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="CK-532"):
        ServerConfig(data_dir=tmp_path, origin="http://127.0.0.1:1", push_services=[text])


def test_loopback_is_for_servers_that_serve_this_machine_only(tmp_path: Path) -> None:
    listed = ["127.0.0.1:9000"]
    local = ServerConfig(data_dir=tmp_path, origin="http://127.0.0.1:1", push_services=listed)
    assert [str(one) for one in local.push] == ["127.0.0.1:9000"]
    with pytest.raises(UsageError, match="CK-532"):
        ServerConfig.for_operator(tmp_path, "calls.example.org", behind_proxy=True, push=listed)


def test_what_push_services_are_told_of_the_operator(tmp_path: Path) -> None:
    def subject(origin: str, contact: str | None) -> str | None:
        config = ServerConfig(data_dir=tmp_path, origin=origin, push_contact=contact)
        return config.push_subject

    assert subject("https://calls.example.org", None) == "https://calls.example.org"
    assert subject("https://calls.example.org", "mailto:a@b.org") == "mailto:a@b.org"
    assert subject("http://127.0.0.1:1", None) is None
    for bad in ("me@example.org", "mailto:me", "http://example.org", "mailto:a@b\n"):
        with pytest.raises(UsageError, match="contact"):
            subject("https://calls.example.org", bad)


def test_the_recipients_are_the_configuration(tmp_path: Path) -> None:
    """R-69: nobody by default; what the operator switches on appears by itself."""

    def listed(*hosts: str) -> list[tuple[str, str]]:
        config = ServerConfig.for_operator(tmp_path, push=hosts)
        return [(one.kind, one.host) for one in recipients_of(config)]

    assert listed() == []
    assert listed("fcm.googleapis.com", "*.push.apple.com") == [
        ("push", "fcm.googleapis.com"),
        ("push", "*.push.apple.com"),
    ]
