"""What `visavis doctor` checks: each check says what was seen or what to do."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from visavis.core.errors import UnavailableError
from visavis.media.coturn_probe import realm_of
from visavis.media.janus import find_janus, find_modules

TURN_PORT: Final = 3478
TURN_TRIES: Final = 3
CLOCK_UNSYNCHRONISED: Final = 0x40
"""STA_UNSYNC of adjtimex(2)."""
NOT_BEFORE: Final = 1_780_000_000
"""June 2026: this program did not exist before, so an earlier clock is wrong."""
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


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

    @property
    def verdict(self) -> str:
        """One word."""
        if self.ok:
            return "good"
        return "BAD" if self.required else "note"


async def run_checks(server: str, profile: Path) -> list[Check]:
    """Look at this machine, the server and the relay.

    Args:
        server: The server's address.
        profile: The person's profile folder; it need not exist.

    Returns:
        All checks, in the order a person would mend them.
    """
    checks = [_packages(), _turnserver(), _janus(), *_devices(), _profile(profile), clock()]
    found, relay = await _server(server)
    checks += found
    if relay:
        checks.append(await _relay(urllib.parse.urlsplit(server).hostname or "localhost"))
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
        advice = "only a server needs it: apt-get install coturn"
        return Check("coturn", ok=False, advice=advice, required=False)
    shown = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    lines = (shown.stdout + shown.stderr).split()
    return Check("coturn", ok=True, advice=f"installed {lines[-1] if lines else ''}".strip())


def _janus() -> Check:
    try:
        find_janus()
        find_modules()
    except UnavailableError:
        advice = "only a server of group calls needs it: apt-get install janus"
        return Check("janus", ok=False, advice=advice, required=False)
    return Check("janus", ok=True, advice="installed")


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
        _device("camera", len(cameras), "they see a grey picture, or use --media FILE"),
        _device("microphone", inputs, "calls need --media FILE"),
        _device("speaker", outputs, "you hear nothing; the picture is still shown"),
    ]


def _device(name: str, count: int, without: str) -> Check:
    advice = f"{count} found" if count else f"not found: {without}"
    return Check(name, ok=count > 0, advice=advice, required=False)


def _profile(profile: Path) -> Check:
    if not profile.exists():
        advice = "none here yet: visavis signup LINK --name NAME"
        return Check("profile", ok=False, advice=advice, required=False)
    private = not profile.stat().st_mode & 0o077
    return Check(
        "profile",
        ok=private,
        advice="readable by you only" if private else f"others may read it: chmod -R go= {profile}",
    )


def clock() -> Check:
    """Look at this machine's clock: invites and sign-up links end by it.

    The server tells nobody its time (it sends no Date header), so the kernel is asked whether
    something keeps the clock right.
    """
    if time.time() < NOT_BEFORE:
        return Check("clock", ok=False, advice=f"says {time.strftime('%Y-%m-%d')}: set it")
    state = ctypes.create_string_buffer(512)  # struct timex, modes = 0: read only
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(state)
    except (OSError, AttributeError):
        answer = -1
    # unsigned modes; long offset, freq, maxerror, esterror; int status
    word = ctypes.sizeof(ctypes.c_long)
    status = int.from_bytes(state.raw[5 * word : 5 * word + 4], "little")
    now = time.strftime("%Y-%m-%d %H:%M")
    if answer < 0 or status & CLOCK_UNSYNCHRONISED:
        advice = f"says {now}; nothing on this machine keeps it right, so have a look"
        return Check("clock", ok=False, advice=advice, required=False)
    return Check("clock", ok=True, advice=f"says {now}, kept right by the network")


async def _server(server: str) -> tuple[list[Check], bool]:
    """Return findings about the server, and whether it says that it has a relay."""
    parts = urllib.parse.urlsplit(server)
    try:
        async with httpx.AsyncClient(base_url=server, timeout=5) as http:
            (await http.get("/healthz")).raise_for_status()
            said = (await http.get("/v1/server")).raise_for_status().json()
            names = (await http.get("/.well-known/security.txt")).status_code == httpx.codes.OK
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        advice = f"{server} does not answer ({type(error).__name__}): "
        if parts.hostname in LOCAL:
            advice += "start one with visavis serve, or name yours with --server URL"
        else:
            advice += "is the address right, and the port open there?"
        return [Check("server", ok=False, advice=advice)], False
    checks = [Check("server", ok=True, advice=f"{server} answers, version {said.get('version')}")]
    if parts.scheme == "http":
        local = parts.hostname in LOCAL
        advice = (
            "this machine only: not needed"
            if local
            else "not encrypted on the way: serve with --domain, --cert and --key"
        )
        checks.append(Check("TLS", ok=local, advice=advice))
    else:
        checks.append(Check("TLS", ok=True, advice="the certificate is good"))
    checks.append(_contact(named=names))
    if not said.get("turn"):
        checks.append(Check("relay", ok=False, advice="this server runs none: no calls"))
    checks.append(_group_calls(there=bool(said.get("sfu"))))
    return checks, bool(said.get("turn"))


def _group_calls(*, there: bool) -> Check:
    advice = "this server carries calls of more than three people"
    if not there:
        advice = "this server runs no SFU: calls of up to three people; install janus there"
    return Check("group calls", ok=there, advice=advice, required=False)


def _contact(*, named: bool) -> Check:
    advice = "in the privacy notice and in security.txt"
    if not named:
        advice = "the privacy notice names nobody: serve with --contact mailto:YOU"
    return Check("contact", ok=named, advice=advice, required=False)


async def _relay(host: str) -> Check:
    """Ask the relay one question (STUN Binding, RFC 8489): proves UDP goes both ways.

    A relay of ours answers that it wants a credential; that it answers is the finding.
    """
    addresses = await _addresses(host)
    for address in addresses:
        for _ in range(TURN_TRIES):
            if await realm_of(address, TURN_PORT, os.urandom, 1.0) is not None:
                return Check("relay", ok=True, advice=f"UDP {TURN_PORT} at {host} answers")
    for address in addresses:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(address, TURN_PORT), 5)
        except (OSError, TimeoutError):
            continue
        writer.close()
        advice = f"UDP {TURN_PORT} at {host} does not answer, TCP does: calls work, with delays"
        return Check("relay", ok=True, advice=advice)
    advice = f"neither UDP nor TCP {TURN_PORT} at {host} answers: open the ports serve lists"
    return Check("relay", ok=False, advice=advice)


async def _addresses(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, TURN_PORT, type=socket.SOCK_DGRAM)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]
