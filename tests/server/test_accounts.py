"""Sign-up, login, recovery, password change, keystore, and the end of an account."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import httpx
import opaque_ke_py as opaque
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.server.people import PASSWORD, Server, b, bearer, registration, running, unb

from visavis.core.errors import PeerError, UsageError
from visavis.server import signup_links
from visavis.server.config import remember_origin


def code(answer: object) -> str:
    return str(answer.json()["code"])  # type: ignore[attr-defined]


# ---- sign-up links -----------------------------------------------------------------------------


async def test_a_link_makes_one_account(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        link = server.link_token()
        anna = await server.sign_up("anna", link=link)
        assert anna.handle.startswith("anna.")
        assert len(anna.handle) == len("anna.") + 5
        request = b(opaque.client_registration_start(b"x").get_message())
        again = await server.post(
            "/v1/signup/start", {"link_token": link, "name": "bert", "opaque_request": request}
        )
        assert (again.status_code, code(again)) == (403, "signup_link")


async def test_two_people_with_one_link_at_once_get_one_account(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        link = server.link_token()
        results = await asyncio.gather(
            *(server.sign_up(name, link=link) for name in ("anna", "bert")), return_exceptions=True
        )
        assert sum(isinstance(one, AssertionError) for one in results) == 1, "CK-400"


@pytest.mark.parametrize("damage", ["expired", "forged", "other server", "cut", "later expiry"])
async def test_bad_links_get_one_answer(tmp_path: Path, damage: str) -> None:
    async with running(tmp_path) as server:
        token = unb(server.link_token())
        if damage == "expired":
            await server.clock.advance(signup_links.LIFETIME_S)
        elif damage == "forged":
            token = os.urandom(56)
        elif damage == "other server":
            other = signup_links.make_link(tmp_path / "other", "http://x", now=server.clock.now())
            token = unb(other.partition("#")[2])
        elif damage == "later expiry":
            token = token[:16] + (2**40).to_bytes(8, "big") + token[24:]
        request = b(opaque.client_registration_start(b"x").get_message())
        body = {"link_token": b(token), "name": "anna", "opaque_request": request}
        if damage == "cut":
            with pytest.raises(PeerError, match="CK-416"):
                signup_links.verify(server.services.keys, token[:40], server.clock.now())
            return
        answer = await server.post("/v1/signup/start", body)
        assert (answer.status_code, code(answer)) == (403, "signup_link"), "CK-416"


async def test_a_link_is_good_to_the_last_second_of_its_day(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        link = server.link_token()
        await server.clock.advance(signup_links.LIFETIME_S - 1)
        await server.sign_up(link=link)


async def test_making_a_link_stores_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await server.services.store.tidy(server.services.today())
        before = (tmp_path / "data" / "visavis.sqlite3").read_bytes()
        for _ in range(5):
            server.link_token()
        await server.services.store.tidy(server.services.today())
        assert (tmp_path / "data" / "visavis.sqlite3").read_bytes() == before


def test_a_link_is_made_offline_with_the_remembered_origin(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no server was started"):
        signup_links.make_link(tmp_path / "data")
    remember_origin(tmp_path / "data", "https://example.org")
    link = signup_links.make_link(tmp_path / "data")
    origin, _, token = link.partition("/signup#")
    assert origin == "https://example.org"
    assert len(unb(token)) == 56


# ---- sign-up -----------------------------------------------------------------------------------


async def test_signing_up_tells_nothing_about_taken_names(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        handles = {(await server.sign_up("anna")).handle for _ in range(4)}
        assert len(handles) == 4


async def test_a_handle_is_nowhere_in_the_data_folder(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up("annabelle")
        for each in (tmp_path / "data").rglob("*"):
            if each.is_file():
                assert b"annabelle" not in each.read_bytes(), each.name
        tag = server.services.keys.handle_tag(anna.handle)
        found = [e.name for e in (tmp_path / "data").iterdir() if e.is_file()]
        assert any(tag in (tmp_path / "data" / name).read_bytes() for name in found), "control"


async def test_a_finished_sign_up_does_not_work_twice(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        start = opaque.client_registration_start(b"pw")
        body = {
            "link_token": server.link_token(),
            "name": "anna",
            "opaque_request": b(start.get_message()),
        }
        reply = (await server.post("/v1/signup/start", body)).json()
        end = opaque.client_registration_finish(
            b"pw", start.get_state(), unb(reply["opaque_response"])
        )
        finish = {
            "session": reply["session"],
            "opaque_record": b(end.get_message()),
            "keystore": b(bytes(4096)),
            "recovery_key": b(bytes(32)),
            "device": registration()[2],
        }
        bad = {**finish, "opaque_record": b(bytes(192))}
        assert code(await server.post("/v1/signup/finish", bad)) == "malformed"
        assert (await server.post("/v1/signup/finish", finish)).status_code == 200
        again = await server.post("/v1/signup/finish", {**finish, "device": registration()[2]})
        assert code(again) == "expired", "CK-411"


@pytest.mark.parametrize("count", [0, 1, 255, 257])
async def test_a_device_registers_exactly_256_capabilities(tmp_path: Path, count: int) -> None:
    async with running(tmp_path) as server:
        token = await server.account_token((await server.sign_up()).handle)
        _, _, device = registration()
        good = await server.post("/v1/devices", device, token)
        assert good.status_code == 200, good.text
        _, _, device = registration()
        device["capability_hashes"] = [b(os.urandom(32)) for _ in range(count)]
        assert code(await server.post("/v1/devices", device, token)) == "malformed"


# ---- login -------------------------------------------------------------------------------------


async def test_the_right_password_opens_the_keystore_and_a_wrong_one_does_not(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        right = await server.log_in(anna.handle)
        assert right.status_code == 200
        assert unb(right.json()["keystore"]) == anna.keystore
        wrong = await server.log_in(anna.handle, "a wrong password of length")
        assert (wrong.status_code, code(wrong)) == (401, "login_failed")


async def test_login_works_after_a_restart_and_not_with_another_setup_file(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
    async with running(tmp_path) as server:
        assert (await server.log_in(anna.handle)).status_code == 200
    # The OPAQUE setup lies outside the database: a database without it tests no password (P4).
    (tmp_path / "data" / "keys" / "opaque-setup").unlink()
    async with running(tmp_path) as server:
        assert (await server.log_in(anna.handle)).status_code == 401


async def test_a_session_is_for_one_exchange_and_for_five_minutes(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()

        async def started() -> tuple[bytes, str]:
            start = opaque.client_login_start(PASSWORD.encode())
            reply = (
                await server.post(
                    "/v1/login/start",
                    {"handle": anna.handle, "opaque_request": b(start.get_message())},
                )
            ).json()
            end = opaque.client_login_finish(
                PASSWORD.encode(), start.get_state(), unb(reply["opaque_response"])
            )
            return bytes(end.get_message()), str(reply["session"])

        message, session = await started()
        other = await server.post(
            "/v1/recovery/finish", {"session": session, "signature": b(bytes(64))}
        )
        assert code(other) == "expired", "CK-410"
        finish = {"session": session, "opaque_finalization": b(message)}
        assert (await server.post("/v1/login/finish", finish)).status_code == 200
        assert code(await server.post("/v1/login/finish", finish)) == "expired", "CK-411"
        message, session = await started()
        await server.clock.advance(301)
        finish = {"session": session, "opaque_finalization": b(message)}
        assert code(await server.post("/v1/login/finish", finish)) == "expired"


async def test_an_account_token_lasts_fifteen_minutes_and_not_over_a_restart(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        await server.clock.advance(899)
        assert (await server.get("/v1/keystore", token)).status_code == 200
        await server.clock.advance(2)
        assert (await server.get("/v1/keystore", token)).status_code == 401
        token = await server.account_token(anna.handle)
    async with running(tmp_path) as server:
        assert (await server.get("/v1/keystore", token)).status_code == 401


async def test_an_account_has_at_most_eight_tokens(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        other = await server.account_token(bert.handle)
        tokens = [await server.account_token(anna.handle) for _ in range(9)]
        states = [(await server.get("/v1/keystore", one)).status_code for one in tokens]
        assert states == [401] + [200] * 8
        assert (await server.get("/v1/keystore", other)).status_code == 200


# ---- recovery ----------------------------------------------------------------------------------


async def test_the_recovery_key_opens_the_keystore_and_another_does_not(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        right = await server.recover(anna.handle, anna.recovery)
        assert right.status_code == 200
        assert unb(right.json()["keystore"]) == anna.keystore
        wrong = await server.recover(anna.handle, Ed25519PrivateKey.generate())
        assert (wrong.status_code, code(wrong)) == (401, "login_failed")


async def test_a_signature_over_something_else_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        reply = (await server.post("/v1/recovery/start", {"handle": anna.handle})).json()
        signature = anna.recovery.sign(unb(reply["challenge"]))  # no label
        answer = await server.post(
            "/v1/recovery/finish", {"session": reply["session"], "signature": b(signature)}
        )
        assert code(answer) == "login_failed"


# ---- password, keystore ------------------------------------------------------------------------


async def change_password(
    server: Server, token: bytes, new: str, keystore: bytes, replaces: bytes
) -> httpx.Response:
    start = opaque.client_registration_start(new.encode())
    reply = (
        await server.post("/v1/password/start", {"opaque_request": b(start.get_message())}, token)
    ).json()
    end = opaque.client_registration_finish(
        new.encode(), start.get_state(), unb(reply["opaque_response"])
    )
    finish = {
        "opaque_record": b(end.get_message()),
        "keystore": b(keystore),
        "replaces": b(sha256(replaces)),
    }
    return await server.post("/v1/password/finish", finish, token)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


async def test_a_password_change_replaces_record_and_keystore_and_ends_other_tokens(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        old, token = [await server.account_token(anna.handle) for _ in range(2)]
        fresh = os.urandom(4096)
        done = await change_password(
            server, token, "another password entirely", fresh, anna.keystore
        )
        assert done.status_code == 200, done.text
        assert (await server.log_in(anna.handle)).status_code == 401
        answer = await server.log_in(anna.handle, "another password entirely")
        assert unb(answer.json()["keystore"]) == fresh
        assert (await server.get("/v1/keystore", old)).status_code == 401
        assert (await server.get("/v1/keystore", token)).status_code == 200


async def test_a_record_made_for_one_account_opens_no_other(tmp_path: Path) -> None:
    """CK-417: the record is bound to the handle, so Mallory's record is of no use under Anna's."""
    async with running(tmp_path) as server:
        anna, mallory = await server.sign_up("anna"), await server.sign_up("mallory")
        store, keys = server.services.store, server.services.keys
        today = server.services.today()
        hers = await store.account_by_handle(keys.handle_tag(mallory.handle), today)
        mine = await store.account_by_handle(keys.handle_tag(anna.handle), today)
        assert hers is not None
        assert mine is not None
        await store.replace_password(
            mine.account_id, hers.opaque_record, anna.keystore, sha256(anna.keystore)
        )
        assert (await server.log_in(anna.handle)).status_code == 401
        assert (await server.log_in(mallory.handle)).status_code == 200


async def test_the_keystore_is_put_and_got(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        fresh = os.urandom(4096)
        assert (await put_keystore(server, token, fresh, anna.keystore)).status_code == 200
        assert await stored_keystore(server, token) == fresh
        assert code(await put_keystore(server, token, fresh[:-1], fresh)) == "malformed"
        blind = {"keystore": b(fresh)}
        refused = await server.http.put("/v1/keystore", json=blind, headers=bearer(token))
        assert code(refused) == "malformed", "nobody writes over what they have not read"
        assert (await server.get("/v1/keystore", anna.token)).status_code == 401


async def put_keystore(
    server: Server, token: bytes, keystore: bytes, replaces: bytes
) -> httpx.Response:
    body = {"keystore": b(keystore), "replaces": b(sha256(replaces))}
    return await server.http.put("/v1/keystore", json=body, headers=bearer(token))


async def stored_keystore(server: Server, token: bytes) -> bytes:
    return unb((await server.get("/v1/keystore", token)).json()["keystore"])


async def test_of_two_who_replace_one_keystore_one_is_told(tmp_path: Path) -> None:
    """CK-680: both have read the same one; the second must not write over the first unseen."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        tokens = [await server.account_token(anna.handle) for _ in range(2)]
        offered = [os.urandom(4096) for _ in range(2)]
        answers = await asyncio.gather(
            *(
                put_keystore(server, token, keystore, anna.keystore)
                for token, keystore in zip(tokens, offered, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        lost = next(i for i, answer in enumerate(answers) if answer.status_code == 409)
        assert code(answers[lost]) == "conflict"
        winner = offered[1 - lost]
        assert await stored_keystore(server, tokens[lost]) == winner
        # On top of the winner's it is stored.
        again = await put_keystore(server, tokens[lost], offered[lost], winner)
        assert again.status_code == 200
        assert await stored_keystore(server, tokens[0]) == offered[lost]


async def test_a_login_begun_with_the_old_password_ends_with_its_change(tmp_path: Path) -> None:
    """CK-687: a thief of the password would else get a token after the change."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        honest, thief = [await server.begin_login(anna.handle) for _ in range(2)]
        assert (await server.post("/v1/login/finish", honest)).status_code == 200  # the control
        done = await change_password(
            server, token, "another password entirely", os.urandom(4096), anna.keystore
        )
        assert done.status_code == 200
        answer = await server.post("/v1/login/finish", thief)
        assert answer.status_code == 401
        assert answer.json()["code"] == "login_failed"


async def test_a_password_change_writes_over_no_keystore_it_has_not_read(tmp_path: Path) -> None:
    """CK-680, P4: then the record stays too, and so do the other logins."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token, other = [await server.account_token(anna.handle) for _ in range(2)]
        newer = os.urandom(4096)
        assert (await put_keystore(server, other, newer, anna.keystore)).status_code == 200
        stale = await change_password(
            server, token, "another password entirely", os.urandom(4096), anna.keystore
        )
        assert (stale.status_code, code(stale)) == (409, "conflict")
        assert await stored_keystore(server, other) == newer
        assert (await server.log_in(anna.handle)).status_code == 200
        assert (await server.log_in(anna.handle, "another password entirely")).status_code == 401


# ---- the end -----------------------------------------------------------------------------------


async def test_a_deleted_account_is_gone_to_the_last_row(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        rows_before = await count_rows(server)
        removed: list[bytes] = []
        server.services.listeners.devices_removed.append(
            lambda devices: removed.extend(one.mailbox_id for one in devices)
        )
        token = await server.account_token(anna.handle)
        done = await server.http.delete("/v1/account", headers=bearer(token))
        assert done.status_code == 200
        assert removed == [anna.mailbox_id], "sockets are closed at once"
        assert rows_before["accounts"] == 1, "the control: there were rows"
        assert rows_before["capabilities"] == 256
        # What stays: the mark of a used link (three days, SHA-256 of a random token), the version.
        assert {k: v for k, v in (await count_rows(server)).items() if v} == {
            "spent_links": 1,
            "alembic_version": 1,
        }
        assert (await server.get("/v1/keystore", token)).status_code == 401
        assert (await server.get("/v1/devices", anna.token)).status_code == 401
        assert (await server.log_in(anna.handle)).status_code == 401


async def count_rows(server: Server) -> dict[str, int]:
    out = {}
    async with server.services.store.db.read() as connection:  # type: ignore[attr-defined]
        for table in await server.services.store.schema():
            result = await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
            out[table] = int(result.scalar_one())
    return out
