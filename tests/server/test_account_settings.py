"""Fewer days than the operator's, one thing deleted, and a frozen account that does not exist."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.full_account import fill, projection, shown
from tests.server.people import Person, Server, b, bearer, running

from visavis.core.errors import Code, UnavailableError
from visavis.ports.account_data import AccountSettings
from visavis.ports.clock import day_text
from visavis.ports.push import PushSubscription
from visavis.ports.stored import NewEnvelope
from visavis.server.frames import Status
from visavis.server.request_address import decoy_address
from visavis.testing.raw_client import add_device, receiver, sender
from visavis.testing.server import local_server

NOTHING = {"account_days": None, "envelope_days": None, "restricted": False}


async def choose(server: Server, person: Person, **changed: Any) -> Any:
    return await server.http.put(
        "/v1/account/settings", json={**NOTHING, **changed}, headers=person.bearer
    )


async def age(server: Server, person: Person, account: bytes) -> int:
    """Return how many days the account has; None of its rows is left once it ends."""
    _, pages = await shown(server, person.token, whole=False)
    (table,) = (one for one in pages[0]["tables"] if one["table"] == "accounts")
    today = server.services.today()
    return next(n for n in range(1_200) if day_text(today + n) == table["rows"][0]["deleted_on"])


# ---- fewer days (R-74) ------------------------------------------------------------------------


async def test_envelopes_end_sooner_by_filter_and_by_run(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        store = server.services.store
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        assert (await choose(server, anna, envelope_days=7)).json()["envelope_days"] == 7
        today = server.services.today()
        for person in (anna, bert):
            await store.write_envelopes(
                [NewEnvelope(os.urandom(16), person.mailbox_id, today, os.urandom(1_024))], []
            )
        for day, left in ((6, {anna.mailbox_id, bert.mailbox_id}), (7, {bert.mailbox_id})):
            assert set(await store.stored_bytes(today + day)) == left, "by filter, before the run"
            for person in (anna, bert):
                found = await store.stored_envelopes(person.mailbox_id, today + day, limit=9)
                assert bool(found) is (person.mailbox_id in left)
        assert (await store.purge(today + 6)).rows["envelopes"] == 0
        assert (await store.purge(today + 7)).rows["envelopes"] == 1, "and by the run"
        assert (await store.purge(today + 30)).rows["envelopes"] == 1, "bert's, the operator's 30"


async def test_an_unused_account_ends_sooner(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        store, today = server.services.store, server.services.today()
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        account, his = await fill(server, anna), await fill(server, bert)
        assert (await choose(server, anna, account_days=30)).status_code == 200
        assert await age(server, anna, account) == 30
        assert await store.account(account, today + 29) is not None
        assert await store.account(account, today + 30) is None, "by filter, before the run"
        await store.purge(today + 29)
        assert projection(tmp_path / "data", account)
        await store.purge(today + 30)
        assert projection(tmp_path / "data", account) == {}, "and by the run, with all it had"
        assert projection(tmp_path / "data", his), "the control"


async def test_it_is_never_longer_than_the_operators(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        account = await fill(server, anna)
        before = projection(tmp_path / "data", account)
        for wrong in (
            {"account_days": 731},
            {"envelope_days": 31},
            {"account_days": 6},
            {"envelope_days": 0},
            {"envelope_days": -1},
            {"envelope_days": "7"},
            {"envelope_days": True},
            {"restricted": 1},
            {"forever": True},
        ):
            assert (await choose(server, anna, **wrong)).status_code == 400, "CK-711"
        assert projection(tmp_path / "data", account) == before
        assert (await choose(server, anna, account_days=730, envelope_days=30)).status_code == 200
        # Should the operator's become fewer, the lesser counts.
        store = server.services.store
        rules = dict(store.retention)  # type: ignore[attr-defined]
        rules["accounts"] = type(rules["accounts"])("accounts", "last_seen_day", 10)
        store.retention = rules  # type: ignore[attr-defined]
        assert await age(server, anna, account) == 10


async def test_who_chose_nothing_has_no_row(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        await choose(server, anna, envelope_days=3)
        said, _ = await shown(server, anna.token)
        assert len(said["account_settings"]) == 1
        answer = await choose(server, anna)
        assert answer.json() == {**NOTHING, "most_account_days": 730, "most_envelope_days": 30}
        said, _ = await shown(server, anna.token)
        assert "account_settings" not in said
        assert (await server.get("/v1/account/settings")).status_code == 401
        assert (await server.get("/v1/account/settings", anna.token)).json() == answer.json()


# ---- one thing deleted (R-81) -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "table", "rows"),
    [("/v1/envelopes", "envelopes", 2), ("/v1/key-packages", "key_packages", 4)],
)
async def test_one_thing_is_deleted_and_nothing_else(
    tmp_path: Path, path: str, table: str, rows: int
) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        mine, his = await fill(server, anna), await fill(server, bert)
        before, others = (projection(tmp_path / "data", one) for one in (mine, his))
        assert (await server.http.delete(path)).status_code == 401
        answer = await server.http.delete(path, headers=anna.bearer)
        assert answer.json()["deleted"] == rows
        del before[table]
        assert projection(tmp_path / "data", mine) == before
        assert projection(tmp_path / "data", his) == others
        assert (await server.http.delete(path, headers=anna.bearer)).json()["deleted"] == 0


# ---- frozen (R-82, GDPR 18) -------------------------------------------------------------------


async def test_a_frozen_handle_is_a_hidden_one_byte_for_byte(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()

        async def look() -> bytes:
            return (await server.get(f"/v1/handles/{anna.handle}")).content

        hidden = await look()
        account = await fill(server, anna)
        open_ = await look()
        assert open_ != hidden, "the control"
        await choose(server, anna, restricted=True)
        assert await look() == hidden
        tag = server.services.keys.handle_tag(anna.handle)
        assert b(decoy_address(server.services.keys, tag).capability).encode() in hidden
        assert projection(tmp_path / "data", account)["request_addresses"], "it is still kept"
        await choose(server, anna)
        assert await look() == open_


async def test_to_senders_a_frozen_mailbox_is_an_unknown_one(tmp_path: Path) -> None:
    async with local_server(tmp_path) as server:
        services = server.served.application.services
        store, today = services.store, services.today()
        now = services.clock.now()
        anna, bert = await add_device(store, now), await add_device(store, now)
        body = os.urandom(1_024)
        unknown = (os.urandom(16), os.urandom(32))

        async def answers() -> list[tuple[Status, Status]]:
            """Send to anna and to nobody, once with a cached capability and once with a new one."""
            found = []
            async with sender(server.origin) as socket:
                for kind in (0, 1):
                    for capability in anna.capabilities[:2]:
                        to_anna = await socket.send(kind, anna.mailbox, capability, body)
                        to_nobody = await socket.send(kind, *unknown, body)
                        found.append((to_anna, to_nobody))
            return found

        open_ = await answers()
        assert set(open_) == {(Status.ACCEPTED, Status.REFUSED)}, "the control"
        stored = len(await store.stored_envelopes(anna.mailbox, today, limit=99))
        await freeze(server, anna, True)
        frozen = await answers()
        assert set(frozen) == {(Status.REFUSED, Status.REFUSED)}, "CK-712"
        assert len(await store.stored_envelopes(anna.mailbox, today, limit=99)) == stored
        # What was on its way to the disk in that moment is refused there.
        late = NewEnvelope(os.urandom(16), anna.mailbox, today, body)
        other = NewEnvelope(os.urandom(16), bert.mailbox, today, body)
        assert await store.write_envelopes([late, other], []) == {late.delivery_id}
        # The owner still logs in, receives what was stored before, and acknowledges it.
        async with receiver(server.origin, anna.token) as own:
            got = [await own.next() for _ in range(stored)]
            assert {one.envelope for one in got} == {body}
            await own.acknowledge(*got)
        await freeze(server, anna, False)
        assert set(await answers()) == {(Status.ACCEPTED, Status.REFUSED)}
        assert await store.account_settings(anna.account_id) == AccountSettings()


async def freeze(server: Any, device: Any, restricted: bool) -> None:
    async with httpx.AsyncClient(base_url=server.origin) as http:
        answer = await http.put(
            "/v1/account/settings",
            json={**NOTHING, "restricted": restricted},
            headers=bearer(device.token),
        )
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["/v1/key-packages/fetch", "/v1/turn", "/v1/sequencers"])
async def test_anonymous_requests_get_the_answer_for_nobody(tmp_path: Path, path: str) -> None:
    async with local_server(tmp_path) as server:
        services = server.served.application.services
        store, now = services.store, services.clock.now()
        anna = await add_device(store, now)
        await store.put_key_packages(
            anna.device_id, [os.urandom(2_000)] * 3, os.urandom(2_000), services.today()
        )
        more = {"handle": b(os.urandom(32)), "first_n": 1, "write_key_hash": b(os.urandom(32)),
                "life": "conversation"} if path == "/v1/sequencers" else {}  # fmt: skip

        async with httpx.AsyncClient(base_url=server.origin) as http:

            async def ask(mailbox: bytes, capability: bytes) -> tuple[int, bytes, Any]:
                body = {"mailbox": b(mailbox), "capability": b(capability), **more}
                answer = await http.post(path, json=body)
                return answer.status_code, answer.content, sorted(answer.headers.items())

            nobody = await ask(os.urandom(16), os.urandom(32))
            before = await ask(anna.mailbox, anna.capabilities[0])
            assert before[0] != nobody[0], "the control"
            await freeze(server, anna, True)
            kept = await store.count_key_packages(anna.device_id, services.today())
            for capability in anna.capabilities:
                assert await ask(anna.mailbox, capability) == nobody, "CK-712"
            assert await store.take_key_package(anna.mailbox, services.today()) is None
            assert await store.count_key_packages(anna.device_id, services.today()) == kept


async def test_nothing_is_pushed_to_a_frozen_account(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        store, today = server.services.store, server.services.today()
        anna = await server.sign_up()
        await store.put_push_subscription(PushSubscription(anna.token[:16], os.urandom(99)), today)
        assert await store.push_subscription(anna.mailbox_id, today) is not None, "the control"
        await choose(server, anna, restricted=True)
        assert await store.push_subscription(anna.mailbox_id, today) is None
        await choose(server, anna)
        assert await store.push_subscription(anna.mailbox_id, today) is not None


async def test_frozen_is_not_kept_for_ever_and_its_owner_sees_it(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        account = await fill(server, anna)
        await choose(server, anna, restricted=True)
        said, pages = await shown(server, anna.token)
        assert pages[0]["settings"]["restricted"] is True
        assert said["account_settings"][0]["restricted"] == 1
        assert set(said) == set(projection(tmp_path / "data", account))
        assert await server.account_token(anna.handle), "logging in works"
        await server.services.store.purge(server.services.today() + 730)
        assert projection(tmp_path / "data", account) == {}


async def test_a_freeze_whose_write_fails_is_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write may fail and yet be on disk: what a cache holds must not go on as if nothing was."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        told: list[bytes] = []
        server.services.listeners.devices_frozen.append(
            lambda devices: told.extend(one.mailbox_id for one in devices)
        )
        store = server.services.store
        honest = type(store).set_account_settings

        async def fails(self: Any, *arguments: Any) -> None:
            await honest(self, *arguments)
            raise UnavailableError(Code.UNAVAILABLE, "failed but persisted")

        monkeypatch.setattr(type(store), "set_account_settings", fails)
        assert (await choose(server, anna, restricted=True)).status_code == 503
        assert told == [anna.mailbox_id], "CK-712"
