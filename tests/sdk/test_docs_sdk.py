"""The code blocks of docs/sdk.md run, in order, against a real server."""

from __future__ import annotations

import ast
import asyncio
import re
import types
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.conftest import PASSWORD, People
from tests.sdk.groups import join

import visavis.testing
from visavis.sdk import store
from visavis.sdk.client import Client
from visavis.sdk.unlock import insecure_for_tests_cheap_kdf
from visavis.testing.server import running_server

PAGE = Path(__file__).parents[2] / "docs" / "sdk.md"
BLOCK = re.compile(r"```python( media)?\n(.*?)```", re.DOTALL)


def blocks(*, media: bool) -> list[str]:
    found = [code for tag, code in BLOCK.findall(PAGE.read_text("utf-8")) if bool(tag) is media]
    assert len(found) == (4 if media else 13)
    return found


async def run(code: str, names: dict[str, Any]) -> None:
    compiled = compile(code, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = types.FunctionType(compiled, names)()
    if asyncio.iscoroutine(result):
        await result


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "Kdf", insecure_for_tests_cheap_kdf)


async def test_the_page_runs(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    server = people.server
    names: dict[str, Any] = {
        "folder": people.folder,
        "server": server.origin,
        "signup_links": [server.signup_link() for _ in range(3)],
        "password": PASSWORD,
        "new_password": "eleven quiet lamps drift",
    }
    try:
        for code in blocks(media=False):
            await run(code, names)
    finally:
        for name in ("anna", "bob", "carol", "tablet"):
            client = names.get(name)
            if isinstance(client, Client) and client._session.books.store._seal is not None:
                await client.close()
    printed = capsys.readouterr().out
    assert "Are you there?" in printed
    assert "own device removed" in printed
    assert "mistyped" in printed


@pytest.mark.media
async def test_the_calls_on_the_page_run(tmp_path: Path) -> None:
    async with running_server(tmp_path, turn=True) as server:
        people = People(server, tmp_path)
        more: dict[str, Any] = {"kdf": insecure_for_tests_cheap_kdf(), "allow_loopback": True}
        anna, bob = [
            await Client.signup(
                tmp_path / name,
                server.origin,
                server.signup_link(),
                name,
                PASSWORD,
                **more,
            )
            for name in ("anna", "bob")
        ]
        async with anna, bob:
            contact = await people.befriend(anna, bob)
            group = await anna.create_group("Choir")
            await join(anna, group, bob)
            names: dict[str, Any] = {
                "anna": anna,
                "bob": bob,
                "contact": contact,
                "group": group,
                "clip": Path(visavis.testing.__file__).parent / "data" / "clip.webm",
                "asyncio": asyncio,
            }
            for code in blocks(media=True):
                async with asyncio.timeout(60):
                    await run(code, names)
