"""Housekeeping: what keeps the promises about time while the server runs.

Every 20 s the store wipes traces of deletions from its log (P7: within 60 s of a deletion). When
the day changes, and once at start, everything past its retention is deleted (R-72) and the
database is rewritten, so that the order of its pages says nothing.
"""

from __future__ import annotations

from typing import Final

from visavis.server import logging
from visavis.server.config import blur_times
from visavis.server.services import Services

TIDY_S: Final = 20.0
"""A deletion must be wiped within 60 s; 20 s leaves two more tries when a reader is in the way."""


async def daily(services: Services) -> None:
    """Delete what is past its retention and rewrite the database."""
    today = services.today()
    purged = await services.store.purge(today)
    await services.store.vacuum(today)
    logging.event("housekeeping_done", count=sum(purged.rows.values()))


def blur(services: Services) -> None:
    """Set the times of the files beside the database to the start of their day (R-30)."""
    blur_times(services.config.data_dir)
    blur_times(services.config.keys_folder)


async def forever(services: Services) -> None:
    """Run until cancelled; a failure is logged and tried again at the next turn."""
    done_on = -1
    while True:
        try:
            if services.today() != done_on:
                await daily(services)
                done_on = services.today()
            else:
                await services.store.tidy(services.today())
            blur(services)
        except Exception as error:  # noqa: BLE001 - the next turn may succeed; without turns, traces stay
            logging.failure("housekeeping_failed", error)
        await services.clock.sleep(TIDY_S)
