"""What `visavis doctor` checks: each check says what to do when it is bad."""

from __future__ import annotations

import asyncio
import email.utils
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

STUN_MAGIC: Final = 0x2112A442
STUN_BINDING: Final = 0x0001
STUN_SUCCESS: Final = 0x0101
TURN_PORT: Final = 3478
CLOCK_LIMIT_S: Final = 60
"""More than a minute off breaks invites and calls; less is normal for a laptop."""


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: What was looked at.
        ok: Whether it is good.
        advice: What was seen, or what to do.
        required: Whether Visavis cannot work without it here.
    """

    name: str
    ok: bool
    advice: str
    required: bool = True


async def run_checks(server: str, profile: Path) -> list[Check]:
    """Look at this machine, the server and the relay.

    Args:
        server: The server's address.
        profile: The person's profile folder; it need not exist.

    Returns:
        All checks, in the order a person would mend them.
    """
    checks = [_packages(), _turnserver(), *_devices(), _profile(profile)]
    checks += await _server(server)
    host = urllib.parse.urlsplit(server).hostname or "localhost"
    checks.append(await _relay(host))
    return checks


def _packages() -> Check:
    try:
        import aiortc  # noqa: F401
        import av  # noqa: F401
        from cryptography.hazmat.primitives.asymmetric import mlkem

        mlkem.MLKEM768PrivateKey.generate()
    except Exception as error:  # noqa: BLE001 - any failure here is the finding
        return Check("packages", ok=False, advice=f"run make setup ({type(error).__name__})")
    return Check("packages", ok=True, advice="media and post-quantum cryptography work")


def _turnserver() -> Check:
    found = shutil.which("turnserver", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if not found:
        return Check(
            "coturn", ok=False, advice="for a server: apt-get install coturn", required=False
        )
    shown = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    lines = (shown.stdout + shown.stderr).split()
    return Check("coturn", ok=True, advice=f"installed {lines[-1] if lines else ''}".strip())


def _devices() -> list[Check]:
    cameras = sorted(Path("/dev").glob("video*"))
    try:
        import sounddevice

        sounds = list(sounddevice.query_devices())
    except Exception:  # noqa: BLE001 - PortAudio missing or no sound system: the same finding
        sounds = []
    inputs = sum(1 for d in sounds if d["max_input_channels"] > 0)
    outputs = sum(1 for d in sounds if d["max_output_channels"] > 0)
    return [
        Check(
            "camera",
            ok=bool(cameras),
            advice=f"{len(cameras)} found" if cameras else "none found: call with --media FILE",
            required=False,
        ),
        Check(
            "microphone and speaker",
            ok=bool(inputs and outputs),
            advice=f"{inputs} in, {outputs} out"
            if inputs and outputs
            else "none found: call with --media FILE",
            required=False,
        ),
    ]


def _profile(profile: Path) -> Check:
    if not profile.exists():
        return Check("profile", ok=True, advice="none here yet: visavis signup LINK --name NAME")
    private = not profile.stat().st_mode & 0o077
    return Check(
        "profile",
        ok=private,
        advice="readable by you only" if private else f"others may read it: chmod -R go= {profile}",
    )


async def _server(server: str) -> list[Check]:
    try:
        async with httpx.AsyncClient(base_url=server, timeout=5) as http:
            answer = await http.get("/healthz")
            answer.raise_for_status()
    except httpx.HTTPError as error:
        return [
            Check("server", ok=False, advice=f"{server} does not answer ({type(error).__name__})")
        ]
    checks = [Check("server", ok=True, advice=f"{server} answers")]
    if server.startswith("http://"):
        local = urllib.parse.urlsplit(server).hostname in {"localhost", "127.0.0.1", "::1"}
        checks.append(
            Check(
                "TLS",
                ok=local,
                advice="this machine only: not needed"
                if local
                else "not encrypted on the way: serve with --domain, --cert and --key",
            )
        )
    date = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
    off = abs(time.time() - date)
    checks.append(
        Check("clock", ok=off <= CLOCK_LIMIT_S, advice=f"{off:.0f} s from the server's clock")
    )
    return checks


async def _relay(host: str) -> Check:
    """Ask the relay for our own address (STUN Binding, RFC 8489): proves UDP goes both ways."""
    try:
        await asyncio.to_thread(_stun_binding, host, TURN_PORT)
    except OSError as error:
        return Check(
            "relay",
            ok=False,
            advice=f"UDP {TURN_PORT} at {host} does not answer ({type(error).__name__}): "
            "open the ports that visavis serve lists",
        )
    return Check("relay", ok=True, advice=f"UDP {TURN_PORT} at {host} answers")


def _stun_binding(host: str, port: int) -> None:
    transaction = os.urandom(12)
    request = struct.pack("!HHI", STUN_BINDING, 0, STUN_MAGIC) + transaction
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as udp:
        udp.settimeout(1.0)
        udp.connect(address)
        for attempt in range(3):
            udp.send(request)
            try:
                answer = udp.recv(2048)
            except TimeoutError:
                if attempt == 2:
                    raise
                continue
            kind_, _, magic = struct.unpack("!HHI", answer[:8])
            if (kind_, magic, answer[8:20]) == (STUN_SUCCESS, STUN_MAGIC, transaction):
                return
        raise OSError("the relay answered something else")
