"""Another handle (R-82): what changes with it, what does not, and who may not."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import httpx
import opaque_ke_py as opaque
import pytest
from tests.server.people import PASSWORD, Person, Server, b, running, unb

from visavis.core.errors import Code
from visavis.server.housekeeping import TIDY_S
from visavis.server.quotas import LIMITS, Spend


async def begin(server: Server, token: bytes, name: str = "maria") -> tuple[dict[str, Any], bytes]:
    """Start, and return (answer, OPAQUE record)."""
    start = opaque.client_registration_start(PASSWORD.encode())
    body = {"name": name, "opaque_request": b(start.get_message())}
    answer = await server.post("/v1/handle/start", body, token)
    assert answer.status_code == 200, answer.text
    reply = answer.json()
    end = opaque.client_registration_finish(
        PASSWORD.encode(), start.get_state(), unb(reply["opaque_response"])
    )
    return reply, end.get_message()


async def finish(
    server: Server,
    token: bytes,
    reply: dict[str, Any],
    record: bytes | None,
    before: bytes,
    keystore: bytes | None = None,
) -> httpx.Response:
    body = {
        "session": reply["session"],
        "opaque_record": None if record is None else b(record),
        "keystore": b(keystore or os.urandom(4096)),
        "replaces": b(hashlib.sha256(before).digest()),
    }
    return await server.post("/v1/handle/finish", body, token)


async def rename(server: Server, anna: Person) -> str:
    token = await server.account_token(anna.handle)
    reply, record = await begin(server, token)
    assert (await finish(server, token, reply, record, anna.keystore)).status_code == 200
    return str(reply["handle"])


async def test_the_new_handle_opens_the_account_and_the_old_one_is_nobodys(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        device, keystore = await server.account_token(anna.handle), os.urandom(4096)
        token = await server.account_token(anna.handle)
        reply, record = await begin(server, token)
        handle = reply["handle"]
        assert handle.startswith("maria.")
        # Until `finish`, nothing has changed.
        assert (await server.log_in(anna.handle)).status_code == 200
        assert (await server.log_in(handle)).json()["code"] == Code.LOGIN_FAILED
        done = await finish(server, token, reply, record, anna.keystore, keystore)
        assert done.status_code == 200, done.text
        # The token that asked goes on; every other one has ended.
        assert unb((await server.get("/v1/keystore", token)).json()["keystore"]) == keystore
        assert (await server.get("/v1/keystore", device)).status_code == 401
        for refused in (
            await server.log_in(anna.handle),
            await server.recover(anna.handle, anna.recovery),
        ):
            assert (refused.status_code, refused.json()["code"]) == (401, Code.LOGIN_FAILED)
        for opened in (await server.log_in(handle), await server.recover(handle, anna.recovery)):
            assert opened.status_code == 200
            assert unb(opened.json()["keystore"]) == keystore


async def test_a_look_up_follows_and_the_old_handle_looks_like_one_that_never_was(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        before = (await server.get(f"/v1/handles/{anna.handle}")).json()  # hidden: the decoy
        shown = {
            "mailbox_id": b(anna.mailbox_id),
            "capability": b(anna.capabilities[0]),
            "sealing_key": b(bytes(1216)),
            "pow_bits": 20,
        }
        put = await server.http.put("/v1/request-address", json=shown, headers=anna.bearer)
        assert put.status_code == 200
        assert (await server.get(f"/v1/handles/{anna.handle}")).json() == shown
        handle = await rename(server, anna)
        assert (await server.get(f"/v1/handles/{handle}")).json() == shown
        # The very answer of before anybody was shown under it: nothing tells that there was one.
        assert (await server.get(f"/v1/handles/{anna.handle}")).json() == before


async def test_the_old_handle_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        digits = int(anna.handle.partition(".")[2])
        await rename(server, anna)
        monkeypatch.setattr("visavis.server.accounts.below", lambda *_: digits)
        other = await server.sign_up("anna")
        assert other.handle == anna.handle
        assert (await server.log_in(anna.handle)).status_code == 200


async def test_begun_for_one_account_it_ends_for_no_other(tmp_path: Path) -> None:
    """CK-760: a session of somebody else gives neither their handle nor their place."""
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up(), await server.sign_up("bert")
        annas, berts = [await server.account_token(one.handle) for one in (anna, bert)]
        reply, record = await begin(server, annas)
        refused = await finish(server, berts, reply, record, bert.keystore)
        assert refused.json()["code"] == Code.EXPIRED
        assert (await server.log_in(bert.handle)).status_code == 200
        assert (await finish(server, annas, reply, record, anna.keystore)).status_code == 200


async def test_nobody_without_the_accounts_own_token(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        reply, record = await begin(server, token)
        body = {"name": "maria", "opaque_request": b(bytes(32))}
        for wrong in (None, anna.token, os.urandom(32)):
            assert (await server.post("/v1/handle/start", body, wrong)).status_code == 401
        for wrong in (anna.token, os.urandom(32)):
            ended = await finish(server, wrong, reply, record, anna.keystore)
            assert ended.status_code == 401
        assert (await server.log_in(anna.handle)).status_code == 200


async def test_a_session_works_once_and_only_for_this(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        login = await server.begin_login(anna.handle)
        token = await server.account_token(anna.handle)
        reply, record = await begin(server, token)
        stolen = await finish(server, token, login, record, anna.keystore)
        assert stolen.json()["code"] == Code.EXPIRED, "a session of another exchange (CK-410)"
        newer = os.urandom(4096)
        assert (await finish(server, token, reply, record, anna.keystore, newer)).status_code == 200
        again = await finish(server, token, reply, record, newer)
        assert again.json()["code"] == Code.EXPIRED, "it was used (CK-411)"
        other, record = await begin(server, token)
        await server.clock.advance(301)
        late = await finish(server, token, other, record, newer)
        assert late.json()["code"] == Code.EXPIRED


async def test_a_keystore_that_was_replaced_meanwhile_changes_nothing(tmp_path: Path) -> None:
    """CK-680, and the same session is good for the next try."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        reply, record = await begin(server, token)
        conflict = await finish(server, token, reply, record, os.urandom(4096))
        assert (conflict.status_code, conflict.json()["code"]) == (409, Code.CONFLICT)
        assert unb((await server.get("/v1/keystore", token)).json()["keystore"]) == anna.keystore
        assert (await server.log_in(anna.handle)).status_code == 200
        assert (await server.log_in(reply["handle"])).json()["code"] == Code.LOGIN_FAILED
        assert (await finish(server, token, reply, record, anna.keystore)).status_code == 200


async def test_a_record_exactly_where_there_is_a_password(tmp_path: Path) -> None:
    """CK-761: else a password is lost with the old handle, or comes into being unasked."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        start = await server.post(
            "/v1/handle/start", {"name": "maria", "opaque_request": None}, token
        )
        assert (start.status_code, "CK-761" in start.text) == (400, False)
        reply, _ = await begin(server, token)
        without = await finish(server, token, reply, None, anna.keystore)
        assert (without.status_code, without.json()["code"]) == (400, Code.MALFORMED)
        assert unb((await server.get("/v1/keystore", token)).json()["keystore"]) == anna.keystore
        assert (await server.log_in(anna.handle)).status_code == 200
        # The other way round: an account without a password.
        account = await server.services.store.account_by_handle(
            server.services.keys.handle_tag(anna.handle), server.services.today()
        )
        assert account is not None
        present = hashlib.sha256(anna.keystore).digest()
        await server.services.store.replace_password(
            account.account_id, b"", anna.keystore, present
        )
        start = await server.post(
            "/v1/handle/start", {"name": "maria", "opaque_request": b(bytes(32))}, token
        )
        assert start.status_code == 400
        bare = await server.post(
            "/v1/handle/start", {"name": "maria", "opaque_request": None}, token
        )
        assert bare.json()["opaque_response"] is None
        _, record = opaque_record()
        unasked = await finish(server, token, bare.json(), record, anna.keystore)
        assert (unasked.status_code, unasked.json()["code"]) == (400, Code.MALFORMED)
        assert (await finish(server, token, bare.json(), None, anna.keystore)).status_code == 200
        recovered = await server.recover(bare.json()["handle"], anna.recovery)
        assert recovered.status_code == 200


def opaque_record() -> tuple[bytes, bytes]:
    """Return a registration of another server: well formed, and nobody's."""
    server = opaque.server_setup()
    start = opaque.client_registration_start(b"pw")
    response = opaque.server_registration_start(server, start.get_message(), b"x")
    end = opaque.client_registration_finish(b"pw", start.get_state(), response.get_message())
    return start.get_message(), end.get_message()


async def test_some_changes_a_day_and_no_more_and_none_are_remembered_longer(
    tmp_path: Path,
) -> None:
    """CK-762: each start draws digits; without a bound one draws until the wished ones come."""
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up(), await server.sign_up("bert")
        token = await server.account_token(anna.handle)
        seen = {
            (await begin(server, token))[0]["handle"] for _ in range(LIMITS[Spend.HANDLE].amount)
        }
        assert len(seen) > 1
        body = {"name": "maria", "opaque_request": b(bytes(32))}
        refused = await server.post("/v1/handle/start", body, token)
        assert (refused.status_code, refused.json()["code"]) == (429, Code.QUOTA)
        assert "work" not in refused.json(), "nothing buys more"
        # Another login of the account changes nothing; another account is not concerned.
        again = await server.account_token(anna.handle)
        assert (await server.post("/v1/handle/start", body, again)).status_code == 429
        await begin(server, await server.account_token(bert.handle))
        assert len(server.services.renames) == 2
        await server.clock.advance(LIMITS[Spend.HANDLE].period_s + 1)
        # Housekeeping forgets it: nobody has asked since.
        async with asyncio.timeout(30):
            while len(server.services.renames) > 0:
                await server.clock.advance(TIDY_S)
                await asyncio.sleep(0.01)  # for the database's thread
        await begin(server, await server.account_token(anna.handle))


async def test_a_closed_account_is_counted_no_more(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        await begin(server, token)
        assert len(server.services.renames) == 1
        headers = {"Authorization": f"Bearer {b(token)}"}
        assert (await server.http.delete("/v1/account", headers=headers)).status_code == 200
        assert len(server.services.renames) == 0
