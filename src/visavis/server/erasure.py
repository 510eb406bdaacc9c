"""When erasure keys are destroyed while the server runs (R-76).

Files are written and synced, so all of it happens in a thread. What the folder is and how a key is
destroyed: `erasure_keys.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from visavis.core.errors import Code, UnavailableError
from visavis.server.services import Services


async def destroy(services: Services, *account_ids: bytes) -> None:
    """Destroy the keys of accounts.

    Raises:
        UnavailableError: One may still be there. Nothing of the accounts may be deleted yet: a row
            that is gone from here, and can be read in a backup, is worse than one that is here.
    """
    names = [services.erasure.account_name(one) for one in account_ids]
    await _told(lambda: services.erasure.destroy(names))


async def before_purge(services: Services, today: int) -> tuple[bytes, ...]:
    """Destroy the keys of the accounts that the retention run of this day deletes; returns those.

    Raises:
        UnavailableError: One may still be there; the run must wait.
    """
    ended = await services.store.ended_accounts(today)
    if ended:
        await destroy(services, *ended)
    return ended


async def after_purge(services: Services, today: int, ended: tuple[bytes, ...]) -> None:
    """Destroy once more what a backup that ran meanwhile made anew, and what is of no use any more.

    That is the keys of backups whose days are over, and of accounts that are not there, as a server
    leaves them that is killed in the middle. These only when they are older than any backup that
    opens: who restores an older backup, and a newer one the day after, needs the keys of accounts
    that are in the newer one only. A restore stamps all keys with its day.

    Args:
        services: Of the server.
        today: Days since 1970.
        ended: What `before_purge` returned.

    Raises:
        UnavailableError: One may still be there.
    """
    if ended:
        await destroy(services, *ended)
    erasure, days = services.erasure, services.inventory.backup_days
    await _told(lambda: erasure.expire(today, days))
    # The names first: an account that begins in between has its key later, and keeps it.
    names = await asyncio.to_thread(erasure.account_names, today - days)
    if names:
        living = {erasure.account_name(one) for one in await services.store.account_ids()}
        await _told(lambda: erasure.destroy(names - living))


async def _told(destroy: Callable[[], object]) -> None:
    try:
        await asyncio.to_thread(destroy)
    except OSError:
        raise UnavailableError(Code.UNAVAILABLE, "an erasure key is not destroyed yet") from None
