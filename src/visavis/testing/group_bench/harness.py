"""The whole run: a server and its SFU for each size of call, then keys alone."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from visavis.core.ids import Capability, MailboxId
from visavis.media.coturn_config import own_address
from visavis.media.janus import find_janus, find_modules
from visavis.testing.group_bench.clip import clip
from visavis.testing.group_bench.load import Process, child_named
from visavis.testing.group_bench.member import Call, CutOffError
from visavis.testing.group_bench.result import GroupBenchResult, SizeResult
from visavis.testing.group_bench.room import CHANGES, ROUNDS, Room, Watched
from visavis.testing.group_rotations import SIZES as KEY_SIZES
from visavis.testing.group_rotations import rotations
from visavis.testing.raw_client import add_devices_offline
from visavis.testing.server import RunningServer, loopback_config
from visavis.transport.call_room import Ticket

SIZES: Final = (2, 5, 10, 25, 50)


async def run_group_bench(
    say: Callable[[str], None], members: int | None = None
) -> GroupBenchResult:
    """Measure calls and keys.

    Args:
        say: Told what is being measured.
        members: This size alone; None: all of them.

    Raises:
        UnavailableError: NO_SFU: Janus is not installed, or this machine has no address for it.
        CutOffError: No call came about, or lasted: the machine is too busy.
    """
    find_janus()
    find_modules()
    own_address()
    await asyncio.to_thread(clip)
    calls = SIZES if members is None else (members,)
    alone = KEY_SIZES if members is None else (members,)
    sizes: list[SizeResult] = []
    unmeasured: list[int] = []
    for size in calls:
        say(f"A call of {size} over Janus")
        try:
            sizes.append(await measure_size(size))
        except CutOffError:
            unmeasured.append(size)
            if len(unmeasured) == len(calls):
                raise
    say(f"Keys alone, of {_listed(alone)} members")
    keys = [await asyncio.to_thread(rotations, size) for size in alone]
    return GroupBenchResult(tuple(sizes), tuple(keys), tuple(unmeasured))


async def measure_size(size: int, *, changes: int = CHANGES, rounds: int = ROUNDS) -> SizeResult:
    """Measure a call of one size, with a server of its own.

    Args:
        size: Members.
        changes: Members that leave, and as many that come.
        rounds: Of sealed and unsealed frames together, at least; a multiple of four, eight or more.

    Raises:
        UnavailableError: NO_SFU.
        CutOffError: The call did not come about, or did not last.
    """
    with tempfile.TemporaryDirectory(prefix="visavis-bench-") as folder:
        config = loopback_config(Path(folder) / "server", sfu=True)
        (device,) = await add_devices_offline(config.data_dir, time.time())
        ticket = Ticket(MailboxId(device.mailbox), Capability(device.capabilities[0]))
        server = RunningServer(config)
        await server.start()
        try:
            number = server.process_id
            watched = Watched(Process(number), child_named(number, "janus"))
            return await Room(Call(server.origin, ticket), watched, size).measure(
                changes=changes, rounds=rounds
            )
        finally:
            await server.stop()


def _listed(sizes: Sequence[int]) -> str:
    *some, last = map(str, sizes)
    return f"{', '.join(some)} and {last}" if some else last
