"""schemathesis runs against the server's own OpenAPI description: a seeded, bounded run.

Valid requests must be understood, invalid ones refused as problems, nothing may crash, and every
answer must be as described. The server is a real one, in a process of its own, with delivery.
"""

from __future__ import annotations

import asyncio
import copy
import fnmatch
import io
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from tests.server.people import Server, b

from visavis.core import base64url
from visavis.server import blobs, inventory, key_package_fetch, sequencers, shares, turn, wire
from visavis.server.app import describe, make_api
from visavis.testing.clock import VirtualClock
from visavis.testing.server import RunningServer, loopback_config

SEED = 9_420

# "Valid is accepted" is not among them: a well-formed OPAQUE message, session or capability need
# not be one that means anything. The stories in the other files are the proof of that.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def register_formats() -> None:
    """Teach schemathesis to make base64url of the lengths our formats name."""
    sizes = {
        name: (kind.__metadata__[0].sizes, kind.__metadata__[0].largest)
        for name, kind in vars(wire).items()
        if hasattr(kind, "__metadata__") and isinstance(kind.__metadata__[0], wire.Wire)
    }
    assert len(sizes) >= 10
    for several, largest in sizes.values():
        annotation = wire.Wire(several, largest)
        name = annotation.__get_pydantic_json_schema__(None, None)["format"]  # type: ignore[arg-type]
        lengths = st.sampled_from(several) if several else st.integers(1, min(largest, 200))
        schemathesis.openapi.format(
            name,
            st.tuples(lengths, st.integers(0, 2**32)).map(
                lambda pair: b(random.Random(pair[1]).randbytes(pair[0]))
            ),
        )


register_formats()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("openapi") / "server"
    # With a contact, so that there is a security.txt to describe.
    one = RunningServer(
        loopback_config(folder, free_attempts=10**6, contact="mailto:anna@example.org")
    )
    asyncio.run(one.start())
    yield one
    log = one.log.read_text()
    asyncio.run(one.stop())
    assert "request_failed" not in log, log


@pytest.fixture(scope="module")
def tokens(server: RunningServer) -> dict[str, str]:
    """Sign two people up; return tokens by who may use them ("doomed" may be deleted)."""

    async def sign_up() -> dict[str, str]:
        async with httpx.AsyncClient(base_url=server.origin) as http:
            people = Server(None, None, http, VirtualClock(), io.StringIO())  # type: ignore[arg-type]
            anna, doomed = [
                await people.sign_up(name, link=base64url.encode(server.signup_token()))
                for name in ("anna", "doomed")
            ]
            return {
                "device": b(anna.token),
                "account": b(await people.account_token(anna.handle)),
                "doomed": b(await people.account_token(doomed.handle)),
            }

    return asyncio.run(sign_up())


def token_for(path: str, method: str) -> str:
    """Return which token an operation takes; "device" where it takes none."""
    if path == "/v1/account":
        return "doomed"
    if path.startswith(("/v1/password", "/v1/handle/", "/v1/keystore", "/v1/passkeys/")):
        return "account"
    return "account" if path.startswith("/v1/devices") and method != "GET" else "device"


PARTS = (turn.router, key_package_fetch.router, blobs.router, shares.router, sequencers.router)
RAW = describe(make_api(PARTS))
SCHEMA = schemathesis.openapi.from_dict(RAW)
OPERATIONS = sorted(
    (path, method.upper()) for path, methods in RAW["paths"].items() for method in methods
)


def test_the_description_is_the_served_one(server: RunningServer) -> None:
    assert httpx.get(f"{server.origin}/v1/openapi.json").json() == RAW
    assert len(OPERATIONS) >= 25


def test_every_answer_is_described_and_every_error_is_a_problem() -> None:
    for path, methods in RAW["paths"].items():
        for method, operation in methods.items():
            responses = operation["responses"]
            assert "422" not in responses, f"{method} {path}"
            assert "application/problem+json" in responses["default"]["content"]
            assert operation.get("description") or operation.get("summary")


def explore(server: RunningServer, strategy: Any, token: str) -> list[int]:
    """Make a bounded, seeded number of calls, check every answer, return the statuses."""
    statuses: list[int] = []

    @seed(SEED)
    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: schemathesis.Case) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        response = case.call(base_url=server.origin, headers=headers)
        statuses.append(response.status_code)
        case.validate_response(response, checks=CHECKS)

    run()
    return statuses


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_server_is_as_described(
    server: RunningServer, tokens: dict[str, str], path: str, method: str, mode: str
) -> None:
    strategy = SCHEMA[path][method].as_strategy(generation_mode=schemathesis.GenerationMode(mode))
    try:
        statuses = explore(server, strategy, tokens[token_for(path, method)])
    except Unsatisfiable:
        assert mode == "negative", "an operation without inputs has no wrong ones"
        return
    assert statuses
    if mode == "positive":
        assert {200} & set(statuses) or path in MEANINGFUL or (path, method) in ONLY_SOME, statuses
        assert 401 not in statuses[:1], "the token was good when it started"


MEANINGFUL = {
    # Well formed is not enough for these: what is sent must mean something to this server.
    "/v1/signup/start",
    "/v1/signup/finish",
    "/v1/login/start",
    "/v1/login/finish",
    "/v1/recovery/finish",
    "/v1/password/start",
    "/v1/password/finish",
    "/v1/handle/start",
    "/v1/handle/finish",
    "/v1/keystore",
    "/v1/devices/revoke",
    "/v1/farewell",
    "/v1/passkeys/signup/start",
    "/v1/passkeys/signup/finish",
    "/v1/passkeys/login/finish",
    "/v1/passkeys/finish",
    "/v1/passkeys/remove",
    "/v1/turn",
    "/v1/key-packages/fetch",
    "/v1/blobs",
    "/v1/blobs/{blob_id}",
    "/v1/shares",
    "/v1/shares/read",
    "/v1/sequencers",
    "/v1/sequencers/commit",
    "/v1/sequencers/pull",
    "/v1/account/data/value",
}
ONLY_SOME = {("/v1/push", "PUT"), ("/v1/account/settings", "PUT")}
"""The same, of paths whose other methods are meaningful: this server allows no push service, and
days within the operator's are seldom hit upon."""


def test_a_description_that_lies_is_found_out(
    server: RunningServer, tokens: dict[str, str]
) -> None:
    """Positive control for all of the above."""
    lie = copy.deepcopy(RAW)
    lie["components"]["schemas"]["Health"]["properties"]["ok"] = {"type": "string"}
    strategy = schemathesis.openapi.from_dict(lie)["/healthz"]["GET"].as_strategy()
    with pytest.raises(FailureGroup):
        explore(server, strategy, tokens["device"])


def test_the_page_names_every_path_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocol" / "server-api.md").read_text()
    named = set(re.findall(r"`(?:GET|POST|PUT|DELETE) (/[^`]*)`", page))
    assert named == {path for path, _ in OPERATIONS}
    both = {(m, p) for m, p in re.findall(r"`(GET|POST|PUT|DELETE) (/[^`]*)`", page)}
    assert both == {(method, path) for path, method in OPERATIONS}


def test_every_file_of_the_whole_server_is_in_the_inventory(server: RunningServer) -> None:
    patterns = inventory.load().files
    names = [str(f.relative_to(server.data_dir)) for f in server.data_dir.rglob("*") if f.is_file()]
    assert "visavis.sqlite3" in names
    assert [n for n in names if not any(fnmatch.fnmatch(n, p) for p in patterns)] == []
