"""Passkeys, with an authenticator in software and the real verification: what opens, what does not.

Each refusal has its twin that is let in, so that no test passes because everything is refused.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.server.authenticator import PRESENT, RP_ID, VERIFIED, Authenticator
from tests.server.people import PASSWORD, Server, b, registration, running, unb

from visavis.core.errors import AuthorizationError, PeerError
from visavis.core.ids import AccountId
from visavis.core.passkey import ROOT_WRAP_BYTES, PasskeyRoot, open_root, wrap_root
from visavis.ports.passkeys import MAX_PASSKEYS, NewPasskey
from visavis.server import passkeys as routes
from visavis.server.relying_party import RelyingParty
from visavis.testing.audit.holdings import collect

ROOT = os.urandom(32)
OWNER = AccountId.random(os.urandom)


@dataclass
class Holder:
    """Somebody whose account has a passkey and no password."""

    handle: str
    token: bytes
    passkey: Authenticator
    keystore: bytes
    recovery: Ed25519PrivateKey
    root_wrap: bytes


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def begin_signup(server: Server, name: str = "anna", link: str | None = None) -> Any:
    body = {"link_token": link or server.link_token(), "name": name}
    started = await server.post("/v1/passkeys/signup/start", body)
    assert started.status_code == 200, started.text
    return started.json()


def signup_body(passkey: Authenticator, started: Any) -> tuple[dict[str, Any], Holder]:
    handle = started["handle"]
    wrapped = wrap_root(passkey.prf(), OWNER, PasskeyRoot(ROOT, handle), os.urandom)
    created = passkey.create(unb(started["challenge"]), unb(started["user_handle"]), wrapped)
    token, _, device = registration()
    recovery, keystore = Ed25519PrivateKey.generate(), os.urandom(4096)
    body = {
        "session": started["session"],
        "passkey": created,
        "keystore": b(keystore),
        "recovery_key": b(recovery.public_key().public_bytes_raw()),
        "device": device,
    }
    return body, Holder(handle, token, passkey, keystore, recovery, wrapped)


async def sign_up(server: Server, name: str = "anna") -> Holder:
    body, holder = signup_body(Authenticator(), await begin_signup(server, name))
    finished = await server.post("/v1/passkeys/signup/finish", body)
    assert finished.status_code == 200, finished.text
    return holder


async def begin_login(server: Server) -> tuple[bytes, str]:
    started = await server.post("/v1/passkeys/login/start", {})
    assert started.status_code == 200, started.text
    return unb(started.json()["challenge"]), started.json()["session"]


async def log_in(server: Server, passkey: Authenticator, **changes: Any) -> httpx.Response:
    challenge, session = await begin_login(server)
    body = {"session": session, **passkey.get(challenge), **changes}
    return await server.post("/v1/passkeys/login/finish", body)


async def token_of(server: Server, passkey: Authenticator) -> bytes:
    answer = await log_in(server, passkey)
    assert answer.status_code == 200, answer.text
    return unb(answer.json()["account_token"])


async def add(server: Server, token: bytes, passkey: Authenticator) -> httpx.Response:
    started = (await server.post("/v1/passkeys/start", {}, token)).json()
    created = passkey.create(
        unb(started["challenge"]), unb(started["user_handle"]), os.urandom(ROOT_WRAP_BYTES)
    )
    body = {"session": started["session"], "passkey": created}
    return await server.post("/v1/passkeys/finish", body, token)


# ---- what opens --------------------------------------------------------------------------------


async def test_an_account_with_a_passkey_only_is_made_and_opened(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        assert anna.passkey.user_handle != bytes(32)
        answer = await log_in(server, anna.passkey)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert unb(body["keystore"]) == anna.keystore
        opened = open_root(anna.passkey.prf(), OWNER, unb(body["root_wrap"]))
        assert opened == PasskeyRoot(ROOT, anna.handle), "the server gave back what it was given"
        ways = (await server.get("/v1/passkeys", unb(body["account_token"]))).json()
        assert ways["password"] is False
        assert [one["credential_id"] for one in ways["passkeys"]] == [b(anna.passkey.credential_id)]
        assert (await server.get("/v1/passkeys", anna.token)).json() == ways, "a device may look"
        # The recovery code opens it too, and nothing says that there is no password.
        assert (await server.recover(anna.handle, anna.recovery)).status_code == 200


async def test_an_account_without_a_password_is_to_passwords_as_none_at_all(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        one = await server.log_in(anna.handle, PASSWORD)
        other = await server.log_in("zenobia.00000", PASSWORD)
        assert code(one) == (401, "login_failed"), "CK-447"
        assert (one.content, sorted(one.headers)) == (other.content, sorted(other.headers))


async def test_a_password_can_be_set_later_and_both_open(tmp_path: Path) -> None:
    import opaque_ke_py as opaque

    async with running(tmp_path) as server:
        anna = await sign_up(server)
        token = await token_of(server, anna.passkey)
        start = opaque.client_registration_start(PASSWORD.encode())
        reply = await server.post(
            "/v1/password/start", {"opaque_request": b(start.get_message())}, token
        )
        end = opaque.client_registration_finish(
            PASSWORD.encode(), start.get_state(), unb(reply.json()["opaque_response"])
        )
        body = {
            "opaque_record": b(end.get_message()),
            "keystore": b(os.urandom(4096)),
            "replaces": b(hashlib.sha256(anna.keystore).digest()),
        }
        assert (await server.post("/v1/password/finish", body, token)).status_code == 200
        assert (await server.log_in(anna.handle)).status_code == 200
        assert (await log_in(server, anna.passkey)).status_code == 200
        assert (await server.get("/v1/passkeys", anna.token)).json()["password"] is True


async def test_a_password_account_gets_a_passkey(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        token = await server.account_token(anna.handle)
        passkey = Authenticator()
        assert (await add(server, token, passkey)).status_code == 200
        assert (await log_in(server, passkey)).status_code == 200
        # A second one on the same authenticator is named in what it must not make again.
        started = (await server.post("/v1/passkeys/start", {}, token)).json()
        assert started["credential_ids"] == [b(passkey.credential_id)]
        again = await add(server, token, passkey)
        assert code(again) == (409, "conflict"), "nobody takes a known passkey's place"
        bert = await server.sign_up("bert")
        theirs = await add(server, await server.account_token(bert.handle), passkey)
        assert code(theirs) == (409, "conflict")


async def test_the_counter_is_not_watched_because_it_is_not_kept(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        for counter in (7, 8, 7, 0):
            anna.passkey.counter = counter
            assert (await log_in(server, anna.passkey)).status_code == 200
        columns = (await server.services.store.schema())["passkeys"]
        assert not [name for name in columns if "counter" in name or "uses" in name]


# ---- what does not -----------------------------------------------------------------------------

LIES: dict[str, dict[str, Any]] = {
    "wrong origin": {"origin": "http://localhost:8421"},
    "the address in numbers": {"origin": "http://127.0.0.1:8420"},
    "another site": {"origin": "https://localhost.example"},
    "wrong relying party": {"rp_id": "example.org"},
    "nobody verified": {"flags": PRESENT},
    "nobody there": {"flags": VERIFIED},
    "in somebody's frame": {"framed": True},
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_answer_with_one_thing_wrong_neither_signs_up_nor_in(
    tmp_path: Path, lie: str
) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        before = {name: getattr(anna.passkey, name) for name in LIES[lie]}
        for name, value in LIES[lie].items():
            setattr(anna.passkey, name, value)
        assert code(await log_in(server, anna.passkey)) == (401, "passkey_refused"), "CK-441"
        for name, value in before.items():
            setattr(anna.passkey, name, value)
        assert (await log_in(server, anna.passkey)).status_code == 200

        body, _ = signup_body(Authenticator(**LIES[lie]), await begin_signup(server, "bert"))
        refused = await server.post("/v1/passkeys/signup/finish", body)
        assert code(refused) == (401, "passkey_refused"), "CK-441"


async def test_a_challenge_is_good_once_for_one_thing_and_for_two_minutes(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        challenge, session = await begin_login(server)
        body = {"session": session, **anna.passkey.get(challenge)}
        assert (await server.post("/v1/passkeys/login/finish", body)).status_code == 200
        replayed = await server.post("/v1/passkeys/login/finish", body)
        assert code(replayed) == (410, "expired"), "CK-411"

        challenge, session = await begin_login(server)
        bad = {"session": session, **anna.passkey.get(os.urandom(32))}
        refused = await server.post("/v1/passkeys/login/finish", bad)
        assert code(refused) == (401, "passkey_refused"), "the answer to another challenge"
        good = {"session": session, **anna.passkey.get(challenge)}
        late = await server.post("/v1/passkeys/login/finish", good)
        assert code(late) == (410, "expired"), "CK-440: one try, and it was bad"

        challenge, session = await begin_login(server)
        await server.clock.advance(routes.CEREMONY_S + 1)
        good = {"session": session, **anna.passkey.get(challenge)}
        assert code(await server.post("/v1/passkeys/login/finish", good)) == (410, "expired")


async def test_a_challenge_for_one_purpose_serves_no_other(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        token = await token_of(server, anna.passkey)
        signup = await begin_signup(server, "bert")
        adding = (await server.post("/v1/passkeys/start", {}, token)).json()
        challenge, login_session = await begin_login(server)
        for other in (signup, adding):
            body = {"session": other["session"], **anna.passkey.get(unb(other["challenge"]))}
            answer = await server.post("/v1/passkeys/login/finish", body)
            assert code(answer) == (410, "expired"), "CK-410"
        wrap = os.urandom(ROOT_WRAP_BYTES)
        created = Authenticator().create(challenge, unb(adding["user_handle"]), wrap)
        body = {"session": login_session, "passkey": created}
        answer = await server.post("/v1/passkeys/finish", body, token)
        assert code(answer) == (410, "expired"), "CK-410"

        # The ceremony is part of what is signed: a "create" is no "get", nor the other way.
        challenge, login_session = await begin_login(server)
        body = {"session": login_session, **anna.passkey.get(challenge, "webauthn.create")}
        answer = await server.post("/v1/passkeys/login/finish", body)
        assert code(answer) == (401, "passkey_refused")

        # Begun by one account, it ends for no other.
        bert = await server.sign_up("bert")
        adding = (await server.post("/v1/passkeys/start", {}, token)).json()
        created = Authenticator().create(unb(adding["challenge"]), unb(adding["user_handle"]), wrap)
        body = {"session": adding["session"], "passkey": created}
        theirs = await server.account_token(bert.handle)
        answer = await server.post("/v1/passkeys/finish", body, theirs)
        assert code(answer) == (410, "expired"), "CK-440"


async def test_unknown_removed_and_badly_signed_are_one_refusal(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        second = Authenticator()
        token = await token_of(server, anna.passkey)
        assert (await add(server, token, second)).status_code == 200
        stranger = Authenticator(user_handle=os.urandom(32))
        thief = Authenticator(credential_id=second.credential_id, user_handle=second.user_handle)
        answers = [
            await log_in(server, stranger),
            await log_in(server, thief),
            await log_in(server, second, user_handle=b(os.urandom(32))),
            await log_in(server, second, signature=b(os.urandom(70))),
            await log_in(server, second, client_data=b(b"{}")),
            await log_in(server, second, authenticator_data=b(b"\0")),
        ]
        assert (await log_in(server, second)).status_code == 200, "the control"
        removal = {"credential_id": b(second.credential_id)}
        assert (await server.post("/v1/passkeys/remove", removal, token)).status_code == 200
        answers.append(await log_in(server, second))
        shapes = {(a.status_code, a.content, tuple(sorted(a.headers.items()))) for a in answers}
        assert len(shapes) == 1, "CK-442"
        assert code(answers[0]) == (401, "passkey_refused")


async def test_an_unknown_passkey_takes_the_same_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-442: one signature check each, so that the time does not tell which passkeys exist."""
    import webauthn

    async with running(tmp_path) as server:
        anna = await sign_up(server)
        checked: list[bytes] = []
        real = webauthn.verify_authentication_response

        def counting(**what: Any) -> Any:
            checked.append(what["credential_public_key"])
            return real(**what)

        monkeypatch.setattr(webauthn, "verify_authentication_response", counting)
        await log_in(server, Authenticator(user_handle=os.urandom(32)))
        await log_in(server, anna.passkey)
        assert len(checked) == 2
        assert len({(len(key), key[:10]) for key in checked}) == 1, "keys of one kind"


async def test_an_authenticator_may_leave_out_whose_it_is(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        assert (await log_in(server, anna.passkey, user_handle=None)).status_code == 200


async def test_what_the_browser_names_must_be_what_the_authenticator_made(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        body, _ = signup_body(Authenticator(), await begin_signup(server))
        body["passkey"]["credential_id"] = b(os.urandom(32))
        refused = await server.post("/v1/passkeys/signup/finish", body)
        assert code(refused) == (401, "passkey_refused")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("attestation_object", b"\xa0"),
        ("attestation_object", b"\xff" * 300),
        ("client_data", b"[]"),
        ("client_data", b"\xff"),
    ],
)
async def test_damaged_attestations_are_refusals_not_faults(
    tmp_path: Path, part: str, value: bytes
) -> None:
    async with running(tmp_path) as server:
        body, _ = signup_body(Authenticator(), await begin_signup(server))
        body["passkey"][part] = b(value)
        refused = await server.post("/v1/passkeys/signup/finish", body)
        assert code(refused) == (401, "passkey_refused")


# ---- keeping and removing ----------------------------------------------------------------------


async def test_the_last_way_in_stays(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        token = await token_of(server, anna.passkey)
        mine = {"credential_id": b(anna.passkey.credential_id)}
        assert code(await server.post("/v1/passkeys/remove", mine, token)) == (409, "last_way_in")
        second = Authenticator()
        assert (await add(server, token, second)).status_code == 200
        elsewhere = await token_of(server, second)
        assert (await server.post("/v1/passkeys/remove", mine, token)).status_code == 200
        assert code(await log_in(server, anna.passkey)) == (401, "passkey_refused")
        ended = await server.get("/v1/passkeys", elsewhere)
        assert code(ended) == (401, "refused"), "whoever was in by another passkey is out"
        assert (await server.get("/v1/passkeys", token)).status_code == 200

        # With a password every passkey may go.
        bert = await server.sign_up("bert")
        token = await server.account_token(bert.handle)
        only = Authenticator()
        await add(server, token, only)
        theirs = {"credential_id": b(second.credential_id)}
        assert code(await server.post("/v1/passkeys/remove", theirs, token)) == (403, "refused")
        unknown = {"credential_id": b(os.urandom(32))}
        assert code(await server.post("/v1/passkeys/remove", unknown, token)) == (403, "refused")
        gone = {"credential_id": b(only.credential_id)}
        assert (await server.post("/v1/passkeys/remove", gone, token)).status_code == 200


async def test_there_is_an_end_to_passkeys(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        token = await token_of(server, anna.passkey)
        for _ in range(MAX_PASSKEYS - 1):
            assert (await add(server, token, Authenticator())).status_code == 200
        assert code(await add(server, token, Authenticator())) == (409, "too_many_passkeys")


async def test_a_deleted_account_leaves_no_passkey(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        token = await token_of(server, anna.passkey)
        answer = await server.http.delete(
            "/v1/account", headers={"Authorization": f"Bearer {b(token)}"}
        )
        assert answer.status_code == 200
        assert code(await log_in(server, anna.passkey)) == (401, "passkey_refused")
        path = server.services.config.database
        connection = sqlite3.connect(path)
        assert connection.execute("SELECT count(*) FROM passkeys").fetchone() == (0,)
        connection.close()
        with pytest.raises(PeerError):
            await server.services.store.add_passkey(
                os.urandom(16), NewPasskey(b"c", b"k", b"w"), server.services.today()
            )


async def test_passkeys_end_with_an_account_nobody_used(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        days = server.services.inventory.schedules["account"].days
        await server.clock.advance((days + 1) * 86_400)
        assert code(await log_in(server, anna.passkey)) == (401, "passkey_refused")


async def test_a_link_makes_one_account_by_passkey_too(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        link = server.link_token()
        one, two = [await begin_signup(server, name, link) for name in ("anna", "bert")]
        first, _ = signup_body(Authenticator(), one)
        second, _ = signup_body(Authenticator(), two)
        assert (await server.post("/v1/passkeys/signup/finish", first)).status_code == 200
        answer = await server.post("/v1/passkeys/signup/finish", second)
        assert code(answer) == (403, "signup_link"), "CK-400"
        body = {"link_token": link, "name": "cleo"}
        answer = await server.post("/v1/passkeys/signup/start", body)
        assert code(answer) == (403, "signup_link")


async def test_asking_often_costs_work(tmp_path: Path) -> None:
    async with running(tmp_path, free_attempts=3) as server:
        for _ in range(3):
            await begin_login(server)
        answer = await server.post("/v1/passkeys/login/start", {})
        assert code(answer) == (429, "quota"), "CK-412"
        assert answer.json()["work"]["bits"] >= 14
        body = {"link_token": server.link_token(), "name": "anna"}
        answer = await server.post("/v1/passkeys/signup/start", body)
        assert code(answer) == (429, "quota")


# ---- what a thief has --------------------------------------------------------------------------


async def test_a_stolen_database_opens_nothing(tmp_path: Path) -> None:
    """R-95: with every file of the server, its own keys too, the root stays shut without PRF."""
    async with running(tmp_path) as server:
        anna = await sign_up(server)
        await log_in(server, anna.passkey)
        folder = server.services.config.data_dir
    stolen = collect(folder)
    everything = b"".join(stolen.files.values())
    assert anna.root_wrap in everything, "the control: the wrap is there"
    prf = anna.passkey.prf()
    for secret in (prf, ROOT, anna.passkey.user_handle, anna.handle.encode()):
        assert secret not in everything
        assert secret not in server.log.getvalue().encode()
    tried = 0
    for row in stolen.rows:
        for value in row.columns.values():
            if not isinstance(value, bytes) or len(value) > 8_192:
                continue
            for at in range(len(value) - 31):
                tried += 1
                with pytest.raises((AuthorizationError, PeerError)):
                    open_root(value[at : at + 32], OWNER, anna.root_wrap)
    assert tried > 4_000
    assert open_root(prf, OWNER, anna.root_wrap).root == ROOT, "the control"


# ---- who we are to authenticators --------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://example.org", RelyingParty("example.org", "https://example.org")),
        ("https://a.example:8443", RelyingParty("a.example", "https://a.example:8443")),
        ("http://localhost:8420", RelyingParty(RP_ID, "http://localhost:8420")),
        ("http://127.0.0.1:8420", RelyingParty(RP_ID, "http://localhost:8420")),
        ("http://[::1]:8420", RelyingParty(RP_ID, "http://localhost:8420")),
        ("http://10.0.0.7:8420", None),
        ("https://10.0.0.7", None),
        ("http://example.org", None),
        ("https://127.0.0.1:8443", None),
    ],
)
def test_passkeys_need_a_name(origin: str, expected: RelyingParty | None) -> None:
    assert RelyingParty.of(origin) == expected


async def test_a_server_without_a_name_says_so(tmp_path: Path) -> None:
    from visavis.server.config import ServerConfig

    async with running(tmp_path) as server:
        config = ServerConfig(
            data_dir=tmp_path, origin="http://10.0.0.7:8420", host="10.0.0.7", insecure_lan=True
        )
        object.__setattr__(server.services, "config", config)
        answer = await server.post("/v1/passkeys/login/start", {})
        assert code(answer) == (403, "refused"), "CK-443"
