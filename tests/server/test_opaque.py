"""Unknown handles look like known ones, in bytes and operations (T-ENUM); guessing costs work."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import opaque_ke_py as opaque
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event
from tests.server.people import PASSWORD, Server, b, running, unb

from visavis.core import work
from visavis.core.errors import PeerError
from visavis.server import login, request_address, throttle
from visavis.server import opaque as server_opaque
from visavis.server.opaque import OpaqueServer

UNKNOWN = "zenobia.00000"


class Counting:
    """Stands in front of a module and counts the calls into it."""

    def __init__(self, module: Any, counts: Counter[str]) -> None:
        self._module = module
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        self._counts[name] += 1
        return getattr(self._module, name)


@contextlib.contextmanager
def counted(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count SQL statements, OPAQUE calls, signature checks, key derivations and decoys."""
    counts: Counter[str] = Counter()
    database = server.services.store.db  # type: ignore[attr-defined]
    engines = [database._readers.sync_engine, database._writer.sync_engine]

    def on_statement(*args: Any) -> None:
        counts[args[2].split(" FROM ")[-1][:60]] += 1

    with monkeypatch.context() as patch:
        patch.setattr(server_opaque, "opaque", Counting(opaque, counts))
        for module, name in (
            (login, "Ed25519PublicKey"),
            (login, "Ed25519PrivateKey"),
            (request_address, "MLKEM768PrivateKey"),
            (request_address, "X25519PrivateKey"),
        ):
            patch.setattr(module, name, Counting(getattr(module, name), counts))
        for engine in engines:
            event.listen(engine, "before_cursor_execute", on_statement)
        try:
            yield counts
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", on_statement)


def shape(answer: httpx.Response) -> tuple[int, int, list[tuple[str, str]]]:
    return answer.status_code, len(answer.content), sorted(answer.headers.items())


async def both(server: Server, handle: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Go through failed login, failed recovery and look-up; return shapes and counts."""
    out: list[Any] = []
    with counted(server, monkeypatch) as counts:
        start = opaque.client_login_start(b"a guess that is not right")
        message = b(start.get_message())
        one = await server.post("/v1/login/start", {"handle": handle, "opaque_request": message})
        two = await server.post(
            "/v1/login/finish",
            {"session": one.json()["session"], "opaque_finalization": b(os.urandom(64))},
        )
        three = await server.post("/v1/recovery/start", {"handle": handle})
        four = await server.post(
            "/v1/recovery/finish",
            {"session": three.json()["session"], "signature": b(os.urandom(64))},
        )
        five = await server.get(f"/v1/handles/{handle}")
        out += [shape(answer) for answer in (one, two, three, four, five)]
        out += [two.content, four.content]
        assert counts["server_login_start"] == counts["server_login_finish"] == 1
        out.append(dict(counts))
    return out


async def test_known_hidden_and_unknown_handles_are_alike_in_bytes_and_operations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as server:
        shown, hidden = await server.sign_up("zenobia"), await server.sign_up("zenobia")
        sealing_key = os.urandom(1216)
        done = await server.http.put(
            "/v1/request-address",
            json={
                "mailbox_id": b(shown.mailbox_id),
                "capability": b(shown.capabilities[7]),
                "sealing_key": b(sealing_key),
                "pow_bits": 20,
            },
            headers=shown.bearer,
        )
        assert done.status_code == 200, done.text
        known = await both(server, shown.handle, monkeypatch)
        assert known == await both(server, hidden.handle, monkeypatch)
        assert known == await both(server, UNKNOWN, monkeypatch), "CK-414, CK-418, CK-426"
        # Positive control: what the look-up of the shown one gives is the truth.
        answer = (await server.get(f"/v1/handles/{shown.handle}")).json()
        assert unb(answer["capability"]) == shown.capabilities[7]


async def test_the_comparison_would_see_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positive control: a server that skips OPAQUE for unknown handles is told apart."""
    async with running(tmp_path) as server:
        anna = await server.sign_up("zenobia")
        honest = server.services.opaque.challenge

        def leaky(identifier: bytes, record: bytes | None, request: bytes) -> Any:
            if record is None:
                raise PeerError(login.Code.LOGIN_FAILED, "no such handle")
            return honest(identifier, record, request)

        monkeypatch.setattr(server.services.opaque, "challenge", leaky)
        request = b(opaque.client_login_start(b"x").get_message())
        answers = [
            await server.post("/v1/login/start", {"handle": handle, "opaque_request": request})
            for handle in (anna.handle, UNKNOWN)
        ]
        assert shape(answers[0]) != shape(answers[1])


async def test_asking_twice_about_an_unknown_handle_tells_nothing(tmp_path: Path) -> None:
    """The OPRF output for one handle is stable for unknown handles as it is for known ones."""
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        request = b(opaque.client_login_start(b"x").get_message())

        async def evaluated(handle: str) -> bytes:
            body = {"handle": handle, "opaque_request": request}
            reply = (await server.post("/v1/login/start", body)).json()
            return unb(reply["opaque_response"])[:32]  # RFC 9807, 6.3.1: evaluated_message

        for handle in (anna.handle, UNKNOWN):
            assert await evaluated(handle) == await evaluated(handle)
        assert await evaluated(anna.handle) != await evaluated(UNKNOWN)


async def test_nobody_logs_in_as_the_decoy(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        answer = await server.log_in(UNKNOWN, PASSWORD)
        assert answer.json()["code"] == "login_failed"
        seed = server.services.keys.decoy("recovery key", server.services.keys.handle_tag(UNKNOWN))
        right = Ed25519PrivateKey.from_private_bytes(seed)  # even with the decoy's own key
        assert (await server.recover(UNKNOWN, right)).json()["code"] == "login_failed", "CK-418"


@pytest.mark.parametrize("length", [0, 32, 96])
def test_garbage_is_malformed_not_a_crash(length: int) -> None:
    server = OpaqueServer(bytes(opaque.server_setup().to_bytes()), os.urandom)
    for attempt in (
        lambda: server.registration_response(b"h" * 32, b"\xff" * length),
        lambda: server.record(b"\xff" * length),
        lambda: server.challenge(b"h" * 32, None, b"\xff" * length),
    ):
        with pytest.raises(PeerError):
            attempt()
    request = opaque.client_login_start(b"x").get_message()
    assert not server.finish(server.challenge(b"h" * 32, None, request).state, bytes(length))


# ---- throttling --------------------------------------------------------------------------------


def problem_work(answer: httpx.Response) -> tuple[bytes, int]:
    assert (answer.status_code, answer.json()["code"]) == (429, "quota"), answer.text
    given = answer.json()["work"]
    return unb(given["challenge"]), int(given["bits"])


async def start_login(server: Server, handle: str, solution: str = "") -> httpx.Response:
    request = b(opaque.client_login_start(b"x").get_message())
    headers = {"Visavis-Work": solution} if solution else {}
    return await server.http.post(
        "/v1/login/start", json={"handle": handle, "opaque_request": request}, headers=headers
    )


async def test_after_the_free_attempts_each_one_costs_work_but_nobody_is_locked_out(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, free_attempts=3) as server:
        anna = await server.sign_up()  # one attempt of this address
        for _ in range(2):
            assert (await start_login(server, anna.handle)).status_code == 200
        challenge, bits = problem_work(await start_login(server, anna.handle))
        assert bits >= throttle.FIRST_BITS
        solution = f"{b(challenge)}.{b(work.solve(challenge, bits))}"
        assert (await start_login(server, anna.handle, solution)).status_code == 200
        problem_work(await start_login(server, anna.handle, solution))  # CK-412: used up
        forged = os.urandom(40)
        solution = f"{b(forged)}.{b(work.solve(forged, bits))}"
        problem_work(await start_login(server, anna.handle, solution))  # CK-412: not ours
        for rubbish in ("x", "..", "a.b.c", "=.="):
            problem_work(await start_login(server, anna.handle, rubbish))


async def test_work_grows_to_a_bound_gets_old_and_is_forgotten_overnight(tmp_path: Path) -> None:
    async with running(tmp_path, free_attempts=2) as server:
        bits = 0
        for _ in range(60):
            answer = await start_login(server, UNKNOWN)
            if answer.status_code == 429:
                challenge, bits = problem_work(answer)
        assert bits == throttle.MAX_BITS
        easy = server.services.throttle
        solution = f"{b(challenge)}.{b(work.solve(challenge, bits))}"
        await server.clock.advance(throttle.CHALLENGE_S + 1)
        problem_work(await start_login(server, UNKNOWN, solution))  # CK-412: too old
        await server.clock.advance(86_400)
        assert (await start_login(server, UNKNOWN)).status_code == 200
        assert easy is server.services.throttle


async def test_a_handle_under_attack_from_everywhere_costs_work_known_or_not(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, free_attempts=5) as server:
        anna = await server.sign_up()
        for handle in (anna.handle, UNKNOWN):
            for _ in range(5):
                server.services.throttle.admit(f"198.51.100.{_}", handle, None)
            with pytest.raises(throttle.ProblemError):
                server.services.throttle.admit("192.0.2.9", handle, None)
        server.services.throttle.admit("192.0.2.9", "somebody.12345", None)


async def test_addresses_count_by_network_and_are_not_kept(tmp_path: Path) -> None:
    async with running(tmp_path, free_attempts=2) as server:
        gate = server.services.throttle
        gate.admit("2001:db8:1:2::1", None, None)
        gate.admit("2001:db8:1:2:ffff::9", None, None)
        with pytest.raises(throttle.ProblemError):
            gate.admit("2001:db8:1:2::77", None, None)
        gate.admit("2001:db8:1:3::1", None, None)
        gate.admit(None, None, None)
        kept = repr(vars(gate))
        assert "2001" not in kept
        assert bytes.fromhex("20010db8").hex() not in "".join(key.hex() for key in gate._counts)


async def test_memory_for_counting_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MAX_COUNTERS", 10)
    async with running(tmp_path, free_attempts=5) as server:
        gate = server.services.throttle
        for i in range(10):
            gate.admit(f"198.51.100.{i}", None, None)
        with pytest.raises(throttle.ProblemError):
            gate.admit("198.51.100.200", None, None)
        gate.admit("198.51.100.3", None, None)
        assert len(gate._counts) == 10


@pytest.mark.parametrize("bits", [0, 1, 8, 12])
def test_work_is_solved_and_checked(bits: int) -> None:
    challenge = os.urandom(40)
    nonce = work.solve(challenge, bits)
    assert work.check(challenge, nonce, bits)
    assert not work.check(challenge, nonce + b"\0", bits)
    assert not work.check(challenge, b"", bits)
    if bits >= 8:
        assert not work.check(os.urandom(40), nonce, 64)


def test_absurd_work_is_not_done() -> None:
    with pytest.raises(work.UsageError):
        work.solve(b"", 33)
