"""The HTTP client: typed answers, defined errors, anonymous when it says so."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import httpx
import pytest

from visavis.core import base64url, work
from visavis.core.address import ContactAddress
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    VisavisError,
)
from visavis.core.ids import Capability, MailboxId, SealKey
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.api import PublicApi
from visavis.transport.device_api import DeviceApi
from visavis.transport.http import MAX_ANSWER, Http, problem
from visavis.transport.origin import require_secure, tls_context, websocket_url

ORIGIN = "http://127.0.0.1:8420"
Handler = Callable[[httpx.Request], httpx.Response]
ADDRESS = ContactAddress(ORIGIN, MailboxId(b"m" * 16), Capability(b"c" * 32), SealKey(b"s" * 32))


def http(handler: Handler, token: str | None = None) -> Http:
    return Http(ORIGIN, token, transport=httpx.MockTransport(handler))


def answer(body: object, status: int = 200) -> Handler:
    return lambda _: httpx.Response(status, json=body)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (403, {"code": "refused"}, AuthorizationError, Code.REFUSED),
        (401, {"code": "login_failed"}, AuthorizationError, Code.LOGIN_FAILED),
        (409, {"code": "conflict"}, PeerError, Code.CONFLICT),
        (429, {"code": "quota"}, UnavailableError, Code.QUOTA),
        (507, {"code": "disk_full"}, UnavailableError, Code.DISK_FULL),
        (503, {}, UnavailableError, Code.UNAVAILABLE),
        (502, "not an object", UnavailableError, Code.UNAVAILABLE),
        (404, {"code": "no such code"}, AuthorizationError, Code.REFUSED),
        (413, {}, PeerError, Code.TOO_LARGE),
        (302, {}, PeerError, Code.MALFORMED),
    ],
)
async def test_every_refusal_has_a_code(
    status: int, body: object, kind: type[VisavisError], code: Code
) -> None:
    client = http(answer(body, status))
    with pytest.raises(kind) as refused:
        await client.get("/v1/anything")
    assert refused.value.code is code
    await client.close()


def test_the_servers_words_are_not_repeated() -> None:
    said = json.dumps({"code": "refused", "title": "canary", "detail": "canary"}).encode()
    error = problem(403, said)
    assert "canary" not in str(error) + error.detail + error.describe()


async def test_a_server_that_is_away() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    client = http(gone)
    with pytest.raises(UnavailableError) as away:
        await client.get("/v1/server")
    assert away.value.code is Code.UNAVAILABLE
    await client.close()


async def test_an_answer_without_end_is_cut_off() -> None:
    """CK-556."""
    client = http(lambda _: httpx.Response(200, content=bytes(MAX_ANSWER + 1)))
    with pytest.raises(PeerError) as cut:
        await client.get("/v1/server")
    assert cut.value.code is Code.TOO_LARGE
    await client.close()


async def test_answers_that_are_not_what_was_asked_for() -> None:
    for body in ({"api": "one"}, {"api": True}, [], {}, {"api": 2}):
        client = http(answer(body))
        with pytest.raises(PeerError):
            await PublicApi(client).require_compatible()
        await client.close()
    client = http(answer({"api": 1}))
    await PublicApi(client).require_compatible()
    await client.close()
    client = http(lambda _: httpx.Response(200, content=b"<html>"))
    with pytest.raises(PeerError):
        await client.get("/v1/server")
    await client.close()
    client = http(answer({"counter": 0, "manifest": None, "slots": ["!!"]}))
    with pytest.raises(PeerError):
        await DeviceApi(client).vault()
    await client.close()


async def test_anonymous_requests_carry_no_credential_and_no_cookie() -> None:
    """CK-554, CK-555, P12."""
    seen: list[httpx.Request] = []

    def watch(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        body = {"commits": [], "next": 0, "key_package": "AAAA"}
        return httpx.Response(200, json=body, headers={"Set-Cookie": "who=anna"})

    anonymous = AnonymousApi(http(watch))
    await anonymous.pull(ADDRESS, b"h" * 32, -1)
    await anonymous.fetch_key_package(ADDRESS)
    for request in seen:
        assert not {"authorization", "cookie"} & {name.lower() for name in request.headers}
        assert b"anna" not in request.content
    await anonymous.close()
    # The control: a client with a token sends it, so the search would have found one.
    device = http(watch, "token")
    await device.get("/v1/devices")
    assert seen[-1].headers["authorization"] == "Bearer token"
    assert "cookie" not in seen[-1].headers
    await device.close()


async def test_addresses_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """CK-557: httpx prints each URL, and some end with an id."""
    caplog.set_level(logging.DEBUG)
    client = http(answer({}))
    await client.request("DELETE", "/v1/blobs/canary")
    await client.close()
    assert "canary" not in caplog.text
    logging.getLogger("elsewhere").info("canary")  # the control
    assert "canary" in caplog.text


async def test_work_is_done_once() -> None:
    challenge = b"challenge"
    seen: list[str | None] = []

    def throttled(request: httpx.Request) -> httpx.Response:
        proof = request.headers.get("Visavis-Work")
        seen.append(proof)
        if proof is not None:
            given, nonce = proof.split(".")
            assert base64url.decode(given) == challenge
            assert work.check(challenge, base64url.decode(nonce), 8)
            return httpx.Response(200, json={"api": 1})
        asked = {"challenge": base64url.encode(challenge), "bits": 8}
        return httpx.Response(429, json={"code": "quota", "work": asked})

    client = http(throttled)
    await PublicApi(client).require_compatible()
    assert len(seen) == 2
    await client.close()


@pytest.mark.parametrize("asked", [{"challenge": "AAAA", "bits": 60}, {"bits": 3}, "much", None])
async def test_work_without_end_is_not_begun(asked: object) -> None:
    """CK-559."""
    client = http(answer({"code": "quota", "work": asked}, 429))
    with pytest.raises(UnavailableError) as refused:
        await client.get("/v1/server")
    assert refused.value.code is Code.QUOTA
    await client.close()


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        ("http://127.0.0.1:8420", True),
        ("http://localhost:8420", True),
        ("http://[::1]:8420", True),
        ("https://example.org", True),
        ("http://192.0.2.1:8420", False),
        ("http://localhost.example.org", False),
        ("http://10.0.0.1", False),
    ],
)
def test_plain_http_is_for_this_machine(origin: str, good: bool) -> None:
    """CK-553."""
    if good:
        assert require_secure(origin) == origin
        return
    with pytest.raises(AuthorizationError) as refused:
        require_secure(origin)
    assert refused.value.code is Code.NOT_ENCRYPTED


def test_tls_is_1_3_and_checks_names() -> None:
    context = tls_context("https://example.org")
    assert context is not None
    assert context.minimum_version.name == "TLSv1_3"
    assert context.check_hostname
    assert tls_context("http://localhost:1") is None
    assert websocket_url("https://example.org", "/v1/send") == "wss://example.org/v1/send"
    assert websocket_url("http://localhost:1", "/v1/send") == "ws://localhost:1/v1/send"


def test_clients_let_go_of_a_connection_before_the_server_does() -> None:
    """A request on a connection that is being closed fails, and nobody knows if it arrived."""
    from visavis.server import serve
    from visavis.transport import http

    assert http.KEEP_S * 2 < serve.KEEP_S
    made = http.Http("http://127.0.0.1:9")
    pool = made._client._transport._pool  # type: ignore[attr-defined]
    assert pool._keepalive_expiry == http.KEEP_S
