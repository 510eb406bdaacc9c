"""Devices, tokens, capabilities, key packages, request addresses."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from tests.server.people import Person, b, bearer, registration, running, unb

from visavis.core import base64url
from visavis.core.errors import UsageError
from visavis.ports.random import below, shuffled
from visavis.server.auth import authenticate
from visavis.server.config import ServerConfig
from visavis.server.request_address import decoy_address, is_decoy


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


async def test_a_token_speaks_for_its_device_only(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        device = await authenticate(server.services, anna.token)
        assert device is not None
        assert device.mailbox_id == anna.mailbox_id
        swapped = anna.token[:16] + bert.token[16:]
        for wrong in (
            swapped,
            anna.token[:-1],
            anna.token + b"\0",
            os.urandom(48),
            b"",
            anna.token[:16] + bytes(32),
        ):
            assert await authenticate(server.services, wrong) is None, "CK-415"


@pytest.mark.parametrize(
    "header", ["", "Basic x", "Bearer", "Bearer !", "Bearer AAAA", "Bearer " + "A" * 64]
)
async def test_bad_authorization_headers_are_401_alike(tmp_path: Path, header: str) -> None:
    async with running(tmp_path) as server:
        headers = {"Authorization": header} if header else {}
        answer = await server.http.get("/v1/vault", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "refused"
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_list_shows_days_for_either_token_in_random_order(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        token = await server.account_token(anna.handle)
        for _ in range(5):
            assert (await server.post("/v1/devices", registration()[2], token)).status_code == 200
        listed = (await server.get("/v1/devices", token)).json()
        assert len(listed) == 6
        assert {"device_id", "created_day", "last_seen_day"} == set(listed[0])
        assert listed[0]["created_day"] == "2024-10-04"
        assert len((await server.get("/v1/devices", bert.token)).json()) == 1
        orders = {
            tuple(one["device_id"] for one in (await server.get("/v1/devices", anna.token)).json())
            for _ in range(20)
        }
        assert len(orders) > 1


async def test_use_moves_the_last_seen_day_and_no_more_than_that(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        await server.clock.advance(3 * 86_400)
        listed = (await server.get("/v1/devices", anna.token)).json()
        assert listed == [
            {
                "device_id": b(anna.token[:16]),
                "created_day": "2024-10-04",
                "last_seen_day": "2024-10-07",
            }
        ]


async def test_a_revoked_device_is_cut_off_everywhere_at_once(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        gone: list[bytes] = []
        server.services.listeners.devices_removed.append(
            lambda devices: gone.extend(one.mailbox_id for one in devices)
        )
        path, farewell = "/v1/devices/revoke", os.urandom(64)
        body = {"device_id": b(anna.token[:16]), "farewell": b(farewell)}
        nobody = body | {"device_id": b(os.urandom(16))}
        his = await server.account_token(bert.handle)
        stranger = await server.http.post(path, json=body, headers=bearer(his))
        nothing = await server.http.post(path, json=nobody, headers=bearer(his))
        assert (stranger.status_code, stranger.content) == (403, nothing.content), "CK-419"
        assert (await server.http.post(path, json=body, headers=anna.bearer)).status_code == 401
        assert gone == []
        assert (await server.get("/v1/farewell", anna.token)).status_code == 403
        token = await server.account_token(anna.handle)
        assert (await server.http.post(path, json=body, headers=bearer(token))).status_code == 200
        assert gone == [anna.mailbox_id]
        assert (await server.get("/v1/vault", anna.token)).status_code == 401
        found = await server.get("/v1/farewell", anna.token)
        assert found.json() == {"farewell": b(farewell)}
        for other in (bert.token, anna.token[:16] + os.urandom(32)):
            assert (await server.get("/v1/farewell", other)).status_code == 403
        store = server.services.store
        assert await store.capability_mailbox(sha(anna.capabilities[0])) is None
        assert await store.capability_mailbox(sha(bert.capabilities[0])) == bert.mailbox_id


async def test_capabilities_are_added_and_revoked_by_their_device(tmp_path: Path) -> None:
    async with running(tmp_path, capabilities_per_mailbox=258) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        told: list[bytes] = []
        server.services.listeners.capabilities_revoked.append(told.extend)
        store = server.services.store
        extra = [os.urandom(32) for _ in range(3)]
        full = await server.post("/v1/capabilities", {"add": [b(one) for one in extra]}, anna.token)
        assert full.json()["code"] == "quota"
        added = await server.post(
            "/v1/capabilities", {"add": [b(one) for one in extra[:2]]}, anna.token
        )
        assert added.status_code == 200
        assert await store.capability_mailbox(extra[0]) == anna.mailbox_id
        body = {"hashes": [b(extra[0])]}
        await server.post("/v1/capabilities/revoke", body, bert.token)
        assert await store.capability_mailbox(extra[0]) == anna.mailbox_id
        await server.post("/v1/capabilities/revoke", body, anna.token)
        assert await store.capability_mailbox(extra[0]) is None
        assert extra[0] in told, "caches are told"


async def test_key_packages_are_uploaded_counted_bounded(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        packages = [b(os.urandom(100)) for _ in range(64)]
        body = {"one_time": packages, "last_resort": b(b"last")}
        for _ in range(2):
            assert (await server.post("/v1/key-packages", body, anna.token)).status_code == 200
        assert (await server.get("/v1/key-packages", anna.token)).json() == {"count": 128}
        full = await server.post("/v1/key-packages", {"one_time": packages[:1]}, anna.token)
        assert full.json()["code"] == "quota"
        renewed = {"one_time": [], "last_resort": b(b"newer")}
        assert (await server.post("/v1/key-packages", renewed, anna.token)).status_code == 200
        for bad in ({"one_time": packages + packages[:1]}, {"one_time": [b(bytes(16_385))]}):
            answer = await server.post("/v1/key-packages", bad, anna.token)
            assert answer.json()["code"] == "malformed"


def address(person: Person, capability: bytes, mailbox: bytes | None = None) -> dict[str, object]:
    return {
        "mailbox_id": b(mailbox or person.mailbox_id),
        "capability": b(capability),
        "sealing_key": b(os.urandom(1216)),
        "pow_bits": 20,
    }


async def test_a_request_address_must_be_ones_own_and_live(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")

        async def put(body: object) -> tuple[int, str]:
            answer = await server.http.put("/v1/request-address", json=body, headers=anna.bearer)
            return answer.status_code, answer.json().get("code", "")

        assert await put(address(anna, os.urandom(32))) == (403, "refused"), "CK-425"
        assert await put(address(anna, bert.capabilities[0])) == (403, "refused"), "CK-425"
        theirs = address(anna, bert.capabilities[0], bert.mailbox_id)
        assert await put(theirs) == (403, "refused"), "CK-425"
        assert await put({**address(anna, anna.capabilities[0]), "pow_bits": 19}) == (
            400,
            "malformed",
        )
        mine = address(anna, anna.capabilities[0])
        assert await put(mine) == (200, "")
        assert (await server.get(f"/v1/handles/{anna.handle}")).json() == mine
        null = {**anna.bearer, "Content-Type": "application/json"}
        for content in (b"null", b""):
            assert await put(mine) == (200, "")
            done = await server.http.put("/v1/request-address", content=content, headers=null)
            assert done.status_code == 200
        hidden = (await server.get(f"/v1/handles/{anna.handle}")).json()
        assert hidden["capability"] != mine["capability"]
        assert is_decoy(server.services.keys, unb(hidden["mailbox_id"]), unb(hidden["capability"]))


async def test_decoys_are_steady_different_and_of_the_right_form(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        one = (await server.get("/v1/handles/nobody.00001")).json()
        two = (await server.get("/v1/handles/nobody.00002")).json()
    async with running(tmp_path) as server:
        assert (await server.get("/v1/handles/nobody.00001")).json() == one, "after a restart too"
        keys = server.services.keys
        assert all(one[name] != two[name] for name in ("mailbox_id", "capability", "sealing_key"))
        sealing = unb(one["sealing_key"])
        MLKEM768PublicKey.from_public_bytes(sealing[:1184])
        X25519PublicKey.from_public_bytes(sealing[1184:])
        # Positive control: random bytes are told from a key at once.
        with pytest.raises(ValueError, match=r".*"):
            MLKEM768PublicKey.from_public_bytes(b"\xff" * 1184)
        mailbox, capability = unb(one["mailbox_id"]), unb(one["capability"])
        assert is_decoy(keys, mailbox, capability)
        assert not is_decoy(keys, mailbox, unb(two["capability"]))
        assert not is_decoy(keys, os.urandom(16), capability)
        tag = keys.handle_tag("nobody.00001")
        assert decoy_address(keys, tag).mailbox_id == mailbox


@pytest.mark.parametrize("handle", ["Anna.12345", "anna", "anna.1234", "a.12345", "anna.123456"])
async def test_what_is_no_handle_is_malformed(tmp_path: Path, handle: str) -> None:
    async with running(tmp_path) as server:
        assert (await server.get(f"/v1/handles/{handle}")).json()["code"] == "malformed"


def test_one_value_has_one_spelling() -> None:
    assert base64url.decode("AA") == b"\0"
    for other in ("AB", "AA==", "A A", "AA\n", "+/+/"):
        with pytest.raises(Exception, match="base64url"):
            base64url.decode(other)


def test_random_picks_are_uniform_and_complete() -> None:
    assert sorted(shuffled(range(50), os.urandom)) == list(range(50))
    seen = [below(5, os.urandom) for _ in range(500)]
    assert set(seen) == set(range(5))
    assert min(seen.count(value) for value in range(5)) > 50
    high = iter([b"\xff", b"\xff", b"\x03"])
    assert below(5, lambda _n: next(high)) == 3, "values that would bias the remainder are skipped"


# ---- configuration -----------------------------------------------------------------------------


def test_without_tls_only_loopback_is_served(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="CK-404"):
        ServerConfig(data_dir=tmp_path, origin="http://x", host="0.0.0.0")
    ServerConfig(data_dir=tmp_path, origin="http://x", host="0.0.0.0", insecure_lan=True)
    local = ServerConfig.for_operator(tmp_path)
    assert local.host == "127.0.0.1"
    assert local.origin == "http://localhost:8420", "a name, or browsers give no passkeys"


def test_an_operator_gives_domain_certificate_and_key_together(tmp_path: Path) -> None:
    cert, key = tmp_path / "c", tmp_path / "k"
    config = ServerConfig.for_operator(tmp_path, "example.org", cert, key, "192.0.2.1", None)
    assert (config.origin, config.port, config.external_ip) == (
        "https://example.org",
        443,
        "192.0.2.1",
    )
    assert ServerConfig.for_operator(tmp_path, "example.org", cert, key, port=8443).origin.endswith(
        ":8443"
    )
    for wrong in (("example.org", None, None), (None, cert, key), ("example.org", cert, None)):
        with pytest.raises(UsageError):
            ServerConfig.for_operator(tmp_path, *wrong)
    for values in (
        {"origin": "example.org"},
        {"origin": "https://x/"},
        {"origin": "https://x", "relay_min_port": 2, "relay_max_port": 1},
        {"origin": "https://x", "tls_cert": cert},
    ):
        with pytest.raises(UsageError):
            ServerConfig(data_dir=tmp_path, **values)
