"""Nothing that tells on anybody gets into the logs (R-31, R-75): allow list and canaries."""

from __future__ import annotations

import base64
import io
import json
import logging as stdlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.server.people import b, running

from visavis.core.errors import Code, FatalError, UsageError
from visavis.server import inventory, logging
from visavis.server.app import NO_TELEMETRY
from visavis.testing.clock import VirtualClock


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = stdlib.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


def configured(*, strict: bool) -> io.StringIO:
    stream = io.StringIO()
    logging.configure(inventory.load(), stream=stream, strict=strict, clock=VirtualClock())
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_listed_event_is_written_with_the_day_only() -> None:
    stream = configured(strict=True)
    logging.event("server_started", version="0.1.0", port=8420)
    assert lines(stream) == [
        {
            "event": "server_started",
            "level": "info",
            "day": "2024-10-04",
            "version": "0.1.0",
            "port": 8420,
        }
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("address", "203.0.113.77"),
        ("handle", "anna.12345"),
        ("version", "203.0.113.77"),
        ("id3", "a1b2c3d4"),
        ("id3", os.urandom(3)),
        ("code", "anna.12345"),
        ("where", "/home/anna/visavis/server/app.py:3"),
        ("error", "ValueError: anna.12345"),
        ("count", "203.0.113.77"),
    ],
)
def test_an_unlisted_field_or_value_is_dropped_and_raised_in_tests(name: str, value: Any) -> None:
    stream = configured(strict=False)
    logging.event("server_started", **{name: value})
    assert set(lines(stream)[0]) == {"event", "level", "day"}, "CK-422"
    configured(strict=True)
    with pytest.raises(UsageError, match="CK-422"):
        logging.event("server_started", **{name: value})


def test_an_unlisted_event_loses_its_name() -> None:
    stream = configured(strict=False)
    logging.event("anna_called_bert", count=1)
    assert lines(stream)[0]["event"] == "unlisted_event"
    configured(strict=True)
    with pytest.raises(UsageError, match="CK-422"):
        logging.event("anna_called_bert")


def test_an_id_is_three_bytes_at_most() -> None:
    stream = configured(strict=True)
    logging.event("disk_full", id3=os.urandom(16)[:3].hex())
    assert len(lines(stream)[0]["id3"]) == 6


def test_a_failure_is_its_class_code_and_place_never_its_text() -> None:
    stream = configured(strict=True)
    try:
        inventory.parse("= anna.12345 from 203.0.113.77")
    except FatalError as error:
        logging.failure("request_failed", error)
    written = lines(stream)[0]
    assert written["error"] == "FatalError"
    assert written["code"] == str(Code.UNAVAILABLE)
    assert written["where"].startswith("visavis/server/inventory.py:")
    assert "anna" not in stream.getvalue()


def test_other_libraries_are_reduced_to_name_level_and_class() -> None:
    stream = configured(strict=True)
    stdlib.getLogger("uvicorn.error").warning("203.0.113.77:4242 - invalid request")
    stdlib.getLogger("uvicorn.access").error("203.0.113.77 GET /v1/handles/anna.12345")
    stdlib.getLogger("asyncio").info("selector")
    try:
        socket.inet_aton("203.0.113.77.1")
    except OSError:
        stdlib.getLogger("sqlalchemy.pool").exception("from 203.0.113.77")
    assert "203" not in stream.getvalue()
    assert [(one["library"], one["level"]) for one in lines(stream)] == [
        ("uvicorn", "warning"),
        ("sqlalchemy", "error"),
    ]
    assert lines(stream)[1]["error"] == "OSError"


def test_before_it_is_configured_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    logging.event("server_started", address="203.0.113.77")
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_the_frameworks_telemetry_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    assert set(NO_TELEMETRY.values()) == {False}, "CK-427"


# ---- canaries ----------------------------------------------------------------------------------

ADDRESS = "198.51.100.213"


async def story(tmp_path: Path) -> tuple[str, list[bytes]]:
    """Run a server through success, refusal and crash; return its log and what was planted."""
    async with running(tmp_path, client=(ADDRESS, 40_213)) as server:
        anna = await server.sign_up("canaryanna")
        await server.log_in(anna.handle)
        await server.log_in(anna.handle, "canary password that is wrong")
        await server.log_in("canarynobody.00000")
        await server.recover(anna.handle, anna.recovery)
        await server.get(f"/v1/handles/{anna.handle}", anna.token)
        await server.http.get("/v1/vault", headers={"Authorization": "Bearer canarytoken"})
        await server.http.post("/v1/login/start", content=b'{"handle": "canary')
        await server.http.get("/canarypath?canaryquery=1")
        await server.http.request("CANARYMETHOD", "/v1/server")

        async def crash(*_args: object) -> None:
            raise RuntimeError(f"canary text about {anna.handle} from {ADDRESS}")

        honest = server.services.store.vault_head
        server.services.store.vault_head = crash  # type: ignore[method-assign, assignment]
        crashed = await server.get("/v1/vault", anna.token)
        server.services.store.vault_head = honest  # type: ignore[method-assign]
        assert (crashed.status_code, crashed.json()["code"]) == (500, "unavailable")
        assert "canary" not in crashed.text
        assert '"RuntimeError"' in server.log.getvalue(), "the crash itself is logged"
        planted = [
            b"canary",
            anna.handle.encode(),
            ADDRESS.encode(),
            socket.inet_aton(ADDRESS),
            anna.token,
            anna.token[:16],
            anna.mailbox_id,
            anna.capabilities[0],
            b"4242",
        ]
        return server.log.getvalue(), planted


def found(text: str, planted: list[bytes]) -> list[bytes]:
    """Return what occurs as text, hex, base64 or base64url, byte-reversed too."""
    hits = []
    for secret in planted:
        forms = {secret, secret[::-1]}
        spelled = set()
        for form in forms:
            spelled |= {form.hex(), base64.b64encode(form).decode().rstrip("=")}
            spelled |= {b(form), form.decode("latin-1")}
        if any(one in text for one in spelled):
            hits.append(secret)
    return hits


async def test_no_canary_sings(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log, planted = await story(tmp_path)
    captured = capfd.readouterr()
    assert "housekeeping_done" in log
    assert found(log + captured.out + captured.err, planted) == []


async def test_with_a_careless_log_the_canaries_sing(tmp_path: Path) -> None:
    """Positive control: the same search finds them in what a usual log would have written."""
    _, planted = await story(tmp_path)
    careless = f"{ADDRESS} POST /v1/login/start handle={planted[1].decode()} {planted[4].hex()}"
    assert set(found(careless, planted)) >= {planted[0], planted[1], planted[2], planted[4]}


async def test_answers_carry_listed_headers_only_and_no_cookie(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        allowed = server.services.inventory.headers["response"]
        answers = [
            await server.get("/v1/server"),
            await server.get("/nowhere"),
            await server.get("/v1/vault"),
            await server.http.put("/v1/server"),
        ]
        assert [one.status_code for one in answers] == [200, 404, 401, 405]
        for answer in answers:
            assert set(answer.headers) <= allowed
            assert "set-cookie" not in answer.headers
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_unlisted_header_is_removed_and_raised_in_tests(tmp_path: Path) -> None:
    async with running(tmp_path) as server:

        @server.app.api.get("/leaky")
        async def leaky() -> Any:
            return leaky_response()

        hygiene = server.app._http
        assert (await server.get("/leaky")).status_code == 500, "CK-423"
        hygiene._strict = False
        answer = await server.get("/leaky")
        assert answer.status_code == 200
        assert not {"x-account", "set-cookie"} & set(answer.headers), "CK-423"


def leaky_response() -> Any:
    from fastapi.responses import JSONResponse

    return JSONResponse({}, headers={"X-Account": "anna", "Set-Cookie": "a=b"})


async def test_large_bodies_are_refused_announced_or_not(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as server:
        too_much = 8 * 1024 * 1024 + 1
        headers = {"Content-Type": "application/json"}
        announced = await server.http.post(
            "/v1/login/start", content=bytes(too_much), headers=headers
        )
        assert (announced.status_code, announced.json()["code"]) == (413, "too_large"), "CK-424"
        taken = 0

        async def endless() -> Any:
            nonlocal taken
            for _ in range(10_000):
                taken += 65_536
                yield bytes(65_536)

        streamed = await server.http.post("/v1/login/start", content=endless(), headers=headers)
        assert (streamed.status_code, streamed.json()["code"]) == (413, "too_large"), "CK-424"
        assert taken <= 2 * too_much, "it stopped reading"
        lying = await server.http.post(
            "/v1/login/start", content=b"{}", headers={**headers, "Content-Length": "-1"}
        )
        assert lying.status_code == 413
        fine = await server.http.post("/v1/login/start", content=b"{}", headers=headers)
        assert fine.status_code == 400, "the control"
